"""«Оформить рассрочку долга»: terms, the schedule as it will be, then the agreement with its paper."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.agreement import GRACE_DAYS_MAX, MONTHS_MAX, Due, schedule
from storage import agreement_debt, agreements, audit
from storage.account_pages import AccountHead, head
from storage.agreement_debt import OwedMonth, name_of
from storage.agreements import AgreementRefused, NewDebt
from storage.session import Session
from web import clock
from web.agreement_words import ON_BREAK, PENALTIES
from web.debts.agreements import GROUND_MAX, PATH, issue_paper
from web.debts.words import WORKERS
from web.deps import CurrentUser, Reader, Writer
from web.errors import NotFound, PageError
from web.forms import Typed, read_form
from web.render import page, see_other
from web.roles import Me, allow

router = APIRouter(prefix="/accounts", dependencies=[allow(*WORKERS)])

FIRST_DUE_DAYS_MAX = 92
"""The first part is paid within about a quarter."""
COMMAND_MIN, COMMAND_MAX = 16, 64
DEFAULTS = {"months": "6", "grace": "5", "penalties": "stopped", "on_break": "since"}


@dataclass(frozen=True, slots=True)
class NewAgreementView:
    """The debt, the terms, the schedule by them (empty until the terms are right)."""

    account: AccountHead
    owed: list[OwedMonth]
    until: list[tuple[str, str]]
    form: Typed
    parts: Sequence[Due]
    amount_kopecks: int
    command: str
    penalties: tuple[tuple[str, str], ...] = PENALTIES
    on_break: tuple[tuple[str, str], ...] = ON_BREAK

    @property
    def owed_kopecks(self) -> int:
        return sum(one.kopecks for one in self.owed)


@dataclass(frozen=True, slots=True)
class _Terms:
    covered_until: dt.date
    amount_kopecks: int
    grace_days: int
    parts: tuple[Due, ...]


async def _account(session: Session, me: Me, account_id: int) -> tuple[AccountHead, list[OwedMonth]]:
    if me.open_period is None:
        raise PageError("Оформлять рано.", "Откройте первый месяц: загрузите данные города.", status=409)
    today = clock.today()
    account = await head(session, account_id, me.open_period, today)
    if account is None:
        raise NotFound("Счёт не найден.", "Откройте квартиру через поиск.")
    return account, await agreement_debt.owed_months(session, account_id, account.company_id, today)


def _view(account: AccountHead, owed: list[OwedMonth], form: Typed, terms: _Terms | None) -> NewAgreementView:
    return NewAgreementView(
        account=account,
        owed=owed,
        until=[(one.period.isoformat(), name_of(one.period)) for one in reversed(owed)],
        form=form,
        parts=terms.parts if terms else (),
        amount_kopecks=terms.amount_kopecks if terms else 0,
        command=form.value("command") or secrets.token_hex(16),
    )


def _terms(form: Typed, owed: list[OwedMonth], today: dt.date) -> _Terms | None:
    """The terms of the form; None with errors beside the fields."""
    known = {one.period.isoformat(): one.period for one in owed}
    until = known.get(form.choice("until", tuple(known), "Выберите, по какой месяц долг входит в рассрочку."))
    months = form.integer("months", "Введите число частей, например 6.")
    if months is not None and not 1 < months <= MONTHS_MAX:
        form.refuse("months", f"Частей бывает от 2 до {MONTHS_MAX}.")
    first = form.date("first_due", "Укажите, до какого дня первая часть: 10.12.2026.")
    if first is not None and not today < first <= today + dt.timedelta(days=FIRST_DUE_DAYS_MAX):
        form.refuse(
            "first_due", f"Первая часть — с завтрашнего дня и не позже чем через {FIRST_DUE_DAYS_MAX} дня."
        )
    grace = form.integer("grace", "Введите число дней, например 5.")
    if grace is not None and not 0 <= grace <= GRACE_DAYS_MAX:
        form.refuse("grace", f"Дней отсрочки бывает от 0 до {GRACE_DAYS_MAX}.")
    form.choice("penalties", dict(PENALTIES), "Выберите, начисляются ли пени.")
    form.choice("on_break", dict(ON_BREAK), "Выберите, что будет при нарушении.")
    if not form.is_good or until is None or months is None or first is None or grace is None:
        return None
    amount = sum(one.kopecks for one in owed if one.period <= until)
    if amount < months:
        form.refuse("months", "Долг меньше, чем частей в копейках. Уменьшите число частей.")
        return None
    return _Terms(until, amount, grace, schedule(amount, months, first))


@router.get("/{account_id}/agreement")
async def blank(request: Request, account_id: int, me: CurrentUser, session: Reader) -> Response:
    """What is owed and the terms as usually agreed."""
    account, owed = await _account(session, me, account_id)
    today = clock.today()
    first = (today.replace(day=1) + dt.timedelta(days=32)).replace(day=10)
    form = Typed({**DEFAULTS, "first_due": first.isoformat()})
    if owed:
        form.values["until"] = owed[-1].period.isoformat()
    terms = _terms(form, owed, today) if owed else None
    return page(request, "debts/agreement_new.html", _view(account, owed, form, terms))


@router.post("/{account_id}/agreement/schedule")
async def preview(request: Request, account_id: int, me: CurrentUser, session: Reader) -> Response:
    """The schedule by the terms as they stand; nothing is kept."""
    form = await read_form(request)
    account, owed = await _account(session, me, account_id)
    terms = _terms(form, owed, clock.today())
    view = _view(account, owed, form, terms)
    return page(request, "debts/agreement_new.html", view, block="schedule", status=200 if terms else 422)


@router.post("/{account_id}/agreement")
async def make(request: Request, account_id: int, me: CurrentUser, session: Writer) -> Response:
    """Keep the agreement and its paper."""
    form = await read_form(request)
    account, owed = await _account(session, me, account_id)
    today = clock.today()
    document = form.text("document", "Назовите документ: заявление должника, его дата.", GROUND_MAX)
    command = form.value("command")
    if not COMMAND_MIN <= len(command) <= COMMAND_MAX:
        form.refuse("", "Форма устарела. Обновите страницу и повторите.")
    terms = _terms(form, owed, today)
    if form.is_good and terms is not None:
        new = NewDebt(
            command_id=command,
            account_id=account.id,
            company_id=account.company_id,
            amount_kopecks=terms.amount_kopecks,
            covered_until=terms.covered_until,
            grace_days=terms.grace_days,
            is_stopped=form.value("penalties") == "stopped",
            is_whole=form.value("on_break") == "whole",
            document=document,
            parts=terms.parts,
        )
        try:
            agreement_id = await agreements.make(session, new, me.user_id, today)
        except AgreementRefused as refusal:
            form.refuse("", refusal.message)
        else:
            await audit.record(
                session, "agreement_made", "account", account.id, user_id=me.user_id,
                company_id=account.company_id, after={"agreement": agreement_id}, ground=document,
            )  # fmt: skip
            await issue_paper(session, agreement_id, me)
            return see_other(request, f"{PATH}/{agreement_id}")
    return page(request, "debts/agreement_new.html", _view(account, owed, form, terms), status=422)
