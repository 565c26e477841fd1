"""A new tariff or norm: entered with its document by one person, put in force by another.

Nothing is edited: the row in force until then is superseded by one that ends on the new day, and the new row
is added, all in the transaction of the second person.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Row, text

from billing.quantity import format_scaled
from billing.services import FUELS
from storage import late_facts, second_person
from storage.late_facts import LateFact
from storage.month_pages import month_after
from storage.second_person import ValueRefused
from storage.session import Session

WAITING_MAX = 200
FUEL_KINDS = frozenset(fuel.kind for fuel in FUELS.values())
"""Norms that are the fuel a house burnt in a month."""


@dataclass(frozen=True, slots=True)
class NewValue:
    """What is proposed; organisation_id None is the city, zone_id None every zone."""

    family: str
    service: int
    component: int
    kind: str
    organisation_id: int | None
    zone_id: int | None
    value: int
    valid_from: dt.date
    document: str
    document_date: dt.date
    valid_to: dt.date | None = None
    is_backward: bool = False
    """Takes the place of whatever was in force on its days: an annulled tariff, a norm changed by a court."""
    house_id: int | None = None
    """A value of one house: fuel of its boiler, price of it."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A proposal on the page: the value, who entered it, how many houses it reaches."""

    id: int
    family: str
    service: int
    component: int
    kind: str
    owner: str | None
    zone_id: int | None
    value: int
    valid_from: dt.date
    document: str
    document_date: dt.date
    proposed_by: int
    proposed_by_name: str
    recorded_at: dt.datetime
    houses_count: int
    before: int | None
    valid_to: dt.date | None
    is_backward: bool
    service_label: str | None
    service_unit: str | None
    house: str | None


KEYS = {
    "tariff": ("tariffs", "rate", "t.consumer = :kind AND t.component = :component"),
    "norm": ("norms", "value_micro", "t.kind = :kind AND t.rooms IS NULL AND t.persons IS NULL"),
}
SAME = """t.service = :service AND t.superseded_at IS NULL
   AND t.organisation_id IS NOT DISTINCT FROM CAST(:organisation_id AS int)
   AND t.house_id IS NOT DISTINCT FROM CAST(:house_id AS int)
   AND t.zone_id IS NOT DISTINCT FROM CAST(:zone_id AS smallint)"""

WAITING = f"""
SELECT p.id, p.family, p.service, p.component, p.kind, o.short_name AS owner, p.zone_id, p.value,
       p.valid_from, p.valid_to, p.is_backward, p.document, p.document_date, p.proposed_by,
       u.full_name AS proposed_by_name, p.recorded_at,
       (SELECT count(DISTINCT s.house_id)::int FROM house_services s JOIN houses h ON h.id = s.house_id
         WHERE s.service = p.service AND s.superseded_at IS NULL
           AND (p.zone_id IS NULL OR h.zone_id = p.zone_id) AND (p.house_id IS NULL OR h.id = p.house_id)
           AND (p.organisation_id IS NULL OR p.organisation_id IN (h.company_id, s.supplier_id)))
         AS houses_count,
       CASE p.family WHEN 'tariff' THEN (
         SELECT t.rate FROM tariffs t
          WHERE t.service = p.service AND t.superseded_at IS NULL AND t.consumer = p.kind
            AND t.component = p.component AND t.house_id IS NOT DISTINCT FROM p.house_id
            AND t.organisation_id IS NOT DISTINCT FROM p.organisation_id
            AND t.zone_id IS NOT DISTINCT FROM p.zone_id
            AND t.valid_from < p.valid_from + CASE WHEN p.is_backward THEN 1 ELSE 0 END
          ORDER BY t.valid_from DESC LIMIT 1)
       ELSE (
         SELECT n.value_micro FROM norms n
          WHERE n.service = p.service AND n.superseded_at IS NULL AND n.kind = p.kind
            AND n.house_id IS NOT DISTINCT FROM p.house_id AND n.rooms IS NULL AND n.persons IS NULL
            AND n.organisation_id IS NOT DISTINCT FROM p.organisation_id
            AND n.zone_id IS NOT DISTINCT FROM p.zone_id
            AND n.valid_from < p.valid_from + CASE WHEN p.is_backward THEN 1 ELSE 0 END
          ORDER BY n.valid_from DESC LIMIT 1) END AS before,
       v.label AS service_label, v.unit AS service_unit,
       (SELECT s.kind || ' ' || s.name || ', ' || h.number FROM houses h JOIN streets s ON s.id = h.street_id
         WHERE h.id = p.house_id) AS house
  FROM value_proposals p
  LEFT JOIN services v ON v.code = p.service
  JOIN users u ON u.id = p.proposed_by
  LEFT JOIN organisations o ON o.id = p.organisation_id
 WHERE p.state = 'waiting' ORDER BY p.id LIMIT {WAITING_MAX}
"""  # noqa: S608


async def waiting(session: Session) -> list[Waiting]:
    """Proposals nobody has decided on, oldest first."""
    return [Waiting(**row._mapping) for row in await session.execute(text(WAITING))]


