"""Columns of every table for COPY, made from the arrays of the city. Ids are positions in the arrays plus
one.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from billing.services import CATALOGUE, METHOD_NAMES
from storage.seed import people as people_of
from storage.seed import reference, words
from storage.seed.copy import (
    DAY_US,
    NO_DATE,
    Coded,
    Column,
    Same,
    Texts,
    Uuids,
    big,
    boolean,
    date,
    day,
    instant,
    integer,
    small,
    utf8,
)
from storage.seed.digits import joined, padded, plain
from storage.seed.flats import ACCOUNT_KINDS, FLAT_KINDS
from storage.seed.houses import KINDS, NEW_YEARS
from storage.seed.plan import City

I64 = npt.NDArray[np.int64]
Array = npt.NDArray[Any]
Table = tuple[str, str, dict[str, Column], int]  # what it is in words, table, columns, rows
Random = np.random.Generator

LOADED = dt.date(2023, 12, 31)  # when the facts of before our history were written down
LOADED_US = day(LOADED) * DAY_US
METHODS = list(METHOD_NAMES)
NAMESPACE = uuid.UUID("6f9e2b1c-7d54-4c0e-9a55-0b7f5f2f9c11")


def instant_of(value: dt.date) -> dt.datetime:
    """Nine in the morning of a day, UTC."""
    return dt.datetime(value.year, value.month, value.day, 9, tzinfo=dt.UTC)


def service_rows() -> list[dict[str, Any]]:
    """The catalogue of services in the order of a receipt."""
    return [
        {
            "code": info.code,
            "key": info.key,
            "label": info.label,
            "short_label": info.short_label,
            "unit": info.unit,
            "group": info.group,
            "position": position,
        }
        for position, info in enumerate(CATALOGUE.values(), 1)
    ]


def region_rows(seed: int) -> list[dict[str, Any]]:
    return [{"id": 1, "name": words.REGION, "fias_id": str(uuid.uuid5(NAMESPACE, f"region {seed}"))}]


def city_rows(seed: int) -> list[dict[str, Any]]:
    fias = str(uuid.uuid5(NAMESPACE, f"city {seed}"))
    return [{"id": 1, "region_id": 1, "name": words.CITY, "fias_id": fias, "timezone": "Europe/Samara"}]


def fact_tables(city: City, random: Random) -> Iterator[Table]:
    """Addresses, accounts and people, in an order that foreign keys would accept."""
    yield from _address_tables(city, random)
    yield from _account_tables(city)
    yield from _people_tables(city, random)


def ids(count: int) -> I64:
    return np.arange(1, count + 1)


def recorded(count: int) -> dict[str, Column]:
    return {"recorded_at": instant(np.int64(LOADED_US))} if count else {}


def _uuids(random: Random, count: int) -> Uuids:
    """Version 4 identifiers from the seed."""
    raw = random.integers(0, 256, (count, 16), np.uint8)
    raw[:, 6] = raw[:, 6] & 0x0F | 0x40
    raw[:, 8] = raw[:, 8] & 0x3F | 0x80
    return Uuids(raw)


def company_ids(city: City, index: Array) -> I64:
    return np.asarray(index) + reference.FIRST_COMPANY


# ---- addresses ---------------------------------------------------------------------------------------


def _address_tables(city: City, random: Random) -> Iterator[Table]:
    houses, flats = city.houses, city.flats
    names = houses.streets
    zero = np.zeros(1, np.int64)
    yield "улицы", "streets", {
        "id": integer(ids(len(names))),
        "city_id": integer(1),
        "kind": Coded(np.arange(len(names)), [kind for kind, _ in names]),
        "name": Coded(np.arange(len(names)), [name for _, name in names]),
        "search_name": Coded(np.arange(len(names)), [reference.street_search(*name) for name in names]),
        "fias_id": _uuids(random, len(names)),
    }, len(names)  # fmt: skip
    yield "дома", "houses", _houses(city, random), len(houses)
    yield "дома", "house_managements", {
        "id": integer(ids(len(houses))),
        "house_id": integer(ids(len(houses))),
        "company_id": integer(company_ids(city, houses.company)),
        "ground": Same("Протокол общего собрания собственников"),
        "valid_from": date(day(dt.date(2019, 5, 1))),
        **recorded(len(houses)),
    }, len(houses)  # fmt: skip
    count = np.where(houses.is_private, 0, houses.entrances)
    house = np.repeat(np.arange(len(houses)), count)
    nth = np.arange(len(house)) - np.repeat(np.cumsum(count) - count, count)
    yield "подъезды", "entrances", {
        "id": integer(ids(len(house))),
        "house_id": integer(house + 1),
        "number": small(nth + 1),
    }, len(house)  # fmt: skip
    yield "квартиры", "flats", {
        "id": integer(ids(len(flats))),
        "house_id": integer(flats.house + 1),
        "company_id": integer(company_ids(city, houses.company[flats.house])),
        "entrance": small(flats.entrance, flats.entrance == 0),
        "floor": small(flats.floor, flats.floor == 0),
        "number": Texts(flats.number),
        "sort_key": Texts(flats.sort_key),
        "kind": Coded(flats.kind, FLAT_KINDS),
        "rooms_count": small(flats.rooms),
        "area_dm2": big(flats.area),
        "living_area_dm2": big(flats.living),
        "fias_id": _uuids(random, len(flats)),
    }, len(flats)  # fmt: skip
    room = np.flatnonzero(city.accounts.room > 0)
    yield "комнаты", "rooms", {
        "id": integer(ids(len(room))),
        "flat_id": integer(city.accounts.flat[room] + 1),
        "company_id": integer(company_ids(city, city.accounts.company[room])),
        "number": Texts(plain(city.accounts.room[room], 2) if len(room) else zero.astype("S1")),
        "living_area_dm2": big(city.accounts.living[room]),
    }, len(room)  # fmt: skip


def _houses(city: City, random: Random) -> dict[str, Column]:
    houses, flats = city.houses, city.flats
    size = len(houses)
    total = np.bincount(flats.house, minlength=size)  # flats of each house; areas are summed exactly below
    starts = np.cumsum(total) - total
    area = np.add.reduceat(flats.area, starts)
    common = np.where(houses.is_private, 0, area * (11 + np.arange(size) % 6) // 100 // 10 * 10)
    too_new = houses.year > city.last.year - NEW_YEARS
    repair = np.where(houses.is_private | too_new, 2, np.where(houses.special_fund, 1, 0))
    return {
        "id": integer(ids(size)),
        "street_id": integer(houses.street + 1),
        "number": Coded(np.arange(size), houses.number),
        "sort_key": Coded(np.arange(size), houses.sort_key),
        "postcode": Texts(padded(words.POSTCODE_FIRST + houses.street // 12, 6)),
        "fias_id": _uuids(random, size),
        "cadastral_number": Texts(
            joined(b"00:01:", padded(houses.street % 10_000_000, 7), b":", plain(ids(size), 7))
        ),
        "kind": Coded(houses.kind, [kind.code for kind in KINDS]),
        "year_built": small(houses.year),
        "floors": small(houses.floors),
        "entrances_count": small(houses.entrances),
        "zone_id": small(houses.zone),
        "company_id": integer(company_ids(city, houses.company)),
        "management": Coded(houses.is_private.astype(np.int64), ["company", "direct"]),
        "area_total_dm2": big(area),
        "area_common_dm2": big(common),
        "capital_repair": Coded(repair, ["regional", "special", "none"]),
    }


# ---- accounts and people -------------------------------------------------------------------------------


def _account_tables(city: City) -> Iterator[Table]:
    accounts, persons = city.accounts, city.persons
    size = len(accounts)
    head = np.flatnonzero(persons.place == 0)  # the first person of each account, in the order of accounts
    assert len(head) == size, "every account has a person"
    room_id = np.cumsum(accounts.room > 0)
    company = integer(company_ids(city, accounts.company))
    has_mail = (np.arange(size) * 7) % 5 < 2
    mail = np.where(has_mail, joined(b"zhitel", plain(ids(size), 7), b"@pochta.example"), b"")
    yield "счета", "accounts", {
        "id": integer(ids(size)),
        "number": Texts(accounts.number),
        "els": Texts(accounts.els),
        "house_id": integer(accounts.house + 1),
        "flat_id": integer(accounts.flat + 1),
        "room_id": integer(room_id, accounts.room == 0),
        "company_id": company,
        "kind": Coded(accounts.kind, ACCOUNT_KINDS),
        "payer_name": Texts(people_of.full_names(persons, head)),
        "search_name": Texts(people_of.full_names(persons, head, searched=True)),
        "phone": Texts(people_of.phones(ids(size) * 7_919)),
        "email": Texts(mail, nullable=True),
        "opened_on": date(city.homes.opened),
        "receipt_by": Coded(has_mail.astype(np.int64), ["paper", "electronic"]),
        "gis_id": Texts(joined(accounts.els, b"-01")),
        "is_large_print": boolean(np.arange(size) % 23 == 11),
    }, size  # fmt: skip
    facts = people_of.stretches(city.homes)
    at, count = facts.account, len(facts.account)
    no_area = city.newcomers[at]
    shop = accounts.kind[at] == 2
    yield "счета", "account_facts", {
        "id": big(ids(count)),
        "account_id": integer(at + 1),
        "house_id": integer(accounts.house[at] + 1),
        "company_id": integer(company_ids(city, accounts.company[at])),
        "area_dm2": integer(accounts.area[at], no_area),
        "living_area_dm2": integer(accounts.living[at], no_area | shop),
        "heated_area_dm2": integer(accounts.area[at], no_area),
        "residents": small(facts.residents),
        "temporary": small(facts.temporary),
        "owners": small(city.homes.owners[at]),
        "meter_impossible": integer(city.impossible[at]),
        "ground": Same("Перенесено из прежней базы"),
        "valid_from": date(facts.first),
        "valid_to": date(facts.after),
        "recorded_at": instant(np.maximum(facts.first * DAY_US, LOADED_US)),
    }, count  # fmt: skip


def _people_tables(city: City, random: Random) -> Iterator[Table]:
    persons, homes, accounts = city.persons, city.homes, city.accounts
    size, account = len(persons), persons.account
    every = np.arange(size)
    company = company_ids(city, accounts.company[account])
    unregistered = (homes.residents[account] == 0) & ~persons.is_temporary
    yield "люди", "persons", {
        "id": integer(ids(size)),
        "company_id": integer(company),
        "surname": _named(persons.surname, persons.is_woman, words.SURNAMES, words.FEMALE_SURNAMES),
        "name": _named(persons.name, persons.is_woman, words.MALE_NAMES, words.FEMALE_NAMES),
        "patronymic": _named(
            persons.patronymic, persons.is_woman, words.MALE_PATRONYMICS, words.FEMALE_PATRONYMICS
        ),
        "search_name": Texts(people_of.full_names(persons, every, searched=True)),
        "born_on": date(persons.born),
        "snils": Texts(people_of.snils(size)),
    }, size  # fmt: skip
    rows = np.flatnonzero(~unregistered)
    guest = persons.is_temporary[rows]
    a = account[rows]
    since = np.maximum(homes.opened[a] + 40, persons.born[rows] + 10)
    is_last = persons.place[rows] == homes.residents[a] - 1
    since = np.where((homes.moved[a] != NO_DATE) & is_last, homes.moved[a], np.minimum(since, day(LOADED)))
    since = np.where(homes.opened[a] > day(LOADED), homes.opened[a], since)
    since = np.where(guest, homes.stay_from[a], since)
    yield "регистрация", "registrations", {
        "id": integer(ids(len(rows))),
        "account_id": integer(a + 1),
        "person_id": integer(rows + 1),
        "company_id": integer(company[rows]),
        "kind": Coded(guest.astype(np.int64), ["permanent", "temporary"]),
        "relation": Coded(_relation(persons, rows), list(RELATIONS)),
        "valid_from": date(since),
        "valid_to": date(np.where(guest, homes.stay_to[a], NO_DATE)),
        "recorded_at": instant(np.maximum(since * DAY_US, LOADED_US)),
    }, len(rows)  # fmt: skip
    owners = np.flatnonzero((persons.place < homes.owners[account]) & ~persons.is_temporary)
    yield "собственность", "ownerships", {
        "id": integer(ids(len(owners))),
        "account_id": integer(account[owners] + 1),
        "person_id": integer(owners + 1),
        "company_id": integer(company[owners]),
        "share_num": integer(1),
        "share_den": integer(homes.owners[account[owners]]),
        "ground": Same("Выписка из ЕГРН"),
        "valid_from": date(homes.opened[account[owners]]),
        **recorded(1),
    }, len(owners)  # fmt: skip
    yield _benefits(city, random, rows[~guest], company)


RELATIONS = ("собственник", "супруг", "супруга", "сын", "дочь", "родственник", "временно проживает")


def _relation(persons: people_of.Persons, rows: I64) -> I64:
    place, woman = persons.place[rows], persons.is_woman[rows]
    relation = np.where(place == 1, np.where(woman, 2, 1), np.where(woman, 4, 3))
    relation = np.where(place > 3, 5, np.where(place == 0, 0, relation))
    return np.where(persons.is_temporary[rows], 6, relation)


def _named(
    codes: I64, is_woman: npt.NDArray[np.bool_], men: tuple[str, ...], women: tuple[str, ...]
) -> Coded:
    return Coded(codes + np.where(is_woman, len(men), 0), [*men, *women])


def _benefits(city: City, random: Random, registered: I64, company: I64) -> Table:
    """Льготники: the categories of the old only for those past sixty."""
    persons = city.persons
    lucky = registered[random.integers(0, 1000, len(registered)) < people_of.BENEFIT_PERMILLE]
    chances = np.cumsum([chance for _, chance, _ in people_of.BENEFITS])
    kind = (random.integers(0, 1000, len(lucky))[:, None] >= chances).sum(axis=1)
    old = persons.born[lucky] < day(dt.date(city.last.year - 60, 1, 1))
    needs_age = np.array([is_old for _, _, is_old in people_of.BENEFITS])
    fits = old | ~needs_age[kind]
    lucky, kind = lucky[fits], kind[fits]
    serial = padded(ids(len(lucky)) * 7, 6) if len(lucky) else np.zeros(0, "S6")
    document = joined(utf8(["Удостоверение № "])[0], serial) if len(lucky) else np.zeros(0, "S1")
    account = persons.account[lucky]
    return "льготы", "account_benefits", {
        "id": integer(ids(len(lucky))),
        "account_id": integer(account + 1),
        "person_id": integer(lucky + 1),
        "company_id": integer(company[lucky]),
        "category": Coded(kind, [code for code, _, _ in people_of.BENEFITS]),
        "document": Texts(document),
        "in_document": boolean(False),
        "valid_from": date(np.maximum(city.homes.opened[account], day(dt.date(2018, 1, 1)))),
        **recorded(1),
    }, len(lucky)  # fmt: skip
