"""Recipients of льготы of a published month: whose, by which ground, what came off, what is to be paid.

The database itself lets the social protection body and the centre see these people and no others
(paylogic_benefit_register); a view of a person and a file are noted in the journal by the page.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from storage.natural import search_form
from storage.session import Session

SORTS = {
    "person": "person, number",
    "address": "address, person",
    "paid": "paid_kopecks",
    "off": "off_kopecks",
}


@dataclass(frozen=True, slots=True)
class RecipientFilter:
    """What of the list is wanted; empty is everything. mode: document, money."""

    query: str = ""
    ground: str = ""
    company_id: int | None = None
    mode: str = ""


@dataclass(frozen=True, slots=True)
class Recipient:
    """A льгота of a person with the sums of the month over its services."""

    benefit_id: int
    account_id: int
    number: str
    address: str
    company_name: str
    person: str
    born_on: dt.date | None
    snils: str | None
    category: str
    document: str | None
    in_document: bool
    valid_from: dt.date
    valid_to: dt.date | None
    services: int
    charged_kopecks: int
    off_kopecks: int
    paid_kopecks: int


@dataclass(frozen=True, slots=True)
class Recipients:
    """A page of rows with the count and sums over all found."""

    rows: list[Recipient]
    total: int
    charged_kopecks: int
    off_kopecks: int
    paid_kopecks: int


FOUND = """
WITH found AS (
  SELECT r.benefit_id, r.account_id, r.number, r.address, o.short_name AS company_name, r.person, r.born_on,
         r.snils, r.category, r.document, r.in_document, r.valid_from, r.valid_to,
         count(*)::int AS services, sum(r.charged_kopecks)::bigint AS charged_kopecks,
         sum(r.off_kopecks)::bigint AS off_kopecks, sum(r.paid_kopecks)::bigint AS paid_kopecks
    FROM paylogic_benefit_register(:period) r JOIN organisations o ON o.id = r.company_id
   WHERE (:ground = '' OR r.category = :ground)
     AND (CAST(:company AS int) IS NULL OR r.company_id = :company)
     AND (:mode = '' OR r.in_document = (:mode = 'document'))
     AND (:query = '' OR replace(lower(r.person), 'ё', 'е') LIKE :query || '%' OR r.number LIKE :query || '%')
   GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13)
"""


async def recipients(
    session: Session,
    period: dt.date,
    wanted: RecipientFilter,
    *,
    sort: str,
    is_descending: bool,
    limit: int,
    offset: int = 0,
) -> Recipients:
    """Found льготы with the sums over all of them."""
    order = ", ".join(f"{one} {'DESC' if is_descending else 'ASC'}" for one in SORTS[sort].split(", "))
    result = await session.execute(
        text(f"""{FOUND}
        SELECT *, count(*) OVER ()::int, sum(charged_kopecks) OVER ()::bigint,
               sum(off_kopecks) OVER ()::bigint, sum(paid_kopecks) OVER ()::bigint
          FROM found ORDER BY {order}, benefit_id LIMIT :limit OFFSET :offset"""),  # noqa: S608 - words of ours
        {
            "period": period,
            "ground": wanted.ground,
            "company": wanted.company_id,
            "mode": wanted.mode,
            "query": search_form(wanted.query) if wanted.query else "",
            "limit": limit,
            "offset": offset,
        },
    )
    rows = result.all()
    if not rows:
        return Recipients([], 0, 0, 0, 0)
    return Recipients([Recipient(*row[:17]) for row in rows], *rows[0][17:21])


@dataclass(frozen=True, slots=True)
class BenefitSum:
    """Sums of a ground or an organisation. people: distinct льготы."""

    key: str
    people: int
    charged_kopecks: int
    off_kopecks: int
    paid_kopecks: int


async def sums(session: Session, period: dt.date) -> tuple[list[BenefitSum], list[BenefitSum]]:
    """By ground and by organisation, the largest first."""
    found = await session.execute(
        text("""
        SELECT grouping(r.category) = 1 AS by_company, coalesce(r.category, o.short_name) AS key,
               count(DISTINCT r.benefit_id)::int AS people, sum(r.charged_kopecks)::bigint AS charged_kopecks,
               sum(r.off_kopecks)::bigint AS off_kopecks, sum(r.paid_kopecks)::bigint AS paid_kopecks
          FROM paylogic_benefit_register(:period) r JOIN organisations o ON o.id = r.company_id
         GROUP BY GROUPING SETS ((r.category), (o.short_name)) ORDER BY 5 DESC, 6 DESC, 2"""),
        {"period": period},
    )
    grounds: list[BenefitSum] = []
    companies: list[BenefitSum] = []
    for row in found:
        (companies if row.by_company else grounds).append(BenefitSum(*row[1:]))
    return grounds, companies


@dataclass(frozen=True, slots=True)
class RecipientService:
    """A service of a recipient's льгота in the month."""

    service: int
    label: str
    charged_kopecks: int
    off_kopecks: int
    paid_kopecks: int


@dataclass(frozen=True, slots=True)
class RecipientCard:
    """A льгота with its services; account_id only for the journal."""

    head: Recipient
    services: list[RecipientService]


async def recipient(session: Session, period: dt.date, benefit_id: int) -> RecipientCard | None:
    """One льгота of the month by services; None when it has no line there."""
    found = (
        await session.execute(
            text("""
            SELECT r.*, o.short_name AS company_name, coalesce(v.label, '№ ' || r.service) AS label
              FROM paylogic_benefit_register(:period) r JOIN organisations o ON o.id = r.company_id
              LEFT JOIN services v ON v.code = r.service
             WHERE r.benefit_id = :id ORDER BY v.position, r.service"""),
            {"period": period, "id": benefit_id},
        )
    ).all()
    if not found:
        return None
    one = found[0]
    services = [
        RecipientService(row.service, row.label, row.charged_kopecks, row.off_kopecks, row.paid_kopecks)
        for row in found
    ]
    head = Recipient(
        *(one.benefit_id, one.account_id, one.number, one.address, one.company_name, one.person, one.born_on),
        *(one.snils, one.category, one.document, one.in_document, one.valid_from, one.valid_to),
        len(services),
        sum(row.charged_kopecks for row in services),
        sum(row.off_kopecks for row in services),
        sum(row.paid_kopecks for row in services),
    )
    return RecipientCard(head, services)
