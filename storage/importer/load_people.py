"""Loads people: who owns and who is registered on which days."""

from __future__ import annotations

import datetime as dt
import re
from fractions import Fraction
from typing import Any

from sqlalchemy import insert, update

from storage.importer import sheets
from storage.importer.book import Book, Row
from storage.importer.known import Load, differs, find_account
from storage.natural import search_form
from storage.tables.accounts import Ownership, Person, Registration

GROUND = "Загрузка из таблицы"
BORN_FIRST = dt.date(1900, 1, 1)

PersonKey = tuple[int, str, dt.date | None]


async def load_people(load: Load, book: Book) -> None:
    """Persons by account, name and birthday; registrations and ownerships by person and first day."""
    rows = book.good(sheets.PEOPLE)
    accounts = {}
    for row in rows:
        account = find_account(load, row)
        if account is not None and _judge(load, row, account):
            accounts[row.number] = account
    ids = sorted({account.id for account in accounts.values()})
    persons, registrations, ownerships = await _known(load, ids)
    counts = book.counts(sheets.PEOPLE)
    for row in book.good(sheets.PEOPLE):
        account = accounts[row.number]
        person_id, is_new, is_changed = await _person(load, row, account, persons)
        wrote = False
        if row["status"] != "owner":
            kind = "temporary" if row["status"] == "temporary" else "permanent"
            wrote |= await _registration(load, row, account, person_id, kind, registrations)
        if row["status"] in ("owner", "owner_registered"):
            wrote |= await _ownership(load, row, account, person_id, ownerships)
        counts.added += is_new
        counts.changed += not is_new and (is_changed or wrote)
        counts.unchanged += not is_new and not is_changed and not wrote
    await _judge_shares(load, book, accounts)


def _judge(load: Load, row: Row, account: Any) -> bool:
    born = row["born"]
    if born is not None and not BORN_FIRST <= born <= load.today:
        row.refuse("born", "Такой даты рождения не бывает. Проверьте год.")
    if row["snils"] is not None and not has_valid_control(row["snils"]):
        row.refuse("snils", "СНИЛС с ошибкой: контрольное число не сходится. Проверьте цифры.")
    if row["share"] is not None and row["status"] not in ("owner", "owner_registered"):
        row.refuse("share", "Доля бывает только у собственника. Очистите её или исправьте статус.")
    if row["last"] is not None and row["last"] < row["first"]:
        row.refuse("last", "Последний день раньше первого. Проверьте обе даты.")
    if row["status"] == "temporary" and row["last"] is None:
        row.refuse("last", "Для временно проживающего впишите, по какой день.")
    if born is not None and row["first"] < born:
        row.refuse("first", "Этот день раньше рождения. Проверьте обе даты.")
    if account.closed_on is not None and row["first"] >= account.closed_on:
        row.refuse("first", f"Счёт закрыт {account.closed_on:%d.%m.%Y}. Проверьте день.")
    return not row.is_bad


def has_valid_control(snils: str) -> bool:
    """Whether the two last digits of a СНИЛС fit the nine before them."""
    digits = re.sub(r"[\s-]", "", snils)
    if not re.fullmatch(r"\d{11}", digits):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(digits[:9], range(9, 0, -1), strict=True))
    return total % 101 % 100 == int(digits[9:])


def snils_form(snils: str) -> str:
    """«900-000-000 81» of any spelling."""
    digits = re.sub(r"[\s-]", "", snils)
    return f"{digits[:3]}-{digits[3:6]}-{digits[6:9]} {digits[9:]}"


async def _known(
    load: Load, account_ids: list[int]
) -> tuple[
    dict[PersonKey, Any], dict[tuple[int, int, str, dt.date], Any], dict[tuple[int, int, dt.date], Any]
]:
    registrations = await load.fetch(
        "SELECT * FROM registrations WHERE account_id = ANY(:ids) AND superseded_at IS NULL", ids=account_ids
    )
    ownerships = await load.fetch(
        "SELECT * FROM ownerships WHERE account_id = ANY(:ids) AND superseded_at IS NULL "
        "AND person_id IS NOT NULL",
        ids=account_ids,
    )
    at = {row.person_id: row.account_id for row in (*registrations, *ownerships)}
    persons = await load.fetch("SELECT * FROM persons WHERE id = ANY(:ids)", ids=sorted(at))
    return (
        {(at[one.id], one.search_name, one.born_on): one for one in persons},
        {(one.account_id, one.person_id, one.kind, one.valid_from): one for one in registrations},
        {(one.account_id, one.person_id, one.valid_from): one for one in ownerships},
    )


