"""Marks agreements: what was paid on them, those paid whole, those broken by a part that was not paid.

For workers. A broken one stays broken: another is made at the desk.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any

from sqlalchemy import text

from billing.agreement import Due, Kept, stands
from billing.period import Period
from storage import audit
from storage.agreement_debt import Timeline, timeline
from storage.session import Session

ACTIVE = """
SELECT a.id, a.kind, a.account_id, a.company_id, a.amount_kopecks, a.grace_days, a.covered_until, a.made_on,
       a.of_period, p.ordinal, p.period, p.due_on, p.amount_kopecks AS part, p.interest_kopecks
  FROM agreements a JOIN agreement_parts p ON p.agreement_id = a.id
 WHERE a.state = 'active' ORDER BY a.id, p.ordinal"""
SEEN = """
SELECT (SELECT coalesce(max(id), 0) FROM entries) AS entries,
       (SELECT count(*) FROM agreements WHERE state = 'active') AS active,
       ARRAY(SELECT l.virtualtransaction FROM pg_locks l
              WHERE l.relation = CAST('entries' AS regclass) AND l.mode = 'RowExclusiveLock'
                AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
              ORDER BY 1) AS writers"""
Seen = tuple[dt.date, int, int, tuple[str, ...]]


async def seen(session: Session, day: dt.date) -> Seen:
    """What marking depends on: nothing is marked anew while it is the same.

    The largest entry is not enough: one with a smaller id may be committed later. Who writes it holds a lock
    on `entries` from before its id was given until it ends: it is among the writers seen, ended no longer.
    """
    row = (await session.execute(text(SEEN))).one()
    return day, int(row.entries), int(row.active), tuple(row.writers)


async def mark(session: Session, day: dt.date) -> int:
    """Mark every agreement in force as of a day; how many were paid whole or broken."""
    rows = (await session.execute(text(f"{ACTIVE}"))).all()
    if not rows:
        return 0
    parts: dict[int, list[Due]] = defaultdict(list)
    heads: dict[int, Any] = {}
    for row in rows:
        heads[row.id] = row
        part = Due(row.ordinal, Period.of(row.period), row.due_on, row.part, row.interest_kopecks)
        parts[row.id].append(part)
    found = await timeline(session, [row.account_id for row in heads.values()], day)
    changed = 0
    for agreement_id, head in heads.items():
        kept = standing(head, parts[agreement_id], found, day)
        changed += await _mark(session, head, kept, day)
    return changed


def standing(head: Any, parts: list[Due], found: Timeline, day: dt.date) -> Kept:
    """How an agreement stands by the timeline of its account.

    Of a charge in twelve parts the month of the charge is looked at: what is paid on the whole month pays the
    rest of it first.
    """
    left = min(found.unpaid(head.account_id, head.covered_until), head.amount_kopecks)
    later = found.came(head.account_id, head.covered_until, head.made_on)
    whole = head.amount_kopecks - left
    known = sum(amount for _, amount in later)
    paid = [(head.made_on, max(whole - known, 0)), *later]
    return stands(parts, paid, head.grace_days, day)


async def _mark(session: Session, head: Any, kept: Kept, day: dt.date) -> bool:
    state, broken, ended = "active", None, None
    if kept.is_over:
        state, ended = "kept", day
    elif kept.broken_on is not None and head.kind == "debt":
        state, broken, ended = "broken", kept.broken_on, kept.broken_on
    await session.execute(
        text("""
        UPDATE agreements SET state = :state, paid_kopecks = :paid, checked_on = :day, broken_on = :broken,
               ended_on = :ended WHERE id = :id"""),
        {
            "id": head.id,
            "state": state,
            "paid": min(kept.paid_kopecks, head.amount_kopecks),
            "day": day,
            "broken": broken,
            "ended": ended,
        },
    )
    if state == "active":
        return False
    await audit.record(
        session,
        f"agreement_{state}",
        "account",
        head.account_id,
        user_id=None,
        company_id=head.company_id,
        after={"agreement": head.id, "day": day.isoformat()},
    )
    return True
