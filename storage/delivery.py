"""Routes of delivery: versions in force on a day, keeping a new one, an entrance never on two routes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from storage import audit
from storage.natural import natural_key, search_form
from storage.session import Session

STOPS_MAX = 1_000
"""Stops of one route: more is not a route a person walks."""
NAME_MAX = 80


class DeliveryRefused(Exception):
    """A route cannot be kept; the message says why and what to do."""

    code = "delivery-refused"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class Stop:
    """A house, or one entrance of it; is_down walks flats from the last to the first."""

    house_id: int
    entrance: int | None = None
    is_down: bool = False


@dataclass(frozen=True, slots=True)
class RouteDraft:
    """What is to be kept; company_id None is a route of the centre, no stops close the route."""

    company_id: int | None
    name: str
    carrier: str
    starts_on: dt.date
    stops: tuple[Stop, ...]


@dataclass(frozen=True, slots=True)
class RouteInForce:
    """A version in force with at least one stop."""

    route_id: int
    version_id: int
    company_id: int | None
    name: str
    carrier: str
    starts_on: dt.date


IN_FORCE = """
SELECT v.route_id, v.id AS version_id, v.company_id, v.name, v.carrier, v.starts_on
  FROM (SELECT DISTINCT ON (route_id) * FROM delivery_versions WHERE starts_on <= :day
         ORDER BY route_id, starts_on DESC, id DESC) v
 WHERE EXISTS (SELECT 1 FROM delivery_stops s WHERE s.version_id = v.id)
"""


async def in_force(session: Session, day: dt.date) -> list[RouteInForce]:
    """Routes walked on a day, in the order of their names as people count: «2» before «10»."""
    found = [RouteInForce(**row._mapping) for row in await session.execute(text(IN_FORCE), {"day": day})]
    return sorted(found, key=lambda one: (natural_key(one.name), one.route_id))


async def keep(
    session: Session,
    route_id: int | None,
    draft: RouteDraft,
    user_id: int | None,
    besides: Sequence[int] = (),
) -> int:
    """Append a version, to a new route when route_id is None; the id of the route.

    besides: routes that are being written anew as well, so that what they have now is not in the way.
    Raises DeliveryRefused when a house stands twice, is on another route or is not of the company.
    """
    _refuse_draft(draft)
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('delivery_routes'))"))
    await _refuse_names(session, route_id, draft)
    await _refuse_houses(session, draft)
    await _refuse_taken(session, [*besides, route_id or 0], draft)
    if route_id is None:
        route_id = int(
            await session.scalar(
                text("INSERT INTO delivery_routes (company_id, created_by) VALUES (:c, :u) RETURNING id"),
                {"c": draft.company_id, "u": user_id},
            )
        )
    version = await session.scalar(
        text("""
        INSERT INTO delivery_versions (route_id, company_id, starts_on, name, carrier, created_by)
        VALUES (:route, :company, :since, :name, :carrier, :user) RETURNING id"""),
        {
            "route": route_id, "company": draft.company_id, "since": draft.starts_on, "name": draft.name,
            "carrier": draft.carrier, "user": user_id,
        },
    )  # fmt: skip
    await _write_stops(session, int(version), draft.stops)
    await audit.record(
        session, "delivery-route", "delivery_route", route_id, user_id=user_id, company_id=draft.company_id,
        after={"name": draft.name, "carrier": draft.carrier, "starts_on": str(draft.starts_on),
               "stops": len(draft.stops)},
    )  # fmt: skip
    return route_id


async def _write_stops(session: Session, version_id: int, stops: Sequence[Stop]) -> None:
    await session.execute(
        text("""
        INSERT INTO delivery_stops (version_id, position, house_id, entrance, is_down)
        SELECT :version, t.position, t.house_id, t.entrance, t.is_down
          FROM unnest(CAST(:houses AS int[]), CAST(:entrances AS int[]), CAST(:downs AS bool[]))
               WITH ORDINALITY AS t(house_id, entrance, is_down, position)"""),
        {
            "version": version_id,
            "houses": [one.house_id for one in stops],
            "entrances": [one.entrance for one in stops],
            "downs": [one.is_down for one in stops],
        },
    )


def _refuse_draft(draft: RouteDraft) -> None:
    if not draft.name or len(draft.name) > NAME_MAX:
        raise DeliveryRefused(f"Назовите маршрут, до {NAME_MAX} знаков: «Маршрут 3, Центр».")
    if len(draft.stops) > STOPS_MAX:
        raise DeliveryRefused(
            f"В маршруте {len(draft.stops)} остановок, можно до {STOPS_MAX}. Разделите его."
        )
    if any(one.entrance is not None and not 1 <= one.entrance <= 99 for one in draft.stops):
        raise DeliveryRefused("Подъезд — число от 1 до 99; пусто — весь дом.")


async def _refuse_names(session: Session, route_id: int | None, draft: RouteDraft) -> None:
    if not draft.stops:
        return
    found = await in_force(session, draft.starts_on)
    same = [
        one
        for one in found
        if one.route_id != route_id
        and one.company_id == draft.company_id
        and search_form(one.name) == search_form(draft.name)
    ]
    if same:
        raise DeliveryRefused(f"Маршрут «{same[0].name}» уже есть. Назовите иначе или измените тот.")


async def _refuse_houses(session: Session, draft: RouteDraft) -> None:
    """Of one house either the whole stands or entrances, each once; a company walks its own houses."""
    ids = sorted({one.house_id for one in draft.stops})
    known = {
        row.id: row
        for row in await session.execute(
            text("""
        SELECT h.id, h.company_id, h.entrances_count, s.kind || ' ' || s.name || ', д. ' || h.number AS name
          FROM houses h JOIN streets s ON s.id = h.street_id WHERE h.id = ANY (CAST(:ids AS int[]))"""),
            {"ids": ids},
        )
    }
    seen: dict[int, set[int | None]] = {}
    for one in draft.stops:
        house = known.get(one.house_id)
        if house is None or (draft.company_id is not None and house.company_id != draft.company_id):
            raise DeliveryRefused("В маршруте есть дом не вашей организации. Уберите его.")
        before = seen.setdefault(one.house_id, set())
        if before and (one.entrance is None or None in before or one.entrance in before):
            raise DeliveryRefused(
                f"{house.name} стоит в маршруте дважды. Оставьте дом целиком или каждый подъезд по разу."
            )
        before.add(one.entrance)


TAKEN = """
WITH live AS (
  SELECT v.id, v.route_id, v.name, v.starts_on,
         lead(v.starts_on) OVER (PARTITION BY v.route_id ORDER BY v.starts_on, v.id) AS next_on
    FROM delivery_versions v WHERE v.route_id <> ALL (CAST(:but AS int[]))),
