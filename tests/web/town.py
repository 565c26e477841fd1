"""A town of ten accounts written by hand for tests of pages: accounts, companies, dispatch, the cabinet.

Two companies with a house each, twelve published months and an open one with a draft. Account 1 has all
that a page can show: people, an owner, meters with a year of readings, payments. The draft parks account 6.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import text

from billing.basis import Basis
from billing.money import charge
from billing.period import Period
from storage import users
from storage.engine import Database
from storage.session import Session

PASSWORD = "secret password"
CENTRE, CENTRAL, NORTH, WATER, HEAT, DISPATCH, BANK, SOCIAL = 1, 2, 3, 4, 5, 6, 7, 8
OPEN = Period.parse("2026-10")
FIRST = OPEN.shift(-12)
DRAFT = 13
"""Runs 1–12 are published, one a month from October 2025; run 13 is the draft of October 2026."""
MICRO = 1_000_000
COLD_RATE, HEAT_RATE, UPKEEP_RATE = 512_345, 24_450_000, 287_500
AREA_DM2 = 5_430

LOGINS: dict[str, tuple[str, int | None, tuple[int, ...]]] = {
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


async def build(owner: Database) -> None:
    """Fill an empty migrated database."""
    async with owner.transaction() as session:
        await session.execute(text("SELECT set_config('paylogic.loading', 'on', true)"))
        await _organisations(session)
        await _addresses(session)
        await _accounts(session)
        await _services(session)
        await _runs(session)
        await _lines(session)
        await _money(session)
        await _meters(session)
    async with owner.transaction() as session:
        await _people(session)
        await _users(session)


async def _many(session: Session, table: str, rows: list[dict[str, Any]]) -> None:
    names = list(rows[0])
    marks = ", ".join(f":{name}" for name in names)
    await session.execute(text(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"), rows)


async def _organisations(session: Session) -> None:
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
    await _many(session, "organisations", rows)
    await session.execute(text("SELECT setval('organisations_id_seq', 100)"))
    await session.execute(
        text(
            "INSERT INTO contracts (organisation_id, counterparty_id, kind, number, valid_from) "
            "VALUES (:company, :dispatch, 'dispatch', '1/2025', '2025-01-01')"
        ),
        {"company": CENTRAL, "dispatch": DISPATCH},
    )
    months = [
        {"period": FIRST.shift(n).first_day, "state": "closed" if n < 12 else "open"} for n in range(13)
    ]
    await _many(session, "months", months)
    await session.execute(
        text("INSERT INTO settings (key, value, valid_from) VALUES ('reading_last_day', '25', '2025-01-01')")
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


async def _accounts(session: Session) -> None:
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
    await _many(session, "account_facts", facts)


async def _people(session: Session) -> None:
    """Two registered in flat 1, one of them an owner."""
    await session.execute(
        text("""
        INSERT INTO persons (id, company_id, surname, name, patronymic, search_name, born_on)
        VALUES (1, 2, 'Алёхина', 'Мария', 'Петровна', 'алехина мария петровна', '1961-05-04'),
               (2, 2, 'Алёхин', 'Денис', 'Юрьевич', 'алехин денис юрьевич', '1990-11-20')""")
    )
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


async def _services(session: Session) -> None:
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


async def _runs(session: Session) -> None:
    for run in range(1, DRAFT + 1):
        period = FIRST.shift(run - 1)
        lines = _lines_of(run)
        kopecks = sum(line["amount_kopecks"] for line in lines)
        surcharge = sum(line["surcharge_kopecks"] for line in lines)
        is_draft = run == DRAFT
        await session.execute(
            text("""
            INSERT INTO runs (id, period, scope_kind, state, command_id, created_at, started_at, checked_at,
                              published_at, law_version, blocks_count, accounts_count, parked_count,
                              lines_count, amount_kopecks, surcharge_kopecks, digest)
            VALUES (:id, :period, 'city', :state, :command, now(), now(), now(), :published, 'law-1', 1, 10,
                    :parked, :lines, :kopecks, :surcharge, 'abc')"""),
            {
                "id": run,
                "period": period.first_day,
                "state": "checked" if is_draft else "published",
                "command": f"run-{run}",
                "published": None if is_draft else dt.datetime.now(dt.UTC),
                "parked": 1 if is_draft else 0,
                "lines": len(lines),
                "kopecks": kopecks,
                "surcharge": surcharge,
            },
        )
    await session.execute(text("SELECT setval('runs_id_seq', 100)"))
    await session.execute(
        text("""
        INSERT INTO parked_accounts (run_id, account_id, company_id, house_id, service, reason, message)
        VALUES (:run, 6, 2, 1, 8, 'NO_AREA',
                'Не указана площадь. Впишите площадь в карточке квартиры, и счёт посчитается.')"""),
        {"run": DRAFT},
    )


def volumes(run: int) -> int:
    """Cold water of account 1 in the month of a run, whole cubic metres: 5, 6, 7, 5, 6, 7 …"""
    return 5 + (run - 1) % 3


def reading_after(run: int) -> int:
    """What stood on the cold water meter at the end of the run's month."""
    return 100 + sum(volumes(n) for n in range(1, run + 1))


