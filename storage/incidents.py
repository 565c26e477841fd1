"""Accidents and planned stops of a service: begun by dispatch, ended with an hour; the end is a break.

When an incident ends, every house of it gets the break (Rules 354, annex 1) with its hours: the open month is
charged less by itself, a closed month waits in the queue of late facts. Another end replaces those breaks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from billing.reduction import Trouble
from billing.services import CATALOGUE
from storage import audit
from storage.people import Deed
from storage.session import Session
from storage.troubles import DAYS_MAX, KINDS, note_late

SERVICES = KINDS[Trouble.BREAK][1]
WORDS_MAX = 500
HOUSES_MAX = 2_000
NO_MEASURE = 180  # a break of heating without a measured temperature counts as at +18 °C
STATES = {"open": "идёт", "ended": "закончился"}


class IncidentRefused(ValueError):
    """What cannot be entered; field: of the form, message: for the person."""

    permanent = True

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


@dataclass(frozen=True, slots=True)
class NewIncident:
    """What is off, where, since when, until when by the plan, and what residents are told."""

    service: int
    house_ids: tuple[int, ...]
    is_planned: bool
    started_at: dt.datetime
    planned_until: dt.datetime | None
    cause: str
    words: str


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident as the list shows it; breaks_count: houses that got the break."""

    id: int
    service: int
    company_name: str
    houses: str
    houses_count: int
    is_planned: bool
    started_at: dt.datetime
    planned_until: dt.datetime | None
    ended_at: dt.datetime | None
    cause: str
    words: str
    timezone: str
    breaks_count: int
    recorded_by_name: str | None

    @property
    def service_label(self) -> str:
        """The service."""
        return CATALOGUE[self.service].label if self.service in CATALOGUE else f"Услуга {self.service}"


async def begin(session: Session, new: NewIncident, deed: Deed, now: dt.datetime) -> int:
    """Keep an incident that goes on; its id. Raises IncidentRefused."""
    _check(new, now)
    rows = (await session.execute(text(HOUSES), {"ids": list(new.house_ids)})).all()
    if len(rows) != len(set(new.house_ids)):
        raise IncidentRefused("houses", "Какого-то из домов нет. Выберите дома снова.")
    companies = {row.company_id for row in rows}
    if len(companies) > 1:
        raise IncidentRefused("houses", "Дома разных организаций. Заведите отключение на каждую.")
    company = companies.pop()
    incident_id = await session.scalar(
        text(INSERT),
        {
            "company_id": company,
            "service": new.service,
            "house_ids": sorted(set(new.house_ids)),
            "is_planned": new.is_planned,
            "started_at": new.started_at,
            "planned_until": new.planned_until,
            "cause": new.cause.strip(),
            "words": new.words.strip(),
            "user_id": deed.user_id,
        },
    )
    await audit.record(
        session,
        "incident_begun",
        "incident",
        int(incident_id or 0),
        user_id=deed.user_id,
        company_id=company,
        ip=deed.ip,
        after={"service": new.service, "houses": len(new.house_ids), "from": new.started_at},
        ground=new.cause,
    )
    return int(incident_id or 0)


HOUSES = "SELECT id, company_id FROM houses WHERE id = ANY (CAST(:ids AS int[]))"
INSERT = """
INSERT INTO incidents (company_id, service, house_ids, is_planned, started_at, planned_until, cause,
                       words_for_residents, created_by)
VALUES (:company_id, :service, :house_ids, :is_planned, :started_at, :planned_until, :cause, :words, :user_id)
RETURNING id"""


def _check(new: NewIncident, now: dt.datetime) -> None:
    if new.service not in SERVICES:
        raise IncidentRefused("service", "Перерыва такой услуги не бывает. Выберите из списка.")
    if not new.house_ids:
        raise IncidentRefused("houses", "Укажите хотя бы один дом.")
    if len(new.house_ids) > HOUSES_MAX:
        raise IncidentRefused("houses", f"За один раз не больше {HOUSES_MAX} домов. Разделите.")
    if not new.cause.strip():
        raise IncidentRefused("cause", "Напишите причину: «Свищ на вводе».")
    if len(new.cause) > WORDS_MAX or len(new.words) > WORDS_MAX:
        raise IncidentRefused("cause", f"Слишком длинно: помещается {WORDS_MAX} знаков.")
    if not new.words.strip():
        raise IncidentRefused("words", "Напишите, что сказать жителям: чего нет и до какого часа.")
    if not new.is_planned and new.started_at > now:
        raise IncidentRefused("from_day", "Авария ещё не началась. Отметьте, что это плановая работа.")
    if new.planned_until is not None and new.planned_until <= new.started_at:
        raise IncidentRefused("until_day", "Плановый конец не позже начала. Проверьте дни и часы.")


