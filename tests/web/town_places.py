"""Who and what stands in the town: organisations, houses, accounts, people, services, users."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import text

from billing.period import Period
from storage.session import Session
from storage.users import hash_password

PASSWORD = "secret password"
CENTRE, CENTRAL, NORTH, WATER, HEAT, DISPATCH, BANK, SOCIAL = 1, 2, 3, 4, 5, 6, 7, 8
OPEN = Period.parse("2026-10")
FIRST = OPEN.shift(-12)
DRAFT = 13
"""Runs 1–12 are published, one a month from October 2025; run 13 is the draft of October 2026."""
MICRO = 1_000_000
COLD_RATE, HEAT_RATE, UPKEEP_RATE = 512_345, 24_450_000, 287_500
AREA_DM2 = 5_430

PEOPLE: dict[str, tuple[str, int | None, tuple[int, ...]]] = {
    "ivanova": ("centre", CENTRE, ()),
    "petrov": ("publisher", CENTRE, ()),
    "admin": ("admin", CENTRE, ()),
    "center": ("company", CENTRAL, ()),
    "north": ("company", NORTH, ()),
    "dispatcher": ("dispatcher", DISPATCH, ()),
    "foreman": ("dispatcher", NORTH, ()),
    "vodokanal": ("supplier", WATER, ()),
    "bank": ("agent", BANK, ()),
    "social": ("social", SOCIAL, ()),
    "1000001": ("resident", None, (1, 7)),
    "1000002": ("resident", None, (2,)),
}
"""Login → role, organisation, accounts. The dispatch centre has a contract with «Центр» only."""

ORGANISATIONS = (
    (CENTRE, "centre", "Расчётный центр"),
    (CENTRAL, "company", "УК «Центр»"),
    (NORTH, "company", "УК «Север»"),
    (WATER, "supplier", "Водоканал"),
    (HEAT, "supplier", "Теплосеть"),
    (DISPATCH, "dispatch", "Единая диспетчерская"),
    (BANK, "agent", "Городской банк"),
    (SOCIAL, "social", "Соцзащита"),
)
FLATS = ((1, 1, 6), (7, 2, 4))
"""First account id, house, number of flats: accounts 1–6 on ул. Ленина 12, 7–10 on ул. Мира 4."""


async def many(session: Session, table: str, rows: list[dict[str, Any]]) -> None:
    names = list(rows[0])
    marks = ", ".join(f":{name}" for name in names)
    await session.execute(text(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"), rows)


async def write_organisations(session: Session) -> None:
    rows = [
        {
            "id": number,
            "kind": kind,
            "name": name,
            "short_name": name,
            "inn": f"36{number:08d}",
            "phone": f"+7 000 200-10-{number:02d}",
            "emergency_phone": f"+7 000 200-11-{number:02d}",
            "bank_account": "40702810900000000001",
            "bank_name": "Городской банк",
            "bank_bic": "044525974",
            "bank_corr_account": "30101810145250000974",
        }
        for number, kind, name in ORGANISATIONS
    ]
    await many(session, "organisations", rows)
    await session.execute(text("SELECT setval('organisations_id_seq', 100)"))
    await session.execute(
        text(
            "INSERT INTO contracts (organisation_id, counterparty_id, kind, number, valid_from) "
            "VALUES (:company, :dispatch, 'dispatch', '1/2020', '2020-01-01')"
        ),
        {"company": CENTRAL, "dispatch": DISPATCH},
    )
    months = [
        {"period": FIRST.shift(n).first_day, "state": "closed" if n < 12 else "open"} for n in range(13)
    ]
    await many(session, "months", months)
    await session.execute(
        text("INSERT INTO settings (key, value, valid_from) VALUES ('reading_last_day', '25', '2020-01-01')")
    )


async def write_addresses(session: Session) -> None:
    await session.execute(text("INSERT INTO regions (id, name) VALUES (1, 'Область')"))
    await session.execute(text("INSERT INTO cities (id, region_id, name) VALUES (1, 1, 'Город')"))
    await session.execute(
        text("""INSERT INTO streets (id, city_id, kind, name, search_name)
                VALUES (1, 1, 'ул.', 'Ленина', 'ленина'), (2, 1, 'ул.', 'Мира', 'мира')""")
    )
    await session.execute(
        text("""
        INSERT INTO houses (id, street_id, number, sort_key, floors, entrances_count, company_id,
                            area_total_dm2, area_common_dm2, year_built, postcode)
        VALUES (1, 1, '12', '000012', 3, 2, 2, 32580, 4000, 1978, '360001'),
               (2, 2, '4', '000004', 2, 1, 3, 21720, 3000, 1964, '360002')""")
    )


def accounts() -> list[dict[str, Any]]:
    """Rows of accounts with their flats, in order of id."""
    made = []
    for first, house, count in FLATS:
        for flat in range(1, count + 1):
            number = first + flat - 1
            made.append(
                {
                    "id": number,
                    "house": house,
                    "company": CENTRAL if house == 1 else NORTH,
                    "flat": str(flat),
                    "key": f"{flat:06d}",
                    "number": f"{1_000_000 + number}",
                    "name": NAMES[number - 1],
                    "search": NAMES[number - 1].lower().replace("ё", "е"),
                    "phone": f"+7 000 100-00-{number:02d}",
                    "entrance": 1 if flat <= 3 else 2,
                    "floor": (flat - 1) % 3 + 1,
                }
            )
    return made


NAMES = (
    "Алёхина Мария Петровна",
    "Борисов Олег Иванович",
    "Власова Анна Сергеевна",
    "Громов Пётр Андреевич",
    "Денисова Вера Павловна",
    "Ершов Иван Кузьмич",
    "Алёхина Мария Петровна",
    "Жуков Семён Ильич",
    "Зимина Раиса Львовна",
    "Ильин Марк Ефимович",
)


async def write_accounts(session: Session) -> None:
    rows = accounts()
    await session.execute(
        text("""INSERT INTO flats (id, house_id, company_id, number, sort_key, entrance, floor, area_dm2,
                                   living_area_dm2)
                VALUES (:id, :house, :company, :flat, :key, :entrance, :floor, 5430, 3210)"""),
        rows,
    )
    await session.execute(
        text("""INSERT INTO accounts (id, number, house_id, flat_id, company_id, payer_name, search_name,
                                      phone, opened_on)
                VALUES (:id, :number, :house, :id, :company, :name, :search, :phone, '2015-03-01')"""),
        rows,
    )
    await session.execute(text("SELECT setval('accounts_id_seq', 1000)"))
    facts = [
        {
            "account_id": row["id"],
            "house_id": row["house"],
            "company_id": row["company"],
            "area_dm2": None if row["id"] == 6 else AREA_DM2,
            "living_area_dm2": 3_210,
            "heated_area_dm2": AREA_DM2,
            "residents": 2 if row["id"] == 1 else 1,
            "valid_from": dt.date(2015, 3, 1),
        }
        for row in rows
    ]
    await many(session, "account_facts", facts)


async def write_people(session: Session) -> None:
    """Two registered in flat 1, one of them an owner."""
    await session.execute(
        text("""
        INSERT INTO persons (id, company_id, surname, name, patronymic, search_name, born_on)
        VALUES (1, 2, 'Алёхина', 'Мария', 'Петровна', 'алехина мария петровна', '1961-05-04'),
               (2, 2, 'Алёхин', 'Денис', 'Юрьевич', 'алехин денис юрьевич', '1990-11-20')""")
    )
    await session.execute(text("SELECT setval('persons_id_seq', 100)"))
    await session.execute(
        text("""
        INSERT INTO registrations (account_id, person_id, company_id, kind, relation, valid_from)
        VALUES (1, 1, 2, 'permanent', 'собственник', '2015-03-01'),
               (1, 2, 2, 'permanent', 'сын', '2015-03-01')""")
    )
    await session.execute(
        text("""
        INSERT INTO ownerships (account_id, person_id, company_id, share_num, share_den, valid_from, ground)
        VALUES (1, 1, 2, 1, 1, '2015-03-01', 'Договор купли-продажи от 12.02.2015')""")
    )
    await session.execute(
        text("""
        INSERT INTO account_benefits (account_id, person_id, company_id, category, valid_from)
        VALUES (1, 1, 2, 'veteran_labour', '2020-01-01')""")
    )


async def write_services(session: Session) -> None:
    await session.execute(
        text("""
        INSERT INTO services (code, key, label, short_label, unit, "group", position)
        VALUES (1, 'cold_water', 'Холодное водоснабжение', 'ХВС', 'м³', 'utility', 2),
               (4, 'heating', 'Отопление', 'Отопление', 'Гкал', 'utility', 3),
               (5, 'electricity', 'Электроснабжение', 'Свет', 'кВт·ч', 'utility', 4),
               (8, 'upkeep', 'Содержание жилого помещения', 'Содержание', 'м²', 'housing', 1)
        ON CONFLICT (code) DO NOTHING""")
    )
    await session.execute(
        text("""
        INSERT INTO house_services (house_id, company_id, service, supplier_id, valid_from)
        SELECT h.id, h.company_id, s.service, coalesce(s.supplier, h.company_id), DATE '2020-01-01'
          FROM houses h, (VALUES (1, 4), (4, 5), (8, NULL)) AS s(service, supplier)""")
    )
    await session.execute(
        text("""
        INSERT INTO tariffs (service, rate, document, document_date, valid_from)
        VALUES (1, :cold, 'Приказ департамента тарифов № 44', '2024-12-10', '2025-01-01'),
               (4, :heat, 'Приказ департамента тарифов № 45', '2024-12-10', '2025-01-01'),
               (8, :upkeep, 'Протокол общего собрания № 1', '2024-11-10', '2025-01-01')"""),
        {"cold": COLD_RATE, "heat": HEAT_RATE, "upkeep": UPKEEP_RATE},
    )
    await session.execute(
        text("""
        INSERT INTO norms (service, kind, value_micro, document, document_date, valid_from)
        VALUES (1, 'person', 4330000, 'Приказ министерства ЖКХ № 112', '2023-11-09', '2024-01-01'),
               (4, 'area', 23700, 'Приказ министерства ЖКХ № 112', '2023-11-09', '2024-01-01')""")
    )


async def write_users(session: Session) -> None:
    password = await hash_password(PASSWORD)
    for number, (login, (role, organisation, accounts_of)) in enumerate(PEOPLE.items(), start=1):
        await session.execute(
            text("""
            INSERT INTO users (id, login, password_hash, role, full_name, organisation_id)
            VALUES (:id, :login, :password, :role, :name, :organisation)"""),
            {
                "id": number,
                "login": login,
                "password": password,
                "role": role,
                "name": FULL_NAMES.get(login, f"Сотрудник {login}"),
                "organisation": organisation,
            },
        )
        if accounts_of:
            rows = [{"user_id": number, "account_id": account} for account in accounts_of]
            await many(session, "user_accounts", rows)
    await session.execute(text("SELECT setval('users_id_seq', 100)"))


FULL_NAMES = {
    "ivanova": "Иванова А. П.",
    "petrov": "Петров С. И.",
    "center": "Смирнова О. В.",
    "dispatcher": "Орлов К. Д.",
    "1000001": "Алёхина Мария Петровна",
    "1000002": "Борисов Олег Иванович",
}
