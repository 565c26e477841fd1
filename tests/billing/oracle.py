"""The law of the base services told once more, slowly: one account at a time, fractions, no columns.

Written from the Rules apart from the vectorised code and sharing none of it but the codes of services and
bases, so that each proves the other. `bill(block)` gives the lines of every account that can be charged and
the reasons of those that cannot.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import groupby

from billing.basis import Basis
from billing.block import Block
from billing.parked import Reason

MISSING = -1
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

    def total(self) -> Fraction:
        own = sum((sum(days, Fraction(0)) for days in self.parts.values()), Fraction(0))
        return own + sum(self.temporary or [], Fraction(0))


def half_up(value: Fraction) -> int:
    """Half away from zero."""
    magnitude = (2 * abs(value).numerator + value.denominator) // (2 * value.denominator)
    return -magnitude if value < 0 else magnitude


def money(volume_micro: Fraction, rate: int) -> int:
    return half_up(volume_micro * rate / 10**8)


def bill(block: Block) -> tuple[list[Row], dict[int, set[Reason]]]:
    """Lines of accounts that can be charged; account index → reasons for the others."""
    return Oracle(block).all()


class Oracle:
    """One block, read one number at a time."""

    def __init__(self, block: Block) -> None:
        self.b = block
        self.segments = range(len(block.days))
        self.month = block.period.days
        self.reasons: dict[int, set[Reason]] = {}
        self.rows: list[Row] = []
        self.use: dict[tuple[int, int], Used | None] = {}

    def all(self) -> tuple[list[Row], dict[int, set[Reason]]]:
        order = [COLD, HOT, SEWERAGE, ELECTRICITY, GAS, HEATING, WASTE, UPKEEP, REPAIR, 21, 22, 23, 25]
        for service in [*order, *sorted(code for code in self.b.services if code >= 100)]:
            for i in range(len(self.b)):
                if self.supplier(service, i):
                    self.charge(service, i)
        return [row for row in self.rows if self.index(row) not in self.reasons], self.reasons

    @cached_property
    def places(self) -> dict[int, int]:
        return {int(account): i for i, account in enumerate(self.b.accounts.id)}

    def index(self, row: Row) -> int:
        return self.places[row.account_id]

    def charge(self, service: int, i: int) -> None:
        try:
            if service in (COLD, ELECTRICITY):
                self.metered(service, i)
            elif service == HOT:
                self.hot(i)
            elif service == SEWERAGE:
                self.sewerage(i)
            elif service == GAS:
                self.gas(i)
            elif service == HEATING:
                self.heating(i)
            elif service == WASTE:
                self.waste(i)
            elif service in (21, 22, 23, 25):
                self.common(service, i)
            else:
                self.housing(service, i)
        except CannotError as cannot:
            self.reasons.setdefault(i, set()).add(cannot.reason)

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

    def coefficient(self, service: int) -> list[int] | None:
        """K of each segment in permille."""
        if service not in K_FROM:
            return None
        out = []
        for first in self.b.first_day:
            day = self.b.period.first_day + dt.timedelta(days=int(first) - 1)
            out.append([k for since, k in K_FROM[service] if dt.date.fromisoformat(since) <= day][-1])
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
        self.use[service, i] = used
        return used

    def by_people(self, used: Used, service: int, kind: str, i: int, per: int = 1) -> None:
        people = self.people(i)
        norm = self.needed(self.norms(service, kind, i), i)
        den = self.month * per
        used.parts = {0: [Fraction(p * n, den) for p, n in zip(people, norm, strict=True)]}
        used.by_norm = True
        temporary = [int(self.b.accounts.temporary_days[s, i]) for s in self.segments]
        if any(temporary):
            used.temporary = [Fraction(t * n, den) for t, n in zip(temporary, norm, strict=True)]

    def lines_of(self, service: int, i: int, used: Used) -> None:
        raising = None
        if used.by_norm and Basis(used.basis % 40 if used.basis > 40 else used.basis) in RAISED:
            raising = self.coefficient(service)
        for component, volume in used.parts.items():
            self.line(service, component, i, used.basis, volume, raising=raising)
        if used.temporary is not None:
            self.line(service, 0, i, Basis.NORM_TEMPORARY, used.temporary, raising=raising)

    # ---- services ----------------------------------------------------------------------------------------

    def metered(self, service: int, i: int) -> None:
        self.lines_of(service, i, self.find(service, i))

    def hot_rates(self, of: Sequence[list[int]], i: int) -> tuple[list[int], list[int], list[int]]:
        """Rates of the whole, cold and heat parts on the days each is in use."""
        whole, cold, heat = [], [], []
        for w, c, h in zip(*of, strict=True):
            two = c != MISSING and h != MISSING
            whole.append(MISSING if two else w)
            cold.append(c if two else MISSING)
            heat.append(h if two else MISSING)
        self.needed([max(w, c) for w, c in zip(whole, cold, strict=True)], i, Reason.NO_TARIFF)
        return whole, cold, heat

    def heat_norm(self, sources: Sequence[int], i: int, heat: list[int]) -> list[int]:
        out = []
        for s in self.segments:
            values = [
                v for v in (self.norms(service, "heat_per_m3", i)[s] for service in sources) if v != MISSING
            ]
            out.append(values[0] if values else MISSING)
            if heat[s] == MISSING:
                out[-1] = max(out[-1], 0)
        return self.needed(out, i)

    def hot(self, i: int) -> None:
        used = self.find(HOT, i)
        whole, cold, heat = self.hot_rates([self.rates(HOT, c, i) for c in range(3)], i)
        q = self.heat_norm([HOT], i, heat)
        raising = None
        if used.by_norm and Basis(used.basis % 40 if used.basis > 40 else used.basis) in RAISED:
            raising = self.coefficient(HOT)
        for basis, volume in ((used.basis, used.parts[0]), (int(Basis.NORM_TEMPORARY), used.temporary)):
            if volume is None:
                continue
            self.line(HOT, 0, i, basis, volume, whole, raising, some_days=True)
            self.line(HOT, 1, i, basis, volume, cold, raising, some_days=True)
            in_heat = [v * n / 10**6 for v, n in zip(volume, q, strict=True)]
            self.line(HOT, 2, i, basis, in_heat, heat, some_days=True)

    def sewerage(self, i: int) -> None:
        self.use[SEWERAGE, i] = None
        row, parts = self.by_meters(SEWERAGE, i)
        if parts:
            used = Used({0: self.spread(parts[0], i)}, basis=int(row or 0))
            self.use[SEWERAGE, i] = used
            self.lines_of(SEWERAGE, i, used)
            return
        waters = [w for w in (COLD, HOT) if self.supplier(w, i)]
        found = [self.use[w, i] for w in waters]
        norm = self.norms(SEWERAGE, "person", i)
        given = not any(n == MISSING and d > 0 for n, d in zip(norm, self.open_days(i), strict=True))
        by_norm = all(self.by_norm(w, i) for w in waters)
        if given and not self.nonresidential(i) and (by_norm or row is not None):
            used = Used(basis=int(Basis.SEWERAGE_NORM) + (40 if self.b.accounts.by_owners[i] else 0))
            self.by_people(used, SEWERAGE, "person", i)
            self.use[SEWERAGE, i] = used
            self.lines_of(SEWERAGE, i, used)
            return
        if not waters and self.nonresidential(i):
            contract = self.needed(self.norms(SEWERAGE, "contract", i), i)
            opened = self.open_days(i)
            used = Used({0: [Fraction(n * d, self.month) for n, d in zip(contract, opened, strict=True)]})
            used.basis = int(Basis.CONTRACT)
            self.use[SEWERAGE, i] = used
            self.lines_of(SEWERAGE, i, used)
            return
        if not waters:
            raise CannotError(Reason.NO_NORM)
        if any(f is None for f in found):
            return  # parked for the water already
        volume = [Fraction(0) for _ in self.segments]
        for water in found:
            assert water is not None
            for days in [*water.parts.values(), *([water.temporary] if water.temporary else [])]:
                volume = [a + b for a, b in zip(volume, days, strict=True)]
        used = Used({0: volume}, basis=int(Basis.SUM_OF_WATERS))
        self.use[SEWERAGE, i] = used
        self.lines_of(SEWERAGE, i, used)

    def by_norm(self, service: int, i: int) -> bool:
        row, _ = self.by_meters(service, i)
        return row is None or STRENGTH.index(row) < STRENGTH.index(Basis.AVERAGE_FAULT)

    def gas(self, i: int) -> None:
        row, parts = self.by_meters(GAS, i)
        if parts or self.nonresidential(i):
            self.lines_of(GAS, i, self.find(GAS, i))
            return
        opened = self.open_days(i)
        volume = [Fraction(0) for _ in self.segments]
        kinds = {}
        for kind in ("person", "area"):
            norm = self.norms(GAS, kind, i)
            if any(n != MISSING and d > 0 for n, d in zip(norm, opened, strict=True)):
                kinds[kind] = self.needed(norm, i)
        if not kinds:
            raise CannotError(Reason.NO_NORM)
        if "person" in kinds:
            people = self.people(i)
            volume = [Fraction(p * n, self.month) for p, n in zip(people, kinds["person"], strict=True)]
        if "area" in kinds:
            area = self.area(i)
            heated = [Fraction(a * n, 100 * self.month) for a, n in zip(area, kinds["area"], strict=True)]
            volume = [a + b for a, b in zip(volume, heated, strict=True)]
        self.line(GAS, 0, i, self.norm_basis(GAS, i, row), volume)
        temporary = [int(self.b.accounts.temporary_days[s, i]) for s in self.segments]
        if "person" in kinds and any(temporary):
            guests = [Fraction(t * n, self.month) for t, n in zip(temporary, kinds["person"], strict=True)]
            self.line(GAS, 0, i, Basis.NORM_TEMPORARY, guests)

    def waste(self, i: int) -> None:
        method = self.method(WASTE, i)
        if method == FLAT_METHODS["fixed"]:
            self.fixed(WASTE, i)
            return
        if method == FLAT_METHODS["area"]:
            area = self.area(i)
            norm = self.needed(self.norms(WASTE, "waste_year", i), i)
            volume = [Fraction(a * n, 100 * 12 * self.month) for a, n in zip(area, norm, strict=True)]
            self.line(WASTE, 0, i, Basis.WASTE_AREA, volume)
            return
        used = Used()
        self.by_people(used, WASTE, "waste_year", i, per=12)
        owners = bool(self.b.accounts.by_owners[i])
        self.line(WASTE, 0, i, Basis.WASTE_OWNERS if owners else Basis.WASTE_PERSONS, used.parts[0])
        if used.temporary is not None:
            self.line(WASTE, 0, i, Basis.NORM_TEMPORARY, used.temporary)

    def fixed(self, service: int, i: int) -> None:
        volume = [Fraction(d * 10**6, self.month) for d in self.open_days(i)]
        self.line(service, 0, i, Basis.FIXED, volume)

    def housing(self, service: int, i: int) -> None:
        method = self.method(service, i)
        custom = service >= 100
        if service != REPAIR and (
            method == FLAT_METHODS["fixed"]
            or (custom and method not in (FLAT_METHODS["area"], FLAT_METHODS["person"]))
        ):
            self.fixed(service, i)
        elif custom and method == FLAT_METHODS["person"]:
            people = self.people(i)
            self.line(service, 0, i, Basis.PERSONS, [Fraction(p * 10**6, self.month) for p in people])
        else:
            area = self.area(i)
            self.line(service, 0, i, Basis.AREA, [Fraction(a * 10**4, self.month) for a in area])

    # ---- heating -----------------------------------------------------------------------------------------

    def unheated(self, i: int) -> bool:
        return int(self.b.accounts.heated_area_dm2[i]) == 0 and self.opened(i) > 0

    def heating(self, i: int) -> None:
        area = self.area(i)
        house = self.house(i)
        meter = self.b.house_meters.get(HEATING)
        has_meter = meter is not None and bool(meter.has[house])
        if self.b.houses.heating_uniform[house]:
            norm = self.needed(self.norms(HEATING, "area", i), i)
            months = self.b.coefficients.get("heating_months")
            given = [int(months[s, house]) if months is not None else MISSING for s in self.segments]
            k = self.needed(given, i)
            volume = [
                Fraction(a * n * m, 100 * self.month * 12 * 1000)
                for a, n, m in zip(area, norm, k, strict=True)
            ]
            self.line(HEATING, 0, i, Basis.HEAT_NORM_UNIFORM, volume)
        elif has_meter:
            self.heating_by_house(i, area)
        else:
            self.heating_by_norm(i, area)

    def in_season(self, house: int) -> bool:
        season = self.b.coefficients.get("heating_season")
        return season is None or any(int(season[s, house]) != 0 for s in self.segments)

    def heating_by_norm(self, i: int, area: list[int]) -> None:
        house = self.house(i)
        if not self.in_season(house):
            return
        values = self.norms(HEATING, "area", i)
        norm = self.needed(values, i)
        if not any(norm):
            return
        if not any(self.unheated(j) for j in self.members(house) if self.area_days(j)):
            volume = [Fraction(a * n, 100 * self.month) for a, n in zip(area, norm, strict=True)]
            self.line(HEATING, 0, i, Basis.HEAT_NORM, volume)
            return
        days = [int(d) for d in self.b.days]
        house_area = self.house_area(house, i)
        mean = Fraction(sum(max(n, 0) * d for n, d in zip(values, days, strict=True)), self.month)
        volume_of_house = mean * house_area / 100
        self.line(HEATING, 0, i, Basis.HEAT_NORM, self.spread(self.formula_3(i, area, volume_of_house), i))

    def area_known(self, i: int) -> bool:
        return int(self.b.accounts.area_dm2[i]) > 0

    def area_days(self, i: int) -> int:
        return sum(int(self.b.accounts.area_days[s, i]) for s in self.segments)

    def blind(self, house: int) -> bool:
        """An unheated premises of the house whose area nobody wrote down."""
        return any(self.unheated(j) and not self.area_known(j) for j in self.members(house))

    def house_area(self, house: int, i: int) -> int:
        if self.b.houses.area_total_dm2[house] <= 0:
            raise CannotError(Reason.NO_HOUSE_AREA)
        if self.blind(house):
            raise CannotError(Reason.NEIGHBOUR)
        return int(self.b.houses.area_total_dm2[house])

    def formula_3(self, i: int, area: list[int], volume: Fraction) -> Fraction:
        """V_i + S_i / S_об × (V_д − ΣV_i), nobody has meters."""
        house = self.house(i)
        total = Fraction(self.house_area(house, i))
        common = max(int(self.b.houses.area_common_dm2[house]), 0)
        mine = Fraction(sum(area), self.month)
        cold = sum(
            (Fraction(self.area_days(j), self.month) for j in self.members(house) if self.unheated(j)),
            Fraction(0),
        )
        if cold == 0:
            return mine / total * volume
        divided = total - cold + common
        if divided <= 0:
            return Fraction(0)
        per_area = volume / divided
        own = Fraction(0) if self.unheated(i) else mine * per_area
        return own + mine / total * (volume - (total - cold) * per_area)

    def heating_by_house(self, i: int, area: list[int]) -> None:
        house = self.house(i)
        meter = self.b.house_meters[HEATING]
        if not meter.has_reading[house]:
            if self.in_season(house):
                raise CannotError(Reason.NO_HOUSE_READING)
            return
        volume = Fraction(int(meter.volume[house, 0]))
        metered = {j: v for j in self.members(house) if (v := self.heat_meter(j)) is not None}
        if volume == 0 and not metered:
            return
        if not metered:
            self.line(HEATING, 0, i, Basis.HEAT_HOUSE, self.spread(self.formula_3(i, area, volume), i))
            return
        total = Fraction(self.house_area(house, i))
        if any(not self.area_known(j) for j in metered):
            raise CannotError(Reason.NEIGHBOUR)
        served = [j for j in self.members(house) if self.supplier(HEATING, j) and self.area_known(j)]
        cold = sum(
            (Fraction(self.area_days(j), self.month) for j in self.members(house) if self.unheated(j)),
            Fraction(0),
        )
        metered_area = sum((Fraction(self.area_days(j), self.month) for j in metered), Fraction(0))
        mean = sum(metered.values(), Fraction(0)) / metered_area
        everyone = all(j in metered or self.unheated(j) for j in served)
        others = Fraction(0) if everyone else max(total - cold - metered_area, Fraction(0))
        rest = volume - sum(metered.values(), Fraction(0)) - others * mean
        mine = Fraction(sum(area), self.month)
        if i in metered:
            own, basis = metered[i], Basis.HEAT_HOUSE_METERED
        else:
            own, basis = (Fraction(0) if self.unheated(i) else mine * mean), Basis.HEAT_HOUSE_UNMETERED
        if everyone:
            basis = Basis.HEAT_HOUSE_ALL_METERED
        self.line(HEATING, 0, i, basis, self.spread(own + mine / total * rest, i))

    def heat_meter(self, j: int) -> Fraction | None:
        if self.unheated(j) or not self.supplier(HEATING, j):
            return None
        _, parts = self.by_meters(HEATING, j)
        return parts.get(0)

    # ---- common needs ------------------------------------------------------------------------------------

    def common(self, service: int, i: int) -> None:
        self.area(i)
        house = self.house(i)
        if self.b.houses.area_total_dm2[house] <= 0:
            raise CannotError(Reason.NO_HOUSE_AREA)
        if self.method(service, i) == FLAT_METHODS["actual"]:
            whole = self.excess(service, i)
            volume = [whole for _ in self.segments]
            basis, unit = Basis.COMMON_ACTUAL, 60 * self.month
        else:
            norm = self.needed(self.common_norm(service, i), i)
            if self.b.houses.area_common_dm2[house] < 0:
                raise CannotError(Reason.NO_HOUSE_AREA)
            volume = [Fraction(n * int(self.b.houses.area_common_dm2[house]), 100) for n in norm]
            basis, unit = Basis.COMMON_NORM, 100
        self.common_lines(service, i, basis, volume, unit)

    def common_norm(self, service: int, i: int) -> list[int]:
        own, other = self.norms(service, "common", i), self.norms(service - 20, "common", i)
        norm = [b if a == MISSING else a for a, b in zip(own, other, strict=True)]
        if service != 23:
            return norm
        cold, hot = self.common_norm(21, i), self.common_norm(22, i)
        sums = [
            MISSING if c == h == MISSING else max(c, 0) + max(h, 0) for c, h in zip(cold, hot, strict=True)
        ]
        return [b if a == MISSING else a for a, b in zip(norm, sums, strict=True)]

    def excess(self, service: int, i: int) -> Fraction:
        house = self.house(i)
        own = self.b.house_meters.get(service - 20)
        resources = [service - 20]
        if service == 23 and (own is None or not own.has[house]):
            resources = [w for w in (COLD, HOT) if any(self.supplier(w, j) for j in self.members(house))]
        total = Fraction(0)
        blind = False
        for resource in resources:
            meter = self.b.house_meters.get(resource)
            if meter is None or not (meter.has[house] and meter.has_reading[house]):
                raise CannotError(Reason.NO_HOUSE_READING)
            flats = Fraction(0)
            for j in self.members(house):
                if self.supplier(resource, j):
                    used = self.use.get((resource, j))
                    blind |= used is None
                    flats += used.total() if used is not None else 0
            total += max(Fraction(int(meter.volume[house].sum())) - flats, Fraction(0))
        if not resources:
            raise CannotError(Reason.NO_HOUSE_READING)
        if blind:
            raise CannotError(Reason.NEIGHBOUR)
        return total

    def common_lines(self, service: int, i: int, basis: Basis, volume: Days, unit: int) -> None:
        house = self.house(i)
        total = int(self.b.houses.area_total_dm2[house])
        share = [Fraction(a, self.month * total) for a in self.area(i)]
        mine = [v * s for v, s in zip(volume, share, strict=True)]
        if service == 22:
            rates = [self.common_rates(22, component, i) for component in range(3)]
            whole, cold, heat = self.hot_rates(rates, i)
            q = self.heat_norm([22, HOT], i, heat)
            self.line(22, 0, i, basis, mine, whole, some_days=True)
            self.line(22, 1, i, basis, mine, cold, some_days=True)
            in_heat = [v * n / 10**6 for v, n in zip(mine, q, strict=True)]
            self.line(22, 2, i, basis, in_heat, heat, some_days=True)
            return
        meter = self.b.house_meters.get(service - 20)
        zones = [1]
        if service == 25 and meter is not None and meter.has[house] and meter.has_reading[house]:
            zones = [int(z) for z in meter.volume[house][: int(meter.zones[house])]]
        if len(zones) == 1 or sum(zones) == 0:
            self.line(service, 0, i, basis, mine, self.common_rates(service, 0, i))
            return
        parts = [in_proportion(v * unit, zones) for v in volume]
        for zone in range(len(zones)):
            of_zone = [Fraction(p[zone], unit) * s for p, s in zip(parts, share, strict=True)]
            self.line(service, zone + 1, i, basis, of_zone, self.common_rates(service, zone + 1, i))

    def common_rates(self, service: int, component: int, i: int) -> list[int]:
        own = self.rates(service, component, i, population=True)
        other = self.rates(service - 20, component, i, population=True)
        return [b if a == MISSING else a for a, b in zip(own, other, strict=True)]


def in_proportion(total: Fraction, weights: list[int]) -> list[int]:
    """Whole parts of a whole number, largest remainder, ties by order."""
    assert total.denominator == 1
    exact = [total * w / sum(weights) for w in weights]
    parts = [int(e) for e in exact]
    order = sorted(range(len(weights)), key=lambda z: (-(exact[z] - parts[z]), z))
    for z in order[: int(total) - sum(parts)]:
        parts[z] += 1
    return parts
