"""Derives account_facts from registrations, ownerships and areas: a row a stretch without change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import insert

from billing.history import has_temporary_stay
from storage import late_facts
from storage.importer import sheets
from storage.importer.book import Book
from storage.importer.known import Load
from storage.importer.load_people import supersede
from storage.late_facts import LateFact
from storage.tables.accounts import AccountFact

GROUND = "Загрузка из таблицы"


@dataclass(frozen=True, slots=True)
class Lives:
    """Somebody counts on [first, after): resident, temporary or owner."""

    role: str
    first: dt.date
    after: dt.date | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Numbers of people constant over [first, after)."""

    first: dt.date
    after: dt.date | None
    residents: int
    temporary: int
    owners: int


def stretches(opened: dt.date, closed: dt.date | None, lives: Sequence[Lives]) -> list[Stretch]:
    """Cut the life of an account where somebody comes or goes; equal neighbours become one. At least one
    owner.
    """
    inside = {opened}
    for one in lives:
        inside |= {day for day in (one.first, one.after) if day is not None and day > opened}
    days = sorted(day for day in inside if closed is None or day < closed)
    out: list[Stretch] = []
    for at, first in enumerate(days):
        after = days[at + 1] if at + 1 < len(days) else closed
        there = [one.role for one in lives if one.first <= first and (one.after is None or one.after > first)]
        made = Stretch(
            first, after, there.count("resident"), there.count("temporary"), max(1, there.count("owner"))
        )
        same = out and (out[-1].residents, out[-1].temporary, out[-1].owners) == (
            made.residents, made.temporary, made.owners
        )  # fmt: skip
        if same:
            made = Stretch(out.pop().first, after, made.residents, made.temporary, made.owners)
        out.append(made)
    return out


async def derive_facts(load: Load, book: Book) -> None:
    """Bring the facts of every account of the file up to date; equal ones are left alone."""
    touched = {load.accounts[row["account"]].id: row for row in book.good(sheets.ACCOUNTS)}
    numbers = {row["account"] for row in book.good(sheets.PEOPLE)} | {
        row["account"] for row in book.good(sheets.ACCOUNTS)
    }
    await _judge_new_areas(load, book, set(touched))
    accounts = [load.accounts[number] for number in sorted(numbers)]
    ids = [account.id for account in accounts]
    lives = await _lives(load, ids)
    known: dict[int, list[Any]] = {}
    for fact in await load.fetch(
        "SELECT * FROM account_facts WHERE account_id = ANY(:ids) AND superseded_at IS NULL "
        "ORDER BY account_id, valid_from",
        ids=ids,
    ):
        known.setdefault(fact.account_id, []).append(fact)
    areas = {flat.id: flat for flat in load.flats.values()}
    new: list[dict[str, Any]] = []
    old: list[int] = []
    late: list[LateFact] = []
    for account in accounts:
        now = known.get(account.id, [])
        place = _place(touched.get(account.id), account, areas, now[-1] if now else None)
        wanted = [
            _fact(account, stretch, place)
            for stretch in stretches(account.opened_on, account.closed_on, lives.get(account.id, []))
        ]
        if [_same(fact) for fact in now] == [_same_wanted(fact) for fact in wanted]:
            continue
        old += [fact.id for fact in now]
        new += wanted
        if now:
            before, after = [_same(fact) for fact in now], [_same_wanted(fact) for fact in wanted]
            late.append(_late(account.id, before, after))
    if old:
        await supersede(load, AccountFact, old)
    if new:
        await load.session.execute(insert(AccountFact), new)
    await late_facts.note(load.session, late)


