"""How much one person may correct alone: a dated setting, of the organisation or of the centre.

The measure is what moved: the sum over accounts of how much each one's bill changes, up or down. So a
correction that gives ten thousand to one and takes them from another is not «zero».
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import text

from storage.session import Session

ALONE_KEY = "correction_alone_kopecks"
ALONE_KOPECKS = 300_000  # 3 000 ₽ until the organisation says otherwise

LIMIT = """
SELECT s.value FROM settings s
 WHERE s.key = :key AND s.superseded_at IS NULL AND s.valid_from <= :day
   AND (s.valid_to IS NULL OR s.valid_to > :day)
   AND (s.organisation_id IS NULL OR s.organisation_id = CAST(:company_id AS int))
 ORDER BY s.organisation_id NULLS LAST, s.valid_from DESC LIMIT 1
"""
MOVED = """
SELECT coalesce(sum(abs(amount_kopecks + surcharge_kopecks)), 0)::bigint FROM run_accounts WHERE run_id = :id
"""


async def alone_limit(session: Session, company_id: int | None, day: dt.date) -> int:
    """Kopecks up to which one person is enough."""
    value = await session.scalar(text(LIMIT), {"key": ALONE_KEY, "company_id": company_id, "day": day})
    return ALONE_KOPECKS if value is None else int(value)


async def moved_kopecks(session: Session, run_id: int) -> int:
    """How much the bills of a correction's accounts change, each without its sign."""
    return int(await session.scalar(text(MOVED), {"id": run_id}) or 0)
