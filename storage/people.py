"""The desk of people: registering, deregistering, temporary stays; areas and owners are in storage.premises.

Each deed writes its own row and, in the same transaction, the stretch of account_facts the rules read, and
a line of
audit. Nothing is edited: the row that was known is superseded. The day may lie in a closed month: it is
entered as it was, and the difference comes out of the next run.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.history import has_temporary_stay
from storage import audit
from storage.facts import FOREVER, Facts, change_facts
from storage.natural import search_form

KINDS = ("permanent", "temporary")
BORN_FIRST = dt.date(1900, 1, 1)


class PeopleRefused(ValueError):
    """A deed that cannot be done; the message is for the person at the desk."""

    permanent = True

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Somebody not known yet."""

    surname: str
    name: str
    patronymic: str | None = None
    born_on: dt.date | None = None
    snils: str | None = None
    phone: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Deed:
    """Who does it and on what ground; ground is a document with number and date."""

    user_id: int | None
    ground: str
    ip: str | None = None

    def check(self) -> None:
        if not self.ground.strip():
            raise PeopleRefused("no_ground", "Укажите основание: документ, номер и дату.")


@dataclass(frozen=True, slots=True)
class AccountHeld:
    """An account locked for a deed."""

    id: int
    company_id: int
    opened_on: dt.date
    closed_on: dt.date | None


async def hold(session: AsyncSession, account_id: int) -> AccountHeld:
    """The account, locked: two deeds on one account come one after the other."""
    row = (
        await session.execute(
            text("SELECT id, company_id, opened_on, closed_on FROM accounts WHERE id = :id FOR UPDATE"),
            {"id": account_id},
        )
    ).one_or_none()
    if row is None:
        raise PeopleRefused("unknown_account", "Такого счёта нет. Найдите квартиру снова.")
    return AccountHeld(*row)


def check_days(account: AccountHeld, first: dt.date, after: dt.date | None) -> None:
    if after is not None and after <= first:
        raise PeopleRefused("order", "Дата начала позже даты окончания. Поменяйте одну из них.")
    if first < account.opened_on:
        raise PeopleRefused(
            "before_account", f"Счёт открыт {account.opened_on:%d.%m.%Y}. Укажите день не раньше."
        )
    if account.closed_on is not None and first >= account.closed_on:
        raise PeopleRefused("closed", f"Счёт закрыт {account.closed_on:%d.%m.%Y}. Изменения не принимаются.")


# ---- registering -----------------------------------------------------------------------------------------


async def register(
    session: AsyncSession,
    account_id: int,
    person: NewPerson | int,
    kind: str,
    first: dt.date,
    deed: Deed,
    *,
    after: dt.date | None = None,
    relation: str | None = None,
) -> int:
    """Register somebody from `first`, until the day before `after`; the id of the registration.

    A temporary stay names its end and counts in the bill when it is longer than five days (Rules 354, п.
    56(1)).
    Raises PeopleRefused; code `elsewhere` when the person is permanently registered on another account.
    """
    assert kind in KINDS, f"unknown kind of registration {kind}"
    deed.check()
    account = await hold(session, account_id)
    check_days(account, first, after)
    if kind == "temporary" and after is None:
        raise PeopleRefused("no_end", "Укажите, до какого дня человек проживает временно.")
    person_id = person if isinstance(person, int) else await person_of(session, account, person, first)
    await _refuse_twice(session, account_id, person_id, kind, first, after)
    registration_id = await _insert_registration(
        session, account, person_id, kind, first, after, relation, deed.ground
    )
    change = _change_of(kind, first, after, +1)
    if change is not None:
        await change_facts(session, account_id, first, after, change, deed.ground)
    await audit.record(
        session,
        "registered",
        "account",
        account_id,
        user_id=deed.user_id,
        company_id=account.company_id,
        ip=deed.ip,
        after={"registration": registration_id, "kind": kind, "from": first, "to": after},
        ground=deed.ground,
    )
    return registration_id


def _change_of(
    kind: str, first: dt.date, after: dt.date | None, number: int
) -> Callable[[Facts], Facts] | None:
    """How the facts change by one person more or less; None when the stay does not count."""
    if kind == "permanent":
        return lambda facts: replace(facts, residents=max(0, facts.residents + number))
    last = None if after is None else after - dt.timedelta(days=1)
    if not has_temporary_stay(first, last):
        return None
    return lambda facts: replace(facts, temporary=max(0, facts.temporary + number))


async def person_of(session: AsyncSession, account: AccountHeld, person: NewPerson, first: dt.date) -> int:
    """The id of a person: the one the company knows by the same name and birthday, else a new one."""
    if not person.surname.strip() or not person.name.strip():
        raise PeopleRefused("no_name", "Напишите фамилию и имя.")
    whole = " ".join(
        part.strip() for part in (person.surname, person.name, person.patronymic or "") if part.strip()
    )
    if person.born_on is not None:
        if not BORN_FIRST <= person.born_on <= first:
            raise PeopleRefused("born", "Дата рождения позже этого дня или слишком давно. Проверьте год.")
        known: int | None = await session.scalar(
            text(
                "SELECT max(id) FROM persons WHERE company_id = :company_id AND search_name = :name "
                "AND born_on = :born_on"
            ),
            {
                "company_id": account.company_id,
                "name": search_form(whole),
                "born_on": person.born_on,
            },
        )
        if known is not None:
            return known
    return await _add_person(session, account, person, whole)


