"""A small city written by plain SQL, for tests of runs: whole houses with people, services, prices, meters,
readings.

Deterministic and independent of the seed, so that a test says in itself what it is about.
"""

from __future__ import annotations

import asyncpg

PERIOD = "2026-10-01"

ORGANISATIONS = """
INSERT INTO organisations (id, kind, name, short_name, inn) VALUES
 (1, 'centre', 'Расчётный центр', 'РЦ', '7700000001'), (2, 'company', 'УК «Первая»', 'УК 1', '7700000002'),
 (3, 'company', 'УК «Вторая»', 'УК 2', '7700000003'), (4, 'supplier', 'Водоканал', 'Водоканал', '7700000004')
"""
USERS = """
INSERT INTO users (id, login, password_hash, role, full_name, organisation_id) VALUES
 (1, 'anna', '!', 'centre', 'Анна Расчётова', 1), (2, 'boris', '!', 'publisher', 'Борис Контролёров', 1),
 (3, 'vera', '!', 'publisher', 'Вера Второва', 1), (4, 'galina', '!', 'company', 'Галина Управдомова', 2)
"""
HOUSES = """
INSERT INTO houses (id, street_id, number, sort_key, floors, zone_id, company_id, area_total_dm2,
area_common_dm2) SELECT h, 1, h::text, lpad(h::text, 5, '0'), 5, 1 + h % 2, 2 + h % 2, $2::int * 5000, $2::int
* 500 FROM generate_series(1, $1::int) h
"""
FLATS = """
INSERT INTO flats (id, house_id, company_id, number, sort_key, rooms_count, area_dm2, living_area_dm2)
SELECT (h - 1) * $2::int + f, h, 2 + h % 2, f::text, lpad(f::text, 5, '0'), 1 + f % 3, 4000 + f * 10, 3000
  FROM generate_series(1, $1::int) h, generate_series(1, $2::int) f
"""
ACCOUNTS = """
INSERT INTO accounts (id, number, house_id, flat_id, company_id, payer_name, search_name, opened_on)
SELECT id, lpad(id::text, 10, '0'), house_id, id, company_id, 'Жилец ' || id, 'жилец ' || id, '2020-01-01'
FROM flats
"""
FACTS = """
INSERT INTO account_facts (account_id, house_id, company_id, area_dm2, living_area_dm2, heated_area_dm2,
residents, owners, valid_from)
SELECT id, house_id, company_id, area_dm2, living_area_dm2, area_dm2, id % 4, 1, '2020-01-01' FROM flats
"""
SERVICES = """
INSERT INTO house_services (house_id, company_id, service, supplier_id, method, valid_from)
SELECT h.id, h.company_id, s.service, coalesce(s.supplier, h.company_id), s.method, '2020-01-01' FROM houses
h, (VALUES (1, 4, 'law'), (3, 4, 'law'), (8, NULL, 'area')) AS s (service, supplier, method)
"""
TARIFFS = """
INSERT INTO tariffs (organisation_id, service, component, rate, document, valid_from) VALUES
 (NULL, 1, 0, 456700, 'Приказ 1', '2020-01-01'), (NULL, 3, 0, 321000, 'Приказ 2', '2020-01-01'),
 (2, 8, 0, 284100, 'Протокол 1', '2020-01-01'), (3, 8, 0, 301200, 'Протокол 2', '2020-01-01')
"""
NORMS = """
INSERT INTO norms (service, kind, value_micro, document, valid_from) VALUES
 (1, 'person', 4300000, 'Приказ 3', '2020-01-01'), (3, 'person', 7300000, 'Приказ 4', '2020-01-01')
"""
METERS = """
INSERT INTO meters (id, house_id, account_id, company_id, service, serial, installed_on)
SELECT id, house_id, id, company_id, 1, 'ХВС-' || id, '2020-01-01' FROM accounts WHERE id % 3 <> 0
"""
READINGS = """
INSERT INTO readings (period, meter_id, house_id, account_id, company_id, taken_on, value1_micro, source,
  prev_period, prev1_micro, window_months, window1_micro)
SELECT m.period, e.id, e.house_id, e.account_id, e.company_id, m.period + 23, 1000000 * (m.n * (3 + e.id %
5)), 'resident', CASE WHEN m.n > 1 THEN m.period - interval '1 month' END, 1000000 * ((m.n - 1) * (3 + e.id %
5)), least(m.n - 1, 6), 1000000 * least(m.n - 1, 6) * (3 + e.id % 5)
  FROM meters e, LATERAL (SELECT n, ($1::date + make_interval(months => n - 8))::date AS period
                            FROM generate_series(1, 8) n) m
 WHERE NOT (m.n = 8 AND e.id % 7 = 0)
"""


async def build(url: str, houses: int = 6, flats: int = 20) -> None:
    """Fill an empty migrated database; October 2026 is open, readings go eight months back."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute(ORGANISATIONS)
            await connection.execute(USERS)
            await connection.execute("INSERT INTO regions (id, name) VALUES (1, 'Область')")
            await connection.execute("INSERT INTO cities (id, region_id, name) VALUES (1, 1, 'Город')")
            await connection.execute(
                "INSERT INTO streets (id, city_id, name, search_name) VALUES (1, 1, 'Мира', 'мира')"
            )
            await connection.execute(HOUSES, houses, flats)
            await connection.execute(FLATS, houses, flats)
            await connection.execute(ACCOUNTS)
            await connection.execute(FACTS)
            for statement in (SERVICES, TARIFFS, NORMS, METERS):
                await connection.execute(statement)
            for back in range(8):
                await connection.execute(
                    "SELECT ensure_reading_partition(($1::text::date - make_interval(months => $2))::date)",
                    PERIOD,
                    back,
                )
            await connection.execute(READINGS.replace("$1::date", f"'{PERIOD}'::date"))
            await connection.execute(
                "INSERT INTO months (period, state) VALUES ('2026-09-01', 'closed'), ('2026-10-01', 'open')"
            )
            for table in ("organisations", "users", "houses", "flats", "accounts", "meters"):
                await connection.execute(
                    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
                )
    finally:
        await connection.close()
