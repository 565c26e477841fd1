"""The made-up city: the same seed gives the same rows, exactly as many accounts, and a whole schema."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from sqlalchemy import text

from billing.history import Mark, window
from billing.period import Period
from billing.services import Service
from storage import engine, migrate
from storage.engine import Database
from storage.seed import meters as states
from storage.seed.city import OPEN_MONTH, SeedRefused, generate, seed_city
from storage.seed.consumption import HEATING_MONTHS
from storage.seed.readings import HouseVolumes, readings
from tests.support.services import Services, TestDatabase

ACCOUNTS, SEED, MONTHS = 700, 11, 3


async def digest(url: str) -> dict[str, str]:
    """SHA-256 of the rows of every table, as PostgreSQL writes them; moments of the load itself aside."""
    connection = await engine.connect(url)
    out: dict[str, str] = {}
    try:
        tables = await connection.fetch(
            "SELECT c.relname AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns "
            "FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 "
            "AND NOT a.attisdropped WHERE c.relnamespace = 'public'::regnamespace "
            "AND c.relkind IN ('r', 'p') AND NOT c.relispartition "
            "AND c.relname NOT IN ('alembic_version', 'fact_changes') GROUP BY 1 ORDER BY 1"
        )
        for table in tables:
            columns = [name for name in table["columns"] if name not in ("opened_at",)]
            stable = "recorded_at" not in columns or table["name"] in SEEDED_WITH_MOMENTS
            chosen = columns if stable else [name for name in columns if name != "recorded_at"]
            rows = await connection.fetch(
                f"SELECT md5(ROW({', '.join(chr(34) + name + chr(34) for name in chosen)})::text) AS row "
                f"FROM {table['name']} ORDER BY 1"
            )
            out[table["name"]] = hashlib.sha256("".join(row["row"] for row in rows).encode()).hexdigest()
    finally:
        await connection.close()
    return out


SEEDED_WITH_MOMENTS = ("readings", "account_facts", "registrations", "meter_events")


@pytest.fixture
def three(services: Services) -> Iterator[list[TestDatabase]]:
    """Three migrated databases."""
    made = [services.make_database(f"seed_twin_{number}") for number in range(3)]
    yield made
    for one in made:
        services.drop_database(one.name)


async def test_the_same_seed_makes_the_same_rows_and_another_seed_others(three: list[TestDatabase]) -> None:
    digests = []
    for made, seed in zip(three, (SEED, SEED, SEED + 1), strict=True):
        await seed_city(made.url, ACCOUNTS, seed, MONTHS)
        digests.append(await digest(made.url))

    assert digests[0] == digests[1]
    changed = {table for table in digests[0] if digests[0][table] != digests[2][table]}
    assert {"houses", "accounts", "persons", "meters", "readings"} <= changed


@pytest.mark.parametrize("accounts", [20, 137, 3_000, 20_000])
def test_there_are_exactly_as_many_accounts_as_asked(accounts: int) -> None:
    city = generate(accounts, 5, 3, OPEN_MONTH)

    assert len(city.accounts) == accounts
    assert len(np.unique(city.accounts.number)) == accounts
    assert (np.bincount(city.persons.account) >= 1).all()


@pytest.mark.parametrize("accounts", [60, 137, 300, 3_000])
def test_a_small_city_has_a_few_non_residential_premises_too(accounts: int) -> None:
    city = generate(accounts, 5, 3, OPEN_MONTH)
    shops = city.accounts.kind == 2

    assert max(2, accounts // 250) <= shops.sum() < accounts // 10
    assert len(city.accounts) == accounts


def test_houses_stand_in_postal_order_and_flats_in_natural_order() -> None:
    city = generate(3_000, 5, 3, OPEN_MONTH)
    houses, flats = city.houses, city.flats

    order = list(zip(houses.street.tolist(), houses.sort_key, strict=True))
    assert order == sorted(order)
    same = flats.house[1:] == flats.house[:-1]
    assert (flats.sort_key[1:][same] > flats.sort_key[:-1][same]).all()


def test_previous_readings_and_windows_are_those_of_the_law() -> None:
    city = generate(400, 3, 8, OPEN_MONTH)
    meters = city.meters
    volumes = HouseVolumes(city.houses, city.accounts, city.used)
    installed = (meters.installed + 10_957).astype("datetime64[D]").astype("datetime64[M]").astype(
        int
    ) + 1970 * 12
    marks: dict[int, list[Mark]] = defaultdict(list)
    checked = 0
    random = np.random.default_rng(1)
    for month in readings(random, meters, city.used, volumes, city.first, city.last, city.unread):
        for at, meter in enumerate(month.meter.tolist()):
            if not marks[meter]:
                marks[meter].append(Mark(int(installed[meter]) - 1, (0, 0, 0)))
            assert marks[meter][-1].values == tuple(month.previous[at].tolist())
            marks[meter].append(Mark(month.period.ordinal, tuple(month.value[at].tolist())))
            is_expired = meters.state[meter] == states.EXPIRED
            failed = range(int(meters.since[meter]), month.period.ordinal + 1) if is_expired else ()
            season = frozenset(HEATING_MONTHS) if meters.service[meter] == Service.HEATING else None
            expected = window(marks[meter], 5, frozenset(failed), season)
            assert (tuple(month.window[at].tolist()), month.window_months[at]) == expected
            checked += 1
    assert checked > 5_000
    assert all(m.values <= n.values for one in marks.values() for m, n in pairwise(one))


def test_house_meters_agree_with_the_flats() -> None:
    city = generate(1_500, 9, 2, OPEN_MONTH)
    volumes = HouseVolumes(city.houses, city.accounts, city.used)

    used = city.used.month(Service.COLD_WATER, np.arange(len(city.accounts)), OPEN_MONTH)
    flats = np.bincount(city.accounts.house, weights=used)

    house = volumes.month(Service.COLD_WATER, OPEN_MONTH)
    assert ((house >= flats) & (house <= flats * 1.1 + 1)).all()


async def test_schema_is_as_before_the_load_and_everything_is_valid(fresh_database: TestDatabase) -> None:
    before = await schema(fresh_database.url)

    await seed_city(fresh_database.url, 300, 2, 2)

    assert await schema(fresh_database.url) == before
    database = Database(fresh_database.url)
    async with database.engine.connect() as connection:
        assert await connection.run_sync(migrate.differences) == []
        invalid = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"
        assert await connection.scalar(text(invalid)) == 0
        unchecked = "SELECT count(*) FROM pg_constraint WHERE NOT convalidated"
        assert await connection.scalar(text(unchecked)) == 0
        on_partitions = await connection.scalar(
            text("SELECT count(*) FROM pg_indexes WHERE tablename = 'readings_2026_10'")
        )
        assert on_partitions == 4
    await database.close()


async def schema(url: str) -> list[tuple[str, str]]:
    """Indexes and constraints by definition."""
    connection = await engine.connect(url)
    try:
        rows = await connection.fetch(
            "SELECT indexname AS name, indexdef AS sql FROM pg_indexes WHERE tablename !~ '_20[0-9]{2}_' "
            "UNION ALL SELECT conname || conrelid::regclass, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE conrelid::regclass::text !~ '_20[0-9]{2}_' AND contype <> 'n' ORDER BY 1, 2"
        )
        return [(row["name"], row["sql"].replace(" ON ONLY ", " ON ")) for row in rows]
    finally:
        await connection.close()


async def test_a_base_with_data_is_refused_and_nothing_is_touched(fresh_database: TestDatabase) -> None:
    await seed_city(fresh_database.url, 100, 2, 2)
    before = await digest(fresh_database.url)

    with pytest.raises(SeedRefused, match="пустую базу"):
        await seed_city(fresh_database.url, 100, 3, 2)

    assert await digest(fresh_database.url) == before


@pytest.mark.parametrize(("accounts", "months", "words"), [(3, 3, "--accounts"), (100, 99, "--months")])
async def test_what_cannot_be_seeded_is_refused_in_words(accounts: int, months: int, words: str) -> None:
    with pytest.raises(SeedRefused, match=words):
        await seed_city("postgresql://nobody@127.0.0.1:1/nothing", accounts, 1, months)


async def test_open_month_is_the_last_with_readings(fresh_database: TestDatabase) -> None:
    await seed_city(fresh_database.url, 100, 2, 2, open_month=Period.parse("2026-09"), billed=False)

    database = Database(fresh_database.url)
    async with database.reading() as session:
        months = (await session.execute(text("SELECT period::text, state FROM months ORDER BY 1"))).all()
        last = await session.scalar(text("SELECT max(period)::text FROM readings"))
    await database.close()
    assert [tuple(row) for row in months] == [("2026-08-01", "closed"), ("2026-09-01", "open")]
    assert last == "2026-09-01"
