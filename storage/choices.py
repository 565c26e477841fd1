"""What a form of the centre chooses from: organisations, houses, accounts, and what a choice touches."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from storage.run_totals import escaped, month_before
from storage.session import Session


@dataclass(frozen=True, slots=True)
class ScopePreview:
    """What a run over a scope would touch: shown before the button is pressed."""

    name: str
    houses_count: int
    accounts_count: int
    last_kopecks: int
    draft_id: int | None
    published_count: int


PREVIEW = """
WITH mine AS (
  SELECT id, house_id FROM accounts
   WHERE {condition} AND opened_on < :next AND (closed_on IS NULL OR closed_on >= :period))
SELECT {name} AS name, count(DISTINCT m.house_id)::int AS houses_count, count(*)::int AS accounts_count,
       coalesce((SELECT sum(h.amount_kopecks + h.surcharge_kopecks) FROM run_houses h
                  WHERE h.run_id = ANY (
                        ARRAY(SELECT id FROM runs WHERE state = 'published' AND period = :before))
                    AND {house_condition}), 0)::bigint AS last_kopecks,
       (SELECT max(id) FROM runs WHERE period = :period AND state IN ('planned', 'accruing', 'checked')
           AND kind <> 'correction'
           AND scope_kind = :kind AND scope_id IS NOT DISTINCT FROM CAST(:id AS int)) AS draft_id,
       (SELECT count(*)::int FROM runs WHERE period = :period AND state = 'published'
           AND kind <> 'correction') AS published_count
  FROM mine m
"""

SCOPES: dict[str, tuple[str, str, str]] = {
    "city": ("CAST(:id AS int) IS NULL", "'весь город'", "true"),
    "organisation": (
        "company_id = :id",
        "(SELECT short_name FROM organisations WHERE id = :id)",
        "h.company_id = :id",
    ),
    "house": (
        "house_id = :id",
        "(SELECT s.kind || ' ' || s.name || ', д. ' || h.number"
        " FROM houses h JOIN streets s ON s.id = h.street_id WHERE h.id = :id)",
        "h.house_id = :id",
    ),
    "account": ("id = :id", "(SELECT 'счёт ' || number FROM accounts WHERE id = :id)", "false"),
}


async def scope_preview(
    session: Session, period: dt.date, scope_kind: str, scope_id: int | None
) -> ScopePreview | None:
    """Counts of accounts open in the month; None when the organisation, house or account does not exist."""
    condition, name, house_condition = SCOPES[scope_kind]
    following = (period + dt.timedelta(days=32)).replace(day=1)
    row = (
        await session.execute(
            text(PREVIEW.format(condition=condition, name=name, house_condition=house_condition)),
            {
                "period": period,
                "next": following,
                "before": month_before(period),
                "kind": scope_kind,
                "id": scope_id,
            },
        )
    ).one()
    return ScopePreview(**row._mapping) if row.name else None


@dataclass(frozen=True, slots=True)
class Choice:
    """An organisation or house to choose in a form."""

    id: int
    name: str


async def companies(session: Session) -> list[Choice]:
    """Companies (УК) by name."""
    found = await session.execute(
        text("SELECT id, short_name FROM organisations WHERE kind = 'company' ORDER BY short_name")
    )
    return [Choice(row.id, row.short_name) for row in found]


async def house_of_address(session: Session, street: str, number: str) -> Sequence[Choice]:
    """Houses whose street begins so and whose number is exactly so; at most ten, for «did you mean»."""
    found = await session.execute(
        text("""
        SELECT h.id, s.kind || ' ' || s.name || ', д. ' || h.number AS name
          FROM streets s JOIN houses h ON h.street_id = s.id
         WHERE s.search_name LIKE CAST(:street AS text) || '%' AND lower(h.number) = :number
         ORDER BY s.search_name, h.sort_key LIMIT 10"""),
        {"street": escaped(street), "number": number},
    )
    return [Choice(row.id, row.name) for row in found]


async def account_of_number(session: Session, number: str) -> int | None:
    """The account of an exact number."""
    found: int | None = await session.scalar(
        text("SELECT id FROM accounts WHERE number = :number"), {"number": number}
    )
    return found


async def value_owners(session: Session) -> list[Choice]:
    """Organisations that may have values of their own: companies and suppliers."""
    found = await session.execute(
        text("""
        SELECT id, short_name FROM organisations WHERE kind IN ('company', 'supplier', 'fund')
         ORDER BY kind, short_name""")
    )
    return [Choice(row.id, row.short_name) for row in found]


async def house_timezone(session: Session, house_id: int) -> str:
    """The clock of a house: that of its city."""
    found: str | None = await session.scalar(
        text(
            "SELECT c.timezone FROM houses h JOIN streets s ON s.id = h.street_id JOIN cities c "
            "ON c.id = s.city_id WHERE h.id = :id"
        ),
        {"id": house_id},
    )
    return found or "Europe/Moscow"
