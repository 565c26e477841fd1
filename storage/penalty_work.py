"""A worker counts penalties block after block, each in its own transaction.

Killed at any moment it goes on from the block it was at: a block notes how far it came with its lines.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import text

from billing.penalty.kernel import Debts, Pauses, Payments, RateMode, accrue, meet, totals
from billing.penalty.plan import Spread, spread
from billing.penalty.rates import Days, over_days
from billing.period import Period
from storage.bulk import Columns, Connection, Row, copy_in, copy_out
from storage.engine import Database
from storage.penalty_debts import load
from storage.penalty_law import PenaltyLaw, penalty_law
from storage.penalty_runs import CHANGES, locked
from storage.penalty_source import ACCOUNTS, DAY_ZERO, Block, months_of
from storage.session import Session, raw_connection

I64 = npt.NDArray[np.int64]

BLOCK_ACCOUNTS = 20_000

LINE = Row.of(
    run_id="int4", account_id="int4", company_id="int4", payee_id="int4", service="int2", of_period="date",
    due_on="date", payer="int2", is_daily="bool", principal_kopecks="int8", unpaid_kopecks="int8",
    total_kopecks="int8", before_kopecks="int8", amount_kopecks="int8", reach="int2",
)  # fmt: skip
PART = Row.of(
    run_id="int4", account_id="int4", company_id="int4", payee_id="int4", service="int2", of_period="date",
    day="date", is_paid="bool", amount_kopecks="int8", weight="int8", netted_kopecks="int8", due_on="date",
)  # fmt: skip
PAUSE = Row.of(
    run_id="int4", account_id="int4", company_id="int4", payee_id="int4", service="int2", of_period="date",
    first_day="date", last_day="date", agreement_id="int4",
)  # fmt: skip
POSTED = Row.of(account="int4", period="date", payee="int4", service="int2", amount="int8")


@dataclass(frozen=True, slots=True)
class Counted:
    """Lines of a block and the parts of them."""

    lines: Columns
    parts: Columns
    pauses: Columns


async def count(database: Database, run_id: int) -> None:
    """Count the whole scope of a computation; called again it goes on."""
    async with database.transaction() as session:
        run = await _begin(session, run_id)
        if run is None:
            return
        law = await penalty_law(session)
    while await _block(database, run_id, law):
        pass
    async with database.transaction() as session:
        await session.execute(text(FINISH), {"id": run_id})


FINISH = """
UPDATE penalty_runs r SET state = 'checked', checked_at = clock_timestamp(), accounts_count = s.accounts,
       lines_count = s.lines, amount_kopecks = s.amount
  FROM (SELECT count(DISTINCT account_id)::int AS accounts, count(*) AS lines,
               coalesce(sum(amount_kopecks), 0)::bigint AS amount FROM penalty_lines WHERE run_id = :id) s
 WHERE r.id = :id AND r.state = 'counting'"""


BEGIN = f"""
UPDATE penalty_runs SET state = 'counting', law_version = :version, seen_changes = ({CHANGES}),
       total_count = (SELECT count(*) FROM accounts a
                       WHERE CAST(:company AS int) IS NULL OR a.company_id = :company)
 WHERE id = :id"""  # noqa: S608


async def _begin(session: Session, run_id: int) -> Any:
    """The run if it is to be counted; the first time its scope is measured."""
    row = await locked(session, run_id)
    if row is None or row.state not in ("planned", "counting"):
        return None
    if row.state == "planned":
        law = await penalty_law(session)
        await session.execute(
            text(BEGIN),
            {"id": run_id, "version": law.version, "company": row.company_id},
        )
    return row


async def _block(database: Database, run_id: int, law: PenaltyLaw) -> bool:
    """Count the next accounts; false when there are none left."""
    async with database.transaction() as session:
        run = (
            await session.execute(
                text("SELECT * FROM penalty_runs WHERE id = :id FOR UPDATE"), {"id": run_id}
            )
        ).one()
        if run.state != "counting":
            return False
        connection = await raw_connection(session)
        of_company = "" if run.company_id is None else f"AND company_id = {int(run.company_id)}"
        accounts = await copy_out(
            connection,
            ACCOUNTS,
            f"""SELECT id, company_id FROM accounts WHERE id > {int(run.last_account_id)} {of_company}
                 ORDER BY id LIMIT {BLOCK_ACCOUNTS}""",  # noqa: S608
        )
        if not len(accounts["id"]):
            return False
        counted = await counted_block(connection, law, accounts, run.period, run.until)
        for name, row, columns in (
            ("penalty_lines", LINE, counted.lines),
            ("penalty_parts", PART, counted.parts),
            ("penalty_pauses", PAUSE, counted.pauses),
        ):
            columns["run_id"] = np.full(len(columns["account_id"]), run_id, np.int32)
            await copy_in(connection, name, row, columns, len(columns["account_id"]))
        await session.execute(
            text(
                "UPDATE penalty_runs SET last_account_id = :last, done_count = done_count + :done "
                "WHERE id = :id"
            ),
            {"id": run_id, "last": int(accounts["id"][-1]), "done": len(accounts["id"])},
        )
    return True


async def counted_block(
    connection: Connection, law: PenaltyLaw, accounts: Columns, period: dt.date, until: dt.date
) -> Counted:
    """Penalties of these accounts (ids ascending) through `until`, as differences from what is posted."""
    low, high = int(accounts["id"][0]), int(accounts["id"][-1])
    posted = await copy_out(
        connection,
        POSTED,
        f"""SELECT l.account_id, l.of_period, l.payee_id, l.service, sum(l.amount_kopecks)::bigint
              FROM penalty_lines l JOIN penalty_runs r ON r.id = l.run_id AND r.state = 'posted'
             WHERE l.account_id BETWEEN {low} AND {high} GROUP BY 1, 2, 3, 4
            HAVING sum(l.amount_kopecks) <> 0""",  # noqa: S608
    )
    mine = np.isin(posted["account"], accounts["id"])
    posted = {name: column[mine] for name, column in posted.items()}
    block = await load(connection, law, await months_of(connection, period), accounts, until, posted)
    return differences(block, law, posted, accounts, until)


def differences(block: Block, law: PenaltyLaw, posted: Columns, accounts: Columns, until: dt.date) -> Counted:
    """Lines where the running sum is not what was posted, with their parts."""
    made = accrued(block, law, until)
    before, gone = _before(block, posted)
    unpaid = block.debts.amount.copy()
    early = block.paid.day <= until.toordinal()
    np.subtract.at(unpaid, block.paid.debt[early], block.paid.amount[early])
    changed = np.flatnonzero(made.total != before)
    lines = {
        "account_id": block.account[changed],
        "company_id": block.company[changed],
        "payee_id": block.payee[changed],
        "service": block.service[changed],
        "of_period": block.period[changed] - DAY_ZERO,
        "due_on": block.debts.due[changed] - DAY_ZERO,
        "payer": block.debts.payer[changed],
        "is_daily": block.is_daily[changed],
        "principal_kopecks": block.debts.amount[changed],
        "unpaid_kopecks": unpaid[changed],
        "total_kopecks": made.total[changed],
        "before_kopecks": before[changed],
        "amount_kopecks": made.total[changed] - before[changed],
        "reach": _reach(law, block.company[changed], until),
    }
    lines = _with_gone(lines, law, posted, gone, accounts)
    place = np.full(len(block.account), -1, np.int64)
    place[changed] = np.arange(len(changed))
    rows = np.flatnonzero(place[made.debt] >= 0)
    of = made.debt[rows]
    parts = {
        "account_id": block.account[of],
        "company_id": block.company[of],
        "payee_id": block.payee[of],
        "service": block.service[of],
        "of_period": block.period[of] - DAY_ZERO,
        "day": made.day[rows] - DAY_ZERO,
        "is_paid": made.is_paid[rows],
        "amount_kopecks": made.amount[rows],
        "weight": made.weight[rows],
        "netted_kopecks": np.where(
            made.is_paid[rows] & (made.due[rows] == block.debts.due[of]),
            _netted(block, of, made.day[rows]),
            0,
        ),
        "due_on": np.where(made.due[rows] == block.debts.due[of], 0, made.due[rows] - DAY_ZERO),
    }
    return Counted(lines, parts, _pauses(block, place))


def _pauses(block: Block, place: I64) -> Columns:
    """Pauses of the debts that have lines."""
    rows = np.flatnonzero(place[block.pauses.debt] >= 0)
    of = block.pauses.debt[rows]
    return {
        "account_id": block.account[of],
        "company_id": block.company[of],
        "payee_id": block.payee[of],
        "service": block.service[of],
        "of_period": block.period[of] - DAY_ZERO,
        "first_day": block.pauses.first[rows] - DAY_ZERO,
        "last_day": block.pauses.last[rows] - DAY_ZERO,
        "agreement_id": block.agreement[rows],
    }


@dataclass(frozen=True, slots=True)
class Proof:
    """The penalty of each debt of a block with its parts; due: the last day to pay of each part."""

    total: I64
    debt: I64
    due: I64
    day: I64
    amount: I64
    weight: I64
    is_paid: npt.NDArray[np.bool_]


def accrued(block: Block, law: PenaltyLaw, until: dt.date) -> Proof:
    """Each debt by its organisation's mode of the rate, parts of plans by their days; rounded once a debt."""
    days = _days(block, law, until)
    parts = spread(block.debts, block.paid, block.plan)
    pauses = _pauses_of_parts(block, parts)
    daily = block.is_daily[parts.origin]
    found = []
    for mode in RateMode:
        rows = np.flatnonzero(daily == (mode is RateMode.DAILY))
        place = np.full(len(daily), -1, np.int64)
        place[rows] = np.arange(len(rows))
        mine = np.flatnonzero(place[parts.paid.debt] >= 0)
        debts = Debts(parts.debts.amount[rows], parts.debts.due[rows], parts.debts.payer[rows])
        paid = Payments(place[parts.paid.debt[mine]], parts.paid.day[mine], parts.paid.amount[mine])
        still = np.flatnonzero(place[pauses.debt] >= 0)
        free = Pauses(place[pauses.debt[still]], pauses.first[still], pauses.last[still])
        found.append((rows, accrue(debts, paid, until.toordinal(), days, mode, free)))
    row = np.concatenate([rows[made.debt] for rows, made in found])
    origin = parts.origin[row]
    amount = np.concatenate([made.amount for _, made in found])
    weight = np.concatenate([made.weight for _, made in found])
    return Proof(
        totals(len(block.account), origin, amount, weight),
        origin,
        parts.debts.due[row],
        np.concatenate([made.day for _, made in found]),
        amount,
        weight,
        np.concatenate([made.is_paid for _, made in found]),
    )


