"""The whole import: read, check, load sheet after sheet, and keep all or nothing.

A check is an import that is rolled back, so that what is checked is exactly what would be loaded.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.period import Period
from storage import months
from storage.engine import Database
from storage.importer import sheets
from storage.importer.book import Book
from storage.importer.facts import derive_facts
from storage.importer.files import open_file, read_path
from storage.importer.known import Load
from storage.importer.load_accounts import load_accounts
from storage.importer.load_balances import load_balances
from storage.importer.load_distributors import load_distributor_readings, load_distributors
from storage.importer.load_meters import load_meters
from storage.importer.load_people import load_people
from storage.importer.load_places import load_flats, load_houses, load_services
from storage.importer.load_readings import load_readings
from storage.importer.verdicts import ImportRefused, Report
from storage.tables.events import AuditRow, ImportRun, ImportVerdict

NO_REFERENCE = (
    "В базе нет ни одной УК, загружать некому: сначала нужны организации, тарифы и нормативы. Заведите свои "
    "или "
    "возьмите пример: paylogic seed --reference. Потом загрузите книгу: paylogic import ФАЙЛ --organisation "
    "НОМЕР."
)
IMPORT_LOCK = 7_120_361  # one import at a time: two would find each other's houses missing
STEPS = (
    load_houses,
    load_services,
    load_flats,
    load_accounts,
    load_people,
    derive_facts,
    load_meters,
    load_readings,
    load_distributors,
    load_distributor_readings,
    load_balances,
)


async def run_import(
    database_url: str,
    file: Path,
    *,
    check: bool = False,
    organisation_id: int | None = None,
    user_id: int | None = None,
    today: dt.date | None = None,
    open_month: Period | None = None,
) -> dict[str, Any]:
    """Check or load a file. organisation_id None = the only company there is. Raises ImportRefused.

    open_month is opened when the base has no month yet (None: the last month of the readings, else today's).
    """
    name, content = read_path(file)
    database = Database(database_url, pool_max=1)
    try:
        async with database.transaction() as session:
            await session.execute(text("SET LOCAL statement_timeout = 0"))
            company = organisation_id or await only_company(session)
            do = check_workbook if check else import_workbook
            report = await do(session, name, content, company, user_id=user_id, today=today, first=open_month)
        return report.as_dict()
    finally:
        await database.close()


async def only_company(session: AsyncSession) -> int:
    """The company a file is for when nobody said: there must be one."""
    rows = (
        await session.execute(
            text("SELECT id, short_name FROM organisations WHERE kind = 'company' ORDER BY id")
        )
    ).all()
    if len(rows) == 1:
        return int(rows[0].id)
    if not rows:
        raise ImportRefused("no-company", NO_REFERENCE)
    known = ", ".join(f"{row.id} — {row.short_name}" for row in rows[:20])
    raise ImportRefused("which-company", f"Чей это файл? Укажите --organisation и номер: {known}.")


async def check_workbook(
    session: AsyncSession,
    file_name: str,
    content: bytes,
    organisation_id: int,
    *,
    user_id: int | None = None,
    today: dt.date | None = None,
    first: Period | None = None,
) -> Report:
    """Say what would be loaded and what is wrong; nothing is kept. For the workers' role."""
    report = _report(file_name, content)
    nested = await session.begin_nested()
    try:
        await _load(session, report, file_name, content, organisation_id, user_id, today, first)
    finally:
        await nested.rollback()
    return report


async def import_workbook(
    session: AsyncSession,
    file_name: str,
    content: bytes,
    organisation_id: int,
    *,
    user_id: int | None = None,
    today: dt.date | None = None,
    first: Period | None = None,
) -> Report:
    """Load everything, or nothing when a single row is bad; the import and its verdicts are kept either way.

    The same file again changes nothing. For the workers' role, in the caller's transaction.
    """
    report = _report(file_name, content)
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": IMPORT_LOCK})
    known = await _imported(session, report.digest, organisation_id)
    if known is not None:
        report.state, report.import_id = "unchanged", known
        return report
    nested = await session.begin_nested()
    try:
        await _load(session, report, file_name, content, organisation_id, user_id, today, first)
    except BaseException:
        await nested.rollback()
        raise
    if report.ok:
        await nested.commit()
        report.state = "imported"
    else:
        await nested.rollback()
        report.state = "refused"
    await _keep(session, report, content, organisation_id, user_id)
    return report


def _report(file_name: str, content: bytes) -> Report:
    return Report(file_name, hashlib.sha256(content).hexdigest())


async def _imported(session: AsyncSession, digest: str, organisation_id: int) -> int | None:
    found: int | None = await session.scalar(
        text(
            "SELECT id FROM imports WHERE digest = :digest AND company_id = :company AND state = 'imported' "
            "ORDER BY id LIMIT 1"
        ),
        {"digest": digest, "company": organisation_id},
    )
    return found


async def _load(
    session: AsyncSession,
    report: Report,
    file_name: str,
    content: bytes,
    organisation_id: int,
    user_id: int | None,
    today: dt.date | None,
    first: Period | None,
) -> None:
    book = Book(open_file(file_name, content), report)
    if report.ok and not any(counts.rows for counts in report.sheets.values()):
        raise ImportRefused(
            "empty-file",
            "В файле нет ни одной строки. Заполните листы; строки с примечанием «Пример» не загружаются.",
        )
    kind = await session.scalar(
        text("SELECT kind FROM organisations WHERE id = :id"), {"id": organisation_id}
    )
    if kind is None and await session.scalar(text("SELECT count(*) FROM organisations")) == 0:
        raise ImportRefused("no-company", NO_REFERENCE)
    if kind != "company":
        raise ImportRefused(
            "no-company", f"Организации {organisation_id} нет или это не УК. Проверьте номер."
        )
    now = today or dt.datetime.now(dt.UTC).date()
    opened = await months.open_month(session)
    if opened is None:
        month = first or _last_reading_month(book) or Period.of(now)
        await months.open_first(session, month.first_day)
        opened = month.first_day
    load = Load(session, organisation_id, user_id, now, opened)
    for step in STEPS:
        await step(load, book)


def _last_reading_month(book: Book) -> Period | None:
    return max((row["month"] for row in book.good(sheets.READINGS)), default=None)


async def _keep(
    session: AsyncSession, report: Report, content: bytes, organisation_id: int, user_id: int | None
) -> None:
    """The import itself, its verdicts, and a row of the audit."""
    values = {
        "digest": report.digest,
        "file_name": report.file_name,
        "company_id": organisation_id,
        "user_id": user_id,
        "state": report.state,
        "rows_total": report.rows,
        "rows_good": max(0, report.rows - len(report.bad_rows)),
        "rows_bad": len(report.bad_rows),
        "content": content,
    }
    report.import_id = await session.scalar(insert(ImportRun).values(**values).returning(ImportRun.id))
    if report.verdicts:
        await session.execute(
            insert(ImportVerdict),
            [
                {
                    "import_id": report.import_id,
                    "sheet": one.sheet,
                    "row": one.row,
                    "column": one.column,
                    "value": one.value,
                    "message": one.message,
                    "position": min(position, 32_000),
                }
                for position, one in enumerate(report.verdicts)
            ],
        )
    await session.execute(
        insert(AuditRow).values(
            user_id=user_id,
            company_id=organisation_id,
            action=f"import.{report.state}",
            subject_kind="import",
            subject_id=report.import_id,
            after={"file": report.file_name, "rows": report.rows, "bad": len(report.bad_rows)},
        )
    )
