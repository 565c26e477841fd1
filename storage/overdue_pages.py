"""Read models of the overdue process: steps to approve and to hand over, a batch, a case with its history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from storage.natural import search_form
from storage.run_totals import escaped
from storage.search import ADDRESS, ADDRESS_JOINS
from storage.session import Session

SHOWN = ("draft", "approved", "delivered", "undone", "dropped")
"""States of the list: approved is without those handed over."""
SORTS = {
    "amount": "s.amount_kopecks",
    "address": "st.search_name, h.sort_key, f.sort_key",
    "drafted": "s.drafted_on",
    "delivered": "s.delivered_on",
}


@dataclass(frozen=True, slots=True)
class StepFilter:
    """What is looked for; empty values are not asked about. state: of SHOWN."""

    state: str = "draft"
    stage: str = ""
    company_id: int | None = None
    batch_id: int | None = None
    q: str = ""

    @property
    def values(self) -> dict[str, object]:
        return {
            "state": self.state,
            "stage": self.stage,
            "company": self.company_id,
            "batch": self.batch_id,
            **({"q": escaped(search_form(self.q))} if self.q else {}),
        }


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step with its account, paper and delivery."""

    id: int
    case_id: int
    account_id: int
    number: str
    address: str
    payer_name: str
    company_name: str
    stage: str
    state: str
    drafted_on: dt.date
    amount_kopecks: int
    services: tuple[int, ...]
    batch_id: int | None
    paper_id: int | None
    paper_number: str | None
    problem: str | None
    delivery: str | None
    delivered_on: dt.date | None
    delivery_note: str | None


@dataclass(frozen=True, slots=True)
class StepPage:
    """A page of steps, how many there are and for how much."""

    rows: list[StepRow]
    total: int
    amount_kopecks: int


COLUMNS = f"""s.id, s.case_id, s.account_id, a.number, {ADDRESS} AS address, a.payer_name,
       o.short_name AS company_name, s.stage, s.state, s.drafted_on, s.amount_kopecks, s.services, s.batch_id,
       s.paper_id, p.number AS paper_number, s.problem, s.delivery, s.delivered_on, s.delivery_note"""
FROM = f"""
  FROM debt_steps s JOIN accounts a ON a.id = s.account_id {ADDRESS_JOINS}
  JOIN organisations o ON o.id = s.company_id LEFT JOIN papers p ON p.id = s.paper_id"""
ACCOUNT = f"JOIN accounts a ON a.id = s.account_id {ADDRESS_JOINS}"
WHERE = """
 WHERE (:state = '' OR s.state = CASE :state WHEN 'delivered' THEN 'approved' ELSE :state END)
   AND (:state <> 'approved' OR s.delivered_on IS NULL)
   AND (:state <> 'delivered' OR s.delivered_on IS NOT NULL)
   AND (:stage = '' OR s.stage = :stage)
   AND (CAST(:company AS int) IS NULL OR s.company_id = :company)
   AND (CAST(:batch AS int) IS NULL OR s.batch_id = :batch)"""
WORDS = """
   AND (a.number LIKE :q || '%' OR st.search_name LIKE :q || '%' OR a.search_name LIKE :q || '%')"""


def _picked(wanted: StepFilter, sort: str) -> str:
    """Where steps are picked: accounts are joined only when words or the order speak of them."""
    joined = ACCOUNT if wanted.q or sort == "address" else ""
    return f"FROM debt_steps s {joined} {WHERE} {WORDS if wanted.q else ''}"


async def steps(
    session: Session,
    wanted: StepFilter,
    *,
    sort: str = "amount",
    is_descending: bool = True,
    limit: int,
    offset: int = 0,
) -> StepPage:
    """Found steps sorted by a key of SORTS; one query."""
    way = "DESC NULLS LAST" if is_descending else "ASC NULLS LAST"
    order = ", ".join(f"{part} {way}" for part in SORTS[sort].split(", "))
    found = (
        await session.execute(
            text(f"""
            SELECT {COLUMNS}, s.total, s.kopecks FROM (
              SELECT s.*, count(*) OVER ()::int AS total, sum(s.amount_kopecks) OVER ()::bigint AS kopecks
                {_picked(wanted, sort)} ORDER BY {order}, s.id LIMIT :limit OFFSET :offset) s
              {ACCOUNT} JOIN organisations o ON o.id = s.company_id LEFT JOIN papers p ON p.id = s.paper_id
             ORDER BY {order}, s.id"""),  # noqa: S608 - words of ours
            {**wanted.values, "limit": limit, "offset": offset},
        )
    ).all()
    if not found:
        return StepPage([], 0, 0)
    return StepPage([_step(row) for row in found], found[0].total, found[0].kopecks)


