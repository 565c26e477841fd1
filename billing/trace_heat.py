"""Heat of a house told by its basis: the month's meter, a twelfth of last year, the average of a failed
meter.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from billing.arithmetic import decimal, ratio, signed
from billing.basis import Basis
from billing.period import Period
from billing.quantity import DM2_PER_M2, KOPECKS_PER_RUBLE, MICRO
from billing.services import component_unit
from billing.trace_line import Derived, Facts, Line, Number

MONTHS = 12


def year_share(line: Line, period: Period, facts: Facts) -> Derived:
    """A twelfth of the house's last year × area / S_об."""
    numbers = [_year_of_house(line, period, facts), _area(line, facts)]
    house, area = decimal(line.a, MICRO), decimal(line.b, DM2_PER_M2)
    note = "Платят равными долями: двенадцатая часть того, что счётчик дома показал за прошлый год."
    if line.a == 0 or line.b <= 0 or line.volume == 0 or line.days < period.days:
        return Derived(ratio(line.volume, MICRO), numbers, [note])
    used = line.volume
    total = Fraction(line.a * line.b * used.denominator, MONTHS * used.numerator)
    if total.denominator == 1 and facts.house_area_dm2 in (None, int(total)):
        text = decimal(int(total), DM2_PER_M2)
        source = facts.sources.get("house_area", "карточка дома")
        numbers.append(Number("house_area", "площадь всех помещений дома", f"{text} м²", source))
        return Derived(f"{house} / {MONTHS} × {area} / {text}", numbers, [note])
    share = Fraction(used.numerator * MONTHS, used.denominator * line.a)
    more = "Доля квартиры показана дробью: она учитывает площади всего дома."
    return Derived(f"{house} / {MONTHS} × {ratio(share)}", numbers, [note, more])


def year_metered(line: Line, period: Period, facts: Facts) -> Derived:
    """A twelfth of the flat's last year and the flat's part of the rest of the house."""
    own = decimal(line.b, MICRO)
    numbers = [
        _year_of_house(line, period, facts),
        Number("own", f"счётчик квартиры за {_last(period)}", f"{own} Гкал", "показания счётчика квартиры"),
    ]
    if line.days < period.days:
        return Derived(ratio(line.volume, MICRO), numbers)
    rest = line.volume - Fraction(line.b, MONTHS)
    note = "Двенадцатая часть прошлого года; прибавлена доля остатка дома после всех квартир, по площади."
    return Derived(f"{signed(line.b, MICRO)} / {MONTHS} + {ratio(rest, MICRO)}", numbers, [note])


def year_unmetered(line: Line, period: Period, facts: Facts) -> Derived:
    """Mean of the metered flats of last year and the part of the rest."""
    note = "Счётчика тепла нет: взято среднее квартир со счётчиками за прошлый год и доля остатка дома."
    numbers = [_year_of_house(line, period, facts), _area(line, facts)]
    return Derived(ratio(line.volume, MICRO), numbers, [note])


def failed(of: Callable[[Line, Period, Facts], Derived]) -> Callable[[Line, Period, Facts], Derived]:
    """As a sound meter would be told, with a word on why its average stands there."""

    def told(line: Line, period: Period, facts: Facts) -> Derived:
        derived = of(line, period, facts)
        source = "показания до поломки, не больше шести месяцев"
        numbers = [
            Number(one.key, "средний месяц счётчика дома", one.text, source) if one.key == "house" else one
            for one in derived.numbers
        ]
        note = "Счётчик тепла дома неисправен: три месяца берут его средний месяц отопительного периода."
        return Derived(derived.formula, numbers, [*derived.notes, note])

    return told


def _last(period: Period) -> str:
    return f"{period.year - 1} год"


def _year_of_house(line: Line, period: Period, facts: Facts) -> Number:
    source = facts.sources.get("house", "показания счётчика дома")
    return Number("house", f"счётчик дома за {_last(period)}", f"{decimal(line.a, MICRO)} Гкал", source)


def _area(line: Line, facts: Facts) -> Number:
    text = f"{decimal(line.b, DM2_PER_M2)} м²"
    return Number("area", "площадь", text, facts.sources.get("area", "карточка счёта"))


def year_fix(line: Line, period: Period, facts: Facts) -> Derived:
    """What last year should have cost less what was charged for it, in roubles."""
    cost, billed = (decimal(value, KOPECKS_PER_RUBLE, least=2) for value in (line.a, line.b))
    last = _last(period)
    numbers = [
        Number("cost", f"стоит {last}", f"{cost} ₽", "счётчики дома и квартиры, тарифы месяцев"),
        Number("billed", f"начислено за {last}", f"{billed} ₽", "строки отопления двенадцати месяцев"),
    ]
    note = "Платили равными долями по позапрошлому году; раз в год сумму сверяют с тем, что показал счётчик."
    return Derived(f"{cost} − {billed}", numbers, [note])


