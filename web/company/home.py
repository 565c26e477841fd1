"""«Квартиры»: the search box first, then the month in figures, what is parked, the houses."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import company_pages
from storage.company_pages import CompanyFigures, HouseRow, ReasonRow, ShownMonth
from storage.search import Found, search
from web.deps import CurrentUser, Reader
from web.errors import PageError
from web.reasons import REASON_WORDS
from web.render import page
from web.roles import Me, Role, allow

router = APIRouter(prefix="/company", dependencies=[allow(Role.COMPANY)])

LETTERS_MIN = 3


@dataclass(frozen=True, slots=True)
class HomeView:
    """The accountant's first page."""

    open_period: dt.date
    shown: ShownMonth
    figures: CompanyFigures
    houses: list[HouseRow]
    sums: HouseRow
    reasons: list[ReasonRow]
    words: dict[str, str]
    query: str
    found: list[Found]


@dataclass(frozen=True, slots=True)
class FindView:
    """What the box found."""

    query: str
    found: list[Found]


def month_and_company(me: Me) -> tuple[dt.date, int]:
    """The open month and the company of the person. Raises PageError without an open month."""
    if me.open_period is None:
        raise PageError("Нет открытого месяца.", "Его открывает расчётный центр.", status=409)
    assert me.organisation_id is not None, "staff of a company belong to it"
    return me.open_period, me.organisation_id


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader, q: str = "") -> Response:
    """The page; ?q= shows what is found without JavaScript."""
    opened, company_id = month_and_company(me)
    shown = await company_pages.shown_month(session, company_id, opened)
    rows = await company_pages.houses(session, company_id, opened, shown)
    view = HomeView(
        open_period=opened,
        shown=shown,
        figures=await company_pages.figures(session, company_id, opened, shown),
        houses=rows,
        sums=_sums(rows),
        reasons=await company_pages.reasons(session, company_id, shown),
        words=REASON_WORDS,
        query=q,
        found=await search(session, q) if len(q.strip()) >= LETTERS_MIN else [],
    )
    return page(request, "company/home.html", view)


def _sums(rows: list[HouseRow]) -> HouseRow:
    """The total row."""
    return HouseRow(
        house_id=0,
        address="Всего",
        accounts_count=sum(row.accounts_count for row in rows),
        meters_count=sum(row.meters_count for row in rows),
        readings_count=sum(row.readings_count for row in rows),
        parked_count=sum(row.parked_count for row in rows),
        charged_kopecks=sum(row.charged_kopecks for row in rows),
        before_kopecks=sum(row.before_kopecks for row in rows),
    )


@router.get("/find")
async def find(request: Request, me: CurrentUser, session: Reader, q: str = "") -> Response:
    """Rows under the box while somebody types."""
    found = await search(session, q) if len(q.strip()) >= LETTERS_MIN else []
    return page(request, "company/find.html", FindView(q, found), "found")