def _pauses_of_parts(block: Block, parts: Spread) -> Pauses:
    """Pauses of debts and of the parts that stand for them."""
    own, more = block.pauses, np.arange(len(block.account), len(parts.origin))
    at, pause = meet(parts.origin[more], own.debt)
    return Pauses(
        np.concatenate([own.debt, more[at]]),
        np.concatenate([own.first, own.first[pause]]),
        np.concatenate([own.last, own.last[pause]]),
    )


def _reach(law: PenaltyLaw, company: I64, until: dt.date) -> I64:
    """The rule of surpluses of each organisation on the day of computation."""
    known, at = np.unique(company, return_inverse=True)
    return np.array([int(law.of(one).reach_on(until)) for one in known.tolist()], np.int64)[at]


def _netted(block: Block, debt: I64, day: I64) -> I64:
    """How much of the parts (debt, day) a surplus of other services paid."""
    span = int(block.netted.day.max(initial=0)) + int(day.max(initial=0)) + 1
    keys = block.netted.debt * span + block.netted.day
    if not len(keys):
        return np.zeros(len(debt), np.int64)
    asked = debt * span + day
    at = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    return np.asarray(np.where(keys[at] == asked, block.netted.amount[at], 0), np.int64)


def _days(block: Block, law: PenaltyLaw, until: dt.date) -> Days:
    """The law from the first overdue day of the block."""
    first = min(until.toordinal(), int(block.debts.due.min(initial=until.toordinal())) + 1)
    return over_days(law.rates, dt.date.fromordinal(first), until)


