"""A block read one number at a time, the decision table for one meter, and how a line is cut: fractions only.

The base of tests.billing.oracle; shares nothing with the vectorised code but the codes of services and bases.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import groupby

from billing.basis import Basis
from billing.block import Block
from billing.parked import Reason

MISSING = -1
BOILER = 8
FUELS = {3: "fuel_gas", 4: "fuel_electricity"}
NONRESIDENTIAL = 2
COLD, HOT, SEWERAGE, HEATING, ELECTRICITY, GAS, WASTE, UPKEEP, REPAIR = range(1, 10)
FLAT_METHODS = {"area": 2, "fixed": 3, "person": 1, "actual": 5}
K_FROM = {
    COLD: [
        ("2015-01-01", 1100),
        ("2015-07-01", 1200),
        ("2016-01-01", 1400),
        ("2016-07-01", 1500),
        ("2025-12-06", 3000),
    ],
    HOT: [("2015-01-01", 1100), ("2015-07-01", 1200), ("2016-01-01", 1400), ("2016-07-01", 1500)],
}
K_FROM[ELECTRICITY] = K_FROM[HOT]
REGIONAL_K = {COLD: "raise_cold_water", HOT: "raise_hot_water", ELECTRICITY: "raise_electricity"}
NORM_BASES = {
    Basis.NORM_FAULT,
    Basis.NORM_SILENT,
    Basis.NORM_REFUSED,
    Basis.NORM_RAISED,
    Basis.NORM,
    Basis.NORM_FAULT_PLAIN,
}
RAISED = {Basis.NORM_FAULT, Basis.NORM_REFUSED, Basis.NORM_RAISED}
STRENGTH = [
    Basis.NORM_FAULT, Basis.NORM_REFUSED, Basis.NORM_SILENT, Basis.NORM_FAULT_PLAIN, Basis.CONTRACT,
    Basis.AVERAGE_FAULT, Basis.AVERAGE_REFUSED, Basis.AVERAGE_SILENT, Basis.AVERAGE_SUPPLIER,
    Basis.AVERAGE_NONRESIDENTIAL, Basis.LATE_READING, Basis.METER,
]  # fmt: skip

Days = list[Fraction]  # a volume by segments


class CannotError(Exception):
    """The account cannot be charged."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.name)
        self.reason = reason


@dataclass(frozen=True)
class Row:
    """A line as the oracle sees it."""

    account_id: int
    service: int
    component: int
    basis: int
    first_day: int
    days: int
    volume: Fraction
    rate: int
    amount: int
    surcharge: int
    supplier: int


@dataclass
class Used:
    """Volume of a service by component and segment, and how it was found. None of it: not known."""

    parts: dict[int, Days] = field(default_factory=dict)
    temporary: Days | None = None
    basis: int = 0
    by_norm: bool = False
    guests_only: bool = False  # temporary people alone: no line of residents
    checked: Fraction = Fraction(0)  # what checks of meters found

    def total(self) -> Fraction:
        own = sum((sum(days, Fraction(0)) for days in self.parts.values()), Fraction(0))
        return own + sum(self.temporary or [], Fraction(0)) + self.checked


def half_up(value: Fraction) -> int:
    """Half away from zero."""
    magnitude = (2 * abs(value).numerator + value.denominator) // (2 * value.denominator)
    return -magnitude if value < 0 else magnitude


def money(volume_micro: Fraction, rate: int) -> int:
    return half_up(volume_micro * rate / 10**8)


