"""«Льготы» of an account: who has which, what they take off; entering one with its money shown first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response

from billing.lines import Lines
from billing.period import Period
from billing.quantity import PERMILLE
from billing.trace_benefit import compensation_kopecks
from billing.trace_line import Line
from storage import account_lines, account_pages, benefits
from storage.account_pages import AccountHead
from storage.benefits import NewBenefit
from storage.people import Deed, PeopleRefused
from storage.preview import Preview, what_if
from storage.relief_values import reliefs_on
from storage.session import Session
from web import clock
from web.accounts.card import ACCOUNT_STAFF, OPERATORS
from web.accounts.edits import FUTURE_MAX, Effect, month_words
from web.benefit_words import GROUND_CHOICES, BenefitLine, MonthBenefit, lines_of, month_of
from web.deps import CurrentUser, Reader, Writer, address_of, database, scope_of
from web.errors import NotFound, PageError
from web.filters import date_short, money, month
from web.forms import Typed, read_form
from web.instalment_words import Offer, offers, year_before
from web.render import page, see_other
from web.roles import Me, allow

router = APIRouter(prefix="/accounts/{account_id}/benefits", dependencies=[allow(*ACCOUNT_STAFF)])

DOCUMENT_MAX = 300
MODES = (("document", "вычитать в квитанции"), ("money", "деньгами, через соцзащиту"))
FIELDS = {
    "person": "person",
    "category": "category",
    "ground": "category",
    "order": "last",
    "day": "last",
    "closed": "first",
    "before_account": "first",
}
DONE = {"added": "Льгота записана.", "ended": "Окончание льготы записано."}
Asked = Callable[[Session], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class BenefitsView:
    """The page: льготы, what they come to in a month, the form."""

    account: AccountHead
    open_period: dt.date
    period: dt.date | None
    rows: list[BenefitLine]
    month: list[MonthBenefit]
    people: list[tuple[str, str]]
    may_edit: bool
    form: Typed
    effect: Effect = field(default_factory=Effect)
    done: str = ""
    offers: list[Offer] = field(default_factory=list)

    @property
    def base(self) -> str:
        """Address of the account."""
        return f"/accounts/{self.account.id}"

    @property
    def off_kopecks(self) -> int:
        """Taken off in the bill."""
        return sum(row.off_kopecks for row in self.month)

    @property
    def paid_kopecks(self) -> int:
        """Paid to people by the social protection body."""
        return sum(row.paid_kopecks for row in self.month)

    @property
    def grounds(self) -> tuple[tuple[str, str], ...]:
        return (("", "Выберите основание"), *GROUND_CHOICES)

    @property
    def modes(self) -> tuple[tuple[str, str], ...]:
        return MODES


@router.get("")
async def show(
    request: Request, account_id: int, me: CurrentUser, session: Reader, done: str = ""
) -> Response:
    """The page; its list alone as a section of the card."""
    view = await _view(session, me, account_id, Typed({"mode": "document"}), done=DONE.get(done, ""))
    return page(request, "accounts/benefits.html", view, "list")


async def _account(session: Session, me: Me, account_id: int) -> tuple[AccountHead, dt.date]:
    if me.open_period is None:
        raise PageError("Нет открытого месяца.", "Его открывает расчётный центр.", status=409)
    account = await account_pages.head(session, account_id, me.open_period, clock.today())
    if account is None:
        raise NotFound("Такого счёта нет.", "Проверьте номер или найдите квартиру через поиск.")
    return account, me.open_period


async def _view(
    session: Session, me: Me, account_id: int, form: Typed, effect: Effect | None = None, done: str = ""
) -> BenefitsView:
    account, opened = await _account(session, me, account_id)
    rows = await benefits.of_account(session, account_id)
    months = [opened, Period.of(opened).shift(-1).first_day]
    months += [year_before(month) for month in months]
    lines = await account_lines.lines(
        session, account.id, account.house_id, account.company_id, tuple(months)
    )
    shown = max((line.period for line in lines if line.period in months[:2]), default=None)
    published = max((line.period for line in lines if not line.is_draft), default=None)
    reliefs = await reliefs_on(session, opened)
    permanent = [one for one in account.people if one.kind == "permanent"]
    return BenefitsView(
        account=account,
        open_period=opened,
        period=shown,
        rows=lines_of(rows, reliefs.value, clock.today()),
        month=month_of([line for line in lines if line.period == shown], rows),
        people=[("", "Выберите человека"), *((str(one.person_id), one.name) for one in permanent)],
        may_edit=me.may(*OPERATORS) and account.closed_on is None and account.kind != "nonresidential",
        form=form,
        effect=effect or Effect(),
        done=done,
        offers=offers(lines, published, reliefs.value) if published in months[:2] else [],
    )


def _judge(form: Typed, view_people: list[tuple[str, str]], today: dt.date) -> NewBenefit | None:
    """The льгота of a form; None with errors beside its fields."""
    known = tuple(key for key, _ in view_people if key)
    person = form.choice("person", known, "Выберите человека: льготу имеет тот, кто здесь живёт.")
    category = form.choice("category", tuple(code for code, _ in GROUND_CHOICES), "Выберите основание.")
    document = form.text("document", "Укажите документ: вид, номер и дату.", DOCUMENT_MAX)
    first = form.date("first", "Введите первый день: 01.11.2026.")
    if first is not None and first > today + FUTURE_MAX:
        form.refuse("first", "Этот день больше чем через год. Проверьте год.")
    last = form.date("last", "Введите последний день или оставьте пустым.") if form.value("last") else None
    share = None
    if form.value("share"):
        share = form.scaled("share", 1, "Введите долю в процентах: 50. Пусто — как у основания.")
        if share is not None and not 0 < share <= PERMILLE:
            form.refuse("share", "Доля бывает больше нуля и не больше 100 %.")
    mode = form.choice("mode", tuple(key for key, _ in MODES), "Выберите, как человек получает льготу.")
    if not form.is_good or first is None:
        return None
    after = None if last is None else last + dt.timedelta(days=1)
    return NewBenefit(int(person), category, document, first, after, mode == "document", share)


@router.post("", dependencies=[allow(*OPERATORS)])
async def enter(request: Request, account_id: int, me: CurrentUser, session: Writer) -> Response:
    """Keep a льгота; 422 with what was typed when it cannot be."""
    form = await read_form(request)
    view = await _view(session, me, account_id, form)
    new = _judge(form, view.people, clock.today()) if view.may_edit else None
    if new is not None:
        try:
            async with session.begin_nested():
                await benefits.add(
                    session, account_id, new, Deed(me.user_id, new.document, address_of(request))
                )
        except PeopleRefused as refused:
            form.refuse(FIELDS.get(refused.code, ""), refused.message)
        else:
            return see_other(request, f"/accounts/{account_id}/benefits?done=added")
    elif not view.may_edit:
        form.refuse("", "По этому счёту льготы не вносят: он закрыт или помещение нежилое.")
    return page(request, "accounts/benefits.html", view, "form", status=422, retitle=True)


@router.post("/effect", dependencies=[allow(*OPERATORS)])
async def effect(request: Request, account_id: int, me: CurrentUser, session: Reader) -> Response:
    """What the льгота is worth on this account before it is kept. Writes nothing."""
    form = await read_form(request)
    view = await _view(session, me, account_id, form)
    told = Effect()
    first = form.date("first", "")
    if first is not None:
        told = Effect(month_words(first, view.open_period))
    form.errors.clear()
    form.values.setdefault("document", "")
    if not form.value("document"):
        form.values["document"] = "Ещё не указан"
    new = _judge(form, view.people, clock.today())
    if new is not None:
        deed = Deed(me.user_id, new.document, address_of(request))

        async def asked(inner: Session) -> None:
            await benefits.add(inner, account_id, new, deed)

        told = Effect(told.month_words, await _money(request, account_id, view.open_period, asked))
    return page(request, "accounts/_effect.html", told, "effect")


async def _money(request: Request, account_id: int, opened: dt.date, asked: Asked) -> str:
    scope = scope_of(request)
    assert scope is not None, "somebody is signed in"
    try:
        before, after = await what_if(database(request), scope, account_id, opened, asked)
    except PeopleRefused as refused:
        return refused.message
    if after.parked is not None:
        return f"Начислить {month(opened)} пока нельзя: {after.parked}"
    off = before.total_kopecks - after.total_kopecks
    paid = _paid(after) - _paid(before)
    if off == 0 and paid == 0:
        why = "нет услуг, на которые она даётся, или есть льгота больше"
        return f"За {month(opened)} ничего не изменится: {why}."
    parts = []
    if off:
        sums = f"{money(after.total_kopecks)} вместо {money(before.total_kopecks)}"
        parts.append(f"в квитанции вычтется {money(off)}: {sums}")
    if paid:
        parts.append(f"соцзащита выплатит {money(paid)}, квитанция не изменится")
    return f"За {month(opened)} {'; '.join(parts)}."


def _paid(preview: Preview) -> int:
    lines: Lines = preview.lines
    return sum(compensation_kopecks(Line.at(lines, row)) for row in range(len(lines)))


@router.post("/{benefit_id}/end", dependencies=[allow(*OPERATORS)])
async def finish(
    request: Request, account_id: int, benefit_id: int, me: CurrentUser, session: Writer
) -> Response:
    """The last day of a льгота with its ground."""
    form = await read_form(request)
    last = form.date("last_day", f"Введите последний день льготы: {date_short(clock.today())}.")
    ground = form.text("ground", "Укажите основание: документ, номер и дату.", DOCUMENT_MAX)
    if form.is_good and last is not None:
        try:
            async with session.begin_nested():
                deed = Deed(me.user_id, ground, address_of(request))
                await benefits.end(session, account_id, benefit_id, last, deed)
        except PeopleRefused as refused:
            form.refuse("last_day", refused.message)
        else:
            return see_other(request, f"/accounts/{account_id}/benefits?done=ended")
    form.values["ending"] = str(benefit_id)
    form.values.setdefault("mode", "document")
    view = await _view(session, me, account_id, form)
    return page(request, "accounts/benefits.html", view, "list", status=422, retitle=True)
