"""The payment QR code: what a bank reads (ГОСТ Р 56042-2014) and how it is drawn.

A payload is a service block «ST», version, charset digit, a separator that no value contains, and Key=Value
fields, the five mandatory ones first. The bytes of the chosen charset go into the symbol as they are (byte
mode, no ECI): that is what the standard and banks' scanners expect.
"""

import re
from collections.abc import Iterable, Mapping
from enum import Enum
from functools import lru_cache

import numpy as np

from billing.receipt import PaymentBlock, Receipt
from receipts.qr_symbol import BYTES_MAX, qr_modules

VERSION = "0001"
SEPARATORS = "|~_#$^&*/`@%"
"""In the order they are tried."""
MANDATORY = ("Name", "PersonalAcc", "BankName", "BIC", "CorrespAcc")
OPTIONAL = (
    "Sum", "Purpose", "PayeeINN", "PayerINN", "DrawerStatus", "KPP", "CBC", "OKTMO", "PaytReason",
    "TaxPeriod", "DocNo", "DocDate", "TaxPaytKind", "LastName", "FirstName", "MiddleName",
    "PayerAddress", "PersonalAccount", "DocIdx", "PensAcc", "Contract", "PersAcc", "Flat", "Phone",
    "PayerIdType", "PayerIdNum", "ChildFio", "BirthDate", "PaymTerm", "PaymPeriod", "Category",
    "ServiceName", "CounterId", "CounterVal", "QuittId", "QuittDate", "InstNum", "ClassNum",
    "SpecFio", "AddAmount", "RuleId", "ExecId", "RegType", "UIN", "TechCode",
)  # fmt: skip
LENGTHS_MAX = {
    "Name": 160, "BankName": 45, "CorrespAcc": 20, "Sum": 18, "Purpose": 210, "PayeeINN": 12, "KPP": 9,
}  # fmt: skip
TECH_CODE_UTILITIES = "02"
QUIET_ZONE_MODULES = 4
CONTROL = re.compile(r"[\x00-\x1f]")


class Charset(Enum):
    """Digit of the service block and the codec it means."""

    CP1251 = ("1", "cp1251")
    UTF_8 = ("2", "utf-8")
    KOI8_R = ("3", "koi8-r")

    @property
    def digit(self) -> str:
        """Written after the version."""
        return self.value[0]

    @property
    def codec(self) -> str:
        """Name of the Python codec."""
        return self.value[1]


class QrRefusedError(ValueError):
    """Requisites a bank would not accept; the message says which and what to do."""

    code = "receipt_qr_refused"
    permanent = True


def qr_payload(fields: Mapping[str, str], charset: Charset = Charset.UTF_8) -> str:
    """Text of the symbol: the mandatory fields in the order of the standard, then the rest as given.

    Empty optional fields are left out; `Sum` is whole kopecks in digits.
    Raises QrRefusedError with a Russian message.
    """
    present = {key: value for key, value in fields.items() if value}
    ordered = {key: present.get(key, "") for key in MANDATORY}
    ordered["CorrespAcc"] = ordered["CorrespAcc"] or "0"
    ordered |= {key: value for key, value in present.items() if key not in MANDATORY}
    for key, value in ordered.items():
        _check_field(key, value)
    separator = _separator(ordered.values())
    text = f"ST{VERSION}{charset.digit}{separator}" + separator.join(f"{k}={v}" for k, v in ordered.items())
    qr_bytes(text, charset)
    return text


def qr_bytes(text: str, charset: Charset) -> bytes:
    """The payload in its charset; refuses a letter the charset has not and a payload too long to scan."""
    try:
        raw = text.encode(charset.codec)
    except UnicodeEncodeError as error:
        letter = text[error.start]
        raise QrRefusedError(
            f"В QR-код нельзя записать знак «{letter}» в кодировке {charset.codec}. "
            "Уберите его из реквизитов или выберите UTF-8."
        ) from error
    if len(raw) > BYTES_MAX:
        raise QrRefusedError(
            f"Данные для QR-кода занимают {len(raw)} байт, а читается не больше {BYTES_MAX}. "
            "Сократите название получателя, назначение платежа или адрес."
        )
    return raw


def payment_fields(receipt: Receipt, block: PaymentBlock) -> dict[str, str]:
    """Fields of a payment to one payee of the document."""
    payee, payer = block.payee, receipt.payer
    account = block.account_number or payer.account_number
    last, first, middle = _names(payer.name)
    fields = {
        "Name": payee.name,
        "PersonalAcc": payee.bank_account,
        "BankName": payee.bank_name,
        "BIC": payee.bic,
        "CorrespAcc": payee.correspondent_account,
        "Sum": str(block.totals.due_kopecks),
        "Purpose": f"Оплата ЖКУ за {receipt.month:%m.%Y}, л/с {account}",
        "PayeeINN": payee.inn,
        "KPP": payee.kpp,
        "LastName": last,
        "FirstName": first,
        "MiddleName": middle,
        "PayerAddress": payer.address,
        "PersAcc": account,
        "PaymPeriod": f"{receipt.month:%m%Y}",
        "QuittId": block.document_id,
        "TechCode": TECH_CODE_UTILITIES,
    }
    return {key: " ".join(value.split()) for key, value in fields.items()}