asked AS (
  SELECT * FROM unnest(CAST(:houses AS int[]), CAST(:entrances AS int[])) AS t(house_id, entrance))
SELECT st.kind || ' ' || st.name || ', д. ' || h.number AS house, s.entrance, l.name AS route, l.starts_on
  FROM live l
  JOIN delivery_stops s ON s.version_id = l.id
  JOIN asked a ON a.house_id = s.house_id
   AND (a.entrance IS NULL OR s.entrance IS NULL OR a.entrance = s.entrance)
  JOIN houses h ON h.id = s.house_id JOIN streets st ON st.id = h.street_id
 WHERE (l.next_on IS NULL OR l.next_on > :since) AND l.starts_on IS DISTINCT FROM l.next_on
 ORDER BY l.starts_on, s.position LIMIT 1
"""


async def _refuse_taken(session: Session, but: Sequence[int], draft: RouteDraft) -> None:
    taken = (
        await session.execute(
            text(TAKEN),
            {
                "but": list(but),
                "since": draft.starts_on,
                "houses": [one.house_id for one in draft.stops],
                "entrances": [one.entrance for one in draft.stops],
            },
        )
    ).one_or_none()
    if taken is not None:
        part = f", подъезд {taken.entrance}," if taken.entrance else ""
        raise DeliveryRefused(
            f"{taken.house}{part} уже в маршруте «{taken.route}» с {taken.starts_on:%d.%m.%Y}. "
            "Сначала уберите его оттуда с того же дня или раньше."
        )
