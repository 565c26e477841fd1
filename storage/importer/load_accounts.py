"""Loads accounts: new ones, and of known ones what the file says otherwise."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import insert, update

from billing.gis import els_fault, service_id_fault
from storage.importer import sheets
from storage.importer.book import Book, Row, refuse_twins
from storage.importer.known import Load, differs, find_house, flat_key, know_accounts
from storage.natural import natural_key, search_form
from storage.tables.accounts import Account
from storage.tables.addresses import Room
from storage.tables.services import AccountService

DIRECT = "Прямой договор с поставщиком"
ACCOUNT_KINDS = {"flat": "flat", "communal": "room", "nonresidential": "nonresidential"}
_NUMBER = re.compile(r"^[0-9A-Za-zА-Яа-яЁё/-]{1,30}$")
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")


async def load_accounts(load: Load, book: Book) -> None:
    """Accounts of the file, each in a flat of the file or of the base."""
    rows = book.good(sheets.ACCOUNTS)
    for row in rows:
        _judge(row)
    refuse_twins(book.good(sheets.ACCOUNTS), ("account",), "Этот счёт")
    named = {
        row["account"] for sheet in sheets.SHEETS for row in book.rows(sheet) if row.values.get("account")
    }
    await know_accounts(load, named)
    load.broken |= {("account", row["account"]) for row in book.rows(sheets.ACCOUNTS) if row.is_bad}
    rooms = await _known_rooms(load)
    holders = await _known_els(load, book)
    new: list[dict[str, Any]] = []
    for row in book.good(sheets.ACCOUNTS):
        await _load_one(load, book, row, rooms, holders, new)
    if new:
        await load.session.execute(insert(Account), new)
    load.broken |= {("account", row["account"]) for row in book.rows(sheets.ACCOUNTS) if row.is_bad}
    await know_accounts(load, named)
    await _switch_off(load, book)


async def _switch_off(load: Load, book: Book) -> None:
    """Services an account does not get through us, from its opening on."""
    rows = [row for row in book.good(sheets.ACCOUNTS) if row["off"]]
    ids = [load.accounts[row["account"]].id for row in rows]
    found = await load.fetch(
        "SELECT account_id, service FROM account_services WHERE account_id = ANY(:ids) AND NOT is_on "
        "AND superseded_at IS NULL AND valid_to IS NULL",
        ids=ids,
    )
    known = {(one.account_id, one.service) for one in found}
    new = []
    for row in rows:
        account = load.accounts[row["account"]]
        new += [
            {
                "account_id": account.id,
                "house_id": account.house_id,
                "company_id": account.company_id,
                "service": code,
                "is_on": False,
                "ground": DIRECT,
                "valid_from": account.opened_on,
            }
            for code in row["off"]
            if (account.id, code) not in known
        ]
    if new:
        await load.session.execute(insert(AccountService), new)


def _judge(row: Row) -> None:
    if not _NUMBER.match(row["account"]):
        row.refuse("account", "В номере счёта только цифры, буквы, «-» и «/». Уберите остальное.")
    if row["els"] is not None and (fault := els_fault(row["els"])):
        row.refuse("els", fault)
    if row["gis_id"] is not None and (fault := service_id_fault(row["gis_id"], row["els"])):
        row.refuse("gis_id", fault)
    if row["email"] is not None and not _EMAIL.match(row["email"]):
        row.refuse("email", "Это не адрес почты. Впишите как anna@pochta.ru или оставьте пустым.")
    if row["closed"] is not None and row["closed"] <= row["opened"]:
        row.refuse("closed", "Счёт закрыт раньше, чем открыт. Проверьте обе даты.")
    if row["area"] is not None and row["living"] is not None and row["living"] > row["area"]:
        row.refuse("living", "Жилая площадь больше общей. Проверьте обе.")


async def _known_rooms(load: Load) -> dict[tuple[int, str], int]:
    ids = sorted({flat.id for flat in load.flats.values() if flat.kind == "communal"})
    found = await load.fetch("SELECT id, flat_id, number FROM rooms WHERE flat_id = ANY(:ids)", ids=ids)
    return {(room.flat_id, natural_key(room.number)): room.id for room in found}


async def _known_els(load: Load, book: Book) -> dict[str, str]:
    """Numbers of the accounts that have the ЕЛС of the file."""
    wanted = sorted({row["els"] for row in book.good(sheets.ACCOUNTS) if row["els"]})
    found = await load.fetch("SELECT els, number FROM accounts WHERE els = ANY(:els)", els=wanted)
    return {one.els: one.number for one in found}


async def _load_one(
    load: Load,
    book: Book,
    row: Row,
    rooms: dict[tuple[int, str], int],
    holders: dict[str, str],
    new: list[dict[str, Any]],
) -> None:
    house = find_house(load, row)
    if house is None:
        return
    key = flat_key(house.id, row["flat"])
    flat = load.flats.get(key)
    if flat is None:
        if ("flat", *key) not in load.broken:
            row.refuse("flat", "Такой квартиры в доме нет. Добавьте её на лист «Квартиры».")
        row.is_bad = True
        return
    room_id = await _room(load, row, flat, rooms)
    if row.is_bad:
        return
    row.extra = {"flat": flat}
    wanted = _account(row, flat, house, room_id)
    known = load.accounts.get(row["account"])
    counts = book.counts(sheets.ACCOUNTS)
    if row["els"] is not None and holders.setdefault(row["els"], row["account"]) != row["account"]:
        row.refuse("els", f"Этот ЕЛС уже у счёта {holders[row['els']]}. Проверьте, чей он.")
        return
    if known is None:
        by = "electronic" if row["email"] else "paper"
        new.append({"number": row["account"], "receipt_by": by, **wanted})
        counts.added += 1
        return
    if known.company_id != load.organisation_id:
        row.refuse("account", "Такой номер счёта уже есть у другой организации. Дайте счёту другой номер.")
        return
    if known.flat_id != flat.id or known.room_id != room_id:
        row.refuse("account", "Счёт с этим номером стоит в другой квартире. Проверьте номер и адрес.")
        return
    if not _agrees_with_known(row, known):
        return
    changed = differs(known, wanted)
    counts.changed += bool(changed)
    counts.unchanged += not changed
    if changed:
        await load.session.execute(update(Account).where(Account.id == known.id).values(**changed))


def _agrees_with_known(row: Row, known: Any) -> bool:
    """Whether ЕЛС and ИД ЖКУ stay a pair when the file gives one of them and the base has the other."""
    els, gis_id = row["els"] or known.els, row["gis_id"] or known.gis_id
    if gis_id is not None and els is not None and not gis_id.startswith(f"{els}-"):
        if row["gis_id"] is None:
            words = f"У счёта ИД ЖКУ {gis_id}, он от другого ЕЛС. Впишите и новый ИД ЖКУ."
        else:
            words = service_id_fault(gis_id, els)
        row.refuse("gis_id", words)
    return not row.is_bad


async def _room(load: Load, row: Row, flat: Any, rooms: dict[tuple[int, str], int]) -> int | None:
    if flat.kind != "communal":
        if row["room"] is not None:
            row.refuse("room", "Квартира не коммунальная. Очистите комнату или исправьте вид квартиры.")
        return None
    if row["room"] is None:
        row.refuse("room", "Квартира коммунальная: впишите, какая это комната.")
    if row["area"] is None or row["living"] is None:
        row.refuse("area", "Для комнаты впишите площадь с долей общих помещений и жилую площадь.")
    if row.is_bad:
        return None
    key = flat.id, natural_key(row["room"])
    if key not in rooms:
        values = {
            "flat_id": flat.id,
            "company_id": flat.company_id,
            "number": row["room"],
            "living_area_dm2": row["living"],
        }
        made = await load.session.scalar(insert(Room).values(**values).returning(Room.id))
        assert made is not None
        rooms[key] = made
    return rooms[key]


def _account(row: Row, flat: Any, house: Any, room_id: int | None) -> dict[str, Any]:
    return {
        "house_id": house.id,
        "flat_id": flat.id,
        "room_id": room_id,
        "company_id": house.company_id,
        "kind": ACCOUNT_KINDS[flat.kind],
        "els": row["els"],
        "gis_id": row["gis_id"],
        "payer_name": row["payer"],
        "search_name": search_form(row["payer"]),
        "phone": row["phone"],
        "email": row["email"],
        "opened_on": row["opened"],
        "closed_on": row["closed"],
    }