def year_volume(line: Line, period: Period, facts: Facts) -> Derived:
    """What last year used less what was charged for it, in Gcal."""
    used, billed = (decimal(value, MICRO) for value in (line.a, line.b))
    last = _last(period)
    numbers = [
        Number("used", f"объём за {last}", f"{used} Гкал", "счётчики дома и квартиры"),
        Number("billed", f"начислено за {last}", f"{billed} Гкал", "строки отопления двенадцати месяцев"),
    ]
    note = "Платили равными долями по позапрошлому году; раз в год объём сверяют с тем, что показал счётчик."
    if line.volume != line.a - line.b:
        note += " Тариф менялся внутри месяца: объём поделён по дням."
        return Derived(ratio(line.volume, MICRO), numbers, [note])
    return Derived(f"{used} − {billed}", numbers, [note])


def distributors(line: Line, period: Period, facts: Facts) -> Derived:
    """A flat's part of what the flats with distributors paid for the year, less what it paid, in roubles."""
    cost, billed = (decimal(value, KOPECKS_PER_RUBLE, least=2) for value in (line.a, line.b))
    last = _last(period)
    source = "плата всех помещений с распределителями за год × показания квартиры / показания всех"
    numbers = [
        Number("cost", f"доля квартиры за {last}", f"{cost} ₽", source),
        Number("billed", f"начислено за {last}", f"{billed} ₽", "строки отопления двенадцати месяцев"),
    ]
    note = "Раз в год плату помещений с распределителями делят между ними по показаниям; по дому сумма та же."
    return Derived(f"{cost} − {billed}", numbers, [note])


def boiler(line: Line, period: Period, facts: Facts) -> Derived:
    """Fuel of the house × the premises' part."""
    unit = component_unit(line.service, line.component)
    house = decimal(line.a, MICRO)
    source = facts.sources.get("norm", "топливо котельной за месяц, внёс расчётный центр")
    numbers = [Number("house", "топлива за месяц на дом", f"{house} {unit}", source)]
    water = line.basis == Basis.BOILER_WATER
    if water:
        text = f"{decimal(line.b, MICRO)} м³"
        numbers.append(Number("own", "горячей воды в квартире", text, "строка воды в том же счёте"))
    note = (
        "Топливо делят по объёму горячей воды всех квартир."
        if water
        else "Топливо делят по площади помещений."
    )
    if line.a == 0 or line.volume == 0 or line.days < period.days:
        return Derived(ratio(line.volume, MICRO), numbers, [note])
    used = line.volume
    total = Fraction(line.a * line.b * used.denominator, used.numerator) if line.b > 0 else Fraction(0)
    if not water and facts.house_area_dm2 is not None and total == facts.house_area_dm2:
        numbers += [
            _area(line, facts),
            Number(
                "house_area",
                "площадь всех помещений дома",
                f"{decimal(int(total), DM2_PER_M2)} м²",
                "карточка дома",
            ),
        ]
        area = decimal(line.b, DM2_PER_M2)
        return Derived(f"{house} × {area} / {decimal(int(total), DM2_PER_M2)}", numbers, [note])
    return Derived(f"{house} × {ratio(Fraction(used.numerator, used.denominator * line.a))}", numbers, [note])


def boiler_by_heat(line: Line, period: Period, facts: Facts) -> Derived:
    """Fuel of the house × the premises' part of the heat, by its meter or by the mean of the metered."""
    unit = component_unit(line.service, line.component)
    house = decimal(line.a, MICRO)
    source = facts.sources.get("norm", "топливо котельной за месяц, внёс расчётный центр")
    numbers = [Number("house", "топлива за месяц на дом", f"{house} {unit}", source)]
    if line.basis == Basis.BOILER_METERED:
        text = f"{decimal(line.b, MICRO)} Гкал"
        numbers.append(Number("own", "тепла по счётчику квартиры", text, "счётчик квартиры или его среднее"))
        note = "Топливо делят по теплу; у помещений без счётчика взято среднее квартир со счётчиками на м²."
    else:
        numbers.append(_area(line, facts))
        note = "Счётчика тепла нет: взято среднее квартир со счётчиками на м²; топливо делят по теплу."
    if line.a == 0 or line.volume == 0 or line.days < period.days:
        return Derived(ratio(line.volume, MICRO), numbers, [note])
    share = Fraction(line.volume.numerator, line.volume.denominator * line.a)
    return Derived(f"{house} × {ratio(share)}", numbers, [note])


YEARS = {
    Basis.HEAT_YEAR: year_share,
    Basis.HEAT_YEAR_METERED: year_metered,
    Basis.HEAT_YEAR_UNMETERED: year_unmetered,
    Basis.HEAT_YEAR_FIX: year_fix,
    Basis.HEAT_YEAR_VOLUME: year_volume,
    Basis.DISTRIBUTORS: distributors,
    Basis.BOILER_HEAT: boiler,
    Basis.BOILER_METERED: boiler_by_heat,
    Basis.BOILER_UNMETERED: boiler_by_heat,
    Basis.BOILER_WATER: boiler,
}
