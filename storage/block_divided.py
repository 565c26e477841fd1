"""Divided premises of a block: shares, and the columns in which the holder has everybody who lives there.

The rules see the whole premises at the account that holds it (billing.divided); facts, absences, acts and
past charges of the other accounts are put to it here. Most blocks have none: one small read, and nothing.
"""

# ruff: noqa: S608 - queries hold only our own words and integers; COPY takes no parameters

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from billing.block import Block
from billing.coowners import Divided
from billing.period import Period
from billing.reduction import Absent, Troubles
from storage.block_values import known
from storage.bulk import Columns, Connection, Row, copy_out
from storage.meter_reads import DAY_ZERO, Month, rows_of

PART = Row.of(division="int4", whole="int4", account="int4", num="int4", den="int4", by_people="int8")


async def read_divided(
    connection: Connection, month: Month, accounts: Columns, facts: Columns
) -> Divided | None:
    """Shares in force in the month; accounts and facts are those of the block, facts in order of time.

    An account that is not open leaves its premises with shares that are no whole, which the rules park.
    """
    first = month.period.first_day
    rows = await copy_out(
        connection,
        PART,
        "SELECT d.id, d.account_id, p.account_id, p.share_num, p.share_den, d.by_people FROM divisions d "
        f"JOIN division_parts p ON p.division_id = d.id WHERE d.house_id = ANY({month.house_ids}) "
        f"AND d.valid_from <= '{first}' AND (d.valid_to IS NULL OR d.valid_to > '{first}') "
        f"AND {known('d', month.as_of)}",
    )
    whole, part = (rows_of(rows[name], accounts["id"]) for name in ("whole", "account"))
    kept = np.flatnonzero((whole >= 0) & (part >= 0))
    if not kept.size:
        return None
    kept = kept[np.lexsort((part[kept], part[kept] != whole[kept], whole[kept]))]
    whole, part = whole[kept], part[kept]
    lived = [_lived(accounts, facts, month.period, at) for at in part.tolist()]
    return Divided(
        whole=whole.astype(np.int32),
        account=part.astype(np.int32),
        num=rows["num"][kept].astype(np.int64),
        den=rows["den"][kept].astype(np.int64),
        person_days=np.array([days for days, _ in lived], np.int64),
        persons=np.array([persons for _, persons in lived], np.int16),
        by_people=rows["by_people"][kept],
    )


def holders(accounts: Columns, divided: Divided | None) -> npt.NDArray[np.intp]:
    """(N,) row of the account that holds the premises of each; its own for all but parts."""
    out = np.arange(len(accounts["id"]), dtype=np.intp)
    if divided is not None:
        out[divided.account] = divided.whole
    return out


def _of(facts: Columns, account: int) -> npt.NDArray[np.intp]:
    """Stretches of an account; facts are in order of accounts and time."""
    ends = np.searchsorted(facts["account"], [account, account + 1])
    return np.arange(ends[0], ends[1])


def _lived(accounts: Columns, facts: Columns, period: Period, account: int) -> tuple[int, int]:
    """People × days of the month at one account, and its residents on the last day (owners when none)."""
    start = period.first_day.toordinal() - DAY_ZERO
    first, after = start, start + period.days
    days, persons = 0, 1
    for row in _of(facts, account).tolist():
        begins = max(int(facts["first"][row]), int(accounts["opened"][account]), first)
        ends = min(int(facts["after"][row]), int(accounts["closed"][account]), after)
        people = int(facts["residents"][row])
        days += (people + int(facts["temporary"][row])) * max(ends - begins, 0)
        persons = people or int(facts["owners"][row])
    return days, persons


