"""«Почему столько?»: the derivation of a stored line in words, the same numbers for staff and residents.

A formula is shown only when it really gives the stored volume; otherwise the operands stand alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from billing.basis import OWNERS, Basis, BasisInfo, info
from billing.period import Period
from billing.quantity import DM2_PER_M2, MICRO, PERMILLE, RATE_TO_KOPECKS
from billing.receipt import Quantity
from receipts import words
from storage.account_pages import AccountHead, LineRow
from storage.session import Session
from storage.why_pages import LineSources, sources
from web.charges import coefficient_words, days_words, label_of, unit_of, volume_words
from web.filters import NBSP, money

METER_BASES = (Basis.METER,)
AVERAGE_BASES = (
    Basis.AVERAGE_FAULT,
    Basis.AVERAGE_SILENT,
    Basis.AVERAGE_REFUSED,
    Basis.AVERAGE_SUPPLIER,
    Basis.AVERAGE_NONRESIDENTIAL,
)
NORM_BASES = (
    Basis.NORM,
    Basis.NORM_RAISED,
    Basis.NORM_FAULT,
    Basis.NORM_SILENT,
    Basis.NORM_REFUSED,
    Basis.NORM_FAULT_PLAIN,
    Basis.NORM_TEMPORARY,
    Basis.SEWERAGE_NORM,
)
AREA_NORM_BASES = (Basis.HEAT_NORM, Basis.HEAT_NORM_UNIFORM)
MONEY_DECIMALS = 4


@dataclass(frozen=True, slots=True)
class Operand:
    """A number of the formula and where it comes from."""

    what: str
    value: str
    whence: str


@dataclass(frozen=True, slots=True)
class Why:
    """A line explained: the sentence, formulas, origins of the numbers, clause, rounding, last month."""

    key: str
    title: str
    period: dt.date
    is_draft: bool
    sentence: str
    volume_formula: str
    money_formula: str
    surcharge_formula: str
    operands: tuple[Operand, ...]
    clause: str
    rounding: str
    total_kopecks: int
    before: tuple[str, ...]
    run_id: int
    law_version: str


async def why_of(
    session: Session, lines: Sequence[LineRow], shown: dt.date, key: str, account: AccountHead
) -> Why | None:
    """The line of that key in the shown month, None when there is none; lines may hold other months too."""
    line = next((one for one in lines if one.period == shown and one.key == key), None)
    if line is None:
        return None
    found = await sources(session, [line], account.company_id, account.house_id)
    return explain(line, found[0], _before(lines, line))


async def why_all(
    session: Session, lines: Sequence[LineRow], shown: dt.date, account: AccountHead
) -> list[Why]:
    """Every line of the shown month explained; lines may hold other months too."""
    mine = [line for line in lines if line.period == shown]
    found = await sources(session, mine, account.company_id, account.house_id)
    return [explain(line, one, _before(lines, line)) for line, one in zip(mine, found, strict=True)]


def _before(lines: Sequence[LineRow], line: LineRow) -> list[LineRow]:
    """The same service in the month before the line's."""
    month = Period.of(line.period).shift(-1).first_day
    return [one for one in lines if one.period == month and _same(one, line)]


def _same(one: LineRow, line: LineRow) -> bool:
    return (one.service, one.component) == (line.service, line.component)


def explain(line: LineRow, found: LineSources | None, before: Sequence[LineRow] = ()) -> Why:
    """Put a line into words; pure."""
    basis = info(line.basis)
    label, unit = label_of(line.service, line.component), unit_of(line.service, line.component)
    volume = f"{volume_words(line)}{NBSP}{unit}"
    formula, operands = _volume(line, basis, unit, found)
    days = Period.of(line.period).days
    part = days_words(line, days)
    return Why(
        key=line.key,
        title=label,
        period=line.period,
        is_draft=line.is_draft,
        sentence=_sentence(line, basis, volume, part),
        volume_formula=formula,
        money_formula=_money_formula(line, volume),
        surcharge_formula=_surcharge_formula(line),
        operands=(*operands, _price(line, found, unit)),
        clause=basis.clause,
        rounding=_rounding(line),
        total_kopecks=line.total_kopecks,
        before=tuple(
            f"{words.month(one.period)}: {volume_words(one)}{NBSP}{unit} × {words.rate(one.rate)}{NBSP}₽, "
            f"{info(one.basis).words}, {money(one.total_kopecks)}"
            for one in before
        ),
        run_id=line.run_id,
        law_version=(found.law_version or "") if found else "",
    )


