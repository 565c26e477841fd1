"""What was billed instead of a reading while a meter was silent, from published lines."""

# ruff: noqa: S608 - queries hold only our own words and integers; COPY takes no parameters

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from billing.basis import BENEFITS, COMPENSATIONS, DIVISIONS, FIXES, REDUCTIONS, UNAUTHORISED, Basis
from billing.period import Period
from storage.bulk import Columns, Connection, Row, copy_out, int_array
from storage.meter_past import State
from storage.meter_reads import DAY_ZERO, ZONES, Month, Read, ordinals

READ_BASES = (
    Basis.METER,
    Basis.LATE_READING,
    Basis.CHECK,
    Basis.CHECK_ROOM,
    Basis.NORM_TEMPORARY,
    *REDUCTIONS,
    *UNAUTHORISED,
    *BENEFITS,
    *COMPENSATIONS,
    Basis.MANUAL,
    Basis.BOILER_HEAT,
    Basis.BOILER_METERED,
    Basis.BOILER_UNMETERED,
    Basis.BOILER_WATER,
    *FIXES,
    *DIVISIONS,
)  # these do not stand instead of a reading
MONTH = "(r.period - l.months_back * interval '1 month')::date"  # which a line is about
COMMON_BIT = 50
HOT_HEAT = (2, 2)  # service, component measured in Gcal: the volume is in its cold part
LATE = Row.of(account_id="int4", period="date", service="int2", component="int2", num="int8", den="int8")


@dataclass(frozen=True, slots=True)
class Shared:
    """common (M,): meters of whole communal flats. Rooms of those read late: room, account of the meter,
    months of the gap, (R,) each. part, whole, part_gap: the same of accounts of divided premises.
    """

    common: npt.NDArray[np.bool_]
    room: npt.NDArray[np.int32]
    holder: npt.NDArray[np.int32]
    gap: npt.NDArray[np.int32]
    part: npt.NDArray[np.int32]
    whole: npt.NDArray[np.int32]
    part_gap: npt.NDArray[np.int32]


