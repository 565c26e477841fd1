"""The gate of agents: payments that come by the network are kept in batches, then answered.

`take` writes the inbox row and the event of each new payment in one transaction for the whole batch; a repeat
is told what the first was told, and the same number with another sum or account is an alarm.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from storage import audit
from storage.inbox import hash_of
from storage.search import ADDRESS, ADDRESS_JOINS
from storage.session import Session

TAKEN, CANCELLED = "payments.taken", "payments.cancelled"
NEW, REPEAT, ALARM, NO_ACCOUNT, CLOSED_ACCOUNT = "new", "repeat", "alarm", "no-account", "closed"


@dataclass(frozen=True, slots=True)
class Asked:
    """A payment an agent asks us to take. moment: the agent's own accounting time."""

    agent_id: int
    number: str
    account_number: str
    amount_kopecks: int
    moment: dt.datetime
    service: int | None = None
    channel: str = "online"  # or desk: a cash desk of ours

    @property
    def source(self) -> str:
        return source_of(self.agent_id)

    @property
    def input_hash(self) -> str:
        """What a repeat must have in common with the first: the account, the sum and the service."""
        return hash_of(
            {"account": self.account_number, "amount_kopecks": self.amount_kopecks, "service": self.service}
        )

    def payload(self, paid_on: dt.date) -> dict[str, Any]:
        """The event of the payment."""
        return {
            "agent_id": self.agent_id,
            "number": self.number,
            "account_number": self.account_number,
            "amount_kopecks": self.amount_kopecks,
            "paid_on": paid_on.isoformat(),
            "happened_at": self.moment.isoformat(),
            "service": self.service,
            "source": self.channel,
        }


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of it: new, repeat, alarm, no-account, closed. our_id is the number we answer with, the
    same for a repeat.
    """

    kind: str
    our_id: int | None = None
    amount_kopecks: int = 0
    moment: dt.datetime | None = None
    state: str = "accepted"
    account_number: str = ""


def source_of(agent_id: int) -> str:
    """Source of an agent's rows in the inbox."""
    return f"agent-{agent_id}"


async def take(session: Session, asked: Sequence[Asked], zone: dt.tzinfo) -> list[Taken]:
    """Keep what is new; what became of each, in order. Answer only after the commit. zone: of the day a
    payment is booked on.
    """
    known = await _known(session, [(one.source, one.number) for one in asked])
    unknown = [one for one in asked if (one.source, one.number) not in known]
    accounts = await _accounts(session, [one.account_number for one in unknown]) if unknown else {}
    fresh: dict[tuple[str, str], Asked] = {}
    for one in unknown:
        account = accounts.get(one.account_number)
        if account is not None and not account.is_closed:
            fresh.setdefault((one.source, one.number), one)
    added = await _add(session, list(fresh.values()), accounts, zone)
    missed = [key for key in fresh if key not in added]  # another connection was quicker
    known |= await _known(session, missed) if missed else {}
    out = []
    for one in asked:
        key = (one.source, one.number)
        if key in added and fresh[key] is one:
            out.append(Taken(NEW, added[key], one.amount_kopecks, one.moment))
        elif key in added:
            out.append(_same_batch(one, fresh[key], added[key]))
        elif key in known:
            out.append(_earlier(one, known[key]))
        else:
            out.append(Taken(CLOSED_ACCOUNT if one.account_number in accounts else NO_ACCOUNT))
    await _alarm(session, [one for one, made in zip(asked, out, strict=True) if made.kind == ALARM])
    return out


def _same_batch(one: Asked, first: Asked, our_id: int) -> Taken:
    if one.input_hash != first.input_hash:
        return Taken(ALARM)
    return Taken(REPEAT, our_id, first.amount_kopecks, first.moment)


def _earlier(one: Asked, row: Any) -> Taken:
    if row.input_hash != one.input_hash:
        return Taken(ALARM)
    return _taken(row)


def _taken(row: Any) -> Taken:
    moment = dt.datetime.fromisoformat(row.payload["happened_at"])
    amount = int(row.payload["amount_kopecks"])
    return Taken(REPEAT, row.id, amount, moment, row.state, row.payload["account_number"])


async def _known(session: Session, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Any]:
    found = await session.execute(
        text("""
        SELECT i.source, i.key, i.id, i.input_hash, i.payload, i.state
          FROM unnest(CAST(:sources AS text[]), CAST(:keys AS text[])) AS w(source, key)
          JOIN inbox i ON i.source = w.source AND i.key = w.key"""),
        {"sources": [source for source, _ in keys], "keys": [key for _, key in keys]},
    )
    return {(row.source, row.key): row for row in found}


async def _accounts(session: Session, numbers: Sequence[str]) -> dict[str, Any]:
    found = await session.execute(
        text("""
        SELECT number, id, company_id, closed_on IS NOT NULL AS is_closed FROM accounts
         WHERE number = ANY (:numbers)"""),
        {"numbers": list(set(numbers))},
    )
    return {row.number: row for row in found}