def payment_payload(receipt: Receipt, block: PaymentBlock) -> bytes:
    """Bytes of the symbol for one payee: UTF-8 where it fits, else Windows-1251, else with less of the payer.

    The address and the name only help a person recognise the payment, the account finds it; so they go first.
    """
    fields = payment_fields(receipt, block)
    attempts = (
        (Charset.UTF_8, ()),
        (Charset.CP1251, ()),
        (Charset.UTF_8, ("PayerAddress",)),
        (Charset.CP1251, ("PayerAddress",)),
        (Charset.UTF_8, ("PayerAddress", "LastName", "FirstName", "MiddleName")),
    )
    refusal: QrRefusedError | None = None
    for charset, left_out in attempts:
        chosen = {key: value for key, value in fields.items() if key not in left_out}
        try:
            return qr_bytes(qr_payload(chosen, charset), charset)
        except QrRefusedError as error:
            refusal = refusal or error
    assert refusal is not None, "the loop either returned or met a refusal"
    raise refusal


@lru_cache(maxsize=16)
def qr_svg(payload: bytes) -> str:
    """The symbol as one vector path on white, quiet zone included: exact at any size and resolution."""
    modules = qr_modules(payload)
    side = modules.shape[0] + 2 * QUIET_ZONE_MODULES
    path = "".join(
        f"M{start} {y}h{end - start}v1H{start}z"
        for y, row in enumerate(np.pad(modules, QUIET_ZONE_MODULES))
        for start, end in _runs(row)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path d="{path}"/></svg>'
    )


def _runs(row: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[tuple[int, int]]:
    """Half-open spans of dark modules."""
    padded = np.concatenate(([False], row, [False]))
    edges = np.flatnonzero(padded[1:] != padded[:-1])
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def _separator(values: Iterable[str]) -> str:
    joined = "".join(values)
    for candidate in SEPARATORS:
        if candidate not in joined:
            return candidate
    raise QrRefusedError(
        f"Для QR-кода не осталось разделителя: в реквизитах есть все знаки {' '.join(SEPARATORS)}. "
        "Уберите хотя бы один из них из названия или назначения платежа."
    )


def _check_field(key: str, value: str) -> None:
    """Refuse what the standard or a bank would; the message names the requisite as people call it."""
    name = _NAMES.get(key, key)
    if key not in MANDATORY and key not in OPTIONAL:
        raise QrRefusedError(f"Поля «{key}» нет в ГОСТ Р 56042-2014. Проверьте название: регистр букв важен.")
    if not value:
        raise QrRefusedError(f"Для QR-кода не хватает реквизита «{name}». Впишите его у получателя.")
    if CONTROL.search(value):
        raise QrRefusedError(f"{name}: в значении есть перевод строки или табуляция. Уберите их.")
    if key == "Sum" and not _only_digits(value):
        raise QrRefusedError(f"{name}: нужны целые копейки цифрами, а указано «{value}». Проверьте сумму.")
    lengths = () if key == "CorrespAcc" and value == "0" else _DIGITS.get(key, ())
    if lengths and not (_only_digits(value) and len(value) in lengths):
        wanted = " или ".join(str(count) for count in lengths)
        or_none = ", либо 0, если счёта нет" if key == "CorrespAcc" else ""
        raise QrRefusedError(
            f"{name}: нужно {wanted} цифр без пробелов{or_none}, а указано «{value}» (знаков: {len(value)}). "
            "Исправьте реквизит у получателя."
        )
    limit = LENGTHS_MAX.get(key)
    if limit and len(value) > limit:
        raise QrRefusedError(
            f"{name}: {len(value)} знаков, а в QR-код помещается {limit}. Сократите «{value[:30]}…»."
        )


def _only_digits(value: str) -> bool:
    return value.isascii() and value.isdigit()


_NAMES = {
    "Name": "Название получателя",
    "PersonalAcc": "Расчётный счёт",
    "BankName": "Название банка",
    "BIC": "БИК",
    "CorrespAcc": "Корреспондентский счёт",
    "Sum": "Сумма",
    "Purpose": "Назначение платежа",
    "PayeeINN": "ИНН получателя",
    "KPP": "КПП получателя",
    "PaymPeriod": "Период оплаты",
    "PersAcc": "Лицевой счёт",
}
_DIGITS = {"PersonalAcc": (20,), "CorrespAcc": (20,), "BIC": (9,), "PayeeINN": (10, 12), "KPP": (9,)}
_PEOPLE_WORDS = 3


def _names(name: str) -> tuple[str, str, str]:
    """Last, first, middle name; a firm or anything else goes whole into the last name."""
    words = name.split()
    if len(words) == _PEOPLE_WORDS and all(word.replace("-", "").isalpha() for word in words):
        return words[0], words[1], words[2]
    return " ".join(words), "", ""