def _step(row: Sequence[object]) -> StepRow:
    values = list(row)[:19]
    values[11] = tuple(values[11])  # type: ignore[arg-type]
    return StepRow(*values)  # type: ignore[arg-type]


async def step_ids(session: Session, wanted: StepFilter, limit: int) -> list[int]:
    """All found, for a deed over everything."""
    found = await session.execute(
        text(f"SELECT s.id {_picked(wanted, '')} ORDER BY s.id LIMIT :limit"),
        {**wanted.values, "limit": limit},
    )
    return list(found.scalars())


@dataclass(frozen=True, slots=True)
class StageCount:
    """How many steps of a kind wait: to be approved and to be handed over."""

    stage: str
    drafts: int
    approved: int


async def stage_counts(session: Session) -> list[StageCount]:
    """What waits, by step; one query over live rows."""
    found = await session.execute(
        text("""
        SELECT stage, (count(*) FILTER (WHERE state = 'draft'))::int AS drafts,
               (count(*) FILTER (WHERE state = 'approved'))::int AS approved
          FROM debt_steps WHERE state = 'draft' OR state = 'approved' AND delivered_on IS NULL
         GROUP BY 1""")
    )
    return [StageCount(**row._mapping) for row in found]


async def rows_of(session: Session, ids: Sequence[int], limit: int) -> list[StepRow]:
    """Some of these steps, those of the largest sums: a sample for a preview."""
    found = await session.execute(
        text(f"""
        SELECT {COLUMNS} {FROM} WHERE s.id = ANY (:ids)
         ORDER BY s.amount_kopecks DESC, s.id LIMIT :limit"""),
        {"ids": list(ids), "limit": limit},
    )
    return [_step(row) for row in found.all()]


@dataclass(frozen=True, slots=True)
class Drawing:
    """How far the papers of a batch are."""

    steps: int
    drawn: int
    failed: int
    delivered: int


async def drawing(session: Session, batch_id: int) -> Drawing:
    """Counts of a batch."""
    row = (
        await session.execute(
            text("""
            SELECT count(*)::int AS steps, count(paper_id)::int AS drawn, count(problem)::int AS failed,
                   count(delivered_on)::int AS delivered FROM debt_steps WHERE batch_id = :id"""),
            {"id": batch_id},
        )
    ).one()
    return Drawing(**row._mapping)


async def batch_files(session: Session, batch_id: int, limit: int) -> list[bytes]:
    """Papers of a batch in postal order, to be printed together."""
    found = await session.execute(
        text(f"""
        SELECT fl.content {FROM} JOIN files fl ON fl.id = p.file_id WHERE s.batch_id = :id
         ORDER BY st.search_name, h.sort_key, f.sort_key, s.id LIMIT :limit"""),
        {"id": batch_id, "limit": limit},
    )
    return [bytes(one) for one in found.scalars()]


@dataclass(frozen=True, slots=True)
class CaseHead:
    """A case with its account and what it owes now."""

    id: int
    account_id: int
    number: str
    address: str
    payer_name: str
    company_id: int
    stage: str | None
    next_stage: str | None
    ready_on: dt.date | None
    opened_on: dt.date
    closed_on: dt.date | None
    held_until: dt.date | None
    hold_reason: str | None
    overdue_kopecks: int
    penalty_kopecks: int
    months: int
    is_agreed: bool


async def case(session: Session, case_id: int) -> CaseHead | None:
    """A case the scope shows."""
    row = (
        await session.execute(
            text(f"""
            SELECT c.id, c.account_id, a.number, {ADDRESS} AS address, a.payer_name, c.company_id, c.stage,
                   c.next_stage, c.ready_on, c.opened_on, c.closed_on, c.held_until, c.hold_reason,
                   coalesce(d.overdue_kopecks, 0)::bigint AS overdue_kopecks,
                   coalesce(d.penalty_kopecks, 0)::bigint AS penalty_kopecks, coalesce(d.months, 0) AS months,
                   coalesce(d.is_agreed, false) AS is_agreed
              FROM debt_cases c JOIN accounts a ON a.id = c.account_id {ADDRESS_JOINS}
              LEFT JOIN debtors d ON d.account_id = c.account_id WHERE c.id = :id"""),  # noqa: S608
            {"id": case_id},
        )
    ).one_or_none()
    return None if row is None else CaseHead(**row._mapping)


async def case_steps(session: Session, case_id: int) -> list[StepRow]:
    """Everything that was done in a case, the newest first."""
    found = await session.execute(
        text(f"SELECT {COLUMNS} {FROM} WHERE s.case_id = :id ORDER BY s.id DESC"),
        {"id": case_id},
    )
    return [_step(row) for row in found.all()]
