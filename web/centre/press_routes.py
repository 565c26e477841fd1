"""Routes of a print run: their register as a file, and giving their volumes to a person."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from storage import press_routes
from storage.press_orders import PressRefused
from web.centre.press import found, press_view
from web.deps import CurrentUser, Reader, Writer
from web.export import Column, export_file
from web.filters import moment, month
from web.forms import read_form
from web.render import page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, allow

router = APIRouter(prefix="/centre/press/{run_id}", dependencies=[allow(*CENTRE_STAFF)])

WHOM_MAX = 120
COLUMNS = (
    Column("Маршрут", width=30),
    Column("Почтальон", width=30),
    Column("С №", "integer"),
    Column("По №", "integer"),
    Column("Тома", width=16),
    Column("Домов", "integer"),
    Column("Квитанций", "integer"),
    Column("Листов", "integer"),
    Column("К оплате, ₽", "kopecks"),
    Column("Кому отдано", width=30),
    Column("Кто отдал", width=30),
    Column("Когда", width=20),
)


@router.get("/routes.{form}")
async def routes_file(run_id: int, form: str, session: Reader) -> Response:
    """Routes with counts, sums and who took them: CSV or XLSX."""
    run = await found(session, run_id)
    rows = await press_routes.routes_of(session, run_id)
    cells = [
        (
            row.name, row.carrier, row.first_number, row.last_number, ", ".join(row.volumes),
            row.houses_count, row.receipts_count, row.sheets, row.due_kopecks, row.whom or "",
            row.handed_by or "", moment(row.handed_at) if row.handed_at else "",
        )
        for row in rows
    ]  # fmt: skip
    total = (
        "Всего", "", None, None, "", None, sum(row.receipts_count for row in rows),
        sum(row.sheets for row in rows), sum(row.due_kopecks for row in rows), "", "", "",
    )  # fmt: skip
    title = f"Печать {run.id}: {month(run.period)}, маршруты"
    return await export_file(form, f"Печать {run_id} маршруты", title, COLUMNS, cells, total)


@router.post("/routes/{route_no}", dependencies=[allow(*ACCRUERS)])
async def hand_route(
    request: Request, run_id: int, route_no: int, me: CurrentUser, session: Writer
) -> Response:
    """Record who took the volumes of a route; the next record says who has them since."""
    run = await found(session, run_id)
    form = await read_form(request)
    whom = form.text("route_whom", "Впишите, кому отдаёте тома маршрута.", WHOM_MAX)
    if form.is_good:
        try:
            await press_routes.hand_over(session, run_id, route_no, whom, me.user_id)
            return see_other(request, f"/centre/press/{run_id}#routes")
        except PressRefused as refusal:
            form.refuse("route_whom", refusal.message)
    view = await press_view(session, run, True, form)
    return page(request, "centre/press_run.html", view, status=422)
