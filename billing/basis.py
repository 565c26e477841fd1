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
    TAMPERING = 17  # п. 62: ten norms less what was billed
    CONNECTION = 18  # п. 62: capacity of what was connected, day and night
    CONNECTION_NORM = 19  # п. 62: ten norms, the capacity is not known
    CHECK = 22  # п. 61: what a check read less the last reading used and volumes billed since
    DIVIDED_BY_SHARE = 23  # co-owners: kopecks that make the parts add up, and the share of this account
    DIVIDED_BY_PEOPLE = 24  # the same where utilities are split by people × days
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
    FORMULA = 77  # a formula of the organisation (billing.formula)
    RENT = 76  # of social tenants
    COMMON_NORM = 80
    COMMON_ACTUAL = 81
    HEAT_YEAR = 82  # ф. 3(2): a twelfth of last year, nobody has meters
    HEAT_YEAR_METERED = 83  # ф. 3(4), this one has a meter
    HEAT_YEAR_UNMETERED = 84  # ф. 3(4), this one has none
    HEAT_FAILED = 85  # п. 59(1): the meter of the house failed, its average; nobody has meters
    HEAT_FAILED_METERED = 86
    HEAT_FAILED_UNMETERED = 87
    BOILER_HEAT = 88  # ф. 18: fuel of the house's boiler by area, or by meters of heat
    BOILER_WATER = 89  # ф. 20, 20(1): fuel spent on hot water by its volume
    ABSENCE = 90  # section VIII: what a norm charged for people who were away, taken back
    NOT_SUPPLIED = 91  # п. 99: what a norm charged for the hours of a break
    BREAK = 92  # Annex 1, п. 1, 4, 8, 9, 11, 14: hours above the allowed
    AIR = 93  # п. 15: air in the rooms
    HOT_WATER_COOL = 94  # п. 5
    PRESSURE = 95  # п. 3, 7, 13: off by up to a quarter
    VOLTAGE = 96  # п. 10
    NO_CHARGE_DAYS = 97  # п. 2, 6, 12, 16 and pressure off by more than a quarter
    WASTE_LATE = 98  # п. 17
    HOT_AS_COLD = 99  # п. 5: below 40 °C the hours are taken off …
    COLD_FOR_HOT = 100  # … and charged at the price of cold water
    FLAT_METER = 102  # ф. 7: the common meter of a communal flat by people
    FLAT_ROOM_METER = 103  # ф. 9: and meters in rooms
    HOUSE_NORM = 78  # ОДН under direct management: ф. 10, 15
    HOUSE_ACTUAL = 79  # ф. 10, 12
    COMMON_CARRIED = 62  # by the meter less what months before left below zero
    COMMON_CAP = 106  # by the meter, but not above the norm
    COMMON_AVERAGE = 111  # a month of last year
    COMMON_YEAR_FIX = (
        108  # paid by the norm or an average: what last year should have cost less what was charged
    )
    HOUSE_CAP = 109  # ОДН, not above the norm
    HEAT_YEAR_FIX = 104  # paid evenly: what last year should have cost less what was charged
    HEAT_YEAR_VOLUME = 107  # the same by volumes, at the tariff of the month of the correction
    DISTRIBUTORS = 105  # ф. 6: a flat's part of the year's heat by its distributors less what was charged
    RANGE = 101  # electricity by ranges of consumption, once the month went over the first
    MANUAL = 110  # a sum written by a person with a reason and a ground
    BENEFIT_1 = 112  # a льгота taken off in the bill, one code a person of the account …
    BENEFIT_2 = 113
    BENEFIT_3 = 114
    BENEFIT_4 = 115
    BENEFIT_5 = 116
    BENEFIT_6 = 117
    BENEFIT_7 = 118
    BENEFIT_8 = 119
    COMPENSATION_1 = 120  # … and one paid to the person by the social protection body: nothing comes off
    COMPENSATION_2 = 121
    COMPENSATION_3 = 122
    COMPENSATION_4 = 123
    COMPENSATION_5 = 124
    COMPENSATION_6 = 125
    COMPENSATION_7 = 126
    COMPENSATION_8 = 127


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
    Basis.CHECK: BasisInfo("по акту проверки счётчика: разность показаний", "ПП 354, п. 61", *_METER),
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
        "площадь, дм², или объём квартиры, micro",
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


def info(basis: int) -> BasisInfo:
    """Words and clause of a stored basis; the owners' variants take those of their row with a note."""
    if basis in BASIS:
        return BASIS[Basis(basis)]
    plain = BASIS[Basis(basis - OWNERS)]
    return BasisInfo(f"{plain.words}; по числу собственников", f"{plain.clause}; п. 56(2)", plain.a, plain.b)
