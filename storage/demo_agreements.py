"""Agreements of the demo city: some debtors of its first company pay their debts in parts."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import text

from billing.agreement import schedule
from billing.period import Period
from storage.agreement_debt import timeline
from storage.agreements import NewDebt, make
from storage.engine import Database
from storage.months import open_month
from storage.seed import reference

AGREEMENTS = 8
LOOKED_AT = 150
"""Accounts with the greatest debt among the first ones of the company."""
FIRST_ACCOUNTS = 3_000
LEAST_KOPECKS = 2_000_00
MONTHS = (6, 12, 3)
MADE_DAYS_BEFORE = 25  # the first part has its day in the open month: some are kept, some are broken

DEBTORS = """
WITH first AS MATERIALIZED (
  SELECT id FROM accounts WHERE company_id = :company ORDER BY id LIMIT :first)
SELECT o.account_id FROM opening_balances o JOIN first f ON f.id = o.account_id
 WHERE o.period = :period AND o.amount_kopecks > :least ORDER BY o.amount_kopecks DESC, 1 LIMIT :count"""


async def make_agreements(database_url: str) -> int:
    """Made once: the same commands again change nothing. How many there are."""
    database = Database(database_url, pool_max=1)
    try:
        async with database.transaction() as session:
            period = await open_month(session)
            maker = await session.scalar(
                text("SELECT id FROM users WHERE organisation_id = :company AND role = 'company' LIMIT 1"),
                {"company": reference.FIRST_COMPANY},
            )
            if period is None or maker is None:
                return 0
            values = {
                "company": reference.FIRST_COMPANY,
                "first": FIRST_ACCOUNTS,
                "period": period,
                "least": LEAST_KOPECKS,
                "count": LOOKED_AT,
            }
            ids = list((await session.execute(text(DEBTORS), values)).scalars())
            if not ids:
                return 0
            made_on = period - dt.timedelta(days=MADE_DAYS_BEFORE)
            until = Period.of(made_on).shift(-1).first_day
            found = await timeline(session, ids, made_on)
            made = 0
            for account_id in ids:
                owed = found.unpaid(account_id, until)
                if owed < LEAST_KOPECKS or made == AGREEMENTS:
                    continue
                new = NewDebt(
                    command_id=f"demo-agreement-{account_id}",
                    account_id=account_id,
                    company_id=reference.FIRST_COMPANY,
                    amount_kopecks=owed,
                    covered_until=until,
                    grace_days=5,
                    is_stopped=made % 4 != 3,
                    is_whole=made % 2 == 1,
                    document=f"Заявление от {made_on:%d.%m.%Y}",
                    parts=schedule(owed, MONTHS[made % len(MONTHS)], period.replace(day=10)),
                )
                await make(session, new, int(maker), made_on)
                made += 1
            return made
    finally:
        await database.close()
