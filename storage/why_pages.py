"""Where the numbers of a line come from: the documents of its price and norm, the run that wrote it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from storage.account_pages import LineRow
from storage.session import Session


@dataclass(frozen=True, slots=True)
class LineSources:
    """Documents and the run of a line; None where no row of the books matches its number any more."""

    tariff_document: str | None
    tariff_from: dt.date | None
    norm_document: str | None
    law_version: str | None
    published_at: dt.datetime | None


SOURCES = """
SELECT t.document AS tariff_document, t.valid_from AS tariff_from, n.document AS norm_document,
       r.law_version, r.published_at
  FROM runs r
  LEFT JOIN LATERAL (
    SELECT t.document, t.valid_from FROM tariffs t
     WHERE t.service = :service AND t.component = :component AND t.rate = :rate AND t.superseded_at IS NULL
       AND t.valid_from <= CAST(:first AS date) AND (t.valid_to IS NULL OR t.valid_to > :first)
       AND (t.organisation_id IS NULL OR t.organisation_id IN (:company_id, :supplier_id))
       AND (t.house_id IS NULL OR t.house_id = :house_id)
     ORDER BY t.house_id NULLS LAST, t.organisation_id NULLS LAST, t.zone_id NULLS LAST LIMIT 1) t ON true
  LEFT JOIN LATERAL (
    SELECT n.document FROM norms n
     WHERE n.service = :service AND n.value_micro = :b AND n.superseded_at IS NULL
       AND n.valid_from <= CAST(:first AS date) AND (n.valid_to IS NULL OR n.valid_to > :first)
       AND (n.organisation_id IS NULL OR n.organisation_id = :company_id)
     ORDER BY n.organisation_id NULLS LAST, n.zone_id NULLS LAST LIMIT 1) n ON true
 WHERE r.id = :run_id
"""


async def sources(session: Session, line: LineRow, company_id: int, house_id: int) -> LineSources | None:
    """Documents in force on the first day of the line; None when its run is out of our sight."""
    row = (
        await session.execute(
            text(SOURCES),
            {
                "service": line.service,
                "component": line.component,
                "rate": line.rate,
                "first": line.period.replace(day=line.first_day),
                "company_id": company_id,
                "supplier_id": line.supplier_id,
                "house_id": house_id,
                "b": line.b,
                "run_id": line.run_id,
            },
        )
    ).one_or_none()
    return None if row is None else LineSources(**row._mapping)
