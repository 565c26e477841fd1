"""The nearest charge of an account, now: computed in this process and written nowhere.

Pages show it after a reading («ближайшее начисление») and before a change at the desk; `as_of` gives a past
bill by what was known then. The block is the account's whole house, so that shares of the house are right;
only the account's own lines leave this module, so it reads under the product's own scope.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from billing.accrue import accrue_month
from billing.law import change_days
from billing.lines import Lines
from billing.parked import Parked
from billing.period import Period
from storage.block_values import read_values
from storage.blocks import read_block
from storage.bulk import Connection
from storage.compute import Computed, compute
from storage.engine import Database
from storage.parked import neighbour_numbers, parked_message
from storage.scope import SYSTEM, Scope, apply
from storage.session import Session, raw_connection


@dataclass(frozen=True, slots=True)
class Preview:
    """Lines of the account as a run would write them, or in words why it cannot be charged (then no
    lines).
    """

    account_id: int
    period: Period
    lines: Lines
    parked: str | None

    @property
    def total_kopecks(self) -> int:
        """With the surcharge of the raising coefficient."""
        return self.lines.total()


async def preview_account(
    database: Database, account_id: int, period: Period | None = None, as_of: dt.datetime | None = None
) -> Preview | None:
    """What the account would be charged for the month (None = the open one); None when there is no such
    account.

    The caller has made sure that the person may see the account. database: of the pages or of the workers.
    """
    async with database.reading(SYSTEM) as session:
        return await _preview(await raw_connection(session), account_id, period, as_of)


async def _preview(
    connection: Connection, account_id: int, period: Period | None, as_of: dt.datetime | None = None
) -> Preview | None:
    month = period or await _open_month(connection)
    house = await connection.fetchval("SELECT house_id FROM accounts WHERE id = $1", account_id)
    if month is None or house is None:
        return None
    values = await read_values(connection, month, as_of)
    block = await read_block(connection, values, [house], change_days(month), as_of)
    computed = compute(block, accrue_month, account_id=account_id)
    numbers = await neighbour_numbers(connection, computed.parked)
    return Preview(account_id, month, computed.lines, _words(computed, numbers))


class _TakenBack(Exception):
    """Ends the transaction of what_if without keeping anything of it."""


async def what_if(
    database: Database,
    scope: Scope,
    account_id: int,
    period: dt.date,
    deed: Callable[[Session], Awaitable[object]],
) -> tuple[Preview, Preview]:
    """The nearest charge as it is and after the deed, which is done under the person's scope and taken back.

    What the deed raises comes through. The caller has made sure that the person may see the account.
    """
    found: list[Preview] = []
    try:
        async with database.transaction(scope) as session:
            for step in (None, deed):
                if step is not None:
                    await step(session)
                await apply(session, SYSTEM)
                preview = await _preview(await raw_connection(session), account_id, Period.of(period))
                assert preview is not None, "the caller has seen the account"
                found.append(preview)
                await apply(session, scope)
            raise _TakenBack
    except _TakenBack:
        return found[0], found[1]


async def what_if_premises(
    database: Database,
    scope: Scope,
    account_id: int,
    period: dt.date,
    deed: Callable[[Session], Awaitable[object]],
) -> list[tuple[str, int, str | None]]:
    """After a deed that is taken back: number, kopecks of the nearest charge, or why there is none, of every
    account of the account's premises.

    What the deed raises comes through. The caller has made sure that the person may see the account.
    """
    found: list[tuple[str, int, str | None]] = []
    try:
        async with database.transaction(scope) as session:
            await deed(session)
            await apply(session, SYSTEM)
            found = await _premises(await raw_connection(session), account_id, Period.of(period))
            await apply(session, scope)
            raise _TakenBack
    except _TakenBack:
        return found


async def _premises(
    connection: Connection, account_id: int, period: Period
) -> list[tuple[str, int, str | None]]:
    """Open accounts of the premises with what a run would charge them."""
    rows = await connection.fetch(
        "SELECT b.id, b.number, b.house_id FROM accounts a JOIN accounts b ON b.flat_id = a.flat_id "
        "WHERE a.id = $1 AND b.opened_on <= $2 AND (b.closed_on IS NULL OR b.closed_on >= $2) ORDER BY b.id",
        account_id,
        period.first_day,
    )
    if not rows:
        return []
    values = await read_values(connection, period)
    block = await read_block(connection, values, [rows[0]["house_id"]], change_days(period))
    lines, parked = (made := accrue_month(block)).lines, made.parked
    place = {int(block.accounts.id[at]): why for at, why in parked.reason.items()}
    numbers = await neighbour_numbers(connection, parked)
    out: list[tuple[str, int, str | None]] = []
    for row in rows:
        why = place.get(row["id"])
        words = None if why is None else parked_message(why[0], why[1], numbers.get(why[2], why[2]))
        out.append((row["number"], lines.take(lines.account_id == row["id"]).total(), words))
    return out


async def preview_house(
    database: Database, house_id: int, period: Period, as_of: dt.datetime | None = None
) -> tuple[Lines, Parked]:
    """The same for a whole house; for the centre's pages and for `paylogic explain`."""
    async with database.reading(SYSTEM) as session:
        connection = await raw_connection(session)
        values = await read_values(connection, period, as_of)
        block = await read_block(connection, values, [house_id], change_days(period), as_of)
    computed = compute(block, accrue_month)
    return computed.lines, computed.parked


async def _open_month(connection: Connection) -> Period | None:
    opened: dt.date | None = await connection.fetchval("SELECT period FROM months WHERE state = 'open'")
    return None if opened is None else Period.of(opened)


def _words(computed: Computed, numbers: dict[str, str]) -> str | None:
    for reason, service, detail in computed.parked.reason.values():
        return parked_message(reason, service, numbers.get(detail, detail))
    return None