def _lines_of(run: int) -> list[dict[str, Any]]:
    """Upkeep and heating by norm for all; water by meter for account 1, by a raised norm for the rest."""
    days = FIRST.shift(run - 1).days
    made: list[dict[str, Any]] = []
    for row in accounts():
        if run == DRAFT and row["id"] == 6:
            continue
        common = {"run_id": run, "account_id": row["id"], "company_id": row["company"], "days": days}
        area = AREA_DM2 * 10_000
        made.append(
            _line(common, 8, row["company"], Basis.AREA, area, 1, UPKEEP_RATE, 0, AREA_DM2 * days, days)
        )
        heat = AREA_DM2 * 23_700
        made.append(_line(common, 4, HEAT, Basis.HEAT_NORM, heat, 100, HEAT_RATE, 0, AREA_DM2 * days, 23_700))
        if row["id"] == 1 and run != DRAFT:
            before, after = (reading_after(n) * MICRO for n in (run - 1, run))
            made.append(_line(common, 1, WATER, Basis.METER, after - before, 1, COLD_RATE, 0, before, after))
        else:
            people = 2 if row["id"] == 1 else 1
            volume = 4_330_000 * people
            made.append(
                _line(
                    common,
                    1,
                    WATER,
                    Basis.NORM_RAISED,
                    volume,
                    1,
                    COLD_RATE,
                    volume * 500,
                    people * days,
                    4_330_000,
                )
            )
    return made


def _line(
    common: dict[str, Any],
    service: int,
    supplier: int,
    basis: Basis,
    num: int,
    den: int,
    rate: int,
    raised: int,
    a: int,
    b: int,
) -> dict[str, Any]:
    return common | {
        "supplier_id": supplier,
        "service": service,
        "component": 0,
        "basis": int(basis),
        "kind": 0,
        "first_day": 1,
        "volume_num": num,
        "volume_den": den,
        "rate": rate,
        "amount_kopecks": int(charge([num], [den], [rate])[0]),
        "surcharge_kopecks": int(charge([raised], [den], [rate], over=1000)[0]) if raised else 0,
        "raised_num": raised,
        "a": a,
        "b": b,
    }


async def _lines(session: Session) -> None:
    for run in range(1, DRAFT + 1):
        for table in ("lines", "run_accounts"):
            await session.execute(
                text(f"CREATE TABLE {table}_{run} PARTITION OF {table} FOR VALUES IN ({run})")
            )
        await _many(session, "lines", _lines_of(run))
    await session.execute(
        text("""
        INSERT INTO run_accounts (run_id, account_id, company_id, lines_count, amount_kopecks,
                                  surcharge_kopecks)
        SELECT run_id, account_id, min(company_id), count(*), sum(amount_kopecks), sum(surcharge_kopecks)
          FROM lines GROUP BY 1, 2""")
    )
    await session.execute(
        text("""
        INSERT INTO run_totals (run_id, block_no, company_id, supplier_id, service, component, lines_count,
                                amount_kopecks, surcharge_kopecks)
        SELECT run_id, 0, company_id, supplier_id, service, component, count(*), sum(amount_kopecks),
               sum(surcharge_kopecks) FROM lines GROUP BY 1, 3, 4, 5, 6""")
    )
    await session.execute(
        text("""
        INSERT INTO run_houses (run_id, house_id, company_id, accounts_count, parked_count, amount_kopecks,
                                surcharge_kopecks)
        SELECT c.run_id, a.house_id, a.company_id, count(*), 0, sum(c.amount_kopecks),
               sum(c.surcharge_kopecks)
          FROM run_accounts c JOIN accounts a ON a.id = c.account_id GROUP BY 1, 2, 3""")
    )


def charged(run: int, account_id: int) -> int:
    """Kopecks of an account in a run, with the surcharge."""
    return sum(
        line["amount_kopecks"] + line["surcharge_kopecks"]
        for line in _lines_of(run)
        if line["account_id"] == account_id
    )


async def _money(session: Session) -> None:
    """Account 1 pays in each month what it was charged before and owes September; others owe two months."""
    entry = 0
    for row in accounts():
        account, debt = row["id"], 0
        for run in range(1, DRAFT + 1):
            period = FIRST.shift(run - 1)
            await session.execute(
                text("INSERT INTO opening_balances VALUES (:period, :account, :company, :debt)"),
                {"period": period.first_day, "account": account, "company": row["company"], "debt": debt},
            )
            pays = debt if account == 1 else (0 if run >= DRAFT - 1 else debt)
            if pays > 0 and run < DRAFT:
                entry += 1
                await _payment(session, entry, account, row["company"], period, pays, row["number"])
                debt -= pays
            if run < DRAFT:
                debt += charged(run, account)
    await session.execute(text("SELECT setval('entries_id_seq', 10000), setval('payments_id_seq', 10000)"))


