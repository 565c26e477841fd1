"""Takes commands of payouts from the stream: plan, post, undo a distribution; read a statement."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from actors.orders import bury
from gateways import iso20022
from gateways.bank1c import BankFileRefused, Document, Statement, parse
from gateways.bus import Buried, Event
from storage import outbox, payout_work, payouts, statements
from storage.engine import Database
from storage.session import Session
from storage.statements import BankRow, Head

log = logging.getLogger("paylogic.payouts")

CONSUMER = "payouts"


class Payouts:
    """Handler of the consumer `payouts`: one command at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def handle(self, events: Sequence[Event]) -> None:
        """Each in a transaction of its own; a repeat changes nothing."""
        for event in events:
            async with self._database.transaction() as session:
                if await outbox.once(session, CONSUMER, event.id):
                    await _obey(session, event)
            log.info("%s %s", event.subject, event.payload)

    async def bury(self, buried: Buried) -> None:
        """Keep the command for a person to look at and tell the one who waits."""
        await bury(self._database, buried)
        async with self._database.transaction() as session:
            if "payout_run_id" in buried.payload:
                await payout_work.give_up(session, int(buried.payload["payout_run_id"]))
            else:
                await statements.give_up(session, buried.payload)


class UnknownPayoutOrder(ValueError):
    """A command this version does not know: kept as a dead letter."""

    permanent = True


async def _obey(session: Session, event: Event) -> None:
    deeds = {payouts.PLAN: payout_work.plan, payouts.POST: payout_work.post, payouts.UNDO: payout_work.undo}
    if event.subject in deeds:
        await deeds[event.subject](session, int(event.payload["payout_run_id"]))
    elif event.subject == payouts.LOAD:
        await read_statement(session, int(event.payload["statement_id"]))
    elif event.subject == payouts.TAKE:
        await statements.take(session, event.payload)
    else:
        raise UnknownPayoutOrder(f"Неизвестное поручение {event.subject}.")


async def read_statement(session: Session, statement_id: int) -> None:
    """Read a statement and do what its rows say, or write down why not."""
    content = await statements.waiting(session, statement_id)
    if content is None:
        return
    try:
        found = await asyncio.to_thread(_parse, content)
    except BankFileRefused as error:
        await statements.refuse(session, statement_id, str(error))
        return
    refusal = await statements.not_ours(session, found.account)
    if refusal is not None:
        await statements.refuse(session, statement_id, refusal)
        return
    head = Head(found.account, found.first_day, found.last_day, found.opening_kopecks, found.closing_kopecks)
    await statements.load(session, statement_id, head, [_row(found, one) for one in found.documents])


def _parse(content: bytes) -> Statement:
    """Whichever exchange the file is of. Raises BankFileRefused."""
    return iso20022.parse(content) if iso20022.is_camt(content) else parse(content)


def _row(statement: Statement, one: Document) -> BankRow:
    is_in = statement.is_in(one)
    moved = (one.credited_on or one.debited_on) if is_in else (one.debited_on or one.credited_on)
    return BankRow(
        line=one.line,
        is_in=is_in,
        number=one.number,
        day=one.day,
        moved_on=moved or one.day,
        amount_kopecks=one.amount_kopecks,
        other_account=one.payer_account if is_in else one.payee_account,
        other_inn=one.payer_inn if is_in else one.payee_inn,
        other_name=one.payer_name if is_in else one.payee_name,
        purpose=one.purpose,
    )
