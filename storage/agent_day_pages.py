"""Read models of agents' days: the list, one day with verdicts counted, operations, days not compared.

The scope decides whose they are: the centre sees every agent's, an agent its own.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from storage.run_totals import escaped
from storage.session import Session


@dataclass(frozen=True, slots=True)
class DayLine:
    """A reconciliation in the list; the counts are of differences and of those nobody has settled."""

    id: int
    agent_id: int
    agent_name: str
    file_name: str
    state: str
    message: str
    first_day: dt.date | None
    last_day: dt.date | None
    their_count: int
    their_kopecks: int
    our_count: int
    our_kopecks: int
    user_name: str | None
    recorded_at: dt.datetime
    differences: int
    unsettled: int


@dataclass(frozen=True, slots=True)
class DayList:
    """A page of the list and how many in all."""

    rows: list[DayLine]
    total: int


@dataclass(frozen=True, slots=True)
class DayFilter:
    """What is looked for. state: of the file, or «unsettled»: compared with differences nobody settled."""

    state: str = ""
    agent_id: int | None = None
    since: dt.date | None = None
    until: dt.date | None = None


SORTS = {"recorded": "d.id", "day": "d.first_day", "agent": "o.short_name"}
LINE = """
SELECT d.id, d.agent_id, o.short_name AS agent_name, d.file_name, d.state, d.message, d.first_day, d.last_day,
       d.their_count, d.their_kopecks, d.our_count, d.our_kopecks, u.full_name AS user_name, d.recorded_at,
       c.differences, c.unsettled
  FROM agent_days d JOIN organisations o ON o.id = d.agent_id LEFT JOIN users u ON u.id = d.user_id
  CROSS JOIN LATERAL (
    SELECT count(*)::int AS differences, count(*) FILTER (WHERE r.state <> 'done')::int AS unsettled
      FROM agent_day_rows r WHERE r.day_id = d.id AND r.verdict <> 'same') c"""
FOUND = """
 WHERE (:state IN ('', 'unsettled') OR d.state = :state)
   AND (:state <> 'unsettled' OR d.state = 'compared' AND c.unsettled > 0)
   AND (CAST(:agent AS int) IS NULL OR d.agent_id = :agent)
   AND (CAST(:since AS date) IS NULL OR d.last_day >= :since)
   AND (CAST(:until AS date) IS NULL OR d.first_day <= :until)"""


async def day_list(
    session: Session, wanted: DayFilter, *, sort: str, is_descending: bool, limit: int, offset: int = 0
) -> DayList:
    """Found reconciliations sorted by a key of SORTS."""
    way = "DESC" if is_descending else "ASC"
    found = (
        await session.execute(
            text(
                f"SELECT f.*, count(*) OVER ()::int AS total FROM ({LINE} {FOUND} "  # noqa: S608
                f"ORDER BY {SORTS[sort]} {way} NULLS LAST, d.id DESC) f LIMIT :limit OFFSET :offset"
            ),
            {
                "state": wanted.state,
                "agent": wanted.agent_id,
                "since": wanted.since,
                "until": wanted.until,
                "limit": limit,
                "offset": offset,
            },
        )
    ).all()
    return DayList([DayLine(*row[:16]) for row in found], found[0].total if found else 0)


@dataclass(frozen=True, slots=True)
class VerdictTotal:
    """Operations of a day with one verdict, on both sides."""

    verdict: str
    count: int
    their_count: int
    their_kopecks: int
    our_count: int
    our_kopecks: int
    unsettled: int


@dataclass(frozen=True, slots=True)
class DayHead:
    """A reconciliation with its totals by verdict."""

    line: DayLine
    totals: tuple[VerdictTotal, ...]
    pending: int

    @property
    def is_live(self) -> bool:
        """Whether a worker has it, or a deed of it, before it."""
        return self.line.state == "uploaded" or self.pending > 0

    def of(self, verdict: str) -> VerdictTotal:
        """Totals of a verdict; zeros when there is none."""
        none = VerdictTotal(verdict, 0, 0, 0, 0, 0, 0)
        return next((one for one in self.totals if one.verdict == verdict), none)


async def day_head(session: Session, day_id: int) -> DayHead | None:
    """One reconciliation; None when the scope has none such."""
    row = (await session.execute(text(f"{LINE} WHERE d.id = :id"), {"id": day_id})).one_or_none()
    if row is None:
        return None
    found = await session.execute(
        text("""
        SELECT verdict, count(*)::int AS count, count(their_kopecks)::int AS their_count,
               coalesce(sum(their_kopecks), 0)::bigint AS their_kopecks, count(our_kopecks)::int AS our_count,
               coalesce(sum(our_kopecks), 0)::bigint AS our_kopecks,
               count(*) FILTER (WHERE state NOT IN ('same', 'done'))::int AS unsettled,
               count(*) FILTER (WHERE state IN ('posting', 'cancelling'))::int AS pending
          FROM agent_day_rows WHERE day_id = :id GROUP BY 1"""),
        {"id": day_id},
    )
    rows = found.all()
    totals = tuple(VerdictTotal(*one[:7]) for one in rows)
    return DayHead(DayLine(*row), totals, sum(one.pending for one in rows))


@dataclass(frozen=True, slots=True)
class DayRow:
    """An operation of either side."""

    id: int
    verdict: str
    state: str
    message: str
    line: int | None
    number: str
    their_account: str | None
    their_kopecks: int | None
    their_day: dt.date | None
    payer: str
    payment_id: int | None
    our_account: str | None
    our_kopecks: int | None
    our_day: dt.date | None
    account_id: int | None
    deed: str | None
    ground: str | None
    answer: str
    proposed_by: int | None
    proposed_name: str | None
    decided_name: str | None
    decided_at: dt.datetime | None

    @property
    def account(self) -> str:
        """The account as either side names it."""
        return self.their_account or self.our_account or ""

    @property
    def difference_kopecks(self) -> int:
        """Theirs less ours."""
        return (self.their_kopecks or 0) - (self.our_kopecks or 0)


@dataclass(frozen=True, slots=True)
class DayRows:
    """A page of operations and how many in all."""

    rows: list[DayRow]
    total: int


ROW_SORTS = {"line": "r.verdict = 'same', r.line", "number": "r.number",
             "sum": "coalesce(r.their_kopecks, r.our_kopecks)"}  # fmt: skip
ROWS = """
SELECT r.id, r.verdict, r.state, r.message, r.line, r.number, r.their_account, r.their_kopecks, r.their_day,
       r.payer, r.payment_id, r.our_account, r.our_kopecks, r.our_day, a.id AS account_id, r.deed, r.ground,
       r.answer, r.proposed_by, pu.full_name AS proposed_name, du.full_name AS decided_name, r.decided_at,
       count(*) OVER ()::int AS total
  FROM agent_day_rows r LEFT JOIN users pu ON pu.id = r.proposed_by LEFT JOIN users du ON du.id = r.decided_by
  LEFT JOIN accounts a ON a.number = coalesce(r.their_account, r.our_account)
 WHERE r.day_id = :day
   AND (:verdict = '' OR r.verdict = :verdict OR :verdict = 'differences' AND r.verdict <> 'same')
   AND (:state = '' OR r.state = :state OR :state = 'unsettled' AND r.state NOT IN ('same', 'done'))
   AND (CAST(:words AS text) = '' OR r.number LIKE CAST(:words AS text) || '%'
        OR r.their_account LIKE CAST(:words AS text) || '%'
        OR r.our_account LIKE CAST(:words AS text) || '%')"""


async def day_rows(
    session: Session,
    day_id: int,
    *,
    verdict: str = "",
    state: str = "",
    words: str = "",
    sort: str = "line",
    is_descending: bool = False,
    limit: int,
    offset: int = 0,
) -> DayRows:
    """Operations of a day; «differences» is every verdict but «same», «unsettled» every state not final."""
    way = "DESC" if is_descending else "ASC"
    found = (
        await session.execute(
            text(f"{ROWS} ORDER BY {ROW_SORTS[sort]} {way}, r.id LIMIT :limit OFFSET :offset"),
            {
                "day": day_id,
                "verdict": verdict,
                "state": state,
                "words": escaped(words),
                "limit": limit,
                "offset": offset,
            },
        )
    ).all()
    return DayRows([DayRow(*row[:22]) for row in found], found[0].total if found else 0)


@dataclass(frozen=True, slots=True)
class Uncompared:
    """A day of an agent with payments that no reconciliation covers."""

    agent_id: int
    agent_name: str
    day: dt.date
    count: int
    amount_kopecks: int


async def uncompared(session: Session, since: dt.date, until: dt.date, limit: int) -> list[Uncompared]:
    """The newest days of online payments that nobody compared; registers are their own proof."""
    found = await session.execute(
        text("""
        SELECT p.agent_id, o.short_name AS agent_name, p.paid_on AS day, count(*)::int AS count,
               sum(p.amount_kopecks)::bigint AS amount_kopecks
          FROM payments p JOIN organisations o ON o.id = p.agent_id AND o.kind = 'agent'
         WHERE p.paid_on BETWEEN :since AND :until AND p.source = 'online'
           AND p.state NOT IN ('reversed', 'returned')
           AND NOT EXISTS (SELECT 1 FROM agent_days d WHERE d.agent_id = p.agent_id AND d.state = 'compared'
                            AND p.paid_on BETWEEN d.first_day AND d.last_day)
         GROUP BY 1, 2, 3 ORDER BY 3 DESC, 2 LIMIT :limit"""),
        {"since": since, "until": until, "limit": limit},
    )
    return [Uncompared(**row._mapping) for row in found]
