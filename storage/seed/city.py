"""seed_city: an empty migrated database becomes a city with a history, the same for the same seed."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from billing.period import Period
from storage import engine
from storage.seed import reference, tables, tables_services
from storage.seed.copy import copy_in
from storage.seed.journal import journal
from storage.seed.load import Connection, bring_back, insert, restart_sequences, set_aside
from storage.seed.plan import City, generate
from storage.seed.readings import HouseVolumes, readings

Progress = Callable[[str, int, int], None]

OPEN_MONTH = Period(2026 * 12 + 9)  # October 2026
ACCOUNTS_MIN, ACCOUNTS_MAX = 20, 9_000_000  # an account number has seven digits for its account
MONTHS_MIN, MONTHS_MAX = 1, 24  # reference values begin in July 2024
BULK = (
    "streets", "houses", "house_managements", "entrances", "flats", "rooms", "accounts", "account_facts",
    "persons", "registrations", "ownerships", "account_benefits", "house_services", "account_services",
    "meters", "meter_events", "readings",
)  # fmt: skip
JOURNAL = ("service_requests", "request_events", "incidents")
SMALL = (
    "organisations", "contracts", "regions", "cities", "tariffs", "norms", "coefficients", "settings",
    "relief_values",
)  # fmt: skip


class SeedRefused(ValueError):
    """What was asked cannot be seeded; the message is for a person."""

    code = "seed-refused"
    permanent = True


@dataclass(slots=True)
class SeedReport:
    """What was made: rows by table, seconds by stage."""

    accounts: int
    seed: int
    first_month: str
    open_month: str
    rows: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


async def seed_city(
    database_url: str,
    accounts: int,
    seed: int,
    months: int,
    progress: Progress = lambda stage, done, total: None,
    open_month: Period = OPEN_MONTH,
    billed: bool = True,
) -> SeedReport:
    """Fill an empty database. `months` of readings end with `open_month`, whose readings are not all in yet.

    billed: the first month of the history becomes the open one, to be billed month by month (cluster);
    otherwise
    `open_month` is open at once and the months before it are closed without charges. Raises SeedRefused.
    """
    _check(accounts, months)
    report = SeedReport(accounts, seed, str(open_month.shift(1 - months)), str(open_month))
    clock = _Clock(report)
    city = generate(accounts, seed, months, open_month)
    clock.done("generate")
    connection = await engine.connect(database_url)
    try:
        async with connection.transaction():
            await _refuse_full(connection)
            await connection.execute("SET LOCAL statement_timeout = 0")
            await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            opened = city.first if billed else city.last
            await _reference(connection, city.companies, seed, city.first, city.last, opened)
            aside = await set_aside(connection, BULK)
            await _facts(connection, city, report, progress, np.random.default_rng([seed, 9]))
            report.rows["service_requests"] = await journal(
                connection, city, np.random.default_rng([seed, 11])
            )
            clock.done("facts")
            await _readings(connection, city, report, progress, np.random.default_rng([seed, 10]))
            clock.done("readings")
            progress("индексы", 0, 1)
            await bring_back(connection, aside)
            await restart_sequences(connection, (*BULK[:-1], *SMALL, *JOURNAL))
            await connection.execute(f"SELECT setval('readings_id_seq', {report.rows['readings'] + 1})")
            clock.done("indexes")
        await connection.execute(f"ANALYZE {', '.join((*SMALL, *BULK))}")
        progress("индексы", 1, 1)
        clock.done("analyze")
    finally:
        await connection.close()
    return report


def _check(accounts: int, months: int) -> None:
    if not ACCOUNTS_MIN <= accounts <= ACCOUNTS_MAX:
        raise SeedRefused(
            f"Счетов может быть от {ACCOUNTS_MIN} до {ACCOUNTS_MAX}, а задано {accounts}. "
            "Исправьте --accounts."
        )
    if not MONTHS_MIN <= months <= MONTHS_MAX:
        raise SeedRefused(
            f"Месяцев истории может быть от {MONTHS_MIN} до {MONTHS_MAX}, а задано {months}: "
            "цены города известны с июля 2024 года. Исправьте --months."
        )


async def seed_reference(
    database_url: str, seed: int, open_month: Period = OPEN_MONTH, companies: int = reference.COMPANIES_MIN
) -> None:
    """Only what a centre keeps itself: organisations, tariffs, norms, the open month; houses are imported."""
    connection = await engine.connect(database_url)
    try:
        async with connection.transaction():
            await _refuse_full(connection)
            await _reference(connection, companies, seed, open_month, open_month, open_month)
            await restart_sequences(connection, SMALL)
            for month in (open_month, open_month.shift(1)):
                await connection.fetchval("SELECT ensure_reading_partition($1)", month.first_day)
    finally:
        await connection.close()


async def _refuse_full(connection: Connection) -> None:
    if await connection.fetchval("SELECT EXISTS (SELECT 1 FROM organisations)"):
        raise SeedRefused(
            "В базе уже есть данные, поверх них город не создаётся. Возьмите пустую базу: "
            "другой PAYLOGIC_HOME или другой PAYLOGIC_DATABASE_URL."
        )


async def _reference(
    connection: Connection, companies: int, seed: int, first: Period, last: Period, opened: Period
) -> None:
    """Organisations and values of the city, and its calendar of months."""
    start = dt.date(2020, 1, 1)
    await insert(connection, "services", tables.service_rows())
    await insert(connection, "organisations", reference.organisations(companies))
    await insert(connection, "contracts", reference.contracts(companies, start))
    await insert(connection, "regions", tables.region_rows(seed))
    await insert(connection, "cities", tables.city_rows(seed))
    await insert(connection, "tariffs", reference.tariffs())
    await insert(connection, "norms", reference.norms(last.first_day))
    await insert(connection, "coefficients", reference.coefficients(last.year))
    await insert(connection, "relief_values", reference.relief_values())
    await insert(connection, "settings", reference.settings(last))
    months = [Period(n) for n in range(first.ordinal, last.ordinal + 1)]
    rows = [
        {
            "period": month.first_day,
            "state": "open" if month == opened else "closed",
            "closed_at": None if month == opened else tables.instant_of(month.shift(1).first_day),
        }
        for month in months
        if month <= opened
    ]
    await insert(connection, "months", rows)


async def _facts(
    connection: Connection, city: City, report: SeedReport, progress: Progress, random: np.random.Generator
) -> None:
    """Every bulk table but readings, each by one COPY."""
    made = chain(
        tables.fact_tables(city, random),
        tables_services.service_tables(city),
        tables_services.meter_tables(city),
    )
    for title, table, columns, rows in made:

        def tell(done: int, title: str = title, rows: int = rows) -> None:
            progress(title, done, rows)

        await copy_in(connection, table, columns, rows, tell)
        report.rows[table] = rows


async def _readings(
    connection: Connection, city: City, report: SeedReport, progress: Progress, random: np.random.Generator
) -> None:
    """Readings chunk by chunk into the partitions of their months."""
    partitions = {
        ordinal: await connection.fetchval("SELECT ensure_reading_partition($1)", Period(ordinal).first_day)
        for ordinal in range(city.first.ordinal - 1, city.last.ordinal + 1)
    }
    volumes = HouseVolumes(city.houses, city.accounts, city.used)
    total = len(city.meters) * (city.last.ordinal - city.first.ordinal + 2)
    written = 0
    for made in readings(random, city.meters, city.used, volumes, city.first, city.last, city.unread):
        columns = tables_services.reading_columns(city, made, written + 1)
        await copy_in(connection, partitions[made.period.ordinal], columns, len(made))
        written += len(made)
        progress("показания", written, total)
    report.rows["readings"] = written


class _Clock:
    """Seconds of each stage into the report."""

    def __init__(self, report: SeedReport) -> None:
        self._report, self._at = report, time.monotonic()

    def done(self, stage: str) -> None:
        now = time.monotonic()
        self._report.seconds[stage] = round(now - self._at, 2)
        self._at = now


__all__ = ["City", "SeedRefused", "SeedReport", "generate", "seed_city"]
