"""Routes of delivery as their pages and files show them: the list, one version, houses no route has."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from storage.delivery import Stop
from storage.natural import natural_key
from storage.run_totals import escaped
from storage.session import Session

ADD_MAX = 300
"""Houses added to a route at once by the name of a street."""
VERSIONS_MAX = 50
ADDRESS = "st.kind || ' ' || st.name || ', д. ' || h.number"


@dataclass(frozen=True, slots=True)
class RouteRow:
    """A route in the list by its version of a day; houses 0 is a closed one, starts_on may be in future."""

    route_id: int
    company_id: int | None
    owner: str
    name: str
    carrier: str
    starts_on: dt.date
    houses: int
    accounts: int


LIST = """
WITH v AS (
  SELECT DISTINCT ON (route_id) * FROM delivery_versions
   ORDER BY route_id, starts_on <= :day DESC, CASE WHEN starts_on <= :day THEN starts_on END DESC,
            starts_on, id DESC)
SELECT v.route_id, v.company_id, coalesce(o.short_name, 'Расчётный центр') AS owner, v.name, v.carrier,
       v.starts_on, count(DISTINCT s.house_id)::int AS houses, coalesce(sum(n.accounts), 0)::int AS accounts
  FROM v LEFT JOIN organisations o ON o.id = v.company_id
  LEFT JOIN delivery_stops s ON s.version_id = v.id
  LEFT JOIN LATERAL (
       SELECT count(*) AS accounts FROM accounts a JOIN flats f ON f.id = a.flat_id
        WHERE a.house_id = s.house_id AND (s.entrance IS NULL OR f.entrance = s.entrance)
          AND a.receipt_by = 'paper' AND a.closed_on IS NULL) n ON true
 GROUP BY v.route_id, v.company_id, o.short_name, v.name, v.carrier, v.starts_on
"""


async def routes(session: Session, day: dt.date) -> list[RouteRow]:
    """Every route as it is on a day, one not begun yet as it will be; in the order of names."""
    found = [RouteRow(**row._mapping) for row in await session.execute(text(LIST), {"day": day})]
    return sorted(found, key=lambda one: (one.company_id or 0, natural_key(one.name), one.route_id))


@dataclass(frozen=True, slots=True)
class StopRow:
    """A stop as a page shows it; accounts get paper."""

    house_id: int
    entrance: int | None
    is_down: bool
    address: str
    accounts: int


STOPS = """
SELECT t.house_id, t.entrance, t.is_down, st.kind || ' ' || st.name || ', д. ' || h.number AS address,
       (SELECT count(*)::int FROM accounts a JOIN flats f ON f.id = a.flat_id
         WHERE a.house_id = t.house_id AND (t.entrance IS NULL OR f.entrance = t.entrance)
           AND a.receipt_by = 'paper' AND a.closed_on IS NULL) AS accounts
  FROM unnest(CAST(:houses AS int[]), CAST(:entrances AS int[]), CAST(:downs AS bool[]))
       WITH ORDINALITY AS t(house_id, entrance, is_down, position)
  JOIN houses h ON h.id = t.house_id JOIN streets st ON st.id = h.street_id
 ORDER BY t.position
"""


async def described(session: Session, stops: Sequence[Stop]) -> list[StopRow]:
    """Stops with addresses and how many accounts get paper there, in the same order."""
    found = await session.execute(
        text(STOPS),
        {
            "houses": [one.house_id for one in stops],
            "entrances": [one.entrance for one in stops],
            "downs": [one.is_down for one in stops],
        },
    )
    return [StopRow(**row._mapping) for row in found]


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version in the history of a route."""

    id: int
    route_id: int
    company_id: int | None
    name: str
    carrier: str
    starts_on: dt.date
    stops: int
    author: str
    recorded_at: dt.datetime


async def versions(session: Session, route_id: int) -> list[VersionRow]:
    """The history, the newest day and writing first; empty when there is no such route we may see."""
    found = await session.execute(
        text(f"""
        SELECT v.id, v.route_id, v.company_id, v.name, v.carrier, v.starts_on,
               (SELECT count(*)::int FROM delivery_stops s WHERE s.version_id = v.id) AS stops,
               coalesce(u.full_name, '—') AS author, v.recorded_at
          FROM delivery_versions v LEFT JOIN users u ON u.id = v.created_by
         WHERE v.route_id = :id ORDER BY v.starts_on DESC, v.id DESC LIMIT {VERSIONS_MAX}"""),  # noqa: S608
        {"id": route_id},
    )
    return [VersionRow(**row._mapping) for row in found]


async def stops(session: Session, version_id: int) -> list[Stop]:
    """Stops of a version in order."""
    found = await session.execute(
        text(
            "SELECT house_id, entrance, is_down FROM delivery_stops WHERE version_id = :id ORDER BY position"
        ),
        {"id": version_id},
    )
    return [Stop(**row._mapping) for row in found]


@dataclass(frozen=True, slots=True)
class HouseWithout:
    """A house, or what is left of it, that no route of the day has; accounts get paper."""

    house_id: int
    address: str
    company_name: str
    entrances: str
    accounts: int


