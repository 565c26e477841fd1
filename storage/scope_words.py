"""What a run is about, as a person names it: the number of an account, a house or an organisation by id or
name.

What is not found is answered with the nearest there is, so that the next try is the right one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from storage.engine import Database
from storage.natural import search_form
from storage.run_totals import escaped
from storage.runs import RunRefused
from storage.search import ADDRESS, ADDRESS_JOINS

NEAREST = 3  # accounts before and after the number that is not there
LISTED = 8
ID_MAX = 2**31 - 1

ACCOUNT = "SELECT id FROM accounts WHERE number = :number OR els = :number ORDER BY number <> :number LIMIT 1"
NEAR_ACCOUNTS = f"""
(SELECT a.number, {ADDRESS} AS place FROM accounts a {ADDRESS_JOINS}
  WHERE a.number < :number ORDER BY a.number DESC LIMIT {NEAREST})
UNION ALL
(SELECT a.number, {ADDRESS} FROM accounts a {ADDRESS_JOINS}
  WHERE a.number > :number ORDER BY a.number LIMIT {NEAREST})
ORDER BY 1"""  # noqa: S608 - words of ours
HOUSE_NAME = "s.kind || ' ' || s.name || ', д. ' || h.number"
HOUSES_BY_ID = f"""
SELECT h.id, {HOUSE_NAME} AS name FROM houses h JOIN streets s ON s.id = h.street_id
 ORDER BY abs(h.id - CAST(:id AS bigint)), h.id LIMIT {LISTED}"""  # noqa: S608
HOUSES_BY_WORDS = f"""
SELECT h.id, {HOUSE_NAME} AS name FROM houses h JOIN streets s ON s.id = h.street_id
 WHERE s.search_name LIKE CAST(:street AS text) || '%'
   AND (CAST(:number AS text) = '' OR lower(h.number) = :number)
 ORDER BY s.search_name, h.sort_key LIMIT {LISTED}"""  # noqa: S608
COMPANIES = f"""
SELECT id, short_name AS name FROM organisations WHERE kind = 'company' ORDER BY short_name LIMIT {
    LISTED * 5
}"""  # noqa: S608


async def scope_id(database_url: str, kind: str, words: str) -> int:
    """The id of the account, house or organisation that `words` name. Raises RunRefused with what there
    is.
    """
    database = Database(database_url, pool_max=1)
    try:
        async with database.reading() as session:
            return await _FINDERS[kind](session, words.strip())
    finally:
        await database.close()


async def _account(session: AsyncSession, words: str) -> int:
    number = words.replace(" ", "")
    found: int | None = await session.scalar(text(ACCOUNT), {"number": number})
    if found is not None:
        return found
    near = (await session.execute(text(NEAR_ACCOUNTS), {"number": number})).all()
    told = "; ".join(f"{row.number} ({row.place})" for row in near)
    raise RunRefused(
        "scope-not-found",
        f"Счёта {number} нет. Номер стоит на квитанции и в поиске по адресу."
        + (f" Ближайшие: {told}." if told else " В базе ещё нет счетов: paylogic import."),
        404,
    )


async def _house(session: AsyncSession, words: str) -> int:
    """By id, or by street and number: «Ленина 12»."""
    if words.isdecimal():
        number = min(int(words), ID_MAX)
        rows = (await session.execute(text(HOUSES_BY_ID), {"id": number})).all()
        if rows and rows[0].id == number:
            return number
        raise _not_found(f"Дома {words} нет", "house", rows)
    street, _, house = words.replace(",", " ").rpartition(" ")
    if not any(sign.isdigit() for sign in house):
        street, house = f"{street} {house}", ""
    values = {"street": escaped(search_form(street.strip())), "number": house.lower()}
    rows = (await session.execute(text(HOUSES_BY_WORDS), values)).all()
    if len(rows) == 1:
        return int(rows[0].id)
    if not rows:  # the street may be right and the number wrong; else the first houses show how to write
        values["number"] = ""
        near = (await session.execute(text(HOUSES_BY_WORDS), values)).all()
        near = near or (await session.execute(text(HOUSES_BY_ID), {"id": 0})).all()
        raise _not_found(f"Дом «{words}» не найден", "house", near)
    raise _not_found(f"Дом «{words}» не один", "house", rows)


async def _organisation(session: AsyncSession, words: str) -> int:
    """By id, or by a part of the short name that only one company has."""
    rows = (await session.execute(text(COMPANIES))).all()
    fits = [
        row
        for row in rows
        if str(row.id) == words or (not words.isdecimal() and words.lower() in row.name.lower())
    ]
    if len(fits) == 1:
        return int(fits[0].id)
    raise _not_found(
        f"Организация «{words}» {'не одна' if fits else 'не найдена'}", "organisation", fits or rows
    )


def _not_found(what: str, kind: str, rows: Sequence[Any]) -> RunRefused:
    listed = "; ".join(f"{kind}:{row.id} — {row.name}" for row in rows[:LISTED])
    known = f"Есть: {listed}." if listed else "В базе ещё пусто: paylogic import."
    return RunRefused("scope-not-found", f"{what}. {known}", 404)


_FINDERS = {"account": _account, "house": _house, "organisation": _organisation}
