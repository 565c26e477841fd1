"""Kept months of common needs: what a run leaves of each house, and what the next ones read of it.

Of several published runs of one month the last published counts; a month that was closed or undone is never
touched again. A correction hands its own months on, as it hands on its lines.
"""

# ruff: noqa: S608 - queries hold only our own words and integers; COPY takes no parameters

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from billing.block import MISSING, Block, Houses, HouseService
from billing.choices import COMMON_FIX
from billing.common_past import FIX_MONTHS, CommonPast, HouseMonth
from billing.period import Period
from billing.services import COMMON, Method, Service
from storage.bulk import Columns, Connection, Row, copy_in, copy_out
from storage.common_fix import Year, read_fix, years_of
from storage.meter_reads import Month, ordinals, rows_of

I64 = npt.NDArray[np.int64]

SERVICES = tuple(
    COMMON + int(one)
    for one in (Service.COLD_WATER, Service.HOT_WATER, Service.SEWERAGE, Service.ELECTRICITY)
)
MODE = "common_mode"
"""Coefficient of a service: the method of houses that have none of their own."""
BALANCE_MONTHS = 36
"""How far back a balance is looked for; every month of a billed house keeps one."""

KEPT = Row.of(
    run_id="int4",
    house_id="int4",
    service="int2",
    period="date",
    company_id="int4",
    method="int2",
    is_known="bool",
    flats_known="bool",
    house_micro="int8",
    flats_micro="int8",
    norm_micro="int8",
    carried_micro="int8",
    charged_micro="int8",
    balance_micro="int8",
)
BALANCE = Row.of(house_id="int4", service="int2", period="date", balance="int8", method="int2")
MONTH = Row.of(
    house_id="int4",
    service="int2",
    period="date",
    method="int2",
    is_known="bool",
    flats_known="bool",
    house="int8",
    flats="int8",
    charged="int8",
)

Kept = Mapping[int, Mapping[int, HouseMonth]]
"""Months (ordinals) a correction has computed already, by service, of the same houses in order of id."""


# ---- ways of paying --------------------------------------------------------------------------------------


def settle_methods(services: Mapping[int, HouseService], coefficients: Mapping[str, I64]) -> None:
    """Houses without a way of their own take that of their organisation; without one the norm goes on."""
    for service in SERVICES:
        made, given = services.get(service), coefficients.get(f"{MODE}:{service}")
        if made is None or given is None:
            continue
        chosen = np.maximum(given[0], 0).astype(np.int16)
        made.method = np.where(made.method == Method.LAW, chosen, made.method)


def is_fix_month(coefficients: Mapping[str, I64], houses: int, period: Period) -> npt.NDArray[np.bool_]:
    """(H,) houses whose last year is corrected in this month, by the centre's answer."""
    given = coefficients.get(COMMON_FIX)
    number = np.zeros(houses, np.int64) if given is None else np.maximum(given[0], 0)
    return np.asarray(np.array(FIX_MONTHS, np.int64)[number] == period.month, np.bool_)


# ---- out -------------------------------------------------------------------------------------------------


async def read_common(
    connection: Connection,
    month: Month,
    houses: Houses,
    accounts: Columns,
    services: Mapping[int, HouseService],
    coefficients: Mapping[str, I64],
    kept: Kept,
    is_fixing: bool = False,
) -> dict[int, CommonPast] | None:
    """What the kept months say of the common needs of these houses, None when none are kept."""
    mine = [service for service in SERVICES if service in services]
    if not mine:
        return None
    balances = await _balances(connection, month, houses, kept)
    due = is_fix_month(coefficients, len(houses), month.period) | is_fixing
    averaged = any((services[one].method == Method.COMMON_AVERAGE).any() for one in mine)
    if not len(balances["house_id"]) and not averaged:
        return None
    years: dict[int, Year] = {}
    if averaged or due.any():
        years = years_of(await _last_year(connection, month, houses, kept), houses)
    out = {}
    for service in mine:
        past = CommonPast.nothing(len(houses))
        of = np.flatnonzero(balances["service"] == service)
        at = rows_of(balances["house_id"][of], houses.id)
        past.carried, before = past.carried.copy(), np.full(len(houses), MISSING, np.int16)
        past.carried[at], before[at] = balances["balance"][of], balances["method"][of]
        if service in years:
            past.year, past.months = years[service].totals()
            now = np.where(
                services[service].method == Method.LAW, int(Method.COMMON_NORM), services[service].method
            )
            past.fix = await read_fix(
                connection,
                month,
                houses,
                accounts,
                service,
                years[service],
                due,
                past.carried,
                (before, now),
            )
        out[service] = past
    return out


def _published(month: Month) -> str:
    """SQL: runs that had been published by then."""
    if month.as_of is None:
        return "r.state = 'published'"
    instant = f"'{month.as_of.astimezone(dt.UTC).isoformat()}'::timestamptz"
    return f"r.state = 'published' AND r.published_at <= {instant}"


