"""«Акт сверки»: a payee's turnover between two balances, as a page and a file; the centre chooses whose."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from billing.period import Period
from storage import payee_act, vat
from storage.payee_act import Act, ActLine, Payee
from storage.session import Session
from storage.vat import Charged
from web import clock
from web.charges import label_of
from web.deps import CurrentUser, Reader
from web.export import Cell, Column, export_file
from web.filters import month, vat_rate
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
class ChargedRow:
    """A service of a month charged for the payee, with the VAT inside."""

    of_month: dt.date
    label: str
    kopecks: int
    rate: str
    vat_kopecks: int


@dataclass(frozen=True, slots=True)
class ActView:
    """The act, what was charged in its months, whose it may be, and the days asked for."""

    act: Act | None
    charged: list[ChargedRow]
    payees: list[Payee]
    form: Typed
    is_centre: bool

    @property
    def charged_kopecks(self) -> int:
        """All that was charged."""
        return sum(one.kopecks for one in self.charged)

    @property
    def vat_kopecks(self) -> int:
        """VAT inside it."""
        return sum(one.vat_kopecks for one in self.charged)

    @property
    def query(self) -> str:
        """The same days and payee in an address."""
        return urlencode({key: self.form.value(key) for key in ("payee", "since", "until")})


async def _view(session: Session, me: Me, typed: dict[str, str]) -> ActView:
    is_centre = me.may(*CENTRE_STAFF)
    payees = await payee_act.payees(session) if is_centre else []
    opened = Period.of(me.open_period or clock.today())
    form = Typed(
        {
            "payee": typed.get("payee", "") if is_centre else str(me.organisation_id or ""),
            "since": typed.get("since", "") or opened.first_day.isoformat(),
            "until": typed.get("until", "") or max(opened.last_day, clock.today()).isoformat(),
        }
    )
    first = form.date("since", "Такого дня нет. Введите так: 01.11.2026.")
    last = form.date("until", "Такого дня нет. Введите так: 30.11.2026.")
    if first is not None and last is not None and first > last:
        form.refuse("until", "Последний день раньше первого. Поменяйте их местами.")
    payee = form.value("payee")
    if not (payee.isascii() and payee.isdigit() and len(payee) < 10):
        return ActView(None, [], payees, form, is_centre)
    if not form.is_good or first is None or last is None:
        return ActView(None, [], payees, form, is_centre)
    found = await payee_act.act(session, int(payee), first, last)
    charged = _charged(await vat.of_payee(session, int(payee), first, last))
    return ActView(found, charged, payees, form, is_centre)


def _charged(sums: list[Charged]) -> list[ChargedRow]:
    """Sums of all companies by month and service."""
    groups: dict[tuple[dt.date, int], list[Charged]] = {}
    for one in sums:
        groups.setdefault((one.of_month, one.service), []).append(one)
    return [
        ChargedRow(
            of_month,
            label_of(service, 0, of[0].label),
            sum(one.kopecks for one in of),
            vat_rate(of[0].rate_bp) if of[0].rate_bp else "без НДС",
            sum(one.vat_kopecks for one in of),
        )
        for (of_month, service), of in groups.items()
    ]


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
        words = f"Поручение № {one.number}{_paid(one)}" if one.transfer_id else "Собрано за день"
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


CHARGED_COLUMNS = (
    Column("Месяц", width=20),
    Column("Услуга", width=40),
    Column("Начислено, ₽", "kopecks", 18),
    Column("Ставка НДС", width=14),
    Column("в т. ч. НДС, ₽", "kopecks", 18),
)


@router.get("/charged.{form}")
async def charged_file(request: Request, form: str, me: CurrentUser, session: Reader) -> Response:
    """What was charged for the payee in the months of the act, with VAT, as CSV or XLSX."""
    view = await _view(session, me, dict(request.query_params))
    if view.act is None:
        return page(request, "payouts/act.html", view, status=422)
    rows: list[list[Cell]] = [
        [month(one.of_month), one.label, one.kopecks, one.rate, one.vat_kopecks] for one in view.charged
    ]
    total: list[Cell] = ["Всего", None, view.charged_kopecks, None, view.vat_kopecks]
    title = f"Начислено: {view.act.payee_name}, {view.act.first_day:%d.%m.%Y}–{view.act.last_day:%d.%m.%Y}"
    return await export_file(form, f"Начислено {view.act.payee_name}", title, CHARGED_COLUMNS, rows, total)


def _paid(one: ActLine) -> str:
    if one.is_return:
        return ", возвращено банком"
    return f", списано {one.executed_on:%d.%m.%Y}" if one.executed_on else ", банк ещё не списал"
