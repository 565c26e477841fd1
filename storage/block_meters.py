"""Individual meters of a block as the rules want them: billing.block.Meters."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from billing.block import AccountKind, Meters
from storage.bulk import Columns, Connection
from storage.meter_billed import Shared, billed_meanwhile
from storage.meter_cuts import read_cuts
from storage.meter_intricate import mend_intricate
from storage.meter_past import State, state_of
from storage.meter_reads import Month, Read, rows_of


async def individual(
    connection: Connection,
    month: Month,
    read: Read,
    accounts: Columns,
    changes: Sequence[dt.date] = (),
) -> Meters:
    """Columns of billing.block.Meters. accounts (N,): id, flat_id and kind of the block's, in its order.

    changes: days inside the month on which a value changes.
    """
    account_ids = accounts["id"]
    account = rows_of(read.meters["account_id"], account_ids)
    rows = np.flatnonzero(account >= 0)
    rows = rows[np.lexsort((read.meters["id"][rows], read.meters["service"][rows], account[rows]))]
    read, account = read.take(rows), account[rows]
    state, intricate = await state_of(connection, month, read)
    await mend_intricate(connection, month, read, state, intricate)
    common = read.meters["is_common"] & (accounts["kind"][account] == AccountKind.ROOM)
    late = await billed_meanwhile(
        connection, month, read, account_ids[account], state, shared_by(accounts, account, common, state)
    )
    return Meters(
        id=read.meters["id"],
        account=account.astype(np.int32),
        service=read.meters["service"],
        zones=read.meters["zones"],
        digits=read.meters["digits"],
        has_reading=read.has_reading,
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
        cut=await read_cuts(connection, month, read.meters["id"], changes),
    )


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
    return Shared(common, *(np.array([row[n] for row in found], np.int32) for n in range(3)))
