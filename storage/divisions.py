"""Separate documents of co-owners: dividing a premises among accounts, changing the shares, ending, undoing.

Law: Housing Code, art. 155, 158; Civil Code, art. 249; Plenum of the Supreme Court № 22, cl. 27. A division
is of whole months; rows are superseded and never edited, and a fact of a closed month goes to the queue of
late facts. Debts stay at the account on which they arose.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from billing.period import Period
from billing.services import BY_PEOPLE
from storage import audit, late_facts
from storage.late_facts import LateFact
from storage.natural import search_form
from storage.people import Deed, PeopleRefused
from storage.session import Session

PARTS_MAX = 20
SHARE_MAX = 1_000_000
NAME_MAX = 200
ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class NewPart:
    """A co-owner's share num / den. account_id None = an account is opened for the payer."""

    num: int
    den: int
    payer: str = ""
    account_id: int | None = None


@dataclass(frozen=True, slots=True)
class PartRow:
    """An account of a division as pages show it."""

    account_id: int
    number: str
    payer: str
    num: int
    den: int
    is_new: bool

    @property
    def share(self) -> str:
        """«1/3»"""
        return f"{self.num}/{self.den}"


@dataclass(frozen=True, slots=True)
class DivisionRow:
    """A division of a premises over [valid_from, valid_to); account_id: the account that holds it."""

    id: int
    account_id: int
    valid_from: dt.date
    valid_to: dt.date | None
    by_people: int
    ground: str
    entered_by: str | None
    parts: tuple[PartRow, ...] = ()

    @property
    def people_services(self) -> tuple[int, ...]:
        """Utilities split by people."""
        return tuple(sorted(service for service in BY_PEOPLE if self.by_people >> service & 1))


HISTORY = """
SELECT d.id, d.account_id, d.valid_from, d.valid_to, d.by_people, d.ground, u.full_name AS entered_by,
       p.account_id AS part_id, a.number, a.payer_name, p.share_num, p.share_den, p.is_new
  FROM accounts m JOIN divisions d ON d.flat_id = m.flat_id AND d.superseded_at IS NULL
  JOIN division_parts p ON p.division_id = d.id JOIN accounts a ON a.id = p.account_id
  LEFT JOIN users u ON u.id = d.created_by
 WHERE m.id = :id ORDER BY d.valid_from DESC, d.id, p.account_id <> d.account_id, p.account_id"""


async def of_account(session: Session, account_id: int) -> list[DivisionRow]:
    """Divisions of the account's premises, the newest first; one query."""
    rows = (await session.execute(text(HISTORY), {"id": account_id})).all()
    parts: dict[int, list[PartRow]] = {}
    heads: dict[int, Any] = {}
    for row in rows:
        heads.setdefault(row.id, row)
        part = PartRow(row.part_id, row.number, row.payer_name, row.share_num, row.share_den, row.is_new)
        parts.setdefault(row.id, []).append(part)
    return [
        DivisionRow(
            id=key,
            account_id=row.account_id,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            by_people=row.by_people,
            ground=row.ground,
            entered_by=row.entered_by,
            parts=tuple(parts[key]),
        )
        for key, row in heads.items()
    ]


# ---- dividing --------------------------------------------------------------------------------------------


async def divide(
    session: Session, account_id: int, first: dt.date, parts: Sequence[NewPart], by_people: int, deed: Deed
) -> int:
    """Divide the premises of the account from the first of a month; the id of the division.

    The account itself is the part without account_id and payer, or named by its id; it holds the premises.
    by_people: bits of services. Raises PeopleRefused with words for the desk.
    """
    deed.check()
    held = await _hold(session, account_id)
    check_shares(parts)
    _check_month(first, held)
    before = await of_account(session, account_id)
    _check_order(before, first)
    current = next((one for one in before if one.valid_to is None or one.valid_to > first), None)
    if current is not None and current.account_id != account_id:
        raise PeopleRefused("holder", "Раздел меняют в карточке счёта, на котором числится помещение.")
    await _check_strangers(session, held, first, parts)
    if current is not None:
        await _replace(session, current, current.valid_from, first if current.valid_from < first else None)
    division_id = await _insert(session, held, first, None, by_people, deed)
    opened = {part.account_id for part in current.parts if part.is_new} if current is not None else set()
    for part in parts:
        member, is_new = part.account_id, part.account_id in opened
        if member is None:
            member, is_new = await _open(session, held, first, part.payer), True
        await _add_part(session, division_id, held.company_id, (member, part.num, part.den, is_new))
    shares = ", ".join(f"{part.num}/{part.den}" for part in parts)
    await _note(session, held, f"division-{division_id}", first, f"Раздел счёта по долям {shares}", deed)
    await _tell(session, "account_divided", held, deed, {"division": division_id, "from": first})
    return division_id


