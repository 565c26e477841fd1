"""VAT inside charges: whose tariffs include it by dated terms of two people, and how much of a month it is.

Extracted from the sum of a company, payee, service and month each (billing.vat), then added up; what is due
never changes by it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from billing import vat
from storage import second_person
from storage.second_person import ValueRefused
from storage.session import Session

TERMS_MAX = 2000


@dataclass(frozen=True, slots=True)
class TermRow:
    """A term with who gave and who signed it; service None: all services that have no term of their own."""

    id: int
    organisation_id: int
    organisation_name: str
    service: int | None
    service_name: str | None
    is_included: bool
    valid_from: dt.date
    document: str
    document_date: dt.date
    state: str
    proposed_by: int
    proposed_by_name: str
    recorded_at: dt.datetime
    decided_by_name: str | None


async def rows(session: Session) -> list[TermRow]:
    """All of them, by organisation, the newest first."""
    found = await session.execute(
        text(f"""
        SELECT t.id, t.organisation_id, o.short_name AS organisation_name, t.service::int AS service,
               v.label AS service_name, t.is_included, t.valid_from, t.document, t.document_date, t.state,
               t.proposed_by, u.full_name AS proposed_by_name, t.recorded_at, d.full_name AS decided_by_name
          FROM vat_terms t JOIN organisations o ON o.id = t.organisation_id
          JOIN users u ON u.id = t.proposed_by LEFT JOIN users d ON d.id = t.decided_by
          LEFT JOIN services v ON v.code = t.service
         ORDER BY o.short_name, v.position NULLS FIRST, t.valid_from DESC, t.id DESC LIMIT {TERMS_MAX}""")  # noqa: S608
    )
    return [TermRow(**row._mapping) for row in found]


@dataclass(frozen=True, slots=True)
class NewTerm:
    """What is proposed."""

    organisation_id: int
    service: int | None
    is_included: bool
    valid_from: dt.date
    document: str
    document_date: dt.date


async def propose(session: Session, new: NewTerm, user_id: int) -> None:
    """Keep a term until somebody else agrees. Raises ValueRefused."""
    if new.valid_from.day != 1:
        raise ValueRefused("not-month", "Условие действует с первого числа месяца.")
    at = {"owner": new.organisation_id, "service": new.service, "day": new.valid_from}
    later = await session.scalar(
        text("""
        SELECT max(valid_from) FROM vat_terms WHERE organisation_id = :owner AND state <> 'declined'
           AND service IS NOT DISTINCT FROM CAST(:service AS smallint) AND valid_from >= :day"""),
        at,
    )
    if later is not None:
        raise ValueRefused(
            "term-later", f"С {later:%d.%m.%Y} условие уже есть. Новое должно начинаться позже него."
        )
    await session.execute(
        text("""
        INSERT INTO vat_terms (organisation_id, service, is_included, valid_from, document, document_date,
                               proposed_by)
        VALUES (:owner, :service, :is_included, :day, :document, :document_date, :user_id)"""),
        {
            **at,
            "is_included": new.is_included,
            "document": new.document,
            "document_date": new.document_date,
            "user_id": user_id,
        },
    )


async def decide(session: Session, term_id: int, is_approved: bool, user_id: int, now: dt.datetime) -> None:
    """Put a term in force (another person) or take it away. Raises ValueRefused."""
    await second_person.settle(
        session, "vat_terms", term_id, is_approved=is_approved, user_id=user_id, now=now
    )


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms in force: of organisation and service (None = the rest) in order of months, the newest first."""

    by_owner: Mapping[tuple[int, int | None], tuple[tuple[dt.date, bool], ...]]

    def rate(self, organisation_id: int, service: int, month: dt.date) -> int:
        """Rate inside prices of a payee in hundredths of a percent; 0 where it pays no VAT or nobody said."""
        for key in ((organisation_id, service), (organisation_id, None)):
            for since, is_included in self.by_owner.get(key, ()):
                if since <= month:
                    return vat.rate_on(month) if is_included else 0
        return 0

    def inside(self, row: Any) -> int:
        """VAT inside a sum of a payee (supplier_id), service and month (of_month), in kopecks."""
        rate = self.rate(row.supplier_id, row.service, row.of_month)
        return vat.included(row.kopecks, rate) if rate else 0


async def terms(session: Session) -> Terms:
    """Approved terms, some hundreds of rows."""
    found = await session.execute(
        text("""
        SELECT organisation_id, service::int AS service, valid_from, is_included FROM vat_terms
         WHERE state = 'approved' ORDER BY valid_from DESC, id DESC""")
    )
    by_owner: dict[tuple[int, int | None], list[tuple[dt.date, bool]]] = {}
    for row in found:
        by_owner.setdefault((row.organisation_id, row.service), []).append((row.valid_from, row.is_included))
    return Terms({key: tuple(values) for key, values in by_owner.items()})


@dataclass(frozen=True, slots=True)
class Charged:
    """What a payee is charged by a company for a service of a month, with the VAT inside."""

    company_id: int
    supplier_id: int
    service: int
    of_month: dt.date
    kopecks: int
    label: str | None
    rate_bp: int
    vat_kopecks: int


SUMS = """
SELECT t.company_id, t.supplier_id, t.service::int AS service,
       (r.period - t.months_back * interval '1 month')::date AS of_month,
       sum(t.amount_kopecks + t.surcharge_kopecks)::bigint AS kopecks, min(v.label) AS label
  FROM run_totals t JOIN runs r ON r.id = t.run_id LEFT JOIN services v ON v.code = t.service
 WHERE {where}
 GROUP BY 1, 2, 3, 4 HAVING sum(t.amount_kopecks + t.surcharge_kopecks) <> 0
 ORDER BY 4, 3, 2, 1"""


async def of_run(session: Session, run_id: int) -> list[Charged]:
    """Sums of one run."""
    return await _charged(session, "r.id = :run", {"run": run_id})


async def of_month(session: Session, period: dt.date) -> list[Charged]:
    """Published sums of runs of a month, corrections of older months among them, that the scope lets out."""
    return await _charged(session, "r.state = 'published' AND r.period = :period", {"period": period})


async def of_payee(session: Session, payee_id: int, first: dt.date, last: dt.date) -> list[Charged]:
    """Published sums of a payee posted in the months the days touch."""
    where = (
        "r.state = 'published' AND t.supplier_id = :payee "
        "AND coalesce(r.posted_in, r.period) "
        "BETWEEN date_trunc('month', CAST(:first AS date))::date AND CAST(:last AS date)"
    )
    return await _charged(session, where, {"payee": payee_id, "first": first, "last": last})


async def _charged(session: Session, where: str, values: dict[str, object]) -> list[Charged]:
    known = await terms(session)
    found = await session.execute(text(SUMS.format(where=where)), values)
    out = []
    for row in found:
        rate = known.rate(row.supplier_id, row.service, row.of_month)
        out.append(Charged(**row._mapping, rate_bp=rate, vat_kopecks=known.inside(row)))
    return out


def by(charged: list[Charged], key: Callable[[Charged], object]) -> dict[object, int]:
    """VAT added up by a key."""
    out: dict[object, int] = {}
    for one in charged:
        out[key(one)] = out.get(key(one), 0) + one.vat_kopecks
    return out
