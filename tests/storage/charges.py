"""A published run made by hand: lines of accounts by payee and service, posted as a run posts them."""

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import text

from billing import ledger as books
from storage import ledger, months
from storage.engine import Database

LINE = """
INSERT INTO lines (run_id, account_id, company_id, supplier_id, service, component, basis, kind, first_day,
days, volume_num, volume_den, rate, amount_kopecks, surcharge_kopecks, raised_num, a, b)
VALUES (:run, :account, 1, :payee, :service, 0, 1, 0, 1, 31, 1, 1, 1, :amount, 0, 0, 0, 0)"""


async def charge(
    db: Database, run_id: int, period: dt.date, amounts: Mapping[tuple[int, int, int], int]
) -> None:
    """amounts: (account, payee, service) → kopecks."""
    total = sum(amounts.values())
    by_account: dict[int, int] = {}
    by_payee: dict[tuple[int, int], int] = {}
    for (account, payee, service), amount in amounts.items():
        by_account[account] = by_account.get(account, 0) + amount
        by_payee[payee, service] = by_payee.get((payee, service), 0) + amount
    async with db.transaction() as session:
        opened = await months.open_month(session)
        assert opened is not None
        for parent in ("lines", "run_accounts"):
            await session.execute(
                text(f"CREATE TABLE {parent}_{run_id} PARTITION OF {parent} FOR VALUES IN ({run_id})")
            )
        await session.execute(
            text(
                "INSERT INTO runs (id, period, scope_kind, state, command_id, amount_kopecks) "
                "VALUES (:id, :period, 'city', 'checked', :command, :total)"
            ),
            {"id": run_id, "period": period, "command": f"c{run_id}", "total": total},
        )
        for (account, payee, service), amount in amounts.items():
            values = {"run": run_id, "account": account, "payee": payee, "service": service, "amount": amount}
            await session.execute(text(LINE), values)
        for account, amount in by_account.items():
            await session.execute(
                text("INSERT INTO run_accounts VALUES (:run, :account, 1, 1, :amount, 0)"),
                {"run": run_id, "account": account, "amount": amount},
            )
        for (payee, service), amount in by_payee.items():
            await session.execute(
                text("INSERT INTO run_totals VALUES (:run, 0, 1, :payee, :service, 0, 1, :amount, 0)"),
                {"run": run_id, "payee": payee, "service": service, "amount": amount},
            )
        credits_ = [(payee, service, amount) for (payee, service), amount in by_payee.items()]
        made, postings = books.accrual(run_id, opened, period, opened, credits_)
        await ledger.post(session, made, postings)
        await session.execute(text("UPDATE runs SET state = 'published' WHERE id = :id"), {"id": run_id})
