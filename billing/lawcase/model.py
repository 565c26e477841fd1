"""A law case as data: the loader makes it of YAML, the builder turns it into columns, the runner compares.

Quantities are integers at the scales of billing.quantity; last days are included («по 15.03» = to its end).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from fractions import Fraction

from billing.heat_past import YearKnown
from billing.history import ZERO, MeterFacts, Values
from billing.lawcase.instalment import InstalmentSpec
from billing.lawcase.load_penalty import PenaltySpec
from billing.lawcase.overdue import OverdueSpec
from billing.lawcase.subsidy import SubsidySpec
from billing.parked import Reason
from billing.period import Period


@dataclass(frozen=True, slots=True)
class Step:
    """A value in force from a day on (None = since ever); value None = there is none from that day."""

    since: dt.date | None
    value: int | None


@dataclass(frozen=True, slots=True)
class NormStep:
    """A norm from a day on, for a number of rooms and persons (None = any)."""

    since: dt.date | None
    value: int | None
    rooms: int | None = None
    persons: int | None = None


@dataclass(frozen=True, slots=True)
class Law:
    """Values of the case: tariffs by (service, component), norms by (service, kind), coefficients by key."""

    tariffs: dict[tuple[int, int], tuple[Step, ...]] = field(default_factory=dict)
    tariffs_nonresidential: dict[tuple[int, int], tuple[Step, ...]] = field(default_factory=dict)
    norms: dict[tuple[int, str], tuple[NormStep, ...]] = field(default_factory=dict)
    coefficients: dict[str, tuple[Step, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stay:
    """People from a day to a day, both included; None = open."""

    count: int
    first: dt.date | None = None
    last: dt.date | None = None


@dataclass(frozen=True, slots=True)
class ActSpec:
    """An act under п. 62: found on a day, for [first, after); billed in earlier months of the stretch."""

    service: int
    way: int
    found: dt.date
    first: dt.date
    after: dt.date
    capacity: int = 0
    billed: int = 0


@dataclass(frozen=True, slots=True)
class AbsenceSpec:
    """People who left on a day and came back on another; both days are not counted."""

    left: dt.date
    back: dt.date
    count: int = 1
    forced: bool = False


@dataclass(frozen=True, slots=True)
class TroubleSpec:
    """A break or bad quality of a service, from a minute to a minute; measures in tenths."""

    service: int
    trouble: int
    first: dt.datetime
    after: dt.datetime
    value: int = 0
    limit: int = 0
    marks: int = 0


@dataclass(frozen=True, slots=True)
class BenefitSpec:
    """A льгота of a person of the account from a day to a day, both included. permille 0 = as its ground."""

    ground: str
    person: int = 1
    permille: int = 0
    in_document: bool = True
    first: dt.date | None = None
    last: dt.date | None = None


@dataclass(frozen=True, slots=True)
class YearSpec:
    """Last year of heat paid evenly: kopecks and micro-Gcal charged; cost: Σ volume of the house × tariff."""

    billed: int
    cost: int
    volume: int = 0


@dataclass(frozen=True, slots=True)
class CommonSpec:
    """Common needs of a house: micro-units ≤ 0 of months before; last year's volume and its known months."""

    carried: int = 0
    year: int = 0
    months: int = 0


@dataclass(frozen=True, slots=True)
class MeterSpec:
    """An individual meter. window, when given, replaces what the history of readings would yield."""

    service: int
    zones: int
    facts: MeterFacts
    supplier_duty: bool = False
    common: bool = False  # the meter of the whole communal flat
    billed: Values = ZERO
    window: tuple[Values, int] | None = None
    on_change: tuple[dt.date, Values] | None = None  # a reading taken on the day a tariff changes
    heat_year: int | None = None  # volume of last calendar year, of a meter of heat


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed meter of heat of the house: its month (1, 2 …) and the average window before it."""

    month: int
    volume: int
    months: int


@dataclass(frozen=True, slots=True)
class HouseMeterSpec:
    """ОДПУ: volume of the month by zone, None when its reading is missing."""

    zones: int
    volume: Values | None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Volume:
    """Expected volume in natural units; decimals given = compare after rounding half up to so many."""

    value: Fraction
    decimals: int | None = None


@dataclass(frozen=True, slots=True)
class ExpectedLine:
    """A line the law asks for. None = not compared."""

    service: int
    component: int
    basis: int
    amount_kopecks: int
    surcharge_kopecks: int = 0
    volume: Volume | None = None
    rate: int | None = None
    first_day: int | None = None
    days: int | None = None


@dataclass(frozen=True, slots=True)
class ExpectedParking:
    """The account must be parked: why, and for which service (None = not compared)."""

    reason: Reason
    service: int | None = None


@dataclass(frozen=True, slots=True)
class Expectation:
    """All lines of the account but those of `ignored` services, or its parking."""

    lines: tuple[ExpectedLine, ...] = ()
    parked: ExpectedParking | None = None
    ignored: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class AccountSpec:
    """An account of the house of a case. heated_area_dm2 None = the whole area is heated."""

    name: str
    kind: int = 0
    flat: str = ""  # rooms with one name stand in one communal flat
    share: tuple[int, int] | None = None  # of a divided premises; its accounts have one name of a flat
    by_people: frozenset[int] = frozenset()  # services split by people, at the account that has the area
    rooms: int = 1
    area: tuple[Step, ...] = ()
    living_area_dm2: int | None = None
    heated_area_dm2: int | None = None
    residents: tuple[Stay, ...] = ()
    temporary: tuple[Stay, ...] = ()
    owners: int = 1
    opened: dt.date | None = None
    closed: dt.date | None = None
    meter_impossible: frozenset[int] = frozenset()
    services: frozenset[int] | None = None  # None = those of the house
    meters: tuple[MeterSpec, ...] = ()
    absences: tuple[AbsenceSpec, ...] = ()
    troubles: tuple[TroubleSpec, ...] = ()
    benefits: tuple[BenefitSpec, ...] = ()
    acts: tuple[ActSpec, ...] = ()
    heat_last_year: YearSpec | None = None
    distributors: tuple[int, int] | None = None  # units of last year in micro-units, kopecks charged for it
    common_last_year: dict[int, YearSpec] = field(default_factory=dict)
    expect: Expectation | None = None


@dataclass(frozen=True, slots=True)
class HouseSpec:
    """A whole house with its law values and all its accounts. Areas None = nobody wrote them down."""

    law: Law
    services: frozenset[int]
    methods: dict[int, int]
    accounts: tuple[AccountSpec, ...]
    area_total_dm2: int | None = None
    area_common_dm2: int | None = None
    heating_uniform: bool = False
    house_meters: dict[int, HouseMeterSpec] = field(default_factory=dict)
    heat_year: tuple[YearKnown, int] | None = None  # last year by the house's meters of heat, with its volume
    common_past: dict[int, CommonSpec] = field(default_factory=dict)
    troubles: tuple[TroubleSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One case: what it is about, its month, its house. Expectations stand at the accounts.

    A case about a penalty, a subsidy, instalments or the overdue process has its story in the field of that
    name and an empty house.
    """

    file: str
    line: int
    name: str
    period: Period
    house: HouseSpec
    clause: str = ""
    note: str = ""
    covers: tuple[str, ...] = ()
    source_wrong: str = ""
    penalty: PenaltySpec | None = None
    subsidy: SubsidySpec | None = None
    instalment: InstalmentSpec | None = None
    overdue: OverdueSpec | None = None
