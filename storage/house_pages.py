"""Read model of a house as a list of its accounts, for those who came to it by its address."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from storage.session import Session

ACCOUNTS_MAX = 2000
"""The largest house of the country has fewer flats."""


@dataclass(frozen=True, slots=True)
class HouseHead:
    """A house and who manages it."""

    id: int
    address: str
    company_name: str
    floors: int
    entrances_count: int
    year_built: int | None


@dataclass(frozen=True, slots=True)
class HouseAccount:
    """An account of a house in the order of its flats."""

    account_id: int
    number: str
    flat: str
    kind: str
    entrance: int | None
    payer_name: str
    is_closed: bool


async def head(session: Session, house_id: int) -> HouseHead | None:
    """The house, or None."""
    row = (
        await session.execute(
            text("""
            SELECT h.id, s.kind || ' ' || s.name || ', д. ' || h.number AS address,
                   o.short_name AS company_name, h.floors, h.entrances_count, h.year_built
              FROM houses h JOIN streets s ON s.id = h.street_id JOIN organisations o ON o.id = h.company_id
             WHERE h.id = :house_id"""),
            {"house_id": house_id},
        )
    ).one_or_none()
    return None if row is None else HouseHead(**row._mapping)


async def accounts(session: Session, house_id: int) -> list[HouseAccount]:
    """Accounts of the house that the scope shows, flat by flat."""
    found = await session.execute(
        text(f"""
        SELECT a.id AS account_id, a.number, f.number AS flat, f.kind, f.entrance, a.payer_name,
               a.closed_on IS NOT NULL AS is_closed
          FROM accounts a JOIN flats f ON f.id = a.flat_id
         WHERE a.house_id = :house_id ORDER BY f.sort_key, a.number LIMIT {ACCOUNTS_MAX}"""),  # noqa: S608
        {"house_id": house_id},
    )
    return [HouseAccount(**row._mapping) for row in found]
