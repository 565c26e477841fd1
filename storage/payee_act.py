"""Act of reconciliation with a payee: collected for it, kept, transferred, what is still to be transferred.

Read under the payee's own scope as well: postings that name it, its transfers, parts of advances it got.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from billing.ledger import Book
from storage.session import Session


@dataclass(frozen=True, slots=True)
class ActLine:
    """A day's collection (transfer_id None) or a transfer."""

    day: dt.date
    transfer_id: int | None
    number: int | None
    collected_kopecks: int
    agent_fee_kopecks: int
    centre_fee_kopecks: int
    transferred_kopecks: int
    executed_on: dt.date | None
    is_return: bool = False


@dataclass(frozen=True, slots=True)
class Act:
    """Turnover of some days between two balances; waiting is counted apart, by posting, of all time."""

    payee_id: int
    payee_name: str
    first_day: dt.date
    last_day: dt.date
    opening_kopecks: int
    lines: list[ActLine]
    all_collected_kopecks: int
    all_distributed_kopecks: int
    all_waiting_kopecks: int

    @property
    def collected_kopecks(self) -> int:
        return sum(one.collected_kopecks for one in self.lines)

    @property
    def agent_fee_kopecks(self) -> int:
        return sum(one.agent_fee_kopecks for one in self.lines)

    @property
    def centre_fee_kopecks(self) -> int:
        return sum(one.centre_fee_kopecks for one in self.lines)

    @property
    def transferred_kopecks(self) -> int:
        return sum(one.transferred_kopecks for one in self.lines)

    @property
    def closing_kopecks(self) -> int:
        """What is to be transferred after the last day."""
        kept = self.agent_fee_kopecks + self.centre_fee_kopecks
        return self.opening_kopecks + self.collected_kopecks - kept - self.transferred_kopecks

    @property
    def difference_kopecks(self) -> int:
        """Nothing, when each collected kopeck is either distributed or waits."""
        return self.all_collected_kopecks - self.all_distributed_kopecks - self.all_waiting_kopecks


MINE = f"""
  SELECT p.entry_id, p.ordinal, e.booked_on AS day, -p.amount_kopecks AS amount
    FROM postings p JOIN entries e ON e.id = p.entry_id LEFT JOIN entries o ON o.id = e.reverses_id
   WHERE p.organisation_id = :payee AND p.book IN ({int(Book.RESIDENTS)}, {int(Book.PENALTIES)})
     AND coalesce(o.kind, e.kind) IN ('payment', 'transfer', 'return')"""  # noqa: S608 - numbers of books
PARTS = """
  SELECT t.day, s.amount_kopecks AS amount FROM payout_shares s
    JOIN transfers t ON t.run_id = s.run_id AND t.payee_id = s.payee_id
   WHERE s.payee_id = :payee AND s.is_live AND s.is_advance"""
GONE = """
  SELECT t.day, t.id, t.number, t.agent_fee_kopecks, t.centre_fee_kopecks, t.net_kopecks, t.gross_kopecks,
         t.executed_on, false AS is_return
    FROM transfers t
   WHERE t.payee_id = :payee AND t.state IN ('ordered', 'exported', 'executed', 'returned')
  UNION ALL
  SELECT t.returned_on, t.id, t.number, -t.agent_fee_kopecks, -t.centre_fee_kopecks, -t.net_kopecks,
         -t.gross_kopecks, t.executed_on, true
    FROM transfers t WHERE t.payee_id = :payee AND t.state = 'returned'"""

COLLECTED = f"""
WITH mine AS ({MINE}), parts AS ({PARTS}), every AS (
  SELECT day, amount FROM mine UNION ALL SELECT day, amount FROM parts)
SELECT day, sum(amount)::bigint AS amount FROM every WHERE day BETWEEN :first AND :last
 GROUP BY 1 HAVING sum(amount) <> 0 ORDER BY 1"""  # noqa: S608

TOTALS = f"""
WITH mine AS ({MINE}), parts AS ({PARTS}), gone AS ({GONE})
SELECT coalesce((SELECT sum(amount) FROM mine), 0)::bigint
         + coalesce((SELECT sum(amount) FROM parts), 0)::bigint AS collected,
       coalesce((SELECT sum(amount) FROM mine WHERE day < :first), 0)::bigint
         + coalesce((SELECT sum(amount) FROM parts WHERE day < :first), 0)::bigint AS collected_before,
       coalesce((SELECT sum(gross_kopecks) FROM gone), 0)::bigint AS distributed,
       coalesce((SELECT sum(gross_kopecks) FROM gone WHERE day < :first), 0)::bigint AS distributed_before,
       coalesce((SELECT sum(m.amount) FROM mine m LEFT JOIN payout_shares s
                     ON s.entry_id = m.entry_id AND s.ordinal = m.ordinal AND s.is_live AND NOT s.is_advance
                  WHERE s.entry_id IS NULL), 0)::bigint AS waiting"""  # noqa: S608

TRANSFERS = f"""
WITH gone AS ({GONE})
SELECT day, id AS transfer_id, number, agent_fee_kopecks, centre_fee_kopecks, net_kopecks, executed_on,
       is_return
  FROM gone WHERE day BETWEEN :first AND :last ORDER BY day, number, is_return"""  # noqa: S608


async def act(session: Session, payee_id: int, first: dt.date, last: dt.date) -> Act | None:
    """The act of some days, both included; None when there is no such organisation."""
    name = await session.scalar(
        text("SELECT short_name FROM organisations WHERE id = :payee"), {"payee": payee_id}
    )
    if name is None:
        return None
    totals = (await session.execute(text(TOTALS), {"payee": payee_id, "first": first})).one()
    days = {"payee": payee_id, "first": first, "last": last}
    lines = [
        ActLine(row.day, None, None, row.amount, 0, 0, 0, None)
        for row in await session.execute(text(COLLECTED), days)
    ]
    lines += [
        ActLine(
            row.day,
            row.transfer_id,
            row.number,
            0,
            row.agent_fee_kopecks,
            row.centre_fee_kopecks,
            row.net_kopecks,
            row.executed_on,
            row.is_return,
        )
        for row in await session.execute(text(TRANSFERS), days)
    ]
    lines.sort(key=lambda one: (one.day, one.number or 0))
    return Act(
        payee_id,
        str(name),
        first,
        last,
        totals.collected_before - totals.distributed_before,
        lines,
        totals.collected,
        totals.distributed,
        totals.waiting,
    )


@dataclass(frozen=True, slots=True)
class Payee:
    """Somebody to whom money goes."""

    id: int
    name: str


async def payees(session: Session) -> list[Payee]:
    """Everybody to whom money may go."""
    found = await session.execute(
        text("""
        SELECT id, short_name AS name FROM organisations WHERE kind IN ('company', 'supplier', 'fund')
         ORDER BY short_name""")
    )
    return [Payee(**row._mapping) for row in found]
