"""Terms of payment documents: which payees have a block or a document of their own, from which month.

The newest approved term of a subject whose month has come counts; without terms everything stands under the
requisites of the organisation, as before.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import text

from billing.receipt_split import Placement, Placing
from storage import second_person
from storage.second_person import ValueRefused
from storage.session import Session

TERMS_MAX = 2000


@dataclass(frozen=True, slots=True)
class TermRow:
    """A term with who gave and who signed it; payee_name of the subject «payee»."""

    id: int
    company_id: int
    company_name: str
    subject: str
    payee_id: int | None
    payee_name: str | None
    placement: str
    valid_from: dt.date
    document: str
    document_date: dt.date
    state: str
    proposed_by: int
    proposed_by_name: str
    recorded_at: dt.datetime
    decided_by_name: str | None


async def rows(session: Session) -> list[TermRow]:
    """All of them, by organisation and subject, the newest first."""
    found = await session.execute(
        text(f"""
        SELECT t.id, t.company_id, c.short_name AS company_name, t.subject, t.payee_id,
               p.short_name AS payee_name, t.placement, t.valid_from, t.document, t.document_date, t.state,
               t.proposed_by, u.full_name AS proposed_by_name, t.recorded_at, d.full_name AS decided_by_name
          FROM receipt_terms t JOIN organisations c ON c.id = t.company_id
          LEFT JOIN organisations p ON p.id = t.payee_id
          JOIN users u ON u.id = t.proposed_by LEFT JOIN users d ON d.id = t.decided_by
         ORDER BY c.short_name, t.company_id, t.subject, p.short_name, t.valid_from DESC, t.id DESC
         LIMIT {TERMS_MAX}""")  # noqa: S608 - a number of ours
    )
    return [TermRow(**row._mapping) for row in found]


@dataclass(frozen=True, slots=True)
class NewTerm:
    """What is proposed."""

    company_id: int
    subject: str
    payee_id: int | None
    placement: str
    valid_from: dt.date
    document: str
    document_date: dt.date


async def propose(session: Session, new: NewTerm, user_id: int) -> None:
    """Keep a term until somebody else agrees. Raises ValueRefused."""
    at = {
        "company": new.company_id,
        "subject": new.subject,
        "payee": new.payee_id,
        "day": new.valid_from,
    }
    later = await session.scalar(
        text("""
        SELECT max(valid_from) FROM receipt_terms
         WHERE company_id = :company AND subject = :subject AND state <> 'declined' AND valid_from >= :day
           AND payee_id IS NOT DISTINCT FROM CAST(:payee AS int)"""),
        at,
    )
    if later is not None:
        raise ValueRefused(
            "term-later", f"С {later:%d.%m.%Y} условие уже есть. Новое должно начинаться позже него."
        )
    if await _is_published(session, new.valid_from):
        raise ValueRefused(
            "month-published",
            f"Квитанции за {new.valid_from:%m.%Y} уже вышли. Выберите месяц, который ещё не закрыт.",
        )
    await session.execute(
        text("""
        INSERT INTO receipt_terms (company_id, subject, payee_id, placement, valid_from, document,
                                   document_date, proposed_by)
        VALUES (:company, :subject, :payee, :placement, :day, :document, :document_date, :user_id)"""),
        {
            **at,
            "placement": new.placement,
            "document": new.document,
            "document_date": new.document_date,
            "user_id": user_id,
        },
    )


async def _is_published(session: Session, month: dt.date) -> bool:
    """Whether documents of the month are out: their layout by payees stays as it was."""
    found = await session.scalar(
        text("SELECT EXISTS (SELECT 1 FROM months WHERE period = :month AND state = 'closed')"),
        {"month": month},
    )
    return bool(found)


async def decide(session: Session, term_id: int, is_approved: bool, user_id: int, now: dt.datetime) -> None:
    """Put a term in force (another person) or take it away. Raises ValueRefused."""
    await second_person.settle(
        session, "receipt_terms", term_id, is_approved=is_approved, user_id=user_id, now=now
    )


async def placings(session: Session, company_ids: Iterable[int], month: dt.date) -> dict[int, Placing]:
    """Where charges of payees stand in documents of each organisation for a month; one query."""
    companies = sorted(set(company_ids))
    found = await session.execute(
        text("""
        SELECT DISTINCT ON (company_id, subject, payee_id) company_id, subject, payee_id, placement
          FROM receipt_terms
         WHERE state = 'approved' AND company_id = ANY (:companies) AND valid_from <= :month
         ORDER BY company_id, subject, payee_id, valid_from DESC, id DESC"""),
        {"companies": companies, "month": month},
    )
    payees: dict[int, dict[int, Placement]] = {company: {} for company in companies}
    said: dict[tuple[int, str], Placement] = {}
    for row in found:
        if row.payee_id is None:
            said[row.company_id, row.subject] = Placement(row.placement)
        else:
            payees[row.company_id][row.payee_id] = Placement(row.placement)
    return {
        company: Placing(
            company,
            payees[company],
            said.get((company, "others"), Placement.COMMON),
            said.get((company, "capital")),
        )
        for company in companies
    }
