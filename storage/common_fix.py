"""Last year of common needs: months spread over gaps of readings, and the yearly correction of accounts.

A month whose house meter was silent is taken together with the next one that was read, and their sum is
spread evenly. The year is corrected when its months follow each other to a December that was read.
"""

# ruff: noqa: S608 - queries hold only our own words and integers; COPY takes no parameters

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from billing.basis import Basis
from billing.block import Houses
from billing.common_past import CommonFix
from billing.period import Period
from billing.services import Component, Method, Service
from storage.bulk import Columns, Connection, Row, copy_out, int_array
from storage.common_heat import Silent, heat_costs
from storage.meter_reads import Month, ordinals, rows_of

I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

MONTHS = 12
PLAIN = (Method.COMMON_NORM, Method.COMMON_AVERAGE)
"""Ways of paying that the year is compared with the meter for."""
BILLED = Row.of(account_id="int4", period="date", kopecks="int8", cost="int8", area="int8")


@dataclass(slots=True)
class HouseYear:
    """Months (0 … 11) of a house in order: what it used for the common property, of those paid by the norm or
    an average the volume charged. is_whole: they follow each other to a December that was read.
    """

    used: dict[int, int] = field(default_factory=dict)
    charged: dict[int, int] = field(default_factory=dict)
    is_whole: bool = False

    @classmethod
    def of(cls, rows: list[tuple[int, bool, bool, int, int, int, int]]) -> HouseYear:
        """rows: month, known, flats known, house, flats, method, charged."""
        made = cls()
        silent: list[tuple[int, int]] = []
        rows = sorted(rows)
        for month, known, flats_known, house, flats, method, charged in rows:
            if not flats_known or (silent and silent[-1][0] != month - 1):
                silent = []
            if not flats_known:
                continue
            silent.append((month, house - flats if known else -flats))
            if known:
                total, count = sum(over for _, over in silent), len(silent)
                for at, (one, _) in enumerate(silent):
                    last = at == count - 1
                    made.used[one] = total - (count - 1) * (total // count) if last else total // count
                silent = []
            if method in PLAIN:
                made.charged[month] = charged
        months = [row[0] for row in rows]
        follow = bool(months) and months == list(range(months[0], MONTHS))
        made.is_whole = follow and all(month in made.used for month in months)
        return made

    def priced(self, used: int) -> tuple[dict[int, int], int]:
        """Volumes of the months to be corrected that take in a balance ≤ 0, and what is left of it."""
        over = {month: self.used[month] for month in self.charged}
        whole = sum(over.values())
        total = whole + used
        if total <= 0:
            return dict.fromkeys(over, 0), total
        if used:
            months = sorted(over)
            over = {month: over[month] * total // whole for month in months}
            over[months[-1]] += total - sum(over.values())
        return over, 0


@dataclass(slots=True)
class Year:
    """Last year of a service, house by house (indices of the block)."""

    houses: int
    of: dict[int, HouseYear]

    def totals(self) -> tuple[I64, I64]:
        """What each house used over its known months, not below zero, and how many they are, (H,)."""
        volume, months = np.zeros(self.houses, np.int64), np.zeros(self.houses, np.int64)
        for at, year in self.of.items():
            volume[at], months[at] = max(sum(year.used.values()), 0), len(year.used)
        return volume, months


def years_of(rows: Columns, houses: Houses) -> dict[int, Year]:
    """Rows of kept months by service and house."""
    at = rows_of(rows["house_id"], houses.id)
    month = ordinals(rows["period"]) % MONTHS
    found: dict[tuple[int, int], list[tuple[int, bool, bool, int, int, int, int]]] = defaultdict(list)
    columns = (month, rows["is_known"], rows["flats_known"], rows["house"], rows["flats"], rows["method"])
    told = zip(*(column.tolist() for column in (*columns, rows["charged"])), strict=True)
    for service, house, one in zip(rows["service"].tolist(), at.tolist(), told, strict=True):
        found[service, house].append(one)
    out: dict[int, Year] = {}
    for (service, house), months in found.items():
        out.setdefault(service, Year(len(houses), {})).of[house] = HouseYear.of(months)
    return out


async def read_fix(
    connection: Connection,
    month: Month,
    houses: Houses,
    accounts: Columns,
    service: int,
    year: Year,
    due: Bool,
    carried: I64,
    methods: tuple[npt.NDArray[np.int16], npt.NDArray[np.int16]],
) -> CommonFix | None:
    """The correction of the houses that are due, None when there is nothing to correct.

    methods: of the month before and of this one; only a house that pays by the norm or an average now takes
    its balance into the year, any other gives it back by its months.
    """
    chosen = {at: one for at, one in year.of.items() if due[at] and one.is_whole and one.charged}
    if not chosen:
        return None
    size, count = len(houses), len(accounts["id"])
    houses_none, accounts_none = np.zeros(size, np.int64), np.zeros(count, np.int64)
    fix = CommonFix(
        house=np.zeros(size, np.bool_),
        used=houses_none.copy(),
        left=houses_none,
        due=np.zeros(count, np.bool_),
        cost=accounts_none.copy(),
        billed=accounts_none,
    )
    volumes = {}
    plain = np.isin(methods[0], PLAIN) & np.isin(methods[1], PLAIN)
    for at, one in chosen.items():
        fix.house[at] = True
        fix.used[at] = carried[at] if plain[at] else 0
        volumes[at], fix.left[at] = one.priced(int(fix.used[at]))
    lines = await _billed(connection, month.period, houses.id[fix.house], service)
    heat = np.zeros(count, object)
    if service == Service.COMMON_HOT_WATER:
        heat = await heat_costs(connection, month, houses, accounts, _silent(houses, volumes, chosen))
    _add_lines(fix, lines, accounts, houses, volumes, chosen, heat)
    return fix


def _silent(houses: Houses, volumes: dict[int, dict[int, int]], years: dict[int, HouseYear]) -> Silent:
    """Months of the year that an average charged nothing for."""
    return {
        (int(houses.id[place]), one): used
        for place, volume in volumes.items()
        for one, used in volume.items()
        if used and years[place].charged[one] == 0
    }


def _add_lines(
    fix: CommonFix,
    lines: Columns,
    accounts: Columns,
    houses: Houses,
    volumes: dict[int, dict[int, int]],
    years: dict[int, HouseYear],
    heat: npt.NDArray[np.object_],
) -> None:
    """Each line by what its month should have been: its volume × the house's volume / the volume charged; by
    area where nothing was charged, with the heat (N,) of those months.
    """
    should, charged, told = (np.zeros((len(houses), MONTHS), object) for _ in range(3))
    for place, volume in volumes.items():
        for one, used in volume.items():
            should[place, one], charged[place, one], told[place, one] = used, years[place].charged[one], 1
    at = rows_of(lines["account_id"], accounts["id"])
    ordinal = ordinals(lines["period"])
    of, month = accounts["house"][at], ordinal % MONTHS
    mine = np.flatnonzero((at >= 0) & (told[of, month] == 1))
    at, of, month, ordinal = at[mine], of[mine], month[mine], ordinal[mine]
    days = np.array([Period(one).days for one in ordinal.tolist()], object)
    wanted, paid = should[of, month], charged[of, month]
    by_volume = lines["cost"][mine].astype(object) * wanted // np.maximum(paid, 1)
    below = np.maximum(houses.area_total_dm2[of], 1).astype(object) * days
    by_area = lines["area"][mine].astype(object) * wanted // np.maximum(below, 1)
    cost = heat.copy()
    np.add.at(cost, at, np.where(paid > 0, by_volume, by_area))
    np.add.at(fix.billed, at, lines["kopecks"][mine])
    fix.due[at] = True
    fix.cost[:] = np.maximum(cost, 0).astype(np.int64)


async def _billed(
    connection: Connection, period: Period, house_ids: npt.NDArray[np.int32], service: int
) -> Columns:
    """Published charges of the year by the norm or an average, with what corrections took back: kopecks,
    volume × tariff, and of months an average charged nothing for dm2 × tariff × days (heat:
    storage.common_heat).
    """
    first = Period((period.year - 1) * MONTHS)
    about = "(r.period - l.months_back * interval '1 month')::date"
    bases = f"{int(Basis.COMMON_NORM)}, {int(Basis.COMMON_AVERAGE)}"
    in_heat = f"l.component = {int(Component.HEAT_PART)}" if service == Service.COMMON_HOT_WATER else "false"
    return await copy_out(
        connection,
        BILLED,
        f"SELECT l.account_id, {about}, sum(l.amount_kopecks)::int8, "
        "sum(round(l.volume_num::numeric * l.rate / l.volume_den))::int8, "
        f"sum(CASE WHEN l.basis = {int(Basis.COMMON_AVERAGE)} AND NOT ({in_heat}) "
        "THEN l.b * l.rate * l.days * (1 - 2 * l.kind) ELSE 0 END)::int8 "
        "FROM runs r JOIN lines l ON l.run_id = r.id JOIN accounts a ON a.id = l.account_id "
        f"WHERE r.state = 'published' AND r.period >= '{first.first_day}' "
        f"AND {about} BETWEEN '{first.first_day}' AND '{first.shift(MONTHS - 1).first_day}' "
        f"AND a.house_id = ANY ({int_array(house_ids)}) AND l.service = {service} AND l.basis IN ({bases}) "
        "GROUP BY 1, 2",
    )