async def propose(session: Session, new: NewValue, user_id: int) -> int:
    """Keep a value until somebody else agrees. Raises ValueRefused when that day already has one."""
    await _refuse(session, new)
    proposal_id = await session.scalar(
        text("""
        INSERT INTO value_proposals (family, organisation_id, zone_id, house_id, service, component, kind,
                                     value, valid_from, valid_to, is_backward, document, document_date,
                                     proposed_by)
        VALUES (:family, :organisation_id, :zone_id, :house_id, :service, :component, :kind, :value,
                :valid_from, :valid_to, :is_backward, :document, :document_date, :user_id) RETURNING id"""),
        _values(new)
        | {
            "family": new.family,
            "user_id": user_id,
            "valid_to": new.valid_to,
            "is_backward": new.is_backward,
        },
    )
    return int(proposal_id or 0)


def _values(new: NewValue) -> dict[str, object]:
    return {
        "organisation_id": new.organisation_id,
        "zone_id": new.zone_id,
        "house_id": new.house_id,
        "service": new.service,
        "component": new.component,
        "kind": new.kind,
        "value": new.value,
        "valid_from": new.valid_from,
        "document": new.document,
        "document_date": new.document_date,
    }


async def _refuse(session: Session, new: NewValue) -> None:
    """What cannot be: two answers for one day; a change of days nothing is in force on, or that are ahead."""
    if new.kind in FUEL_KINDS:
        return  # of its month alone: another one takes its place
    if not new.is_backward:
        await _refuse_twin(session, new)
        return
    if new.valid_to is not None and new.valid_to <= new.valid_from:
        raise ValueRefused("days", "Последний день раньше первого. Поменяйте одну из дат.")
    rows = await _in_force(session, new)
    if not rows:
        raise ValueRefused("nothing-in-force", "В эти дни значение не действовало: менять нечего.")
    _, column, _ = KEYS[new.family]
    if all(getattr(row, column) == new.value for row in rows):
        raise ValueRefused("same", "В эти дни и так действует такое значение.")


async def _in_force(session: Session, new: NewValue) -> list[Row[tuple[object, ...]]]:
    """Rows of the same thing with any of the new value's days."""
    table, column, same = KEYS[new.family]
    found = await session.execute(
        text(
            f"SELECT t.id, t.valid_from, t.valid_to, t.{column} FROM {table} t WHERE {SAME} AND {same} "  # noqa: S608
            "AND (t.valid_to IS NULL OR t.valid_to > :valid_from) "
            "AND (CAST(:valid_to AS date) IS NULL OR t.valid_from < :valid_to) ORDER BY t.valid_from"
        ),
        _same_values(new) | {"valid_from": new.valid_from, "valid_to": new.valid_to},
    )
    return list(found.all())


async def _refuse_twin(session: Session, new: NewValue) -> None:
    """A value of the same thing from the same day, or a later one, would make two answers for one day."""
    table, _, same = KEYS[new.family]
    row = (
        await session.execute(
            text(
                f"SELECT t.valid_from, t.document FROM {table} t WHERE {SAME} AND {same} "  # noqa: S608
                "AND t.valid_from >= :valid_from ORDER BY t.valid_from LIMIT 1"
            ),
            _same_values(new) | {"valid_from": new.valid_from},
        )
    ).one_or_none()
    if row is not None:
        raise ValueRefused(
            "value-later",
            f"С {row.valid_from:%d.%m.%Y} уже есть значение ({row.document}). "
            "Новое должно действовать позже него.",
        )


def _same_values(new: NewValue) -> dict[str, object]:
    values = _values(new)
    names = [
        "organisation_id",
        "zone_id",
        "house_id",
        "service",
        "kind",
        *(["component"] if new.family == "tariff" else []),
    ]
    return {name: values[name] for name in names}


async def approve(session: Session, proposal_id: int, user_id: int, now: dt.datetime) -> NewValue:
    """Put a value in force. Raises ValueRefused when it is one's own or already decided."""
    row = await second_person.take(session, "value_proposals", proposal_id)
    second_person.refuse_own(row, user_id)
    new = NewValue(**{name: getattr(row, name) for name in NewValue.__slots__})
    await _refuse(session, new)
    await _shorten(session, new)
    if new.family == "tariff":
        await session.execute(
            text("""
            INSERT INTO tariffs (organisation_id, zone_id, house_id, service, component, consumer, rate,
                                 document, document_date, approved_by, valid_from, valid_to)
            VALUES (:organisation_id, :zone_id, :house_id, :service, :component, :kind, :value, :document,
                    :document_date, :user_id, :valid_from, :valid_to)"""),
            _values(new) | {"user_id": user_id, "valid_to": new.valid_to},
        )
    else:
        values = _values(new) | {"valid_to": new.valid_to}
        values.pop("component")
        await session.execute(
            text("""
            INSERT INTO norms (organisation_id, zone_id, house_id, service, kind, value_micro, document,
                               document_date, valid_from, valid_to)
            VALUES (:organisation_id, :zone_id, :house_id, :service, :kind, :value, :document, :document_date,
                    :valid_from, :valid_to)"""),
            values,
        )
    await second_person.decide(session, "value_proposals", proposal_id, "approved", user_id, now)
    label = await session.scalar(text("SELECT label FROM services WHERE code = :code"), {"code": new.service})
    await late_facts.note(session, [_late(new, proposal_id, label or f"услуга № {new.service}")])
    return new


