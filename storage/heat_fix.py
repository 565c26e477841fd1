"""Last year of accounts that paid for heat evenly, read in the month that corrects it.

Only houses that pay evenly, whose last year is known from readings, and only in that month:
«heating_fix_month» of the centre (1, 2 or 3), March without it.
"""

# ruff: noqa: S608 - queries hold only our own words and integers; COPY takes no parameters

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from billing.basis import Basis
from billing.block import MISSING, Houses
from billing.heat_past import FIX_MONTH, HeatFix, HeatYear, YearKnown
from billing.period import Period
from billing.quantity import MICRO, PERMILLE
from billing.services import Service
from storage.block_values import known
from storage.bulk import Columns, Connection, Row, copy_out, int_array
from storage.meter_reads import Month, ordinals, rows_of

I64 = npt.NDArray[np.int64]

HEAT = int(Service.HEATING)
MONTHS = 12
EVEN = (Basis.HEAT_NORM_UNIFORM, Basis.HEAT_YEAR, Basis.HEAT_YEAR_METERED, Basis.HEAT_YEAR_UNMETERED)
CHOSEN = "heating_fix_month"
LONG_AGO = -(2**31)  # -infinity of COPY: no reading before

BILLED = Row.of(account_id="int4", period="date", rate="int8", kopecks="int8", days="int4", volume="int8")
READING = Row.of(
    meter_id="int4", house_id="int4", digits="int4", period="date", value="int8", before="date", prev="int8"
)


def is_due(chosen: I64 | None, houses: Houses, period: Period) -> npt.NDArray[np.bool_]:
    """(H,) houses corrected in this month; chosen: the centre's coefficient by segment and house."""
    month = np.full(len(houses), FIX_MONTH * PERMILLE, np.int64)
    if chosen is not None:
        month = np.where(chosen[0] == MISSING, month, chosen[0])
    return np.asarray(houses.heating_uniform & (month == period.month * PERMILLE), np.bool_)


async def read_heat_fix(
    connection: Connection,
    month: Month,
    houses: Houses,
    accounts: Columns,
    year: HeatYear | None,
    chosen: I64 | None,
) -> HeatFix | None:
    """What the year of each account cost by its months, and what it was charged; None = not now."""
    if year is None:
        return None
    due = is_due(chosen, houses, month.period) & (year.state == YearKnown.KNOWN)
    if not due.any():
        return None
    first = Period((month.period.year - 1) * MONTHS)
    by_month = await _house_months(connection, month, houses.id[due], first)
    volumes = np.zeros((len(houses), MONTHS), np.int64)
    volumes[due] = by_month
    lines = await _billed(connection, month, houses.id[due], first)
    return told(lines, accounts, volumes, first)


def told(lines: Columns, accounts: Columns, volumes: I64, first: Period) -> HeatFix | None:
    """Lines of a year by account, month and tariff → its cost at the house's volumes, and the kopecks."""
    at = rows_of(lines["account_id"], accounts["id"])
    kept = np.flatnonzero((at >= 0) & (lines["days"] > 0))
    if not kept.size:
        return None
    at, of_month = at[kept], ordinals(lines["period"][kept]) - first.ordinal
    size = len(accounts["id"])
    days = np.zeros((size, MONTHS), np.int64)
    np.add.at(days, (at, of_month), lines["days"][kept].astype(np.int64))
    # a month with two tariffs is weighed by their days, to a micro-unit
    house = volumes[accounts["house"][at], of_month].astype(object)
    part = house * lines["days"][kept].astype(object) // days[at, of_month].astype(object)
    cost, billed, volume = np.zeros(size, object), np.zeros(size, np.int64), np.zeros(size, np.int64)
    np.add.at(cost, at, part * lines["rate"][kept].astype(object))
    np.add.at(billed, at, lines["kopecks"][kept])
    np.add.at(volume, at, lines["volume"][kept])
    return HeatFix(np.asarray(days.any(1), np.bool_), cost.astype(np.int64), billed, volume)


async def _billed(
    connection: Connection, month: Month, house_ids: npt.NDArray[np.int32], first: Period
) -> Columns:
    """Published charges by equal parts of the year, with what corrections took back."""
    about = "(r.period - l.months_back * interval '1 month')::date"
    last = first.shift(MONTHS - 1)
    bases = ", ".join(str(int(basis)) for basis in EVEN)
    return await copy_out(
        connection,
        BILLED,
        f"SELECT l.account_id, {about}, l.rate, sum(l.amount_kopecks)::int8, "
        "sum(CASE WHEN l.kind = 0 THEN l.days ELSE -l.days END)::int4, "
        "sum(round(l.volume_num::numeric / l.volume_den))::int8 FROM runs r "
        "JOIN lines l ON l.run_id = r.id JOIN accounts a ON a.id = l.account_id "
        f"WHERE r.state = 'published' AND r.period >= '{first.first_day}' "
        f"AND {about} BETWEEN '{first.first_day}' AND '{last.first_day}' "
        f"AND a.house_id = ANY({int_array(house_ids)}) AND l.service = {HEAT} AND l.basis IN ({bases}) "
        "GROUP BY 1, 2, 3",
    )


async def _house_months(
    connection: Connection, month: Month, house_ids: npt.NDArray[np.int32], first: Period
) -> I64:
    """(H, 12) micro-Gcal of the meters of the houses by month; a gap is spread evenly over its months."""
    rows = await copy_out(
        connection,
        READING,
        "SELECT r.meter_id, m.house_id, m.digits::int4, r.period, r.value1_micro, "
        "coalesce(r.prev_period, '-infinity'), r.prev1_micro FROM meters m "
        "JOIN readings r ON r.meter_id = m.id "
        f"WHERE m.house_id = ANY({int_array(house_ids)}) AND m.account_id IS NULL AND m.service = {HEAT} "
        f"AND r.period BETWEEN '{first.first_day}' AND '{first.shift(MONTHS - 1).first_day}' "
        f"AND r.status = 'accepted' AND {known('r', month.as_of)}",
    )
    out = np.zeros((len(house_ids), MONTHS), np.int64)
    at = ordinals(rows["period"]) - first.ordinal
    before = np.full(len(at), -1, np.int64)
    dated = rows["before"] > LONG_AGO
    before[dated] = np.maximum(ordinals(rows["before"][dated]) - first.ordinal, -1)
    used = rows["value"] - rows["prev"]
    used = np.where(used < 0, used + 10 ** rows["digits"].astype(np.int64) * MICRO, used)
    place = rows_of(rows["house_id"], house_ids)
    for one in range(len(at)):  # twelve of a meter of a house
        length = int(at[one] - before[one])
        share, rest = divmod(int(used[one]), length)
        out[place[one], before[one] + 1 : at[one] + 1] += share
        out[place[one], at[one]] += rest
    return out
