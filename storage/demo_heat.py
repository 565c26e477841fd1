"""What the demo city shows of heat: a house with distributors, one with a boiler; and acts of checks."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import text

from billing.distributors import units_of
from billing.period import Period
from billing.quantity import MICRO
from storage import distributor_devices, distributors, months
from storage.demo import ensure_users
from storage.distributor_devices import Device, Placed
from storage.engine import Database
from storage.meter_checks import NewCheck, add_check
from storage.people import Deed
from storage.seed import reference
from storage.session import Session

CHECKS = 3
PLACES = ("комната", "кухня")
FACTORS = (1_250_000, 870_000)  # of a radiator of ten sections and of one of seven
SUPPLIER = reference.HEAT

# Managed houses whose flats have no meters of heat: the smallest gets a boiler, the next distributors.
HOUSES = """
SELECT h.id FROM houses h JOIN house_services s ON s.house_id = h.id AND s.service = 4
 WHERE h.company_id = :company AND s.method = 'law' AND s.superseded_at IS NULL AND h.area_total_dm2 > 0
   AND NOT EXISTS (SELECT 1 FROM meters m
                    WHERE m.house_id = h.id AND m.service = 4 AND m.account_id IS NOT NULL)
 ORDER BY (SELECT count(*) FROM accounts a WHERE a.house_id = h.id), h.id LIMIT 2"""
ENDED = """
UPDATE house_services SET superseded_at = clock_timestamp() WHERE house_id = :house AND service = 4
   AND superseded_at IS NULL
RETURNING company_id, supplier_id, valid_from"""
BOILER = """
INSERT INTO house_services (house_id, company_id, service, supplier_id, method, ground, valid_from, valid_to)
VALUES (:house, :company, 4, :supplier, 'law', 'Договор управления', :begun, :first),
       (:house, :company, 4, :supplier, 'boiler', 'Своя котельная, акт ввода № 2', :first, NULL)"""
FUEL = """
INSERT INTO norms (house_id, service, kind, value_micro, document, document_date, valid_from, valid_to)
SELECT id, 4, 'fuel_gas', area_total_dm2::bigint * 25000, 'Показания счётчика газа котельной', :first,
       :first, :after
  FROM houses WHERE id = :house"""
PRICE = """
INSERT INTO tariffs (house_id, service, component, consumer, rate, document, document_date, valid_from)
VALUES (:house, 4, 3, 'population', 87600, 'Договор поставки газа № 14', :first, :first)"""
METERS = """
SELECT m.id, m.account_id, r.value1_micro / 1000000 + 4 AS value, r.taken_on
  FROM meters m
  JOIN readings r ON r.meter_id = m.id AND r.period = :before AND r.superseded_at IS NULL
   AND r.status = 'accepted'
 WHERE m.company_id = :company AND m.service = 1 AND m.kind = 'individual' AND m.zones = 1
   AND NOT m.has_events
   AND (m.removed_on IS NULL) AND (m.verified_until IS NULL OR m.verified_until > :after)
   AND NOT EXISTS (SELECT 1 FROM readings n WHERE n.meter_id = m.id AND n.period = :first)
 ORDER BY m.id LIMIT :count"""


async def show(database_url: str) -> None:
    """Make all three when the city is the demo one and has none of it yet."""
    database = Database(database_url, pool_max=1)
    try:
        async with database.transaction() as session:
            opened = await months.open_month(session)
            if opened is None or not await ensure_users(session):
                return
            if await session.scalar(text("SELECT EXISTS (SELECT 1 FROM heat_distributors)")):
                return
            month = Period.of(opened)
            houses = [int(row.id) for row in await session.execute(text(HOUSES), _company())]
            if len(houses) == 2:
                await _boiler(session, houses[0], month)
                await _distributors(session, houses[1], month)
            await _checks(session, month)
    finally:
        await database.close()


def _company() -> dict[str, int]:
    return {"company": reference.FIRST_COMPANY}


async def _boiler(session: Session, house: int, month: Period) -> None:
    """The house heats itself since the open month; its gas of the month and the price are written down."""
    was = (await session.execute(text(ENDED), {"house": house})).first()
    if was is None:
        return
    days = {"house": house, "first": month.first_day, "after": month.shift(1).first_day}
    await session.execute(
        text(BOILER),
        {"house": house, "first": month.first_day, "company": was.company_id, "supplier": SUPPLIER}
        | {"begun": was.valid_from},
    )
    await session.execute(text(FUEL), days)
    await session.execute(text(PRICE), {"house": house, "first": month.first_day})


async def _distributors(session: Session, house_id: int, month: Period) -> None:
    """Two distributors in a flat and their readings of last year, by area and a little apart from it."""
    year = month.year - 1
    house = await distributors.of_house(session, house_id, year)
    if house is None:
        return
    parts = {one.account_id: _readings(one) for one in house.flats}
    placed = [
        Placed(
            Device(one.account_id, serial, place, factor, dt.date(year - 1, 9, 15), None),
            house_id,
            house.company_id,
            "Акт ввода распределителей № 7",
        )
        for one in house.flats
        for (serial, (_, factor)), place in zip(parts[one.account_id].items(), PLACES, strict=True)
    ]
    await distributor_devices.keep(session, placed, None)
    units = {at: units_of(mine.values()) for at, mine in parts.items()}
    ground = f"Акт снятия показаний распределителей № 3 за {year} год"
    await distributors.save(session, house, year, units, Deed(None, ground), parts)


def _readings(flat: distributors.FlatUnits) -> distributors.Parts:
    """What each distributor of a flat showed and the factor of its radiator."""
    whole = flat.area_dm2 * (4 + flat.account_id % 7) // 20
    return {
        f"РТ-{flat.account_id}-{number}": ((whole + number * 17) * MICRO, factor)
        for number, factor in enumerate(FACTORS, 1)
    }


async def _checks(session: Session, month: Period) -> None:
    """Acts of the open month: the counter shows four cubic metres more than was given."""
    values = _company() | {"count": CHECKS}
    days = {"first": month.first_day, "before": month.shift(-1).first_day, "after": month.last_day}
    found = (await session.execute(text(METERS), values | days)).all()
    for number, row in enumerate(found, 1):
        day = month.first_day.replace(day=9 + number)
        act = NewCheck(row.id, str(40 + number), day, "Контролёр Сомов", (str(row.value),))
        deed = Deed(None, f"Акт проверки № {40 + number} от {day:%d.%m.%Y}")
        await add_check(session, row.account_id, act, deed)
