"""Counts the parts of a month's change house by house, for pages of a house, a company and the city.

Asked by an event when a run is published. Blocks of whole houses commit one by one, so a killed worker goes
on where it was; a month whose runs have not changed is not counted again.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import numpy.typing as npt

from billing.period import Period
from storage import outbox
from storage.bulk import Connection, Row, copy_in, copy_out
from storage.changes import Bills, MonthRuns, month_runs, read_bills
from storage.engine import Database
from storage.session import Session, raw_connection

COUNT = "commands.changes.count"
BLOCK_ACCOUNTS = 10_000
"""Lines of two months of so many accounts are some tens of megabytes."""

ACCOUNT = Row.of(id="int4", house_id="int4", company_id="int4")
HOUSE = Row.of(
    period="date", house_id="int4", company_id="int4", accounts_count="int4", more_count="int4",
    less_count="int4", before_kopecks="int8", now_kopecks="int8",
)  # fmt: skip
SUM = Row.of(period="date", house_id="int4", company_id="int4", service="int2", part="int2", kopecks="int8")
DAY_ZERO = dt.date(2000, 1, 1)


class UnknownChangeOrder(ValueError):
    """A command this version does not know: kept as a dead letter."""

    permanent = True


async def request_count(session: Session, run_id: int, period: dt.date) -> None:
    """Ask for the month of a run and for the next one, which is compared with it."""
    months = [period, Period.of(period).shift(1).first_day]
    payload = {"months": [f"{month:%Y-%m}" for month in months]}
    await outbox.add(session, COUNT, payload, f"changes-{run_id}")


async def obey(database: Database, subject: str, payload: dict[str, Any]) -> None:
    """Count the months of the command; again it changes nothing."""
    months = payload.get("months")
    if subject != COUNT or not isinstance(months, list):
        raise UnknownChangeOrder(f"Неизвестное поручение {subject}.")
    for month in months:
        await count(database, Period.parse(month))


async def count(database: Database, period: Period) -> None:
    """All houses of the month; goes on where it was. Only published months are kept."""
    while await _block(database, period):
        pass


BEGIN = """
INSERT INTO change_months (period, run_ids, state) VALUES ($1, $2, 'counting')
ON CONFLICT (period) DO UPDATE SET run_ids = $2, state = 'counting', last_house_id = 0
 WHERE change_months.run_ids <> $2
"""
NEXT = """
SELECT max(id) FROM (
  SELECT h.id, sum(count(a.id)) OVER (ORDER BY h.id) AS total
    FROM houses h LEFT JOIN accounts a ON a.house_id = h.id WHERE h.id > $1 GROUP BY h.id) s
 WHERE total <= $2 OR id = (SELECT min(id) FROM houses WHERE id > $1)
"""


async def _block(database: Database, period: Period) -> bool:
    """The next houses; false when the month is done or has nothing to compare."""
    async with database.transaction() as session:
        connection = await raw_connection(session)
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext('changes'), $1)", period.ordinal)
        runs = await month_runs(connection, period)
        if runs[1].is_draft or not runs[1].charged:
            return False
        ids = runs[0].ids + runs[1].ids
        await connection.execute(BEGIN, period.first_day, ids)
        row = await connection.fetchrow("SELECT * FROM change_months WHERE period = $1", period.first_day)
        if row is None or row["state"] == "done":
            return False
        first = row["last_house_id"]
        last = await connection.fetchval(NEXT, first, BLOCK_ACCOUNTS)
        if last is None:
            await connection.execute(
                "UPDATE change_months SET state = 'done', counted_at = clock_timestamp() WHERE period = $1",
                period.first_day,
            )
            return False
        await _houses(connection, period, runs, first, last)
        await connection.execute(
            "UPDATE change_months SET last_house_id = $2 WHERE period = $1", period.first_day, last
        )
    return True


async def _houses(
    connection: Connection, period: Period, runs: tuple[MonthRuns, MonthRuns], first: int, last: int
) -> None:
    """Count houses after `first` up to `last` and keep their sums in the place of older ones."""
    between = f"house_id > {int(first)} AND house_id <= {int(last)}"
    accounts = await copy_out(
        connection,
        ACCOUNT,
        f"SELECT id, house_id, company_id FROM accounts WHERE {between} ORDER BY id",  # noqa: S608
    )
    for table in ("change_sums", "change_houses"):
        await connection.execute(f"DELETE FROM {table} WHERE period = $1 AND {between}", period.first_day)  # noqa: S608
    if not len(accounts["id"]):
        return
    bills = await read_bills(connection, period, accounts["id"].tolist(), runs)
    day = (period.first_day - DAY_ZERO).days
    houses = _by_house(accounts, bills)
    await copy_in(connection, "change_houses", HOUSE, {"period": day, **houses}, len(houses["house_id"]))
    sums = _by_part(accounts, bills)
    await copy_in(connection, "change_sums", SUM, {"period": day, **sums}, len(sums["house_id"]))


def _by_house(accounts: dict[str, npt.NDArray[Any]], bills: Bills) -> dict[str, npt.NDArray[Any]]:
    """Bills of houses; accounts without a bill in both months are not counted."""
    key = accounts["house_id"].astype(np.int64) << 32 | accounts["company_id"]
    found, at = np.unique(key, return_inverse=True)
    has = (bills.before != 0) | (bills.now != 0)

    def summed(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        out = np.zeros(len(found), np.int64)
        np.add.at(out, at, values)
        return out

    return {
        "house_id": found >> 32,
        "company_id": found & 0xFFFFFFFF,
        "accounts_count": summed(has),
        "more_count": summed(bills.now > bills.before),
        "less_count": summed(bills.now < bills.before),
        "before_kopecks": summed(bills.before),
        "now_kopecks": summed(bills.now),
    }


def _by_part(accounts: dict[str, npt.NDArray[Any]], bills: Bills) -> dict[str, npt.NDArray[Any]]:
    """Parts of houses by service and cause, without zeros."""
    parts = bills.parts
    at = np.searchsorted(accounts["id"], parts.account_id)
    columns = (accounts["house_id"][at], accounts["company_id"][at], parts.service, parts.part)
    stacked = np.stack([column.astype(np.int64) for column in columns])
    found, group = np.unique(stacked, axis=1, return_inverse=True)
    kopecks = np.zeros(found.shape[1], np.int64)
    np.add.at(kopecks, group.ravel(), parts.kopecks)
    names = ("house_id", "company_id", "service", "part")
    kept = kopecks != 0
    return {**{name: found[row][kept] for row, name in enumerate(names)}, "kopecks": kopecks[kept]}
