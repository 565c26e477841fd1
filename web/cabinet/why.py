"""«Почему столько»: every line of a month in plain words with its formula and clause, and what changed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.period import Period
from storage import account_lines
from storage.changes import ChangeTold, account_changes
from web.cabinet.frame import Frame, frame
from web.charges import MonthCharges, month_charges
from web.deps import CurrentUser, Reader
from web.errors import NotFound
from web.render import page
from web.roles import Role, allow
from web.waterfall import Waterfall, waterfall
from web.why import Why, why_all

router = APIRouter(prefix="/my/why", dependencies=[allow(Role.RESIDENT)])


@dataclass(frozen=True, slots=True)
class WhyView:
    """A month explained."""

    frame: Frame
    period: dt.date
    charges: MonthCharges
    lines: dict[str, Why]
    told: ChangeTold | None
    chart: Waterfall | None


@router.get("/{period}")
async def show(
    request: Request, period: str, me: CurrentUser, session: Reader, account: int | None = None
) -> Response:
    """The page of a published month."""
    try:
        month = Period.parse(period)
    except ValueError as error:
        raise NotFound("Такого месяца нет.", str(error)) from error
    held = await frame(session, me, account)
    chosen = held.account
    periods = (month.first_day, month.shift(-1).first_day)
    lines = await account_lines.lines(session, chosen.id, chosen.house_id, chosen.company_id, periods)
    charges = month_charges(lines, month.first_day)
    if charges.is_empty:
        raise NotFound(
            f"Начислений за {month.title} нет.", "Они появятся, когда расчётный центр опубликует месяц."
        )
    found = await why_all(session, lines, month.first_day, chosen)
    told = (await account_changes(session, [chosen.id], month.first_day)).get(chosen.id)
    if told is not None and not told.before_kopecks:
        told = None  # the first bill has nothing to be compared with
    view = WhyView(
        frame=held,
        period=month.first_day,
        charges=charges,
        lines={one.key: one for one in found},
        told=told,
        chart=waterfall(told, {one.service: one.service_label or "" for one in lines}) if told else None,
    )
    return page(request, "cabinet/why.html", view)
