"""«Главная»: the sum and its date, readings with the last day, what changed, messages; the next charge."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.period import Period
from storage import account_meters, cabinet_pages
from storage.account_lines import LineRow
from storage.cabinet_pages import Around
from web import clock
from web.cabinet.frame import Frame, frame, last_reading_day, recent_lines
from web.charges import label_of
from web.deps import CurrentUser, Reader
from web.meter_cards import MeterCard, meter_cards
from web.nearest import Nearest, nearest_charge
from web.render import page
from web.roles import Role, allow

router = APIRouter(prefix="/my", dependencies=[allow(Role.RESIDENT)])

PARTS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Change:
    """The last month against the one before: the whole and its parts by service; the parts add up."""

    period: dt.date
    before: dt.date
    delta_kopecks: int
    parts: tuple[tuple[str, int], ...]

    @property
    def shown(self) -> tuple[tuple[str, int], ...]:
        """The greatest parts and the rest as one."""
        if len(self.parts) <= PARTS_SHOWN + 1:
            return self.parts
        rest = sum(kopecks for _, kopecks in self.parts[PARTS_SHOWN:])
        return (*self.parts[:PARTS_SHOWN], ("Остальное", rest))


@dataclass(frozen=True, slots=True)
class HomeView:
    """The first page of a resident."""

    frame: Frame
    last_period: dt.date | None
    due_on: dt.date | None
    total_kopecks: int
    change: Change | None
    cards: list[MeterCard]
    around: Around

    @property
    def is_late(self) -> bool:
        """Whether the day to pay has passed."""
        return self.due_on is not None and self.frame.today > self.due_on

    @property
    def last_day(self) -> dt.date | None:
        """The last day for readings of the open month, when the organisation has one."""
        return last_reading_day(self.frame.open_period, self.around.reading_last_day)

    @property
    def is_window_over(self) -> bool:
        """Whether a reading given today goes into the next month."""
        return self.last_day is not None and self.frame.today > self.last_day

    @property
    def to_give(self) -> int:
        """Meters that have no reading for the open month yet."""
        return sum(1 for card in self.cards if card.is_active and not card.given_words)

    @property
    def active(self) -> int:
        """Meters readings are expected of."""
        return sum(1 for card in self.cards if card.is_active)


@dataclass(frozen=True, slots=True)
class PreviewView:
    """The nearest charge of the account."""

    frame: Frame
    nearest: Nearest


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader, account: int | None = None) -> Response:
    """The page."""
    around_frame = await frame(session, me, account)
    chosen = around_frame.account
    lines = await recent_lines(session, around_frame)
    last = max((line.period for line in lines), default=None)
    opened = Period.of(around_frame.open_period)
    meters = await account_meters.meters(session, chosen.id, opened.shift(1).first_day)
    around = await cabinet_pages.around(
        session,
        house_id=chosen.house_id,
        account_id=chosen.id,
        company_id=chosen.company_id,
        period=around_frame.open_period,
        now=clock.now(),
    )
    view = HomeView(
        frame=around_frame,
        last_period=last,
        due_on=around.terms.due(Period.of(last)) if last else None,
        total_kopecks=sum(one.balance_kopecks for one in around_frame.accounts if one.balance_kopecks > 0),
        change=change_of(lines, last) if last else None,
        cards=meter_cards(meters, around_frame.open_period, around_frame.today),
        around=around,
    )
    return page(request, "cabinet/home.html", view)


def change_of(lines: Sequence[LineRow], last: dt.date) -> Change | None:
    """Difference with the month before by service; None when there was none or nothing has changed."""
    before = Period.of(last).shift(-1).first_day
    parts: dict[int, int] = {}
    names = {line.service: line.service_label for line in lines}
    for line in lines:
        if line.period == last:
            parts[line.service] = parts.get(line.service, 0) + line.total_kopecks
        elif line.period == before:
            parts[line.service] = parts.get(line.service, 0) - line.total_kopecks
    if not any(line.period == before for line in lines):
        return None
    ordered = sorted(
        ((label_of(code, 0, names[code]), kopecks) for code, kopecks in parts.items()),
        key=lambda one: -abs(one[1]),
    )
    return Change(last, before, sum(parts.values()), tuple(one for one in ordered if one[1]))


@router.get("/preview")
async def preview(request: Request, me: CurrentUser, session: Reader, account: int | None = None) -> Response:
    """What the open month would charge if it were billed this minute."""
    view = await frame(session, me, account)
    chosen = view.account
    nearest = await nearest_charge(request, chosen.id, chosen.number, chosen.address, view.open_period)
    return page(request, "cabinet/preview.html", PreviewView(view, nearest))
