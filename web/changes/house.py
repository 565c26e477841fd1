"""A house against the month before: the waterfall and its accounts, each with its greatest cause."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import change_pages, house_pages
from storage.change_pages import AccountChange
from storage.changes import ChangeTold
from storage.house_pages import HouseHead
from storage.session import Session
from web.changes.frame import CHANGE_READERS, Months, months
from web.deps import Reader
from web.errors import NotFound
from web.export import Column, export
from web.filters import month as month_words
from web.render import page
from web.roles import allow
from web.waterfall import Waterfall, waterfall

router = APIRouter(prefix="/changes/houses", dependencies=[allow(*CHANGE_READERS)])

COLUMNS = (
    Column("Квартира", width=12),
    Column("Счёт", width=16),
    Column("Было, ₽", "kopecks"),
    Column("Стало, ₽", "kopecks"),
    Column("Разница, ₽", "kopecks"),
    Column("Причина", width=28),
    Column("Из-за неё, ₽", "kopecks"),
)


@dataclass(frozen=True, slots=True)
class HouseView:
    """The page."""

    house: HouseHead
    months: Months
    told: ChangeTold
    chart: Waterfall
    accounts: list[AccountChange]
    sort: str

    @property
    def ordered(self) -> list[AccountChange]:
        """By the size of the change, or flat by flat."""
        if self.sort == "flat":
            return self.accounts
        return sorted(self.accounts, key=lambda one: -abs(one.told.delta_kopecks))


async def _view(session: Session, house_id: int, period: str, sort: str) -> HouseView:
    head = await house_pages.head(session, house_id)
    if head is None:
        raise NotFound("Такого дома нет.", "Найдите дом в списке «Что изменилось».")
    chosen = await months(session, period)
    told, accounts = await change_pages.house(session, house_id, chosen.shown)
    if not accounts:
        raise NotFound(
            "По этому дому сравнивать нечего.",
            "В этом и прошлом месяце по нему ничего не начислено, или дом не вашей организации.",
        )
    chart = waterfall(told, await change_pages.labels(session))
    return HouseView(head, chosen, told, chart, accounts, sort)


@router.get("/{house_id:int}")
async def show(
    request: Request, house_id: int, session: Reader, period: str = "", sort: str = ""
) -> Response:
    """The page; ?sort=flat lists accounts flat by flat."""
    return page(request, "changes/house.html", await _view(session, house_id, period, sort))


@router.get("/{house_id:int}.{form}")
async def file(house_id: int, form: str, session: Reader, period: str = "") -> Response:
    """Accounts of the house as CSV or XLSX."""
    view = await _view(session, house_id, period, "flat")
    cells = [
        (
            one.flat,
            one.number,
            one.told.before_kopecks,
            one.told.now_kopecks,
            one.told.delta_kopecks,
            one.told.parts[0].words if one.told.parts else "",
            one.told.parts[0].kopecks if one.told.parts else 0,
        )
        for one in view.accounts
    ]
    name = f"Что изменилось {month_words(view.told.period)}"
    total = (
        "Всего", None, view.told.before_kopecks, view.told.now_kopecks, view.told.delta_kopecks, None, None,
    )  # fmt: skip
    return export(form, name, f"{name}: {view.house.address}", COLUMNS, cells, total)
