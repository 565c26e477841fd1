"""A worker shares payments of closed months by an order on trial, block after block of accounts.

Each block commits with how far it came; killed at any moment it goes on from there. Nothing is posted. Kept
side by side are the most extreme accounts of every block and an even sample of the rest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text

from billing.allocation import Policy
from storage import payment_policy, trials
from storage.engine import Database
from storage.jsonb import parsed
from storage.payments import Account
from storage.policy_split import Kind, Parts, Played, played
from storage.policy_trials import TABLE
from storage.session import Session

BLOCK_ACCOUNTS = 4_000
EXTREMES_KEPT = 100
"""Of a block: as many as a page has rows, so the first page by size always tells its accounts."""
SAMPLED = 100
"""Of how many changed accounts one is kept as it comes."""

Policies = Mapping[int, Policy]


@dataclass(slots=True)
class _Moved:
    """An account of which some payment is shared otherwise."""

    account_id: int
    payments: list[Played]

    @property
    def changed(self) -> list[Played]:
        return [one for one in self.payments if one.is_changed]

    def difference(self) -> Parts:
        """By how much more each kind is paid by the order on trial."""
        found: Parts = {}
        for one in self.changed:
            for sign, parts in ((1, one.then), (-1, one.now)):
                for kind, amount in parts.items():
                    found[kind] = found.get(kind, 0) + sign * amount
        return found


async def count(database: Database, trial_id: int) -> None:
    """Share the payments of all accounts the order concerns; called again it goes on."""
    async with database.transaction() as session:
        row = await _locked(session, trial_id)
        if row is None or row.state not in trials.LIVE:
            return
        now, then = await orders(session, row)
        await session.execute(
            text("""
            UPDATE policy_trials SET state = 'counting', total_count =
                   (SELECT count(*) FROM accounts a WHERE a.company_id = ANY (:companies)) WHERE id = :id"""),
            {"id": trial_id, "companies": list(now)},
        )
    while await _block(database, trial_id, now, then):
        pass
    async with database.transaction() as session:
        await session.execute(
            text("""
            UPDATE policy_trials SET state = 'counted', counted_at = clock_timestamp()
             WHERE id = :id AND state = 'counting'"""),
            {"id": trial_id},
        )


async def give_up(database: Database, payload: dict[str, Any]) -> None:
    """A command nobody could do: say so to whoever waits."""
    words = "Не получилось посчитать. Причина записана, администратор её видит. Повторите пробу позже."
    async with database.transaction() as session:
        await trials.fail(session, TABLE, payload.get("policy_trial_id"), words)


async def orders(session: Session, trial: Row[Any]) -> tuple[dict[int, Policy], dict[int, Policy]]:
    """The order in force and the one on trial of each company it would change.

    That of the city does not touch companies with an order of their own.
    """
    found = await session.execute(
        text("""
        SELECT o.id FROM organisations o
         WHERE EXISTS (SELECT 1 FROM accounts a WHERE a.company_id = o.id) ORDER BY o.id""")
    )
    companies = [int(one) for one in found.scalars()]
    said = await payment_policy.said_on(session, companies, trial.valid_from)
    new = {**said, trial.organisation_id: parsed(trial.said)}
    now, then = (
        {one: payment_policy.parse(payment_policy.merged(words, one)) for one in companies}
        for words in (said, new)
    )
    changed = [one for one in companies if now[one] != then[one]]
    return {one: now[one] for one in changed}, {one: then[one] for one in changed}


async def _locked(session: Session, trial_id: int) -> Row[Any] | None:
    found = await session.execute(
        text("SELECT * FROM policy_trials WHERE id = :id FOR UPDATE"), {"id": trial_id}
    )
    return found.one_or_none()


async def _block(database: Database, trial_id: int, now: Policies, then: Policies) -> bool:
    """Share payments of the next accounts; false when there are none left."""
    async with database.transaction() as session:
        trial = await _locked(session, trial_id)
        if trial is None or trial.state != "counting":
            return False
        found = await session.execute(
            text("""
            SELECT id, company_id FROM accounts WHERE id > :last AND company_id = ANY (:companies)
             ORDER BY id LIMIT :limit"""),
            {"last": trial.last_account_id, "companies": list(now), "limit": BLOCK_ACCOUNTS},
        )
        accounts = [Account(row.id, row.company_id) for row in found]
        if not accounts:
            return False
        payments = await played(session, accounts, now, then, trial.first_month, trial.last_month)
        await _keep_sums(session, trial_id, payments)
        await _keep_accounts(session, trial_id, _moved(payments))
        await session.execute(
            text("""
            UPDATE policy_trials SET last_account_id = :last, done_count = done_count + :done,
                   payments_count = payments_count + :payments, changed_count = changed_count + :changed,
                   proved_count = proved_count + :proved WHERE id = :id"""),
            {
                "id": trial_id,
                "last": accounts[-1].id,
                "done": len(accounts),
                "payments": len(payments),
                "changed": sum(one.is_changed for one in payments),
                "proved": sum(one.now == one.books for one in payments),
            },
        )
    return True


def _moved(payments: Sequence[Played]) -> list[_Moved]:
    by_account: dict[int, _Moved] = {}
    for one in payments:
        by_account.setdefault(one.account_id, _Moved(one.account_id, [])).payments.append(one)
    return [one for one in by_account.values() if one.changed]


async def _keep_sums(session: Session, trial_id: int, payments: Sequence[Played]) -> None:
    sums: dict[Kind, list[int]] = {}
    for one in payments:
        for side, parts in enumerate((one.now, one.then)):
            for kind, amount in parts.items():
                sums.setdefault(kind, [0, 0])[side] += amount
    kinds = sorted(sums)
    await session.execute(
        text("""
        INSERT INTO policy_trial_sums AS s (trial_id, of_month, payee_id, service, is_penalty, now_kopecks,
                                            then_kopecks)
        SELECT :id, *
          FROM unnest(CAST(:months AS int[]), CAST(:payees AS int[]), CAST(:services AS smallint[]),
                      CAST(:penalties AS bool[]), CAST(:now AS bigint[]), CAST(:then AS bigint[]))
        ON CONFLICT (trial_id, payee_id, service, of_month, is_penalty) DO UPDATE
           SET now_kopecks = s.now_kopecks + excluded.now_kopecks,
               then_kopecks = s.then_kopecks + excluded.then_kopecks"""),
        {
            "id": trial_id,
            "months": [kind[0] for kind in kinds],
            "payees": [kind[1] for kind in kinds],
            "services": [kind[2] for kind in kinds],
            "penalties": [kind[3] for kind in kinds],
            "now": [sums[kind][0] for kind in kinds],
            "then": [sums[kind][1] for kind in kinds],
        },
    )


async def _keep_accounts(session: Session, trial_id: int, found: Sequence[_Moved]) -> None:
    differences = [one.difference() for one in found]
    moved = [sum(amount for amount in one.values() if amount > 0) for one in differences]
    by_size = sorted(range(len(found)), key=lambda at: (-moved[at], found[at].account_id))
    shown = {*by_size[:EXTREMES_KEPT], *range(0, len(found), SAMPLED)}
    await session.execute(
        text("""
        INSERT INTO policy_trial_accounts (trial_id, account_id, payments_count, changed_count, moved_kopecks,
                                           penalty_kopecks, parts)
        SELECT :id, account, payments, changed, moved, penalty, CAST(parts AS jsonb)
          FROM unnest(CAST(:accounts AS int[]), CAST(:payments AS int[]), CAST(:changed AS int[]),
                      CAST(:moved AS bigint[]), CAST(:penalties AS bigint[]), CAST(:parts AS text[]))
            AS n(account, payments, changed, moved, penalty, parts)"""),
        {
            "id": trial_id,
            "accounts": [one.account_id for one in found],
            "payments": [len(one.payments) for one in found],
            "changed": [len(one.changed) for one in found],
            "moved": moved,
            "penalties": [sum(amount for kind, amount in one.items() if kind[3]) for one in differences],
            "parts": [_parts(one) if at in shown else None for at, one in enumerate(found)],
        },
    )


def _parts(moved: _Moved) -> str:
    """Changed payments of an account as pages show them."""
    return json.dumps(
        [
            {
                "payment_id": one.id,
                "number": one.number,
                "paid_on": one.paid_on.isoformat(),
                "amount_kopecks": one.amount_kopecks,
                "rows": [
                    [*kind, one.now.get(kind, 0), one.then.get(kind, 0)]
                    for kind in sorted({*one.now, *one.then})
                ],
            }
            for one in moved.changed
        ]
    )
