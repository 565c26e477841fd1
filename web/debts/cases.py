"""A case of a debtor: what was done, what comes next; a person may hold it back until a day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.services import CATALOGUE
from storage import overdue_batches, overdue_pages
from storage.overdue_batches import NOTE_MAX, StepRefused
from storage.overdue_pages import CaseHead, StepRow
from storage.session import Session
from web import clock
from web.debts.words import CLOSED, DELIVERIES, READERS, STAGES, STATES, WORKERS
from web.deps import CurrentUser, Reader, Writer
from web.errors import NotFound
from web.forms import Typed, read_form
from web.render import page, see_other
from web.roles import Me, allow

router = APIRouter(prefix="/debts/cases", dependencies=[allow(*READERS)])

HOLD_DAYS_MAX = 180
"""A case is held back for half a year at most: longer is an agreement."""


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case with its history."""

    one: CaseHead
    steps: list[StepRow]
    form: Typed
    may_work: bool
    today: dt.date
    is_done: bool

    @property
    def stages(self) -> dict[str, str]:
        return STAGES

    @property
    def states(self) -> dict[str, tuple[str, str]]:
        return STATES

    @property
    def deliveries(self) -> dict[str, str]:
        return DELIVERIES

    @property
    def is_held(self) -> bool:
        return self.one.held_until is not None and self.one.held_until > self.today

    def services(self, row: StepRow) -> str:
        """Services a step is about."""
        return ", ".join(CATALOGUE[code].label.lower() for code in row.services if code in CATALOGUE)

    @property
    def closed(self) -> str:
        return CLOSED["paid"]


async def _view(session: Session, me: Me, case_id: int, form: Typed, is_done: bool = False) -> CaseView:
    one = await overdue_pages.case(session, case_id)
    if one is None:
        raise NotFound("Такого дела нет.", "Откройте список должников.")
    steps = await overdue_pages.case_steps(session, case_id)
    return CaseView(one, steps, form, me.may(*WORKERS), clock.today(), is_done)


@router.get("/{case_id:int}")
async def show(request: Request, case_id: int, me: CurrentUser, session: Reader, done: str = "") -> Response:
    """The case."""
    view = await _view(session, me, case_id, Typed(), done == "held")
    return page(request, "debts/case.html", view)


@router.post("/{case_id:int}", dependencies=[allow(*WORKERS)])
async def hold(request: Request, case_id: int, me: CurrentUser, session: Writer) -> Response:
    """Do not go on before a day."""
    form = await read_form(request)
    until = form.date("until", "Укажите, до какого дня ждать: 24.12.2026.")
    reason = form.text("reason", "Напишите, почему ждём: обещал оплатить, долг оспорен.", NOTE_MAX)
    today = clock.today()
    if until is not None and not today < until <= today + dt.timedelta(days=HOLD_DAYS_MAX):
        form.refuse(
            "until", f"Придержать можно от завтра и не дольше {HOLD_DAYS_MAX} дней. Дольше — рассрочка."
        )
    if form.is_good and until is not None:
        try:
            await overdue_batches.hold(session, case_id, until, reason, me.user_id)
            return see_other(request, f"/debts/cases/{case_id}?done=held")
        except StepRefused as refusal:
            form.refuse("", refusal.message)
    return page(request, "debts/case.html", await _view(session, me, case_id, form), status=422)
