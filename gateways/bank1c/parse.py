"""Reads a statement 1CClientBankExchange: whole or not at all, with words a bookkeeper can act on.

A line is cut at the first «=» only (purposes hold more of them). Sums are read as kopecks from text. A file
whose turnover or balance does not add up is refused: it was cut or edited on its way.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field

from gateways.bank_statement import (
    BYTES_MAX,
    DOCUMENTS_MAX,
    VALUE_MAX,
    BankFileRefused,
    Document,
    Statement,
    at,
    prove,
)

MAGIC = "1CClientBankExchange"
ENCODINGS = {"windows": "cp1251", "dos": "cp866", "utf-8": "utf-8-sig", "utf8": "utf-8-sig"}
SUM = re.compile(r"(-?)(\d{1,15})(?:[.,](\d{1,2}))?\Z", re.ASCII)
DAY = re.compile(r"(\d{2})\.(\d{2})\.(\d{4})\Z", re.ASCII)
ACCOUNT = re.compile(r"\d{20}\Z", re.ASCII)


@dataclass(slots=True)
class _Section:
    line: int
    kind: str
    values: dict[str, str] = field(default_factory=dict)


def parse(content: bytes) -> Statement:
    """The statement in a file. Raises BankFileRefused, and nothing else, for whatever else it is."""
    text, encoding = _decode(content)
    head, accounts, documents = _sections(text)
    own = _account(head, accounts)
    turnover = _turnover(head, accounts)
    made = Statement(encoding, own, *turnover, tuple(_document(one) for one in documents))
    prove(made)
    return made


def _decode(content: bytes) -> tuple[str, str]:
    if len(content) > BYTES_MAX:
        raise BankFileRefused("Файл больше 16 МБ. Выгрузите выписку за меньший срок.")
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n\t ")
    if not start.startswith(MAGIC.encode()):
        raise BankFileRefused(
            "Это не выписка 1CClientBankExchange: первая строка должна быть «1CClientBankExchange». "
            "Выгрузите её из банк-клиента в формате «1С»."
        )
    if b"\x00" in content:
        raise BankFileRefused("В файле нулевые байты: он повреждён. Выгрузите выписку ещё раз.")
    named = _named_encoding(content)
    for encoding in dict.fromkeys([*([named] if named else []), "utf-8-sig", "cp1251", "cp866"]):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "КонецФайла" in text or "СекцияДокумент" in text or "СекцияРасчСчет" in text:
            return text, encoding
    raise BankFileRefused(
        "Кодировка файла не читается, или в нём нет ни счёта, ни документов. Выгрузите выписку ещё раз."
    )


def _named_encoding(content: bytes) -> str | None:
    """What «Кодировка=» says, looked for in each encoding it may be written in itself."""
    head = content[:4096]
    for encoding in ("cp1251", "cp866", "utf-8"):
        key = "Кодировка=".encode(encoding)
        at = head.find(key)
        if at >= 0:
            word = head[at + len(key) :].split(b"\n", 1)[0].strip().decode("ascii", "replace").lower()
            return encoding if encoding == "utf-8" else ENCODINGS.get(word)
    return None


def _sections(text: str) -> tuple[dict[str, str], list[_Section], list[_Section]]:
    head: dict[str, str] = {}
    accounts: list[_Section] = []
    documents: list[_Section] = []
    now: _Section | None = None
    is_over = False
    for number, raw in enumerate(text.lstrip("\ufeff").split("\n"), 1):
        line = raw.strip("\r\t ")
        key, _, value = line.partition("=")
        if not line or (line == MAGIC and now is None):
            continue
        if is_over:
            raise at(number, "после строки «КонецФайла» есть ещё текст")
        if key == "КонецФайла":
            is_over = True
        elif key in ("СекцияРасчСчет", "СекцияДокумент"):
            if now is not None:
                raise at(number, "раздел начат внутри другого раздела")
            now = _Section(number, value.strip() if key == "СекцияДокумент" else "")
            (documents if key == "СекцияДокумент" else accounts).append(now)
        elif key in ("КонецРасчСчет", "КонецДокумента"):
            if now is None:
                raise at(number, "конец раздела без его начала")
            now = None
        else:
            (head if now is None else now.values).setdefault(key.strip(), value.strip()[:VALUE_MAX])
        if len(documents) > DOCUMENTS_MAX:
            raise BankFileRefused("В файле больше 100 000 документов. Выгрузите выписку за меньший срок.")
    if now is not None or not is_over:
        raise BankFileRefused("Файл обрывается: нет строки «КонецФайла». Выгрузите выписку ещё раз.")
    return head, accounts, documents


def _account(head: dict[str, str], accounts: list[_Section]) -> str:
    named = {one.values.get("РасчСчет", "") for one in accounts} or {head.get("РасчСчет", "")}
    if len(named) != 1:
        raise BankFileRefused("В файле несколько расчётных счетов. Выгрузите выписку по одному счёту.")
    (account,) = named
    if not ACCOUNT.match(account):
        raise BankFileRefused("В файле не назван расчётный счёт из 20 цифр. Выгрузите выписку ещё раз.")
    return account


Turnover = tuple[dt.date, dt.date, int | None, int | None, int | None, int | None]


def _turnover(head: dict[str, str], accounts: list[_Section]) -> Turnover:
    """Days and sums over the sections of the account, which may be one a day."""
    if not accounts:
        first, last = (_day(head.get(key, ""), 1, key) for key in ("ДатаНачала", "ДатаКонца"))
        if first is None or last is None:
            raise BankFileRefused("В файле нет дней выписки (ДатаНачала, ДатаКонца). Выгрузите её ещё раз.")
        return first, last, None, None, None, None
    days: list[dt.date] = []
    sums: dict[str, list[int | None]] = {key: [] for key in SUMS}
    for one in accounts:
        for key in ("ДатаНачала", "ДатаКонца"):
            day = _day(one.values.get(key) or head.get(key, ""), one.line, key)
            if day is not None:
                days.append(day)
        for key in SUMS:
            sums[key].append(_sum(one.values.get(key, ""), one.line, key))
    if not days:
        raise BankFileRefused("В файле нет дней выписки (ДатаНачала, ДатаКонца). Выгрузите её ещё раз.")
    opening, received, sent, closing = (sums[key] for key in SUMS)
    for before, after in zip(closing, opening[1:], strict=False):
        if None not in (before, after) and before != after:
            raise BankFileRefused(
                "Остаток на конец дня не равен остатку на начало следующего: в выписке пропущен день."
            )
    return min(days), max(days), opening[0], _total(received), _total(sent), closing[-1]


SUMS = ("НачальныйОстаток", "ВсегоПоступило", "ВсегоСписано", "КонечныйОстаток")


def _total(sums: list[int | None]) -> int | None:
    known = [one for one in sums if one is not None]
    return sum(known) if len(known) == len(sums) else None


def _document(one: _Section) -> Document:
    get = one.values.get
    day = _day(get("Дата", ""), one.line, "Дата")
    amount = _sum(get("Сумма", ""), one.line, "Сумма")
    number = get("Номер", "")
    if day is None or amount is None or not number:
        raise at(one.line, "у документа нет номера, даты или суммы")
    if amount <= 0:
        raise at(one.line, f"сумма документа № {number} не больше нуля")
    payer = get("ПлательщикСчет", "") or get("ПлательщикРасчСчет", "")
    payee = get("ПолучательСчет", "") or get("ПолучательРасчСчет", "")
    return Document(
        one.line,
        one.kind,
        number,
        day,
        amount,
        payer,
        get("ПлательщикИНН", ""),
        get("Плательщик1", "") or get("Плательщик", ""),
        payee,
        get("ПолучательИНН", ""),
        get("Получатель1", "") or get("Получатель", ""),
        _day(get("ДатаСписано", ""), one.line, "ДатаСписано"),
        _day(get("ДатаПоступило", ""), one.line, "ДатаПоступило"),
        get("НазначениеПлатежа", "")
        or " ".join(get(f"НазначениеПлатежа{n}", "") for n in range(1, 7)).strip(),
    )


def _sum(value: str, line: int, key: str) -> int | None:
    if not value:
        return None
    found = SUM.match(value)
    if found is None:
        raise at(line, f"{key} — «{value[:40]}», а должно быть число вида 1234.56")
    kopecks = int(found[2]) * 100 + int((found[3] or "").ljust(2, "0"))
    return -kopecks if found[1] else kopecks


def _day(value: str, line: int, key: str) -> dt.date | None:
    if not value:
        return None
    found = DAY.match(value)
    try:
        return dt.date(int(found[3]), int(found[2]), int(found[1])) if found else _bad_day(value, line, key)
    except ValueError as error:
        if isinstance(error, BankFileRefused):
            raise
        return _bad_day(value, line, key)


def _bad_day(value: str, line: int, key: str) -> dt.date:
    raise at(line, f"{key} — «{value[:40]}», а должен быть день вида 31.12.2026")
