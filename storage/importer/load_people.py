"""Loads people: who owns and who is registered on which days."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from sqlalchemy import func, insert, update

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
    rows = book.good(sheets.PEOPLE)
    touched = await _persons(load, rows, accounts, persons)
    wrote = _stays(rows, accounts, persons, registrations, ownerships)
    await registrations.write(load)
    await ownerships.write(load)
    counts = book.counts(sheets.PEOPLE)
    for row in rows:
        is_new, is_changed = touched[row.number]
        is_changed |= row.number in wrote
        counts.added += is_new
        counts.changed += not is_new and is_changed
        counts.unchanged += not is_new and not is_changed
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


@dataclass(slots=True)
class _Dated:
    """Rows of one table by natural key: known ones, and new ones written together at the end."""

    table: Any
    compared: tuple[str, ...]
    known: dict[tuple[Any, ...], Any]
    new: dict[tuple[Any, ...], dict[str, Any]] = field(default_factory=dict)
    superseded: list[int] = field(default_factory=list)

    def put(self, key: tuple[Any, ...], values: dict[str, Any]) -> bool:
        """Remember a row unless it is there; one that says otherwise is superseded. Whether it is new."""
        wanted = tuple(values[name] for name in self.compared)
        if key in self.new:
            if tuple(self.new[key][name] for name in self.compared) == wanted:
                return False
        elif key in self.known:
            old = self.known[key]
            if tuple(getattr(old, name) for name in self.compared) == wanted:
                return False
            self.superseded.append(old.id)
        self.new[key] = values
        return True

    async def write(self, load: Load) -> None:
        if self.superseded:
            await supersede(load, self.table, self.superseded)
        if self.new:
            await load.session.execute(insert(self.table), list(self.new.values()))


async def _known(load: Load, account_ids: list[int]) -> tuple[dict[PersonKey, Any], _Dated, _Dated]:
    """Persons of the accounts by account, name and birthday; their registrations and ownerships."""
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
    lived = {(one.account_id, one.person_id, one.kind, one.valid_from): one for one in registrations}
    owned = {(one.account_id, one.person_id, one.valid_from): one for one in ownerships}
    return (
        {(at[one.id], one.search_name, one.born_on): one for one in persons},
        _Dated(Registration, ("valid_to",), lived),
        _Dated(Ownership, ("share_num", "share_den", "valid_to"), owned),
    )


def _person_key(row: Row, account: Any) -> PersonKey:
    full = " ".join(part for part in (row["surname"], row["name"], row["patronymic"]) if part)
    return account.id, search_form(full), row["born"]


async def _persons(
    load: Load, rows: list[Row], accounts: dict[int, Any], persons: dict[PersonKey, Any]
) -> dict[int, tuple[bool, bool]]:
    """Add and change persons; (is new, is changed) by number of the row. `persons` knows all of them then."""
    new: dict[PersonKey, dict[str, Any]] = {}
    out: dict[int, tuple[bool, bool]] = {}
    for row in rows:
        account = accounts[row.number]
        key = _person_key(row, account)
        wanted = {
            "company_id": account.company_id,
            "surname": row["surname"],
            "name": row["name"],
            "patronymic": row["patronymic"],
            "search_name": key[1],
            "born_on": row["born"],
            "snils": None if row["snils"] is None else snils_form(row["snils"]),
        }
        known = persons.get(key)
        if known is None:
            out[row.number] = (key not in new, False)
            new.setdefault(key, wanted)
            continue
        changed = differs(known, wanted)
        out[row.number] = (False, bool(changed))
        if changed:
            await load.session.execute(update(Person).where(Person.id == known.id).values(**changed))
    if new:
        made = insert(Person).returning(Person, sort_by_parameter_order=True)
        found = (await load.session.execute(made, list(new.values()))).scalars()
        persons.update(zip(new, found, strict=True))
    return out


def _after(row: Row) -> dt.date | None:
    """The day after the last one."""
    return None if row["last"] is None else row["last"] + dt.timedelta(days=1)


def _stays(
    rows: list[Row],
    accounts: dict[int, Any],
    persons: dict[PersonKey, Any],
    registrations: _Dated,
    ownerships: _Dated,
) -> set[int]:
    """Who is registered and who owns, remembered; numbers of rows that say something new."""
    wrote: set[int] = set()
    for row in rows:
        account = accounts[row.number]
        person_id = persons[_person_key(row, account)].id
        values = {
            "account_id": account.id,
            "person_id": person_id,
            "company_id": account.company_id,
            "ground": GROUND,
            "valid_from": row["first"],
            "valid_to": _after(row),
        }
        if row["status"] != "owner":
            kind = "temporary" if row["status"] == "temporary" else "permanent"
            key: tuple[Any, ...] = (account.id, person_id, kind, row["first"])
            if registrations.put(key, values | {"kind": kind}):
                wrote.add(row.number)
        if row["status"] in ("owner", "owner_registered"):
            num, den = row["share"] or (1, 1)
            key = (account.id, person_id, row["first"])
            if ownerships.put(key, values | {"share_num": num, "share_den": den}):
                wrote.add(row.number)
    return wrote


async def supersede(load: Load, table: Any, ids: list[int]) -> None:
    """We know better now: the old rows stay, marked with the moment."""
    await load.session.execute(
        update(table).where(table.id.in_(ids)).values(superseded_at=func.clock_timestamp())
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
