"""Read models of «Формулы»: services of organisations, versions in force and past, who stands over whom."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from storage.session import Session

ROWS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class FormulaLine:
    """A version of a formula with its service. over: it stands over the city's in these houses."""

    id: int
    service: int
    label: str
    unit: str
    owner_id: int | None
    owner: str | None
    houses_count: int
    is_some_houses: bool
    text: str | None
    ceiling_kopecks: int
    valid_from: dt.date
    valid_to: dt.date | None
    document: str
    document_date: dt.date
    state: str
    proposed_by: int
    proposed_by_name: str
    recorded_at: dt.datetime
    decided_by_name: str | None
    is_over_city: bool


LINES = f"""
SELECT f.id, f.service, s.label, s.unit, f.organisation_id AS owner_id, o.short_name AS owner,
       (SELECT count(*)::int FROM houses h
         WHERE (f.organisation_id IS NULL OR h.company_id = f.organisation_id)
           AND (f.house_ids IS NULL OR h.id = ANY (f.house_ids))) AS houses_count,
       f.house_ids IS NOT NULL AS is_some_houses, f.text, f.ceiling_kopecks, f.valid_from,
       CASE WHEN f.state = 'approved' THEN
         lead(f.valid_from) OVER (PARTITION BY f.service, f.organisation_id, f.house_ids, f.state
                                      ORDER BY f.valid_from, f.id) END AS valid_to,
       f.document, f.document_date, f.state, f.proposed_by, p.full_name AS proposed_by_name, f.recorded_at,
       d.full_name AS decided_by_name,
       f.organisation_id IS NOT NULL AND EXISTS (
         SELECT 1 FROM formulas c WHERE c.service = f.service AND c.organisation_id IS NULL
            AND c.state = 'approved') AS is_over_city
  FROM formulas f JOIN services s ON s.code = f.service
  LEFT JOIN organisations o ON o.id = f.organisation_id
  LEFT JOIN users p ON p.id = f.proposed_by LEFT JOIN users d ON d.id = f.decided_by
 WHERE (CAST(:q AS text) = '' OR s.label ILIKE :like OR f.text ILIKE :like OR o.short_name ILIKE :like)
   AND (CAST(:own AS int) IS NULL OR f.organisation_id IS NULL OR f.organisation_id = :own)
 ORDER BY s.label, f.organisation_id NULLS FIRST, f.house_ids NULLS FIRST, f.valid_from DESC, f.id DESC
 LIMIT {ROWS_MAX}
"""  # noqa: S608


async def formula_lines(session: Session, own: int | None, q: str = "") -> list[FormulaLine]:
    """Versions of the city and, for a company, of its own; of everybody for the centre (own None)."""
    like = "%" + q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    found = await session.execute(text(LINES), {"q": q, "like": like, "own": own})
    rows = [dict(row._mapping) for row in found]
    for row in rows:
        row["proposed_by_name"] = row["proposed_by_name"] or "сотрудник другой организации"
    return [FormulaLine(**row) for row in rows]


@dataclass(frozen=True, slots=True)
class OwnService:
    """A service a formula may be written for."""

    code: int
    label: str
    unit: str
    owner: str | None


async def own_services(session: Session, own: int | None) -> list[OwnService]:
    """Services from number 100: of the city and, for a company, its own."""
    found = await session.execute(
        text("""
        SELECT s.code, s.label, s.unit, o.short_name AS owner FROM services s
          LEFT JOIN organisations o ON o.id = s.organisation_id
         WHERE s.code >= 100
           AND (CAST(:own AS int) IS NULL OR s.organisation_id IS NULL OR s.organisation_id = :own)
         ORDER BY s.label"""),
        {"own": own},
    )
    return [OwnService(**row._mapping) for row in found]


@dataclass(frozen=True, slots=True)
class HouseChoice:
    """A house a formula may be limited to."""

    id: int
    address: str


async def houses_of(session: Session, owner: int | None) -> list[HouseChoice]:
    """Houses of a company in order of addresses; none for the city, whose formula serves all."""
    if owner is None:
        return []
    found = await session.execute(
        text("""
        SELECT h.id, s.kind || ' ' || s.name || ', ' || h.number AS address FROM houses h
          JOIN streets s ON s.id = h.street_id WHERE h.company_id = :owner
         ORDER BY s.name, h.sort_key LIMIT 2000"""),
        {"owner": owner},
    )
    return [HouseChoice(**row._mapping) for row in found]


async def payees(session: Session) -> list[tuple[str, str]]:
    """Organisations a service may be paid to."""
    found = await session.execute(
        text(
            "SELECT id, short_name FROM organisations WHERE kind IN ('company', 'supplier') "
            "ORDER BY short_name LIMIT 500"
        )
    )
    return [(str(row.id), row.short_name) for row in found]
