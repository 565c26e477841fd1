"""A formula of a service: written by one person, put in force by another; a new service comes with its
first one.

Nothing is edited: a version ends where the next of the same scope begins. The city's formula serves every
house, an organisation's only the houses it manages, and stands over the city's there.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text

from billing.formula.check import Checked, check, unit_words
from billing.formula.grammar import FormulaError
from billing.formula.units import MONEY, PLAIN, unit_of_service
from storage import second_person
from storage.second_person import ValueRefused
from storage.session import Session

FIRST_OWN = 100
LAST_OWN = 32_000
LOCK = 7_120_421  # numbers of services are given one at a time
HOUSES_MAX = 2_000


@dataclass(frozen=True, slots=True)
class NewFormula:
    """What is proposed. service None: a new one called `label`. organisation_id None: of the city.

    house_ids None: all houses of the organisation. formula None: the service goes back to the method of its
    houses. connects: approving also gives the service to the houses that lack it.
    """

    service: int | None
    label: str
    organisation_id: int | None
    house_ids: tuple[int, ...] | None
    formula: str | None
    ceiling_kopecks: int
    valid_from: dt.date
    supplier_id: int | None
    document: str
    document_date: dt.date


def unit_on_paper(checked: Checked) -> str:
    """Unit of the service a formula makes: «м²», «чел.», «мес.» for a flat or a ready sum."""
    if checked.unit in (MONEY, PLAIN):
        return "мес."
    return unit_words(checked.unit)


async def checked_for(session: Session, formula: str, service: int | None) -> Checked:
    """The formula with the units of its service. Raises FormulaError, ValueRefused."""
    if service is None:
        return check(formula)
    row = (
        await session.execute(text("SELECT label, unit FROM services WHERE code = :code"), {"code": service})
    ).one_or_none()
    if row is None or service < FIRST_OWN:
        raise ValueRefused("no-service", "Такой услуги нет. Выберите из списка или назовите новую.")
    made = check(formula, unit_of_service(row.unit))
    if not made.is_sum and made.unit != unit_of_service(row.unit):
        message = (
            f"«{row.label}» считается за {row.unit}, а формула — за {unit_on_paper(made)}. "
            "Заведите новую услугу или допишите формулу так, чтобы единица осталась прежней."
        )
        raise FormulaError(message, 0, len(formula))
    return made


async def propose(session: Session, new: NewFormula, user_id: int) -> int:
    """Keep a formula until somebody else agrees. Raises FormulaError, ValueRefused."""
    checked = None if new.formula is None else await checked_for(session, new.formula, new.service)
    await _refuse_foreign_houses(session, new)
    service = new.service
    if service is None:
        if checked is None:
            raise ValueRefused("no-formula", "У новой услуги должна быть формула.")
        service = await _new_service(session, new, unit_on_paper(checked))
    await _refuse_twin(session, new, service)
    proposal = await session.scalar(
        text("""
        INSERT INTO formulas (service, organisation_id, house_ids, text, ceiling_kopecks, valid_from,
                              supplier_id, document, document_date, proposed_by)
        VALUES (:service, :organisation_id, :house_ids, :formula, :ceiling, :valid_from, :supplier_id,
        :document, :document_date, :user_id) RETURNING id"""),
        {
            "service": service,
            "organisation_id": new.organisation_id,
            "house_ids": None if new.house_ids is None else list(new.house_ids),
            "formula": new.formula,
            "ceiling": new.ceiling_kopecks,
            "valid_from": new.valid_from,
            "supplier_id": new.supplier_id,
            "document": new.document,
            "document_date": new.document_date,
            "user_id": user_id,
        },
    )
    return int(proposal or 0)


async def _refuse_foreign_houses(session: Session, new: NewFormula) -> None:
    """Chosen houses are houses of the organisation."""
    if new.house_ids is None:
        return
    if not new.house_ids:
        raise ValueRefused("no-houses", "Выберите хотя бы один дом.")
    mine = await session.scalar(
        text(
            "SELECT count(*) FROM houses WHERE id = ANY (:houses) "
            "AND (CAST(:owner AS int) IS NULL OR company_id = :owner)"
        ),
        {"houses": list(new.house_ids), "owner": new.organisation_id},
    )
    if mine != len(set(new.house_ids)):
        raise ValueRefused("foreign-houses", "Среди домов есть чужие. Выберите только дома этой организации.")


async def _new_service(session: Session, new: NewFormula, unit: str) -> int:
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    twin = await session.scalar(
        text(
            "SELECT code FROM services WHERE lower(label) = lower(:label) "
            "AND (organisation_id IS NOT DISTINCT FROM CAST(:owner AS int) OR organisation_id IS NULL)"
        ),
        {"label": new.label, "owner": new.organisation_id},
    )
    if twin is not None:
        raise ValueRefused("twin-service", f"Услуга «{new.label}» уже есть. Выберите её в списке.")
    code = await session.scalar(
        text("SELECT greatest(max(code), :first - 1) + 1 FROM services"), {"first": FIRST_OWN}
    )
    number = int(code or FIRST_OWN)
    if number > LAST_OWN:
        raise ValueRefused("services-full", "Номера услуг закончились. Обратитесь к администратору.")
    await session.execute(
        text("""
        INSERT INTO services (code, key, label, short_label, unit, "group", organisation_id, position)
        VALUES (:code, :key, :label, :short, :unit, 'other', :owner, :code)"""),
        {
            "code": number,
            "key": f"own_{number}",
            "label": new.label,
            "short": re.split(r"[ ,(]", new.label)[0][:20],
            "unit": unit,
            "owner": new.organisation_id,
        },
    )
    return number


async def _refuse_twin(session: Session, new: NewFormula, service: int) -> None:
    """A version of the same scope from the same month, or a later one, would make two answers for one
    month.
    """
    row = (
        await session.execute(
            text("""
            SELECT valid_from, state FROM formulas
             WHERE service = :service AND state <> 'declined' AND valid_from >= :valid_from
               AND organisation_id IS NOT DISTINCT FROM CAST(:owner AS int)
               AND house_ids IS NOT DISTINCT FROM CAST(:houses AS int[])
             ORDER BY valid_from DESC LIMIT 1"""),
            {
                "service": service,
                "valid_from": new.valid_from,
                "owner": new.organisation_id,
                "houses": None if new.house_ids is None else list(new.house_ids),
            },
        )
    ).one_or_none()
    if row is not None:
        waits = "ждёт утверждения" if row.state == "waiting" else "действует"
        raise ValueRefused(
            "formula-later",
            f"С {row.valid_from:%d.%m.%Y} уже {waits} формула этой услуги. "
            "Новая должна начинаться позже неё.",
        )


@dataclass(frozen=True, slots=True)
class Taken:
    """A waiting proposal locked for a decision."""

    id: int
    service: int
    organisation_id: int | None
    house_ids: list[int] | None
    text: str | None
    valid_from: dt.date
    supplier_id: int | None
    document: str
    proposed_by: int


async def approve(session: Session, formula_id: int, user_id: int, now: dt.datetime) -> Taken:
    """Put a formula in force. Raises ValueRefused when it is one's own or already decided."""
    row = await second_person.take(session, "formulas", formula_id)
    second_person.refuse_own(row, user_id)
    taken = _taken(row)
    if taken.supplier_id is not None and taken.text is not None:
        await session.execute(text(CONNECT), _connection(taken))
    await second_person.decide(session, "formulas", formula_id, "approved", user_id, now)
    return taken


