"""«Льготы и субсидия» of a resident: what is entered, what it gives, a calculator of the subsidy."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response

from storage import benefits
from storage.relief_values import reliefs_on
from storage.session import Session
from web import clock
from web.benefit_words import BenefitLine, MonthBenefit, lines_of, month_of
from web.cabinet.frame import Frame, frame, recent_lines
from web.deps import CurrentUser, Reader
from web.forms import Typed, read_form
from web.instalment_words import Offer, offers
from web.render import page
from web.roles import Me, Role, allow
from web.subsidy_form import SubsidyResult, opened_form, reckoned

router = APIRouter(prefix="/my/benefits", dependencies=[allow(Role.RESIDENT)])


@dataclass(frozen=True, slots=True)
class MyBenefitsView:
    """The page."""

    frame: Frame
    period: dt.date | None
    rows: list[BenefitLine]
    month: list[MonthBenefit]
    form: Typed
    result: SubsidyResult | None = None
    offers: list[Offer] = field(default_factory=list)

    @property
    def off_kopecks(self) -> int:
        """Taken off in the bill."""
        return sum(row.off_kopecks for row in self.month)

    @property
    def paid_kopecks(self) -> int:
        """Paid by the social protection body."""
        return sum(row.paid_kopecks for row in self.month)


async def _view(
    session: Session,
    me: Me,
    account: int | None,
    form: Typed | None = None,
    result: SubsidyResult | None = None,
) -> MyBenefitsView:
    view = await frame(session, me, account)
    lines = await recent_lines(session, view, year_ago=True)
    shown = max((line.period for line in lines), default=None)
    mine = [line for line in lines if line.period == shown]
    rows = await benefits.of_account(session, view.account.id)
    reliefs = await reliefs_on(session, view.open_period)
    expenses = sum(line.total_kopecks for line in mine) if mine else None
    filled = form or opened_form(view.today, expenses, view.account.area_dm2, view.account.residents or 1)
    current = [one for one in lines_of(rows, reliefs.value, view.today) if not one.is_over]
    made = offers(lines, shown, reliefs.value) if shown else []
    return MyBenefitsView(view, shown, current, month_of(mine, rows), filled, result, made)


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader, account: int | None = None) -> Response:
    """What is entered and the form of the subsidy with what we know."""
    return page(request, "cabinet/benefits.html", await _view(session, me, account))


@router.post("")
async def reckon(request: Request, me: CurrentUser, session: Reader, account: int | None = None) -> Response:
    """The subsidy by what was typed; nothing of it is kept."""
    form = await read_form(request)
    reliefs = await reliefs_on(session, clock.today())
    result = reckoned(form, reliefs.value)
    status = 200 if result is not None else 422
    view = await _view(session, me, account, form, result)
    return page(request, "cabinet/benefits.html", view, status=status)
