"""Individual meters of a block as the rules want them: billing.block.Meters."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from billing.block import AccountKind, Meters
from billing.checked import Checked
from billing.history import AVERAGE_MONTHS_CHOSEN, AVERAGE_MONTHS_MAX
from storage.bulk import Columns, Connection
from storage.meter_billed import Shared, billed_meanwhile
from storage.meter_checks import checked_of, read_checks
from storage.meter_cuts import read_cuts
from storage.meter_intricate import mend_intricate, with_chosen
from storage.meter_past import State, state_of
from storage.meter_reads import Month, Read, rows_of


@dataclass(slots=True)
class Past:
    """Meters of the accounts of a block in the order of billing.block.Meters, and what their past means."""

    read: Read
    account: npt.NDArray[np.intp]  # (M,) index into Accounts
    state: State


Chosen = npt.NDArray[np.int64] | None  # answers of the houses, (H,)


async def past_of(
    connection: Connection, month: Month, read: Read, accounts: Columns, window: Chosen, fault_days: Chosen
) -> Past:
    """accounts (N,): id, house and holder of the block's, in its order. window, fault_days: what the centre
    chose.
    """
    account = rows_of(read.meters["account_id"], accounts["id"])
    account = np.where(account >= 0, accounts["holder"][account], account)
    rows = np.flatnonzero(account >= 0)
    rows = rows[np.lexsort((read.meters["id"][rows], read.meters["service"][rows], account[rows]))]
    read, account = read.take(rows), account[rows]
    checks = await read_checks(connection, month, read.meters["id"][read.meters["has_events"]])
    state, intricate = await state_of(connection, month, read, checks)
    house = accounts["house"][account]
    longest = _longest(window, house)
    by_days = np.zeros(len(house), np.bool_) if fault_days is None else fault_days[house] == 1
    intricate = await with_chosen(connection, month, read, state, intricate, longest, by_days)
    await mend_intricate(connection, month, read, state, intricate, checks, longest)
    state.event_day[~by_days] = 0
    return Past(read, account, state)


async def individual(
    connection: Connection, month: Month, past: Past, accounts: Columns, changes: Sequence[dt.date] = ()
) -> tuple[Meters, Checked | None]:
    """Columns of billing.block.Meters and the checks of the month. accounts (N,): id, flat_id and kind of the
    block's, in its order.

    changes: days inside the month on which a value changes.
    """
    read, account, state, account_ids = past.read, past.account, past.state, accounts["id"]
    has_reading = _before_checks(state, read.has_reading, month.period.ordinal)
    common = read.meters["is_common"] & (accounts["kind"][account] == AccountKind.ROOM)
    late = await billed_meanwhile(
        connection, month, read, account_ids[account], state, shared_by(accounts, account, common, state)
    )
    checked = checked_of(
        account.astype(np.int32),
        read.meters["service"],
        read.meters["zones"],
        read.meters["digits"],
        late,
        common,
        state.checks,
    )
    of_check = list(state.checks)
    late[of_check], state.gap[of_check] = 0, 0  # what was billed meanwhile is taken off at the check
    meters = Meters(
        id=read.meters["id"],
        account=account.astype(np.int32),
        service=read.meters["service"],
        zones=read.meters["zones"],
        digits=read.meters["digits"],
        has_reading=has_reading,
        start=state.start,
        end=state.end,
        gap_months=state.gap,
        silent_months=state.silent,
        failed_month=state.failed,
        refused_month=state.refused,
        second_refusal=state.second,
        supplier_duty=read.meters["supplier_duty"],
        window=state.window,
        window_months=state.window_months,
        billed=late,
        common=common if common.any() else None,
        event_day=state.event_day if state.event_day.any() else None,
        cut=await read_cuts(connection, month, read.meters["id"], changes),
    )
    return meters, checked


def _before_checks(state: State, given: npt.NDArray[np.bool_], period: int) -> npt.NDArray[np.bool_]:
    """(M,) meters with a reading, checked ones by their past; their gap becomes that before the check."""
    has_reading = given.copy()
    for at, has in state.read.items():
        has_reading[at] = has
    for at, check in state.checks.items():
        state.gap[at] = check.gap_months
        state.previous[at] = period - 1 - check.gap_months
    return has_reading


def _longest(window: Chosen, house: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """(M,) months of the window of the average."""
    if window is None:
        return np.full(len(house), AVERAGE_MONTHS_MAX, np.int64)
    return np.where(window[house] == 1, AVERAGE_MONTHS_CHOSEN, AVERAGE_MONTHS_MAX)


def shared_by(
    accounts: Columns, account: npt.NDArray[np.intp], common: npt.NDArray[np.bool_], state: State
) -> Shared:
    """Rooms behind common meters that were read late: their lines stand instead of that meter's readings."""
    late = np.flatnonzero(common & (state.gap > 0))
    rooms = accounts["kind"] == AccountKind.ROOM
    found = [
        (int(room), int(accounts["id"][account[at]]), int(state.gap[at]))
        for at in late.tolist()
        for room in accounts["id"][rooms & (accounts["flat_id"] == accounts["flat_id"][account[at]])]
    ]
    apart = np.flatnonzero(accounts["holder"] != np.arange(len(accounts["holder"])))
    waits = dict(zip(account[state.gap > 0].tolist(), state.gap[state.gap > 0].tolist(), strict=True))
    parts = [
        (int(accounts["id"][at]), int(accounts["id"][holder]), waits[holder])
        for at, holder in zip(apart.tolist(), accounts["holder"][apart].tolist(), strict=True)
        if holder in waits
    ]
    columns = (np.array([row[n] for row in rows], np.int32) for rows in (found, parts) for n in range(3))
    return Shared(common, *columns)
