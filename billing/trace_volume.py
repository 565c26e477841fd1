"""The volume of a line told by its basis: which numbers, multiplied how. Each leaf falls back to the exact
fraction.

A leaf tries the plain formula of its clause with the operands `a` and `b` of the line; where the line knows
more than they do (a norm that changed inside the month, several meters, a house divided among its flats)
the remaining factor is shown as the exact fraction it is, so that the formula always gives the kopecks of
the line.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from billing.arithmetic import bracketed, decimal, ratio, signed
from billing.basis import BENEFITS, COMPENSATIONS, SHARES, UNAUTHORISED, Basis, row_of
from billing.formula.told import told
from billing.history import AVERAGE_MONTHS_MAX
from billing.period import Period
from billing.quantity import DM2_PER_M2, MICRO, PERMILLE
from billing.services import CATALOGUE, RANGE_STEP, Component, component_unit
from billing.trace_benefit import benefit, rent
from billing.trace_common import capped, carried, common_year_fix, room, year_average
from billing.trace_heat import YEARS, failed
from billing.trace_line import Derived, Facts, Line, Number
from billing.trace_meter import check, check_room
from billing.trace_relief import absence, cold_for_hot, manual, not_supplied, share
from billing.trace_unauthorised import unauthorised
from billing.work import AVERAGE_DEN

MONTHS = 12
Leaf = Callable[[Line, Period, Facts], Derived]


def derive(line: Line, period: Period, facts: Facts) -> Derived:
    """How the volume of the line came about; the value of the formula is exactly the volume in units."""
    return _LEAVES.get(row_of(line.basis), _exact)(line, period, facts)


def _unit(line: Line) -> str:
    """Unit of the metered resource (not of the heat in it)."""
    if line.service not in CATALOGUE:
        return ""
    return component_unit(line.service, Component.WHOLE)


def _exact(line: Line, period: Period, facts: Facts) -> Derived:
    """Only the fraction itself."""
    return Derived(ratio(line.volume, MICRO), [])


def _source(facts: Facts, key: str, default: str) -> str:
    return facts.sources.get(key, default)


def _times(formula: str, base: Fraction, line: Line, period: Period, facts: Facts) -> Derived:
    """`formula` is worth `base` micro-units.

    What is left to the line's volume is heat, days, or a plain factor.
    """
    if base == line.volume:
        return Derived(formula, [])
    if base == 0:
        return _exact(line, period, facts)
    left = line.volume / base
    head = bracketed(formula)
    if line.service in (2, 22) and line.component == Component.HEAT_PART:
        return _heat(head, left, period, line, facts)
    if 0 < left < 1 and line.days < period.days:
        note = f"Тариф менялся внутри месяца: на эти дни приходится {ratio(left)} объёма."
        return Derived(f"{head} × {ratio(left)}", [], [note])
    return Derived(f"{head} × {ratio(left)}", [])


def _heat(head: str, left: Fraction, period: Period, line: Line, facts: Facts) -> Derived:
    """Cubic metres × heat of a cubic metre, with the share of days when the tariff changed."""
    share = Fraction(1)
    q = Fraction(facts.heat_per_m3_micro or 0, MICRO)
    if q:
        share = left / q
    elif line.days < period.days and (left * period.days / line.days * MICRO).denominator == 1:
        share = Fraction(line.days, period.days)
    q = left / share
    if (q * MICRO).denominator != 1:
        return Derived(f"{head} × {ratio(left)}", [])
    words = decimal(int(q * MICRO), MICRO)
    source = _source(facts, "heat", "норматив тепла на подогрев 1 м³, утверждён регионом")
    number = Number("heat", "тепло на подогрев 1 м³", f"{words} Гкал", source)
    formula = f"{head} × {words}"
    return Derived(formula if share == 1 else f"{formula} × {ratio(share)}", [number])


def _joined(first: list[Number], rest: Derived) -> Derived:
    return Derived(rest.formula, [*first, *rest.numbers], rest.notes)


def _turned(line: Line) -> int:
    """What a meter that passed its last figure adds, in whole units: 0 for one that did not."""
    return 10 ** len(str(line.a // MICRO)) if line.b < line.a else 0


def _meter(line: Line, period: Period, facts: Facts) -> Derived:
    """Difference of readings."""
    unit = _unit(line)
    turned = _turned(line)
    formula = f"{decimal(line.b, MICRO)} − {decimal(line.a, MICRO)}"
    base = Fraction(line.b - line.a)
    notes = []
    if turned:
        formula, base = f"{formula} + {decimal(turned)}", base + turned * MICRO
        notes.append("Счётчик дошёл до последней цифры и начал с нуля.")
    numbers = _readings(line, unit, facts)
    derived = _joined(numbers, _times(formula, base, line, period, facts))
    derived.notes += notes
    return derived


def _readings(line: Line, unit: str, facts: Facts) -> list[Number]:
    start = _source(facts, "start", "последнее принятое показание до этого месяца")
    end = _source(facts, "end", "показание, принятое за этот месяц")
    return [
        Number("start", "показание в начале", f"{decimal(line.a, MICRO)} {unit}", start),
        Number("end", "показание в конце", f"{decimal(line.b, MICRO)} {unit}", end),
    ]


def _late(line: Line, period: Period, facts: Facts) -> Derived:
    """Difference of readings less what was billed without them."""
    turned = _turned(line) * MICRO
    shown = line.b - line.a + turned
    billed = Fraction(shown) - line.volume
    in_heat = line.service == 2 and line.component == Component.HEAT_PART
    if line.days < period.days or billed.denominator != 1 or in_heat:
        return _joined(_readings(line, _unit(line), facts), _exact(line, period, facts))
    formula = f"{decimal(line.b, MICRO)} − {decimal(line.a, MICRO)}"
    if turned:
        formula += f" + {decimal(turned, MICRO)}"
    formula += f" − {signed(int(billed), MICRO)}"
    source = _source(facts, "billed", "начислено за месяцы без показаний")
    number = Number("billed", "уже начислено", f"{decimal(int(billed), MICRO)} {_unit(line)}", source)
    note = "Показание пришло позже: из разности вычтено то, что начислили без него."
    return Derived(formula, [*_readings(line, _unit(line), facts), number], [note])


def _average(line: Line, period: Period, facts: Facts) -> Derived:
    """Volume of the window over its months."""
    if line.b == 0:
        return _exact(line, period, facts)
    unit = _unit(line)
    most = "шести" if line.b <= AVERAGE_MONTHS_MAX or line.b == AVERAGE_DEN else "двенадцати"
    source = _source(facts, "window", f"последние месяцы с показаниями, не больше {most}")
    formula = f"{decimal(line.a, MICRO)} / {line.b}"
    if line.b == AVERAGE_DEN:
        numbers = [
            Number("window", "средние всех счётчиков, умноженные на 60", decimal(line.a, MICRO), source)
        ]
    else:
        numbers = [
            Number("window", "объём за окно", f"{decimal(line.a, MICRO)} {unit}", source),
            Number("months", "месяцев в окне", str(line.b), source),
        ]
    return _joined(numbers, _times(formula, Fraction(line.a, line.b), line, period, facts))


def _people(line: Line, period: Period, facts: Facts) -> tuple[str, Number]:
    """Persons, or persons × days over the days of the month."""
    source = _source(facts, "people", "сведения о проживающих по дням месяца")
    if line.a % period.days == 0:
        count = line.a // period.days
        return decimal(count), Number("people", "человек", decimal(count), source)
    text = f"{decimal(line.a)} / {period.days}"
    return text, Number("people", "человеко-дней на дни месяца", text, source)


def _norm(line: Line, period: Period, facts: Facts, months: int = 1) -> Derived:
    """Persons × norm."""
    people, number = _people(line, period, facts)
    norm = decimal(line.b, MICRO)
    source = _source(facts, "norm", "норматив, утверждённый регионом")
    per = "на человека в год" if months > 1 else "на человека в месяц"
    numbers = [number, Number("norm", "норматив", f"{norm} {_unit(line)} {per}", source)]
    formula = f"{people} × {norm}" + (f" / {months}" if months > 1 else "")
    base = Fraction(line.a * line.b, period.days * months)
    if line.service == 6 and base != line.volume:
        area = line.volume - base
        note = "К норме на человека прибавлена норма на отапливаемые метры."
        return Derived(f"{formula} + {ratio(area, MICRO)}", numbers, [note])
    return _joined(numbers, _times(formula, base, line, period, facts))


def _waste_people(line: Line, period: Period, facts: Facts) -> Derived:
    return _norm(line, period, facts, MONTHS)


def _temporary(line: Line, period: Period, facts: Facts) -> Derived:
    """Temporary residents: waste has a norm of a year."""
    return _norm(line, period, facts, MONTHS if line.service == 7 else 1)


def _range(line: Line, period: Period, facts: Facts) -> Derived:
    """The part of the month that falls in the range × the zone's part of the month."""
    number, zone = divmod(line.component, RANGE_STEP)
    unit = _unit(line)
    month = f"{decimal(line.b, MICRO)} {unit}"
    numbers = [Number("window", "объём месяца", month, "показания счётчика или среднее")]
    note = "Месяц вышел за первый диапазон потребления: каждый диапазон по своему тарифу."
    width = line.volume * Fraction(line.b, line.a) if line.a else Fraction(0)
    if line.days < period.days or width.denominator != 1 or not line.b:
        return Derived(_exact(line, period, facts).formula, numbers, [note])
    text = decimal(int(width), MICRO)
    source = _source(facts, "norm", "пределы диапазонов, решение региона")
    numbers.append(Number("norm", f"из них в {number + 1}-м диапазоне", f"{text} {unit}", source))
    if not zone:
        return Derived(text, numbers, [note])
    part = decimal(line.a, MICRO)
    numbers.append(Number("own", "объём этой зоны суток", f"{part} {unit}", "показания счётчика или среднее"))
    return Derived(f"{text} × {part} / {decimal(line.b, MICRO)}", numbers, [note])