def _before(block: Block, posted: Columns) -> tuple[I64, I64]:
    """What was posted on each debt; rows of what was posted on debts that are no more."""
    keys = zip(
        block.account.tolist(),
        (block.period - DAY_ZERO).tolist(),
        block.payee.tolist(),
        block.service.tolist(),
        strict=True,
    )
    place = {key: at for at, key in enumerate(keys)}
    names = ("account", "period", "payee", "service")
    asked = zip(*(posted[name].tolist() for name in names), strict=True)
    at = np.array([place.get(key, -1) for key in asked], np.int64)
    before = np.zeros(len(block.account), np.int64)
    before[at[at >= 0]] = posted["amount"][at >= 0]
    return before, np.flatnonzero(at < 0)


def _with_gone(lines: Columns, law: PenaltyLaw, posted: Columns, gone: I64, accounts: Columns) -> Columns:
    """And lines that take back penalties of debts that are no more."""
    if not len(gone):
        return lines
    account, period = posted["account"][gone], posted["period"][gone]
    company = accounts["company"][np.searchsorted(accounts["id"], account)]
    zeros = np.zeros(len(gone), np.int64)
    due = [
        law.of(int(one)).terms.due(Period.of(dt.date.fromordinal(int(day) + DAY_ZERO))).toordinal() - DAY_ZERO
        for one, day in zip(company, period, strict=True)
    ]
    more: Columns = {
        "account_id": account,
        "company_id": company,
        "payee_id": posted["payee"][gone],
        "service": posted["service"][gone],
        "of_period": period,
        "due_on": np.array(due, np.int64),
        "payer": zeros,
        "is_daily": zeros.astype(bool),
        "principal_kopecks": zeros,
        "unpaid_kopecks": zeros,
        "total_kopecks": zeros,
        "before_kopecks": posted["amount"][gone],
        "amount_kopecks": -posted["amount"][gone],
        "reach": zeros,
    }
    return {name: np.concatenate([column, more[name]]) for name, column in lines.items()}