class Book:
    """One block, read one number at a time."""

    def __init__(self, block: Block) -> None:
        self.b = block
        self.segments = range(len(block.days))
        self.month = block.period.days
        self.reasons: dict[int, set[Reason]] = {}
        self.rows: list[Row] = []
        self.use: dict[tuple[int, int], Used | None] = {}

    # ---- reading the block -------------------------------------------------------------------------------

    def supplier(self, service: int, i: int) -> int:
        rows = self.b.services.get(service)
        if rows is None or self.opened(i) == 0:
            return 0
        if i in rows.on.tolist():
            return int(rows.on_supplier[rows.on.tolist().index(i)])
        if i in rows.off.tolist():
            return 0
        return int(rows.supplier[self.house(i)])

    def method(self, service: int, i: int) -> int:
        return int(self.b.services[service].method[self.house(i)])

    def house(self, i: int) -> int:
        return int(self.b.accounts.house[i])

    @cached_property
    def accounts_by_house(self) -> dict[int, list[int]]:
        out: dict[int, list[int]] = {}
        for i in range(len(self.b)):
            out.setdefault(self.house(i), []).append(i)
        return out

    def members(self, house: int) -> list[int]:
        return self.accounts_by_house[house]

    def open_days(self, i: int) -> list[int]:
        return [int(self.b.accounts.open_days[s, i]) for s in self.segments]

    def opened(self, i: int) -> int:
        return sum(self.open_days(i))

    def area(self, i: int) -> list[int]:
        if self.b.accounts.area_dm2[i] <= 0:
            raise CannotError(Reason.NO_AREA)
        return [int(self.b.accounts.area_days[s, i]) for s in self.segments]

    def people(self, i: int) -> list[int]:
        days = [int(self.b.accounts.norm_person_days[s, i]) for s in self.segments]
        if sum(days) == 0:
            raise CannotError(Reason.NO_PEOPLE)
        return days

    def nonresidential(self, i: int) -> bool:
        return int(self.b.accounts.kind[i]) == NONRESIDENTIAL

    def rates(self, service: int, component: int, i: int, population: bool = False) -> list[int]:
        table = self.b.rates.get((service, component))
        if table is None:
            return [MISSING for _ in self.segments]
        consumer = 1 if self.nonresidential(i) and not population else 0
        return [int(table.values[s, consumer, self.house(i)]) for s in self.segments]

    def norms(self, service: int, kind: str, i: int) -> list[int]:
        table = self.b.norms.get((service, kind))
        if table is None:
            return [MISSING for _ in self.segments]
        _, _, rooms, persons = table.values.shape
        r = min(max(int(self.b.accounts.rooms[i]), 1), rooms) - 1
        p = min(max(int(self.b.accounts.persons[i]), 1), persons) - 1
        return [int(table.values[s, table.group[self.house(i)], r, p]) for s in self.segments]

    def needed(self, values: list[int], i: int, reason: Reason = Reason.NO_NORM) -> list[int]:
        """Values with zero on days the account is not open; refuses when one is missing on an open day."""
        opened = self.open_days(i)
        if any(v == MISSING and d > 0 for v, d in zip(values, opened, strict=True)):
            raise CannotError(reason)
        return [max(v, 0) for v in values]

    def coefficient(self, service: int, i: int) -> list[int] | None:
        """K of each segment in permille."""
        if service not in K_FROM:
            return None
        out = []
        for first in self.b.first_day:
            day = self.b.period.first_day + dt.timedelta(days=int(first) - 1)
            out.append([k for since, k in K_FROM[service] if dt.date.fromisoformat(since) <= day][-1])
        regional = self.b.coefficients.get(REGIONAL_K[service])
        if regional is not None:
            own = [int(regional[s, self.house(i)]) for s in self.segments]
            out = [federal if k == MISSING else k for k, federal in zip(own, out, strict=True)]
        return out

    # ---- lines -------------------------------------------------------------------------------------------

    def spread(self, volume: Fraction, i: int) -> Days:
        return [volume * d / self.opened(i) for d in self.open_days(i)]

    def line(
        self,
        service: int,
        component: int,
        i: int,
        basis: int,
        volume: Days,
        rates: list[int] | None = None,
        raising: list[int] | None = None,
        some_days: bool = False,
    ) -> None:
        """One line for each run of segments with one rate on which the account is open."""
        rates = self.rates(service, component, i) if rates is None else rates
        opened = self.open_days(i)
        if not some_days:
            self.needed(rates, i, Reason.NO_TARIFF)
        for rate, group in groupby(self.segments, key=lambda s: rates[s]):
            run = list(group)
            if rate == MISSING or sum(opened[s] for s in run) == 0:
                continue
            of_run = sum((volume[s] for s in run), Fraction(0))
            surcharge = 0
            if raising is not None:
                raised = sum((volume[s] * (raising[s] - 1000) / 1000 for s in run), Fraction(0))
                surcharge = money(raised, rate)
            self.rows.append(
                Row(
                    account_id=int(self.b.accounts.id[i]),
                    service=service,
                    component=component,
                    basis=int(basis),
                    first_day=int(self.b.first_day[run[0]]),
                    days=sum(int(self.b.days[s]) for s in run),
                    volume=of_run,
                    rate=rate,
                    amount=money(of_run, rate),
                    surcharge=surcharge,
                    supplier=self.supplier(service, i),
                )
            )

    # ---- the decision table ------------------------------------------------------------------------------

    @cached_property
    def meters_by_account(self) -> dict[tuple[int, int], list[int]]:
        m = self.b.meters
        out: dict[tuple[int, int], list[int]] = {}
        for k in range(len(m)):
            out.setdefault((int(m.service[k]), int(m.account[k])), []).append(k)
        return out

    def meters(self, service: int, i: int) -> list[int]:
        return self.meters_by_account.get((service, i), [])

    def row_of_table(self, k: int) -> Basis:
        m = self.b.meters
        shop = self.nonresidential(int(m.account[k]))
        enough = int(m.window_months[k]) >= 3
        failed, refused = int(m.failed_month[k]), int(m.refused_month[k])
        if refused == 0 and failed == 0 and m.has_reading[k]:
            return Basis.LATE_READING if m.gap_months[k] > 0 else Basis.METER
        silent = max(int(m.silent_months[k]), 1)
        if shop:
            count = refused or failed or silent
            return Basis.AVERAGE_NONRESIDENTIAL if enough and count <= 2 else Basis.CONTRACT
        little = Basis.NORM_FAULT_PLAIN
        if refused:
            if refused > 3 or m.second_refusal[k]:
                return Basis.NORM_REFUSED
            return Basis.AVERAGE_REFUSED if enough else little
        if failed:
            if m.supplier_duty[k] and int(m.service[k]) == ELECTRICITY:
                return Basis.AVERAGE_SUPPLIER if enough else little
            if failed > 3:
                return Basis.NORM_FAULT
            return Basis.AVERAGE_FAULT if enough else little
        periods = 3 if self.b.period.first_day >= dt.date(2017, 1, 1) else 6
        if silent > periods:
            return Basis.NORM_SILENT
        return Basis.AVERAGE_SILENT if enough else little

    def reading(self, k: int, zone: int) -> Fraction:
        m = self.b.meters
        volume = int(m.end[k, zone]) - int(m.start[k, zone])
        if volume < 0:
            volume += 10 ** int(m.digits[k]) * 10**6
        if m.gap_months[k] > 0:
            volume -= int(m.billed[k, zone])
        return Fraction(volume)

    def by_meters(self, service: int, i: int) -> tuple[Basis | None, dict[int, Fraction]]:
        """The row that decides for the service and volumes by component, empty when it is a norm."""
        meters = self.meters(service, i)
        if not meters:
            return None, {}
        rows = {k: self.row_of_table(k) for k in meters}
        basis = min(rows.values(), key=STRENGTH.index)
        if STRENGTH.index(basis) < STRENGTH.index(Basis.AVERAGE_FAULT):
            return basis, {}
        out: dict[int, Fraction] = {}
        for k in meters:
            zones = int(self.b.meters.zones[k]) if service == ELECTRICITY else 1
            for zone in range(zones):
                if rows[k] in (Basis.METER, Basis.LATE_READING):
                    volume = self.reading(k, zone)
                else:
                    volume = Fraction(int(self.b.meters.window[k, zone]), int(self.b.meters.window_months[k]))
                component = zone + 1 if zones > 1 else 0
                out[component] = out.get(component, Fraction(0)) + volume
        return basis, out

    @cached_property
    def acts_by_account(self) -> dict[tuple[int, int], list[int]]:
        acts = self.b.checked
        out: dict[tuple[int, int], list[int]] = {}
        for k in range(0 if acts is None else len(acts)):
            assert acts is not None
            out.setdefault((int(acts.service[k]), int(acts.account[k])), []).append(k)
        return out

    def found_by_checks(self, service: int, i: int) -> dict[int, Fraction]:
        """What checks read less what had been used and billed, by component."""
        acts, out = self.b.checked, dict[int, Fraction]()
        for k in self.acts_by_account.get((service, i), []):
            assert acts is not None
            zones = int(acts.zones[k]) if service == ELECTRICITY else 1
            turn = 10 ** int(acts.digits[k]) * 10**6
            for zone in range(zones):
                difference = int(acts.value[k, zone]) - int(acts.used[k, zone])
                ways = (difference, difference + turn, difference - turn)
                volume = min(ways, key=abs) - int(acts.billed[k, zone])
                component = zone + 1 if zones > 1 else 0
                out[component] = out.get(component, Fraction(0)) + volume
        return out

    def act_segment(self, service: int, i: int) -> int:
        """The segment of the day of the check."""
        assert self.b.checked is not None
        day = int(self.b.checked.day[self.acts_by_account[service, i][0]])
        return max(s for s in self.segments if int(self.b.first_day[s]) <= day)

    def changes(self, service: int, i: int) -> list[int]:
        """Segments at whose beginning some tariff of the service changes."""
        of = [self.rates(s, component, i) for s, component in self.b.rates if s == service]
        return [s for s in self.segments if s and any(rates[s] != rates[s - 1] for rates in of)]

    def read_on_change(self, service: int, i: int) -> tuple[int, dict[int, Fraction]] | None:
        """The segment that begins with a reading of all meters, and what was used before it by component."""
        m, meters = self.b.meters, self.meters(service, i)
        if m.cut is None or not meters or self.opened(i) != self.month:
            return None
        if any(self.row_of_table(k) != Basis.METER for k in meters):
            return None
        days = {int(m.cut.day[k]) for k in meters}
        firsts = [int(day) for day in self.b.first_day]
        if len(days) != 1 or days <= {0, 1} or not days <= set(firsts):
            return None
        before: dict[int, Fraction] = {}
        for k in meters:
            zones = int(m.zones[k]) if service == ELECTRICITY else 1
            for zone in range(zones):
                used = int(m.cut.value[k, zone]) - int(m.start[k, zone])
                if used < 0:
                    used += 10 ** int(m.digits[k]) * 10**6
                component = zone + 1 if zones > 1 else 0
                if used > self.reading(k, zone):
                    before[component] = Fraction(-1)
                if before.get(component) != -1:
                    before[component] = before.get(component, Fraction(0)) + used
        return firsts.index(days.pop()), before

    def at_the_reading(self, service: int, i: int, component: int, evenly: Days) -> Days:
        """The volume on both sides of a reading of the day the tariff changes, when it changes only then."""
        found = self.read_on_change(service, i)
        if (
            found is None
            or found[1].get(component, Fraction(-1)) == -1
            or self.changes(service, i) != [found[0]]
        ):
            return evenly
        segment, before = found
        out = [Fraction(0) for _ in self.segments]
        out[segment - 1] = before[component]
        out[segment] = sum(evenly, Fraction(0)) - before[component]
        return out

    def norm_basis(self, service: int, i: int, row: Basis | None) -> int:
        basis = row
        if basis is None:
            impossible = int(self.b.accounts.meter_impossible[i]) & (1 << service)
            basis = Basis.NORM if impossible or service not in K_FROM else Basis.NORM_RAISED
        return int(basis) + (40 if self.b.accounts.by_owners[i] else 0)

    def find(self, service: int, i: int) -> Used:
        """Volume of a service; remembers None while it cannot be found."""
        self.use[service, i] = None
        row, parts = self.by_meters(service, i)
        used = Used(basis=int(row or 0))
        if parts:
            used.parts = {c: self.spread(v, i) for c, v in parts.items()}
        elif self.nonresidential(i):
            norm = self.needed(self.norms(service, "contract", i), i)
            days = self.open_days(i)
            used = Used({0: [Fraction(n * d, self.month) for n, d in zip(norm, days, strict=True)]})
            used.basis, used.by_norm = int(Basis.CONTRACT), True
        else:
            self.by_people(used, service, "person", i)
            used.basis = self.norm_basis(service, i, row)
        used.checked = sum(self.found_by_checks(service, i).values(), Fraction(0))
        self.use[service, i] = used
        return used

    def by_people(self, used: Used, service: int, kind: str, i: int, per: int = 1) -> None:
        temporary = [int(self.b.accounts.temporary_days[s, i]) for s in self.segments]
        used.guests_only = any(temporary) and not self.b.accounts.norm_person_days[:, i].any()
        people = [0 for _ in self.segments] if used.guests_only else self.people(i)
        norm = self.needed(self.norms(service, kind, i), i)
        den = self.month * per
        used.parts = {0: [Fraction(p * n, den) for p, n in zip(people, norm, strict=True)]}
        used.by_norm = True
        if any(temporary):
            used.temporary = [Fraction(t * n, den) for t, n in zip(temporary, norm, strict=True)]

    def lines_of(self, service: int, i: int, used: Used) -> None:
        raising = None
        if used.by_norm and Basis(used.basis % 40 if used.basis > 40 else used.basis) in RAISED:
            raising = self.coefficient(service, i)
        for component, evenly in () if used.guests_only else used.parts.items():
            volume = self.at_the_reading(service, i, component, evenly)
            self.line(service, component, i, used.basis, volume, raising=raising)
        if used.temporary is not None:
            self.line(service, 0, i, Basis.NORM_TEMPORARY, used.temporary, raising=raising)
