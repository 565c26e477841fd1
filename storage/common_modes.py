"""Ways of paying for common needs: entered with the minutes of the meeting by one person, put in force by
another.

A house has its own way in its services; an organisation's is for its houses that have none, a dated
coefficient. Nothing is edited: rows in force from the month on are superseded by themselves with the new way.
"""

# ruff: noqa: S608 - queries hold only our own words

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from billing.services import CATALOGUE, METHOD_NAMES
from storage import late_facts, second_person
from storage.common_past import MODE, SERVICES
from storage.house_pages import HouseHead
from storage.late_facts import LateFact
from storage.second_person import ValueRefused
from storage.session import Session

ALL = 0
"""Every resource at once."""
METHODS = {
    "law": "как у организации, без её решения — по нормативу",
    "common_norm": "по нормативу, год сверяют по счётчику дома",
    "common_actual": "по счётчику дома, отрицательный объём переносится",
    "common_actual_capped": "по счётчику дома, не больше норматива",
    "common_average": "по среднему прошлого года, год сверяют по счётчику дома",
    "common_direct_norm": "ОДН по нормативу (непосредственное управление)",
    "common_direct_actual": "ОДН по счётчику дома (непосредственное управление)",
    "common_direct_capped": "ОДН по счётчику дома, не больше норматива",
}
NOTES = {
    "law": "ЖК РФ, ст. 156, ч. 9.2; ПП 491, п. 29.",
    "common_norm": "ЖК РФ, ст. 156, ч. 9.2; ПП 491, п. 29. Разница с домом — строкой за год, п. 29(3).",
    "common_actual": "ПП 491, п. 29(1), 29(2): решение собрания или автоматический учёт; ПП 124, п. 21(1).",
    "common_actual_capped": "ПП 491, п. 29(2); ПП 354, п. 44: сверх норматива платит организация.",
    "common_average": "ПП 491, п. 29(2): решение собрания. Разница с домом — строкой за год, п. 29(3).",
    "common_direct_norm": "ПП 354, п. 44, прил. 2, ф. 10, 15: начисляет поставщик.",
    "common_direct_actual": "ПП 354, п. 44, прил. 2, ф. 10, 12: начисляет поставщик; ниже нуля — ноль.",
    "common_direct_capped": "ПП 354, п. 44: сверх норматива только по решению собрания.",
}
WAITING_MAX = 200


@dataclass(frozen=True, slots=True)
class NewMode:
    """A way of a house or an organisation from the first of a month; service ALL is every resource."""

    house_id: int | None
    organisation_id: int | None
    service: int
    method: str
    valid_from: dt.date
    document: str
    document_date: dt.date


@dataclass(frozen=True, slots=True)
class WaitingMode:
    """A proposal with whom it is about and how many houses it reaches."""

    id: int
    house_id: int | None
    organisation_id: int | None
    owner: str
    service: int
    method: str
    valid_from: dt.date
    document: str
    document_date: dt.date
    proposed_by: int
    proposed_by_name: str
    recorded_at: dt.datetime
    houses_count: int


@dataclass(frozen=True, slots=True)
class ModeRow:
    """A way of a house that is or was in force; valid_to excluded."""

    service: int
    method: str
    valid_from: dt.date
    valid_to: dt.date | None
    ground: str | None


WAITING = f"""
SELECT p.id, p.house_id, p.organisation_id, coalesce(o.short_name, s.kind || ' ' || s.name || ', д. ' ||
h.number) AS owner, p.service, p.method, p.valid_from, p.document, p.document_date, p.proposed_by, u.full_name
AS proposed_by_name, p.recorded_at, CASE WHEN p.house_id IS NOT NULL THEN 1 ELSE (SELECT count(*)::int FROM
houses g WHERE g.company_id = p.organisation_id) END AS houses_count FROM common_mode_proposals p JOIN users u
ON u.id = p.proposed_by LEFT JOIN organisations o ON o.id = p.organisation_id LEFT JOIN houses h ON h.id =
p.house_id LEFT JOIN streets s ON s.id = h.street_id WHERE p.state = 'waiting' AND (CAST(:house_id AS int) IS
NULL OR p.house_id = :house_id) ORDER BY p.id LIMIT {WAITING_MAX}
"""


