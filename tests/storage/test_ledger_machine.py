"""Charges, payments, repeats, reversals and closings in any order: PostgreSQL and a model in memory agree
after each.

The seed is printed by the name of the test; the same seed makes the same story.
"""

import datetime as dt
import random

import pytest
from sqlalchemy import text

from billing import ledger as books
from billing.period import Period
from storage import ledger, months
from storage.engine import Database
from tests.storage import town
from tests.storage.test_ledger import publish

STEPS = 40
ACCOUNTS = (1, 2, 3)


class Story:
    """Random deeds done to both the database and the model (debt of each account)."""

    def __init__(self, db: Database, seed: int) -> None:
        self.db, self.random = db, random.Random(seed)
        self.debt = dict.fromkeys(ACCOUNTS, 0)
        self.period = town.OPEN
        self.payments: dict[str, tuple[int, int, int, dt.date]] = {}  # key: entry, account, amount, month
        self.reversed: set[int] = set()
        self.runs = 0
        self.entries = 0

    async def step(self) -> None:
        deed = self.random.choice([self.pay, self.pay, self.repeat, self.reverse, self.accrue, self.close])
        await deed()

    async def pay(self) -> None:
        key = f"p-{len(self.payments)}"
        account, amount = self.random.choice(ACCOUNTS), self.random.randint(1, 10**6)
        posted = await self._post(key, account, amount, self.period)
        assert not posted.is_repeat
        self.payments[key] = (posted.entry_id, account, amount, self.period)
        self.debt[account] -= amount
        self.entries += 1

    async def _post(self, key: str, account: int, amount: int, period: dt.date) -> ledger.Posted:
        made, postings = books.payment(
            key, period, period, agent_id=town.AGENT, amount_kopecks=amount, account_id=account, company_id=1
        )
        async with self.db.transaction() as session:
            return await ledger.post(session, made, postings)

    async def repeat(self) -> None:
        """The same payment comes again; after its month was closed it is refused by the month, not posted
        twice.
        """
        if not self.payments:
            return
        key = self.random.choice(sorted(self.payments))
        entry_id, account, amount, period = self.payments[key]
        posted = await self._post(key, account, amount, period)
        assert (posted.entry_id, posted.is_repeat) == (entry_id, True)
        with pytest.raises(ledger.EntryKeyReused):
            await self._post(key, account, amount + 1, period)

    async def reverse(self) -> None:
        if not self.payments:
            return
        entry_id, account, amount, _ = self.payments[self.random.choice(sorted(self.payments))]
        async with self.db.transaction() as session:
            posted = await ledger.reverse(
                session, entry_id, period=self.period, booked_on=self.period, reason="Ошибка", user_id=None
            )
        assert posted.is_repeat == (entry_id in self.reversed)
        if not posted.is_repeat:
            self.reversed.add(entry_id)
            self.debt[account] += amount
            self.entries += 1

    async def accrue(self) -> None:
        """A run of the open month or, as a correction, of a closed one: the balance moves in the open
        month.
        """
        self.runs += 1
        of = self.random.choice([self.period, town.OPEN])
        amounts = {account: self.random.randint(-(10**5), 10**6) for account in ACCOUNTS}
        await publish(self.db, self.runs, amounts, of)
        for account, amount in amounts.items():
            self.debt[account] += amount
        self.entries += 1

    async def close(self) -> None:
        async with self.db.transaction() as session:
            closed = await months.close_month(session, self.period)
        assert closed.debt_kopecks + closed.advance_kopecks == sum(self.debt.values())
        self.period = Period.of(self.period).shift(1).first_day

    async def agree(self) -> None:
        async with self.db.reading() as session:
            kept = await ledger.balances(session, ACCOUNTS)
            total = await session.scalar(text("SELECT coalesce(sum(amount_kopecks), 0) FROM postings"))
            entries = await session.scalar(text("SELECT count(*) FROM entries"))
        assert {account: one.amount_kopecks for account, one in kept.items()} == self.debt
        assert (total, entries) == (0, self.entries)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_books_and_model_agree_after_each_step(db: Database, seed: int) -> None:
    await town.build(db)
    story = Story(db, seed)
    for _ in range(STEPS):
        await story.step()
        await story.agree()

    report = await ledger.check(db.url)
    assert report["differences"] == 0, report["found"]
    assert story.period > town.OPEN
    assert story.runs > 0
    assert story.reversed