async def _person(
    load: Load, row: Row, account: Any, persons: dict[PersonKey, Any]
) -> tuple[int, bool, bool]:
    """(id, whether new, whether changed) of the person of a row."""
    full = " ".join(part for part in (row["surname"], row["name"], row["patronymic"]) if part)
    wanted = {
        "company_id": account.company_id,
        "surname": row["surname"],
        "name": row["name"],
        "patronymic": row["patronymic"],
        "search_name": search_form(full),
        "born_on": row["born"],
        "snils": None if row["snils"] is None else snils_form(row["snils"]),
    }
    key = account.id, wanted["search_name"], row["born"]
    known = persons.get(key)
    if known is None:
        made = await load.session.execute(insert(Person).values(**wanted).returning(Person))
        persons[key] = made.scalar_one()
        return persons[key].id, True, False
    changed = differs(known, wanted)
    if changed:
        await load.session.execute(update(Person).where(Person.id == known.id).values(**changed))
    return known.id, False, bool(changed)


def _after(row: Row) -> dt.date | None:
    """The day after the last one."""
    return None if row["last"] is None else row["last"] + dt.timedelta(days=1)


async def _registration(
    load: Load, row: Row, account: Any, person_id: int, kind: str, known: dict[Any, Any]
) -> bool:
    """Write the registration unless it is there; one that has ended since is superseded."""
    key = account.id, person_id, kind, row["first"]
    old = known.get(key)
    if old is not None and old.valid_to == _after(row):
        return False
    if old is not None:
        await supersede(load, Registration, old.id)
    values = {
        "account_id": account.id,
        "person_id": person_id,
        "company_id": account.company_id,
        "kind": kind,
        "ground": GROUND,
        "valid_from": row["first"],
        "valid_to": _after(row),
    }
    made = await load.session.execute(insert(Registration).values(**values).returning(Registration))
    known[key] = made.scalar_one()
    return True


async def _ownership(load: Load, row: Row, account: Any, person_id: int, known: dict[Any, Any]) -> bool:
    share = row["share"] or (1, 1)
    key = account.id, person_id, row["first"]
    old = known.get(key)
    if old is not None and (old.share_num, old.share_den, old.valid_to) == (*share, _after(row)):
        return False
    if old is not None:
        await supersede(load, Ownership, old.id)
    values = {
        "account_id": account.id,
        "person_id": person_id,
        "company_id": account.company_id,
        "share_num": share[0],
        "share_den": share[1],
        "ground": GROUND,
        "valid_from": row["first"],
        "valid_to": _after(row),
    }
    made = await load.session.execute(insert(Ownership).values(**values).returning(Ownership))
    known[key] = made.scalar_one()
    return True


async def supersede(load: Load, table: Any, row_id: int) -> None:
    """We know better now: the old row stays, marked with the moment."""
    from sqlalchemy import func

    await load.session.execute(
        update(table).where(table.id == row_id).values(superseded_at=func.clock_timestamp())
    )


async def _judge_shares(load: Load, book: Book, accounts: dict[int, Any]) -> None:
    """Shares of today's owners of an account are not more than the whole."""
    ids = sorted({account.id for account in accounts.values()})
    owners = await load.fetch(
        "SELECT account_id, share_num, share_den FROM ownerships WHERE account_id = ANY(:ids) "
        "AND superseded_at IS NULL AND (valid_to IS NULL OR valid_to > :today)",
        ids=ids,
        today=load.today,
    )
    sums: dict[int, Fraction] = {}
    for one in owners:
        sums[one.account_id] = sums.get(one.account_id, Fraction(0)) + Fraction(one.share_num, one.share_den)
    last = {
        accounts[row.number].id: row for row in book.good(sheets.PEOPLE) if row["status"].startswith("owner")
    }
    for account_id, row in last.items():
        if sums.get(account_id, Fraction(0)) > 1:
            row.refuse(
                "share", f"Доли собственников вместе {sums[account_id]}, больше целого. Исправьте доли."
            )