def _sentence(line: LineRow, basis: BasisInfo, volume: str, part: str) -> str:
    said = f"{volume} {basis.words}" + (f" ({part})" if part else "")
    price = f"{words.rate(line.rate)}{NBSP}₽"
    if line.surcharge_kopecks:
        more = f" и {money(line.surcharge_kopecks)} за коэффициент {coefficient_words(line)}"
    else:
        more = ""
    return f"{said} по {price}{more}: всего {money(line.total_kopecks)}."


def _money_formula(line: LineRow, volume: str) -> str:
    return f"{volume} × {words.rate(line.rate)}{NBSP}₽ = {_exact_money(line.volume_num, line)}"


def _surcharge_formula(line: LineRow) -> str:
    if not line.surcharge_kopecks:
        return ""
    factor = words.coefficient(line.raised_num // line.volume_num) if line.volume_num else ""
    raised = _exact(Fraction(line.raised_num * line.rate, line.volume_den * PERMILLE * RATE_TO_KOPECKS))
    volume = f"{volume_words(line)}{NBSP}{unit_of(line.service, line.component)}"
    return f"{volume} × {factor} × {words.rate(line.rate)}{NBSP}₽ = {raised}{NBSP}₽"


def _exact_money(num: int, line: LineRow) -> str:
    return f"{_exact(Fraction(num * line.rate, line.volume_den * RATE_TO_KOPECKS))}{NBSP}₽"


def _exact(kopecks: Fraction) -> str:
    """Roubles of an unrounded sum, four decimals for the eye: «307,4070»."""
    scale = 10**MONEY_DECIMALS // 100
    scaled = abs(kopecks) * scale
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return words.scaled(-whole if kopecks < 0 else whole, MONEY_DECIMALS, 2)


def _rounding(line: LineRow) -> str:
    said = f"Округлено до копейки один раз: {money(line.amount_kopecks)}"
    if line.surcharge_kopecks:
        said += f", за коэффициент отдельно: {money(line.surcharge_kopecks)}"
    return said + "."


def _price(line: LineRow, found: LineSources | None, unit: str) -> Operand:
    whence = "по договору или решению, действовавшему в этом месяце"
    if found is not None and found.tariff_document:
        since = f", действует с {found.tariff_from:%d.%m.%Y}" if found.tariff_from else ""
        whence = f"{found.tariff_document}{since}"
    return Operand(f"Цена за {unit or 'единицу'}", f"{words.rate(line.rate)}{NBSP}₽", whence)


# ---- the volume -------------------------------------------------------------------------------------


def _volume(
    line: LineRow, basis: BasisInfo, unit: str, found: LineSources | None
) -> tuple[str, tuple[Operand, ...]]:
    """The formula of the volume and its operands."""
    code = line.basis if line.basis in BY_BASIS else line.basis - OWNERS
    make = BY_BASIS.get(code)
    if make is not None:
        tried = make(line, unit, found)
        if tried is not None:
            return tried
    operands = []
    for label, value in ((basis.a, line.a), (basis.b, line.b)):
        if label:
            operands.append(Operand(*_plain_operand(label, value, unit)))
    return "", tuple(operands)


Tried = tuple[str, tuple[Operand, ...]] | None


def _is_volume(line: LineRow, value: Fraction) -> bool:
    return value == Fraction(line.volume_num, line.volume_den)


def _result(line: LineRow, unit: str) -> str:
    return f"{volume_words(line)}{NBSP}{unit}"


def _reading(micro: int) -> str:
    return words.reading(Quantity(micro))


def _of_meter(line: LineRow, unit: str, found: LineSources | None) -> Tried:
    if not _is_volume(line, Fraction(line.b - line.a)):
        return None
    formula = f"{_reading(line.b)} − {_reading(line.a)} = {_result(line, unit)}"
    return formula, (
        Operand("Показание в конце", _reading(line.b), "раздел «Счётчики и показания»"),
        Operand("Показание в начале", _reading(line.a), "прошлое показание того же счётчика"),
    )


def _of_average(line: LineRow, unit: str, found: LineSources | None) -> Tried:
    if line.b <= 0 or not _is_volume(line, Fraction(line.a, line.b)):
        return None
    window = f"{_reading(line.a)}{NBSP}{unit}"
    formula = f"{window} ÷ {line.b}{NBSP}мес. = {_result(line, unit)}"
    return formula, (
        Operand("Расход за прошлые месяцы", window, "показания счётчика"),
        Operand("Месяцев в расчёте", str(line.b), "не больше шести последних"),
    )


def _of_norm(line: LineRow, unit: str, found: LineSources | None) -> Tried:
    days = Period.of(line.period).days
    if not _is_volume(line, Fraction(line.a * line.b, days)):
        return None
    people, rest = divmod(line.a, days)
    norm = f"{words.scaled(line.b, 6, 0)}{NBSP}{unit}"
    is_whole = rest == 0
    count = f"{people}{NBSP}чел." if is_whole else f"{line.a}{NBSP}чел.-дней ÷ {days}"
    document = (found.norm_document if found else None) or "норматив, действовавший в этом месяце"
    who = "зарегистрированные" if line.basis < OWNERS else "собственники: никто не зарегистрирован"
    if not is_whole:
        who += f", по дням: {line.a} за {days} дней"
    operands = [Operand("Норматив на человека", norm, document), Operand("Человек", count, who)]
    if line.surcharge_kopecks:
        operands.append(
            Operand("Повышающий коэффициент", coefficient_words(line), "счётчика нет или он не работает")
        )
    return f"{norm} × {count} = {_result(line, unit)}", tuple(operands)


def _of_area_norm(line: LineRow, unit: str, found: LineSources | None) -> Tried:
    days = Period.of(line.period).days
    if line.a % days or not _is_volume(line, Fraction(line.a * line.b, days * DM2_PER_M2)):
        return None
    area = words.area(line.a // days)
    norm = f"{words.scaled(line.b, 6, 0)}{NBSP}{unit}"
    document = (found.norm_document if found else None) or "норматив, действовавший в этом месяце"
    return f"{norm} × {area} = {_result(line, unit)}", (
        Operand("Норматив на м²", norm, document),
        Operand("Площадь", area, "паспорт помещения"),
    )


def _of_area(line: LineRow, unit: str, found: LineSources | None) -> Tried:
    days = Period.of(line.period).days
    if not _is_volume(line, Fraction(line.a * MICRO, days * DM2_PER_M2)):
        return None
    is_whole = line.a % days == 0
    area = words.area(line.a // days) if is_whole else f"{words.area(line.a)} × дней ÷ {days}"
    return "", (Operand("Площадь", area, "паспорт помещения"),)


def _of_common_norm(line: LineRow, unit: str, found: LineSources | None) -> Tried:
    document = (found.norm_document if found else None) or "норматив на общее имущество"
    return "", (
        Operand("Площадь", words.area(line.a), "паспорт помещения"),
        Operand("Норматив на м²", f"{words.scaled(line.b, 6, 0)}{NBSP}{unit}", document),
    )


def _of_common_meter(line: LineRow, unit: str, found: LineSources | None) -> Tried:
    return "", (
        Operand(
            "На общее имущество всего дома",
            f"{words.scaled(line.a, 6, 0)}{NBSP}{unit}",
            "счётчик дома минус все квартиры",
        ),
        Operand("Площадь", words.area(line.b), "ваша доля по площади"),
    )


BY_BASIS = {
    **dict.fromkeys((int(one) for one in METER_BASES), _of_meter),
    **dict.fromkeys((int(one) for one in AVERAGE_BASES), _of_average),
    **dict.fromkeys((int(one) for one in NORM_BASES), _of_norm),
    **dict.fromkeys((int(one) for one in AREA_NORM_BASES), _of_area_norm),
    int(Basis.AREA): _of_area,
    int(Basis.COMMON_NORM): _of_common_norm,
    int(Basis.COMMON_ACTUAL): _of_common_meter,
}


def _plain_operand(label: str, value: int, unit: str) -> tuple[str, str, str]:
    """An operand as the trace keeps it: its label tells the scale («…, micro», «…, дм²»)."""
    name, _, scale = label.partition(", ")
    name = name[0].upper() + name[1:]
    if scale.startswith("micro"):
        return name, f"{words.scaled(value, 6, 0)}{NBSP}{unit}", scale.removeprefix("micro").strip()
    if scale.startswith("дм²"):
        return name, words.area(value), ""
    return name, words.scaled(value, 0, 0), ""