async def billed_meanwhile(
    connection: Connection,
    month: Month,
    read: Read,
    account_ids: npt.NDArray[np.int32],
    state: State,
    shared: Shared,
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
    services = np.unique(read.meters["service"][late])
    everybody = np.concatenate([account_ids[late], shared.room, shared.part])
    accounts, place = np.unique(everybody, return_inverse=True)
    months = np.zeros(len(accounts), np.int64)
    np.maximum.at(months, place, np.concatenate([state.gap[late], shared.gap, shared.part_gap]))
    lines = await _lines(connection, month, accounts, months, services)
    lines["account_id"] = _wholes(lines["account_id"], shared)
    waiting = np.flatnonzero(np.isin(account_ids, accounts) & (late | ~read.has_reading))
    keys = _key(account_ids[waiting], read.meters["service"][waiting])
    keys |= shared.common[waiting].astype(np.int64) << COMMON_BIT
    order = np.argsort(keys, kind="stable")  # meters of an account and service in their own order
    line, at = _pairs(lines, _holders(lines, shared), keys[order], waiting[order], state)
    # The silent meters of a line stand together: the first ones take what does not divide evenly.
    of_line = np.bincount(line, minlength=len(lines["volume"]))
    share = np.arange(len(line)) - (np.cumsum(of_line) - of_line)[line]
    whole, rest = np.divmod(lines["volume"][line], of_line[line])
    np.add.at(out, (at, lines["zone"][line]), whole + (share < rest))
    out[~late] = 0
    return out


def _key(account: npt.NDArray[np.int32], service: npt.NDArray[np.int16]) -> npt.NDArray[np.int64]:
    return account.astype(np.int64) << 16 | service


def _wholes(account: npt.NDArray[np.int32], shared: Shared) -> npt.NDArray[np.int32]:
    """Lines of parts of divided premises are those of the account that holds the meter."""
    if not len(shared.part):
        return account
    order = np.argsort(shared.part, kind="stable")
    place = np.minimum(np.searchsorted(shared.part[order], account), len(order) - 1)
    of_part = shared.part[order][place] == account
    return np.where(of_part, shared.whole[order][place], account)


def _holders(lines: Columns, shared: Shared) -> npt.NDArray[np.int64]:
    """Key of each line: of its account, or of the common meter of its flat."""
    account = lines["account_id"].copy()
    of_flat = np.isin(account, shared.room)
    if of_flat.any():
        order = np.argsort(shared.room, kind="stable")
        place = np.searchsorted(shared.room[order], account[of_flat])
        account[of_flat] = shared.holder[order][place]
    key = _key(account, lines["service"])
    return np.asarray(key | of_flat.astype(np.int64) << COMMON_BIT, np.int64)


def _pairs(
    lines: Columns,
    key: npt.NDArray[np.int64],
    keys: npt.NDArray[np.int64],
    meters: npt.NDArray[np.intp],
    state: State,
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """(line, meter) of every line and each meter of its account and service that was silent in its month.

    key (of the lines) and keys (sorted) of `meters`, rows of the block's meters.
    """
    first = np.searchsorted(keys, key)
    counts = np.searchsorted(keys, key, side="right") - first
    line = np.repeat(np.arange(len(key)), counts)
    within = np.arange(len(line)) - np.repeat(np.cumsum(counts) - counts, counts)
    at = meters[first[line] + within]
    silent = state.previous[at] < lines["month"][line]
    return line[silent], at[silent]


async def _lines(
    connection: Connection,
    month: Month,
    accounts: npt.NDArray[np.int32],
    months: npt.NDArray[np.int64],
    services: npt.NDArray[np.int16],
) -> Columns:
    """Lines of so many months before for each account. Most were late by one month: the pages of months
    further back are not touched for them.
    """
    parts = []
    for some in (months == 1, months > 1):
        if some.any():
            first = Period(int(month.period.ordinal - months[some].max()))
            parts.append(await _published(connection, month, accounts[some], services, first))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


async def _published(
    connection: Connection,
    month: Month,
    accounts: npt.NDArray[np.int32],
    services: npt.NDArray[np.int16],
    first: Period,
) -> Columns:
    """account_id, service, month (ordinal), zone, volume of lines that stood instead of a reading."""
    bases = ", ".join(str(int(basis)) for basis in READ_BASES)
    heat_service, heat_component = HOT_HEAT
    columns = await copy_out(
        connection,
        LATE,
        f"SELECT l.account_id, {MONTH}, l.service, l.component, l.volume_num, l.volume_den FROM runs r "
        f"JOIN lines l ON l.run_id = r.id WHERE r.state = 'published' AND r.period >= '{first.first_day}' "
        f"AND (r.period < '{month.period.first_day}' OR r.kind = 'correction') "
        f"AND {MONTH} BETWEEN '{first.first_day}' AND '{month.period.shift(-1).first_day}' "
        f"AND l.account_id = ANY({int_array(accounts)}) "
        f"AND l.service = ANY({int_array(services)}) AND l.basis NOT IN ({bases}) "
        f"AND NOT (l.service = {heat_service} AND l.component = {heat_component})",
    )
    columns = _with_instead(columns, month, accounts, services, first)
    component = columns["component"].astype(np.intp)
    zone = np.where(columns["service"] == heat_service, 0, np.maximum(component - 1, 0))
    volume = (2 * columns["num"] + columns["den"]) // (2 * columns["den"])
    return {**columns, "month": ordinals(columns["period"]), "zone": zone, "volume": volume}


def _with_instead(
    columns: Columns,
    month: Month,
    accounts: npt.NDArray[np.int32],
    services: npt.NDArray[np.int16],
    first: Period,
) -> Columns:
    """Published lines of months that a correction recomputes give way to its own."""
    wanted = {at: lines for at, lines in month.instead.items() if at >= first.ordinal}
    if not wanted:
        return columns
    kept = ~np.isin(ordinals(columns["period"]), list(wanted))
    parts = [{name: column[kept] for name, column in columns.items()}]
    for at, lines in wanted.items():
        stands = np.isin(lines.account_id, accounts) & np.isin(lines.service, services)
        stands &= ~np.isin(lines.basis, [int(basis) for basis in READ_BASES])
        stands &= (lines.service != HOT_HEAT[0]) | (lines.component != HOT_HEAT[1])
        some = lines.take(stands)
        day = Period(at).first_day.toordinal() - DAY_ZERO
        parts.append(
            {
                "account_id": some.account_id,
                "period": np.full(len(some), day, np.int32),
                "service": some.service,
                "component": some.component,
                "num": some.volume_num,
                "den": some.volume_den,
            }
        )
    return {name: np.concatenate([part[name] for part in parts]) for name in LATE.names}
