"""A small city written by hand for tests of the pages: two companies, houses, accounts, people, runs.

Everything a page shows is here in figures one can add up in one's head; nothing is computed by the law.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import text

from billing.parked import Reason
from storage import users
from storage.engine import Database
from storage.natural import natural_key
from storage.session import Session

OCTOBER = dt.date(2026, 10, 1)
SEPTEMBER = dt.date(2026, 9, 1)
PASSWORD = "secret password"
LOGINS = {
    "centre": "ivanova",
    "publisher": "petrov",
    "admin": "admin",
    "company": "company",
    "dispatcher": "dispatcher",
    "supplier": "supplier",
    "social": "social",
    "agent": "agent",
    "resident": "0010001",
}
CENTRE, CENTRAL, NORTH, WATER, HEAT = 1, 2, 3, 4, 5
DRAFT, SEPTEMBER_RUN = 2, 1
ACCOUNTS = 24
"""Twelve flats in each of two houses, one house a company."""

ORGANISATIONS = (
    (CENTRE, "centre", "Расчётный центр"),
    (CENTRAL, "company", "УК «Центр»"),
    (NORTH, "company", "УК «Север»"),
    (WATER, "supplier", "Водоканал"),
    (HEAT, "supplier", "Теплосеть"),
)


async def build(owner: Database) -> None:
    """Fill an empty migrated database."""
    async with owner.transaction() as session:
        await _organisations(session)
        await _addresses(session)
        await _accounts(session)
        await _services(session)
        await _runs(session)
        await _sequences(session)
    async with owner.transaction() as session:
        await _people(session)


async def _many(session: Session, statement: str, rows: list[dict[str, object]]) -> None:
    await session.execute(text(statement), rows)


async def _organisations(session: Session) -> None:
    rows: list[dict[str, object]] = [
        {"id": number, "kind": kind, "name": name, "inn": f"36{number:08d}"}
        for number, kind, name in ORGANISATIONS
    ]
    await _many(
        session,
        "INSERT INTO organisations (id, kind, name, short_name, inn) VALUES (:id, :kind, :name, :name, :inn)",
        rows,
    )
    await session.execute(
        text("INSERT INTO months (period, state) VALUES (:september, 'closed'), (:october, 'open')"),
        {"september": SEPTEMBER, "october": OCTOBER},
    )


async def _addresses(session: Session) -> None:
    await session.execute(text("INSERT INTO regions (id, name) VALUES (1, 'Область')"))
    await session.execute(text("INSERT INTO cities (id, region_id, name) VALUES (1, 1, 'Город')"))
    await session.execute(
        text("""INSERT INTO streets (id, city_id, kind, name, search_name)
                VALUES (1, 1, 'ул.', 'Ленина', 'ленина'), (2, 1, 'ул.', 'Мира', 'мира')""")
    )
    await session.execute(
        text("""
        INSERT INTO houses (id, street_id, number, sort_key, floors, company_id, area_total_dm2,
                            area_common_dm2)
        VALUES (1, 1, '12', '000012', 3, 2, 60000, 9000), (2, 2, '4', '000004', 3, 3, 60000, 9000)""")
    )


async def _accounts(session: Session) -> None:
    flats: list[dict[str, object]] = []
    for house in (1, 2):
        for flat in range(1, 13):
            number = (house - 1) * 12 + flat
            flats.append(
                {
                    "id": number,
                    "house": house,
                    "company": CENTRAL if house == 1 else NORTH,
                    "number": str(flat),
                    "key": natural_key(str(flat)),
                    "account": f"00{house}{number:04d}",
                    "name": f"Плательщик {number}",
                    "opened": dt.date(2020, 1, 1),
                }
            )
    await _many(
        session,
        """INSERT INTO flats (id, house_id, company_id, number, sort_key, area_dm2, living_area_dm2)
           VALUES (:id, :house, :company, :number, :key, 5000, 3000)""",
        flats,
    )
    await _many(
        session,
        """INSERT INTO accounts (id, number, house_id, flat_id, company_id, payer_name, search_name,
                                 opened_on)
           VALUES (:id, :account, :house, :id, :company, :name, lower(:name), :opened)""",
        flats,
    )


async def _services(session: Session) -> None:
    await session.execute(
        text("""
        INSERT INTO services (code, key, label, short_label, unit, "group", position)
        VALUES (1, 'cold_water', 'Холодное водоснабжение', 'ХВС', 'м³', 'utility', 1),
               (4, 'heating', 'Отопление', 'Отопление', 'Гкал', 'utility', 2)
        ON CONFLICT (code) DO NOTHING""")
    )
    await session.execute(
        text("""
        INSERT INTO house_services (house_id, company_id, service, supplier_id, valid_from)
        SELECT h.id, h.company_id, s.service, s.supplier, DATE '2020-01-01'
          FROM houses h, (VALUES (1, 4), (4, 5)) AS s(service, supplier)""")
    )
    await session.execute(
        text("""
        INSERT INTO tariffs (service, rate, document, document_date, valid_from, valid_to)
        VALUES (1, 500000, 'Приказ РЭК № 10', '2025-12-01', '2026-01-01', '2026-07-01'),
               (1, 512345, 'Приказ РЭК № 44', '2026-06-01', '2026-07-01', NULL)""")
    )


async def _runs(session: Session) -> None:
    """September is published, 100 000 a house; October is a checked draft, 110 000 and 90 000, one parked."""
    await session.execute(
        text("""
        INSERT INTO runs (id, period, scope_kind, state, command_id, created_by, started_at,
                          checked_at, published_at, law_version, blocks_count, accounts_count, parked_count,
                          lines_count, amount_kopecks, surcharge_kopecks, digest)
        VALUES (1, :september, 'city', 'published', 'run-1', NULL, now(), now(), now(), 'law-1', 2, 24, 0,
                48, 20000000, 0, 'abc'),
               (2, :october, 'city', 'checked', 'run-2', NULL, now() - interval '1 minute', now(), NULL,
                'law-1', 2, 24, 1, 46, 19900000, 100000, 'def')"""),
        {"september": SEPTEMBER, "october": OCTOBER},
    )
    await session.execute(
        text("""
        INSERT INTO run_blocks (run_id, block_no, house_ids, state, attempts, accounts_count,
                                parked_count, lines_count, amount_kopecks, surcharge_kopecks, started_at,
                                finished_at)
        VALUES (1, 0, '{1,2}', 'done', 1, 24, 0, 48, 20000000, 0, now() - interval '9 s', now()),
               (2, 0, '{1}', 'done', 1, 12, 0, 24, 10900000, 100000, now() - interval '5 s', now()),
               (2, 1, '{2}', 'done', 2, 12, 1, 22, 9000000, 0, now() - interval '4 s', now())""")
    )
    await session.execute(
        text("""
        INSERT INTO run_totals (run_id, block_no, company_id, supplier_id, service, component, lines_count,
                                amount_kopecks, surcharge_kopecks)
        VALUES (1, 0, 2, 4, 1, 0, 12, 4000000, 0), (1, 0, 2, 5, 4, 0, 12, 6000000, 0),
               (1, 0, 3, 4, 1, 0, 12, 4000000, 0), (1, 0, 3, 5, 4, 0, 12, 6000000, 0),
               (2, 0, 2, 4, 1, 0, 12, 4400000, 100000), (2, 0, 2, 5, 4, 0, 12, 6500000, 0),
               (2, 1, 3, 4, 1, 0, 11, 3500000, 0), (2, 1, 3, 5, 4, 0, 11, 5500000, 0)""")
    )
    await session.execute(
        text("""
        INSERT INTO run_houses (run_id, house_id, company_id, accounts_count, parked_count, amount_kopecks,
                                surcharge_kopecks)
        VALUES (1, 1, 2, 12, 0, 10000000, 0), (1, 2, 3, 12, 0, 10000000, 0),
               (2, 1, 2, 12, 0, 10900000, 100000), (2, 2, 3, 12, 1, 9000000, 0)""")
    )
    await session.execute(
        text("""
        INSERT INTO parked_accounts (run_id, account_id, company_id, house_id, service, reason, message)
        VALUES (2, 24, 3, 2, 4, 'NO_AREA', :message)"""),
        {"message": Reason.NO_AREA.value},
    )
    await session.execute(
        text(
            "INSERT INTO run_log (run_id, event, message) VALUES (2, 'checked', 'Посчитано, отложен 1 счёт')"
        )
    )


async def _sequences(session: Session) -> None:
    """Rows above were given their ids by hand; the next ones begin at a hundred."""
    for table in ("organisations", "regions", "cities", "streets", "houses", "flats", "accounts", "runs"):
        await session.execute(text(f"SELECT setval('{table}_id_seq', 100)"))


async def _people(session: Session) -> None:
    organisation = {"company": CENTRAL, "dispatcher": CENTRAL, "supplier": WATER}
    names = {"centre": "Иванова А. П.", "publisher": "Петров С. И.", "admin": "Администратор"}
    for role, login in LOGINS.items():
        await users.create_user(
            session,
            login=login,
            password=PASSWORD,
            role=role,
            full_name=names.get(role, f"Сотрудник: {role}"),
            organisation_id=None if role == "resident" else organisation.get(role, CENTRE),
            account_ids=(1,) if role == "resident" else (),
            must_change_password=False,
        )