CONNECT = """
INSERT INTO house_services (house_id, company_id, service, supplier_id, method, ground, valid_from)
SELECT h.id, h.company_id, :service, :supplier, 'fixed', :ground, :valid_from FROM houses h
 WHERE (CAST(:owner AS int) IS NULL OR h.company_id = :owner)
   AND (CAST(:houses AS int[]) IS NULL OR h.id = ANY (:houses))
   AND NOT EXISTS (SELECT 1 FROM house_services s
                    WHERE s.house_id = h.id AND s.service = :service AND s.superseded_at IS NULL
                      AND (s.valid_to IS NULL OR s.valid_to > :valid_from))"""


def _connection(taken: Taken) -> dict[str, object]:
    return {
        "service": taken.service,
        "supplier": taken.supplier_id,
        "ground": taken.document,
        "valid_from": taken.valid_from,
        "owner": taken.organisation_id,
        "houses": taken.house_ids,
    }


async def decline(session: Session, formula_id: int, user_id: int, now: dt.datetime) -> Taken:
    """Take a proposal away; it stays in the table with who declined it."""
    taken = _taken(await second_person.take(session, "formulas", formula_id))
    await second_person.decide(session, "formulas", formula_id, "declined", user_id, now)
    return taken


def _taken(row: Row[Any]) -> Taken:
    return Taken(**{name: getattr(row, name) for name in Taken.__slots__})
