"""«Карточка квартиры»: everything of one account on one screen, and why each sum is what it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from fastapi import APIRouter, Request, Response

from billing.period import Period
from storage import account_lines, account_meters, account_months, account_pages
from storage.account_lines import LineRow
from storage.account_months import MonthMoney
from storage.account_pages import AccountHead
from storage.reading_inbox import InboxState, state_of
from storage.session import Session
from web import clock
from web.accounts.edits import SECTIONS, EditView, month_words
from web.accounts.past import HistoryView
from web.bars import BarChart, bar_chart
from web.charges import MonthCharges, month_charges
from web.deps import CurrentUser, Reader
from web.errors import NotFound, PageError
from web.filters import money, sum_only
from web.meter_cards import MeterCard, MeterInput, meter_cards
from web.render import page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, Me, Role, allow
from web.why import Why, why_of

ACCOUNT_STAFF = (*CENTRE_STAFF, Role.COMPANY)
"""Those who may open an account; of another company it is «not found» for them."""
OPERATORS = (Role.CENTRE, Role.PUBLISHER, Role.COMPANY)
"""Those who may enter a reading at the desk."""

router = APIRouter(prefix="/accounts", dependencies=[allow(*ACCOUNT_STAFF)])
supplied = APIRouter(prefix="/accounts", dependencies=[allow(*ACCOUNT_STAFF, Role.SUPPLIER)])


@dataclass(frozen=True, slots=True)
class Alert:
    """Something the desk must see first; href is the section it is about."""

    words: str
    tone: str
    href: str


@dataclass(frozen=True, slots=True)
class Done:
    """A change just kept: its section, what to say about it."""

    section: str
    words: str


@dataclass(frozen=True, slots=True)
class AccountView:
    """The whole page. period is the month whose lines are shown."""

    account: AccountHead
    open_period: dt.date
    period: dt.date
    alerts: list[Alert]
    months: list[MonthMoney]
    money_chart: BarChart
    shown: MonthMoney | None
    charges: MonthCharges
    cards: list[MeterCard]
    why: Why | None
    may_enter: bool
    today: dt.date
    base: str
    sent_key: str
    just_taken: bool
    can_charge: bool
    edit: EditView | None = None
    done: Done | None = None
    past: HistoryView | None = None

    @property
    def has_receipt(self) -> bool:
        """Whether the shown month is published for the account, so that there is a document."""
        return self.shown is not None and self.shown.is_charged

    @property
    def may_edit(self) -> bool:
        """Whether area and people may be changed here by this person."""
        return self.may_enter

    @property
    def edit_section(self) -> str:
        """The section with an open form."""
        return SECTIONS[self.edit.deed] if self.edit else ""

    @property
    def may_charge(self) -> bool:
        """Whether this person may start a run over the account."""
        return self.can_charge and self.account.closed_on is None


@supplied.get("/{account_id}")
async def show(
    request: Request,
    account_id: int,
    me: CurrentUser,
    session: Reader,
    period: str = "",
    why: str = "",
    sent: str = "",
    done: str = "",
    day: str = "",
) -> Response:
    """The page; ?period= opens a month, ?why= a line of it; ?sent=, ?done= tell what has just been done.

    A supplier has a page of its own for the account, without people and debts (ADR 0007).
    """
    if me.may(Role.SUPPLIER):
        asked = _asked(period)
        return see_other(request, f"/supplier/accounts/{account_id}" + (f"?period={asked}" if asked else ""))
    view = await account_view(session, me, account_id, period=period, why=why, sent=sent)
    view = replace(view, done=_done(done, day, view.open_period))
    return page(request, "accounts/card.html", view)


@router.get("/{account_id}/charges")
async def charges(
    request: Request, account_id: int, me: CurrentUser, session: Reader, period: str = ""
) -> Response:
    """Lines of a month alone, when a month of the table is pressed."""
    view = await account_view(session, me, account_id, period=period)
    address = f"/accounts/{account_id}?period={view.period:%Y-%m}"
    return page(request, "accounts/card.html", view, "charges", headers={"HX-Push-Url": address})


@router.get("/{account_id}/why/{line}")
async def explain(
    request: Request, account_id: int, line: str, me: CurrentUser, session: Reader, period: str = ""
) -> Response:
    """The derivation of a line, as a panel beside the page (or the page with the panel open)."""
    view = await account_view(session, me, account_id, period=period, why=line)
    if view.why is None:
        raise NotFound(
            "Такой строки начислений нет.", "Возможно, месяц пересчитали. Обновите страницу счёта."
        )
    address = f"/accounts/{account_id}?period={view.period:%Y-%m}&why={line}"
    return page(request, "accounts/card.html", view, "panel", headers={"HX-Push-Url": address})


async def account_view(
    session: Session,
    me: Me,
    account_id: int,
    *,
    period: str = "",
    why: str = "",
    sent: str = "",
    inputs: dict[int, MeterInput] | None = None,
    edit: EditView | None = None,
) -> AccountView:
    """Read everything of the page. Raises NotFound for an account that is not there or not ours."""
    if me.open_period is None:
        raise PageError("Нет открытого месяца.", "Его открывает расчётный центр.", status=409)
    opened, today = Period.of(me.open_period), clock.today()
    account = await account_pages.head(session, account_id, me.open_period, today)
    if account is None:
        raise NotFound("Такого счёта нет.", "Проверьте номер или найдите квартиру через поиск.")
    asked = _asked(period)
    months = await account_months.year(session, account_id, me.open_period)
    wanted = (asked, asked.shift(-1)) if asked else tuple(opened.shift(-back) for back in range(3))
    lines = await account_lines.lines(
        session, account_id, account.house_id, account.company_id, tuple(one.first_day for one in wanted)
    )
    shown = (asked or _newest(lines, opened)).first_day
    meters = await account_meters.meters(session, account_id, opened.shift(1).first_day)
    state: InboxState | None = await state_of(session, "company", sent) if sent else None
    cards = meter_cards(meters, me.open_period, today, inputs, state)
    explained = await why_of(session, lines, shown, why, account) if why else None
    return AccountView(
        account=account,
        open_period=me.open_period,
        period=shown,
        alerts=_alerts(account, cards, months),
        months=months,
        money_chart=_money_chart(months, account_id),
        shown=next((one for one in months if one.period == shown), None),
        charges=month_charges(_two_months(lines, shown), shown),
        cards=cards,
        why=explained,
        may_enter=me.may(*OPERATORS) and account.closed_on is None,
        today=today,
        base=f"/accounts/{account_id}",
        sent_key=sent,
        just_taken=state is not None and state.state == "processed",
        can_charge=me.may(*ACCRUERS),
        edit=edit,
    )


DONE_WORDS = {
    "area": "Площадь записана.",
    "register": "Человек зарегистрирован.",
    "deregister": "Человек снят с учёта.",
    "owners": "Собственники записаны.",
}


def _done(deed: str, day: str, open_period: dt.date) -> Done | None:
    """What was just kept and which month it touches; a made-up address says nothing."""
    try:
        first = dt.date.fromisoformat(day)
    except ValueError:
        return None
    if deed not in DONE_WORDS:
        return None
    return Done(SECTIONS[deed], f"{DONE_WORDS[deed]} {month_words(first, open_period)}")


def _asked(period: str) -> Period | None:
    """The month of the address; a wrong one is as if not given."""
    try:
        return Period.parse(period) if period else None
    except ValueError:
        return None


def _newest(lines: Sequence[LineRow], opened: Period) -> Period:
    """The newest month that has lines: the open one (published or a draft), else the last published."""
    return max((Period.of(line.period) for line in lines), default=opened.shift(-1))


def _two_months(lines: Sequence[LineRow], shown: dt.date) -> list[LineRow]:
    before = Period.of(shown).shift(-1).first_day
    return [line for line in lines if line.period in (shown, before)]


def _money_chart(months: Sequence[MonthMoney], account_id: int) -> BarChart:
    rows = [(one.period, one.charged_kopecks, money(one.charged_kopecks)) for one in reversed(months)]
    if rows and not months[0].is_charged:
        rows.pop()
    hrefs = {one.period: f"/accounts/{account_id}?period={one.period:%Y-%m}#charges" for one in months}
    return bar_chart("Начислено по месяцам, ₽", rows, hrefs)


FIXES = {"NO_AREA": "#place", "NO_PEOPLE": "#people"}
"""Where on the card a reason of parking is put right."""


def _alerts(account: AccountHead, cards: Sequence[MeterCard], months: Sequence[MonthMoney]) -> list[Alert]:
    """At most four, in the order of what is burning."""
    made: list[Alert] = []
    if account.closed_on is not None:
        balance = sum_only(account.balance_kopecks)
        made.append(Alert(f"Счёт закрыт {account.closed_on:%d.%m.%Y}, остаток {balance} ₽", "", "#money"))
    if account.parked is not None:
        parked, place = account.parked, FIXES.get(account.parked.reason, "#charges")
        made.append(Alert(f"Отложен в прогоне {parked.run_id}: {parked.message}", "bad", place))
    active = [card for card in cards if card.is_active]
    made.extend(
        Alert(f"Поверка истекла {card.verified_until:%d.%m.%Y}: {card.title}", "warn", f"#meter-{card.id}")
        for card in active
        if card.verify_state == "expired"
    )
    silent = [card for card in active if not card.given_words]
    if silent and len(silent) == len(active):
        made.append(Alert("Показаний за открытый месяц ещё нет", "warn", "#meters"))
    owed = [one for one in months if one.closing_kopecks > 0 and one.charged_kopecks > 0]
    if (
        account.balance_kopecks > 0
        and len(owed) > 1
        and account.opening_kopecks
        > 2 * max(months[0].charged_kopecks, months[1].charged_kopecks if len(months) > 1 else 0)
    ):
        made.append(Alert("Долг больше двух месячных начислений", "bad", "#money"))
    return made[:4]