async def _balances(connection: Connection, month: Month, houses: Houses, kept: Kept) -> Columns:
    """The latest balance before the month of every house and service."""
    first = month.period.shift(-BALANCE_MONTHS)
    found = await copy_out(
        connection,
        BALANCE,
        "SELECT DISTINCT ON (c.house_id, c.service) c.house_id, c.service, c.period, c.balance_micro, "
        "c.method "
        f"FROM common_months c JOIN runs r ON r.id = c.run_id WHERE c.house_id = ANY ({month.house_ids}) "
        f"AND c.period >= '{first.first_day}' AND c.period < '{month.period.first_day}' "
        f"AND {_published(month)} "
        "ORDER BY c.house_id, c.service, c.period DESC, r.published_at DESC NULLS LAST, c.run_id DESC",
    )
    for ordinal in sorted(kept):
        if ordinal >= month.period.ordinal:
            continue
        for service, one in kept[ordinal].items():
            rows = np.flatnonzero(one.asked)
            older = (found["service"] == service) & (ordinals(found["period"]) <= ordinal)
            gone = older & np.isin(found["house_id"], houses.id[rows])
            later = found["house_id"][(found["service"] == service) & ~gone]
            rows = rows[~np.isin(houses.id[rows], later)]
            new = {
                "house_id": houses.id[rows],
                "service": np.full(len(rows), service, np.int16),
                "period": np.full(len(rows), _day(ordinal), found["period"].dtype),
                "balance": one.balance[rows],
                "method": one.method[rows],
            }
            found = {name: np.concatenate([column[~gone], new[name]]) for name, column in found.items()}
    return found


async def _last_year(connection: Connection, month: Month, houses: Houses, kept: Kept) -> Columns:
    """Months of last calendar year as they stand published, or as the correction leaves them."""
    first = Period((month.period.year - 1) * 12)
    found = await copy_out(
        connection,
        MONTH,
        "SELECT DISTINCT ON (c.house_id, c.service, c.period) c.house_id, c.service, c.period, c.method, "
        "c.is_known, c.flats_known, c.house_micro, c.flats_micro, c.charged_micro "
        f"FROM common_months c JOIN runs r ON r.id = c.run_id WHERE c.house_id = ANY ({month.house_ids}) "
        f"AND c.period BETWEEN '{first.first_day}' AND '{first.shift(11).first_day}' AND {_published(month)} "
        "ORDER BY c.house_id, c.service, c.period, r.published_at DESC NULLS LAST, c.run_id DESC",
    )
    for ordinal in range(first.ordinal, first.ordinal + 12):
        for service, one in kept.get(ordinal, {}).items():
            rows = np.flatnonzero(one.asked)
            same = (found["service"] == service) & (ordinals(found["period"]) == ordinal)
            gone = same & np.isin(found["house_id"], houses.id[rows])
            new: dict[str, npt.NDArray[Any]] = {
                "house_id": houses.id[rows],
                "service": np.full(len(rows), service, np.int16),
                "period": np.full(len(rows), _day(ordinal), found["period"].dtype),
                "method": one.method[rows],
                "is_known": one.known[rows],
                "flats_known": one.flats_known[rows],
                "house": one.house[rows],
                "flats": one.flats[rows],
                "charged": one.charged[rows],
            }
            found = {name: np.concatenate([column[~gone], new[name]]) for name, column in found.items()}
    return found


def _day(ordinal: int) -> int:
    """First day of the month as COPY writes dates."""
    return (Period(ordinal).first_day - dt.date(2000, 1, 1)).days


# ---- in --------------------------------------------------------------------------------------------------


async def write_common(
    connection: Connection, run_id: int, period: Period, block: Block, common: Mapping[int, HouseMonth]
) -> None:
    """Rows of a block's houses for the month, in the caller's transaction."""
    for service, month in sorted(common.items()):
        rows = np.flatnonzero(month.asked)
        columns = {
            "run_id": run_id,
            "house_id": block.houses.id[rows],
            "service": service,
            "period": _day(period.ordinal),
            "company_id": block.houses.company_id[rows],
            "method": month.method[rows],
            "is_known": month.known[rows],
            "flats_known": month.flats_known[rows],
            "house_micro": month.house[rows],
            "flats_micro": month.flats[rows],
            "norm_micro": month.norm[rows],
            "carried_micro": month.carried[rows],
            "charged_micro": month.charged[rows],
            "balance_micro": month.balance[rows],
        }
        await copy_in(connection, "common_months", KEPT, columns, len(rows))


async def drop_common(connection: Connection, run_id: int) -> None:
    """What a draft that was undone wrote; the database refuses it for a published run."""
    await connection.execute("DELETE FROM common_months WHERE run_id = $1", run_id)
