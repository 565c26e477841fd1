"""A provider with books in memory, answered by the same desk: what an agent's developer would try against."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from gateways.agents import desk
from gateways.agents.desk import Shown
from gateways.agents.profile import Profile
from storage.payment_gate import ALARM, CLOSED_ACCOUNT, NEW, NO_ACCOUNT, REPEAT, Asked, Taken


class FakeProvider:
    """accounts: number → what is shown. `credited` is what each account has got, in kopecks."""

    def __init__(self, profile: Profile, accounts: Mapping[str, Shown], agent_id: int = 1) -> None:
        self.profile, self.accounts, self.agent_id = profile, dict(accounts), agent_id
        self.credited: dict[str, int] = {}
        self.alarms: list[Asked] = []
        self._taken: dict[str, tuple[Asked, int]] = {}
        self.is_open = True

    async def send(self, values: Mapping[str, str]) -> bytes:
        """Answer a request: the transport of a client."""
        return await desk.answer(
            self.profile, self.agent_id, self, values, dt.datetime.now(dt.UTC), self.is_open
        )

    async def shown(self, account: str, with_balance: bool) -> Shown | None:
        return self.accounts.get(account)

    async def take(self, asked: Asked) -> Taken:
        known = self._taken.get(asked.number)
        if known is not None:
            if known[0].input_hash != asked.input_hash:
                self.alarms.append(asked)
                return Taken(ALARM)
            return self._as_taken(*known)
        shown = self.accounts.get(asked.account_number)
        if shown is None or shown.is_closed:
            return Taken(NO_ACCOUNT if shown is None else CLOSED_ACCOUNT)
        self._taken[asked.number] = asked, 5_000 + len(self._taken)
        self.credited[asked.account_number] = (
            self.credited.get(asked.account_number, 0) + asked.amount_kopecks
        )
        return Taken(NEW, self._taken[asked.number][1], asked.amount_kopecks, asked.moment)

    def _as_taken(self, asked: Asked, our_id: int) -> Taken:
        return Taken(REPEAT, our_id, asked.amount_kopecks, asked.moment, account_number=asked.account_number)

    async def find_payment(self, agent_id: int, payment_id: str) -> Taken | None:
        known = self._taken.get(payment_id)
        return None if known is None else self._as_taken(*known)

    async def payment_id_of(self, agent_id: int, our_id: int) -> str | None:
        return next((number for number, (_, known) in self._taken.items() if known == our_id), None)

    async def cancel(self, agent_id: int, payment_id: str) -> None:
        asked, _ = self._taken[payment_id]
        self.credited[asked.account_number] = 0
