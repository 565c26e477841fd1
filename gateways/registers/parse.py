"""A register whole: every row understood or with its errors in words; totals, name and ticket compared.

Nothing is loaded here. A file is refused as a whole when it cannot be read, when its totals are not those of
its rows, or when its name or its control ticket says something else.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field

from gateways.registers import values
from gateways.registers.encodings import decode
from gateways.registers.errors import RegisterRefused
from gateways.registers.profile import FieldRule, RegisterProfile, TicketRule, TotalsRule
from gateways.registers.records import Record, Source, read
from gateways.registers.values import BadValue

ROWS_MAX = 500_000
NUMBER_MAX = 150
TEXT_MAX = 300


@dataclass(slots=True)
class Row:
    """A row of a register. errors: why it cannot be taken; then the values are what could be read."""

    line: int
    raw: str
    account: str = ""
    amount_kopecks: int = 0
    penalty_kopecks: int = 0
    fee_kopecks: int = 0
    number: str = ""
    paid_on: dt.date | None = None
    of_period: dt.date | None = None
    service: int | None = None
    payer: str = ""
    readings: list[tuple[str, str]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def total_kopecks(self) -> int:
        """All the money of the row."""
        return self.amount_kopecks + self.penalty_kopecks


@dataclass(frozen=True, slots=True)
class Parsed:
    """A register that may be staged: its totals are those of its rows."""

    rows: list[Row]
    encoding: str
    amount_kopecks: int
    fee_kopecks: int
    is_totalled: bool


def parse(profile: RegisterProfile, content: bytes, file_name: str, ticket: bytes | None = None) -> Parsed:
    """Read a file. Raises RegisterRefused."""
    if not content.strip(b" \r\n\t\0\x1a"):
        raise RegisterRefused("Файл пуст.")
    named = _named(profile, file_name)
    source = Source(encoding=profile.encoding)
    rows: list[Row] = []
    for record in read(profile, content, source):
        if all(record.cells.get(cell, "") == wanted for cell, wanted in profile.only.items()):
            rows.append(_row(profile, record, named, source.heads))
        if len(rows) > ROWS_MAX:
            raise RegisterRefused(f"В файле больше {ROWS_MAX} строк. Разделите его на части.")
    if not rows:
        raise RegisterRefused("В файле нет ни одной строки платежа. Проверьте, тот ли это файл и профиль.")
    amount, fee = sum(row.total_kopecks for row in rows), sum(row.fee_kopecks for row in rows)
    is_totalled = _compare_totals(profile, source, rows)
    is_totalled |= _compare_ticket(profile.ticket, ticket, file_name, rows)
    return Parsed(rows, source.encoding, amount, fee, is_totalled)


def _named(profile: RegisterProfile, file_name: str) -> dict[str, str]:
    """Groups of the file's name. Raises RegisterRefused when it must look another way."""
    if profile.file_name is None:
        return {}
    found = re.fullmatch(profile.file_name, file_name, re.I)
    if found is None:
        raise RegisterRefused(
            f"Имя файла «{file_name}» не такое, как у реестров «{profile.title}». Проверьте файл и профиль."
        )
    return {name: value or "" for name, value in found.groupdict().items()}


# ---- rows -------------------------------------------------------------------------------------------


def _row(profile: RegisterProfile, record: Record, named: dict[str, str], heads: dict[str, str]) -> Row:
    row = Row(record.line, record.raw)
    if profile.container == "text" and len(record.cells) < profile.columns_least:
        row.errors.append(f"В строке мало столбцов: нужно не меньше {profile.columns_least}.")
    words = {}
    for target, rule in profile.fields.items():
        words[target] = _words(row, target, rule, record, named, heads)
    _fill(profile, row, words)
    if profile.readings is not None:
        row.readings = _readings(profile, record)
    if row.total_kopecks <= 0 and not row.errors:
        row.errors.append("Сумма платежа должна быть больше нуля.")
    return row


NAMES = {
    "account": "лицевой счёт", "sum": "сумма", "penalty": "пени", "fee": "комиссия",
    "number": "номер операции", "date": "дата платежа", "time": "время", "period": "месяц",
    "service": "услуга", "name": "плательщик", "address": "адрес", "receipt": "номер квитанции",
}  # fmt: skip


def _words(
    row: Row, target: str, rule: FieldRule, record: Record, named: dict[str, str], heads: dict[str, str]
) -> str:
    """The text of a value, cut out by its rule; an error when a required one is not there."""
    place, _, group = rule.at.partition(":")
    if place == "file" and group:
        found = named.get(group, "")
    elif place == "head" and group:
        found = heads.get(group, "")
    else:
        found = record.cells.get(target if rule.fixed is not None else rule.at, "")
    if rule.pattern is not None and found:
        match = re.search(rule.pattern, found)
        found = "" if match is None else match[match.re.groups and 1]
    found = (found or rule.default or "").strip().replace("\x00", "")
    if not found and rule.required and target != "account":  # money without an account is kept, not refused
        row.errors.append(f"Не заполнено: {NAMES[target]}.")
    return found