async def waiting(session: Session, house_id: int | None = None) -> list[WaitingMode]:
    """Proposals nobody has decided on, oldest first; of one house or of all."""
    found = await session.execute(text(WAITING), {"house_id": house_id})
    return [WaitingMode(**row._mapping) for row in found]


@dataclass(frozen=True, slots=True)
class HouseWays:
    """A house with the ways it has and had, the newest first. is_seen: the scope shows accounts of it."""

    head: HouseHead
    is_seen: bool
    ways: list[ModeRow]


OF_HOUSE = """
SELECT h.id, s.kind || ' ' || s.name || ', д. ' || h.number AS address, o.short_name AS company_name,
       h.floors, h.entrances_count, h.year_built,
       EXISTS (SELECT 1 FROM accounts a WHERE a.house_id = h.id) AS is_seen,
       v.service, v.method, v.valid_from, v.valid_to, v.ground
  FROM houses h JOIN streets s ON s.id = h.street_id JOIN organisations o ON o.id = h.company_id
  LEFT JOIN house_services v ON v.house_id = h.id AND v.service = ANY (:services) AND v.superseded_at IS NULL
 WHERE h.id = :house_id ORDER BY v.service, v.valid_from DESC
"""


async def of_house(session: Session, house_id: int) -> HouseWays | None:
    """The house, or None."""
    found = await session.execute(text(OF_HOUSE), {"house_id": house_id, "services": list(SERVICES)})
    rows = found.all()
    if not rows:
        return None
    head = HouseHead(**{name: getattr(rows[0], name) for name in HouseHead.__slots__})
    ways = [
        ModeRow(row.service, row.method, row.valid_from, row.valid_to, row.ground)
        for row in rows
        if row.service is not None
    ]
    return HouseWays(head, rows[0].is_seen, ways)


# ---- a second person -------------------------------------------------------------------------------------


async def propose(session: Session, new: NewMode, user_id: int) -> int:
    """Keep a way until somebody else agrees. Raises ValueRefused."""
    if new.method not in METHODS:
        raise ValueRefused("no-method", "Такого способа нет. Выберите из списка.")
    if new.service != ALL and new.service not in SERVICES:
        raise ValueRefused("no-service", "Такой услуги нет. Выберите из списка.")
    if new.valid_from.day != 1:
        raise ValueRefused("not-month", "Способ действует с первого числа месяца.")
    if new.house_id is not None:
        await _rows(session, new)
    else:
        await _refuse_later(session, new)
    proposal_id = await session.scalar(
        text("""
        INSERT INTO common_mode_proposals (house_id, organisation_id, service, method, valid_from, document,
                                           document_date, proposed_by)
        VALUES (:house_id, :organisation_id, :service, :method, :valid_from, :document, :document_date,
        :user_id) RETURNING id"""),
        {name: getattr(new, name) for name in NewMode.__slots__} | {"user_id": user_id},
    )
    return int(proposal_id or 0)


async def approve(session: Session, proposal_id: int, user_id: int, now: dt.datetime) -> NewMode:
    """Put a way in force. Raises ValueRefused when it is one's own or already decided."""
    row = await second_person.take(session, "common_mode_proposals", proposal_id)
    second_person.refuse_own(row, user_id)
    new = NewMode(**{name: getattr(row, name) for name in NewMode.__slots__})
    if new.house_id is not None:
        await _change_house(session, new)
    else:
        await _change_organisation(session, new)
    await second_person.decide(session, "common_mode_proposals", proposal_id, "approved", user_id, now)
    await late_facts.note(session, _late(new, proposal_id))
    return new


async def decline(session: Session, proposal_id: int, user_id: int, now: dt.datetime) -> NewMode:
    """Take a proposal away; it stays in the table with who declined it."""
    row = await second_person.take(session, "common_mode_proposals", proposal_id)
    await second_person.decide(session, "common_mode_proposals", proposal_id, "declined", user_id, now)
    return NewMode(**{name: getattr(row, name) for name in NewMode.__slots__})


def _services(new: NewMode) -> list[int]:
    return list(SERVICES) if new.service == ALL else [new.service]


