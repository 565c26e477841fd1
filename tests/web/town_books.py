"""The books of the town: published runs and a draft, their lines, balances, payments, meters and readings."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import text

from billing.basis import Basis
from billing.money import charge
from billing.parked import Reason
from billing.period import Period
from storage.session import Session
from tests.web.town_places import (
    AREA_DM2,
    BANK,
    COLD_RATE,
    DRAFT,
    FIRST,
    HEAT,
    HEAT_RATE,
    MICRO,
    OPEN,
    UPKEEP_RATE,
    WATER,
    accounts,
    many,
)


async def write_runs(session: Session) -> None:
    for run in range(1, DRAFT + 1):
        period = FIRST.shift(run - 1)
        lines = lines_of(run)
        kopecks = sum(line["amount_kopecks"] for line in lines)
        surcharge = sum(line["surcharge_kopecks"] for line in lines)
        is_draft = run == DRAFT
        await session.execute(
            text("""
            INSERT INTO runs (id, period, scope_kind, state, command_id, created_at, started_at, checked_at,
                              published_at, law_version, blocks_count, accounts_count, parked_count,
                              lines_count, posted_in, amount_kopecks, surcharge_kopecks, digest)
            VALUES (:id, :period, 'city', :state, :command, now(), now(), now(), :published, 'law-1', 1, 10,
                    :parked, :lines, :posted_in, :kopecks, :surcharge, 'abc')"""),
            {
                "id": run,
                "period": period.first_day,
                "state": "checked" if is_draft else "published",
                "command": f"run-{run}",
                "published": None if is_draft else dt.datetime.now(dt.UTC),
                "posted_in": None if is_draft else period.first_day,
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
        VALUES (:run, 6, 2, 1, 8, 'NO_AREA', :message)"""),
        {"run": DRAFT, "message": Reason.NO_AREA.value},
    )


def volumes(run: int) -> int:
    """Cold water of account 1 in the month of a run, whole cubic metres: 5, 6, 7, 5, 6, 7 …"""
    return 5 + (run - 1) % 3


def reading_after(run: int) -> int:
    """What stood on the cold water meter at the end of the run's month."""
    return 100 + sum(volumes(n) for n in range(1, run + 1))


def lines_of(run: int) -> list[dict[str, Any]]:
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


async def write_lines(session: Session) -> None:
    for run in range(1, DRAFT + 1):
        for table in ("lines", "run_accounts"):
            await session.execute(
                text(f"CREATE TABLE {table}_{run} PARTITION OF {table} FOR VALUES IN ({run})")
            )
        await many(session, "lines", lines_of(run))
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
        for line in lines_of(run)
        if line["account_id"] == account_id
    )


async def write_money(session: Session) -> None:
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
                       (:entry, 2, 3, :period, NULL, :company, :bank, :amount)"""),
        values,
    )
    await session.execute(
        text("""INSERT INTO payments (id, agent_id, number, account_id, company_id, account_number,
                                      amount_kopecks, paid_on, state, entry_id)
                VALUES (:entry, :bank, :key, :account, :company, :number, :amount, :on, 'posted', :entry)"""),
        values,
    )


async def write_meters(session: Session) -> None:
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
