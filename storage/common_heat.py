"""Heat of hot water for the common property in months an average charged nothing for: what it should have
cost, by area and the norm of heat.

Law: PP 491, cl. 29(3); Rules 354, annex 2, formula 23: V × S_i / S_об × q × T. A line of nothing does not
say q, so it is looked up for the days of the line; in other months it stands in the volume of the line.
"""

# ruff: noqa: S608 - queries hold only our own words and integers; COPY takes no parameters

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from billing.basis import Basis
from billing.block import MISSING, Houses
from billing.period import Period
from billing.quantity import MICRO
from billing.services import Component, Service
from storage.block_values import DatedRow, Places, Segments, Spots, Table, Values, known
from storage.bulk import Columns, Connection, Row, copy_out, int_array
from storage.meter_reads import Month, ordinals, rows_of

I64 = npt.NDArray[np.int64]
Objects = npt.NDArray[np.object_]
Silent = Mapping[tuple[int, int], int]
"""(house, month 0 … 11) an average charged nothing for → micro-units used for the common property."""

MONTHS = 12
KIND = "heat_per_m3"
SERVICES = (int(Service.COMMON_HOT_WATER), int(Service.HOT_WATER))
"""Whose norm of heat is taken: of common needs, else of the resource."""
LINE = Row.of(
    account_id="int4",
    period="date",
    first_day="int2",
    days="int2",
    company_id="int4",
    supplier_id="int4",
    weight="int8",
)


async def heat_costs(
    connection: Connection, month: Month, houses: Houses, accounts: Columns, silent: Silent
) -> Objects:
    """What the heat of these months should have cost each account, (N,) micro-units × 0.0001 RUB."""
    cost = np.zeros(len(accounts["id"]), object)
    if not silent:
        return cost
    first = Period((month.period.year - 1) * MONTHS)
    lines = await _lines(connection, first, sorted({house for house, _ in silent}))
    at = rows_of(lines["account_id"], accounts["id"])
    lines = {name: column[at >= 0] for name, column in lines.items()} | {"account": at[at >= 0]}
    if not len(lines["account"]):
        return cost
    norms = await _norms(connection, month, first)
    ordinal = ordinals(lines["period"])
    for one in np.unique(ordinal).tolist():
        mine = {name: column[ordinal == one] for name, column in lines.items()}
        house = accounts["house"][mine["account"]]
        used = np.array([silent.get((of, one % MONTHS), 0) for of in houses.id[house].tolist()], object)
        heat = _heat(Values(Period(one), norms=norms), houses, house, mine)
        whole = mine["weight"].astype(object) * heat * used
        below = np.maximum(houses.area_total_dm2[house], 1).astype(object) * (Period(one).days * MICRO)
        np.add.at(cost, mine["account"], whole // below)
    return cost


def _heat(values: Values, houses: Houses, house: npt.NDArray[Any], lines: Columns) -> Objects:
    """Norms of the days of each line added up, (n,) micro-Gcal a cubic metre."""
    period = values.period
    at = Places(houses.id[house], houses.zone[house], lines["company_id"])
    spots = Spots.of(at, lines["supplier_id"])
    days = Segments.of(period, range(2, period.days + 1)).dates(period)
    of_day = np.full((len(days), len(at)), MISSING, np.int64)
    for service in SERVICES:
        if (service, KIND) in values.norms:
            norm = values.norm((service, KIND), at, spots, days)
            of_day = np.where(of_day == MISSING, norm.values[:, norm.group, 0, 0], of_day)
    number = np.arange(1, len(days) + 1)[:, None]
    begins, after = lines["first_day"], lines["first_day"] + lines["days"]
    inside = (number >= begins) & (number < after)
    return np.asarray(np.where(inside, np.maximum(of_day, 0), 0).sum(0).astype(object), object)


async def _lines(connection: Connection, first: Period, house_ids: list[int]) -> Columns:
    """Published lines of nothing of the year, with what corrections took back: dm2 × tariff of heat."""
    about = "(r.period - l.months_back * interval '1 month')::date"
    return await copy_out(
        connection,
        LINE,
        f"SELECT l.account_id, {about}, l.first_day, l.days, l.company_id, l.supplier_id, "
        "sum(l.b * l.rate * (1 - 2 * l.kind))::int8 "
        "FROM runs r JOIN lines l ON l.run_id = r.id JOIN accounts a ON a.id = l.account_id "
        f"WHERE r.state = 'published' AND r.period >= '{first.first_day}' "
        f"AND {about} BETWEEN '{first.first_day}' AND '{first.shift(MONTHS - 1).first_day}' "
        f"AND a.house_id = ANY ({int_array(house_ids)}) AND l.service = {int(Service.COMMON_HOT_WATER)} "
        f"AND l.component = {int(Component.HEAT_PART)} AND l.basis = {int(Basis.COMMON_AVERAGE)} "
        "GROUP BY 1, 2, 3, 4, 5, 6",
    )


async def _norms(connection: Connection, month: Month, first: Period) -> dict[tuple[int, str], Table]:
    """Norms of heat that meet the year, as known."""
    rows = await connection.fetch(
        "SELECT t.service, t.id, coalesce(t.organisation_id, 0) AS organisation, "
        "coalesce(t.zone_id, 0) AS zone, coalesce(t.house_id, 0) AS house, t.valid_from AS first, "
        "t.valid_to AS after, t.value_micro AS value "
        f"FROM norms t WHERE t.kind = '{KIND}' AND t.service IN ({SERVICES[0]}, {SERVICES[1]}) "
        f"AND t.valid_from <= '{first.shift(MONTHS - 1).last_day}' "
        f"AND coalesce(t.valid_to, 'infinity') > '{first.first_day}' AND {known('t', month.as_of)}"
    )
    names = ("id", "organisation", "zone", "house", "first", "value")
    found: dict[tuple[int, str], list[DatedRow]] = defaultdict(list)
    for row in rows:
        given = {name: row[name] for name in names}
        found[row["service"], KIND].append(DatedRow(**given, after=row["after"] or dt.date.max))
    return {key: Table.of(members) for key, members in found.items()}
