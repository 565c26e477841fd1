"""The volume of a reduction told by its basis: people away, hours of a break, the share of a charge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from billing.arithmetic import bracketed, decimal, ratio
from billing.basis import Basis
from billing.period import Period
from billing.quantity import MICRO
from billing.reduction import MINUTES_A_DAY, MINUTES_AN_HOUR
from billing.trace_line import Derived, Facts, Line, Number

TENTHS = 10
Norm = Callable[[Line, Period, Facts], Derived]


def absence(norm: Norm) -> Norm:
    """The same derivation as that of the norm, with people away and the opposite sign."""

    def leaf(line: Line, period: Period, facts: Facts) -> Derived:
        back = replace(line, volume_num=-line.volume_num, basis=int(Basis.NORM))
        if line.b == 0:  # sewerage follows its waters
            number = Number("people", "человеко-дней отсутствия", decimal(line.a), "заявление с документами")
            return Derived(
                f"−({ratio(back.volume, MICRO)})", [number], ["Водоотведение считают вместе с водой."]
            )
        derived = norm(back, period, facts)
        numbers = [_away(number) for number in derived.numbers]
        note = "День отъезда и день возвращения не считают, нужно больше 5 полных дней подряд."
        return Derived(f"−({derived.formula})", numbers, [*derived.notes, note])

    return leaf


def _away(number: Number) -> Number:
    if number.key != "people":
        return number
    return Number("people", f"отсутствовало, {number.words}", number.text, "заявление с документами")


def not_supplied(line: Line, period: Period, facts: Facts) -> Derived:
    """Volume of the days of the line × minutes of breaks in them."""
    of_line = -line.volume * Fraction(MINUTES_A_DAY * line.b, line.a) if line.a else Fraction(0)
    hours = ratio(Fraction(line.a, MINUTES_AN_HOUR))
    numbers = [
        Number("volume", "объём по нормативу за дни строки", ratio(of_line, MICRO), "строка этой услуги"),
        Number("hours", "часов перерыва", hours, "акт или журнал диспетчера"),
    ]
    formula = f"−({ratio(of_line, MICRO)} × {line.a} / {MINUTES_A_DAY} / {line.b})"
    return Derived(formula, numbers)


def share(line: Line, period: Period, facts: Facts) -> Derived:
    """A share of the charge: hours × percent, days of the month, or all that was left of it."""
    words, top, bottom = _OPERANDS[Basis(line.basis)]
    base = Fraction(line.a * top(line), bottom(line))
    source = "акт или журнал диспетчера"
    if base != -line.volume:
        number = Number("share", words, ratio(Fraction(line.a)), source)
        note = "Снижение обрезано: больше начисленного за услугу снять нельзя."
        return Derived(f"−({ratio(-line.volume, MICRO)})", [number], [note])
    if line.basis in (Basis.NO_CHARGE_DAYS, Basis.HOT_AS_COLD):
        formula = f"{decimal(line.a)} / {decimal(line.b)}"
        return Derived(f"−({formula})", [Number("share", words, formula, source)])
    count = ratio(Fraction(line.a, bottom(line)))
    percent = decimal(line.b, MICRO)
    numbers = [
        Number("hours", words, count, source),
        Number("share", "доля платы", percent, "ПП 354, приложение № 1"),
    ]
    return Derived(f"−({bracketed(count)} × {percent})", numbers)


def cold_for_hot(line: Line, period: Period, facts: Facts) -> Derived:
    """Volume of hot water × minutes of the month."""
    volume = line.volume * Fraction(line.b, line.a) if line.a else Fraction(0)
    numbers = [Number("volume", "объём горячей воды", ratio(volume, MICRO), "строка горячей воды")]
    return Derived(f"{bracketed(ratio(volume, MICRO))} × {line.a} / {line.b}", numbers)


def manual(line: Line, period: Period, facts: Facts) -> Derived:
    """A sum as a person wrote it."""
    return Derived(ratio(line.volume, MICRO), [])


def percent(line: Line) -> str:
    """«−0,75 %» of the charge."""
    scaled = line.volume * Fraction(100 * 100, MICRO)
    magnitude = (2 * abs(scaled.numerator) + scaled.denominator) // (2 * scaled.denominator)
    return f"{decimal(-magnitude if scaled < 0 else magnitude, 100)} %"


def _hours(line: Line) -> int:
    return MINUTES_AN_HOUR


def _one(line: Line) -> int:
    return 1


def _days(line: Line) -> int:
    return line.b


def _share(line: Line) -> int:
    return line.b


def _micro(line: Line) -> int:
    return MICRO


def _tenth_hours(line: Line) -> int:
    return MINUTES_AN_HOUR * TENTHS


_OPERANDS: dict[Basis, tuple[str, Callable[[Line], int], Callable[[Line], int]]] = {
    Basis.BREAK: ("часов сверх допустимых", _share, _hours),
    Basis.AIR: ("часов × градусов отклонения", _share, _tenth_hours),
    Basis.HOT_WATER_COOL: ("часов × полных 3 °C", _share, _hours),
    Basis.PRESSURE: ("часов", _share, _hours),
    Basis.VOLTAGE: ("часов", _share, _hours),
    Basis.WASTE_LATE: ("полных суток задержки", _share, _one),
    Basis.NO_CHARGE_DAYS: ("дней из дней месяца", _micro, _days),
    Basis.HOT_AS_COLD: ("минут из минут месяца", _micro, _days),
}