async def _add_person(session: AsyncSession, account: AccountHeld, person: NewPerson, whole: str) -> int:
    person_id = await session.scalar(
        text(
            "INSERT INTO persons (company_id, surname, name, patronymic, search_name, born_on, snils, "
            "phone, email) "
            "VALUES (:company_id, :surname, :name, :patronymic, :search_name, :born_on, :snils, :phone, "
            ":email) "
            "RETURNING id"
        ),
        {
            "company_id": account.company_id,
            "surname": person.surname.strip(),
            "name": person.name.strip(),
            "patronymic": (person.patronymic or "").strip() or None,
            "search_name": search_form(whole),
            "born_on": person.born_on,
            "snils": person.snils,
            "phone": person.phone,
            "email": person.email,
        },
    )
    assert person_id is not None
    return int(person_id)


async def _refuse_twice(
    session: AsyncSession, account_id: int, person_id: int, kind: str, first: dt.date, after: dt.date | None
) -> None:
    """One permanent registration at a time, and one stay at a time on an account."""
    row = (
        await session.execute(
            text(
                "SELECT g.account_id, g.valid_from, st.kind || ' ' || st.name || ' ' || h.number || '-' || "
                "f.number "
                "AS address FROM registrations g JOIN accounts a ON a.id = g.account_id "
                "JOIN flats f ON f.id = a.flat_id JOIN houses h ON h.id = a.house_id "
                "JOIN streets st ON st.id = h.street_id WHERE g.person_id = :person_id AND g.superseded_at "
                "IS NULL "
                "AND g.kind = :kind AND (g.kind = 'permanent' OR g.account_id = :account_id) "
                "AND g.valid_from < :after AND (g.valid_to IS NULL OR g.valid_to > :first) LIMIT 1"
            ),
            {
                "person_id": person_id,
                "kind": kind,
                "account_id": account_id,
                "first": first,
                "after": FOREVER if after is None else after,
            },
        )
    ).one_or_none()
    if row is None:
        return
    if row.account_id == account_id:
        raise PeopleRefused("already_here", f"Уже числится здесь с {row.valid_from:%d.%m.%Y}.")
    raise PeopleRefused("elsewhere", f"Уже числится по другому адресу: {row.address}. Снимите с учёта там.")


async def _insert_registration(
    session: AsyncSession,
    account: AccountHeld,
    person_id: int,
    kind: str,
    first: dt.date,
    after: dt.date | None,
    relation: str | None,
    ground: str,
) -> int:
    registration_id = await session.scalar(
        text(
            "INSERT INTO registrations (account_id, person_id, company_id, kind, relation, ground, "
            "valid_from, valid_to) "
            "VALUES (:account_id, :person_id, :company_id, :kind, :relation, :ground, :first, :after) "
            "RETURNING id"
        ),
        {
            "account_id": account.id,
            "person_id": person_id,
            "company_id": account.company_id,
            "kind": kind,
            "relation": relation,
            "ground": ground,
            "first": first,
            "after": after,
        },
    )
    assert registration_id is not None
    return int(registration_id)


async def deregister(session: AsyncSession, registration_id: int, day: dt.date, deed: Deed) -> int:
    """End a registration: from `day` on the person is not registered. The id of the row that is known from
    now on.
    """
    deed.check()
    account_id = await session.scalar(
        text("SELECT account_id FROM registrations WHERE id = :id"), {"id": registration_id}
    )
    if account_id is None:
        raise PeopleRefused("unknown_registration", "Такой регистрации нет. Обновите страницу.")
    account = await hold(session, account_id)
    row = (
        await session.execute(text("SELECT * FROM registrations WHERE id = :id"), {"id": registration_id})
    ).one()
    if row.superseded_at is not None:
        raise PeopleRefused(
            "stale", "Эту регистрацию уже изменили. Обновите страницу и посмотрите, что записано."
        )
    if day <= row.valid_from:
        raise PeopleRefused("order", f"Зарегистрирован с {row.valid_from:%d.%m.%Y}. Укажите день позже.")
    if row.valid_to is not None and row.valid_to <= day:
        raise PeopleRefused("ended", f"Регистрация и так заканчивается {row.valid_to:%d.%m.%Y}.")
    await session.execute(
        text("UPDATE registrations SET superseded_at = clock_timestamp() WHERE id = :id"),
        {"id": registration_id},
    )
    new_id = await _insert_registration(
        session, account, row.person_id, row.kind, row.valid_from, day, row.relation, deed.ground
    )
    before = _change_of(row.kind, row.valid_from, row.valid_to, -1)
    still = _change_of(row.kind, row.valid_from, day, -1)
    if before is not None:
        since = day if still is not None else row.valid_from  # a stay cut to five days does not count at all
        await change_facts(session, account.id, since, row.valid_to, before, deed.ground)
    await audit.record(
        session,
        "deregistered",
        "account",
        account.id,
        user_id=deed.user_id,
        company_id=account.company_id,
        ip=deed.ip,
        before={"registration": registration_id, "to": row.valid_to},
        after={"registration": new_id, "to": day},
        ground=deed.ground,
    )
    return new_id
