"""An account against the month before, for staff: the waterfall, causes by service, the way to its lines."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import change_pages
from storage.changes import ChangeTold, account_changes
from storage.penalty_account import AccountTitle, account_title
from web.changes.frame import CHANGE_READERS, Months, months
from web.deps import Reader
from web.errors import NotFound
from web.render import page
from web.roles import allow
from web.waterfall import Waterfall, waterfall

router = APIRouter(prefix="/changes/accounts", dependencies=[allow(*CHANGE_READERS)])


@dataclass(frozen=True, slots=True)
class AccountView:
    """The page."""

    account_id: int
    account: AccountTitle
    months: Months
    told: ChangeTold
    chart: Waterfall


@router.get("/{account_id:int}")
async def show(request: Request, account_id: int, session: Reader, period: str = "") -> Response:
    """The page; ?period= opens another month."""
    account = await account_title(session, account_id)
    if account is None:
        raise NotFound("Счёт не найден.", "Проверьте номер или откройте квартиру через поиск.")
    chosen = await months(session, period)
    told = (await account_changes(session, [account_id], chosen.shown)).get(account_id)
    if told is None:
        raise NotFound(
            "По этому счёту сравнивать нечего.", "В этом и прошлом месяце по нему ничего не начислено."
        )
    chart = waterfall(told, await change_pages.labels(session))
    return page(request, "changes/account.html", AccountView(account_id, account, chosen, told, chart))
