"""One box finds accounts, houses, people, meters, requests and pages; as one types and as a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from storage import house_pages
from storage.house_pages import HouseAccount, HouseHead
from storage.search import QUERY_LENGTH_MAX, Found, search, variants
from web import nav
from web.deps import CurrentUser, Reader
from web.errors import NotFound
from web.render import page
from web.roles import Me, Role, allow_staff

router = APIRouter(prefix="/search", dependencies=[allow_staff()])

GROUPS = {
    "account": "Квартиры",
    "house": "Дома",
    "person": "Люди",
    "meter": "Счётчики",
    "request": "Заявки",
    "page": "Разделы",
}
CARD_READERS = (Role.ADMIN, Role.CENTRE, Role.PUBLISHER, Role.COMPANY)
"""Those who may open the card of an account; the rest are led where their own work with it begins."""


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A row that leads somewhere this person may go."""

    title: str
    detail: str
    href: str


@dataclass(frozen=True, slots=True)
class FoundGroup:
    """Rows of one kind."""

    title: str
    rows: list[FoundRow]


@dataclass(frozen=True, slots=True)
class SearchView:
    """What was asked and what was found."""

    query: str
    groups: list[FoundGroup]


@router.get("")
async def find(
    request: Request, me: CurrentUser, session: Reader, q: Annotated[str, Query(max_length=400)] = ""
) -> Response:
    """Rows under the box while one types; a page of them by Enter without JS."""
    typed = q.strip()[:QUERY_LENGTH_MAX]
    found = await search(session, typed) if typed else []
    rows = [(one.kind, _row(me, one)) for one in found] + [("page", row) for row in _pages(me, typed)]
    groups = [
        FoundGroup(title, [row for kind, row in rows if kind == wanted and row.href])
        for wanted, title in GROUPS.items()
    ]
    view = SearchView(typed, [group for group in groups if group.rows])
    return page(request, "search/found.html", view, block="found")


def _row(me: Me, found: Found) -> FoundRow:
    return FoundRow(found.title, found.detail, _href(me, found))


def _href(me: Me, found: Found) -> str:
    """Where a row leads; nowhere when this person has no page for it."""
    if found.kind == "request":
        return f"/dispatch/requests/{found.id}" if me.may(Role.DISPATCHER, Role.COMPANY) else ""
    if me.may(Role.DISPATCHER):
        if found.kind == "house":
            return f"/dispatch/call?house={found.id}"
        return f"/dispatch/call?account={found.account_id}" if found.account_id else ""
    if found.kind == "house" and me.may(Role.SUPPLIER):
        return f"/supplier/houses/{found.id}"
    if found.kind == "house":
        return f"/search/houses/{found.id}"
    return f"/accounts/{found.account_id}" if found.account_id and me.may(*CARD_READERS) else ""


def _pages(me: Me, typed: str) -> list[FoundRow]:
    """Pages of the rail whose name begins so, in either keyboard layout."""
    if len(typed) < 2:
        return []
    begins = tuple(variants(typed))
    mine = [item for item in nav.ITEMS if me.role in item.roles]
    return [
        FoundRow(item.label, "раздел", item.href) for item in mine if item.label.lower().startswith(begins)
    ]


@dataclass(frozen=True, slots=True)
class HouseView:
    """A house as the list of its accounts."""

    house: HouseHead
    accounts: list[HouseAccount]
    may_open: bool
    may_start: bool


@router.get("/houses/{house_id}")
async def house(request: Request, house_id: int, me: CurrentUser, session: Reader) -> Response:
    """Accounts of a house, flat by flat; only those the person's scope shows."""
    known = await house_pages.head(session, house_id)
    if known is None:
        raise NotFound("Такого дома нет.", "Найдите его по улице и номеру: «абр 1».")
    view = HouseView(
        house=known,
        accounts=await house_pages.accounts(session, house_id),
        may_open=me.may(*CARD_READERS),
        may_start=me.may(Role.CENTRE, Role.PUBLISHER) and me.open_period is not None,
    )
    return page(request, "search/house.html", view)
