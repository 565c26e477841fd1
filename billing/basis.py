"""How a volume was found: rows of the decision table (law.md § 2.2) and of the other formulas, with clause
and words.

The number is stored in `lines.basis`; `a` and `b` of a line are the operands named here, so that the volume
can be derived again from the line alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from billing.basis_codes import OWNERS as OWNERS
from billing.basis_codes import Basis as Basis


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
_ROOM = ("ПП 354, п. 44, 50, прил. 2, ф. 16, 17", "человеко-дней комнаты", "человеко-дней квартиры")

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
    Basis.CHECK: BasisInfo("по акту проверки счётчика: разность показаний", "ПП 354, п. 61", *_METER),
    Basis.CHECK_ROOM: BasisInfo(
        "по акту проверки счётчика коммунальной квартиры",
        "ПП 354, п. 61, прил. 2, ф. 7, 9",
        "разность квартиры без комнат, micro",
        "разность счётчика комнаты, micro",
    ),
    Basis.AVERAGE_NONRESIDENTIAL: BasisInfo("по среднему, нежилое помещение", "ПП 354, п. 43", *_AVERAGE),
    Basis.NORM_TEMPORARY: BasisInfo("временно проживающие, по нормативу", "ПП 354, п. 56, 57", *_NORM),
    Basis.CONTRACT: BasisInfo(
        "по договору: нежилое помещение", "ПП 354, п. 43", "дней", "объём по договору за месяц, micro"
    ),
    Basis.TAMPERING: BasisInfo(
        "вмешательство в счётчик: норматив × 10 за вычетом начисленного",
        "ПП 354, п. 62",
        "человеко-месяцев × 377 580",
        "норматив, micro на человека",
    ),
    Basis.CONNECTION: BasisInfo(
        "несанкционированное подключение: мощность круглые сутки", "ПП 354, п. 62", "часов", "micro в час"
    ),
    Basis.CONNECTION_NORM: BasisInfo(
        "несанкционированное подключение: норматив × 10",
        "ПП 354, п. 62",
        "человеко-месяцев × 377 580",
        "норматив, micro на человека",
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
    Basis.HEAT_YEAR: BasisInfo(
        "равными долями по прошлому году счётчика дома",
        "ПП 354, прил. 2, ф. 3(2)",
        "объём дома за прошлый год, micro",
        "площадь, дм²",
    ),
    Basis.HEAT_YEAR_METERED: BasisInfo(
        "равными долями по прошлому году счётчиков квартиры и дома",
        "ПП 354, прил. 2, ф. 3(4)",
        "объём дома за прошлый год, micro",
        "объём квартиры за прошлый год, micro",
    ),
    Basis.HEAT_YEAR_UNMETERED: BasisInfo(
        "равными долями по прошлому году квартир со счётчиками и дома",
        "ПП 354, прил. 2, ф. 3(4)",
        "объём дома за прошлый год, micro",
        "площадь, дм²",
    ),
    Basis.HEAT_FAILED: BasisInfo(
        "по среднему: счётчик дома неисправен",
        "ПП 354, п. 59(1), прил. 2, ф. 3",
        "средний объём дома, micro",
        "площадь, дм²",
    ),
    Basis.HEAT_FAILED_METERED: BasisInfo(
        "по счётчику квартиры и среднему неисправного счётчика дома",
        "ПП 354, п. 59(1), прил. 2, ф. 3(1), 3(3)",
        "средний объём дома, micro",
        "объём квартиры, micro",
    ),
    Basis.HEAT_FAILED_UNMETERED: BasisInfo(
        "по среднему квартир со счётчиками и неисправного счётчика дома",
        "ПП 354, п. 59(1), прил. 2, ф. 3(1), 3(7)",
        "средний объём дома, micro",
        "площадь, дм²",
    ),
    Basis.FLAT_METER: BasisInfo(
        "по общему счётчику квартиры, на человека",
        "ПП 354, прил. 2, ф. 7",
        "объём квартиры, micro",
        "человеко-дней комнаты",
    ),
    Basis.FLAT_ROOM_METER: BasisInfo(
        "по счётчикам комнат и общему счётчику квартиры",
        "ПП 354, прил. 2, ф. 9",
        "объём квартиры, micro",
        "объём комнаты, micro",
    ),
    Basis.HOUSE_NORM: BasisInfo(
        "ОДН по нормативу",
        "ПП 354, п. 44, прил. 2, ф. 10, 15",
        "площадь, дм²",
        "норматив, micro на м²",
    ),
    Basis.HOUSE_ACTUAL: BasisInfo(
        "ОДН по счётчику дома",
        "ПП 354, п. 44, прил. 2, ф. 10, 12",
        "объём ОДН дома, micro",
        "площадь, дм²",
    ),
    Basis.ROOM_NORM: BasisInfo("ОДН по нормативу, комната по числу проживающих", *_ROOM),
    Basis.ROOM_ACTUAL: BasisInfo("ОДН по счётчику дома, комната по числу проживающих", *_ROOM),
    Basis.ROOM_CAP: BasisInfo(
        "ОДН по счётчику дома, не больше норматива, комната по числу проживающих", *_ROOM
    ),
    Basis.HEAT_YEAR_FIX: BasisInfo(
        "корректировка за прошлый год",
        "ПП 354, п. 42(1), прил. 2, ф. 3(2), 3(4)",
        "стоимость года, коп.",
        "начислено за год, коп.",
    ),
    Basis.HEAT_YEAR_VOLUME: BasisInfo(
        "корректировка объёма за прошлый год",
        "ПП 354, п. 42(1), прил. 2, ф. 3(2), 3(4)",
        "объём года, micro",
        "начисленный объём года, micro",
    ),
    Basis.DISTRIBUTORS: BasisInfo(
        "корректировка за прошлый год по распределителям",
        "ПП 354, п. 42(1), прил. 2, ф. 6",
        "доля квартиры за год, коп.",
        "начислено за год, коп.",
    ),
    Basis.BOILER_HEAT: BasisInfo(
        "по топливу котельной дома",
        "ПП 354, п. 54, прил. 2, ф. 18",
        "топлива на отопление дома, micro",
        "площадь, дм²",
    ),
    Basis.BOILER_METERED: BasisInfo(
        "по топливу котельной дома и счётчику тепла",
        "ПП 354, п. 54, прил. 2, ф. 18",
        "топлива на отопление дома, micro",
        "тепла квартиры, micro",
    ),
    Basis.BOILER_UNMETERED: BasisInfo(
        "по топливу котельной дома и среднему квартир со счётчиками тепла",
        "ПП 354, п. 54, прил. 2, ф. 18",
        "топлива на отопление дома, micro",
        "площадь, дм²",
    ),
    Basis.BOILER_WATER: BasisInfo(
        "по топливу котельной дома",
        "ПП 354, п. 54, прил. 2, ф. 20, 20(1)",
        "топлива на горячую воду дома, micro",
        "горячей воды квартиры, micro",
    ),
    Basis.HOUSE_CAP: BasisInfo(
        "ОДН по счётчику дома, не больше норматива",
        "ПП 354, п. 44, прил. 2, ф. 10, 12, 15",
        "площадь, дм²",
        "норматив, micro на м²",
    ),
    Basis.RANGE: BasisInfo(
        "по диапазону потребления",
        "ПП 1178: диапазоны потребления; ПП 354, прил. 2, ф. 1",
        "объём зоны, micro",
        "объём месяца, micro",
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
    Basis.RENT: BasisInfo(
        "по площади и коэффициентам качества и платы",
        "ЖК РФ, ст. 156, ч. 3; приказ 668/пр",
        "площадь × дней, дм²",
        "Кж и Кс, permille",
    ),
    Basis.FORMULA: BasisInfo(
        "по формуле организации", "договор: формула организации", "номер формулы", "отпечаток её чисел"
    ),
    Basis.COMMON_NORM: BasisInfo(
        "норматив на общее имущество",
        "ЖК РФ, ст. 156, ч. 9.2; ПП 491, п. 29",
        "площадь, дм²",
        "норматив, micro на м²",
    ),
    Basis.COMMON_ACTUAL: BasisInfo(
        "по счётчику дома", "ПП 491, п. 29(1), 29(2)", "объём СОИ дома, micro", "площадь, дм²"
    ),
    Basis.COMMON_CARRIED: BasisInfo(
        "по счётчику дома за вычетом остатка прошлых месяцев",
        "ПП 491, п. 29(1), 29(2); ПП 124, п. 21(1)",
        "объём СОИ дома, micro",
        "площадь, дм²",
    ),
    Basis.COMMON_CAP: BasisInfo(
        "по счётчику дома, не больше норматива",
        "ПП 491, п. 29(2); ПП 354, п. 44",
        "площадь, дм²",
        "норматив, micro на м²",
    ),
    Basis.COMMON_AVERAGE: BasisInfo(
        "по среднему за прошлый год",
        "ПП 491, п. 29(2)",
        "объём СОИ дома за прошлый год, micro",
        "площадь, дм²",
    ),
    Basis.COMMON_YEAR_FIX: BasisInfo(
        "корректировка за прошлый год",
        "ПП 491, п. 29(2), 29(3); ЖК РФ, ст. 156, ч. 9.2",
        "стоимость года, коп.",
        "начислено за год, коп.",
    ),
    Basis.ABSENCE: BasisInfo(
        "временное отсутствие",
        "ПП 354, раздел VIII, п. 86–91; ТКО — п. 148(44)",
        "человеко-дней отсутствия",
        "норматив, micro на человека",
    ),
    Basis.NOT_SUPPLIED: BasisInfo(
        "не поставленный за время перерыва объём", "ПП 354, п. 99, 100", "минут перерыва", "дней строки"
    ),
    Basis.BREAK: BasisInfo(
        "перерыв дольше допустимого",
        "ПП 354, п. 98, прил. 1, п. 1, 4, 8, 9, 11, 14",
        "минут сверх допустимых",
        "доля платы за час, micro",
    ),
    Basis.AIR: BasisInfo(
        "температура воздуха в помещении",
        "ПП 354, п. 98, прил. 1, п. 15",
        "минут × десятых градуса",
        "доля платы за час и градус, micro",
    ),
    Basis.HOT_WATER_COOL: BasisInfo(
        "горячая вода холоднее 60 °C",
        "ПП 354, п. 98, прил. 1, п. 5",
        "минут × полных трёх градусов",
        "доля платы за час, micro",
    ),
    Basis.PRESSURE: BasisInfo(
        "давление отличается до 25 %",
        "ПП 354, п. 98, прил. 1, п. 3, 7, 13",
        "минут",
        "доля платы за час, micro",
    ),
    Basis.VOLTAGE: BasisInfo(
        "напряжение или частота не по норме",
        "ПП 354, п. 98, прил. 1, п. 10",
        "минут",
        "доля платы за час, micro",
    ),
    Basis.NO_CHARGE_DAYS: BasisInfo(
        "дни, за которые плата не начисляется",
        "ПП 354, п. 98, прил. 1, п. 2, 3, 6, 7, 12, 13, 16",
        "дней",
        "дней в месяце",
    ),
    Basis.WASTE_LATE: BasisInfo(
        "ТКО вывезли позже срока",
        "ПП 354, п. 98, прил. 1, п. 17",
        "полных суток сверх допустимого",
        "доля платы за сутки, micro",
    ),
    Basis.HOT_AS_COLD: BasisInfo(
        "горячая вода холоднее 40 °C: снято за эти часы",
        "ПП 354, п. 101, прил. 1, п. 5",
        "минут",
        "минут в месяце",
    ),
    Basis.COLD_FOR_HOT: BasisInfo(
        "горячая вода холоднее 40 °C: по цене холодной",
        "ПП 354, п. 101, прил. 1, п. 5",
        "минут",
        "минут в месяце",
    ),
    Basis.DIVIDED_BY_SHARE: BasisInfo(
        "остаток копейки при разделе по долям",
        "ЖК РФ, ст. 155, 158; ГК РФ, ст. 249; Пленум ВС РФ № 22, п. 27",
        "доля счёта, частей",
        "частей всего",
    ),
    Basis.DIVIDED_BY_PEOPLE: BasisInfo(
        "остаток копейки при разделе по проживающим",
        "ГК РФ, ст. 247, 249; Пленум ВС РФ № 22, п. 27: соглашение или решение суда",
        "человеко-дней счёта",
        "человеко-дней помещения",
    ),
    Basis.MANUAL: BasisInfo("ручная корректировка", "документ-основание", "знак", "—"),
}
RENT_BITS = 16
BENEFICIARIES_MAX = 8  # of one account
BENEFITS = frozenset(range(Basis.BENEFIT_1, Basis.BENEFIT_1 + BENEFICIARIES_MAX))
COMPENSATIONS = frozenset(range(Basis.COMPENSATION_1, Basis.COMPENSATION_1 + BENEFICIARIES_MAX))
_OF_BENEFIT = ("ЖК РФ, ст. 159, 160; закон о льготе", "начислено и предел на человека", "льгота, доли и дни")
BASIS |= {Basis(code): BasisInfo("льгота", *_OF_BENEFIT) for code in BENEFITS}
BASIS |= {Basis(code): BasisInfo("льгота деньгами, через соцзащиту", *_OF_BENEFIT) for code in COMPENSATIONS}

# Lines that take off what others charged: never a base of the next reduction.
REDUCTIONS = frozenset(basis for basis in Basis if Basis.ABSENCE <= basis <= Basis.COLD_FOR_HOT)
# Lines by an act about unauthorised use: no consumption of the month, never a base of a reduction.
UNAUTHORISED = frozenset((Basis.TAMPERING, Basis.CONNECTION, Basis.CONNECTION_NORM))
# Yearly corrections of heat and of common needs: no consumption of the month either.
FIXES = frozenset((Basis.HEAT_YEAR_FIX, Basis.HEAT_YEAR_VOLUME, Basis.DISTRIBUTORS, Basis.COMMON_YEAR_FIX))
# Kopecks of the division of a premises among co-owners, which also keep the share: no consumption.
DIVISIONS = frozenset((Basis.DIVIDED_BY_SHARE, Basis.DIVIDED_BY_PEOPLE))
# Lines whose «tariff» is a sum of money and whose «volume» is a share of it.
SHARES = frozenset(
    (
        Basis.BREAK,
        Basis.AIR,
        Basis.HOT_WATER_COOL,
        Basis.PRESSURE,
        Basis.VOLTAGE,
        Basis.NO_CHARGE_DAYS,
        Basis.WASTE_LATE,
        Basis.HOT_AS_COLD,
        Basis.MANUAL,
        Basis.HEAT_YEAR_FIX,
        Basis.DISTRIBUTORS,
        Basis.COMMON_YEAR_FIX,
    )
)
# Whole sums of money: no volume, no share of a charge. Those of a year are differences of two sums.
YEAR_FIXES = frozenset((Basis.HEAT_YEAR_FIX, Basis.DISTRIBUTORS, Basis.COMMON_YEAR_FIX))
SUMS = YEAR_FIXES | {Basis.MANUAL}


def row_of(basis: int) -> Basis:
    """The row of the table without the owners' mark."""
    return Basis(basis if basis in BASIS else basis - OWNERS)


def info(basis: int) -> BasisInfo:
    """Words and clause of a stored basis; the owners' variants take those of their row with a note."""
    if basis in BASIS:
        return BASIS[Basis(basis)]
    plain = BASIS[row_of(basis)]
    return BasisInfo(f"{plain.words}; по числу собственников", f"{plain.clause}; п. 56(2)", plain.a, plain.b)
