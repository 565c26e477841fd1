"""Terms of the overdue process as dated data of the city and of organisations; the law's least is kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import text

from billing.overdue import DEFAULTS, STAGES, Stage, Term, Terms, check
from storage import thresholds
from storage.session import Session

PREFIX = "overdue_"


def terms_of(values: Mapping[str, str]) -> Terms:
    """Terms by keys «notice_wait»; what nobody set is as the product comes."""
    return {stage: _term(stage, values) for stage in STAGES}


def _term(stage: Stage, values: Mapping[str, str]) -> Term:
    base = DEFAULTS[stage]
    return Term(
        is_on=values.get(f"{stage}_on", "1" if base.is_on else "0") == "1",
        wait_days=int(values.get(f"{stage}_wait", base.wait_days)),
        months=int(values.get(f"{stage}_months", base.months)),
        kopecks=int(values.get(f"{stage}_kopecks", base.kopecks)),
    )


def values_of(terms: Terms) -> dict[str, str]:
    """The same as keys and values of settings."""
    out: dict[str, str] = {}
    for stage, term in terms.items():
        out |= {
            f"{stage}_on": "1" if term.is_on else "0",
            f"{stage}_wait": str(term.wait_days),
            f"{stage}_months": str(term.months),
            f"{stage}_kopecks": str(term.kopecks),
        }
    return out


async def terms_by_company(session: Session, day: dt.date) -> dict[int, Terms]:
    """Terms of every managing company on a day; two queries."""
    said = await thresholds.in_force(session, PREFIX, day)
    companies = await session.execute(text("SELECT id FROM organisations WHERE kind = 'company' ORDER BY id"))
    return {company: terms_of(thresholds.of_company(said, company)) for company in companies.scalars()}


async def set_terms(
    session: Session, organisation_id: int | None, terms: Terms, day: dt.date, ground: str
) -> None:
    """New terms from a day on. Raises TermsRefused when they go against the law."""
    check(terms)
    await thresholds.set_values(session, organisation_id, PREFIX, values_of(terms), day, ground)
