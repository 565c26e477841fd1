"""Dated thresholds of the city and of organisations as rows of `settings`: read in sets, set from a day on.

An organisation's row goes before the city's, and both before what the product comes with. History stays:
rows are closed or superseded, never edited.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

CITY = 0
"""The city itself where a company would stand."""


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody set: the owner (None: the city), the key, the value, its days and ground."""

    organisation_id: int | None
    owner: str
    key: str
    value: str
    valid_from: dt.date
    valid_to: dt.date | None
    ground: str


IN_FORCE = """
SELECT coalesce(organisation_id, 0) AS owner, key, value FROM settings
 WHERE starts_with(key, :prefix) AND superseded_at IS NULL AND valid_from <= :day
   AND (valid_to IS NULL OR valid_to > :day)
 ORDER BY valid_from
"""


async def in_force(session: AsyncSession, prefix: str, day: dt.date) -> dict[int, dict[str, str]]:
    """Values of a day by owner (CITY or an organisation) and key without its prefix; one query."""
    found = await session.execute(text(IN_FORCE), {"prefix": prefix, "day": day})
    said: dict[int, dict[str, str]] = {CITY: {}}
    for row in found:
        said.setdefault(row.owner, {})[row.key.removeprefix(prefix)] = row.value
    return said


def of_company(said: Mapping[int, Mapping[str, str]], company_id: int | None) -> dict[str, str]:
    """What a company goes by: the city's values under its own."""
    return {**said.get(CITY, {}), **said.get(company_id or CITY, {})}


async def history(session: AsyncSession, prefix: str) -> list[Said]:
    """Everything that was set and not taken back, newest first."""
    found = await session.execute(
        text("""
        SELECT s.organisation_id, coalesce(o.short_name, 'Весь город') AS owner, s.key, s.value,
               s.valid_from, s.valid_to, coalesce(s.ground, '') AS ground
          FROM settings s LEFT JOIN organisations o ON o.id = s.organisation_id
         WHERE starts_with(s.key, :prefix) AND s.superseded_at IS NULL
         ORDER BY s.valid_from DESC, s.organisation_id NULLS FIRST, s.key"""),
        {"prefix": prefix},
    )
    return [Said(**{**row._mapping, "key": row.key.removeprefix(prefix)}) for row in found]


async def set_values(
    session: AsyncSession,
    organisation_id: int | None,
    prefix: str,
    values: Mapping[str, str],
    day: dt.date,
    ground: str,
) -> None:
    """These values from a day on; what was said of the same keys for later days goes."""
    keys: Sequence[str] = [prefix + key for key in values]
    known = {"owner": organisation_id, "keys": keys, "day": day, "ground": ground}
    same = "organisation_id IS NOT DISTINCT FROM :owner AND key = ANY (:keys) AND superseded_at IS NULL"
    await session.execute(
        text(f"UPDATE settings SET superseded_at = now() WHERE {same} AND valid_from >= :day"),  # noqa: S608
        known,
    )
    await session.execute(
        text(
            f"UPDATE settings SET valid_to = :day WHERE {same} AND (valid_to IS NULL OR valid_to > :day)"  # noqa: S608
        ),
        known,
    )
    await session.execute(
        text("""
        INSERT INTO settings (organisation_id, key, value, ground, valid_from)
        SELECT CAST(:owner AS int), t.key, t.value, :ground, :day
          FROM unnest(CAST(:keys AS text[]), CAST(:values AS text[])) AS t (key, value)"""),
        {**known, "values": list(values.values())},
    )
