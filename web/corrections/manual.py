"""A correction by hand: one service, one month, a sum with its sign, a reason and a document."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.period import Period
from billing.services import CATALOGUE
from storage import account_lines
from storage.account_pages import AccountHead
from storage.correction_limit import alone_limit
from storage.corrections import HandSum, request_manual
from storage.recompute import MONTHS_MAX
from storage.runs import RunRefused
from storage.session import Session
from web.corrections.desk import account_of
from web.corrections.start import ground_of
from web.corrections.words import CORRECTORS, REASON_CHOICES
from web.deps import CurrentUser, Reader, Writer
from web.filters import month
from web.forms import Typed, blank, read_form
from web.render import page, see_other
from web.roles import allow

router = APIRouter(prefix="/corrections/accounts/{account_id:int}/manual", dependencies=[allow(*CORRECTORS)])


@dataclass(frozen=True, slots=True)
class ManualView:
    """The form: services the account is charged for, months, reasons."""

    account: AccountHead
    form: Typed
    services: list[tuple[str, str]]
    months: list[tuple[str, str]]
    reasons: list[tuple[str, str]]
    signs: list[tuple[str, str]]
    limit_kopecks: int
    base: str


SIGNS = [("minus", "Снять"), ("plus", "Доначислить")]


@router.get("")
async def show(request: Request, account_id: int, me: CurrentUser, session: Reader) -> Response:
    """The empty form."""
    account, opened = await account_of(session, me, account_id)
    form = blank(period=opened.shift(-1), sign="minus", command=secrets.token_hex(16))
    view = await _view(session, account, opened, form)
    return page(request, "corrections/manual.html", view, "form")


async def _view(session: Session, account: AccountHead, opened: Period, form: Typed) -> ManualView:
    recent = tuple(opened.shift(-back).first_day for back in range(13))
    lines = await account_lines.lines(session, account.id, account.house_id, account.company_id, recent)
    charged = {line.service for line in lines if not line.is_draft}
    services = [(str(code), info.label) for code, info in CATALOGUE.items() if code in charged]
    months = [opened.shift(-back) for back in range(MONTHS_MAX + 1)]
    return ManualView(
        account=account,
        form=form,
        services=[("", "Выберите"), *services],
        months=[(str(one), month(one.first_day)) for one in months],
        reasons=REASON_CHOICES,
        signs=SIGNS,
        limit_kopecks=await alone_limit(session, account.company_id, opened.first_day),
        base=f"/corrections/accounts/{account.id}",
    )


@router.post("")
async def draft(request: Request, account_id: int, me: CurrentUser, session: Writer) -> Response:
    """Ask for the draft of one sum."""
    account, opened = await account_of(session, me, account_id)
    form = await read_form(request)
    one, ground = _sum(form), ground_of(form)
    command = form.value("command")
    if form.is_good and one is not None and ground is not None:
        try:
            async with session.begin_nested():
                run_id = await request_manual(
                    session,
                    account.id,
                    [one],
                    ground,
                    me.user_id,
                    command if 16 <= len(command) <= 64 else None,
                )
            return see_other(request, f"/corrections/{run_id}")
        except RunRefused as refused:
            field = {"sum": "kopecks", "never-charged": "service", "month-ahead": "period"}
            form.refuse(field.get(refused.code, ""), refused.message)
    view = await _view(session, account, opened, form)
    return page(request, "corrections/manual.html", view, "form", status=422, retitle=True)


def _sum(form: Typed) -> HandSum | None:
    service = form.integer("service", "Выберите услугу.")
    period = form.period("period")
    kopecks = form.scaled("kopecks", 2, "Введите сумму в рублях: 123,45.")
    sign = form.choice("sign", ("plus", "minus"), "Выберите, снять или доначислить.")
    if service is None or period is None or kopecks is None or not form.is_good:
        return None
    return HandSum(period, service, kopecks if sign == "plus" else -kopecks)