def check_shares(parts: Sequence[NewPart]) -> None:
    """Refuses shares that are not a whole."""
    if not 2 <= len(parts) <= PARTS_MAX:
        raise PeopleRefused("parts", f"Счёт делят на две части или больше, но не больше {PARTS_MAX}.")
    for part in parts:
        if not 1 <= part.num <= part.den <= SHARE_MAX:
            raise PeopleRefused("share", "Доля — два целых числа, первое не больше второго: 1/2, 3/8.")
    whole = math.lcm(*(part.den for part in parts))
    given = sum(part.num * (whole // part.den) for part in parts)
    if given != whole:
        common = math.gcd(given, whole)
        told = f"{given // common}/{whole // common}"
        more = "больше" if given > whole else "меньше"
        raise PeopleRefused(
            "sum", f"Доли вместе дают {told}, это {more} целого. Проверьте их по документам: нужна единица."
        )
    members = [part.account_id for part in parts if part.account_id is not None]
    if len(set(members)) < len(members):
        raise PeopleRefused("parts", "Один счёт назван дважды. У каждого сособственника свой счёт.")


@dataclass(frozen=True, slots=True)
class _Held:
    """The account of the deed, locked."""

    id: int
    number: str
    house_id: int
    flat_id: int
    company_id: int
    kind: str
    opened_on: dt.date
    closed_on: dt.date | None


async def _hold(session: Session, account_id: int) -> _Held:
    columns = ", ".join(f"a.{name}" for name in _Held.__slots__)
    found = await session.execute(
        text(f"SELECT {columns} FROM accounts a WHERE a.id = :id FOR UPDATE"),  # noqa: S608 - our own names
        {"id": account_id},
    )
    row = found.one_or_none()
    if row is None:
        raise PeopleRefused("unknown_account", "Такого счёта нет. Найдите квартиру снова.")
    if row.kind == "room":
        raise PeopleRefused("room", "У комнаты коммунальной квартиры свой счёт: её по долям не делят.")
    return _Held(**row._mapping)


def _check_month(first: dt.date, held: _Held) -> None:
    if first.day != 1:
        raise PeopleRefused("first", "Раздел начинается и кончается с первого числа месяца: 01.11.2026.")
    if first < held.opened_on:
        raise PeopleRefused("first", f"Счёт открыт {held.opened_on:%d.%m.%Y}. Укажите месяц не раньше.")
    if held.closed_on is not None:
        raise PeopleRefused("closed", f"Счёт закрыт {held.closed_on:%d.%m.%Y}. Изменения не принимаются.")


def _check_order(before: Sequence[DivisionRow], first: dt.date) -> None:
    later = next((one for one in before if one.valid_from > first), None)
    if later is not None:
        raise PeopleRefused(
            "order", f"Есть раздел с {later.valid_from:%d.%m.%Y}. Сначала отмените его, потом внесите этот."
        )


async def _check_strangers(session: Session, held: _Held, first: dt.date, parts: Sequence[NewPart]) -> None:
    """Every account of the premises open then is a part, and every part is an account of the premises."""
    rows = await session.execute(
        text(
            "SELECT id, number FROM accounts WHERE flat_id = :flat AND opened_on <= :first "
            "AND (closed_on IS NULL OR closed_on >= :first)"
        ),
        {"flat": held.flat_id, "first": first},
    )
    there = {row.id: row.number for row in rows}
    named = {part.account_id for part in parts if part.account_id is not None}
    if held.id not in named:
        raise PeopleRefused("parts", "Доля этого счёта не указана: он тоже часть помещения.")
    if not named <= set(there):
        raise PeopleRefused("parts", "Счёт из другого помещения или закрыт. Выберите счета этой квартиры.")
    left = [number for key, number in there.items() if key not in named]
    if left:
        raise PeopleRefused("parts", f"На это помещение открыт ещё счёт {left[0]}. Укажите и его долю.")
    if any(part.account_id is None and not part.payer.strip() for part in parts):
        raise PeopleRefused("payer", "Напишите, на кого открыть новый счёт.")


async def _insert(
    session: Session, held: _Held, first: dt.date, after: dt.date | None, by_people: int, deed: Deed
) -> int:
    new_id = await session.scalar(
        text(
            "INSERT INTO divisions (flat_id, house_id, company_id, account_id, by_people, ground, "
            "created_by, valid_from, valid_to) VALUES (:flat, :house, :company, :account, :by_people, "
            ":ground, :user_id, :first, :after) RETURNING id"
        ),
        {
            "flat": held.flat_id,
            "house": held.house_id,
            "company": held.company_id,
            "account": held.id,
            "by_people": by_people,
            "ground": deed.ground,
            "user_id": deed.user_id,
            "first": first,
            "after": after,
        },
    )
    return int(new_id or 0)


async def _add_part(
    session: Session, division_id: int, company_id: int, part: tuple[int, int, int, bool]
) -> None:
    names = ("account_id", "num", "den", "is_new")
    await session.execute(
        text(
            "INSERT INTO division_parts (division_id, account_id, company_id, share_num, share_den, is_new) "
            "VALUES (:division, :account_id, :company, :num, :den, :is_new)"
        ),
        {"division": division_id, "company": company_id, **dict(zip(names, part, strict=True))},
    )


async def _open(session: Session, held: _Held, first: dt.date, payer: str) -> int:
    """An account of the premises for a co-owner: the number of the holder with a figure more."""
    taken = set(
        (
            await session.execute(
                text("SELECT number FROM accounts WHERE number LIKE :like"), {"like": f"{held.number}%"}
            )
        ).scalars()
    )
    number = next(f"{held.number}{at}" for at in range(2, 1_000) if f"{held.number}{at}" not in taken)
    new_id = await session.scalar(
        text(
            "INSERT INTO accounts (number, house_id, flat_id, company_id, kind, payer_name, search_name, "
            "opened_on) VALUES (:number, :house, :flat, :company, :kind, :payer, :search, :first) "
            "RETURNING id"
        ),
        {
            "number": number,
            "house": held.house_id,
            "flat": held.flat_id,
            "company": held.company_id,
            "kind": held.kind,
            "payer": payer.strip()[:NAME_MAX],
            "search": search_form(payer)[:NAME_MAX],
            "first": first,
        },
    )
    return int(new_id or 0)


# ---- ending and undoing ----------------------------------------------------------------------------------


async def end(session: Session, account_id: int, first: dt.date, deed: Deed) -> None:
    """From the first of a month one document again, at the account that holds the premises.

    Accounts opened for the division are closed the day before; what they owe stays at them.
    """
    deed.check()
    held = await _hold(session, account_id)
    _check_month(first, held)
    current = await _current(session, account_id)
    if first <= current.valid_from:
        raise PeopleRefused(
            "last", f"Раздел начался {current.valid_from:%d.%m.%Y}. Отмените его или укажите месяц позже."
        )
    await _replace(session, current, current.valid_from, first)
    await _close(session, _new_of(current), first - ONE_DAY)
    await _note(session, held, f"division-{current.id}-end", first, "Раздел счёта прекращён", deed)
    await _tell(session, "division_ended", held, deed, {"division": current.id, "from": first})


async def undo(session: Session, account_id: int, deed: Deed) -> None:
    """Take the last deed back: an end, or the newest division with the accounts it opened.

    Refused once money stands on an account it opened: then the division is ended from a date.
    """
    held = await _hold(session, account_id)
    rows = await of_account(session, account_id)
    if not rows:
        raise PeopleRefused("nothing", "Этот счёт не разделён.")
    newest = rows[0]
    if newest.account_id != account_id:
        raise PeopleRefused("holder", "Раздел отменяют в карточке счёта, на котором числится помещение.")
    if newest.valid_to is not None:
        await _replace(session, newest, newest.valid_from, None, keep=True)
        await _reopen(session, _new_of(newest))
        first, words = newest.valid_to, "Отменено прекращение раздела счёта"
    else:
        older = next((one for one in rows[1:] if one.valid_to == newest.valid_from), None)
        kept = {part.account_id for part in older.parts} if older is not None else set()
        opened = [one for one in _new_of(newest) if one not in kept]
        await _refuse_used(session, newest, opened)
        await _supersede(session, newest.id)
        await _close(session, opened, newest.valid_from - ONE_DAY)
        if older is not None:
            await _replace(session, older, older.valid_from, None, keep=True)
        first, words = newest.valid_from, "Раздел счёта отменён"
    await _note(session, held, f"division-{newest.id}-undo-{len(rows)}", first, words, deed)
    await _tell(session, "division_undone", held, deed, {"division": newest.id})


async def _current(session: Session, account_id: int) -> DivisionRow:
    rows = await of_account(session, account_id)
    if not rows or rows[0].valid_to is not None:
        raise PeopleRefused("nothing", "Этот счёт сейчас не разделён.")
    if rows[0].account_id != account_id:
        raise PeopleRefused("holder", "Раздел прекращают в карточке счёта, на котором числится помещение.")
    return rows[0]


async def _supersede(session: Session, division_id: int) -> None:
    await session.execute(
        text("UPDATE divisions SET superseded_at = clock_timestamp() WHERE id = :id"), {"id": division_id}
    )


async def _replace(
    session: Session, row: DivisionRow, first: dt.date, after: dt.date | None, keep: bool = False
) -> None:
    """The division as known from now on: until `after`; without it and `keep`, it never came to be."""
    await _supersede(session, row.id)
    if after is None and not keep:
        return
    new_id = await session.scalar(
        text(
            "INSERT INTO divisions (flat_id, house_id, company_id, account_id, by_people, ground, "
            "created_by, valid_from, valid_to) SELECT flat_id, house_id, company_id, account_id, by_people, "
            "ground, created_by, CAST(:first AS date), CAST(:after AS date) FROM divisions WHERE id = :id "
            "RETURNING id"
        ),
        {"id": row.id, "first": first, "after": after},
    )
    company = await session.scalar(
        text("SELECT company_id FROM divisions WHERE id = :id"), {"id": int(new_id or 0)}
    )
    for part in row.parts:
        await _add_part(
            session, int(new_id or 0), int(company or 0), (part.account_id, part.num, part.den, part.is_new)
        )


def _new_of(row: DivisionRow) -> list[int]:
    """Accounts opened for the division or for one before it."""
    return [part.account_id for part in row.parts if part.is_new]


async def _close(session: Session, ids: list[int], last: dt.date) -> None:
    """The last day of accounts; the day before the first = they never were."""
    await session.execute(
        text("UPDATE accounts SET closed_on = :last WHERE id = ANY(:ids)"), {"last": last, "ids": ids}
    )


async def _reopen(session: Session, ids: list[int]) -> None:
    await session.execute(text("UPDATE accounts SET closed_on = NULL WHERE id = ANY(:ids)"), {"ids": ids})


async def _refuse_used(session: Session, row: DivisionRow, ids: list[int]) -> None:
    used = await session.scalar(
        text("SELECT min(account_id) FROM postings WHERE account_id = ANY(:ids)"), {"ids": ids}
    )
    if used is not None:
        number = next(part.number for part in row.parts if part.account_id == used)
        raise PeopleRefused(
            "used", f"На счёте {number} уже есть начисления или оплаты. Прекратите раздел с нового месяца."
        )


async def _note(session: Session, held: _Held, key: str, first: dt.date, words: str, deed: Deed) -> None:
    """For the queue of late facts; of the house, because several accounts change."""
    words = f"{words}: счёт {held.number}, с месяца «{Period.of(first).title}»"
    fact = LateFact(key, "owner", first, None, words, deed.ground, house_id=held.house_id)
    await late_facts.note(session, [fact])


async def _tell(session: Session, action: str, held: _Held, deed: Deed, after: dict[str, Any]) -> None:
    await audit.record(
        session,
        action,
        "account",
        held.id,
        user_id=deed.user_id,
        company_id=held.company_id,
        ip=deed.ip,
        after=after,
        ground=deed.ground,
    )
