"""Read models of the queue «Задним числом»: facts with where, what, months and what became of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from storage.late_facts import FILTER, KINDS, Filter
from storage.search import ADDRESS
from storage.session import Session

STATES = ("waiting", "draft", "done", "dismissed")


@dataclass(frozen=True, slots=True)
class LateRow:
    """A fact of the queue; address of a value: which houses it reaches."""

    id: int
    kind: str
    account_id: int | None
    account_number: str | None
    house_id: int | None
    address: str | None
    company_name: str | None
    service: int | None
    happened_on: dt.date
    first_period: dt.date
    last_period: dt.date
    words: str
    ground: str
    recorded_by_name: str | None
    recorded_at: dt.datetime
    run_id: int | None
    state: str
    dismissal: str | None

    @property
    def kind_label(self) -> str:
        """What kind of fact, in words."""
        return KINDS[self.kind]

    @property
    def months_count(self) -> int:
        """Closed months touched."""
        first, last = self.first_period, self.last_period
        return (last.year - first.year) * 12 + last.month - first.month + 1


STATE = """
CASE WHEN f.dismissed_at IS NOT NULL THEN 'dismissed'
     WHEN r.state = 'published' THEN 'done'
     WHEN r.id IS NULL OR r.state IN ('undone', 'failed') THEN 'waiting' ELSE 'draft' END"""
FOUND = f"""
  FROM late_facts f LEFT JOIN runs r ON r.id = f.run_id
 WHERE {FILTER} AND (CAST(:state AS text) IS NULL OR {STATE} = :state)"""
ROWS = f"""
WITH found AS (
  SELECT f.*, {STATE} AS state {FOUND} ORDER BY f.id DESC LIMIT :limit OFFSET :offset)
SELECT x.id, x.kind, x.account_id, a.number AS account_number, x.house_id,
       CASE WHEN a.id IS NOT NULL THEN {ADDRESS}
            WHEN h.id IS NOT NULL THEN st.kind || ' ' || st.name || ', ' || h.number END AS address,
       o.short_name AS company_name, x.service, x.happened_on, x.first_period, x.last_period, x.words,
       x.ground, paylogic_staff_name(x.recorded_by) AS recorded_by_name, x.recorded_at, x.run_id, x.state,
       x.dismissal
  FROM found x LEFT JOIN accounts a ON a.id = x.account_id LEFT JOIN flats f ON f.id = a.flat_id
  LEFT JOIN houses h ON h.id = x.house_id LEFT JOIN streets st ON st.id = h.street_id
  LEFT JOIN organisations o ON o.id = coalesce(x.company_id, x.organisation_id)
 ORDER BY x.id DESC"""  # noqa: S608 - words of ours
COUNT = f"SELECT count(*)::int {FOUND}"


async def late_rows(
    session: Session, wanted: Filter, state: str | None, limit: int, offset: int = 0
) -> list[LateRow]:
    """Facts we may see, the newest first."""
    values = {**wanted.values(), "state": state, "limit": limit, "offset": offset}
    return [LateRow(**row._mapping) for row in await session.execute(text(ROWS), values)]


async def late_count(session: Session, wanted: Filter, state: str | None) -> int:
    """How many there are."""
    return int(await session.scalar(text(COUNT), {**wanted.values(), "state": state}) or 0)
