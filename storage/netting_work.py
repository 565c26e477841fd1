"""A worker counts penalties of an organisation by the rule in force and by the one on trial, block by block.

Each block commits with how far it came; killed at any moment it goes on from there. Nothing is posted.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import text

from billing.penalty.netting import Reach
from storage.bulk import Columns, Connection, Row, copy_in, copy_out
from storage.engine import Database
from storage.penalty_debts import load
from storage.penalty_law import REACHES, PenaltyLaw, penalty_law
from storage.penalty_source import ACCOUNTS, Block, Months, months_of
from storage.penalty_work import BLOCK_ACCOUNTS, accrued
from storage.session import raw_connection

I64 = npt.NDArray[np.int64]

ALWAYS = dt.date(2000, 1, 1)
ROW = Row.of(
    trial_id="int4", account_id="int4", now_kopecks="int8", then_kopecks="int8", always_kopecks="int8",
    debts_count="int4",
)  # fmt: skip
Totals = dict[tuple[int, int, int, int], int]


async def count(database: Database, trial_id: int) -> None:
    """Count the whole organisation; called again it goes on."""
    async with database.transaction() as session:
        row = (
            await session.execute(
                text("SELECT * FROM netting_trials WHERE id = :id FOR UPDATE"), {"id": trial_id}
            )
        ).one_or_none()
        if row is None or row.state not in ("planned", "counting"):
            return
        await session.execute(
            text("""
            UPDATE netting_trials SET state = 'counting', total_count =
                   (SELECT count(*) FROM accounts a WHERE a.company_id = :company) WHERE id = :id"""),
            {"id": trial_id, "company": row.company_id},
        )
        law = await penalty_law(session)
    while await _block(database, trial_id, law):
        pass
    async with database.transaction() as session:
        await session.execute(
            text("""
            UPDATE netting_trials SET state = 'counted', counted_at = clock_timestamp()
             WHERE id = :id AND state = 'counting'"""),
            {"id": trial_id},
        )


def with_rule(law: PenaltyLaw, company_id: int, reach: Reach, since: dt.date) -> PenaltyLaw:
    """The law as it would be with a rule of an organisation from a day on."""
    reading = law.of(company_id)
    netting = (*(one for one in reading.netting if one[0] < since), (since, reach))
    return replace(law, readings={**law.readings, company_id: replace(reading, netting=netting)})


async def _block(database: Database, trial_id: int, law: PenaltyLaw) -> bool:
    """Count the next accounts; false when there are none left."""
    async with database.transaction() as session:
        trial = (
            await session.execute(
                text("SELECT * FROM netting_trials WHERE id = :id FOR UPDATE"), {"id": trial_id}
            )
        ).one()
        if trial.state != "counting":
            return False
        connection = await raw_connection(session)
        accounts = await copy_out(
            connection,
            ACCOUNTS,
            f"""SELECT id, company_id FROM accounts WHERE id > {int(trial.last_account_id)}
                   AND company_id = {int(trial.company_id)} ORDER BY id LIMIT {BLOCK_ACCOUNTS}""",  # noqa: S608
        )
        if not len(accounts["id"]):
            return False
        rows = await compared(connection, law, accounts, trial)
        count = len(rows["account_id"])
        rows["trial_id"] = np.full(count, trial_id, np.int32)
        await copy_in(connection, "netting_trial_accounts", ROW, rows, count)
        await session.execute(
            text(
                "UPDATE netting_trials SET last_account_id = :last, done_count = done_count + :done "
                "WHERE id = :id"
            ),
            {"id": trial_id, "last": int(accounts["id"][-1]), "done": len(accounts["id"])},
        )
    return True


async def compared(connection: Connection, law: PenaltyLaw, accounts: Columns, trial: Any) -> Columns:
    """Accounts whose penalty differs: by the rule in force, by that on trial, as if it had always been so."""
    months = await months_of(connection, trial.period)
    reach, company = REACHES[trial.reach], int(trial.company_id)
    now = await _totals(connection, law, months, accounts, trial.until)
    then = await _totals(
        connection, with_rule(law, company, reach, trial.valid_from), months, accounts, trial.until
    )
    always = await _totals(connection, with_rule(law, company, reach, ALWAYS), months, accounts, trial.until)
    sums: dict[int, list[int]] = {}
    for key in now.keys() | then.keys() | always.keys():
        three = (now.get(key, 0), then.get(key, 0), always.get(key, 0))
        row = sums.setdefault(key[0], [0, 0, 0, 0])
        for at, amount in enumerate(three):
            row[at] += amount
        row[3] += three[2] != three[0]
    found = sorted((account, *row) for account, row in sums.items() if row[0] != row[1] or row[0] != row[2])
    names = ("account_id", "now_kopecks", "then_kopecks", "always_kopecks", "debts_count")
    table = np.array(found, np.int64).reshape(-1, len(names))
    return {name: table[:, at] for at, name in enumerate(names)}


async def _totals(
    connection: Connection, law: PenaltyLaw, months: Months, accounts: Columns, until: dt.date
) -> Totals:
    """Penalty of each debt (account, month, payee, service) that costs something."""
    block: Block = await load(connection, law, months, accounts, until)
    total = accrued(block, law, until).total
    some = np.flatnonzero(total)
    columns = (block.account, block.period, block.payee, block.service, total)
    return {
        (account, period, payee, service): kopecks
        for account, period, payee, service, kopecks in zip(
            *(one[some].tolist() for one in columns), strict=True
        )
    }
