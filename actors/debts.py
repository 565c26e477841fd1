"""Looks at debts now and then: counts debtors, brings the overdue process on, draws approved papers."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from contextlib import suppress
from zoneinfo import ZoneInfo

from billing.overdue import Stage
from billing.paper import PaperMismatchError
from receipts.claims import render_claim
from receipts.papers import COURT, REMINDER, RESTRICTION, STOP, WARNING, render
from receipts.render import ReceiptRenderError
from storage import agreement_watch, papers
from storage.agreement_interest import post_interest
from storage.debt_agreements import under_agreement
from storage.debt_count import count_debtors
from storage.engine import Database
from storage.overdue import advance
from storage.overdue_papers import Drawn, Undrawn, court_dossier, keep_drawn, undrawn
from storage.session import Session

log = logging.getLogger("paylogic.debts")

LOOK_S = 5.0
ADVANCE_S = 60.0  # a payment closes its case within so long
ZONE = ZoneInfo("Europe/Moscow")
KINDS = {
    Stage.REMINDER: REMINDER,
    Stage.NOTICE: WARNING,
    Stage.RESTRICTION: RESTRICTION,
    Stage.STOP: STOP,
    Stage.COURT: COURT,
}


class DebtKeeper:
    """Several may run: locks of the database let one count and one advance at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._advanced: tuple[dt.date, list[int]] | None = None  # the day and whose agreements were known
        self._is_behind = True  # something was counted after cases were brought on
        self._advanced_at = float("-inf")
        self._marked: agreement_watch.Seen | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Until stop is set. Raises when PostgreSQL is away; whoever runs it tries again."""
        while not stop.is_set():
            await self.look(dt.datetime.now(ZONE).date(), ADVANCE_S)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_S)

    async def look(self, day: dt.date, pause_s: float = 0.0) -> None:
        """One look: everything that is due on the day is done when it returns.

        pause_s: cases are not brought on again sooner than that: each time the whole city is asked.
        """
        if await self._has_month():
            await self._mark(day)
            counted = await count_debtors(self._database, day)
            self._is_behind = self._is_behind or counted is not None
            async with self._database.reading() as session:
                seen = (day, sorted(await under_agreement(session, day)))
            if self._advanced != seen or (self._is_behind and self._has_rested(pause_s)):
                await self._advance(day)
                self._advanced, self._is_behind = seen, False
        while await self._draw(day):
            pass

    def _has_rested(self, pause_s: float) -> bool:
        return asyncio.get_running_loop().time() - self._advanced_at >= pause_s

    async def _advance(self, day: dt.date) -> None:
        async with self._database.transaction() as session:
            drafted = await advance(session, day)
        self._advanced_at = asyncio.get_running_loop().time()
        log.info("overdue process brought on, %s steps drafted", drafted)

    async def _mark(self, day: dt.date) -> None:
        """Which agreements are kept; interest of the open month."""
        async with self._database.reading() as session:
            seen = await agreement_watch.seen(session, day)
        if seen == self._marked:
            return
        async with self._database.transaction() as session:
            changed = await agreement_watch.mark(session, day)
            posted = await post_interest(session, day)
        self._marked = seen
        log.info("agreements: %s paid or broken, %s parts of interest posted", changed, posted)

    async def _has_month(self) -> bool:
        async with self._database.reading() as session:
            return await papers.has_months(session)

    async def _draw(self, day: dt.date) -> bool:
        """Draw the next papers; false when there are none left."""
        async with self._database.transaction() as session:
            waiting = await undrawn(session, day)
            if not waiting:
                return False
            numbers = await papers.next_numbers(session, day, len(waiting))
            drawn = [await _drawn(session, one, n, day) for one, n in zip(waiting, numbers, strict=True)]
            await keep_drawn(session, drawn)
        return True


async def _drawn(session: Session, one: Undrawn, number: str, day: dt.date) -> Drawn:
    kind = KINDS[one.stage]
    content, problem = None, ""
    try:
        if one.claim is not None:
            content = await asyncio.to_thread(render_claim, kind, one.claim, number)
        else:
            dossier = await court_dossier(session, one.account_id, day)
            if dossier is not None:
                content = await asyncio.to_thread(render, kind, dossier, number)
    except (PaperMismatchError, ReceiptRenderError) as error:
        problem = str(error)
    if content is None and not problem:
        problem = "Счёт не найден: документ не составлен."
    return Drawn(one.step_id, one.account_id, one.user_id, kind, number, content, problem)
