"""Takes payments from the stream and posts them in batches: one transaction for a batch, then acknowledged.

Events come at least once; the ids written with the effect, and the payment's own key, make a repeat change
nothing. What a payment became goes into its inbox row; an alarm is a line of the journal.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from typing import Any

from actors.orders import bury
from gateways.bus import Buried, Event
from storage import outbox, payment_moves, payments
from storage.engine import Database
from storage.payment_gate import CANCELLED, TAKEN
from storage.payment_moves import DECIDED
from storage.payments import Incoming, Outcome
from storage.session import Session

log = logging.getLogger("paylogic.payments")

CONSUMER = "payments-intake"


class BadPayment(ValueError):
    """An event of payments that does not say what it must."""

    code = "bad_payment"
    permanent = True


class PaymentIntake:
    """Handler of the consumer `payments-intake`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def handle(self, events: Sequence[Event]) -> None:
        """All payments of a batch by sets, the rare other events one by one, in one transaction."""
        async with self._database.transaction() as session:
            new = await outbox.once_many(session, CONSUMER, [event.id for event in events])
            fresh = list({event.id: event for event in events if event.id in new}.values())
            await self._take(session, [event for event in fresh if event.subject == TAKEN])
            for event in fresh:
                if event.subject != TAKEN:
                    await _move(session, event)

    async def _take(self, session: Session, events: Sequence[Event]) -> None:
        incoming = [incoming_of(event.payload) for event in events]
        if not incoming:
            return
        outcomes = await payments.post_payments(session, incoming)
        await payment_moves.settle(session, [event.id for event in events], outcomes)
        await payment_moves.cancel_awaited(session, incoming)
        for one, outcome in zip(incoming, outcomes, strict=True):
            if outcome.kind == "conflict":
                log.error("payment %s of agent %s came with another content", one.number, one.agent_id)
        log.info("%s payments: %s", len(events), _counts(outcomes))

    async def bury(self, buried: Buried) -> None:
        """Keep an event that cannot be processed."""
        await bury(self._database, buried)


async def _move(session: Session, event: Event) -> None:
    if event.subject == CANCELLED:
        await payment_moves.cancel(session, int(event.payload["agent_id"]), str(event.payload["number"]))
    elif event.subject == DECIDED:
        await payment_moves.obey(session, int(event.payload["decision_id"]))
    else:
        raise BadPayment(f"Событие «{event.subject}» платежам неизвестно.")


def _counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    kinds = [outcome.kind for outcome in outcomes]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


def incoming_of(payload: dict[str, Any]) -> Incoming:
    """A payment of an event of schema 1. Raises BadPayment naming what is wrong."""
    try:
        happened_at, service = payload.get("happened_at"), payload.get("service")
        of_period, payee_id = payload.get("of_period"), payload.get("payee_id")
        made = Incoming(
            agent_id=int(payload["agent_id"]),
            number=str(payload["number"]),
            account_number=str(payload["account_number"]),
            amount_kopecks=payload["amount_kopecks"],
            paid_on=dt.date.fromisoformat(payload["paid_on"]),
            happened_at=None if happened_at is None else dt.datetime.fromisoformat(happened_at),
            of_period=None if of_period is None else dt.date.fromisoformat(of_period),
            service=None if service is None else int(service),
            source=str(payload.get("source", "online")),
            payee_id=None if payee_id is None else int(payee_id),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadPayment(f"Событие платежа не понято: {error!r}.") from error
    if type(made.amount_kopecks) is not int or made.amount_kopecks <= 0:
        raise BadPayment(f"Сумма платежа {made.amount_kopecks!r}: нужны целые копейки больше нуля.")
    return made
