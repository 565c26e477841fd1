"""Loads meters of flats and houses, with faults and refusals of access."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import insert, update

from billing.quantity import MICRO
from billing.services import CATALOGUE, Service
from storage.importer import sheets
from storage.importer.book import Book, Row, refuse_twins
from storage.importer.known import Load, differs, find_account, find_house, know_meters
from storage.meter_events import NewEvent, record, verify
from storage.tables.meters import Meter

GROUND = "Загрузка из таблицы"
METERED = frozenset(
    (
        Service.COLD_WATER,
        Service.HOT_WATER,
        Service.SEWERAGE,
        Service.HEATING,
        Service.ELECTRICITY,
        Service.GAS,
    )
)
DIGITS_USUAL = {Service.ELECTRICITY: 6}
ZONES_DEFAULT, DIGITS_DEFAULT = 1, 5


async def load_meters(load: Load, book: Book) -> None:
    """New meters; of known ones the end of verification, model, place and state."""
    rows = book.good(sheets.METERS)
    refuse_twins(rows, ("service", "serial"), "Этот счётчик")
    named = {
        row["serial"]
        for sheet in (sheets.METERS, sheets.READINGS)
        for row in book.rows(sheet)
        if row["serial"] is not None
    }
    await know_meters(load, named)
    counts = book.counts(sheets.METERS)
    for row in book.good(sheets.METERS):
        where = _where(load, row)
        if where is None or not _judge(load, row):
            continue
        known = load.meters.get((row["serial"], row["service"]))
        if known is None:
            meter_id = await load.session.scalar(
                insert(Meter).values(**_meter(row, where)).returning(Meter.id)
            )
            assert meter_id is not None
            await _event(load, row, meter_id)
            counts.added += 1
            continue
        if (known.account_id, known.house_id) != (where["account_id"], where["house_id"]):
            row.refuse("serial", "Счётчик с этим номером и услугой стоит в другом месте. Проверьте номер.")
            continue
        await _refresh(load, row, known, counts)
    load.broken |= {
        ("meter", row["serial"], row["service"]) for row in book.rows(sheets.METERS) if row.is_bad
    }
    await know_meters(load, named)


def _where(load: Load, row: Row) -> dict[str, Any] | None:
    """Ids of the place: of an account, or of a house alone when the meter is the house's."""
    if row["account"] is not None:
        if row["kind"] == "house":
            row.refuse(
                "kind", "У общедомового счётчика нет лицевого счёта. Впишите улицу и дом, счёт очистите."
            )
            return None
        account = find_account(load, row)
        if account is None:
            return None
        return {"account_id": account.id, "house_id": account.house_id, "company_id": account.company_id}
    if row["street"] is None or row["house"] is None:
        row.refuse("account", "Не понять, где счётчик. Впишите лицевой счёт, а общедомовому — улицу и дом.")
        return None
    if row["kind"] not in (None, "house"):
        row.refuse("kind", "Счётчику квартиры нужен лицевой счёт. Впишите его.")
        return None
    house = find_house(load, row)
    if house is None:
        return None
    return {"account_id": None, "house_id": house.id, "company_id": house.company_id}


def _judge(load: Load, row: Row) -> bool:
    service, zones = row["service"], row["zones"] or ZONES_DEFAULT
    if service not in METERED:
        row.refuse(
            "service", f"По услуге «{CATALOGUE[service].short_label}» счётчиков не бывает. Проверьте услугу."
        )
    if zones > 1 and service != Service.ELECTRICITY:
        row.refuse("zones", "Тарифные зоны бывают только у электросчётчика. Впишите 1.")
    if row["installed"] > load.today:
        row.refuse("installed", "День установки ещё не наступил. Проверьте дату.")
    if row["verified"] is not None and row["verified"] < row["installed"] - dt.timedelta(days=366 * 20):
        row.refuse("verified", "Поверка закончилась задолго до установки. Проверьте обе даты.")
    if (row["state"] or "good") != "good" and row["state_first"] is None:
        row.refuse("state_first", "Впишите дату акта, с которой счётчик в этом состоянии.")
    turn = 10 ** (row["digits"] or _digits(service)) * MICRO
    for zone in (1, 2, 3):
        value = row[f"initial{zone}"]
        if value is None:
            continue
        if zone > zones:
            row.refuse(f"initial{zone}", f"У счётчика зон: {zones}. Очистите лишнее начальное показание.")
        elif value >= turn:
            row.refuse(f"initial{zone}", "Показание длиннее счётчика. Проверьте «Цифр до запятой».")
    return not row.is_bad


def _digits(service: int) -> int:
    return DIGITS_USUAL.get(Service(service), DIGITS_DEFAULT)


def _meter(row: Row, where: dict[str, Any]) -> dict[str, Any]:
    return where | {
        "kind": "house" if where["account_id"] is None else row["kind"] or "individual",
        "service": row["service"],
        "serial": row["serial"],
        "model": row["model"],
        "place": row["place"],
        "zones": row["zones"] or ZONES_DEFAULT,
        "digits": row["digits"] or _digits(row["service"]),
        "initial1_micro": row["initial1"] or 0,
        "initial2_micro": row["initial2"] or 0,
        "initial3_micro": row["initial3"] or 0,
        "installed_on": row["installed"],
        "verified_until": row["verified"],
    }


async def _event(load: Load, row: Row, meter_id: int) -> bool:
    """Write the state of the meter unless it is known; whether anything was written."""
    if (row["state"] or "good") == "good":
        return False
    return await record(load.session, NewEvent(meter_id, row["state"], row["state_first"], None, GROUND))


async def _refresh(load: Load, row: Row, known: Any, counts: Any) -> None:
    fixed = {"zones": row["zones"], "digits": row["digits"], "installed_on": row["installed"]}
    fixed |= {f"initial{zone}_micro": row[f"initial{zone}"] for zone in (1, 2, 3)}
    other = differs(known, fixed)
    if other:
        key = {"installed_on": "installed"}.get(next(iter(other)), next(iter(other)).removesuffix("_micro"))
        row.refuse(
            key, "Счётчик уже есть с другим значением. Если он заменён, впишите новый заводской номер."
        )
        return
    described = differs(known, {"model": row["model"], "place": row["place"]})
    if described:
        await load.session.execute(update(Meter).where(Meter.id == known.id).values(**described))
    verified = row["verified"] is not None and await verify(load.session, known.id, row["verified"])
    wrote = await _event(load, row, known.id)
    is_changed = bool(described) or verified or wrote
    counts.changed += is_changed
    counts.unchanged += not is_changed
