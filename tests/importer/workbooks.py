"""A small workbook that loads, to be spoiled by tests; and the base it is loaded into."""

from __future__ import annotations

import copy
import datetime as dt
from pathlib import Path
from typing import Any

from billing.period import Period
from storage.engine import Database
from storage.importer import Report, check_workbook, import_workbook
from storage.importer.template import write_rows
from storage.seed.reference import FIRST_COMPANY

COMPANY = FIRST_COMPANY
OCTOBER = Period.parse("2026-10")
TODAY = dt.date(2026, 10, 28)
EXAMPLE = Path(__file__).parents[2] / "examples" / "uk-tihij-dvor.xlsx"

Rows = dict[str, list[dict[str, Any]]]

GOOD: Rows = {
    "houses": [
        {
            "street": "ул. Пробная",
            "house": "3",
            "floors": 5,
            "entrances": 2,
            "zone": 1,
            "area_total": "120,5",
            "area_common": "14,2",
            "kind": "кирпичный",
        },
    ],
    "services": [
        {
            "street": "ул. Пробная",
            "house": "3",
            "service": "ХВС",
            "supplier": "0041000747",
            "first": "01.05.2024",
        },
        {
            "street": "ул. Пробная",
            "house": "3",
            "service": "Содержание",
            "method": "по площади",
            "first": "01.05.2024",
        },
    ],
    "flats": [
        {
            "street": "ул. Пробная",
            "house": "3",
            "number": "1",
            "rooms": 2,
            "area": "52,4",
            "living": "30,1",
            "entrance": 1,
            "floor": 1,
        },
        {"street": "ул. Пробная", "house": "3", "number": "2", "rooms": 1, "area": "38,1", "living": "19,0"},
    ],
    "accounts": [
        {
            "account": "910001",
            "street": "ул. Пробная",
            "house": "3",
            "flat": "1",
            "payer": "Пробина Анна Ильинична",
            "opened": "01.06.2016",
            "els": "00АБ000011",
        },
        {
            "account": "910002",
            "street": "ул. Пробная",
            "house": "3",
            "flat": "2",
            "payer": "Опытов Пётр Олегович",
            "opened": "01.06.2016",
        },
    ],
    "people": [
        {
            "account": "910001",
            "surname": "Пробина",
            "name": "Анна",
            "patronymic": "Ильинична",
            "born": "03.04.1980",
            "status": "собственник и зарегистрирован",
            "first": "01.07.2016",
        },
        {
            "account": "910002",
            "surname": "Опытов",
            "name": "Пётр",
            "patronymic": "Олегович",
            "born": "09.01.1975",
            "status": "собственник",
            "first": "01.07.2016",
        },
    ],
    "meters": [
        {
            "account": "910001",
            "service": "ХВС",
            "serial": "ПР-1",
            "installed": "12.05.2022",
            "initial1": "0",
            "verified": "11.05.2028",
        },
    ],
    "readings": [
        {"service": "ХВС", "serial": "ПР-1", "month": "08.2026", "taken": "20.08.2026", "value1": "210,5"},
        {"service": "ХВС", "serial": "ПР-1", "month": "09.2026", "taken": "20.09.2026", "value1": "214,7"},
        {"service": "ХВС", "serial": "ПР-1", "month": "10.2026", "taken": "20.10.2026", "value1": "219"},
    ],
    "balances": [{"account": "910001", "amount": "1520,40"}],
}


def good() -> Rows:
    """Rows of a workbook in which everything is right."""
    return copy.deepcopy(GOOD)


def xlsx(rows: Rows) -> bytes:
    return write_rows(rows, with_examples=False)


async def check(database: Database, rows: Rows) -> Report:
    async with database.transaction() as session:
        return await check_workbook(session, "проба.xlsx", xlsx(rows), COMPANY, today=TODAY)


async def load(database: Database, content: bytes, name: str = "проба.xlsx") -> Report:
    async with database.transaction() as session:
        return await import_workbook(session, name, content, COMPANY, today=TODAY)
