"""Routes as a workbook: given out stop by stop, looked at and taken back whole or not at all."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response

from storage import delivery
from storage.delivery import DeliveryRefused
from storage.delivery_file import DOWN, UP, FileLine, load, read_workbook
from storage.delivery_pages import file_rows
from web import clock
from web.delivery.listing import READERS, WRITERS, company_of, routes_view
from web.deps import CurrentUser, Reader, Writer
from web.export import Column, export_file
from web.forms import Typed, read_form
from web.lists import day_of
from web.render import page, see_other
from web.roles import allow

router = APIRouter(prefix="/delivery", dependencies=[allow(*READERS)])

FILE_BYTES_MAX = 8 * 2**20
NO_FILE = "Выберите таблицу xlsx с маршрутами."
TOO_LARGE = "Файл больше 8 МБ. Разделите его на части."
COLUMNS = (
    Column("Маршрут", width=30),
    Column("Почтальон", width=30),
    Column("№", "integer"),
    Column("Улица", width=30),
    Column("Дом", width=10),
    Column("Подъезд", "integer"),
    Column("Квартиры", width=12),
    Column("Город", width=20),
    Column("Чей", width=26),
    Column("Действует с", "date"),
)


@router.get("/stops.{form}")
async def stops_file(form: str, me: CurrentUser, session: Reader, day: str = "") -> Response:
    """All stops of the routes of a day as CSV or XLSX; the workbook may be loaded back."""
    company = company_of(me)
    found = await delivery.in_force(session, day_of(day) or clock.today())
    mine = [one.version_id for one in found if company is None or one.company_id == company]
    cells = [
        (
            one.route, one.carrier, one.position, one.street, one.house, one.entrance,
            DOWN if one.is_down else UP, one.city, one.owner, one.starts_on,
        )
        for one in await file_rows(session, mine)
    ]  # fmt: skip
    return await export_file(form, "Маршруты доставки", "Маршруты доставки", COLUMNS, cells)


@router.post("/file", dependencies=[allow(*WRITERS)])
async def take(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Look at a workbook («check») or keep its routes from a day on; with one wrong row nothing is kept."""
    form = await read_form(request)
    since = form.date("starts_on", "Впишите, с какого дня действуют маршруты: 01.10.2026.")
    lines = await _lines(form)
    loaded = None
    if form.is_good and since is not None:
        kept = await session.begin_nested()
        loaded = await load(session, company_of(me), lines, since, me.user_id)
        if loaded.errors or form.value("act") == "check":
            await kept.rollback()
        else:
            await kept.commit()
            return see_other(request, "/delivery?done=loaded")
    is_bad = not form.is_good or (loaded is not None and bool(loaded.errors))
    view = await routes_view(request, session, me, form, loaded)
    return page(request, "delivery/list.html", view, block="file", status=422 if is_bad else 200)


async def _lines(form: Typed) -> list[FileLine]:
    _, content = await form.sent("file", NO_FILE, FILE_BYTES_MAX, TOO_LARGE)
    if "file" in form.errors:
        return []
    try:
        return await asyncio.to_thread(read_workbook, content)
    except DeliveryRefused as refusal:
        form.refuse("file", refusal.message)
        return []
