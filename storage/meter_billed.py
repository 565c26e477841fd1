"""What was billed instead of a reading while a meter was silent, from published lines."""

# ruff: noqa: S608 - queries hold only our own words and integers; COPY takes no parameters

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from billing.basis import Basis
from billing.period import Period
from storage.bulk import Connection, Row, copy_out, int_array
from storage.meter_past import State
from storage.meter_reads import ZONES, Month, Read, ordinals

READ_BASES = (
    Basis.METER,
    Basis.LATE_READING,
    Basis.NORM_TEMPORARY,
)  # these do not stand instead of a reading
HOT_HEAT = (2, 2)  # service, component measured in Gcal: the volume is in its cold part
LATE = Row.of(account_id="int4", period="date", service="int2", component="int2", num="int8", den="int8")


async def billed_meanwhile(
    connection: Connection, month: Month, read: Read, account_ids: npt.NDArray[np.int32], state: State
) -> npt.NDArray[np.int64]:
    """(M, 3) volumes of published lines since the previous reading of meters that were read late.

    The lines of a service are not of one meter: what was billed by average or norm in a month is split evenly
    among the account's meters of the service that were silent in it, so that nothing is counted twice or
    lost.
    """
    out = np.zeros((len(read), ZONES), np.int64)
    late = state.gap > 0
    if not late.any():
        return out
    period = month.period.ordinal
    first = Period(int(period - state.gap.max()))
    accounts = np.unique(account_ids[late])
    meters_of: dict[tuple[int, int], list[int]] = {}
    for at in np.flatnonzero(np.isin(account_ids, accounts) & (late | ~read.has_reading)).tolist():
        meters_of.setdefault((int(account_ids[at]), int(read.meters["service"][at])), []).append(at)
    for account, closed, service, component, volume in await _published(connection, month, accounts, first):
        silent = [at for at in meters_of.get((account, service), []) if state.previous[at] < closed]
        zone = 0 if service == HOT_HEAT[0] else max(component - 1, 0)
        for share, at in enumerate(silent):
            out[at, zone] += volume // len(silent) + (1 if share < volume % len(silent) else 0)
    out[~late] = 0
    return out


async def _published(
    connection: Connection, month: Month, accounts: npt.NDArray[np.int32], first: Period
) -> list[tuple[int, int, int, int, int]]:
    """(account, month, service, component, volume) of lines that stood instead of a reading, published and
    in order.
    """
    bases = ", ".join(str(int(basis)) for basis in READ_BASES)
    heat_service, heat_component = HOT_HEAT
    columns = await copy_out(
        connection,
        LATE,
        "SELECT l.account_id, r.period, l.service, l.component, l.volume_num, l.volume_den FROM runs r "
        f"JOIN lines l ON l.run_id = r.id WHERE r.state = 'published' AND r.period >= '{first.first_day}' "
        f"AND r.period < '{month.period.first_day}' AND l.account_id = ANY({int_array(accounts)}) "
        f"AND l.basis NOT IN ({bases}) AND NOT (l.service = {heat_service} AND l.component = "
        f"{heat_component}) "
        "ORDER BY l.account_id, r.period, l.service, l.component, r.id, l.first_day, l.basis, l.kind",
    )
    volume = (2 * columns["num"] + columns["den"]) // (2 * columns["den"])
    months = ordinals(columns["period"])
    rows = (columns["account_id"], months, columns["service"], columns["component"], volume)
    return list(zip(*(column.tolist() for column in rows), strict=True))
