"""A house and its common needs: months of a year service by service, its ways, the yearly correction and its
preview.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.services import CATALOGUE
from storage import common_modes, common_pages
from storage.common_modes import HouseWays, ModeRow, service_words
from storage.common_pages import PLAIN_METHODS, CommonRow, FixSum
from storage.common_preview import FixPreview, preview_fix
from storage.house_pages import HouseHead
from storage.session import Session
from web.commons.listing import DONE, READERS
from web.commons.words import (
    METHOD_OPTIONS,
    SERVICE_OPTIONS,
    ModeView,
    method_words,
    named,
    note_of,
    seen,
    volume,
)
from web.deps import CurrentUser, Reader, database
from web.errors import NotFound
from web.forms import Typed
from web.render import page
from web.roles import ACCRUERS, CENTRE_STAFF, Me, allow

router = APIRouter(prefix="/commons", dependencies=[allow(*READERS)])

FIRST_YEAR, LAST_YEAR = 2015, 2099


@dataclass(frozen=True, slots=True)
class ServiceYear:
    """A service in a year of the house: its months and their sums."""

    service: int
    rows: list[CommonRow]
    way: ModeRow | None
    fix: FixSum | None

    @property
    def label(self) -> str:
        return CATALOGUE[self.service].label

    @property
    def unit(self) -> str:
        return CATALOGUE[self.service].unit

    @property
    def over_micro(self) -> int | None:
        """What the known months used above the flats."""
        known = [row.over_micro for row in self.rows if row.over_micro is not None]
        return sum(known) if known else None

    @property
    def difference_micro(self) -> int | None:
        """What the known months used and were not charged for."""
        known = [row.difference_micro for row in self.rows if row.difference_micro is not None]
        return sum(known) if known else None

    def volume(self, micro: int | None) -> str:
        """A volume of the service, rounded for the eye."""
        return volume(micro, self.service)

    @property
    def charged_micro(self) -> int:
        return sum(row.charged_micro for row in self.rows)

    @property
    def corrected(self) -> list[CommonRow]:
        """Months the yearly correction compares with the meter."""
        return [row for row in self.rows if row.method in PLAIN_METHODS]

    @property
    def words(self) -> str:
        return named(self.way.method) if self.way else "—"

    @property
    def note(self) -> str:
        return note_of(self.way.method) if self.way else ""

    @staticmethod
    def way_of(row: CommonRow) -> str:
        """The way of a month in words."""
        return method_words(row.method)


@dataclass(frozen=True, slots=True)
class HouseView:
    """The page of a house."""

    head: HouseHead
    year: int
    open_year: int
    services: list[ServiceYear]
    waiting: list[ModeView]
    form: Typed
    may_write: bool
    done: str
    service_options: list[tuple[int, str]]
    method_options: list[tuple[str, str]]

    @property
    def has_fix(self) -> bool:
        """Whether anything of the year was paid by the norm or an average."""
        return any(one.corrected for one in self.services)

    @property
    def form_open(self) -> bool:
        return bool(self.form.errors)


async def house_view(
    session: Session, me: Me, found: HouseWays, year: int | None, form: Typed | None = None, done: str = ""
) -> HouseView:
    """Months of a year, the open one when none is asked for."""
    opened = me.open_period or dt.date.today().replace(day=1)  # noqa: DTZ011  only a default to look from
    chosen = year or opened.year
    head, ways = found.head, found.ways
    rows = await common_pages.of_house(session, head.id, chosen)
    fixes = {one.service: one for one in await common_pages.fixes(session, head.id, chosen)}
    now = {one.service: one for one in reversed(ways) if one.valid_to is None or one.valid_to > opened}
    codes = sorted({row.service for row in rows} | set(now) | set(fixes))
    return HouseView(
        head=head,
        year=chosen,
        open_year=opened.year,
        services=[
            ServiceYear(code, [row for row in rows if row.service == code], now.get(code), fixes.get(code))
            for code in codes
        ],
        waiting=seen(await common_modes.waiting(session, head.id), me),
        form=form or Typed({"valid_from": f"{opened:%Y-%m}"}),
        may_write=me.may(*ACCRUERS),
        done=DONE.get(done, ""),
        service_options=SERVICE_OPTIONS,
        method_options=METHOD_OPTIONS,
    )


async def _house(session: Session, house_id: int, me: Me) -> HouseWays:
    """The house; a company opens those whose accounts it sees."""
    found = await common_modes.of_house(session, house_id)
    if found is None or not (me.may(*CENTRE_STAFF) or found.is_seen):
        raise NotFound("Такого дома нет.", "Откройте его из списка «Общее имущество».")
    return found


@router.get("/houses/{house_id:int}")
async def show(
    request: Request, house_id: int, me: CurrentUser, session: Reader, year: int = 0, done: str = ""
) -> Response:
    """The house in a year."""
    found = await _house(session, house_id, me)
    chosen = year if FIRST_YEAR <= year <= LAST_YEAR else None
    return page(request, "commons/house.html", await house_view(session, me, found, chosen, done=done))


@dataclass(frozen=True, slots=True)
class FixView:
    """The correction of a year as it would be charged."""

    head: HouseHead
    year: int
    rows: list[FixPreview]

    @property
    def change_kopecks(self) -> int:
        return sum(row.change_kopecks for row in self.rows)

    @staticmethod
    def label_of(row: FixPreview) -> str:
        return service_words(row.service)

    @staticmethod
    def unit_of(row: FixPreview) -> str:
        return CATALOGUE[row.service].unit


@router.get("/houses/{house_id:int}/fix")
async def fix(request: Request, house_id: int, me: CurrentUser, session: Reader, year: int = 0) -> Response:
    """The yearly correction of the house, counted now and written nowhere."""
    head = (await _house(session, house_id, me)).head
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise NotFound("Такого года нет.", "Откройте корректировку со страницы дома.")
    rows = await preview_fix(database(request), house_id, year)
    return page(request, "commons/fix.html", FixView(head, year, rows))
