"""The postman: makes letters of mailings, hands them to the mail server once, writes down what comes back.

A letter is `sending` in the database before the server hears of it and `sent` after its 250; what a crash
or a broken line leaves between the two is `unclear` and is not sent again by itself (ADR 0036).
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from billing.period import Period
from gateways.mail import dsn, receive, words
from gateways.mail.message import Attachment, Letter, made
from gateways.mail.settings import Mail, MailNotSet, from_environment, listen_at
from gateways.mail.smtp import Line, NotTaken, ServerAway, Unclear
from receipts.locked import locked
from receipts.look import STANDARD, look_of
from receipts.render import render_digest
from receipts.single import drawn, file_name
from storage import mail_runs, mail_work, sealed
from storage.engine import Database
from storage.mail_boxes import CHANNEL, CODE_LIFE
from storage.mail_work import LetterJob, Returned
from storage.outbox import listen
from storage.receipt_forms import forms_of
from storage.receipts import Built, build_receipts

log = logging.getLogger("paylogic.postman")

POLL_S = 1.0
ENDED = "Житель отказался от писем или сменил адрес до отправки"
LOCKED_OUT = "Пароль квитанции не открыть: ключ стенда сменился. Попросите жителя задать пароль снова"


class NotMade(Exception):
    """A letter that cannot be made; the message says why."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A letter for the wire with the digest of the receipt in it."""

    job: LetterJob
    raw: bytes
    digest: str | None


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Postman:
    """One over a database; several may work side by side: what is due is claimed."""

    def __init__(
        self,
        database: Database,
        mail: Callable[[], Mail] = from_environment,
        now: Callable[[], dt.datetime] = _now,
        key: Callable[[], str] = sealed.key_of_stack,
    ) -> None:
        self._database, self._mail, self._now, self._key = database, mail, now, key
        self._told: tuple[object, ...] = ()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; the door for what comes back stands open meanwhile."""
        door = await self._door()
        try:
            async for _ in listen(self._database.url, CHANNEL, POLL_S):
                while await self.round():
                    if stop.is_set():
                        return
                if stop.is_set():
                    return
        finally:
            if door is not None:
                door.close()

    async def _door(self) -> asyncio.Server | None:
        told = os.environ.get("PAYLOGIC_BOUNCE_LISTEN", "")
        if not told:
            return None
        try:
            return await receive.serve(*listen_at(told), self.take_back)
        except (MailNotSet, OSError) as trouble:
            log.error("bounces cannot be taken at %s: %s", told, trouble)
            return None

    async def take_back(self, recipient: str, raw: bytes) -> bool:
        """A letter that came back by SMTP."""
        found = dsn.read(raw, recipient)
        async with self._database.transaction() as session:
            came = Returned(found.kind, found.status, found.words, found.token, raw)
            return await mail_work.take_back(session, came)

    async def round(self) -> int:
        """All that is due now; how many letters were tried."""
        now = self._now()
        async with self._database.transaction() as session:
            await mail_work.sweep(session, now)
            await mail_runs.plan(session, now)
        try:
            mail = self._mail()
        except MailNotSet as trouble:
            await self._tell(None, str(trouble))
            return 0
        async with self._database.transaction() as session:
            jobs = await mail_work.claim(session, now, mail.per_minute)
        if jobs:
            await self._batch(mail, jobs)
        elif not self._told:
            await self._tell(mail, "")
        async with self._database.transaction() as session:
            await mail_runs.finish(session, self._now())
        return len(jobs)

    # ---- making ------------------------------------------------------------------------------------------

    async def _batch(self, mail: Mail, jobs: list[LetterJob]) -> None:
        """Letters made first, then said to the server over one line."""
        ready = [letter for letter in [await self._try_make(mail, jobs, job) for job in jobs] if letter]
        left = list(ready)
        if not ready:
            return
        try:
            async with Line(mail.server) as line:
                while left:
                    await self._say(mail, line, left[0])
                    left.pop(0)
        except ServerAway as away:
            log.warning("the mail server is away: %s", away)
            async with self._database.transaction() as session:
                await mail_work.give_back(session, [one.job for one in left], str(away), self._now())
            await self._tell(mail, f"Почтовый сервер не отвечает: {away}")
            return
        await self._tell(mail, "")

    async def _try_make(self, mail: Mail, jobs: Sequence[LetterJob], job: LetterJob) -> Ready | None:
        built = await self._built(job) if job.kind == "receipt" and job.is_wanted else None
        try:
            if not job.is_wanted:
                async with self._database.transaction() as session:
                    await mail_work.cancelled(session, job, ENDED)
                return None
            return await self._make(mail, job, built)
        except NotMade as trouble:
            async with self._database.transaction() as session:
                await mail_work.refused(session, job, str(trouble), is_dead=False)
            return None

    async def _built(self, job: LetterJob) -> Built | None:
        assert job.period is not None, "a receipt has a month"
        async with self._database.reading() as session:
            return (await build_receipts(session, [job.account_id], Period.of(job.period))).get(
                job.account_id
            )

    async def _make(self, mail: Mail, job: LetterJob, built: Built | None) -> Ready:
        unsubscribe = f"{mail.public_url}/u/{job.unsubscribe}" if job.kind == "receipt" else ""
        if job.kind == "receipt":
            said, file, digest = await self._receipt(mail, job, built, unsubscribe)
        else:
            said, file, digest = _plain(mail, job), None, None
        letter = Letter(
            to=job.address,
            subject=said.subject,
            text=said.text,
            html=said.html,
            message_id=f"{job.token}@{mail.domain}",
            date=job.recorded_at,
            unsubscribe=unsubscribe,
            attachment=file,
        )
        return Ready(job, await asyncio.to_thread(made, letter, mail), digest)

    async def _receipt(
        self, mail: Mail, job: LetterJob, built: Built | None, unsubscribe: str
    ) -> tuple[words.Said, Attachment, str]:
        """The document of the cabinet and of the press; under the resident's password when there is one."""
        if built is None or built.receipt is None:
            raise NotMade(built.problem if built else "Счёт не найден")
        receipt = built.receipt
        built.check()
        async with self._database.reading() as session:
            version = (await forms_of(session, [built.company_id], receipt.month)).get(built.company_id)
        look = STANDARD if version is None else look_of(version.look)
        document = await asyncio.to_thread(drawn(built.documents, look, built.is_large_print))
        digest = render_digest(document)
        if job.password_sealed is not None:
            try:
                password = sealed.unseal(job.password_sealed, f"mail:{job.account_id}", self._key())
            except sealed.CannotOpen as error:
                raise NotMade(LOCKED_OUT) from error
            document = await asyncio.to_thread(locked, document, password)
        said = words.receipt(
            period=receipt.month,
            due_kopecks=sum(one.due_kopecks for one in built.documents),
            due_on=receipt.due_on,
            account_number=receipt.payer.account_number,
            company_name=job.company_name,
            is_locked=job.password_sealed is not None,
            cabinet=f"{mail.public_url}/my",
            unsubscribe=unsubscribe,
        )
        name = file_name(receipt, str(Period.of(receipt.month)))
        return said, Attachment(name, document), digest

    # ---- sending -----------------------------------------------------------------------------------------

    async def _say(self, mail: Mail, line: Line, letter: Ready) -> None:
        """Mark, say, write down. Raises ServerAway with the letter surely not taken."""
        job = letter.job
        async with self._database.transaction() as session:
            if not await mail_work.starting(session, job, letter.digest):
                return
        try:
            taken = await line.deliver(mail.envelope_from(job.token), job.address, letter.raw)
        except ServerAway:
            raise
        except NotTaken as refusal:
            async with self._database.transaction() as session:
                if refusal.is_final:
                    await mail_work.refused(session, job, str(refusal), is_dead=refusal.is_dead)
                else:
                    await mail_work.put_off(session, job, str(refusal), self._now())
            return
        except Unclear as broken:
            async with self._database.transaction() as session:
                await mail_work.unclear(session, job, str(broken))
            return
        async with self._database.transaction() as session:
            await mail_work.sent(session, job, taken.words, self._now())

    async def _tell(self, mail: Mail | None, trouble: str) -> None:
        """What pages show of the server; written when it changes."""
        told: tuple[object, ...] = (trouble, mail)
        if told == self._told:
            return
        async with self._database.transaction() as session:
            await mail_work.keep_state(
                session,
                sender=mail.from_address if mail else "",
                server=f"{mail.server.host}:{mail.server.port}" if mail else "",
                per_minute=mail.per_minute if mail else 0,
                is_signed=mail is not None and mail.dkim is not None,
                trouble=trouble,
            )
        self._told = told


def _plain(mail: Mail, job: LetterJob) -> words.Said:
    """A letter without a file: a code, or a link to pay. Raises NotMade."""
    details = job.details
    if job.kind == "code":
        if not details.get("code"):
            raise NotMade("Кода в письме уже нет: попросите новый")
        minutes = int(CODE_LIFE.total_seconds()) // 60
        return words.code(code=str(details["code"]), account_number=job.account_number, minutes=minutes)
    return words.link(
        amount_kopecks=int(details["amount_kopecks"]),
        account_number=job.account_number,
        company_name=job.company_name,
        until=dt.date.fromisoformat(str(details["until"])),
        url=f"{mail.public_url}/pay/{details['number']}",
    )
