"""Льготы of the accounts of a block, with what their grounds give in the month. No льготы: one empty read."""

# ruff: noqa: S608 - queries hold only our own words and integers; COPY takes no parameters

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from billing.basis import BENEFICIARIES_MAX
from billing.benefits import Benefits, Held, columns, grounds, terms_of
from storage.block_values import known, overlaps
from storage.bulk import Columns, Connection, Row, copy_out, int_array
from storage.meter_reads import DAY_ZERO, Month, rows_of
from storage.relief_values import Reliefs

I64 = npt.NDArray[np.int64]

BENEFIT = Row.of(
    id="int4",
    account_id="int4",
    person_id="int4",
    ground="int2",
    own="int2",
    in_document="bool",
    first="date",
    after="date",
)


async def read_benefits(
    connection: Connection, month: Month, accounts: Columns, facts: Columns, reliefs: Reliefs
) -> Benefits | None:
    """Льготы in force on some day of the month on which their account is open and somebody lives there."""
    codes = list(grounds())
    ids = accounts["id"]
    if not len(ids):
        return None
    kinds = "ARRAY[" + ", ".join(f"'{code}'" for code in codes) + "]"
    rows = await copy_out(
        connection,
        BENEFIT,
        "SELECT b.id, b.account_id, coalesce(b.person_id, 0), "
        f"(array_position({kinds}, b.category) - 1)::int2, coalesce(b.share_permille, 0)::int2, "
        "b.in_document, b.valid_from, coalesce(b.valid_to, 'infinity') "
        f"FROM account_benefits b WHERE b.account_id = ANY ({int_array(ids.tolist())}) "
        f"AND b.category = ANY ({kinds}) AND {overlaps('b', month.period)} AND {known('b', month.as_of)}",
    )
    if not len(rows["id"]):
        return None
    order = np.lexsort((rows["id"], rows["person_id"], rows["account_id"]))
    rows = {name: column[order] for name, column in rows.items()}
    account = rows_of(rows["account_id"], ids).astype(np.int32)
    first, after = _month(month, accounts, account)
    days = np.minimum(rows["after"].astype(np.int64), after) - np.maximum(
        rows["first"].astype(np.int64), first
    )
    people, person = _people(facts, account, first), _ordinals(rows)
    kept = (days > 0) & (people > 0) & (person < BENEFICIARIES_MAX)

    def small(column: Any) -> npt.NDArray[np.int16]:
        return np.asarray(column[kept], np.int16)

    held = Held(
        account=account[kept],
        id=rows["id"][kept],
        person=small(person),
        people=small(people),
        days=small(days),
        open_days=small(after - first),
        ground=small(rows["ground"]),
        own_permille=small(rows["own"]),
        in_document=small(rows["in_document"]),
    )
    terms = [terms_of(code, reliefs.value) for code in codes]
    assert all(one is not None for one in terms), "every ground of the catalogue has terms"
    return columns(held, [one for one in terms if one is not None], reliefs.value)


def _month(month: Month, accounts: Columns, account: Any) -> tuple[I64, I64]:
    """First day of the month on which the account is open and the one after the last."""
    start = month.period.first_day.toordinal() - DAY_ZERO
    first = np.maximum(accounts["opened"][account].astype(np.int64), start)
    return first, np.minimum(accounts["closed"][account].astype(np.int64), start + month.period.days)


def _people(facts: Columns, account: Any, day: I64) -> I64:
    """Permanent residents of each row's account on its day."""
    found = np.zeros(len(account), np.int64)
    of = np.flatnonzero(np.isin(facts["account"], account))
    at = np.searchsorted(facts["account"][of], account, side="left")
    until = np.searchsorted(facts["account"][of], account, side="right")
    for back in range(int((until - at).max(initial=0))):
        row = np.minimum(at + back, max(len(of) - 1, 0))
        fact = of[row]
        inside = (at + back < until) & (facts["first"][fact] <= day) & (facts["after"][fact] > day)
        found = np.where(inside, facts["residents"][fact], found)
    return found


def _ordinals(rows: Columns) -> I64:
    """0, 1, … of the distinct people of an account; a льгота of no named person is one of its own."""
    account, person = rows["account_id"], rows["person_id"]
    fresh = np.append(True, (account[1:] != account[:-1]) | (person[1:] != person[:-1]) | (person[1:] == 0))
    number = np.cumsum(fresh)
    start = np.append(True, account[1:] != account[:-1])
    return np.asarray(number - np.maximum.accumulate(np.where(start, number, 0)), np.int64)