async def end(session: Session, incident_id: int, ended_at: dt.datetime, deed: Deed, now: dt.datetime) -> int:
    """The service is back: the break of every house; how many houses. Another hour replaces the first one."""
    row = (
        await session.execute(text("SELECT * FROM incidents WHERE id = :id FOR UPDATE"), {"id": incident_id})
    ).one_or_none()
    if row is None:
        raise IncidentRefused("", "Такого отключения нет. Обновите страницу.")
    if ended_at <= row.started_at:
        raise IncidentRefused("to_day", "Конец не позже начала. Проверьте дни и часы.")
    if ended_at > now:
        raise IncidentRefused("to_day", "Этот час ещё не наступил. Внесите, когда услуга вернётся.")
    if (ended_at - row.started_at).days > DAYS_MAX:
        raise IncidentRefused("to_day", "Больше года подряд. Проверьте даты.")
    if row.ended_at == ended_at and await _breaks(session, incident_id):
        raise IncidentRefused("to_day", "Этот час уже записан.")
    ground = f"Журнал АДС, отключение № {incident_id}"
    await _withdraw(session, incident_id, ground)
    await session.execute(
        text("UPDATE incidents SET ended_at = :ended_at WHERE id = :id"),
        {"ended_at": ended_at, "id": incident_id},
    )
    made = await session.scalars(
        text(BREAKS),
        {
            "id": incident_id,
            "trouble": int(Trouble.BREAK),
            "value": NO_MEASURE,
            "ground": ground,
            "user_id": deed.user_id,
        },
    )
    ids = list(made)
    await note_late(session, ids, ground)
    await audit.record(
        session,
        "incident_ended",
        "incident",
        incident_id,
        user_id=deed.user_id,
        company_id=row.company_id,
        ip=deed.ip,
        before={"ended_at": row.ended_at},
        after={"ended_at": ended_at, "houses": len(ids)},
        ground=ground,
    )
    return len(ids)


BREAKS = """
INSERT INTO troubles (house_id, company_id, service, trouble, started_at, ended_at, value, ground,
                      incident_id, created_by)
SELECT h.id, h.company_id, i.service, :trouble, i.started_at, i.ended_at, :value, :ground, i.id, :user_id
  FROM incidents i JOIN houses h ON h.id = ANY (i.house_ids) WHERE i.id = :id ORDER BY h.id RETURNING id"""


async def _breaks(session: Session, incident_id: int) -> list[int]:
    found = await session.scalars(
        text("SELECT id FROM troubles WHERE incident_id = :id AND superseded_at IS NULL ORDER BY id"),
        {"id": incident_id},
    )
    return list(found)


async def _withdraw(session: Session, incident_id: int, ground: str) -> None:
    ids = await _breaks(session, incident_id)
    if not ids:
        return
    await session.execute(
        text("UPDATE troubles SET superseded_at = clock_timestamp() WHERE id = ANY (CAST(:ids AS int[]))"),
        {"ids": ids},
    )
    await note_late(session, ids, ground, is_gone=True)


FOUND = """
  FROM incidents i JOIN organisations o ON o.id = i.company_id
 WHERE (CAST(:is_open AS boolean) IS NULL OR (i.ended_at IS NULL) = :is_open)
   AND (CAST(:service AS int) IS NULL OR i.service = :service)
   AND (CAST(:id AS int) IS NULL OR i.id = :id)
   AND (CAST(:street AS text) = '' OR i.house_ids && ARRAY(
          SELECT h.id FROM houses h JOIN streets s ON s.id = h.street_id
           WHERE s.search_name LIKE CAST(:street AS text) || '%'))"""
ROWS = f"""
SELECT i.id, i.service, o.short_name AS company_name, places.houses,
       cardinality(i.house_ids)::int AS houses_count, i.is_planned, i.started_at, i.planned_until, i.ended_at,
       coalesce(i.cause, '') AS cause, i.words_for_residents AS words,
       coalesce(places.timezone, 'Europe/Moscow') AS timezone,
       (SELECT count(*)::int FROM troubles t WHERE t.incident_id = i.id AND t.superseded_at IS NULL)
         AS breaks_count,
       paylogic_staff_name(i.created_by) AS recorded_by_name
{
    FOUND.replace(
        "WHERE",
        '''
  CROSS JOIN LATERAL (
    SELECT string_agg(s.kind || ' ' || s.name || ', ' || h.number, '; ' ORDER BY s.search_name, h.sort_key)
             AS houses, min(c.timezone) AS timezone
      FROM (SELECT unnest(i.house_ids[1:5]) AS id) x JOIN houses h ON h.id = x.id
      JOIN streets s ON s.id = h.street_id JOIN cities c ON c.id = s.city_id) places
 WHERE''',
        1,
    )
}
 ORDER BY i.ended_at IS NOT NULL, i.started_at DESC, i.id DESC LIMIT :limit OFFSET :offset"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """What the list shows; street is lower case without «ё»."""

    is_open: bool | None = None
    service: int | None = None
    street: str = ""
    id: int | None = None

    def values(self) -> dict[str, object]:
        """Parameters of FOUND."""
        return {name: getattr(self, name) for name in IncidentFilter.__slots__}


async def incidents(
    session: Session, wanted: IncidentFilter, limit: int, offset: int = 0
) -> Sequence[Incident]:
    """Incidents we may see: those that go on first, then the newest."""
    values = {**wanted.values(), "limit": limit, "offset": offset}
    return [Incident(**row._mapping) for row in await session.execute(text(ROWS), values)]


async def count(session: Session, wanted: IncidentFilter) -> int:
    """How many there are."""
    return int(await session.scalar(text(f"SELECT count(*)::int {FOUND}"), wanted.values()) or 0)
