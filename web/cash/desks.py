"""«Кассы организаций»: the centre opens a desk for a company and sees where its cash is."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import cash, cash_pages, choices, desk_checks
from storage.cash import CashRefused
from storage.cash_pages import DeskMoney
from storage.desk_checks import NONE, OWN, SERVICE, DeskSetting, DeskSettingRefused
from storage.session import Session
from web.deps import CurrentUser, Reader, Writer
from web.export import Cell, Column, export_file
from web.forms import Typed, read_form
from web.render import page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, Me, allow

router = APIRouter(prefix="/centre/cash-desks", dependencies=[allow(*CENTRE_STAFF)])

PATH = "/centre/cash-desks"
COLUMNS = (
    Column("Организация", width=30),
    Column("Принято, ₽", "kopecks", 16),
    Column("В кассе, ₽", "kopecks", 16),
    Column("Сдано, не зачислено, ₽", "kopecks", 18),
    Column("Зачислено, ₽", "kopecks", 16),
)


@dataclass(frozen=True, slots=True)
class DesksView:
    """Desks and companies without one."""

    desks: list[DeskMoney]
    free: list[tuple[str, str]]
    form: Typed
    may_open: bool
    checks: dict[int, DeskSetting]
    ways: list[tuple[str, str]]

    def way(self, desk_id: int) -> str:
        """The chosen way of a desk as the form names it."""
        one = self.checks[desk_id]
        return f"{SERVICE}:{one.gate_id}" if one.gate_id is not None else one.checks

    def way_words(self, desk_id: int) -> str:
        """The same for people; a service that was turned off is told too."""
        one = self.checks[desk_id]
        known = dict(self.ways).get(self.way(desk_id))
        return known or f"{one.gate}: выключена, чеки ждут"


async def _view(session: Session, me: Me, form: Typed) -> DesksView:
    desks = await cash_pages.desks(session)
    known = {one.company_id for one in desks}
    free = [(str(one.id), one.name) for one in await choices.companies(session) if one.id not in known]
    ways = [(NONE, "Чеки здесь не ведут"), (OWN, "Своя ККТ: номер чека вводит кассир")]
    ways += [(f"{SERVICE}:{key}", f"Онлайн: {title}") for key, title in await desk_checks.services(session)]
    return DesksView(desks, free, form, me.may(*ACCRUERS), await desk_checks.settings(session), ways)


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader) -> Response:
    """Desks with their money."""
    return page(request, "cash/desks.html", await _view(session, me, Typed()))


@router.get(".{form}")
async def file(form: str, session: Reader) -> Response:
    """Desks as CSV or XLSX."""
    cells: list[list[Cell]] = [
        [one.company, one.taken_kopecks, one.in_desk_kopecks, one.in_bank_kopecks, one.arrived_kopecks]
        for one in await cash_pages.desks(session)
    ]
    return await export_file(form, "Кассы организаций", "Кассы организаций", COLUMNS, cells)


@router.post("", dependencies=[allow(*ACCRUERS)])
async def begin(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Open the desk of a company."""
    form = await read_form(request)
    company = form.integer("company", "Выберите организацию.")
    if form.is_good and company is not None and 0 < company < 2**31:
        try:
            await cash.open_desk(session, company, me.user_id)
            return see_other(request, PATH)
        except CashRefused as refusal:
            form.refuse("company", refusal.message)
    form.refuse("company", "Выберите организацию.")
    return page(request, "cash/desks.html", await _view(session, me, form), status=422)


@router.post("/{desk_id:int}/checks", dependencies=[allow(*ACCRUERS)])
async def set_checks(request: Request, desk_id: int, me: CurrentUser, session: Writer) -> Response:
    """Who makes fiscal receipts of a desk, from the next payment on."""
    form = await read_form(request)
    checks, _, gate = form.value("checks").partition(":")
    gate_id = int(gate) if gate.isascii() and gate.isdecimal() and len(gate) < 10 else None
    try:
        await desk_checks.change(session, desk_id, checks, gate_id, me.user_id)
        return see_other(request, PATH)
    except DeskSettingRefused as refusal:
        form.refuse("", str(refusal))
    return page(request, "cash/desks.html", await _view(session, me, form), status=422)
