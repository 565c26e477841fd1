"""«Акт сверки»: a payee's turnover between two balances, as a page and a file; the centre chooses whose."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from billing.period import Period
from storage import payee_act
from storage.payee_act import Act, Payee
from storage.session import Session
from web import clock
from web.deps import CurrentUser, Reader
from web.export import Cell, Column, export_file
from web.forms import Typed
from web.render import page
from web.roles import CENTRE_STAFF, Me, Role, allow

router = APIRouter(prefix="/reconciliation", dependencies=[allow(*CENTRE_STAFF, Role.SUPPLIER, Role.COMPANY)])

COLUMNS = (
    Column("Дата", "date", 12),
    Column("Документ", width=34),
    Column("Собрано, ₽", "kopecks", 16),
    Column("Вознаграждение агентов, ₽", "kopecks", 22),
    Column("Вознаграждение РЦ, ₽", "kopecks", 20),
    Column("Переведено, ₽", "kopecks", 16),
)


@dataclass(frozen=True, slots=True)
class ActView:
    """The act, whose it may be, and the days asked for."""

    act: Act | None
    payees: list[Payee]
    form: Typed
    is_centre: bool

    @property
    def query(self) -> str:
        """The same days and payee in an address."""
        return urlencode({key: self.form.value(key) for key in ("payee", "since", "until")})


async def _view(session: Session, me: Me, typed: dict[str, str]) -> ActView:
    is_centre = me.may(*CENTRE_STAFF)
    payees = await payee_act.payees(session) if is_centre else []
    month = Period.of(me.open_period or clock.today())
    form = Typed(
        {
            "payee": typed.get("payee", "") if is_centre else str(me.organisation_id or ""),
            "since": typed.get("since", "") or month.first_day.isoformat(),
            "until": typed.get("until", "") or max(month.last_day, clock.today()).isoformat(),
        }
    )
    first = form.date("since", "Такого дня нет. Введите так: 01.11.2026.")
    last = form.date("until", "Такого дня нет. Введите так: 30.11.2026.")
    if first is not None and last is not None and first > last:
        form.refuse("until", "Последний день раньше первого. Поменяйте их местами.")
    payee = form.value("payee")
    if not (payee.isascii() and payee.isdigit() and len(payee) < 10):
        return ActView(None, payees, form, is_centre)
    if not form.is_good or first is None or last is None:
        return ActView(None, payees, form, is_centre)
    return ActView(await payee_act.act(session, int(payee), first, last), payees, form, is_centre)


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader) -> Response:
    """The act of some days."""
    view = await _view(session, me, dict(request.query_params))
    return page(request, "payouts/act.html", view, status=200 if view.form.is_good else 422)


@router.get(".{form}")
async def file(request: Request, form: str, me: CurrentUser, session: Reader) -> Response:
    """The act as CSV or XLSX, with both balances."""
    view = await _view(session, me, dict(request.query_params))
    if view.act is None:
        return page(request, "payouts/act.html", view, status=422)
    act = view.act
    rows: list[list[Cell]] = [
        [act.first_day, "Остаток к переводу на начало", act.opening_kopecks, None, None, None]
    ]
    for one in act.lines:
        words = f"Поручение № {one.number}{_paid(one.executed_on)}" if one.transfer_id else "Собрано за день"
        rows.append(
            [
                one.day,
                words,
                None if one.transfer_id else one.collected_kopecks,
                one.agent_fee_kopecks if one.transfer_id else None,
                one.centre_fee_kopecks if one.transfer_id else None,
                one.transferred_kopecks if one.transfer_id else None,
            ]
        )
    rows.append(
        [
            act.last_day,
            "Обороты",
            act.collected_kopecks,
            act.agent_fee_kopecks,
            act.centre_fee_kopecks,
            act.transferred_kopecks,
        ]
    )
    total: list[Cell] = ["", "Остаток к переводу на конец", act.closing_kopecks, None, None, None]
    title = f"Акт сверки: {act.payee_name}, {act.first_day:%d.%m.%Y}–{act.last_day:%d.%m.%Y}"
    return await export_file(form, f"Акт сверки {act.payee_name}", title, COLUMNS, rows, total)


def _paid(day: dt.date | None) -> str:
    return f", списано {day:%d.%m.%Y}" if day else ", банк ещё не списал"
