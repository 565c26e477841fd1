"""What a late fact changes in past months, now: computed in this process, written nowhere.

The fact itself may be tried: `deed` makes it inside a transaction under the person's own scope, the
months are
computed over it, and everything is taken back. The house is computed whole, so what the fact does to its
neighbours (shares of the house) is told as one sum.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import numpy as np

from billing.lines import Lines
from billing.period import Period
from billing.services import CATALOGUE
from storage.block_values import Values, read_values
from storage.bulk import Connection
from storage.engine import Database
from storage.parked import parked_message
from storage.recompute import MonthChanged, recompute
from storage.scope import SYSTEM, Scope, apply
from storage.session import Session, raw_connection

Deed = Callable[[Session], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class ServiceChange:
    """A service of a past month: charged before, charged as it should be, in kopecks with the surcharge."""

    period: Period
    service: int
    before_kopecks: int
    after_kopecks: int

    @property
    def change_kopecks(self) -> int:
        """What goes into the open month."""
        return self.after_kopecks - self.before_kopecks

    @property
    def label(self) -> str:
        """Name of the service."""
        return CATALOGUE[self.service].label if self.service in CATALOGUE else f"Услуга {self.service}"


@dataclass(frozen=True, slots=True)
class PastPreview:
    """Differences of one account over past months, and what its neighbours would see."""

    months: tuple[Period, ...]
    changes: tuple[ServiceChange, ...]
    neighbours_count: int
    neighbours_kopecks: int
    parked: str | None

    @property
    def total_kopecks(self) -> int:
        """Sum of all changes of the account."""
        return sum(one.change_kopecks for one in self.changes)


class _TakenBack(Exception):
    """Ends the transaction of a preview without keeping anything of it."""


async def preview_past(
    database: Database,
    scope: Scope,
    account_id: int,
    first: Period,
    last: Period | None = None,
    deed: Deed | None = None,
) -> PastPreview:
    """Months first … last (None = the last before the open one) of the account, after the deed.

    What the deed raises comes through. The caller has made sure that the person may see the account.
    """
    found: list[PastPreview] = []
    try:
        async with database.transaction(scope) as session:
            if deed is not None:
                await deed(session)
            await apply(session, SYSTEM)
            connection = await raw_connection(session)
            found.append(await _preview(connection, account_id, first, last))
            raise _TakenBack
    except _TakenBack:
        return found[0]


async def _preview(
    connection: Connection, account_id: int, first: Period, last: Period | None
) -> PastPreview:
    house = await connection.fetchval("SELECT house_id FROM accounts WHERE id = $1", account_id)
    opened = await connection.fetchval("SELECT period FROM months WHERE state = 'open'")
    assert house is not None, "the caller has seen the account"
    until = last or (Period.of(opened).shift(-1) if opened else first.shift(-1))
    months = [Period(at) for at in range(first.ordinal, until.ordinal + 1)]

    async def values_of(period: Period) -> Values:
        return await read_values(connection, period)

    looked: list[Period] = []
    changes: list[ServiceChange] = []
    neighbours: dict[int, int] = defaultdict(int)
    parked: str | None = None
    async for done in recompute(connection, months, [house], values_of):
        looked.append(done.period)
        changes.extend(changes_of(done, account_id))
        _add_neighbours(neighbours, done.changes, account_id)
        parked = parked or _words(done, account_id)
    changed = [kopecks for kopecks in neighbours.values() if kopecks]
    return PastPreview(tuple(looked), tuple(changes), len(changed), sum(changed), parked)


def changes_of(done: MonthChanged, account_id: int) -> list[ServiceChange]:
    """Services of an account that differ in a month."""
    mine = done.changes.take(done.changes.account_id == account_id)
    if not len(mine):
        return []
    before = _sums(done.standing.take(done.standing.account_id == account_id))
    change = _sums(mine)
    return [
        ServiceChange(done.period, service, before.get(service, 0), before.get(service, 0) + change[service])
        for service in sorted(change, key=_position)
    ]


def _position(service: int) -> int:
    order: Sequence[int] = list(CATALOGUE)
    return order.index(service) if service in CATALOGUE else len(order) + service


def _sums(lines: Lines) -> dict[int, int]:
    """Kopecks with the surcharge by service."""
    out: dict[int, int] = defaultdict(int)
    both = (lines.amount_kopecks + lines.surcharge_kopecks).tolist()
    for service, kopecks in zip(lines.service.tolist(), both, strict=True):
        out[service] += kopecks
    return out


def _add_neighbours(sums: dict[int, int], changes: Lines, account_id: int) -> None:
    others = changes.take(changes.account_id != account_id)
    both = others.amount_kopecks + others.surcharge_kopecks
    for account in np.unique(others.account_id).tolist():
        sums[account] += int(both[others.account_id == account].sum())


def _words(done: MonthChanged, account_id: int) -> str | None:
    for at, (reason, service, detail) in done.parked.reason.items():
        if int(done.block.accounts.id[at]) == account_id:
            return f"{done.period.title}: {parked_message(reason, service, detail)}"
    return None
