"""The law of the base services told once more, slowly: one account at a time, fractions, no columns.

Written from the Rules apart from the vectorised code and sharing none of it but the codes of services and
bases, so that each proves the other. `bill(block)` gives the lines of every account that can be charged and
the reasons of those that cannot.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property

from billing.basis import Basis
from billing.block import Block
from billing.parked import Reason
from tests.billing.oracle_base import (
    BOILER,
    COLD,
    ELECTRICITY,
    FLAT_METHODS,
    GAS,
    HEATING,
    HOT,
    MISSING,
    RAISED,
    REPAIR,
    SEWERAGE,
    STRENGTH,
    UPKEEP,
    WASTE,
    CannotError,
    Row,
    Used,
)
from tests.billing.oracle_house import HouseBook


def bill(block: Block) -> tuple[list[Row], dict[int, set[Reason]]]:
    """Lines of accounts that can be charged; account index → reasons for the others."""
    return Oracle(block).all()


class Oracle(HouseBook):
    """Services of one account after another."""

    def all(self) -> tuple[list[Row], dict[int, set[Reason]]]:
        order = [COLD, HOT, SEWERAGE, ELECTRICITY, GAS, HEATING, WASTE, UPKEEP, REPAIR, 21, 22, 23, 25]
        for service in [*order, *sorted(code for code in self.b.services if code >= 100)]:
            for i in range(len(self.b)):
                if self.supplier(service, i):
                    self.charge(service, i)
                    self.charge(service, i, "check")
                    if service == HEATING:
                        self.charge(service, i, "distributors")
        return [row for row in self.rows if self.index(row) not in self.reasons], self.reasons

    @cached_property
    def places(self) -> dict[int, int]:
        return {int(account): i for i, account in enumerate(self.b.accounts.id)}

    def index(self, row: Row) -> int:
        return self.places[row.account_id]

    def charge(self, service: int, i: int, step: str = "") -> None:
        try:
            if step == "check":
                self.check(service, i)
            elif step == "distributors":
                self.by_distributors(i)
            elif service in (COLD, ELECTRICITY):
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

    def check(self, service: int, i: int) -> None:
        """Lines of the acts of checks, at the tariff of the day."""
        if service == HEATING and not self.is_heat_read(i):
            return
        for component, volume in self.found_by_checks(service, i).items():
            if not volume:
                continue
            at = self.act_segment(service, i)
            spread = self.spread(volume, i)
            if service != HOT:
                rates = [self.rates(service, component, i)[at] for _ in self.segments]
                self.line(service, component, i, Basis.CHECK, spread, rates)
                continue
            if self.method(HOT, i) == BOILER:
                rates = [self.rates(HOT, 1, i)[at] for _ in self.segments]
                self.line(HOT, 1, i, Basis.CHECK, spread, rates)
                continue
            parts = self.hot_rates([self.rates(HOT, c, i) for c in range(3)], i)
            q = self.heat_norm([HOT], i, parts[2])
            in_heat = [v * n / 10**6 for v, n in zip(spread, q, strict=True)]
            for part, days in zip(range(3), (spread, spread, in_heat), strict=True):
                rates = [parts[part][at] for _ in self.segments]
                self.line(HOT, part, i, Basis.CHECK, days, rates, some_days=True)

    # ---- services ----------------------------------------------------------------------------------------

    def metered(self, service: int, i: int) -> None:
        self.lines_of(service, i, self.find(service, i))

    def hot(self, i: int) -> None:
        used = self.find(HOT, i)
        if self.method(HOT, i) == BOILER:
            self.hot_by_boiler(i, used)
            return
        whole, cold, heat = self.hot_rates([self.rates(HOT, c, i) for c in range(3)], i)
        q = self.heat_norm([HOT], i, heat)
        raising = None
        if used.by_norm and Basis(used.basis % 40 if used.basis > 40 else used.basis) in RAISED:
            raising = self.coefficient(HOT, i)
        own = None if used.guests_only else self.at_the_reading(HOT, i, 0, used.parts[0])
        for basis, volume in ((used.basis, own), (int(Basis.NORM_TEMPORARY), used.temporary)):
            if volume is None:
                continue
            self.line(HOT, 0, i, basis, volume, whole, raising, some_days=True)
            self.line(HOT, 1, i, basis, volume, cold, raising, some_days=True)
            in_heat = [v * n / 10**6 for v, n in zip(volume, q, strict=True)]
            self.line(HOT, 2, i, basis, in_heat, heat, some_days=True)

    def hot_by_boiler(self, i: int, used: Used) -> None:
        """Cold water by volume, and the fuel by the volumes of all."""
        cold = self.needed(self.rates(HOT, 1, i), i, Reason.NO_TARIFF)
        raising = None
        if used.by_norm and Basis(used.basis % 40 if used.basis > 40 else used.basis) in RAISED:
            raising = self.coefficient(HOT, i)
        if not used.guests_only:
            own = self.at_the_reading(HOT, i, 0, used.parts[0])
            self.line(HOT, 1, i, used.basis, own, cold, raising)
        if used.temporary is not None:
            self.line(HOT, 1, i, Basis.NORM_TEMPORARY, used.temporary, cold, raising)
        fuels = self.fuels(HOT, i)
        total = Fraction(0)
        for j in self.members(self.house(i)):
            if self.supplier(HOT, j):
                try:
                    total += self.find(HOT, j).total()
                except CannotError:
                    raise CannotError(Reason.NEIGHBOUR) from None
        for component, volume in fuels.items():
            if volume and total <= 0:
                raise CannotError(Reason.NOTHING_TO_SHARE)
            if volume:
                part = self.spread(volume * used.total() / total, i)
                self.line(HOT, component, i, Basis.BOILER_WATER, part)

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
        choice = self.b.coefficients.get("sewerage_cold_only")
        if choice is not None and not choice[:, self.house(i)].any() and waters == [COLD]:
            given = False
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
            volume = [a + b for a, b in zip(volume, self.spread(water.checked, i), strict=True)]
        used = Used({0: volume}, basis=int(Basis.SUM_OF_WATERS))
        self.use[SEWERAGE, i] = used
        cuts = [self.read_on_change(w, i) for w in waters]
        segments = {cut[0] for cut in cuts if cut is not None}
        befores = [Fraction(-1) if cut is None else cut[1].get(0, Fraction(-1)) for cut in cuts]
        if len(segments) == 1 and -1 not in befores and self.changes(SEWERAGE, i) == list(segments):
            (segment,) = segments
            whole = sum(volume, Fraction(0))
            volume = [Fraction(0) for _ in self.segments]
            volume[segment - 1], volume[segment] = (
                sum(befores, Fraction(0)),
                whole - sum(befores, Fraction(0)),
            )
        self.line(SEWERAGE, 0, i, used.basis, volume)

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
        guests = any(int(self.b.accounts.temporary_days[s, i]) for s in self.segments)
        alone = guests and not self.b.accounts.norm_person_days[:, i].any()
        if "person" in kinds:
            people = [0 for _ in self.segments] if alone else self.people(i)
            volume = [Fraction(p * n, self.month) for p, n in zip(people, kinds["person"], strict=True)]
        if "area" in kinds:
            area = self.area(i)
            heated = [Fraction(a * n, 100 * self.month) for a, n in zip(area, kinds["area"], strict=True)]
            volume = [a + b for a, b in zip(volume, heated, strict=True)]
        if not alone or "area" in kinds or "person" not in kinds:
            self.line(GAS, 0, i, self.norm_basis(GAS, i, row), volume)
        temporary = [int(self.b.accounts.temporary_days[s, i]) for s in self.segments]
        if "person" in kinds and any(temporary):
            stay = [Fraction(t * n, self.month) for t, n in zip(temporary, kinds["person"], strict=True)]
            self.line(GAS, 0, i, Basis.NORM_TEMPORARY, stay)

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
        if not used.guests_only:
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
