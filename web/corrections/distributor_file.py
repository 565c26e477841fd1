"""«Загрузить показания»: distributors and their readings from a table, checked first, then kept whole."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from storage import choices
from storage.import_orders import XLSX
from storage.importer import distributor_file
from storage.importer.distributor_file import FILE_BYTES_MAX, TOO_LARGE
from storage.importer.files import RawSheet
from storage.importer.verdicts import ImportRefused, Report
from storage.session import Session
from web import clock
from web.corrections.distributor_houses import DONE, FileView, houses_view
from web.corrections.distributors import Year
from web.corrections.words import CORRECTORS, READERS
from web.deps import CurrentUser, Reader, Writer, address_of
from web.forms import TABLES, Typed, read_form
from web.render import page, see_other
from web.roles import CENTRE_STAFF, Me, allow

router = APIRouter(prefix="/distributors", dependencies=[allow(*READERS)])

NO_FILE = "Выберите таблицу xlsx с показаниями."
VERDICTS_SHOWN = 200


def _seen(report: Report) -> FileView:
    counts = [(title, one) for title, one in report.sheets.items() if one.rows]
    total = len(report.verdicts) + report.verdicts_left_off
    return FileView(report.verdicts[:VERDICTS_SHOWN], total, counts)


@router.get("/template.xlsx")
async def template(session: Reader, year: Year = None) -> Response:
    """The table of both sheets: the distributors of the register, of whom readings of the year are asked."""
    content = await distributor_file.template(session, year or clock.today().year - 1)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote('Распределители.xlsx')}"}
    return Response(content, media_type=XLSX, headers=headers)


@router.post("/file", dependencies=[allow(*CORRECTORS)])
async def take(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Look at a table («check») or keep it; with one bad row nothing is kept."""
    form = await read_form(request)
    company_id = await _company(session, form, me)
    name, content, raw = await _raw(form)
    report = None
    if form.is_good and company_id is not None:
        kept = await session.begin_nested()
        try:
            report = await distributor_file.load_file(
                session,
                raw,
                company_id,
                clock.today(),
                name=name,
                content=content,
                user_id=me.user_id,
                ip=address_of(request),
            )
        except ImportRefused as refusal:
            form.refuse("file", refusal.message)
        if report is not None and report.ok and form.value("act") == "load":
            await kept.commit()
            return see_other(request, f"/distributors?done={DONE}#main")
        await kept.rollback()
    is_bad = report is None or not report.ok
    view = await houses_view(request, session, me, form, _seen(report) if report else None)
    return page(
        request, "corrections/distributor_houses.html", view, block="file", status=422 if is_bad else 200
    )


async def _company(session: Session, form: Typed, me: Me) -> int | None:
    """Whose the file is: the person's own organisation, or the one the centre has chosen."""
    if not me.may(*CENTRE_STAFF):
        return me.organisation_id
    chosen = form.integer("organisation", "Выберите, чьи это дома.")
    if chosen is not None and chosen not in {one.id for one in await choices.companies(session)}:
        form.refuse("organisation", "Такой организации нет. Выберите из списка.")
        return None
    return chosen


async def _raw(form: Typed) -> tuple[str, bytes, list[RawSheet]]:
    name, content = await form.sent("file", NO_FILE, FILE_BYTES_MAX, TOO_LARGE, TABLES)
    if "file" in form.errors:
        return name, b"", []
    try:
        return name, content, await asyncio.to_thread(distributor_file.read_file, name, content)
    except ImportRefused as refusal:
        form.refuse("file", refusal.message)
        return name, content, []