def _late(new: NewValue, proposal_id: int, label: str) -> LateFact:
    """A value in force since a day of a closed month, for the queue of late facts."""
    digits = 4 if new.family == "tariff" else 6
    value = format_scaled(new.value, 10**digits, digits)
    fuel = next((one.label for one in FUELS.values() if one.kind == new.kind), "")
    name = f"Топливо котельной ({fuel})" if fuel else "Тариф" if new.family == "tariff" else "Норматив"
    until = "" if new.valid_to is None else f" до {new.valid_to:%d.%m.%Y}"
    return LateFact(
        key=f"value-{proposal_id}",
        kind=new.family,
        happened_on=new.valid_from,
        after=new.valid_to,
        words=f"{name}: {label}, {value} с {new.valid_from:%d.%m.%Y}{until}",
        ground=new.document,
        service=new.service,
        house_id=new.house_id,
        organisation_id=new.organisation_id,
        zone_id=new.zone_id,
    )


async def decline(session: Session, proposal_id: int, user_id: int, now: dt.datetime) -> None:
    """Take a proposal away, by anyone who may enter values; it stays in the table with who declined it."""
    await second_person.take(session, "value_proposals", proposal_id)
    await second_person.decide(session, "value_proposals", proposal_id, "declined", user_id, now)


async def _shorten(session: Session, new: NewValue) -> None:
    """Rows in force on days of the new value are superseded by what is left of them before and after it."""
    table, column, _ = KEYS[new.family]
    extra = ", component, consumer, approved_by" if new.family == "tariff" else ", kind"
    columns = f"organisation_id, zone_id, house_id, service, {column}, document, document_date{extra}"
    for row in await _in_force(session, new):
        await session.execute(
            text(f"UPDATE {table} SET superseded_at = clock_timestamp() WHERE id = :id"),  # noqa: S608
            {"id": row.id},
        )
        left: list[tuple[dt.date, dt.date | None]] = []
        if row.valid_from < new.valid_from:
            left.append((row.valid_from, new.valid_from))
        if new.valid_to is not None and (row.valid_to is None or row.valid_to > new.valid_to):
            left.append((new.valid_to, row.valid_to))
        for first, after in left:
            await session.execute(
                text(
                    f"INSERT INTO {table} ({columns}, valid_from, valid_to) "  # noqa: S608
                    f"SELECT {columns}, :first, :after FROM {table} WHERE id = :id"
                ),
                {"first": first, "after": after, "id": row.id},
            )


@dataclass(frozen=True, slots=True)
class Effect:
    """What a value would reach in the open month."""

    houses_count: int
    accounts_count: int


async def effect(session: Session, new: NewValue, period: dt.date) -> Effect:
    """Houses with the service in the scope of the value, and their open accounts."""
    row = (
        await session.execute(
            text("""
            WITH homes AS (
              SELECT DISTINCT s.house_id FROM house_services s JOIN houses h ON h.id = s.house_id
               WHERE s.service = :service AND s.superseded_at IS NULL
                 AND s.valid_from < :next AND (s.valid_to IS NULL OR s.valid_to > :period)
                 AND (CAST(:zone_id AS smallint) IS NULL OR h.zone_id = :zone_id)
                 AND (CAST(:house_id AS int) IS NULL OR h.id = :house_id)
                 AND (CAST(:organisation_id AS int) IS NULL
                      OR :organisation_id IN (h.company_id, s.supplier_id)))
            SELECT (SELECT count(*)::int FROM homes) AS houses_count,
                   (SELECT count(*)::int FROM accounts a WHERE a.house_id IN (SELECT house_id FROM homes)
                      AND a.opened_on < :next AND (a.closed_on IS NULL OR a.closed_on >= :period))
                     AS accounts_count"""),
            {
                "service": new.service,
                "zone_id": new.zone_id,
                "house_id": new.house_id,
                "organisation_id": new.organisation_id,
                "period": period,
                "next": month_after(period),
            },
        )
    ).one()
    return Effect(row.houses_count, row.accounts_count)


@dataclass(frozen=True, slots=True)
class BoilerHouse:
    """A house that makes its own heating or hot water."""

    id: int
    address: str


async def boiler_houses(session: Session, service: int) -> list[BoilerHouse]:
    """Houses whose service is made by their own equipment."""
    rows = await session.execute(
        text("""
        SELECT DISTINCT h.id, s.kind || ' ' || s.name || ', ' || h.number AS address
          FROM house_services hs JOIN houses h ON h.id = hs.house_id JOIN streets s ON s.id = h.street_id
         WHERE hs.service = :service AND hs.method = 'boiler' AND hs.superseded_at IS NULL ORDER BY 2"""),
        {"service": service},
    )
    return [BoilerHouse(row.id, row.address) for row in rows]
