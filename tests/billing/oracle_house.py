"""Heating and common needs told slowly: what a premises takes of the volume of its house."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from billing.basis import Basis
from billing.parked import Reason
from tests.billing.oracle_base import (
    BOILER,
    COLD,
    FLAT_METHODS,
    FUELS,
    HEATING,
    HOT,
    MISSING,
    Book,
    CannotError,
    Days,
    Row,
)


class HouseBook(Book):
    """Rules that need the whole house, and the parts of hot water they share with a flat."""

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

    # ---- heating -----------------------------------------------------------------------------------------

    def unheated(self, i: int) -> bool:
        return int(self.b.accounts.heated_area_dm2[i]) == 0 and self.opened(i) > 0

    def heating(self, i: int) -> None:
        area = self.area(i)
        house = self.house(i)
        meter = self.b.house_meters.get(HEATING)
        has_meter = meter is not None and bool(meter.has[house])
        if self.method(HEATING, i) == BOILER:
            self.heating_by_boiler(i, area)
            return
        if self.b.houses.heating_uniform[house]:
            if self.b.heat_year is not None and self.heating_by_year(i, area):
                return
            norm = self.needed(self.norms(HEATING, "area", i), i)
            months = self.b.coefficients.get("heating_months")
            given = [int(months[s, house]) if months is not None else MISSING for s in self.segments]
            k = self.needed(given, i)
            volume = [
                Fraction(a * n * m, 100 * self.month * 12 * 1000)
                for a, n, m in zip(area, norm, k, strict=True)
            ]
            self.line(HEATING, 0, i, Basis.HEAT_NORM_UNIFORM, volume)
        elif has_meter and self.house_failed(house) == "averaged":
            self.heating_by_average(i, area)
        elif has_meter and self.house_failed(house) == "sound":
            self.heating_by_house(i, area)
        else:
            self.heating_by_norm(i, area)

    def fuels(self, service: int, i: int) -> dict[int, Fraction]:
        """Fuel of the house by component; refuses when none was written down."""
        known = {c: max(self.norms(service, kind, i)) for c, kind in FUELS.items()}
        if all(volume == MISSING for volume in known.values()):
            raise CannotError(Reason.NO_FUEL)
        return {c: Fraction(max(volume, 0)) for c, volume in known.items()}

    def heating_by_boiler(self, i: int, area: list[int]) -> None:
        house = self.house(i)
        try:
            fuels = self.fuels(HEATING, i)
        except CannotError:
            if self.in_season(house):
                raise
            return
        if self.b.houses.area_total_dm2[house] <= 0:
            raise CannotError(Reason.NO_HOUSE_AREA)
        total = Fraction(int(self.b.houses.area_total_dm2[house]))
        served = [j for j in self.members(house) if self.supplier(HEATING, j) and self.area_known(j)]
        heat, basis = self.boiler_heat(i, house, served)
        for component, volume in fuels.items():
            if not volume:
                continue
            if heat is None:
                days = [volume * a / (total * self.month) for a in area]
            else:
                days = self.spread(volume * heat, i)
            self.line(HEATING, component, i, basis, days)

    def boiler_heat(self, i: int, house: int, served: list[int]) -> tuple[Fraction | None, Basis]:
        """The premises' part of the heat, None where the house goes by area; how its line is called."""
        months = self.heat_meters(house)
        meters = {j: volume + self.heat_found(j) for j, volume in months.items()}
        used, month = sum(meters.values(), Fraction(0)), sum(months.values(), Fraction(0))
        if not meters:
            return None, Basis.BOILER_HEAT
        basis = Basis.BOILER_METERED if i in meters else Basis.BOILER_UNMETERED
        if all(j in meters or self.unheated(j) for j in served):
            if used <= 0:
                return None, Basis.BOILER_HEAT
            return meters.get(i, Fraction(0)) / used, basis
        metered = sum((Fraction(self.area_days(j), self.month) for j in meters), Fraction(0))
        cold = [j for j in self.members(house) if self.unheated(j)]
        unheated = sum((Fraction(self.area_days(j), self.month) for j in cold), Fraction(0))
        others = max(int(self.b.houses.area_total_dm2[house]) - unheated - metered, Fraction(0))
        if month <= 0 or used * metered + others * month <= 0:
            return None, Basis.BOILER_HEAT
        if any(not self.area_known(j) for j in (*meters, *cold)):
            raise CannotError(Reason.NEIGHBOUR)
        mean = month / metered
        mine = Fraction(self.area_days(i), self.month)
        own = meters[i] if i in meters else Fraction(0) if self.unheated(i) else mean * mine
        return own / (used + others * mean), basis

    def by_distributors(self, i: int) -> None:
        """The flat's part of what all with distributors paid last year."""
        shares = self.b.distributors
        if shares is None or not shares.has[i] or not self.area_known(i):
            return
        house = self.house(i)
        total = int(self.b.houses.area_total_dm2[house])
        if total <= 0:
            raise CannotError(Reason.NO_HOUSE_AREA)
        members = [
            j
            for j in self.members(house)
            if shares.has[j] and self.supplier(HEATING, j) and self.area_known(j)
        ]
        if 2 * sum(int(self.b.accounts.area_dm2[j]) for j in members) <= total:
            raise CannotError(Reason.FEW_DISTRIBUTORS)
        units = sum(int(shares.units[j]) for j in members)
        if not units:
            return
        paid = sum(int(shares.billed[j]) for j in members)
        exact = {j: Fraction(paid * int(shares.units[j]), units) for j in members}
        parts = {j: int(value) for j, value in exact.items()}
        order = sorted(members, key=lambda j: (parts[j] - exact[j], j))
        for j in order[: paid - sum(parts.values())]:
            parts[j] += 1
        change = parts[i] - int(shares.billed[i])
        if change:
            sign = Fraction(10**6 if change > 0 else -(10**6))
            self.rows.append(
                Row(
                    int(self.b.accounts.id[i]), HEATING, 0, int(Basis.DISTRIBUTORS), 1, self.month, sign,
                    abs(change) * 100, change, 0, self.supplier(HEATING, i),
                )
            )  # fmt: skip

    def heating_by_year(self, i: int, area: list[int]) -> bool:
        """A twelfth of last year; whether it could be told (False: by the norm)."""
        year, house = self.b.heat_year, self.house(i)
        assert year is not None
        if year.state[house] == 2:
            return False
        if year.state[house] == 0:
            raise CannotError(Reason.NO_HOUSE_YEAR)
        metered = {
            j: Fraction(int(year.account[j]), 12)
            for j in self.members(house)
            if year.metered[j] and not self.unheated(j) and self.supplier(HEATING, j)
        }
        names = (Basis.HEAT_YEAR, Basis.HEAT_YEAR_METERED, Basis.HEAT_YEAR_UNMETERED, Basis.HEAT_YEAR_METERED)
        self.heat_divided(i, area, Fraction(int(year.house[house]), 12), metered, names)
        return True

    def house_failed(self, house: int) -> str:
        failure = self.b.house_meters[HEATING].failure
        if failure is None or failure.month[house] == 0:
            return "sound"
        return "averaged" if failure.month[house] <= 3 and failure.months[house] >= 3 else "given up"

    def heating_by_average(self, i: int, area: list[int]) -> None:
        house = self.house(i)
        if not self.in_season(house):
            return
        failure = self.b.house_meters[HEATING].failure
        assert failure is not None
        names = (
            Basis.HEAT_FAILED,
            Basis.HEAT_FAILED_METERED,
            Basis.HEAT_FAILED_UNMETERED,
            Basis.HEAT_FAILED_METERED,
        )
        volume = Fraction(int(failure.average60[house]), 60)
        metered = self.heat_meters(house)
        self.heat_divided(i, area, volume, metered, names, sum(map(self.heat_found, metered), Fraction(0)))

    def heat_meters(self, house: int) -> dict[int, Fraction]:
        return {j: v for j in self.members(house) if (v := self.heat_meter(j)) is not None}

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
        names = (
            Basis.HEAT_HOUSE,
            Basis.HEAT_HOUSE_METERED,
            Basis.HEAT_HOUSE_UNMETERED,
            Basis.HEAT_HOUSE_ALL_METERED,
        )
        volume = Fraction(int(meter.volume[house, 0]))
        metered = self.heat_meters(house)
        self.heat_divided(i, area, volume, metered, names, sum(map(self.heat_found, metered), Fraction(0)))

    def heat_divided(
        self,
        i: int,
        area: list[int],
        volume: Fraction,
        metered: dict[int, Fraction],
        names: tuple[Basis, Basis, Basis, Basis],
        found: Fraction = Fraction(0),
    ) -> None:
        """V_i + S_i / S_об × (V_д − ΣV_i − found by checks); names: nobody has meters, has, has none, all."""
        house = self.house(i)
        plain, with_meter, without, all_have = names
        if volume == 0 and not metered:
            return
        if not metered:
            self.line(HEATING, 0, i, plain, self.spread(self.formula_3(i, area, volume), i))
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
        rest = volume - sum(metered.values(), Fraction(0)) - others * mean - found
        mine = Fraction(sum(area), self.month)
        if i in metered:
            own, basis = metered[i], with_meter
        else:
            own, basis = (Fraction(0) if self.unheated(i) else mine * mean), without
        if everyone:
            basis = all_have
        self.line(HEATING, 0, i, basis, self.spread(own + mine / total * rest, i))

    def heat_meter(self, j: int) -> Fraction | None:
        if self.unheated(j) or not self.supplier(HEATING, j):
            return None
        _, parts = self.by_meters(HEATING, j)
        return parts.get(0)

    def heat_found(self, j: int) -> Fraction:
        """What a check of the premises' meter of heat found."""
        return sum(self.found_by_checks(HEATING, j).values(), Fraction(0))

    def is_heat_read(self, i: int) -> bool:
        """Whether readings of the premises are charged for: a house with a meter that pays in the season."""
        house, meter = self.house(i), self.b.house_meters.get(HEATING)
        return (
            meter is not None
            and bool(meter.has[house])
            and not self.b.houses.heating_uniform[house]
            and self.method(HEATING, i) != BOILER
            and self.heat_meter(i) is not None
        )

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