ADD = """
WITH given AS (
  SELECT * FROM unnest(CAST(:sources AS text[]), CAST(:keys AS text[]), CAST(:hashes AS text[]),
                       CAST(:payloads AS text[]), CAST(:companies AS int[]), CAST(:accounts AS int[]))
    AS n(source, key, hash, payload, company_id, account_id)),
kept AS (
  INSERT INTO inbox (source, key, input_hash, payload, answer, company_id, account_id)
  SELECT source, key, hash, payload::jsonb, '{}', company_id, account_id FROM given
  ON CONFLICT (source, key) DO NOTHING RETURNING id, source, key),
told AS (
  INSERT INTO outbox (event_id, subject, payload)
  SELECT g.source || ':' || g.key, :subject,
         g.payload::jsonb || jsonb_build_object('schema', 1, 'event_id', g.source || ':' || g.key)
    FROM given g JOIN kept k ON k.source = g.source AND k.key = g.key)
SELECT id, source, key FROM kept"""


async def _add(
    session: Session, fresh: Sequence[Asked], accounts: dict[str, Any], zone: dt.tzinfo
) -> dict[tuple[str, str], int]:
    """Inbox rows and events of new payments, by one statement; ids of the rows that were new."""
    if not fresh:
        return {}
    await session.execute(text("SELECT set_config('paylogic.quiet', 'on', true)"))
    found = await session.execute(
        text(ADD),
        {
            "sources": [one.source for one in fresh],
            "keys": [one.number for one in fresh],
            "hashes": [one.input_hash for one in fresh],
            "payloads": [
                json.dumps(one.payload(one.moment.astimezone(zone).date()), ensure_ascii=False)
                for one in fresh
            ],
            "companies": [accounts[one.account_number].company_id for one in fresh],
            "accounts": [accounts[one.account_number].id for one in fresh],
            "subject": TAKEN,
        },
    )
    return {(row.source, row.key): int(row.id) for row in found}


async def _alarm(session: Session, reused: Sequence[Asked]) -> None:
    for one in reused:
        await audit.record(
            session,
            "payment_number_reused",
            "payment",
            None,
            user_id=None,
            after={
                "agent_id": one.agent_id,
                "number": one.number,
                "account_number": one.account_number,
                "amount_kopecks": one.amount_kopecks,
            },
        )


async def find(session: Session, agent_id: int, number: str) -> Taken | None:
    """A payment an agent asks about, by its own number; None when we never took it."""
    known = await _known(session, [(source_of(agent_id), number)])
    return _taken(next(iter(known.values()))) if known else None


async def number_of(session: Session, agent_id: int, our_id: int) -> str | None:
    """The agent's number of a payment by ours."""
    found: str | None = await session.scalar(
        text("SELECT key FROM inbox WHERE id = :id AND source = :source"),
        {"id": our_id, "source": source_of(agent_id)},
    )
    return found


async def cancel(session: Session, agent_id: int, number: str) -> bool:
    """Ask for a reversal of a payment; false when it was asked before. The intake posts it."""
    source = source_of(agent_id)
    payload = {"agent_id": agent_id, "number": number}
    added = await session.scalar(
        text("""
        INSERT INTO inbox (source, key, input_hash, payload, answer, company_id, account_id)
        SELECT :source, 'cancel:' || i.key, :hash, CAST(:payload AS jsonb), '{}', i.company_id, i.account_id
          FROM inbox i WHERE i.source = :source AND i.key = :number
        ON CONFLICT (source, key) DO NOTHING RETURNING true"""),
        {"source": source, "number": number, "hash": hash_of(payload), "payload": json.dumps(payload)},
    )
    if not added:
        return False
    event = f"{source}:cancel:{number}"
    await session.execute(
        text(
            "INSERT INTO outbox (event_id, subject, payload) VALUES (:id, :subject, CAST(:payload AS jsonb))"
        ),
        {
            "id": event,
            "subject": CANCELLED,
            "payload": json.dumps({**payload, "schema": 1, "event_id": event}),
        },
    )
    return True


@dataclass(frozen=True, slots=True)
class Payer:
    """What an agent may be shown of an account on `check`: its balance now, name, address."""

    account_id: int
    name: str
    address: str
    is_closed: bool


async def payer(session: Session, number: str) -> Payer | None:
    """An account by its number."""
    row = (
        await session.execute(
            text(f"""
            SELECT a.id, a.payer_name, a.closed_on IS NOT NULL AS is_closed, {ADDRESS} AS address
              FROM accounts a {ADDRESS_JOINS}
             WHERE a.number = :number"""),  # noqa: S608 - words of ours
            {"number": number},
        )
    ).one_or_none()
    return None if row is None else Payer(row.id, row.payer_name, row.address, row.is_closed)
