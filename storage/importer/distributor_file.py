"""The sheets of distributors alone: a company loads them from a page, in the transaction of the request."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import io
import zipfile
from typing import Any

from storage import distributor_devices, months
from storage.importer import sheets
from storage.importer.book import Book
from storage.importer.files import RawSheet, open_file
from storage.importer.known import Load, know_accounts
from storage.importer.load_distributors import load_distributor_readings, load_distributors
from storage.importer.template import write_rows
from storage.importer.verdicts import ImportRefused, Report
from storage.session import Session

SHEETS = (sheets.DISTRIBUTORS, sheets.DISTRIBUTOR_READINGS)
FILE_BYTES_MAX = 4 * 2**20
"""More goes by «Загрузка данных», where a worker reads it."""
UNPACKED_MAX = 64 * 2**20
ROWS_MAX = 20_000
"""A request judges so many in about a second."""
TOO_LARGE = "Таблица слишком велика: можно до 4 МБ и 20 000 строк. Разделите её по домам и загрузите частями."


async def template(session: Session, year: int) -> bytes:
    """The workbook of both sheets with hints and an example row; the known distributors wait for readings."""
    known = await distributor_devices.to_read(session, year, ROWS_MAX)
    rows: list[dict[str, Any]] = [
        {"account": account, "year": year, "serial": serial} for account, serial in known
    ]
    return await asyncio.to_thread(write_rows, {sheets.DISTRIBUTOR_READINGS.key: rows}, of=SHEETS)


def read_file(name: str, content: bytes) -> list[RawSheet]:
    """Both sheets as they stand in the file; its other sheets are left out. Raises ImportRefused."""
    try:
        if len(content) > FILE_BYTES_MAX or _unpacked(content) > UNPACKED_MAX:
            raise ImportRefused("too-large", TOO_LARGE)
        found = [one for one in open_file(name, content) if one.sheet in SHEETS]
    except zipfile.BadZipFile as error:
        raise ImportRefused(
            "broken-file", "Файл не открывается: он повреждён. Сохраните его в Excel заново."
        ) from error
    if sum(len(one.rows) for one in found) > ROWS_MAX:
        raise ImportRefused("too-large", TOO_LARGE)
    return found


def _unpacked(content: bytes) -> int:
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return 0
    return sum(one.file_size for one in zipfile.ZipFile(io.BytesIO(content)).infolist())


async def load_file(
    session: Session,
    raw: list[RawSheet],
    company_id: int,
    today: dt.date,
    *,
    name: str = "",
    content: bytes = b"",
    user_id: int | None = None,
    ip: str | None = None,
) -> Report:
    """Judge and write every row; the caller rolls back when it is not ok or it only looks.

    Raises ImportRefused when there is no row.
    """
    report = Report(name, hashlib.sha256(content).hexdigest())
    book = Book(raw, report)
    if report.ok and not report.rows:
        titles = " и ".join(f"«{sheet.title}»" for sheet in SHEETS)
        raise ImportRefused("empty-file", f"В таблице нет строк на листах {titles}. Возьмите образец.")
    opened = await months.open_month(session) or today.replace(day=1)
    load = Load(session, company_id, user_id, today, opened, ip=ip)
    named = {row["account"] for sheet in SHEETS for row in book.rows(sheet) if row.values.get("account")}
    await know_accounts(load, named)
    await load_distributors(load, book)
    await load_distributor_readings(load, book)
    report.state = "imported" if report.ok else "refused"
    return report
