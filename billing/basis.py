"""How a volume was found: rows of the decision table (law.md § 2.2) and of the other formulas, with clause
and words.

The number is stored in `lines.basis`; `a` and `b` of a line are the operands named here, so that the volume
can be derived again from the line alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Basis(IntEnum):
    """Methods.

    1–11: rows of the table; +40: the same row with owners counted instead of residents (row 11).
    """

    METER = 1  # row 1
    AVERAGE_FAULT = 2
    NORM_FAULT = 3
    AVERAGE_SILENT = 4
    NORM_SILENT = 5
    AVERAGE_REFUSED = 6
    NORM_REFUSED = 7
    NORM_RAISED = 8  # no meter though possible
    NORM = 9  # a meter is impossible, or the service has no K
    AVERAGE_SUPPLIER = 10
    NORM_FAULT_PLAIN = 12  # under 3 months of data for the average (fault, silence, refusal): norm without K
    LATE_READING = 13  # difference of readings less volumes billed meanwhile
    AVERAGE_NONRESIDENTIAL = 14
    NORM_TEMPORARY = 15
    CONTRACT = 16  # non-residential premises without a usable meter: volume of the contract
    SUM_OF_WATERS = 20
    SEWERAGE_NORM = 21
    HEAT_NORM = 30  # ф. 2
    HEAT_NORM_UNIFORM = 31  # ф. 2(1)
    HEAT_HOUSE = 32  # ф. 3, nobody has meters
    HEAT_HOUSE_METERED = 33  # ф. 3(1), this one has a meter
    HEAT_HOUSE_UNMETERED = 34  # ф. 3(1), this one has none
    HEAT_HOUSE_ALL_METERED = 35  # ф. 3(3)
    NORM_FAULT_OWNERS = 43
    NORM_SILENT_OWNERS = 45
    NORM_REFUSED_OWNERS = 47
    NORM_RAISED_OWNERS = 48
    NORM_OWNERS = 49
    NORM_FAULT_PLAIN_OWNERS = 52
    SEWERAGE_NORM_OWNERS = 61
    AREA = 70
    WASTE_PERSONS = 71
    WASTE_AREA = 72
    WASTE_OWNERS = 73
    FIXED = 74
    PERSONS = 75  # a sum a person, services of organisations
    COMMON_NORM = 80
    COMMON_ACTUAL = 81


OWNERS = 40  # BASIS + OWNERS when nobody lives and the owners are counted


@dataclass(frozen=True, slots=True)
class BasisInfo:
    """Short words for a table cell, clause, and what `a` and `b` of the line hold."""

    words: str
    clause: str
    a: str
    b: str


_METER = ("показание в начале, micro", "показание в конце, micro")
_AVERAGE = ("объём за окно, micro", "месяцев в окне")
_NORM = ("человеко-дней", "норматив, micro на человека")

BASIS: dict[Basis, BasisInfo] = {
    Basis.METER: BasisInfo("по счётчику", "ПП 354, п. 42, прил. 2, ф. 1", *_METER),
    Basis.AVERAGE_FAULT: BasisInfo(
        "по среднему: счётчик неисправен или не поверен", "ПП 354, п. 59, пп. «а»", *_AVERAGE
    ),
    Basis.NORM_FAULT: BasisInfo(
        "по нормативу с К: счётчик неисправен дольше 3 месяцев", "ПП 354, п. 60", *_NORM
    ),
    Basis.AVERAGE_SILENT: BasisInfo(
        "по среднему: показание не передано", "ПП 354, п. 59, пп. «б»", *_AVERAGE
    ),
    Basis.NORM_SILENT: BasisInfo("по нормативу: показаний нет дольше 3 месяцев", "ПП 354, п. 60", *_NORM),
    Basis.AVERAGE_REFUSED: BasisInfo(
        "по среднему: нет доступа к счётчику", "ПП 354, п. 59, пп. «в»", *_AVERAGE
    ),
    Basis.NORM_REFUSED: BasisInfo("по нормативу с К: нет доступа к счётчику", "ПП 354, п. 60(1)", *_NORM),
    Basis.NORM_RAISED: BasisInfo(
        "по нормативу с К: счётчика нет, поставить можно", "ПП 354, п. 42, прил. 2, ф. 4(1)", *_NORM
    ),
    Basis.NORM: BasisInfo("по нормативу", "ПП 354, п. 42, прил. 2, ф. 4", *_NORM),
    Basis.AVERAGE_SUPPLIER: BasisInfo(
        "по среднему до замены счётчика поставщиком", "ПП 354, п. 59, пп. «г»", *_AVERAGE
    ),
    Basis.NORM_FAULT_PLAIN: BasisInfo(
        "по нормативу: мало данных для среднего", "ПП 354, п. 59, п. 60", *_NORM
    ),
    Basis.LATE_READING: BasisInfo(
        "по счётчику за вычетом начисленного без показаний", "ПП 354, п. 42, п. 59", *_METER
    ),
    Basis.AVERAGE_NONRESIDENTIAL: BasisInfo("по среднему, нежилое помещение", "ПП 354, п. 43", *_AVERAGE),
    Basis.NORM_TEMPORARY: BasisInfo("временно проживающие, по нормативу", "ПП 354, п. 56, 57", *_NORM),
    Basis.CONTRACT: BasisInfo(
        "по договору: нежилое помещение", "ПП 354, п. 43", "дней", "объём по договору за месяц, micro"
    ),
    Basis.SUM_OF_WATERS: BasisInfo(
        "сумма холодной и горячей воды", "ПП 354, п. 42", "объём ХВС, micro", "объём ГВС, micro"
    ),
    Basis.SEWERAGE_NORM: BasisInfo("по нормативу водоотведения", "ПП 354, п. 42, прил. 2, ф. 4", *_NORM),
    Basis.HEAT_NORM: BasisInfo(
        "по нормативу на м²", "ПП 354, прил. 2, ф. 2", "площадь × дней, дм²", "норматив, micro на м²"
    ),
    Basis.HEAT_NORM_UNIFORM: BasisInfo(
        "по нормативу равными долями",
        "ПП 354, прил. 2, ф. 2(1)",
        "площадь × дней, дм²",
        "норматив, micro на м²",
    ),
    Basis.HEAT_HOUSE: BasisInfo(
        "по счётчику дома", "ПП 354, прил. 2, ф. 3", "объём дома, micro", "площадь, дм²"
    ),
    Basis.HEAT_HOUSE_METERED: BasisInfo(
        "по счётчикам квартиры и дома",
        "ПП 354, прил. 2, ф. 3(1)",
        "объём дома, micro",
        "объём квартиры, micro",
    ),
    Basis.HEAT_HOUSE_UNMETERED: BasisInfo(
        "по среднему квартир со счётчиками и счётчику дома",
        "ПП 354, прил. 2, ф. 3(1), 3(7)",
        "объём дома, micro",
        "площадь, дм²",
    ),
    Basis.HEAT_HOUSE_ALL_METERED: BasisInfo(
        "по счётчикам квартиры и дома",
        "ПП 354, прил. 2, ф. 3(3)",
        "объём дома, micro",
        "объём квартиры, micro",
    ),
    Basis.AREA: BasisInfo("по площади", "ЖК РФ, ст. 156, 169", "площадь × дней, дм²", "дней"),
    Basis.WASTE_PERSONS: BasisInfo(
        "по числу проживающих",
        "ПП 354, п. 148(30), прил. 2, ф. 9(1)",
        "человеко-дней",
        "норматив на год, micro",
    ),
    Basis.WASTE_AREA: BasisInfo(
        "по площади", "ПП 354, п. 148(30), прил. 2, ф. 9(2)", "площадь × дней, дм²", "норматив на год, micro"
    ),
    Basis.WASTE_OWNERS: BasisInfo(
        "по числу собственников: никто не проживает",
        "ПП 354, п. 148(36), прил. 2, ф. 9(1)",
        "человеко-дней",
        "норматив на год, micro",
    ),
    Basis.FIXED: BasisInfo("твёрдая сумма", "договор", "дней", "дней в месяце"),
    Basis.PERSONS: BasisInfo("по числу проживающих", "договор", "человеко-дней", "дней в месяце"),
    Basis.COMMON_NORM: BasisInfo(
        "норматив на общее имущество",
        "ЖК РФ, ст. 156, ч. 9.2; ПП 491, п. 29",
        "площадь, дм²",
        "норматив, micro на м²",
    ),
    Basis.COMMON_ACTUAL: BasisInfo(
        "по счётчику дома", "ПП 491, п. 29(1), 29(2)", "объём СОИ дома, micro", "площадь, дм²"
    ),
}


def info(basis: int) -> BasisInfo:
    """Words and clause of a stored basis; the owners' variants take those of their row with a note."""
    if basis in BASIS:
        return BASIS[Basis(basis)]
    plain = BASIS[Basis(basis - OWNERS)]
    return BasisInfo(f"{plain.words}; по числу собственников", f"{plain.clause}; п. 56(2)", plain.a, plain.b)
