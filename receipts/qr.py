"""The payment QR code: what a bank reads (ГОСТ Р 56042-2014) and how it is drawn.

A payload is a service block «ST», version, charset digit, a separator chosen so that no value contains it, and
Key=Value fields, the five mandatory ones first. The bytes of the chosen charset go into the symbol as they are
(byte mode, no ECI): that is what the standard and banks' scanners expect.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from functools import lru_cache

import numpy as np
import zxingcpp

from billing.receipt import PaymentBlock, Receipt

VERSION = "0001"
SEPARATORS = "|~_#$^&*/`@%"
"""In the order they are tried."""
MANDATORY = ("Name", "PersonalAcc", "BankName", "BIC", "CorrespAcc")
OPTIONAL = (
    "Sum", "Purpose", "PayeeINN", "PayerINN", "DrawerStatus", "KPP", "CBC", "OKTMO", "PaytReason", "TaxPeriod",
    "DocNo", "DocDate", "TaxPaytKind", "LastName", "FirstName", "MiddleName", "PayerAddress", "PersonalAccount",
    "DocIdx", "PensAcc", "Contract", "PersAcc", "Flat", "Phone", "PayerIdType", "PayerIdNum", "ChildFio",
    "BirthDate", "PaymTerm", "PaymPeriod", "Category", "ServiceName", "CounterId", "CounterVal", "QuittId",
    "QuittDate", "InstNum", "ClassNum", "SpecFio", "AddAmount", "RuleId", "ExecId", "RegType", "UIN", "TechCode",
)  # fmt: skip
LENGTHS_MAX = {
    "Name": 160, "BankName": 45, "CorrespAcc": 20, "Sum": 18, "Purpose": 210, "PayeeINN": 12, "KPP": 9,
}  # fmt: skip
TECH_CODE_UTILITIES = "02"
QUIET_ZONE_MODULES = 4
BYTES_MAX = 666
"""What version 20 holds at level M: 97 modules, 0.38 mm each at 40 mm, still easy for an old phone."""


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


class QrRefused(ValueError):
    """Requisites a bank would not accept; the message says which and what to do."""

    code = "receipt_qr_refused"
    permanent = True


def qr_payload(fields: Mapping[str, str], charset: Charset = Charset.UTF_8) -> str:
    """Text of the symbol; mandatory fields first in the order of the standard, the rest as given, empty ones left out.

    `Sum` is whole kopecks in digits. Raises QrRefused with a Russian message.
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
        raise QrRefused(
            f"В QR-код нельзя записать знак «{letter}» в кодировке {charset.codec}. "
            "Уберите его из реквизитов или выберите UTF-8."
        ) from error
    if len(raw) > BYTES_MAX:
        raise QrRefused(
            f"Данные для QR-кода занимают {len(raw)} байт, а читается не больше {BYTES_MAX}. "
            "Сократите название получателя, назначение платежа или адрес."
        )
    return raw


def payment_fields(receipt: Receipt, block: PaymentBlock) -> dict[str, str]:
    """Fields of a payment to one payee of the document."""
    payee, payer = block.payee, receipt.payer
    account = block.account_number or payer.account_number
    last, first, middle = _names(payer.name)
    return {
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


def payment_payload(receipt: Receipt, block: PaymentBlock) -> bytes:
    """Bytes of the symbol for one payee. UTF-8 where it fits, else Windows-1251, then without the payer's address.

    The address and the name only help a person recognise the payment; the account finds it, so they go first.
    """
    fields = payment_fields(receipt, block)
    attempts = (
        (Charset.UTF_8, ()),
        (Charset.CP1251, ()),
        (Charset.CP1251, ("PayerAddress",)),
    )
    refusal: QrRefused | None = None
    for charset, left_out in attempts:
        chosen = {key: value for key, value in fields.items() if key not in left_out}
        try:
            return qr_bytes(qr_payload(chosen, charset), charset)
        except QrRefused as error:
            refusal = refusal or error
    assert refusal is not None, "the loop either returned or met a refusal"
    raise refusal


def qr_modules(payload: bytes) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Square of modules, True is dark, without the quiet zone. Level M."""
    symbol = zxingcpp.create_barcode(payload, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    return np.asarray(symbol.to_image(scale=1, add_quiet_zones=False)) < 128


@lru_cache(maxsize=16)
def qr_svg(payload: bytes) -> str:
    """The symbol as one vector path on white, quiet zone included: exact at any size and resolution."""
    modules = qr_modules(payload)
    side = modules.shape[0] + 2 * QUIET_ZONE_MODULES
    path = "".join(
        f"M{start + QUIET_ZONE_MODULES} {y + QUIET_ZONE_MODULES}h{end - start}v1H{start + QUIET_ZONE_MODULES}z"
        for y, row in enumerate(modules)
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
    raise QrRefused(
        f"Для QR-кода не осталось разделителя: в реквизитах есть все знаки {' '.join(SEPARATORS)}. "
        "Уберите хотя бы один из них из названия или назначения платежа."
    )


def _check_field(key: str, value: str) -> None:
    if key not in MANDATORY and key not in OPTIONAL:
        raise QrRefused(f"Поля «{key}» нет в ГОСТ Р 56042-2014. Проверьте название, регистр букв важен.")
    if not value:
        raise QrRefused(f"Для QR-кода не хватает реквизита {_NAMES.get(key, key)}. Впишите его у получателя.")
    if any(ord(letter) < ord(" ") for letter in value):
        raise QrRefused(f"В реквизите {_NAMES.get(key, key)} есть перевод строки или табуляция. Уберите их.")
    digits = _DIGITS.get(key)
    if digits and not (value.isascii() and value.isdigit() and len(value) in digits):
        wanted = " или ".join(str(count) for count in digits)
        raise QrRefused(
            f"{_NAMES[key]}: нужно {wanted} цифр без пробелов, а указано «{value}» "
            f"(знаков: {len(value)}). Исправьте реквизит у получателя."
        )
    limit = LENGTHS_MAX.get(key)
    if limit and len(value) > limit:
        raise QrRefused(
            f"{_NAMES.get(key, key)}: {len(value)} знаков, а в QR-код помещается {limit}. Сократите до «{value[:30]}…»."
        )
    if key == "Sum" and not (value.isascii() and value.isdigit()):
        raise QrRefused(f"Сумма для QR-кода пишется целыми копейками, а указано «{value}». Проверьте сумму.")
    if (
        key == "CorrespAcc"
        and value != "0"
        and not (value.isascii() and value.isdigit() and len(value) == 20)
    ):
        raise QrRefused(
            f"{_NAMES[key]}: нужно 20 цифр без пробелов или 0, если счёта нет, а указано «{value}» "
            f"(знаков: {len(value)}). Исправьте реквизит у получателя."
        )


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
_DIGITS = {"PersonalAcc": (20,), "BIC": (9,), "PayeeINN": (10, 12), "KPP": (9,)}
_PEOPLE_WORDS = 3


def _names(name: str) -> tuple[str, str, str]:
    """Last, first, middle name; a firm or anything else goes whole into the last name."""
    words = name.split()
    if len(words) == _PEOPLE_WORDS and all(word.replace("-", "").isalpha() for word in words):
        return words[0], words[1], words[2]
    return " ".join(words), "", ""