def whole_columns(divided: Divided | None, accounts: Columns, facts: Columns) -> tuple[Columns, Columns]:
    """Accounts and facts as the rules see them: parts are not open, their people live at the holder."""
    if divided is None:
        return accounts, facts
    closed = accounts["closed"].copy()
    parts = divided.account[divided.account != divided.whole]
    closed[parts] = accounts["opened"][parts]
    merged = []
    for holder in np.unique(divided.whole).tolist():
        rows = divided.account[divided.whole == holder].tolist()
        merged += _merged(facts, holder, [row for row in rows if row != holder])
    others = ~np.isin(facts["account"], divided.account)
    columns = {
        name: np.concatenate([column[others], np.array([one[name] for one in merged], column.dtype)])
        for name, column in facts.items()
    }
    order = np.lexsort((columns["first"], columns["account"]))
    return {**accounts, "closed": closed}, {name: column[order] for name, column in columns.items()}


def _merged(facts: Columns, holder: int, parts: list[int]) -> list[dict[str, Any]]:
    """Stretches of the whole premises: areas and acts of the holder, everybody's people.

    Owners are those of the premises: as many as the holder has, and not less than its accounts have.
    """
    mine, others = _of(facts, holder).tolist(), [_of(facts, part).tolist() for part in parts]
    everybody = [*mine, *(row for rows in others for row in rows)]
    days = sorted({int(facts[name][row]) for row in everybody for name in ("first", "after")})
    out = []
    for first, after in pairwise(days):
        held = _on(facts, mine, first)
        if held is None:
            continue
        found = [row for row in (_on(facts, rows, first) for rows in others) if row is not None]
        made: dict[str, Any] = {name: column[held] for name, column in facts.items()}
        made |= {"first": first, "after": after, "account": holder}
        for name in ("residents", "temporary"):
            made[name] = sum(int(facts[name][row]) for row in (held, *found))
        owners = 1 + sum(int(facts["owners"][row]) for row in found) + len(parts) - len(found)
        made["owners"] = max(int(facts["owners"][held]), owners)
        out.append(made)
    return out


def _on(facts: Columns, rows: list[int], day: int) -> int | None:
    """The stretch that holds on a day."""
    return next((row for row in rows if facts["first"][row] <= day < facts["after"][row]), None)


def folded(block: Block) -> Block:
    """What was written down at the parts, put to the holders of their premises."""
    divided = block.divided
    if divided is None:
        return block
    if block.absent is not None:
        block.absent = _absent(block.absent, divided)
    if block.troubles is not None:
        block.troubles = _troubles(block.troubles, divided)
    if block.unauthorised is not None:
        block.unauthorised = replace(block.unauthorised, account=divided.rows(block.unauthorised.account))
    if block.heat_fix is not None:
        fix = block.heat_fix
        block.heat_fix = replace(fix, billed=divided.fold(fix.billed), volume=divided.fold(fix.volume))
    if block.distributors is not None:
        block.distributors = replace(block.distributors, billed=divided.fold(block.distributors.billed))
    for past in (block.common or {}).values():
        if past.fix is not None:
            past.fix = replace(
                past.fix, cost=divided.fold(past.fix.cost), billed=divided.fold(past.fix.billed)
            )
    return block


def _absent(absent: Absent, divided: Divided) -> Absent:
    rows = divided.rows(absent.account)
    who, at = np.unique(rows, return_inverse=True)
    days, forced = (np.zeros((len(column), len(who)), np.int64) for column in (absent.days, absent.forced))
    for to, column in ((days, absent.days), (forced, absent.forced)):
        for segment, of_segment in zip(to, column, strict=True):
            np.add.at(segment, at, of_segment)
    return Absent(who.astype(np.int32), days, forced)


def _troubles(troubles: Troubles, divided: Divided) -> Troubles:
    """Of an entrance each account has its row: a premises is hit once."""
    rows = divided.rows(troubles.account)
    columns = {name: getattr(troubles, name) for name in Troubles.__slots__} | {"account": rows}
    table = np.stack([column.astype(np.int64) for column in columns.values()])
    _, first = np.unique(table, axis=1, return_index=True)
    kept = np.sort(first)
    return Troubles(**{name: column[kept] for name, column in columns.items()})