async def _payment(
    session: Session, entry: int, account: int, company: int, period: Period, kopecks: int, number: str
) -> None:
    values = {
        "entry": entry,
        "account": account,
        "company": company,
        "period": period.first_day,
        "on": period.first_day.replace(day=12),
        "amount": kopecks,
        "minus": -kopecks,
        "number": number,
        "key": f"pay-{entry}",
        "bank": BANK,
    }
    await session.execute(
        text("""INSERT INTO entries (id, kind, period, booked_on, idempotency_key, input_hash)
                VALUES (:entry, 'payment', :period, :on, :key, :key)"""),
        values,
    )
    await session.execute(
        text("""INSERT INTO postings (entry_id, ordinal, book, period, account_id, company_id,
                                      organisation_id, amount_kopecks)
                VALUES (:entry, 1, 1, :period, :account, :company, NULL, :minus),
                       (:entry, 2, 2, :period, NULL, :company, :bank, :amount)"""),
        values,
    )
    await session.execute(
        text("""INSERT INTO payments (id, agent_id, number, account_id, company_id, account_number,
                                      amount_kopecks, paid_on, state, entry_id)
                VALUES (:entry, :bank, :key, :account, :company, :number, :amount, :on, 'posted', :entry)"""),
        values,
    )


async def _meters(session: Session) -> None:
    await session.execute(
        text("""
        INSERT INTO meters (id, house_id, account_id, company_id, service, serial, model, place, zones,
                            digits, initial1_micro, initial2_micro, installed_on, verified_until)
        VALUES (1, 1, 1, 2, 1, '123456', 'СВК-15', 'ванная', 1, 5, 100000000, 0, '2022-03-10', '2028-03-10'),
               (2, 1, 1, 2, 5, '778899', 'Меркурий 200', 'щиток', 2, 6, 1000000000, 400000000, '2021-06-01',
                '2037-06-01')""")
    )
    await session.execute(text("SELECT setval('meters_id_seq', 100)"))
    for run in range(1, DRAFT):
        period = FIRST.shift(run - 1)
        await session.execute(text("SELECT ensure_reading_partition(:day)"), {"day": period.first_day})
        for meter, value1, value2, before1, before2 in (
            (1, reading_after(run), 0, reading_after(run - 1), 0),
            (2, 1_000 + 90 * run, 400 + 40 * run, 910 + 90 * run, 360 + 40 * run),
        ):
            await session.execute(
                text("""
                INSERT INTO readings (period, meter_id, house_id, account_id, company_id, taken_on,
                                      value1_micro, value2_micro, source, prev_period, prev1_micro,
                                      prev2_micro, window_months, window1_micro, window2_micro)
                VALUES (:period, :meter, 1, 1, 2, :on, :value1, :value2, 'resident',
                        :prev, :before1, :before2, :months, :window1, :window2)"""),
                {
                    "period": period.first_day,
                    "meter": meter,
                    "on": period.first_day.replace(day=22),
                    "value1": value1 * MICRO,
                    "value2": value2 * MICRO,
                    "prev": period.shift(-1).first_day if run > 1 else None,
                    "before1": before1 * MICRO,
                    "before2": before2 * MICRO,
                    "months": min(run, 6),
                    "window1": (value1 - _back(meter, run)[0]) * MICRO,
                    "window2": (value2 - _back(meter, run)[1]) * MICRO,
                },
            )
    await session.execute(text("SELECT ensure_reading_partition(:day)"), {"day": OPEN.first_day})


def _back(meter: int, run: int) -> tuple[int, int]:
    """What stood on a meter six months before the end of a run's month, or at installation."""
    month = max(run - 6, 0)
    return (reading_after(month), 0) if meter == 1 else (1_000 + 90 * month, 400 + 40 * month)


async def _users(session: Session) -> None:
    for login, (role, organisation, accounts_of) in LOGINS.items():
        await users.create_user(
            session,
            login=login,
            password=PASSWORD,
            role=role,
            full_name=FULL_NAMES.get(login, f"Сотрудник {login}"),
            organisation_id=organisation,
            account_ids=accounts_of,
            must_change_password=False,
        )


FULL_NAMES = {
    "ivanova": "Иванова А. П.",
    "petrov": "Петров С. И.",
    "center": "Смирнова О. В.",
    "dispatcher": "Орлов К. Д.",
    "1000001": "Алёхина Мария Петровна",
    "1000002": "Борисов Олег Иванович",
}
