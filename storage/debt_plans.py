"""What of a debt a document does not ask for yet: later parts of charges paid in twelve (Rules 354, cl. 72).

A part is asked for by the document of its month, from the first day of the next one on. What was charged
less since then loses its last parts, so what is asked for never shrinks before they are gone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlalchemy import text

from billing.period import Period
from storage.debts import AccountDebts
from storage.session import Session

I64 = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

PLANS = """
SELECT w.ordinal - 1 AS at, g.of_period, g.service,
       coalesce((
         SELECT sum(p.amount_kopecks) FROM agreement_parts p
          WHERE p.agreement_id = g.id AND p.period + interval '1 month' <= w.day), 0)::bigint AS asked,
       coalesce((
         SELECT sum(l.amount_kopecks + l.surcharge_kopecks) FROM runs r JOIN lines l ON l.run_id = r.id
          WHERE r.state = 'published' AND r.posted_in >= g.of_period
            AND l.account_id = g.account_id AND l.service = g.service
            AND (r.period - l.months_back * interval '1 month')::date = g.of_period), 0)::bigint AS charged
  FROM unnest(CAST(:accounts AS int[]), CAST(:days AS date[])) WITH ORDINALITY AS w(account_id, day, ordinal)
  JOIN agreements g ON g.account_id = w.account_id AND g.kind = 'rise'
   AND g.state IN ('active', 'kept', 'broken', 'cancelled')
   AND g.made_on <= w.day AND (g.ended_on IS NULL OR g.ended_on > w.day)"""


@dataclass(frozen=True, slots=True)
class Parted:
    """Debts with what is put off as rows of their own. origin: the row of the whole debt; later: put off."""

    debts: AccountDebts
    origin: I64
    later: Flags


async def parted(
    session: Session, account_ids: Sequence[int], days: Sequence[dt.date], debts: AccountDebts
) -> Parted:
    """Debts of `open_debts` as documents ask for them on a day of each account."""
    off = np.zeros(len(debts.amount), np.int64)
    for row in await session.execute(text(PLANS), {"accounts": list(account_ids), "days": list(days)}):
        mine = np.flatnonzero(
            (debts.account == row.at)
            & (debts.period == Period.of(row.of_period).ordinal)
            & (debts.service == row.service)
            & ~debts.penalty
        )
        left = int(debts.amount[mine].sum())
        paid = row.charged - left
        later = left - max(min(row.asked, row.charged) - paid, 0)
        for at in mine[::-1].tolist():  # of several payees the last ones wait
            off[at] = min(int(debts.amount[at]), later)
            later -= int(off[at])
    return _cut(debts, off)


def _cut(debts: AccountDebts, off: I64) -> Parted:
    due = np.flatnonzero(debts.amount > off)
    some = np.flatnonzero(off)
    origin = np.concatenate([due, some])
    amount = np.concatenate([(debts.amount - off)[due], off[some]])
    cut = AccountDebts(
        debts.account[origin],
        debts.period[origin],
        debts.payee[origin],
        debts.service[origin],
        debts.penalty[origin],
        amount,
    )
    return Parted(cut, origin, np.arange(len(origin)) >= len(due))
