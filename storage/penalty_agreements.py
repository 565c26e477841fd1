"""What agreements in force change in penalties of a block: days that cost nothing, due days of parts."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from billing.instalment import MONTHS
from billing.money import share_out
from billing.penalty.kernel import Pauses, Payments
from billing.penalty.plan import Plan
from billing.period import Period
from storage.bulk import Connection, int_array
from storage.penalty_law import PenaltyLaw
from storage.penalty_source import Block

I64 = npt.NDArray[np.int64]

# of a debt while it was kept; a broken one stops nothing when so agreed
PAUSES = """
SELECT id, account_id, covered_until, made_on,
       CASE state WHEN 'broken' THEN broken_on - 1 WHEN 'cancelled' THEN ended_on - 1 END AS last_day
  FROM agreements
 WHERE kind = 'debt' AND penalties = 'stopped' AND state IN ('active', 'kept', 'broken', 'cancelled')
   AND NOT (state = 'broken' AND on_break = 'whole') AND made_on IS NOT NULL"""
PLANS = """
SELECT account_id, of_period, service, CASE WHEN state = 'cancelled' THEN ended_on END AS ended_on
  FROM agreements
 WHERE kind = 'rise' AND state IN ('active', 'kept', 'broken', 'cancelled') AND made_on IS NOT NULL"""


async def with_agreements(connection: Connection, law: PenaltyLaw, block: Block, until: dt.date) -> Block:
    """The block with pauses and plans of its debts; two queries a block."""
    if not len(block.account):
        return block
    mine = f"AND account_id = ANY ({int_array(np.unique(block.account))}) ORDER BY account_id, id"
    pauses = await connection.fetch(f"{PAUSES} {mine}")
    plans = await connection.fetch(f"{PLANS} {mine}")
    if not pauses and not plans:
        return block
    places: dict[int, list[int]] = {}
    for at, account in enumerate(block.account.tolist()):
        places.setdefault(account, []).append(at)
    found = [
        (debt, row["made_on"].toordinal(), (row["last_day"] or until).toordinal(), row["id"])
        for row in pauses
        for debt in places.get(row["account_id"], ())
        if block.period[debt] <= row["covered_until"].toordinal()
        and row["made_on"] <= (row["last_day"] or until)
    ]
    table = np.array(found, np.int64).reshape(-1, 4)
    parts = [
        part
        for row in plans
        for debt in places.get(row["account_id"], ())
        if block.period[debt] == row["of_period"].toordinal() and block.service[debt] == row["service"]
        for part in _parts(law, block, debt, row["ended_on"])
    ]
    plan = np.array(parts, np.int64).reshape(-1, 3)
    return replace(
        block,
        paid=_others_first(block, sorted(set(plan[:, 0].tolist()))),
        pauses=Pauses(table[:, 0], table[:, 1], table[:, 2]),
        agreement=table[:, 3],
        plan=Plan(plan[:, 0], plan[:, 1], plan[:, 2]),
    )


def _others_first(block: Block, planned: list[int]) -> Payments:
    """Payments of months with a plan put on their other services first, then on the planned one.

    A document asks for all of the others and a part of the planned: shared in proportion, what was paid as
    asked would leave a bit of each service late.
    """
    paid = block.paid
    rows: dict[int, list[int]] = {}
    for debt in planned:
        same = (block.account == block.account[debt]) & (block.period == block.period[debt])
        cell = np.flatnonzero(same).tolist()
        rows[cell[0]] = [one for one in cell if one not in planned] + [one for one in cell if one in planned]
    inside = np.isin(paid.debt, np.array([one for own in rows.values() for one in own], np.int64))
    out: list[tuple[int, int, int]] = []
    for own in rows.values():
        left = {one: int(block.debts.amount[one]) for one in own}
        of_cell = np.flatnonzero(np.isin(paid.debt, np.array(own, np.int64)))
        days, place = np.unique(paid.day[of_cell], return_inverse=True)
        money = np.zeros(len(days), np.int64)
        np.add.at(money, place.reshape(-1), paid.amount[of_cell])
        for day, amount in zip(days.tolist(), money.tolist(), strict=True):
            for one in own:
                part = min(left[one], amount)
                if part:
                    out.append((one, day, part))
                left[one] -= part
                amount -= part
    table = np.array(out, np.int64).reshape(-1, 3)
    return Payments(
        np.concatenate([paid.debt[~inside], table[:, 0]]),
        np.concatenate([paid.day[~inside], table[:, 1]]),
        np.concatenate([paid.amount[~inside], table[:, 2]]),
    )


def _parts(law: PenaltyLaw, block: Block, debt: int, ended_on: dt.date | None) -> list[tuple[int, int, int]]:
    """Twelve equal parts of a debt, each due with its month; when the agreement ended, that day."""
    first = Period.of(dt.date.fromordinal(int(block.period[debt])))
    terms = law.of(int(block.company[debt])).terms
    out = []
    for at, part in enumerate(share_out(int(block.debts.amount[debt]), [1] * MONTHS)):
        due = terms.due(first.shift(at))
        if ended_on is not None and at:
            due = max(terms.due(first), min(due, ended_on))
        out.append((debt, due.toordinal(), part))
    return out
