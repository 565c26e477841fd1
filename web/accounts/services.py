"""«Услуги» of an account: what it gets, switching one on or off from a month, backwards too."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.period import Period
from storage import account_pages, account_services, formula_pages
from storage.account_pages import AccountHead
from storage.account_services import AccountServiceRow
from storage.people import Deed, PeopleRefused
from storage.session import Session
from web import clock
from web.accounts.card import ACCOUNT_STAFF, OPERATORS
from web.accounts.edits import FUTURE_MAX
from web.deps import CurrentUser, Reader, Writer, address_of
from web.errors import NotFound, PageError
from web.forms import Typed, read_form
from web.render import page, see_other
from web.roles import Me, allow

router = APIRouter(prefix="/accounts/{account_id}/services", dependencies=[allow(*ACCOUNT_STAFF)])

GROUND_MAX = 300
FIELDS = {"supplier": "supplier", "day": "month", "before_account": "month", "closed": "month"}
WAYS = (("off", "отключить"), ("on", "подключить"))
DONE = {
    "switched": "Записано. Открытый месяц посчитается по-новому.",
    "late": "Записано. Закрытые месяцы ждут перерасчёта в очереди «Задним числом».",
}


@dataclass(frozen=True, slots=True)
class ServicesView:
    """The page: services of the open month, the form."""

    account: AccountHead
    open_period: dt.date
    rows: list[AccountServiceRow]
    others: list[AccountServiceRow]
    payees: list[tuple[str, str]]
    may_edit: bool
    form: Typed
    done: str = ""

    @property
    def base(self) -> str:
        """Address of the account."""
        return f"/accounts/{self.account.id}"

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Services to choose from: those of the account first."""
        return [("", "Выберите услугу"), *((str(one.code), one.label) for one in (*self.rows, *self.others))]

    @property
    def ways(self) -> tuple[tuple[str, str], ...]:
        return WAYS


@router.get("")
async def show(
    request: Request, account_id: int, me: CurrentUser, session: Reader, done: str = ""
) -> Response:
    """The page; its list alone as a section of the card."""
    view = await _view(session, me, account_id, Typed({}), DONE.get(done, ""))
    return page(request, "accounts/services.html", view, "list")


async def _view(session: Session, me: Me, account_id: int, form: Typed, done: str = "") -> ServicesView:
    if me.open_period is None:
        raise PageError("Нет открытого месяца.", "Его открывает расчётный центр.", status=409)
    account = await account_pages.head(session, account_id, me.open_period, clock.today())
    if account is None:
        raise NotFound("Такого счёта нет.", "Проверьте номер или найдите квартиру через поиск.")
    form.values.setdefault("month", f"{me.open_period:%Y-%m}")
    last = Period.of(me.open_period).last_day
    known = await account_services.of_account(session, account_id, last)
    may_edit = me.may(*OPERATORS) and account.closed_on is None
    return ServicesView(
        account=account,
        open_period=me.open_period,
        rows=[one for one in known if one.of_house or one.is_own],
        others=[one for one in known if not one.of_house and not one.is_own],
        payees=[("", "как у дома"), *(await formula_pages.payees(session) if may_edit else [])],
        may_edit=may_edit,
        form=form,
        done=done,
    )


@router.post("", dependencies=[allow(*OPERATORS)])
async def switch(request: Request, account_id: int, me: CurrentUser, session: Writer) -> Response:
    """Switch a service; 422 with what was typed when it cannot be."""
    form = await read_form(request)
    view = await _view(session, me, account_id, form)
    codes = tuple(key for key, _ in view.choices if key)
    service = form.choice("service", codes, "Выберите услугу.")
    way = form.choice("way", tuple(key for key, _ in WAYS), "Выберите, подключить или отключить.")
    supplier = form.value("supplier")
    if supplier and supplier not in {key for key, _ in view.payees}:
        form.refuse("supplier", "Такого получателя нет. Выберите из списка.")
    month = form.period("month")
    ground = form.text("ground", "Укажите основание: заявление, акт, номер и дату.", GROUND_MAX)
    if month is not None and month.first_day > clock.today() + FUTURE_MAX:
        form.refuse("month", "Этот месяц больше чем через год. Проверьте год.")
    if not view.may_edit:
        form.refuse("", "Счёт закрыт, услуги не меняются.")
    if form.is_good and month is not None:
        deed = Deed(me.user_id, ground, address_of(request))
        payee = int(supplier) if supplier else None
        try:
            async with session.begin_nested():
                await account_services.switch(
                    session, account_id, int(service), way == "on", month.first_day, payee, deed
                )
        except PeopleRefused as refused:
            form.refuse(FIELDS.get(refused.code, "service"), refused.message)
        else:
            done = "late" if month.first_day < view.open_period else "switched"
            return see_other(request, f"/accounts/{account_id}/services?done={done}")
    return page(request, "accounts/services.html", view, "form", status=422, retitle=True)
