"""What the database already knows of the things a workbook names, by their natural keys; one query a kind."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row as SqlRow
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from storage.importer.book import Row
from storage.natural import natural_key, search_form

Place = tuple[str, str]  # street as people compare it, sort key of the house

STREET_KINDS = (
    "ул.", "пер.", "пр-кт", "пр-д", "б-р", "ш.", "наб.", "пл.", "мкр.", "кв-л", "туп.", "аллея",
)  # fmt: skip
_LONG_KINDS = {
    "улица": "ул.", "переулок": "пер.", "проспект": "пр-кт", "просп.": "пр-кт", "пр.": "пр-кт",
    "проезд": "пр-д", "бульвар": "б-р", "шоссе": "ш.", "набережная": "наб.", "площадь": "пл.",
    "микрорайон": "мкр.", "мкр": "мкр.", "квартал": "кв-л", "тупик": "туп.", "ул": "ул.", "пер": "пер.",
    "пл": "пл.", "наб": "наб.", "ш": "ш.",
}  # fmt: skip


@dataclass(slots=True)
class Load:
    """One import: its session, whose it is, the day and the open month, and ids of what rows may refer to."""

    session: AsyncSession
    organisation_id: int
    user_id: int | None
    today: dt.date
    open_month: dt.date
    houses: dict[Place, SqlRow[Any]] = field(default_factory=dict)
    flats: dict[tuple[int, str], SqlRow[Any]] = field(default_factory=dict)
    accounts: dict[str, SqlRow[Any]] = field(default_factory=dict)
    meters: dict[tuple[str, int], SqlRow[Any]] = field(default_factory=dict)
    broken: set[tuple[Any, ...]] = field(default_factory=set)  # keys whose own row is bad: say it once
    ip: str | None = None  # of the page it is loaded from

    async def fetch(self, sql: str, **values: Any) -> list[SqlRow[Any]]:
        return list((await self.session.execute(text(sql), values)).all())


def street_of(typed: str) -> tuple[str, str]:
    """«ул. Лесная», «Лесная», «проспект Мира» → kind and name."""
    first, _, rest = typed.partition(" ")
    kind = _LONG_KINDS.get(first.lower(), first.lower())
    if rest and kind in STREET_KINDS:
        return kind, rest.strip()
    head, _, last = typed.rpartition(" ")
    kind = _LONG_KINDS.get(last.lower(), last.lower())
    if head and kind in STREET_KINDS:
        return kind, head.strip()
    return "ул.", typed.strip()


def place(row: Row) -> Place:
    """The house a row names."""
    kind, name = street_of(row["street"])
    return search_form(f"{kind} {name}"), natural_key(row["house"])


def flat_key(house_id: int, number: str) -> tuple[int, str]:
    return house_id, natural_key(number)


async def know_houses(load: Load, rows: Iterable[Row]) -> None:
    """Houses of the streets named in the rows."""
    names = sorted({street_of(row["street"])[1] for row in rows if row["street"] and row["house"]})
    found = await load.fetch(
        "SELECT h.*, s.kind AS street_kind, s.name AS street_name FROM houses h "
        "JOIN streets s ON s.id = h.street_id WHERE lower(replace(s.name, 'ё', 'е')) = ANY(:names)",
        names=[search_form(name) for name in names],
    )
    for row in found:
        key = search_form(f"{row.street_kind} {row.street_name}"), natural_key(row.number)
        load.houses[key] = row


async def know_flats(load: Load, house_ids: Iterable[int]) -> None:
    found = await load.fetch("SELECT * FROM flats WHERE house_id = ANY(:ids)", ids=sorted(set(house_ids)))
    load.flats.update({flat_key(row.house_id, row.number): row for row in found})


async def know_accounts(load: Load, numbers: Iterable[str]) -> None:
    found = await load.fetch(
        "SELECT * FROM accounts WHERE number = ANY(:numbers)", numbers=sorted(set(numbers))
    )
    load.accounts.update({row.number: row for row in found})


async def know_meters(load: Load, serials: Iterable[str]) -> None:
    found = await load.fetch(
        "SELECT * FROM meters WHERE serial = ANY(:serials)", serials=sorted(set(serials))
    )
    load.meters.update({(row.serial, row.service): row for row in found})


def find_house(load: Load, row: Row) -> SqlRow[Any] | None:
    """The house of a row, refused when it is nowhere or another company's."""
    key = place(row)
    house = load.houses.get(key)
    if house is None:
        if ("house", *key) not in load.broken:
            row.refuse("house", "Такого дома нет ни в файле, ни в базе. Добавьте его на лист «Дома».")
        row.is_bad = True
        return None
    if house.company_id != load.organisation_id:
        row.refuse("house", "Этот дом у другой организации. Проверьте адрес или организацию загрузки.")
        return None
    return house


def find_account(load: Load, row: Row, key: str = "account") -> SqlRow[Any] | None:
    """The account of a row, refused when it is nowhere or another company's."""
    number = row[key]
    account = load.accounts.get(number)
    if account is None:
        if ("account", number) not in load.broken:
            row.refuse(key, "Такого счёта нет ни в файле, ни в базе. Добавьте его на лист «Счета».")
        row.is_bad = True
        return None
    if account.company_id != load.organisation_id:
        row.refuse(key, "Этот счёт у другой организации. Проверьте номер.")
        return None
    return account


def differs(known: Any, wanted: dict[str, Any]) -> dict[str, Any]:
    """Columns of a known row that the file gives another value for; empty cells change nothing."""
    return {
        name: value
        for name, value in wanted.items()
        if value is not None and _plain(getattr(known, name)) != value
    }


def _plain(value: Any) -> Any:
    """A value as a file has it: an id of the address register is text there."""
    return str(value) if isinstance(value, uuid.UUID) else value
