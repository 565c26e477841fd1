"""Columns of services, meters and readings for COPY; the other tables are in storage.seed.tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import numpy as np

from billing.services import METHOD_NAMES, Service
from storage.seed import reference, words
from storage.seed.copy import (
    DAY_US,
    Coded,
    Column,
    Same,
    Texts,
    big,
    boolean,
    date,
    day,
    instant,
    integer,
    small,
)
from storage.seed.digits import padded
from storage.seed.houses import NEW_YEARS, PRIVATE, RIGHT_ZONES
from storage.seed.meters import DIGITS, EVENT_KINDS, INTERVAL_YEARS
from storage.seed.plan import City
from storage.seed.readings import SOURCES, Readings
from storage.seed.tables import I64, Array, Table, company_ids, ids, recorded

METHODS = list(METHOD_NAMES)

# ---- services ------------------------------------------------------------------------------------------


def service_tables(city: City) -> Iterator[Table]:
    houses, accounts = city.houses, city.accounts
    company = company_ids(city, houses.company)
    parts: list[tuple[I64, I64, I64, I64]] = []  # house, service, supplier, method

    def give(service: int, where: Array, supplier: int | Array, method: str | Array = "law") -> None:
        rows = np.flatnonzero(where)
        codes = METHODS.index(method) if isinstance(method, str) else method[rows]
        payee = np.broadcast_to(supplier, len(houses))[rows]
        parts.append((rows, np.full(len(rows), service), payee, np.broadcast_to(codes, len(rows))))

    many = ~houses.is_private
    everyone = np.ones(len(houses), np.bool_)
    give(Service.COLD_WATER, everyone, reference.WATER)
    give(Service.SEWERAGE, houses.has_sewerage, reference.WATER)
    give(Service.HOT_WATER, houses.has_hot, reference.HEAT)
    give(Service.HEATING, many, reference.HEAT)
    give(Service.ELECTRICITY, everyone, reference.POWER)
    give(Service.GAS, houses.has_gas, reference.GAS)
    by_area = np.isin(houses.zone, RIGHT_ZONES)
    waste = np.where(by_area, METHODS.index("area"), METHODS.index("person"))
    give(Service.WASTE, everyone, reference.WASTE, waste)
    give(Service.UPKEEP, many, company, "area")
    repair = many & (houses.year <= city.last.year - NEW_YEARS)
    give(Service.CAPITAL_REPAIR, repair, np.where(houses.special_fund, company, reference.CAPITAL), "area")
    norm, actual = METHODS.index("common_norm"), METHODS.index("common_actual")
    for service in (Service.COMMON_COLD_WATER, Service.COMMON_HOT_WATER, Service.COMMON_ELECTRICITY):
        where = many & houses.has_hot if service == Service.COMMON_HOT_WATER else many
        give(service, where, company, np.where(houses.common_actual[service], actual, norm))
    give(Service.COMMON_SEWERAGE, many, company, "common_norm")
    joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.lexsort((joined[1], joined[0]))
    house, codes, supplier, methods = (column[order] for column in joined)
    yield "услуги", "house_services", {
        "id": integer(ids(len(house))),
        "house_id": integer(house + 1),
        "company_id": integer(company[house]),
        "service": small(codes),
        "supplier_id": integer(supplier),
        "method": Coded(methods, METHODS),
        "ground": Same("Договор управления"),
        "valid_from": date(day(dt.date(2019, 5, 1))),
        **recorded(1),
    }, len(house)  # fmt: skip
    shop = np.flatnonzero(accounts.kind == 2)
    off = np.array([Service.ELECTRICITY, Service.WASTE, Service.GAS])
    at = np.repeat(shop, len(off))
    yield "услуги", "account_services", {
        "id": integer(ids(len(at))),
        "account_id": integer(at + 1),
        "house_id": integer(accounts.house[at] + 1),
        "company_id": integer(company_ids(city, accounts.company[at])),
        "service": small(np.tile(off, len(shop))),
        "is_on": boolean(False),
        "ground": Same("Прямой договор с поставщиком"),
        "valid_from": date(city.homes.opened[at]),
        **recorded(1),
    }, len(at)  # fmt: skip


# ---- meters --------------------------------------------------------------------------------------------

GROUNDS = ("Акт осмотра: счётчик неисправен", "Акт о недопуске к счётчику")  # in the order of EVENT_KINDS
PLACES = ("санузел", "кухня", "щит на площадке", "коридор", "подвал")


def meter_tables(city: City) -> Iterator[Table]:
    meters = city.meters
    size, service = len(meters), meters.service
    owned = ~meters.is_house
    models = [model for code in sorted(words.METER_MODELS) for model in words.METER_MODELS[code]]
    first = {code: models.index(words.METER_MODELS[code][0]) for code in words.METER_MODELS}
    count = np.array([len(words.METER_MODELS.get(code, ("",))) for code in range(7)])
    start = np.array([first.get(code, 0) for code in range(7)])
    model = start[service] + np.arange(size) % count[service]
    digits = np.where(meters.is_house, 8, np.array([DIGITS.get(code, 5) for code in range(7)])[service])
    interval = np.array([INTERVAL_YEARS.get(code, 6) for code in range(7)])[service]
    place = np.where(meters.is_house, 4, np.where(service == Service.ELECTRICITY, 2, np.where(service == 4, 3,
                     np.arange(size) % 2)))  # fmt: skip
    room = owned & (city.accounts.kind[meters.account] == 1)
    kind = np.where(meters.is_house, 1, np.where(room, 2, 0))
    eventful = np.isin(meters.state, list(EVENT_KINDS))
    duty = owned & (service == Service.ELECTRICITY) & (city.houses.kind[meters.house] != PRIVATE)
    yield "счётчики", "meters", {
        "id": integer(ids(size)),
        "house_id": integer(meters.house + 1),
        "account_id": integer(meters.account + 1, meters.is_house),
        "company_id": integer(company_ids(city, meters.company)),
        "kind": Coded(kind, ["individual", "house", "room"]),
        "service": small(service),
        "serial": Texts(padded(ids(size) * 37 + 10_000_019, 9)),
        "model": Coded(model, models),
        "place": Coded(place, PLACES),
        "zones": small(meters.zones),
        "digits": small(digits),
        "installed_on": date(meters.installed),
        "verified_until": date(meters.verified_until),
        "interval_years": small(interval),
        "supplier_duty": boolean(duty),
        "has_events": boolean(eventful),
    }, size  # fmt: skip
    rows = np.flatnonzero(eventful)
    names = list(EVENT_KINDS.values())
    code = np.array([list(EVENT_KINDS).index(s) if s in EVENT_KINDS else 0 for s in range(5)])
    yield "счётчики", "meter_events", {
        "id": integer(ids(len(rows))),
        "meter_id": integer(rows + 1),
        "house_id": integer(meters.house[rows] + 1),
        "company_id": integer(company_ids(city, meters.company[rows])),
        "kind": Coded(code[meters.state[rows]], names),
        "ground": Coded(code[meters.state[rows]], GROUNDS),
        "valid_from": date(meters.event_day[rows]),
        "recorded_at": instant(meters.event_day[rows] * DAY_US),
    }, len(rows)  # fmt: skip


def reading_columns(city: City, made: Readings, first_id: int) -> dict[str, Column]:
    """Columns of readings of one chunk and month; ids count on from `first_id`."""
    meters, rows = city.meters, made.meter
    zones = range(3)
    return {
        "id": big(first_id + np.arange(len(made))),
        "period": date(day(made.period.first_day)),
        "meter_id": integer(rows + 1),
        "house_id": integer(meters.house[rows] + 1),
        "account_id": integer(meters.account[rows] + 1, meters.account[rows] < 0),
        "company_id": integer(company_ids(city, meters.company[rows])),
        "taken_on": date(made.taken_on),
        **{f"value{zone + 1}_micro": big(made.value[:, zone]) for zone in zones},
        "source": Coded(made.source, SOURCES),
        "status": Same("accepted"),
        "prev_period": date(made.previous_month),
        **{f"prev{zone + 1}_micro": big(made.previous[:, zone]) for zone in zones},
        "window_months": small(made.window_months),
        **{f"window{zone + 1}_micro": big(made.window[:, zone]) for zone in zones},
        "recorded_at": instant(made.recorded_at),
    }
