"""Distributors of heat: readings of a year by account, entered with a document; read for a block.

A house is corrected in the month of the yearly correction of heat («heating_fix_month» of the centre, March
without it), for the last calendar year.
"""

# ruff: noqa: S608 - queries hold only our own words and integers; COPY takes no parameters

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlalchemy import text

from billing.basis import BENEFITS, COMPENSATIONS, FIXES, REDUCTIONS, UNAUTHORISED, Basis
from billing.block import MISSING, Houses
from billing.heat_past import FIX_MONTH, Distributors
from billing.period import Period
from billing.quantity import PERMILLE
from billing.services import Service
from storage import audit
from storage.block_values import known
from storage.bulk import Columns, Connection, Row, copy_out, int_array
from storage.meter_reads import Month, rows_of
from storage.people import Deed, PeopleRefused
from storage.session import Session

I64 = npt.NDArray[np.int64]

HEAT = int(Service.HEATING)
MONTHS = 12
NOT_OF_YEAR = (*REDUCTIONS, *UNAUTHORISED, *BENEFITS, *COMPENSATIONS, *FIXES, Basis.MANUAL)
UNITS = Row.of(account_id="int4", units="int8")
BILLED = Row.of(account_id="int4", kopecks="int8")


def year_of(period: Period) -> tuple[Period, Period]:
    """The calendar year before the month: its first and last months."""
    first = Period((period.year - 1) * MONTHS)
    return first, first.shift(MONTHS - 1)


# ---- the block -------------------------------------------------------------------------------------------


async def read_distributors(
    connection: Connection, month: Month, houses: Houses, accounts: Columns, chosen: I64 | None
) -> Distributors | None:
    """Last year of the accounts with distributors, in houses corrected this month; None = nowhere."""
    wanted = np.full(len(houses), FIX_MONTH * PERMILLE, np.int64)
    if chosen is not None:
        wanted = np.where(chosen[0] == MISSING, wanted, chosen[0])
    due = houses.id[wanted == month.period.month * PERMILLE]
    if not len(due):
        return None
    rows = await copy_out(
        connection,
        UNITS,
        "SELECT d.account_id, d.units_micro FROM heat_distributors d "
        f"WHERE d.house_id = ANY({int_array(due)}) AND d.year = {month.period.year - 1} "
        f"AND {known('d', month.as_of)}",
    )
    at = rows_of(rows["account_id"], accounts["id"])
    kept = np.flatnonzero(at >= 0)
    if not kept.size:
        return None
    size = len(accounts["id"])
    made = Distributors(np.zeros(size, np.bool_), np.zeros(size, np.int64), np.zeros(size, np.int64))
    made.has[at[kept]] = True
    made.units[at[kept]] = rows["units"][kept]
    apart = accounts["id"][accounts["holder"] != np.arange(size)]  # parts of divided premises
    billed = await _billed(connection, np.append(rows["account_id"][kept], apart), month.period)
    of = rows_of(billed["account_id"], accounts["id"])
    made.billed[of[of >= 0]] = billed["kopecks"][of >= 0]
    return made


async def _billed(connection: Connection, account_ids: npt.NDArray[np.int32], period: Period) -> Columns:
    """Published charges for heating of the last year, with what corrections changed."""
    first, last = year_of(period)
    about = "(r.period - l.months_back * interval '1 month')::date"
    bases = ", ".join(str(int(basis)) for basis in NOT_OF_YEAR)
    return await copy_out(
        connection,
        BILLED,
        "SELECT l.account_id, sum(l.amount_kopecks)::int8 FROM runs r JOIN lines l ON l.run_id = r.id "
        f"WHERE r.state = 'published' AND r.period >= '{first.first_day}' "
        f"AND {about} BETWEEN '{first.first_day}' AND '{last.first_day}' "
        f"AND l.account_id = ANY({int_array(account_ids)}) AND l.service = {HEAT} "
        f"AND l.basis NOT IN ({bases}) GROUP BY 1",
    )


# ---- the page --------------------------------------------------------------------------------------------


Parts = Mapping[str, tuple[int, int]]
"""Reading of the year and factor of the radiator of each distributor by serial, both in millionths."""


@dataclass(frozen=True, slots=True)
class FlatUnits:
    """An account of the house: its area and what its distributors showed in the year (None = has none).

    devices_count: distributors of its register that stood in the year; parts: of which the units are made.
    """

    account_id: int
    number: str
    flat: str
    area_dm2: int
    units_micro: int | None
    parts: Parts | None
    devices_count: int


@dataclass(frozen=True, slots=True)
class HouseUnits:
    """A house of a year."""

    house_id: int
    address: str
    company_id: int
    area_total_dm2: int
    flats: list[FlatUnits]

    @property
    def area_dm2(self) -> int:
        """Of the premises with distributors."""
        return sum(one.area_dm2 for one in self.flats if one.units_micro is not None)

    @property
    def is_enough(self) -> bool:
        """More than half of the house: the year may be divided by readings."""
        return self.area_total_dm2 > 0 and 2 * self.area_dm2 > self.area_total_dm2

    @property
    def share_permille(self) -> int:
        """Of the area of the house."""
        return self.area_dm2 * PERMILLE // self.area_total_dm2 if self.area_total_dm2 > 0 else 0

    @property
    def units_micro(self) -> int:
        """Of all."""
        return sum(one.units_micro or 0 for one in self.flats)