def _fill(profile: RegisterProfile, row: Row, words: dict[str, str]) -> None:
    row.account = words["account"][:NUMBER_MAX]
    for target, name in (("sum", "amount_kopecks"), ("penalty", "penalty_kopecks"), ("fee", "fee_kopecks")):
        if words.get(target):
            try:
                setattr(row, name, values.kopecks(words[target], profile.fields[target].decimal))
            except BadValue as error:
                row.errors.append(f"{NAMES[target].capitalize()}: {error}")
    if row.amount_kopecks < 0 or row.penalty_kopecks < 0:
        row.errors.append("Сумма меньше нуля: возвраты этим реестром не принимаются.")
    try:
        if words["date"]:
            row.paid_on = values.day(words["date"], profile.fields["date"].dates)
        if words.get("period"):
            row.of_period = values.month(words["period"])
    except BadValue as error:
        row.errors.append(str(error))
    if words.get("service"):
        row.service = profile.services.get(words["service"])
        if row.service is None:
            row.errors.append(f"Код услуги «{words['service']}» не описан в профиле.")
    row.payer = ", ".join(part for part in (words.get("name"), words.get("address")) if part)[:TEXT_MAX]
    if words["number"]:
        row.number = profile.key.format_map({**dict.fromkeys(NAMES, ""), **words})
        if len(row.number) > NUMBER_MAX:
            row.errors.append(f"Номер операции длиннее {NUMBER_MAX} знаков.")


def _readings(profile: RegisterProfile, record: Record) -> list[tuple[str, str]]:
    rule = profile.readings
    assert rule is not None
    found = [
        (record.cells.get(str(at), ""), record.cells.get(str(at + 1), ""))
        for at in range(rule.first, rule.first + 2 * rule.pairs, 2)
    ]
    if rule.named is not None:
        for name, value in record.cells.items():
            match = re.fullmatch(rule.named, name)
            if match is not None:
                found.append((match[match.re.groups and 1], value))
    return [
        (meter, value)
        for meter, value in found
        if meter not in rule.none and value not in rule.none and values.is_reading(value)
    ]


# ---- totals -----------------------------------------------------------------------------------------


def _compare_totals(profile: RegisterProfile, source: Source, rows: list[Row]) -> bool:
    """Whether there was anything to compare with. Raises RegisterRefused when it does not agree."""
    compared = False
    for index, rule in enumerate(profile.totals):
        said = [cells for number, cells in source.totals if number == index]
        if not said:
            if rule.required:
                raise RegisterRefused(
                    "В файле нет итоговой строки: он обрезан или другого вида. Возьмите файл заново."
                )
            continue
        compared = True
        _compare(rule, said, rows)
    return compared


def _compare(rule: TotalsRule, said: list[dict[str, str]], rows: list[Row]) -> None:
    fee = sum(row.fee_kopecks for row in rows)
    total = sum(row.total_kopecks for row in rows)
    count = sum(_count(cells.get(rule.count, "")) for cells in said) if rule.count else len(rows)
    if count != len(rows):
        raise RegisterRefused(
            f"В итоге {count} строк, в файле их {len(rows)}. Ничего не загружено: возьмите файл заново."
        )
    if rule.sum:
        expected = sum(_money(cells.get(rule.sum, "")) for cells in said)
        found = total - fee if rule.of == "transfer" else total
        if expected != found:
            raise RegisterRefused(
                f"Сумма в итоге {_roubles(expected)} ₽, строк {_roubles(found)} ₽. Ничего не загружено: "
                "возьмите файл заново."
            )
    if rule.fee and sum(_money(cells.get(rule.fee, "")) for cells in said) != fee:
        raise RegisterRefused("Комиссия в итоге не равна комиссии строк. Ничего не загружено.")


def _compare_ticket(rule: TicketRule | None, ticket: bytes | None, file_name: str, rows: list[Row]) -> bool:
    """The control ticket names this file, its count and its sum. Raises RegisterRefused."""
    if rule is None:
        return False
    if ticket is None:
        raise RegisterRefused("К этому реестру нужен контрольный талон. Выберите его вместе с файлом.")
    text, _ = decode(ticket, "detect")
    parts = [part.strip() for part in text.strip().split(rule.delimiter)]
    if len(parts) < max(rule.file, rule.count, rule.sum):
        raise RegisterRefused("Контрольный талон не читается: в нём мало полей.")
    if parts[rule.file - 1].lower() != file_name.lower():
        raise RegisterRefused(f"Талон выписан на файл «{parts[rule.file - 1]}», а загружен «{file_name}».")
    count, amount = _count(parts[rule.count - 1]), _money(parts[rule.sum - 1])
    total = sum(row.total_kopecks for row in rows)
    if (count, amount) != (len(rows), total):
        raise RegisterRefused(
            f"В талоне {count} строк на {_roubles(amount)} ₽, в файле {len(rows)} на {_roubles(total)} ₽. "
            "Ничего не загружено: возьмите файл и талон заново."
        )
    return True


def _count(words: str) -> int:
    if not (words.isascii() and words.isdigit() and len(words) < 10):
        raise RegisterRefused(f"В итоге вместо числа строк стоит «{words[:30]}». Файл испорчен.")
    return int(words)


def _money(words: str) -> int:
    try:
        return values.kopecks(words, "any")
    except BadValue as error:
        raise RegisterRefused(f"В итоге вместо суммы стоит «{words[:30]}». Файл испорчен.") from error


def _roubles(kopecks: int) -> str:
    sign = "-" if kopecks < 0 else ""
    return f"{sign}{abs(kopecks) // 100},{abs(kopecks) % 100:02d}"
