"""check, pay, status, cancel: what an agent is answered, over books that may be real or fake.

A refusal of `pay` is final for the agent: it gives the money back. So before any refusal the books are asked
whether this very payment was taken earlier, and a repeat is told what the first was told.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol
from zoneinfo import ZoneInfo

from gateways.agents import parse
from gateways.agents.parse import Query, Refused, Reply
from gateways.agents.profile import Profile
from storage.payment_gate import ALARM, CLOSED_ACCOUNT, NEW, NO_ACCOUNT, Asked, Taken

REASON_OF = {
    NEW: "ok",
    "repeat": "repeat",
    ALARM: "other",
    NO_ACCOUNT: "no_account",
    CLOSED_ACCOUNT: "inactive",
}
REFUSED = "refused"


class Shown:
    """What may be shown of an account."""

    def __init__(self, name: str, address: str, balance_kopecks: int, is_closed: bool) -> None:
        self.name, self.address, self.is_closed = name, address, is_closed
        self.balance_kopecks = balance_kopecks


class Books(Protocol):
    """Where payments are kept."""

    async def shown(self, account: str, with_balance: bool) -> Shown | None:
        """An account, None when there is none; balance: debt positive."""

    async def take(self, asked: Asked) -> Taken:
        """Keep a payment for good before it is answered."""

    async def find_payment(self, agent_id: int, payment_id: str) -> Taken | None:
        """A payment taken earlier, by the agent's number."""

    async def payment_id_of(self, agent_id: int, our_id: int) -> str | None:
        """The agent's number of a payment by ours."""

    async def cancel(self, agent_id: int, payment_id: str) -> None:
        """Ask for its reversal; a second time changes nothing."""


async def answer(
    profile: Profile,
    agent_id: int,
    books: Books,
    values: Mapping[str, str],
    now: dt.datetime,
    is_open: bool = True,
) -> bytes:
    """The agent's XML. is_open: whether new payments are taken; repeats and questions are answered anyway."""
    query = parse.read(profile, values)
    do = {"check": _check, "pay": _pay, "status": _status, "cancel": _cancel}.get(query.command)
    try:
        if do is None:
            raise Refused("unknown_command")
        reply = await do(profile, agent_id, books, query, now, is_open)
    except Refused as refusal:
        reply = Reply(query.command, refusal.reason, payment_id=query.payment_id or None)
    return parse.write(profile, reply)


def temporary(profile: Profile, values: Mapping[str, str]) -> bytes:
    """The answer when something of ours is away: the agent asks again, no money is lost."""
    query = parse.read(profile, values)
    return parse.write(profile, Reply(query.command, "temporary", payment_id=query.payment_id or None))


async def _check(
    profile: Profile, agent_id: int, books: Books, query: Query, now: dt.datetime, is_open: bool
) -> Reply:
    account = parse.account_of(profile, query)
    amount = parse.kopecks_of(profile, query) if query.sum else None
    shown = await books.shown(account, profile.shows_balance)
    if shown is None:
        raise Refused("no_account")
    if shown.is_closed:
        raise Refused("inactive")
    if not is_open:
        raise Refused("forbidden")
    if amount is not None:
        parse.refuse_outside(profile, amount)
    reply = Reply("check", "ok", payment_id=query.payment_id or None)
    if profile.shows != "nothing":
        is_full = profile.shows == "full"
        reply = replace(
            reply,
            name=shown.name if is_full else parse.masked(shown.name),
            address=shown.address if is_full else None,
        )
    if profile.shows_balance:
        due = max(shown.balance_kopecks, 0)
        reply = replace(reply, balance_kopecks=-shown.balance_kopecks, due_kopecks=due)
    return reply


async def _pay(
    profile: Profile, agent_id: int, books: Books, query: Query, now: dt.datetime, is_open: bool
) -> Reply:
    payment_id = parse.payment_id_of(profile, query)
    amount = parse.kopecks_of(profile, query)
    asked = Asked(agent_id, payment_id, query.account, amount, now, profile.service)
    try:
        parse.account_of(profile, query)
        parse.refuse_outside(profile, amount)
        asked = replace(asked, moment=parse.moment_of(profile, query, now))
        if not is_open:
            raise Refused("forbidden")
    except Refused:
        taken = await books.find_payment(agent_id, payment_id)
        if taken is None:
            raise
        if (taken.account_number, taken.amount_kopecks) != (asked.account_number, amount):
            raise Refused("other") from None
        return _paid(taken, payment_id)
    return _paid(await books.take(asked), payment_id)


def _paid(taken: Taken, payment_id: str) -> Reply:
    reason = REASON_OF[taken.kind]
    if taken.our_id is None:
        raise Refused(reason)
    return Reply("pay", reason, payment_id, taken.our_id, taken.amount_kopecks, taken.moment)


async def _asked_about(profile: Profile, agent_id: int, books: Books, query: Query) -> tuple[str, Taken]:
    """The payment of status and cancel: by the agent's number or by ours."""
    payment_id: str | None = query.payment_id
    if not payment_id and query.our_id.isascii() and query.our_id.isdigit() and len(query.our_id) < 19:
        payment_id = await books.payment_id_of(agent_id, int(query.our_id))
    taken = await books.find_payment(agent_id, payment_id) if payment_id else None
    if taken is None or payment_id is None:
        raise Refused("no_payment")
    return payment_id, taken


async def _status(
    profile: Profile, agent_id: int, books: Books, query: Query, now: dt.datetime, is_open: bool
) -> Reply:
    payment_id, taken = await _asked_about(profile, agent_id, books, query)
    if taken.state == REFUSED:
        raise Refused("other")
    return Reply("status", "ok", payment_id, taken.our_id, taken.amount_kopecks, taken.moment)


async def _cancel(
    profile: Profile, agent_id: int, books: Books, query: Query, now: dt.datetime, is_open: bool
) -> Reply:
    payment_id, taken = await _asked_about(profile, agent_id, books, query)
    zone = ZoneInfo(profile.zone)
    same_day = (
        taken.moment is not None and taken.moment.astimezone(zone).date() == now.astimezone(zone).date()
    )
    if profile.may_cancel == "never" or not same_day:
        raise Refused("no_cancel")
    await books.cancel(agent_id, payment_id)
    return Reply("cancel", "ok", payment_id, taken.our_id, taken.amount_kopecks, taken.moment)
