"""Codes of the ways a volume is found, as `lines.basis` keeps them; words and clauses: billing.basis."""

from __future__ import annotations

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
    CHECK_ROOM = 25  # the same in a communal flat: of the room, and its part of what is left of the flat
    ROOM_NORM = 37  # ОДН of a room of a communal flat, by people: ф. 16, 17; the house by the norm
    ROOM_ACTUAL = 38  # … by its meter
    ROOM_CAP = 39  # … by its meter, not above the norm
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
    BOILER_HEAT = 88  # ф. 18: fuel of the house's boiler by area
    BOILER_METERED = 26  # … by the premises' own meter of heat
    BOILER_UNMETERED = 27  # … by the mean of the metered
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
