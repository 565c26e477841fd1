"""Common needs of a house told by their basis: less what months before left, not above the norm, a month of
last year, the yearly correction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from billing.arithmetic import bracketed, decimal, ratio
from billing.period import Period
from billing.quantity import DM2_PER_M2, KOPECKS_PER_RUBLE, MICRO
from billing.services import CATALOGUE, Component, component_unit
from billing.trace_line import Derived, Facts, Line, Number

MONTHS = 12
HEAT_UNIT = " Гкал"
Leaf = Callable[[Line, Period, Facts], Derived]


def _with_note(of: Leaf, note: str) -> Leaf:
    def told(line: Line, period: Period, facts: Facts) -> Derived:
        derived = of(line, period, facts)
        return replace(derived, notes=[*derived.notes, note])

    return told


def carried(of: Leaf) -> Leaf:
    """As by the meter, with a word on what months before left."""
    return _with_note(
        of,
        "Раньше квартиры израсходовали больше, чем показал счётчик дома: этот остаток уменьшил объём месяца.",
    )


def capped(of: Leaf) -> Leaf:
    """As by the norm, with a word on why not more."""
    return _with_note(
        of,
        "По счётчику дома вышло больше норматива; собрание не решило платить сверх него, "
        "поэтому разницу платит управляющая организация.",
    )


def year_average(line: Line, period: Period, facts: Facts) -> Derived:
    """Last year of the house / its months × area / S_об."""
    house, area = decimal(line.a, MICRO), decimal(line.b, DM2_PER_M2)
    unit, last = component_unit(line.service, Component.WHOLE), f"{period.year - 1} год"
    source = "месяцы, за которые известны счётчик дома и объёмы квартир"
    numbers = [
        Number("house", f"на общее имущество дома за {last}", f"{house} {unit}", source),
        Number("area", "площадь", f"{area} м²", facts.sources.get("area", "карточка счёта")),
    ]
    note = (
        "Способ дома — среднемесячный объём прошлого года; раз в год его сверяют с тем, что показал счётчик."
    )
    if line.a == 0 or line.b <= 0 or line.volume == 0 or line.days < period.days:
        return Derived(ratio(line.volume, MICRO), numbers, [note])
    used, words, in_heat = line.volume, "", line.component == Component.HEAT_PART
    if in_heat and facts.heat_per_m3_micro:
        used *= Fraction(MICRO, facts.heat_per_m3_micro)
        numbers.append(heat := _heat(facts.heat_per_m3_micro, facts))
        words, in_heat = f" × {heat.text.removesuffix(HEAT_UNIT)}", False
    below = Fraction(line.a * line.b * used.denominator, used.numerator)  # months × S_об
    known = facts.house_area_dm2
    months = Fraction(below.numerator, below.denominator * known) if known else Fraction(MONTHS)
    total = Fraction(below.numerator * months.denominator, below.denominator * months.numerator)
    is_plain = months.denominator == total.denominator == 1 and 0 < months <= MONTHS
    if is_plain and not in_heat:
        text = decimal(int(total), DM2_PER_M2)
        numbers.append(Number("months", "месяцев", str(int(months)), source))
        numbers.append(Number("house_area", "площадь всех помещений дома", f"{text} м²", "карточка дома"))
        return Derived(f"{house} / {int(months)} × {area} / {text}{words}", numbers, [note])
    what = "вместе с теплом на подогрев " if in_heat else ""
    more = f"Доля квартиры в месяце дома {what}показана дробью."
    share = Fraction(used.numerator, used.denominator * line.a)
    return Derived(f"{house} × {ratio(share)}{words}", numbers, [note, more])


def _heat(heat_micro: int, facts: Facts) -> Number:
    source = facts.sources.get("heat", "норматив тепла на подогрев 1 м³, утверждён регионом")
    return Number("heat", "тепло на подогрев 1 м³", f"{decimal(heat_micro, MICRO)}{HEAT_UNIT}", source)


def room(line: Line, period: Period, facts: Facts) -> Derived:
    """The share of a communal flat × people of the room / people of the flat."""
    note = (
        "Объём на общие нужды дома делят между квартирами по площади, а долю коммунальной квартиры — между "
        "комнатами по числу проживающих; неполный месяц — по дням."
    )
    if line.a == 0 or line.volume == 0:
        return Derived(ratio(line.volume, MICRO), [], [note])
    days = period.days if line.a % period.days == 0 and line.b % period.days == 0 else 1
    mine, everybody = decimal(line.a // days), decimal(line.b // days)
    name = "человек" if days > 1 else "человеко-дней"
    flat = ratio(line.volume * Fraction(line.b, line.a), MICRO)
    unit = component_unit(line.service, line.component)
    source = facts.sources.get("people", "сведения о проживающих по дням месяца")
    numbers = [
        Number("flat", "доля квартиры в объёме дома", f"{flat} {unit}", "объём дома и площади квартир"),
        Number("people", f"{name} в комнате и в квартире", f"{mine} из {everybody}", source),
    ]
    return Derived(f"{bracketed(flat)} × {mine} / {everybody}", numbers, [note])


def common_year_fix(line: Line, period: Period, facts: Facts) -> Derived:
    """What last year should have cost less what was charged for it, in roubles."""
    cost, billed = (decimal(value, KOPECKS_PER_RUBLE, least=2) for value in (line.a, line.b))
    last, name = f"{period.year - 1} год", CATALOGUE[line.service].short_label
    numbers = [
        Number("cost", f"стоит {last}", f"{cost} ₽", "счётчик дома без квартир, тарифы месяцев"),
        Number("billed", f"начислено за {last}", f"{billed} ₽", f"строки «{name}» за год"),
    ]
    note = "Платили по нормативу или среднему; раз в год сумму сверяют с тем, что показал счётчик дома."
    return Derived(f"{cost} − {billed}", numbers, [note])
