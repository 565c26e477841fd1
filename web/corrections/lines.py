"""What an account got by corrections, on its card: each line with its old month, document and derivation."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing import trace
from billing.basis import DIVISIONS
from billing.period import Period
from billing.trace import Trace
from billing.trace_line import Facts, Line, Share
from storage import correction_pages as reads
from storage.correction_pages import AccountCorrection
from storage.session import Session
from web.corrections.words import READERS
from web.deps import Reader
from web.render import page
from web.roles import allow

router = APIRouter(prefix="/corrections/accounts/{account_id:int}", dependencies=[allow(*READERS)])

SHOWN_MAX = 60
"""Lines on a card: years of corrections of one account."""


@dataclass(frozen=True, slots=True)
class Told:
    """A line of a package told in words: taken back or put in its place."""

    is_back: bool
    told: Trace


@dataclass(frozen=True, slots=True)
class Explained:
    """A service of a past month: the difference and every line it is made of."""

    sum: AccountCorrection
    lines: list[Told]


@dataclass(frozen=True, slots=True)
class LinesView:
    """Corrections of an account, newest first."""

    account_id: int
    rows: list[Explained]


async def explained(session: Session, account_id: int, sums: list[AccountCorrection]) -> list[Explained]:
    """Each sum with the derivation of its lines."""
    by_key: dict[tuple[int, dt.date, int], list[Told]] = {}
    for run_id in dict.fromkeys(one.run_id for one in sums):
        found = await reads.lines_of(session, account_id, run_id)
        for period, line in found:
            if line.basis in DIVISIONS and not line.amount_kopecks and not line.surcharge_kopecks:
                continue
            alike = (one for month, one in found if month == period and one.kind == line.kind)
            told = _told(period, line, Share.among(line, alike))
            by_key.setdefault((run_id, period, line.service), []).append(told)
    return [Explained(one, by_key.get((one.run_id, one.of_period, one.service), [])) for one in sums]


def _told(period: dt.date, line: Line, share: Share | None) -> Told:
    return Told(line.kind == 1, trace.explain(line, Period.of(period), Facts(share=share)))


@router.get("/lines")
async def show(request: Request, account_id: int, session: Reader) -> Response:
    """The section of the card; a page of its own without htmx."""
    sums = (await reads.of_account(session, account_id, with_drafts=True))[:SHOWN_MAX]
    view = LinesView(account_id, await explained(session, account_id, sums))
    return page(request, "corrections/lines.html", view, "lines")
