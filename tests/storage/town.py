"""A very small town for tests of storage: one company, two suppliers, one house of three flats, one open
month.
"""

import datetime as dt

from sqlalchemy import text

from storage.engine import Database

COMPANY, WATER, HEAT, AGENT, DISPATCH, OTHER_COMPANY = 1, 2, 3, 4, 5, 6
OPEN = dt.date(2026, 10, 1)

TOWN = """
INSERT INTO organisations (id, kind, name, short_name, inn) VALUES
  (1, 'company', 'УК «Центр»', 'УК «Центр»', '7700000001'), (2, 'supplier', 'Водоканал', 'Водоканал',
  '7700000002'),
  (3, 'supplier', 'Теплосеть', 'Теплосеть', '7700000003'), (4, 'agent', 'Банк', 'Банк', '7700000004'),
  (5, 'dispatch', 'Диспетчерская', 'Диспетчерская', '7700000005'), (6, 'company', 'УК «Восток»', 'УК
  «Восток»', '77');
INSERT INTO regions (id, name) VALUES (1, 'Область');
INSERT INTO cities (id, region_id, name) VALUES (1, 1, 'Город');
INSERT INTO streets (id, city_id, name, search_name) VALUES (1, 1, 'Ленина', 'ленина'), (2, 1, 'Мира',
'мира');
INSERT INTO houses (id, street_id, number, sort_key, floors, company_id, area_total_dm2, area_common_dm2)
VALUES (1, 1, '12', '000012', 5, 1, 500000, 50000), (2, 2, '4', '000004', 5, 6, 500000, 50000);
INSERT INTO flats (id, house_id, company_id, number, sort_key, area_dm2, living_area_dm2)
  SELECT n, 1, 1, n::text, lpad(n::text, 6, '0'), 5430, 3000 FROM generate_series(1, 3) n;
INSERT INTO flats (id, house_id, company_id, number, sort_key, area_dm2, living_area_dm2)
  VALUES (4, 2, 6, '12', '000012', 4000, 3000);
INSERT INTO accounts (id, number, house_id, flat_id, company_id, payer_name, search_name, phone, opened_on)
VALUES (1, '0012345', 1, 1, 1, 'Иванов Пётр Сергеевич', 'иванов петр сергеевич', '79001234567', '2015-01-01'),
  (2, '0012354', 1, 2, 1, 'Иванова Анна', 'иванова анна', NULL, '2015-01-01'),
  (3, '0012399', 1, 3, 1, 'Петров Олег', 'петров олег', NULL, '2015-01-01'),
  (4, '0099999', 2, 4, 6, 'Сидоров Иван', 'сидоров иван', NULL, '2015-01-01');
INSERT INTO account_facts (account_id, house_id, company_id, area_dm2, residents, valid_from)
  SELECT id, house_id, company_id, 5430, 2, '2015-01-01' FROM accounts;
INSERT INTO meters (id, house_id, account_id, company_id, service, serial, place, digits, initial1_micro,
installed_on) VALUES (1, 1, 1, 1, 1, '123456', 'ванная', 5, 100000000, '2026-01-15');
INSERT INTO meters (id, house_id, account_id, company_id, service, serial, zones, installed_on)
  VALUES (2, 1, 1, 1, 5, 'Э-77', 2, '2026-01-15');
INSERT INTO months (period, state) VALUES ('2026-10-01', 'open');
"""


async def build(db: Database) -> None:
    """Fill an empty migrated database; sequences go on after the ids given."""
    async with db.engine.begin() as connection:
        for statement in TOWN.split(";\n"):
            if statement.strip():
                await connection.execute(text(statement))
        for table in ("organisations", "houses", "flats", "accounts", "meters", "streets"):
            await connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), 1000)"))
