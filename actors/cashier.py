"""The cashier: speaks with banks and the fiscal service about what is due; the only one who knows their keys.

Woken by pages and notices, else by the clock. Each round: notices are judged, due orders are opened or
looked at, approved refunds are sent, checks are handed in and asked for. A counterpart is asked outside any
transaction.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from gateways import secrets
from gateways.acquiring import notices
from gateways.acquiring.banks import bank_of
from gateways.acquiring.profile import Profile
from gateways.acquiring.shape import Bank
from gateways.fiscal.atol import Atol, CheckTimedOut
from gateways.fiscal.profile import FiscalProfile
from gateways.http import Ask, CounterpartAway, CounterpartRefused
from storage import card_checks, card_gates, card_refunds, card_work
from storage.card_checks import WAITING, CheckJob
from storage.card_gates import CardGate
from storage.card_orders import CHANNEL, CREATED
from storage.card_refunds import RefundJob
from storage.card_work import Job, Notice
from storage.engine import Database
from storage.outbox import listen

log = logging.getLogger("paylogic.cashier")

POLL_S = 1.0
CLAIM_IS_OLD = dt.timedelta(seconds=card_work.LEASE_S // 3)
"""A refund is begun within a third of its lease: two questions of 20 s to the bank fit into the rest."""
MOSCOW = ZoneInfo("Europe/Moscow")
NO_GATE = "Нет действующей кассы: включите её на странице «Эквайринг»."
Secrets = Callable[[str], secrets.Secrets]


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Cashier:
    """One over a database; several may work side by side: what is due is claimed."""

    def __init__(
        self,
        database: Database,
        ask: Ask,
        keys: Secrets = secrets.read,
        now: Callable[[], dt.datetime] = _now,
    ) -> None:
        self._database, self._ask, self._keys, self._now = database, ask, keys, now
        self._boxes: dict[int, tuple[dt.datetime, Atol]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set."""
        async for _ in listen(self._database.url, CHANNEL, POLL_S):
            while await self.round():
                if stop.is_set():
                    return
            if stop.is_set():
                return

    async def round(self) -> int:
        """All that is due now; how many things were done."""
        done = await self._notices()
        done += await self._each(await self._claimed(card_work.claim), self._order)
        done += await self._each(await self._claimed(card_refunds.claim), self._refund)
        done += await self._each(await self._claimed(card_checks.claim), self._check)
        return done

    async def _claimed(self, claim: Callable[..., Awaitable[list[Any]]]) -> list[Any]:
        async with self._database.transaction() as session:
            return await claim(session, self._now())

    async def _each(self, jobs: Sequence[Any], work: Callable[[Any], Awaitable[None]]) -> int:
        """Jobs side by side: one slow counterpart does not hold the others."""
        outcomes = await asyncio.gather(*(work(job) for job in jobs), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                log.error("a job of the cashier failed, its lease will run out", exc_info=outcome)
        return len(jobs)

    # ---- notices -----------------------------------------------------------------------------------------

    async def _notices(self) -> int:
        async with self._database.transaction() as session:
            judged = 0
            for notice in await card_work.unheard(session):
                is_good = self._is_genuine(notice)
                if is_good is not None:
                    await card_work.judge(session, notice, is_good, self._now())
                    judged += 1
        return judged

    def _is_genuine(self, notice: Notice) -> bool | None:
        """None: it cannot be judged until the keys are there."""
        try:
            profile = Profile.model_validate(notice.gate.profile)
            keys = self._keys(notice.gate.code)
            is_good = notices.is_genuine(profile, keys, notice.values, notice.address)
        except (ValidationError, CounterpartAway):
            return None
        if not is_good:
            log.warning("a notice of %s from %s is not genuine", notice.gate.code, notice.address)
        return is_good

    # ---- orders ------------------------------------------------------------------------------------------

    def _bank(self, gate: CardGate) -> Bank:
        """Raises CounterpartAway when the gate's profile or keys are not in order."""
        try:
            profile = Profile.model_validate(gate.profile)
        except ValidationError as error:
            raise CounterpartAway("Профиль шлюза не читается: откройте и сохраните его") from error
        return bank_of(profile, self._keys(gate.code), self._ask)

    async def _order(self, job: Job) -> None:
        try:
            bank = self._bank(job.gate)
            if job.order.state == CREATED:
                await self._open(bank, job)
            else:
                seen = await bank.look(job.order)
                async with self._database.transaction() as session:
                    await card_work.apply(session, job.order.id, seen, self._now())
                    await card_gates.note(session, job.gate.id, "")
        except (CounterpartAway, CounterpartRefused) as trouble:
            await self._put_off(job, str(trouble))

    async def _open(self, bank: Bank, job: Job) -> None:
        try:
            opened = await bank.open(job)
        except CounterpartRefused as refusal:
            async with self._database.transaction() as session:
                await card_work.refuse(session, job, str(refusal))
            return
        async with self._database.transaction() as session:
            await card_work.registered(session, job, opened.bank_id, opened.link, self._now())
            await card_gates.note(session, job.gate.id, "")

    async def _put_off(self, job: Job, trouble: str) -> None:
        log.warning("order %s of %s: %s", job.order.id, job.gate.code, trouble)
        async with self._database.transaction() as session:
            await card_work.put_off(session, job, trouble, self._now())
            await card_gates.note(session, job.gate.id, trouble)

    # ---- refunds -----------------------------------------------------------------------------------------

    async def _refund(self, refund: RefundJob) -> None:
        """The bank is asked what it has given back before it is told to.

        A claim that grew old meanwhile (this process stood still) is let go: another may be telling the bank.
        """
        now = self._now()
        try:
            bank = self._bank(refund.job.gate)
            seen = await bank.look(refund.job.order)
            total: int | None = seen.refunded_kopecks
            if not refund.is_done_by(seen.refunded_kopecks) and not refund.is_sent:
                if self._now() - now > CLAIM_IS_OLD:
                    raise CounterpartAway("Банк отвечал слишком долго, спросим ещё раз")
                total = await bank.give_back(refund, now.astimezone(MOSCOW).date())
                async with self._database.transaction() as session:
                    await card_refunds.sent(session, refund, now)
        except CounterpartRefused as refusal:
            async with self._database.transaction() as session:
                await card_refunds.fail(session, refund, str(refusal))
            return
        except CounterpartAway as trouble:
            async with self._database.transaction() as session:
                await card_refunds.put_off(session, refund, str(trouble), now)
            return
        async with self._database.transaction() as session:
            if total is not None and refund.is_done_by(total):
                await card_refunds.finish(session, refund.id, now)
            elif refund.is_sent:
                await card_refunds.put_off(session, refund, "Ждём, когда банк покажет возврат", now)

    # ---- checks ------------------------------------------------------------------------------------------

    async def _box(self, gate_id: int | None) -> tuple[CardGate, Atol]:
        """The fiscal service in use or a desk's own, with its token kept while its profile stays."""
        async with self._database.reading() as session:
            gate = await card_checks.gate(session, gate_id)
        if gate is None:
            raise CounterpartAway(NO_GATE)
        changed_at, box = self._boxes.get(gate.id, (None, None))
        if box is None or changed_at != gate.changed_at:
            try:
                profile = FiscalProfile.model_validate(gate.profile)
            except ValidationError as error:
                raise CounterpartAway("Профиль кассы не читается: откройте и сохраните его") from error
            box = Atol(profile, self._keys(gate.code), self._ask)
            self._boxes[gate.id] = (gate.changed_at, box)
        return gate, box

    async def _check(self, job: CheckJob) -> None:
        now = self._now()
        try:
            gate, box = await self._box(job.gate_id)
            if job.state == WAITING or job.uuid is None:
                uuid = await box.send(job)
                async with self._database.transaction() as session:
                    await card_checks.sent(session, job.id, uuid, now)
                    await card_gates.note(session, gate.id, "")
                return
            made = await box.look(job.uuid)
        except CheckTimedOut as late:
            async with self._database.transaction() as session:
                await card_checks.renew(session, job, str(late), now)
            return
        except CounterpartRefused as refusal:
            async with self._database.transaction() as session:
                await card_checks.fail(session, job.id, str(refusal))
            return
        except CounterpartAway as trouble:
            async with self._database.transaction() as session:
                await card_checks.put_off(session, job, str(trouble), now)
            return
        async with self._database.transaction() as session:
            if made is None:
                await card_checks.put_off(session, job, "", now)
            else:
                await card_checks.done(session, job.id, made.numbers, made.url, now)