WITHOUT = """
WITH v AS (
  SELECT DISTINCT ON (route_id) id FROM delivery_versions WHERE starts_on <= :day
   ORDER BY route_id, starts_on DESC, id DESC)
SELECT h.id AS house_id, st.kind || ' ' || st.name || ', д. ' || h.number AS address,
       o.short_name AS company_name,
       coalesce(string_agg(DISTINCT coalesce(f.entrance::text, 'не указан'), ', '), '') AS entrances,
       count(a.id)::int AS accounts
  FROM houses h JOIN streets st ON st.id = h.street_id JOIN organisations o ON o.id = h.company_id
  JOIN accounts a ON a.house_id = h.id AND a.receipt_by = 'paper' AND a.closed_on IS NULL
  JOIN flats f ON f.id = a.flat_id
 WHERE (CAST(:company AS int) IS NULL OR h.company_id = :company)
   AND (:street = '' OR st.search_name LIKE CAST(:street AS text) || '%')
   AND (:house = '' OR lower(h.number) = :house)
   AND NOT EXISTS (SELECT 1 FROM delivery_stops s JOIN v ON v.id = s.version_id
                    WHERE s.house_id = h.id AND (s.entrance IS NULL OR s.entrance = f.entrance))
 GROUP BY h.id, st.id, o.id ORDER BY st.search_name, st.id, h.sort_key, h.id
 LIMIT :limit OFFSET :offset
"""


async def without_route(
    session: Session,
    day: dt.date,
    *,
    company_id: int | None = None,
    street: str = "",
    house: str = "",
    limit: int = ADD_MAX,
    offset: int = 0,
) -> list[HouseWithout]:
    """Houses with accounts that get paper and are on no route of the day, street by street."""
    found = await session.execute(
        text(WITHOUT),
        {
            "day": day, "company": company_id, "street": escaped(street), "house": house, "limit": limit,
            "offset": offset,
        },
    )  # fmt: skip
    return [HouseWithout(**row._mapping) for row in found]


LIKE = """
WITH v AS (
  SELECT DISTINCT ON (route_id) id, route_id FROM delivery_versions WHERE starts_on <= :day
   ORDER BY route_id, starts_on DESC, id DESC)
SELECT h.id FROM houses h JOIN streets st ON st.id = h.street_id
 WHERE st.search_name LIKE CAST(:street AS text) || '%'
   AND (CAST(:company AS int) IS NULL OR h.company_id = :company)
   AND (lower(h.number) = :house OR :house = '' AND NOT EXISTS (
        SELECT 1 FROM delivery_stops s JOIN v ON v.id = s.version_id
         WHERE s.house_id = h.id AND v.route_id IS DISTINCT FROM CAST(:route AS int)))
 ORDER BY st.search_name, st.id, h.sort_key, h.id LIMIT :limit
"""


async def houses_like(
    session: Session, street: str, house: str, company_id: int | None, day: dt.date, route_id: int | None
) -> list[int]:
    """Ids of houses of a street whose name begins so: the one of a number, or all that are on no other route
    of the day.
    """
    found = await session.execute(
        text(LIKE),
        {
            "street": escaped(street), "house": house, "company": company_id, "day": day, "route": route_id,
            "limit": ADD_MAX,
        },
    )  # fmt: skip
    return list(found.scalars())


@dataclass(frozen=True, slots=True)
class FileRow:
    """A stop as a line of a file; direction as people say it."""

    owner: str
    route: str
    carrier: str
    starts_on: dt.date
    position: int
    city: str
    street: str
    house: str
    entrance: int | None
    is_down: bool


async def file_rows(session: Session, version_ids: Sequence[int]) -> list[FileRow]:
    """Stops of versions, route by route as the ids stand."""
    found = await session.execute(
        text("""
        SELECT coalesce(o.short_name, 'Расчётный центр') AS owner, v.name AS route, v.carrier, v.starts_on,
               s.position, c.name AS city, st.kind || ' ' || st.name AS street, h.number AS house, s.entrance,
               s.is_down
          FROM unnest(CAST(:ids AS int[])) WITH ORDINALITY AS t(id, place)
          JOIN delivery_versions v ON v.id = t.id LEFT JOIN organisations o ON o.id = v.company_id
          JOIN delivery_stops s ON s.version_id = v.id
          JOIN houses h ON h.id = s.house_id JOIN streets st ON st.id = h.street_id
          JOIN cities c ON c.id = st.city_id
         ORDER BY t.place, s.position"""),
        {"ids": list(version_ids)},
    )
    return [FileRow(**row._mapping) for row in found]


async def house_ids(session: Session, company_id: int | None) -> dict[tuple[str, str], list[int]]:
    """Houses by the street with its kind and the number, both in lower case; several of other cities."""
    found = await session.execute(
        text("""
        SELECT lower(st.kind || ' ' || st.name) AS street, lower(h.number) AS house, array_agg(h.id) AS ids
          FROM houses h JOIN streets st ON st.id = h.street_id
         WHERE CAST(:company AS int) IS NULL OR h.company_id = :company GROUP BY 1, 2"""),
        {"company": company_id},
    )
    return {(row.street, row.house): row.ids for row in found}
