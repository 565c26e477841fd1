"""Parts of the seed: COPY of mixed columns, numbers with check digits, names that agree."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import numpy as np
import pytest

from billing.period import Period
from billing.services import Service
from storage import engine
from storage.importer.load_people import has_valid_control
from storage.natural import natural_key, search_form
from storage.readings import LAST_DAY_KEY
from storage.seed import reference, requisites, words
from storage.seed.copy import (
    NO_DATE,
    Coded,
    Column,
    Nothing,
    Same,
    Texts,
    Uuids,
    big,
    boolean,
    copy_in,
    date,
    day,
    instant,
    integer,
    small,
    utf8,
)
from storage.seed.digits import luhn
from storage.seed.houses import build
from storage.seed.people import snils
from tests.support.services import TestDatabase
from web.roles import SEARCH_HINTS


async def test_every_kind_of_column_arrives_as_it_was(database: TestDatabase) -> None:
    rows = 130_001  # more than two chunks
    at = np.arange(rows)
    columns: dict[str, Column] = {
        "a": small(at % 7),
        "b": integer(at, at % 3 == 0),
        "c": big(at * 10**12),
        "d": boolean(at % 2 == 0),
        "e": date(np.where(at % 5 == 0, NO_DATE, day(dt.date(2026, 10, 1)) + at % 30)),
        "f": instant(at * 1_000_000),
        "g": Texts(utf8(["", "ёж", "кв. 45"])[at % 3], nullable=True),
        "h": Coded(at % 2, ["да", "нет"]),
        "i": Same("всегда"),
        "j": Nothing(),
        "k": Uuids(np.repeat((at % 256).astype(np.uint8), 16).reshape(rows, 16)),
    }
    connection = await engine.connect(database.url)
    try:
        async with connection.transaction():
            await connection.execute(
                "CREATE TABLE mixed (a int2, b int4, c int8, d bool, e date, f timestamptz, g text, h text, "
                "i text, j text, k uuid)"
            )
            done: list[int] = []
            await copy_in(connection, "mixed", columns, rows, done.append)
            assert done[-1] == rows
            found = await connection.fetch(
                "SELECT * FROM mixed WHERE c IN (0, 1000000000000, 130000000000000000)"
            )
            total = await connection.fetchval("SELECT count(*) FROM mixed")
    finally:
        await connection.close()

    assert total == rows
    first, second, last = sorted(found, key=lambda row: row["c"])
    assert (first["b"], first["e"], first["g"], first["h"]) == (None, None, None, "да")
    assert (second["b"], second["e"], second["g"]) == (1, dt.date(2026, 10, 2), "ёж")
    assert second["f"] == dt.datetime(2000, 1, 1, 0, 0, 1, tzinfo=dt.UTC)
    assert (last["a"], last["d"], last["i"], last["j"]) == (130_000 % 7, True, "всегда", None)
    assert last["k"].bytes == bytes([130_000 % 256] * 16)


@pytest.mark.parametrize("serial", [1, 4_100_481, 9_999_999])
def test_requisites_have_right_check_digits(serial: int) -> None:
    inn = requisites.inn(serial)
    weighted = sum(int(d) * w for d, w in zip(inn, (2, 4, 10, 3, 5, 9, 4, 6, 8), strict=False))
    account, correspondent = requisites.bank_account(serial), requisites.correspondent_account()

    assert int(inn[9]) == weighted % 11 % 10
    assert len(requisites.ogrn(serial % 10**6)) == 13
    assert len(account) == len(correspondent) == 20
    assert requisites.has_valid_key(account, requisites.BIC[-3:])
    assert requisites.has_valid_key(correspondent, "0" + requisites.BIC[4:6])
    assert correspondent[-3:] == requisites.BIC[-3:]


def test_account_numbers_end_with_the_digit_of_luhn() -> None:
    assert luhn(np.array([7_992_739_871]), 10).tolist() == [3]


def test_snils_have_right_control_numbers() -> None:
    assert all(has_valid_control(one.decode()) for one in snils(300))


def test_names_agree_in_gender() -> None:
    assert words.patronymic("Илья") == ("Ильич", "Ильинична")
    assert words.patronymic("Юрий") == ("Юрьевич", "Юрьевна")
    assert words.patronymic("Дмитрий") == ("Дмитриевич", "Дмитриевна")
    assert all(name.endswith("на") for name in words.FEMALE_PATRONYMICS)
    assert ("пер.", "Лесной") in words.street_names(400)
    assert ("ул.", "2-я Лесная") in words.street_names(1_000)
    assert len(set(words.street_names(3_000))) == 3_000


@pytest.mark.parametrize(
    ("typed", "key"), [("12А", "000012а"), ("7 к. 2", "000007 к. 000002"), (" Ёлочная  5 ", "елочная 000005")]
)
def test_natural_keys(typed: str, key: str) -> None:
    assert natural_key(typed) == key


def test_natural_order_is_how_people_count() -> None:
    numbers = ["10", "2", "12А", "12", "2 к. 2", "1", "100/2"]

    assert sorted(numbers, key=natural_key) == ["1", "2", "2 к. 2", "10", "12", "12А", "100/2"]
    assert search_form("  Ёж   и Уж ") == "еж и уж"


def test_the_norm_of_heating_is_one_all_year_and_the_season_is_apart() -> None:
    """A house that pays evenly takes the norm in July as well; a seasonal one looks at the coefficient."""
    heating = [row for row in reference.norms(dt.date(2026, 10, 1)) if row["service"] == Service.HEATING]
    season = [row for row in reference.coefficients(2026) if row["key"] == "heating_season"]

    assert [(row["valid_to"], row["value_micro"]) for row in heating] == [(None, 23_700)]
    assert all(one["valid_to"] == two["valid_from"] for one, two in pairwise(season))
    on = {
        day: next(
            row["value_permille"]
            for row in season
            if row["valid_from"] <= day and (row["valid_to"] is None or day < row["valid_to"])
        )
        for day in (dt.date(2025, 12, 31), dt.date(2026, 7, 15), dt.date(2026, 9, 30), dt.date(2026, 10, 1))
    }
    assert list(on.values()) == [1000, 0, 0, 1000]


def test_readings_close_on_the_25th_from_the_month_after_the_open_one() -> None:
    (row,) = reference.settings(Period.parse("2026-10"))

    assert (row["key"], row["value"], row["valid_from"]) == (LAST_DAY_KEY, "25", dt.date(2026, 11, 1))


def test_the_hint_of_the_search_names_a_flat_of_the_demo_city() -> None:
    """«абр 1 12» in web/roles.py: the first street, its first house, a flat there is."""
    houses = build(np.random.default_rng([7, 1]), 3_000, reference.companies_of(3_000), 2026)

    first = int(np.flatnonzero(houses.street == 0)[0])

    assert houses.streets[0][1].lower().startswith("абр")
    assert houses.number[first] == "1"
    assert houses.flats[first] >= 12
    assert all("«абр 1" in hint for hint in SEARCH_HINTS.values())