def _flat(line: Line, period: Period, facts: Facts) -> Derived:
    """The common meter of a communal flat: by people, or above the meters of the rooms."""
    unit = _unit(line)
    source = "показание или среднее общего счётчика"
    numbers = [Number("house", "объём квартиры", f"{decimal(line.a, MICRO)} {unit}", source)]
    plain = line.days == period.days and line.component != Component.HEAT_PART
    if line.basis == Basis.FLAT_ROOM_METER:
        own = f"{decimal(line.b, MICRO)} {unit}"
        numbers.append(Number("own", "объём комнаты", own, "счётчик комнаты; без него ноль"))
        note = "К комнате прибавлена её доля остатка: объём квартиры без комнат делят по числу проживающих."
        if not plain:
            return Derived(_exact(line, period, facts).formula, numbers, [note])
        return Derived(f"{decimal(line.b, MICRO)} + {ratio(line.volume - line.b, MICRO)}", numbers, [note])
    people = Fraction(line.a * line.b) / line.volume if line.volume else Fraction(0)
    words = "Объём квартиры делят по числу проживающих, неполный месяц — по дням."
    if not plain or people.denominator != 1 or not people:
        return Derived(_exact(line, period, facts).formula, numbers, [words])
    days = period.days if line.b % period.days == 0 and people % period.days == 0 else 1
    mine, everybody = decimal(line.b // days), decimal(int(people) // days)
    name = "человек" if days > 1 else "человеко-дней"
    source = _source(facts, "people", "сведения о проживающих по дням месяца")
    numbers.append(Number("people", f"{name} в комнате и в квартире", f"{mine} из {everybody}", source))
    return Derived(f"{decimal(line.a, MICRO)} × {mine} / {everybody}", numbers, [words])


def _contract(line: Line, period: Period, facts: Facts) -> Derived:
    """Volume of the contract by the days open."""
    volume = decimal(line.b, MICRO)
    formula = volume if line.a == period.days else f"{volume} × {line.a} / {period.days}"
    source = _source(facts, "norm", "договор с поставщиком")
    number = Number("norm", "объём по договору за месяц", f"{volume} {_unit(line)}", source)
    return _joined([number], _times(formula, Fraction(line.a * line.b, period.days), line, period, facts))


def _waters(line: Line, period: Period, facts: Facts) -> Derived:
    """Both waters."""
    source = "строка этой воды в том же счёте"
    numbers = [
        Number("cold", "холодная вода", f"{decimal(line.a, MICRO)} м³", source),
        Number("hot", "горячая вода", f"{decimal(line.b, MICRO)} м³", source),
    ]
    base = Fraction(line.a + line.b)
    if line.days == period.days and base != line.volume:
        derived = _exact(line, period, facts)
        note = "Объёмы воды показаны округлёнными, сложены они точными."
        return Derived(derived.formula, numbers, [note])
    formula = f"{signed(line.a, MICRO)} + {signed(line.b, MICRO)}"
    return _joined(numbers, _times(formula, base, line, period, facts))


def _area(line: Line, period: Period, facts: Facts) -> tuple[str, Number, Fraction]:
    """Square metres of dm2 × days."""
    source = _source(facts, "area", "площадь квартиры в карточке счёта")
    if line.a % period.days == 0:
        text = decimal(line.a // period.days, DM2_PER_M2)
        number = Number("area", "площадь", f"{text} м²", source)
    else:
        text = f"{decimal(line.a, DM2_PER_M2)} / {period.days}"
        number = Number("area", "м² × дней на дни месяца", text, source)
    return text, number, Fraction(line.a, DM2_PER_M2 * period.days)


def _by_area(line: Line, period: Period, facts: Facts) -> Derived:
    text, number, base = _area(line, period, facts)
    return _joined([number], _times(text, base * MICRO, line, period, facts))


def _by_area_norm(line: Line, period: Period, facts: Facts, months: int = 1) -> Derived:
    """Square metres × norm."""
    text, number, base = _area(line, period, facts)
    norm = decimal(line.b, MICRO)
    source = _source(facts, "norm", "норматив, утверждённый регионом")
    per = "на м² в год" if months > 1 else "на м² в месяц"
    numbers = [number, Number("norm", "норматив", f"{norm} {_unit(line)} {per}", source)]
    formula = f"{text} × {norm}" + (f" / {months}" if months > 1 else "")
    derived = _times(formula, base * line.b / months, line, period, facts)
    if line.basis == Basis.HEAT_NORM and derived.formula != formula:
        derived.notes.append("В доме есть помещения без батарей: тепло дома делят с учётом их площади.")
    return _joined(numbers, derived)


def _waste_area(line: Line, period: Period, facts: Facts) -> Derived:
    return _by_area_norm(line, period, facts, MONTHS)


def _heat_uniform(line: Line, period: Period, facts: Facts) -> Derived:
    """Square metres × norm × months of the season / 12."""
    text, number, base = _area(line, period, facts)
    norm = decimal(line.b, MICRO)
    whole = base * line.b
    months = line.volume * MONTHS / whole if whole else Fraction(0)
    if line.days < period.days or (months * PERMILLE).denominator != 1 or not whole:
        return _by_area_norm(line, period, facts)
    count = decimal(int(months * PERMILLE), PERMILLE)
    source = _source(facts, "norm", "норматив, утверждённый регионом")
    numbers = [
        number,
        Number("norm", "норматив", f"{norm} Гкал на м² в месяц сезона", source),
        Number("months", "месяцев в сезоне", count, _source(facts, "months", "решение региона")),
    ]
    return Derived(f"{text} × {norm} × {count} / {MONTHS}", numbers, ["Платят равными долями весь год."])


def _fixed(line: Line, period: Period, facts: Facts) -> Derived:
    """Days open of the days of the month, or people."""
    base = Fraction(line.a, line.b or 1)
    formula = ratio(base)
    words = "человек" if line.basis == Basis.PERSONS else "доля месяца"
    number = Number("share", words, formula, _source(facts, "people", "карточка счёта"))
    return _joined([number], _times(formula, base * MICRO, line, period, facts))


def _share_of_house(line: Line, period: Period, facts: Facts) -> Derived:
    """Volume of the house × area / S_об."""
    house, area = decimal(line.a, MICRO), decimal(line.b, DM2_PER_M2)
    unit = "Гкал" if line.service == 4 else _unit(line)
    what = "объём дома по счётчику" if line.service == 4 else "объём на общее имущество дома"
    numbers = [
        Number("house", what, f"{house} {unit}", _source(facts, "house", "счётчик дома")),
        Number("area", "площадь", f"{area} м²", _source(facts, "area", "карточка счёта")),
    ]
    if line.a == 0 or line.b <= 0 or line.volume == 0:
        return _joined(numbers, _exact(line, period, facts))
    total = Fraction(line.a * line.b) / line.volume
    if total.denominator == 1 and total > 0 and facts.house_area_dm2 in (None, int(total)):
        text = decimal(int(total), DM2_PER_M2)
        source = _source(facts, "house_area", "карточка дома")
        numbers.append(Number("house_area", "площадь всех помещений дома", f"{text} м²", source))
        return Derived(f"{house} × {area} / {text}", numbers)
    notes = ["Доля квартиры в объёме дома показана дробью: она учитывает площади и счётчики всего дома."]
    return Derived(f"{house} × {ratio(line.volume / line.a)}", numbers, notes)


def _heat_metered(line: Line, period: Period, facts: Facts) -> Derived:
    """Own reading and the flat's part of the rest of the house."""
    rest = line.volume - line.b
    own = decimal(line.b, MICRO)
    numbers = [
        Number("house", "объём дома по счётчику", f"{decimal(line.a, MICRO)} Гкал", "счётчик дома"),
        Number("own", "объём по счётчику квартиры", f"{own} Гкал", "счётчик квартиры или его среднее"),
    ]
    note = "К показанию прибавлена доля того, что осталось от объёма дома после всех квартир, по площади."
    if line.days < period.days:
        return _joined(numbers, _exact(line, period, facts))
    return Derived(f"{signed(line.b, MICRO)} + {ratio(rest, MICRO)}", numbers, [note])


def _heat_unmetered(line: Line, period: Period, facts: Facts) -> Derived:
    """Mean of the metered flats and the part of the rest."""
    numbers = [
        Number("house", "объём дома по счётчику", f"{decimal(line.a, MICRO)} Гкал", "счётчик дома"),
        Number("area", "площадь", f"{decimal(line.b, DM2_PER_M2)} м²", "карточка счёта"),
    ]
    note = "Счётчика тепла нет: взято среднее квартир со счётчиками на м² и доля остатка дома по площади."
    return Derived(_exact(line, period, facts).formula, numbers, [note])


def _common_norm(line: Line, period: Period, facts: Facts) -> Derived:
    """Area × norm × S_ои / S_об."""
    area, norm = decimal(line.a, DM2_PER_M2), decimal(line.b, MICRO)
    source = _source(facts, "norm", "норматив на общее имущество, утверждён регионом")
    numbers = [
        Number("area", "площадь квартиры", f"{area} м²", _source(facts, "area", "карточка счёта")),
        Number("norm", "норматив", f"{norm} {_unit(line)} на м² общего имущества", source),
    ]
    base = Fraction(line.a * line.b, DM2_PER_M2)
    if facts.common_area_dm2 and facts.house_area_dm2:
        share = Fraction(facts.common_area_dm2, facts.house_area_dm2)
        top, bottom = (decimal(v, DM2_PER_M2) for v in (facts.common_area_dm2, facts.house_area_dm2))
        numbers += [
            Number("common_area", "площадь общего имущества", f"{top} м²", "карточка дома"),
            Number("house_area", "площадь всех помещений дома", f"{bottom} м²", "карточка дома"),
        ]
        formula = f"{area} × {norm} × {top} / {bottom}"
        return _joined(numbers, _times(formula, base * share, line, period, facts))
    derived = _joined(numbers, _times(f"{area} × {norm}", base, line, period, facts))
    derived.notes.append("Последний множитель — площадь общего имущества на площадь всех помещений дома.")
    return derived


def _formula(line: Line, period: Period, facts: Facts) -> Derived:
    """The organisation's formula with numbers in it; only the fraction when they are not known."""
    made = None if facts.formula is None else told(facts.formula, line.volume / MICRO, period)
    return made or _exact(line, period, facts)


_LEAVES: dict[Basis, Leaf] = {
    Basis.FORMULA: _formula,
    Basis.METER: _meter,
    Basis.LATE_READING: _late,
    Basis.CHECK: check,
    Basis.CHECK_ROOM: check_room,
    **dict.fromkeys(
        (
            Basis.AVERAGE_FAULT,
            Basis.AVERAGE_SILENT,
            Basis.AVERAGE_REFUSED,
            Basis.AVERAGE_SUPPLIER,
            Basis.AVERAGE_NONRESIDENTIAL,
        ),
        _average,
    ),
    **dict.fromkeys(
        (
            Basis.NORM_FAULT,
            Basis.NORM_SILENT,
            Basis.NORM_REFUSED,
            Basis.NORM_RAISED,
            Basis.NORM,
            Basis.NORM_FAULT_PLAIN,
            Basis.SEWERAGE_NORM,
        ),
        _norm,
    ),
    Basis.NORM_TEMPORARY: _temporary,
    Basis.CONTRACT: _contract,
    Basis.RANGE: _range,
    Basis.FLAT_METER: _flat,
    Basis.FLAT_ROOM_METER: _flat,
    Basis.SUM_OF_WATERS: _waters,
    Basis.HEAT_NORM: _by_area_norm,
    Basis.HEAT_NORM_UNIFORM: _heat_uniform,
    Basis.HEAT_HOUSE: _share_of_house,
    Basis.HEAT_HOUSE_METERED: _heat_metered,
    Basis.HEAT_HOUSE_UNMETERED: _heat_unmetered,
    Basis.HEAT_HOUSE_ALL_METERED: _heat_metered,
    Basis.HEAT_FAILED: failed(_share_of_house),
    Basis.HEAT_FAILED_METERED: failed(_heat_metered),
    Basis.HEAT_FAILED_UNMETERED: failed(_heat_unmetered),
    Basis.AREA: _by_area,
    Basis.WASTE_PERSONS: _waste_people,
    Basis.WASTE_OWNERS: _waste_people,
    Basis.WASTE_AREA: _waste_area,
    Basis.FIXED: _fixed,
    Basis.PERSONS: _fixed,
    Basis.COMMON_NORM: _common_norm,
    Basis.COMMON_ACTUAL: _share_of_house,
    Basis.COMMON_CARRIED: carried(_share_of_house),
    Basis.COMMON_CAP: capped(_common_norm),
    Basis.COMMON_AVERAGE: year_average,
    Basis.HOUSE_NORM: _common_norm,
    Basis.HOUSE_ACTUAL: _share_of_house,
    Basis.HOUSE_CAP: capped(_common_norm),
    Basis.ROOM_NORM: room,
    Basis.ROOM_ACTUAL: room,
    Basis.ROOM_CAP: capped(room),
    **dict.fromkeys(SHARES, share),
    **YEARS,
    Basis.COMMON_YEAR_FIX: common_year_fix,
    Basis.ABSENCE: absence(_temporary),
    Basis.NOT_SUPPLIED: not_supplied,
    Basis.COLD_FOR_HOT: cold_for_hot,
    Basis.MANUAL: manual,
    **dict.fromkeys(UNAUTHORISED, unauthorised),
    **dict.fromkeys((Basis(code) for code in BENEFITS | COMPENSATIONS), benefit),
    Basis.RENT: rent,
}
