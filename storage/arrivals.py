"""What an agent still owes us by day, and which days a sum of a bank statement pays for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlalchemy import text

from billing.payout import fees
from storage.payout_terms import AGENCY
from storage.session import Session

I64 = npt.NDArray[np.int64]
LOOK_BACK_DAYS = 400  # money that came later than that is taken by a person
SUGGESTIONS_MAX = 5


@dataclass(frozen=True, slots=True)
class OpenDay:
    """A day of an agent whose money is on its way: taken less what was given back, and what is kept of it."""

    day: dt.date
    gross_kopecks: int
    fee_kopecks: int
    entry_ids: tuple[int, ...]

    @property
    def expected_kopecks(self) -> int:
        """What is to come."""
        return self.gross_kopecks - self.fee_kopecks


@dataclass(frozen=True, slots=True)
class Match:
    """Days that a sum pays for. expected: by contract; the difference to what came is a person's decision."""

    first_day: dt.date
    last_day: dt.date
    gross_kopecks: int
    expected_kopecks: int
    entry_ids: tuple[int, ...]


async def agent_by_inn(session: Session, inn: str) -> int | None:
    """The agent with this ИНН; None when there is none, or several."""
    found = list(
        (
            await session.execute(
                text("SELECT id FROM organisations WHERE kind = 'agent' AND inn = :inn AND inn <> ''"),
                {"inn": inn},
            )
        ).scalars()
    )
    return int(found[0]) if len(found) == 1 else None


OPEN = """
WITH mine AS (
  SELECT y.entry_id, y.paid_on AS day, y.amount_kopecks AS amount FROM payments y
   WHERE y.agent_id = :agent AND y.entry_id IS NOT NULL AND y.paid_on BETWEEN :since AND :until
  UNION ALL
  SELECT r.id, r.booked_on, -y.amount_kopecks FROM payments y JOIN entries r ON r.reverses_id = y.entry_id
   WHERE y.agent_id = :agent AND y.state = 'reversed' AND r.booked_on BETWEEN :since AND :until
  UNION ALL
  SELECT d.entry_id, e.booked_on, -y.amount_kopecks FROM payment_decisions d
    JOIN payments y ON y.id = d.payment_id JOIN entries e ON e.id = d.entry_id
   WHERE y.agent_id = :agent AND d.deed = 'return' AND d.state = 'done'
     AND e.booked_on BETWEEN :since AND :until)
SELECT m.entry_id, m.day, m.amount FROM mine m LEFT JOIN arrival_entries a ON a.entry_id = m.entry_id
 WHERE a.entry_id IS NULL ORDER BY m.day, m.entry_id"""

TERMS = """
SELECT c.valid_from, c.valid_to, c.fee_permyriad, c.fee_minimum_kopecks
  FROM contracts c JOIN organisations x ON x.id = c.organisation_id AND x.kind = 'centre'
 WHERE c.kind = :kind AND c.counterparty_id = :agent AND c.superseded_at IS NULL AND c.is_fee_withheld
   AND c.fee_bearer <> 'payer' ORDER BY c.valid_from"""


async def open_days(session: Session, agent_id: int, until: dt.date) -> list[OpenDay]:
    """Days with money on its way, the oldest first; fees by the contract of each day."""
    values = {"agent": agent_id, "since": until - dt.timedelta(days=LOOK_BACK_DAYS), "until": until}
    rows = (await session.execute(text(OPEN), values)).all()
    terms = (await session.execute(text(TERMS), {"kind": AGENCY, "agent": agent_id})).all()
    by_day: dict[dt.date, list[tuple[int, int]]] = {}
    for row in rows:
        by_day.setdefault(row.day, []).append((row.entry_id, row.amount))
    out = []
    for day, members in by_day.items():
        permyriad, minimum = 0, 0
        for one in terms:
            if one.valid_from <= day and (one.valid_to is None or day < one.valid_to):
                permyriad, minimum = one.fee_permyriad, one.fee_minimum_kopecks
        amounts = np.array([amount for _, amount in members], np.int64)
        size = np.ones_like(amounts)
        kept = int(fees(amounts, permyriad * size, minimum * size).sum())
        out.append(OpenDay(day, int(amounts.sum()), kept, tuple(entry for entry, _ in members)))
    return out


def match(days: Sequence[OpenDay], received: int) -> Match | None:
    """The days whose expected sums make exactly what came: from the oldest day on, else the only such."""
    first, last, expected, _ = _stretches(days)
    exact = np.flatnonzero(expected == received)
    oldest = exact[first[exact] == 0]
    if oldest.size:
        return _of(days[: int(last[oldest[0]]) + 1])
    if exact.size != 1:
        return None
    return _of(days[int(first[exact[0]]) : int(last[exact[0]]) + 1])


def suggestions(days: Sequence[OpenDay], received: int) -> list[Match]:
    """Stretches that could be meant, the nearest sum first; the agent cannot send more than it took."""
    first, last, expected, gross = _stretches(days)
    fit = np.flatnonzero(gross >= received)
    order = fit[np.lexsort((first[fit], np.abs(expected[fit] - received)))][:SUGGESTIONS_MAX]
    return [_of(days[int(first[at]) : int(last[at]) + 1]) for at in order]


def _stretches(days: Sequence[OpenDay]) -> tuple[I64, I64, I64, I64]:
    """Every run of neighbouring days: its first and last day, what is expected of it, what was taken."""
    first, last = np.triu_indices(len(days))
    expected = np.cumsum([0, *(one.expected_kopecks for one in days)], dtype=np.int64)
    gross = np.cumsum([0, *(one.gross_kopecks for one in days)], dtype=np.int64)
    return first, last, expected[last + 1] - expected[first], gross[last + 1] - gross[first]


def of_days(days: Sequence[OpenDay], first: dt.date, last: dt.date) -> Match | None:
    """The days from the first through the last; None when none of them is open."""
    chosen = [one for one in days if first <= one.day <= last]
    return _of(chosen) if chosen else None


def _of(days: Sequence[OpenDay]) -> Match:
    return Match(
        days[0].day,
        days[-1].day,
        sum(one.gross_kopecks for one in days),
        sum(one.expected_kopecks for one in days),
        tuple(entry for one in days for entry in one.entry_ids),
    )
