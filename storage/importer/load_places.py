"""Loads houses, their services and flats."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import insert, text, update

from billing.gis import address_id_fault
from billing.quantity import DM2_PER_M2, format_scaled
from billing.services import COMMON, Service
from storage.importer import sheets
from storage.importer.book import Book, Row, refuse_twins
from storage.importer.known import (
    Load,
    differs,
    find_house,
    flat_key,
    know_flats,
    know_houses,
    place,
    street_of,
)
from storage.natural import natural_key, search_form
from storage.tables.addresses import Entrance, Flat, House, HouseManagement, Street
from storage.tables.services import HouseService

OWN_SERVICES = frozenset((Service.UPKEEP, *range(COMMON + 1, COMMON + 20)))  # paid to the company itself
GROUND = "Загрузка из таблицы"


async def load_houses(load: Load, book: Book) -> None:
    """New houses with their streets; of known ones what the file says otherwise."""
    rows = book.good(sheets.HOUSES)
    refuse_twins(rows, ("street", "house"), "Этот дом")
    _judge_houses(rows)
    every = [row for sheet in sheets.SHEETS for row in book.rows(sheet) if "street" in row.values]
    await know_houses(load, every)
    load.broken |= {
        ("house", *place(row)) for row in book.rows(sheets.HOUSES)
        if row.is_bad and row["street"] and row["house"]
    }  # fmt: skip
    counts = book.counts(sheets.HOUSES)
    new: list[Row] = []
    for row in book.good(sheets.HOUSES):
        known = load.houses.get(place(row))
        if known is None:
            new.append(row)
        elif find_house(load, row) is not None:
            changed = differs(known, _house(row))
            counts.changed += bool(changed)
            counts.unchanged += not changed
            if changed:
                await load.session.execute(update(House).where(House.id == known.id).values(**changed))
    if new:
        await _add_houses(load, new)
        counts.added += sum(not row.is_bad for row in new)
    await know_houses(load, every)


def _judge_houses(rows: list[Row]) -> None:
    for row in rows:
        _judge_address(row)
        if row["area_total"] == 0:
            row.refuse("area_total", "Площадь помещений не бывает нулевой: по ней делится объём дома.")
        if row["area_common"] is not None and row["area_common"] > 2 * row["area_total"]:
            row.refuse("area_common", "Общего имущества вдвое больше, чем помещений. Проверьте площади.")


def _judge_address(row: Row) -> None:
    """Refuses a code that is none of the address register; letters become small, as the register has them."""
    if row["fias"] is not None:
        row.values["fias"] = row["fias"].lower()
        if fault := address_id_fault(row["fias"]):
            row.refuse("fias", fault)


def _house(row: Row) -> dict[str, Any]:
    return {
        "postcode": row["postcode"],
        "kind": row["kind"],
        "year_built": row["year"],
        "floors": row["floors"],
        "entrances_count": row["entrances"],
        "zone_id": row["zone"],
        "area_total_dm2": row["area_total"],
        "area_common_dm2": row["area_common"],
        "heating_mode": row["heating"],
        "capital_repair": row["repair"],
        "fias_id": row["fias"],
    }


async def _add_houses(load: Load, rows: list[Row]) -> None:
    cities = {search_form(city.name): city.id for city in await load.fetch("SELECT id, name FROM cities")}
    records = []
    good = [row for row in rows if _city(row, cities) is not None]
    streets = await _streets(load, good, cities)
    for row in good:
        record = {name: value for name, value in _house(row).items() if value is not None}
        kind, name = street_of(row["street"])
        record |= {
            "street_id": streets[_city(row, cities), kind, name],
            "number": row["house"],
            "sort_key": natural_key(row["house"]),
            "company_id": load.organisation_id,
            "area_common_dm2": row["area_common"] or 0,
            "entrances_count": row["entrances"] or 1,
        }
        records.append(record)
    ids = [await load.session.scalar(insert(House).values(**one).returning(House.id)) for one in records]
    for house_id, row in zip(ids, good, strict=True):
        since = dt.date(row["year"] or 2000, 1, 1)
        values = {
            "house_id": house_id,
            "company_id": load.organisation_id,
            "ground": GROUND,
            "valid_from": since,
        }
        await load.session.execute(insert(HouseManagement).values(**values))
        entrances = [{"house_id": house_id, "number": n} for n in range(1, (row["entrances"] or 1) + 1)]
        await load.session.execute(insert(Entrance), entrances)


def _city(row: Row, cities: dict[str, int]) -> int | None:
    """The city of a row: named, or the only one there is."""
    if row["city"] is not None:
        found = cities.get(search_form(row["city"]))
        if found is None:
            row.refuse(
                "city",
                f"Города «{row['city']}» нет в базе. Проверьте название или попросите РЦ добавить его.",
            )
        return found
    if len(cities) == 1:
        return next(iter(cities.values()))
    row.refuse("city", "В базе несколько городов или ни одного. Впишите название города.")
    return None


async def _streets(
    load: Load, rows: list[Row], cities: dict[str, int]
) -> dict[tuple[int | None, str, str], int]:
    """Ids of streets by city, kind and name as written; new ones are added."""
    known = {
        (one.city_id, one.kind, search_form(one.name)): one.id
        for one in await load.fetch("SELECT id, city_id, kind, name FROM streets")
    }
    out: dict[tuple[int | None, str, str], int] = {}
    for row in rows:
        city, (kind, name) = _city(row, cities), street_of(row["street"])
        key = (city, kind, search_form(name))
        if key not in known:
            values = {
                "city_id": city,
                "kind": kind,
                "name": name,
                "search_name": search_form(f"{name} {kind}"),
            }
            made = await load.session.scalar(insert(Street).values(**values).returning(Street.id))
            assert made is not None
            known[key] = made
        out[city, kind, name] = known[key]
    return out


# ---- services ----------------------------------------------------------------------------------------


async def load_services(load: Load, book: Book) -> None:
    """Services of houses from a day on; the same service with another supplier or method begins a new row."""
    rows = book.good(sheets.SERVICES_SHEET)
    refuse_twins(rows, ("street", "house", "service"), "Эта услуга дома")
    counts = book.counts(sheets.SERVICES_SHEET)
    usual = await _usual_suppliers(load)
    by_inn = {one.inn: one.id for one in await load.fetch("SELECT id, inn FROM organisations")}
    houses = {row.number: find_house(load, row) for row in book.good(sheets.SERVICES_SHEET)}
    current = await _current_services(load, {house.id for house in houses.values() if house is not None})
    for row in book.good(sheets.SERVICES_SHEET):
        house = houses[row.number]
        assert house is not None
        supplier = _supplier(load, row, by_inn, usual)
        if supplier is None:
            continue
        method = row["method"] or "law"
        known = current.get((house.id, row["service"]))
        if known is not None and (known.supplier_id, known.method) == (supplier, method):
            counts.unchanged += 1
            continue
        if known is not None and row["first"] <= known.valid_from:
            row.refuse(
                "first", f"Услуга уже есть с {known.valid_from:%d.%m.%Y} иначе. Впишите более поздний день."
            )
            continue
        await _add_service(load, row, house, supplier, method, known)
        counts.added += known is None
        counts.changed += known is not None


async def _usual_suppliers(load: Load) -> dict[int, set[int]]:
    out: dict[int, set[int]] = {}
    rows = await load.fetch(
        "SELECT DISTINCT service, supplier_id FROM house_services "
        "WHERE superseded_at IS NULL AND valid_to IS NULL"
    )
    for row in rows:
        out.setdefault(row.service, set()).add(row.supplier_id)
    return out


def _supplier(load: Load, row: Row, by_inn: dict[str, int], usual: dict[int, set[int]]) -> int | None:
    if row["supplier"] is not None:
        found = by_inn.get(row["supplier"])
        if found is None:
            row.refuse(
                "supplier", "Организации с таким ИНН нет в базе. Проверьте ИНН или попросите РЦ добавить её."
            )
        return found
    if row["service"] in OWN_SERVICES:
        return load.organisation_id
    known = usual.get(row["service"], set())
    if len(known) == 1:
        return next(iter(known))
    row.refuse("supplier", "Кто поставляет эту услугу, по базе не понять. Впишите ИНН поставщика.")
    return None


async def _current_services(load: Load, house_ids: set[int]) -> dict[tuple[int, int], Any]:
    rows = await load.fetch(
        "SELECT * FROM house_services WHERE house_id = ANY(:ids) AND superseded_at IS NULL "
        "AND valid_to IS NULL",
        ids=sorted(house_ids),
    )
    return {(row.house_id, row.service): row for row in rows}


async def _add_service(load: Load, row: Row, house: Any, supplier: int, method: str, known: Any) -> None:
    if known is not None:
        await load.session.execute(
            text("UPDATE house_services SET valid_to = :day WHERE id = :id"),
            {"day": row["first"], "id": known.id},
        )
    values = {
        "house_id": house.id,
        "company_id": house.company_id,
        "service": row["service"],
        "supplier_id": supplier,
        "method": method,
        "ground": GROUND,
        "valid_from": row["first"],
    }
    await load.session.execute(insert(HouseService).values(**values))


# ---- flats -------------------------------------------------------------------------------------------


async def load_flats(load: Load, book: Book) -> None:
    """New flats; of known ones what the file says otherwise."""
    rows = book.good(sheets.FLATS)
    refuse_twins(rows, ("street", "house", "number"), "Это помещение")
    houses = {row.number: find_house(load, row) for row in book.good(sheets.FLATS)}
    places = [row for row in book.rows(sheets.ACCOUNTS) if row["street"] and row["house"]]
    ids = {house.id for house in houses.values() if house is not None}
    ids |= {load.houses[place(row)].id for row in places if place(row) in load.houses}
    await know_flats(load, ids)
    counts = book.counts(sheets.FLATS)
    new: list[dict[str, Any]] = []
    for row in book.good(sheets.FLATS):
        house = houses[row.number]
        assert house is not None
        if not _judge_flat(row, house):
            continue
        known = load.flats.get(flat_key(house.id, row["number"]))
        if known is None:
            new.append(_new_flat(row, house))
            continue
        changed = differs(known, _flat(row))
        row.extra = {"flat_id": known.id, "has_new_area": "area_dm2" in changed}
        counts.changed += bool(changed)
        counts.unchanged += not changed
        if changed:
            await load.session.execute(update(Flat).where(Flat.id == known.id).values(**changed))
    if new:
        await load.session.execute(insert(Flat), new)
        counts.added += len(new)
    for row in book.rows(sheets.FLATS):
        if row.is_bad and row["number"] and row["street"] and row["house"] and place(row) in load.houses:
            load.broken.add(("flat", *flat_key(load.houses[place(row)].id, row["number"])))
    await know_flats(load, ids)
    await _judge_areas(load, book, houses)


def _judge_flat(row: Row, house: Any) -> bool:
    _judge_address(row)
    if row["area"] == 0:
        row.refuse("area", "Площадь помещения не бывает нулевой. Впишите квадратные метры.")
    if row["living"] is not None and row["living"] > row["area"]:
        row.refuse("living", "Жилая площадь больше общей. Проверьте обе.")
    if row["entrance"] is not None and row["entrance"] > house.entrances_count:
        row.refuse("entrance", f"В доме подъездов {house.entrances_count}. Проверьте номер подъезда.")
    if row["floor"] is not None and row["floor"] > house.floors:
        row.refuse("floor", f"В доме этажей {house.floors}. Проверьте этаж.")
    return not row.is_bad


def _flat(row: Row) -> dict[str, Any]:
    return {
        "entrance": row["entrance"],
        "floor": row["floor"],
        "kind": row["kind"],
        "rooms_count": row["rooms"],
        "area_dm2": row["area"],
        "living_area_dm2": row["living"],
        "fias_id": row["fias"],
    }


def _new_flat(row: Row, house: Any) -> dict[str, Any]:
    made = _flat(row)
    return made | {
        "house_id": house.id,
        "company_id": house.company_id,
        "number": row["number"],
        "sort_key": natural_key(row["number"]),
        "kind": row["kind"] or "flat",
        "rooms_count": row["rooms"] or 1,
        "living_area_dm2": row["living"] or 0,
    }


def square(area_dm2: int) -> str:
    """Square metres with two decimals."""
    return format_scaled(area_dm2, DM2_PER_M2, 2)


async def _judge_areas(load: Load, book: Book, houses: dict[int, Any]) -> None:
    """Flats of a house are not more than its premises, or shares would not add up."""
    last = {house.id: row for row in book.good(sheets.FLATS) if (house := houses[row.number]) is not None}
    sums: dict[int, int] = {}
    for flat in load.flats.values():
        sums[flat.house_id] = sums.get(flat.house_id, 0) + flat.area_dm2
    for house in load.houses.values():
        row = last.get(house.id)
        if row is not None and sums.get(house.id, 0) > house.area_total_dm2:
            row.refuse(
                "area",
                f"Помещений дома вместе {square(sums[house.id])} м², а на листе «Дома» "
                f"{square(house.area_total_dm2)}. "
                "Исправьте площадь дома или квартир.",
            )