HOUSE = """
SELECT h.id, h.company_id, h.area_total_dm2, s.kind || ' ' || s.name || ', ' || h.number AS address
  FROM houses h JOIN streets s ON s.id = h.street_id WHERE h.id = :id
   AND EXISTS (SELECT 1 FROM accounts a WHERE a.house_id = h.id)"""
FLATS = """
SELECT a.id AS account_id, a.number, f.number || coalesce(', комн. ' || r.number, '') AS flat,
       coalesce(x.area_dm2, 0) AS area_dm2, d.units_micro, d.parts,
       (SELECT count(*)::int FROM distributor_devices v WHERE v.account_id = a.id AND v.superseded_at IS NULL
           AND v.installed_on <= :last AND (v.removed_on IS NULL OR v.removed_on >= :first)) AS devices_count
  FROM accounts a JOIN flats f ON f.id = a.flat_id LEFT JOIN rooms r ON r.id = a.room_id
  LEFT JOIN LATERAL (SELECT x.area_dm2 FROM account_facts x WHERE x.account_id = a.id
                        AND x.superseded_at IS NULL ORDER BY x.valid_from DESC LIMIT 1) x ON true
  LEFT JOIN heat_distributors d ON d.account_id = a.id AND d.year = :year AND d.superseded_at IS NULL
 WHERE a.house_id = :id AND a.closed_on IS NULL ORDER BY f.sort_key, a.id"""


async def of_house(session: Session, house_id: int, year: int) -> HouseUnits | None:
    """The house with its accounts; None when there is none in the person's scope."""
    house = (await session.execute(text(HOUSE), {"id": house_id})).one_or_none()
    if house is None:
        return None
    days = {"first": dt.date(year, 1, 1), "last": dt.date(year, 12, 31)}
    rows = await session.execute(text(FLATS), {"id": house_id, "year": year} | days)
    flats = [FlatUnits(**row._mapping) for row in rows]
    return HouseUnits(house.id, house.address, house.company_id, house.area_total_dm2 or 0, flats)


async def save(
    session: Session,
    house: HouseUnits,
    year: int,
    units: Mapping[int, int | None],
    deed: Deed,
    parts: Mapping[int, Parts] | None = None,
) -> int:
    """Keep readings of the accounts of a house (None = it has no distributors); how many changed.

    parts: by account, where the units were added up of readings of distributors.
    Raises PeopleRefused when those with distributors are not more than half of the area.
    """
    deed.check()
    before = {one.account_id: one.units_micro for one in house.flats}
    areas = {one.account_id: one.area_dm2 for one in house.flats}
    after = before | {at: value for at, value in units.items() if at in before}
    covered = sum(areas[at] for at, value in after.items() if value is not None)
    if house.area_total_dm2 <= 0:
        raise PeopleRefused("area", "У дома не указана общая площадь помещений: долю не посчитать.")
    if covered and 2 * covered <= house.area_total_dm2:
        raise PeopleRefused(
            "few",
            "Распределители стоят не больше чем на половине площади дома: плату года по ним не делят "
            "(ПП 354, п. 42(1)). Внесите показания остальных помещений или уберите все.",
        )
    changed = [at for at in after if after[at] != before[at]]
    await session.execute(
        text(
            "UPDATE heat_distributors SET superseded_at = clock_timestamp() WHERE account_id = ANY(:ids) "
            "AND year = :year AND superseded_at IS NULL"
        ),
        {"ids": changed, "year": year},
    )
    added = [at for at in changed if after[at] is not None]
    await session.execute(
        text(
            "INSERT INTO heat_distributors (account_id, house_id, company_id, year, units_micro, parts, "
            "ground, created_by) SELECT a.id, a.house_id, a.company_id, :year, u.units, "
            "CAST(u.parts AS jsonb), :ground, :user_id "
            "FROM unnest(CAST(:ids AS int[]), CAST(:units AS bigint[]), CAST(:parts AS text[])) "
            "u (id, units, parts) "
            "JOIN accounts a ON a.id = u.id"
        ),
        {
            "ids": added,
            "units": [after[at] for at in added],
            "parts": [json.dumps(parts[at]) if parts and at in parts else None for at in added],
            "year": year,
            "ground": deed.ground,
            "user_id": deed.user_id,
        },
    )
    if changed:
        await audit.record(
            session,
            "heat_distributors_entered",
            "house",
            house.house_id,
            user_id=deed.user_id,
            company_id=house.company_id,
            ip=deed.ip,
            after={"year": year, "accounts": len(changed)},
            ground=deed.ground,
        )
    return len(changed)