def _late(new: NewMode, proposal_id: int) -> list[LateFact]:
    """A way in force since a closed month, for the queue of late facts."""
    services = _services(new) if new.house_id is None else [new.service]
    return [
        LateFact(
            key=f"common-mode-{proposal_id}-{service}",
            kind="method",
            happened_on=new.valid_from,
            after=None,
            words=f"{service_words(service)}: {METHODS[new.method]} с {new.valid_from:%d.%m.%Y}",
            ground=new.document,
            house_id=new.house_id,
            service=None if new.house_id is not None else service,
            organisation_id=new.organisation_id,
        )
        for service in services
    ]


def service_words(service: int) -> str:
    """«Все ресурсы на общее имущество» or the service."""
    return "Все ресурсы на общее имущество" if service == ALL else CATALOGUE[service].label


# ---- a house ---------------------------------------------------------------------------------------------


async def _rows(session: Session, new: NewMode) -> list[Any]:
    """Services of the house in force on or after the day. Raises ValueRefused when it has none of them."""
    found = await session.execute(
        text("""
        SELECT id, valid_from, valid_to FROM house_services
         WHERE house_id = :house_id AND service = ANY (:services) AND superseded_at IS NULL
           AND (valid_to IS NULL OR valid_to > :valid_from) ORDER BY id"""),
        {"house_id": new.house_id, "services": _services(new), "valid_from": new.valid_from},
    )
    rows = list(found.all())
    if not rows:
        raise ValueRefused(
            "no-service",
            "В доме нет такой услуги на общее имущество. Её заводят в услугах дома: загрузка данных.",
        )
    return rows


async def _change_house(session: Session, new: NewMode) -> None:
    columns = "house_id, company_id, service, supplier_id"
    for row in await _rows(session, new):
        await session.execute(
            text("UPDATE house_services SET superseded_at = clock_timestamp() WHERE id = :id"), {"id": row.id}
        )
        if row.valid_from < new.valid_from:
            await session.execute(
                text(
                    f"INSERT INTO house_services ({columns}, method, ground, valid_from, valid_to) "
                    f"SELECT {columns}, method, ground, valid_from, :day FROM house_services WHERE id = :id"
                ),
                {"id": row.id, "day": new.valid_from},
            )
        await session.execute(
            text(
                f"INSERT INTO house_services ({columns}, method, ground, valid_from, valid_to) "
                f"SELECT {columns}, :method, :ground, :day, valid_to FROM house_services WHERE id = :id"
            ),
            {
                "id": row.id,
                "day": max(row.valid_from, new.valid_from),
                "method": new.method,
                "ground": new.document,
            },
        )


# ---- an organisation -------------------------------------------------------------------------------------

OF_ORGANISATION = """t.key = :key AND t.service = ANY (:services) AND t.organisation_id = :organisation_id
   AND t.zone_id IS NULL AND t.superseded_at IS NULL"""


def _asked(new: NewMode) -> dict[str, object]:
    return {
        "key": MODE,
        "services": _services(new),
        "organisation_id": new.organisation_id,
        "day": new.valid_from,
    }


async def _refuse_later(session: Session, new: NewMode) -> None:
    later = await session.scalar(
        text(
            f"SELECT max(t.valid_from) FROM coefficients t WHERE {OF_ORGANISATION} AND t.valid_from >= :day"
        ),
        _asked(new),
    )
    if later is not None:
        raise ValueRefused(
            "mode-later", f"С {later:%d.%m.%Y} способ уже есть. Новый должен начинаться позже него."
        )


async def _change_organisation(session: Session, new: NewMode) -> None:
    await _refuse_later(session, new)
    columns = "organisation_id, zone_id, service, key, value_permille, document"
    await session.execute(
        text(f"""
        WITH old AS (UPDATE coefficients t SET superseded_at = clock_timestamp()
                      WHERE {OF_ORGANISATION} AND (t.valid_to IS NULL OR t.valid_to > :day)
                  RETURNING {columns}, valid_from)
        INSERT INTO coefficients ({columns}, valid_from, valid_to)
        SELECT {columns}, valid_from, :day FROM old"""),
        _asked(new),
    )
    await session.execute(
        text("""
        INSERT INTO coefficients (organisation_id, service, key, value_permille, document, valid_from)
        SELECT :organisation_id, s, :key, :method, :document, :day FROM unnest(CAST(:services AS smallint[]))
        AS s"""),
        _asked(new) | {"method": int(METHOD_NAMES[new.method]), "document": new.document},
    )