def _late(account_id: int, now: list[tuple[Any, ...]], wanted: list[tuple[Any, ...]]) -> LateFact:
    """The change of an account that was known before, from the first day on which it differs."""
    days = sorted({one[0] for one in (*now, *wanted)} | {one[1] for one in (*now, *wanted) if one[1]})
    first = next((day for day in days if _on(now, day) != _on(wanted, day)), days[0])
    return LateFact(
        key=f"file-{account_id}-{uuid4().hex}",
        kind="people",
        happened_on=first,
        after=None,
        words=f"Состав и площадь из файла с {first:%d.%m.%Y}",
        ground="Загрузка из файла",
        account_id=account_id,
    )


def _on(stretches_: list[tuple[Any, ...]], day: dt.date) -> tuple[Any, ...] | None:
    """What is said of a day, without the days it is said for."""
    return next((one[2:] for one in stretches_ if one[0] <= day and (one[1] is None or day < one[1])), None)


async def _judge_new_areas(load: Load, book: Book, touched: set[int]) -> None:
    """A flat with another area needs its accounts in the file too: they are billed by their own area."""
    changed = {row.extra["flat_id"]: row for row in book.good(sheets.FLATS) if row.extra.get("has_new_area")}
    rows = await load.fetch(
        "SELECT id, flat_id, number FROM accounts WHERE flat_id = ANY(:ids)", ids=sorted(changed)
    )
    for account in rows:
        if account.id not in touched:
            changed[account.flat_id].refuse(
                "area",
                f"Площадь изменилась. Добавьте счёт {account.number} на лист «Счета», чтобы и он её узнал.",
            )


async def _lives(load: Load, ids: list[int]) -> dict[int, list[Lives]]:
    rows = await load.fetch(
        "SELECT account_id, CASE kind WHEN 'temporary' THEN 'temporary' ELSE 'resident' END AS role, "
        "valid_from, valid_to FROM registrations WHERE account_id = ANY(:ids) AND superseded_at IS NULL "
        "UNION ALL SELECT account_id, 'owner', valid_from, valid_to FROM ownerships "
        "WHERE account_id = ANY(:ids) AND superseded_at IS NULL",
        ids=ids,
    )
    out: dict[int, list[Lives]] = {}
    for row in rows:
        last = None if row.valid_to is None else row.valid_to - dt.timedelta(days=1)
        if row.role == "temporary" and not has_temporary_stay(row.valid_from, last):
            continue  # five days or less do not count (Rules 354, п. 56(1))
        out.setdefault(row.account_id, []).append(Lives(row.role, row.valid_from, row.valid_to))
    return out


def _place(row: Any, account: Any, flats: dict[int, Any], known: Any) -> dict[str, Any]:
    """Areas and the mask of services without a meter: from the row, else from what is known, else from the
    flat.
    """
    if row is None and known is not None:
        return {name: getattr(known, name) for name in PLACE}
    flat = flats.get(account.flat_id)
    area = flat.area_dm2 if flat is not None else None
    living = flat.living_area_dm2 if flat is not None else None
    mask = 0
    if row is not None:
        area = row["area"] if row["area"] is not None else area
        living = row["living"] if row["living"] is not None else living
        mask = sum(1 << code for code in row["impossible"] or ())
    return {
        "area_dm2": area,
        "living_area_dm2": living,
        "heated_area_dm2": area,
        "meter_impossible": mask,
    }


PLACE = ("area_dm2", "living_area_dm2", "heated_area_dm2", "meter_impossible")
COMPARED = ("valid_from", "valid_to", "residents", "temporary", "owners", *PLACE)


def _fact(account: Any, stretch: Stretch, place: dict[str, Any]) -> dict[str, Any]:
    return {
        "account_id": account.id,
        "house_id": account.house_id,
        "company_id": account.company_id,
        "residents": stretch.residents,
        "temporary": stretch.temporary,
        "owners": stretch.owners,
        "ground": GROUND,
        "valid_from": stretch.first,
        "valid_to": stretch.after,
        **place,
    }


def _same(fact: Any) -> tuple[Any, ...]:
    return tuple(getattr(fact, name) for name in COMPARED)


def _same_wanted(fact: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(fact[name] for name in COMPARED)
