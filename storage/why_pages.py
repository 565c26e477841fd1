"""Where the numbers of a line come from: the documents of its price and norm, the run that wrote it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text

from billing.arithmetic import decimal
from billing.quantity import MICRO
from storage.account_lines import LineRow
from storage.session import Session


@dataclass(frozen=True, slots=True)
class LineSources:
    """Documents and the run of a line; None where no row of the books matches its number any more."""

    tariff_document: str | None
    tariff_from: dt.date | None
    norm_document: str | None
    law_version: str | None
    published_at: dt.datetime | None
    has_vat: bool = False
    house: str | None = None
    """Of common needs: what the meter of the house and its flats showed, and what months before left."""


SOURCES = """
SELECT l.place, t.document AS tariff_document, t.valid_from AS tariff_from, n.document AS norm_document,
       r.law_version, r.published_at,
       coalesce((SELECT w.is_included FROM vat_terms w
                  WHERE w.organisation_id = l.supplier_id AND (w.service = l.service OR w.service IS NULL)
                    AND w.state = 'approved' AND w.valid_from <= l.first
                  ORDER BY w.service NULLS LAST, w.valid_from DESC, w.id DESC LIMIT 1), false) AS has_vat,
       c.house_micro, c.flats_micro, c.carried_micro
  FROM unnest(CAST(:services AS int[]), CAST(:components AS int[]), CAST(:rates AS bigint[]),
              CAST(:bs AS bigint[]), CAST(:firsts AS date[]), CAST(:suppliers AS int[]), CAST(:runs AS int[]))
       WITH ORDINALITY AS l(service, component, rate, b, first, supplier_id, run_id, place)
  JOIN runs r ON r.id = l.run_id
  LEFT JOIN LATERAL (
    SELECT t.document, t.valid_from FROM tariffs t
     WHERE t.service = l.service AND t.component = l.component AND t.rate = l.rate AND t.superseded_at IS NULL
       AND t.valid_from <= l.first AND (t.valid_to IS NULL OR t.valid_to > l.first)
       AND (t.organisation_id IS NULL OR t.organisation_id IN (:company_id, l.supplier_id))
       AND (t.house_id IS NULL OR t.house_id = :house_id)
     ORDER BY t.house_id NULLS LAST, t.organisation_id NULLS LAST, t.zone_id NULLS LAST LIMIT 1) t ON true
  LEFT JOIN LATERAL (
    SELECT n.document FROM norms n
     WHERE n.service = l.service AND n.value_micro = l.b AND n.superseded_at IS NULL
       AND n.valid_from <= l.first AND (n.valid_to IS NULL OR n.valid_to > l.first)
       AND (n.organisation_id IS NULL OR n.organisation_id = :company_id)
     ORDER BY n.organisation_id NULLS LAST, n.zone_id NULLS LAST LIMIT 1) n ON true
  LEFT JOIN LATERAL (
    SELECT c.house_micro, c.flats_micro, c.carried_micro FROM common_months c
     WHERE l.service BETWEEN 21 AND 29 AND c.run_id = l.run_id AND c.house_id = :house_id
       AND c.service = l.service AND c.is_known
     ORDER BY c.period DESC LIMIT 1) c ON true
"""


async def sources(
    session: Session, lines: Sequence[LineRow], company_id: int, house_id: int
) -> list[LineSources | None]:
    """Of each line the documents in force on its first day; None where its run is out of our sight."""
    found = await session.execute(
        text(SOURCES),
        {
            "services": [line.service for line in lines],
            "components": [line.component for line in lines],
            "rates": [line.rate for line in lines],
            "bs": [line.b for line in lines],
            "firsts": [line.period.replace(day=line.first_day) for line in lines],
            "suppliers": [line.supplier_id for line in lines],
            "runs": [line.run_id for line in lines],
            "company_id": company_id,
            "house_id": house_id,
        },
    )
    made: list[LineSources | None] = [None] * len(lines)
    for row in found:
        made[row.place - 1] = LineSources(
            tariff_document=row.tariff_document,
            tariff_from=row.tariff_from,
            norm_document=row.norm_document,
            law_version=row.law_version,
            published_at=row.published_at,
            has_vat=row.has_vat,
            house=_house(row),
        )
    return made


def _house(row: Row[Any]) -> str | None:
    """«счётчик дома 560, квартиры 600, остаток прошлых месяцев −40»."""
    if row.house_micro is None:
        return None
    words = f"счётчик дома {decimal(row.house_micro, MICRO)}, квартиры {decimal(row.flats_micro, MICRO)}"
    if row.carried_micro:
        words += f", остаток прошлых месяцев −{decimal(-row.carried_micro, MICRO)}"
    return words
