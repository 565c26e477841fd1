"""An account as its supplier sees it: the door, twelve months, lines of its services; no name, no debt."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.period import Period
from storage import account_lines, supply_pages
from storage.supply_pages import Door, SupplyMonth
from web.charges import MonthCharges, month_charges
from web.deps import CurrentUser, Reader
from web.errors import NotFound
from web.months import chosen_month
from web.render import page, see_other
from web.roles import Role, allow

router = APIRouter(prefix="/supplier/accounts", dependencies=[allow(Role.SUPPLIER)])

NOT_OURS = ("Такого счёта среди ваших нет.", "Проверьте номер: показаны счета с начислениями за ваши услуги.")


@dataclass(frozen=True, slots=True)
class AccountView:
    """The page. charges: of the shown month, the supplier's services alone."""

    door: Door
    months: list[SupplyMonth]
    period: dt.date
    charges: MonthCharges
    base: str

    @property
    def total_kopecks(self) -> int:
        """Sum of the shown months."""
        return sum(one.total_kopecks for one in self.months)


@router.get("")
async def find(request: Request, me: CurrentUser, session: Reader, number: str = "") -> Response:
    """By the number of the account to its page."""
    door = await supply_pages.door(session, number=number.strip())
    if door is None:
        raise NotFound(*NOT_OURS)
    return see_other(request, f"/supplier/accounts/{door.account_id}")


@router.get("/{account_id}")
async def show(
    request: Request, account_id: int, me: CurrentUser, session: Reader, period: str = ""
) -> Response:
    """The page; ?period= opens a month."""
    door = await supply_pages.door(session, account_id)
    months = await supply_pages.months(session, account_id) if door else []
    shown = chosen_month(period, [one.period for one in months])
    if door is None or shown is None:
        raise NotFound(*NOT_OURS)
    before = Period.of(shown).shift(-1).first_day
    lines = await account_lines.lines(session, account_id, door.house_id, door.company_id, (shown, before))
    base = f"/supplier/accounts/{account_id}"
    view = AccountView(door, months, shown, month_charges(lines, shown), base)
    return page(request, "supplier/account.html", view)
