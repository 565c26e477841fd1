"""Payments of a month of history: in full, in part, rounded up, mistyped, once a quarter, ahead, not at all.

Set-based: one payment, one entry and two postings an account that pays, exactly as storage.ledger.post would
write
them (the same key, the same hash of the content, which a test recomputes), without a round trip for each.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.ledger import Book
from billing.period import Period
from storage.seed import reference

FIRST_DAY, LAST_DAY = 4, 25  # days of the month on which people pay

# roll: the account's own habit, 0 … 999; luck: the month's. Debt and sums in kopecks. Of a thousand accounts
# 700 pay exactly (now and then late), 50 to the next 10 roubles, 30 with a slip of the pen of up to 90
# roubles either way, 100 a part, 50 once a quarter, 40 not at all, 20 to the next 500 roubles, 10 three
# months at once and then wait.
MAKE = """
CREATE TEMP TABLE seed_payments ON COMMIT DROP AS
WITH due AS (
  SELECT o.account_id, a.number, a.company_id, o.amount_kopecks AS debt,
         (o.account_id::bigint * 2654435761 % 4294967296 / 8192) % 1000 AS roll,
         ((o.account_id::bigint * 40503 + CAST(:month AS bigint) * 2654435761)
           % 4294967296 / 8192) % 1000 AS luck
    FROM opening_balances o JOIN accounts a ON a.id = o.account_id
   WHERE o.period = CAST(:period AS date) AND o.amount_kopecks > 0),
paid AS (
  SELECT *, CASE
           WHEN roll < 700 THEN CASE WHEN luck < 960 THEN debt END
           WHEN roll < 750 THEN (debt + 999) / 1000 * 1000
           WHEN roll < 780 THEN debt + (luck % 181 - 90) * 100
           WHEN roll < 880 THEN debt * (400 + luck / 2) / 1000 / 10000 * 10000
           WHEN roll < 930 THEN CASE WHEN (account_id + CAST(:month AS bigint)) % 3 = 0 THEN debt END
           WHEN roll < 970 THEN NULL
           WHEN roll < 990 THEN (debt + 49999) / 50000 * 50000
           ELSE debt * 3 END AS amount,
         CASE WHEN luck % 20 < 12 THEN CAST(:bank AS int) WHEN luck % 20 < 17 THEN CAST(:terminals AS int)
              ELSE CAST(:post AS int) END AS agent_id,
         CAST(:first AS date) + ((luck * 7 + account_id) % CAST(:days AS int))::int AS paid_on
    FROM due)
SELECT nextval(pg_get_serial_sequence('entries', 'id')) AS entry_id, account_id, company_id, number, amount,
       agent_id, paid_on,
       'S' || to_char(CAST(:period AS date), 'YYMM') || lpad(account_id::text, 8, '0') AS payment_number,
       (paid_on + make_interval(secs => 21600 + (luck * 41 + account_id * 13) % 43200)) AT TIME ZONE 'UTC'
         AS happened_at
  FROM paid WHERE amount > 0 ORDER BY account_id
"""

# The JSON that billing.ledger.digest hashes, letter by letter.
POST = f"""
INSERT INTO entries (id, kind, period, booked_on, happened_at, idempotency_key, input_hash, recorded_at)
SELECT entry_id, 'payment', CAST(:period AS date), paid_on, happened_at, key, encode(sha256(convert_to(
  '{{"booked_on": "' || paid_on || '", "ground": null, "happened_at": "'
  || to_char(happened_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')
  || '+00:00", "idempotency_key": "' || key || '", "kind": "payment", "period": "' || CAST(:period AS date)
  || '", "postings": ['
  || '{{"account_id": ' || account_id || ', "amount_kopecks": ' || -amount
  || ', "book": {int(Book.RESIDENTS)}, '
  || '"company_id": ' || company_id || ', "of_period": "' || CAST(:of_period AS date)
  || '", "organisation_id": null, "service": null}}, '
  || '{{"account_id": null, "amount_kopecks": ' || amount || ', "book": {int(Book.IN_TRANSIT)}, '
  || '"company_id": null, "of_period": "' || CAST(:of_period AS date) || '", "organisation_id": ' || agent_id
  || ', "service": null}}], '
  || '"reason": null, "reverses_id": null, "run_id": null, "user_id": null}}', 'UTF8')), 'hex'), happened_at
  FROM (SELECT *, 'payment:' || agent_id || ':' || payment_number AS key FROM seed_payments) p
"""  # noqa: S608 - numbers of books

POSTINGS = f"""
INSERT INTO postings (entry_id, ordinal, book, period, account_id, company_id, organisation_id, of_period,
                      amount_kopecks)
SELECT entry_id, 0, {int(Book.RESIDENTS)}, CAST(:period AS date), account_id, company_id, NULL::int,
       CAST(:of_period AS date), -amount FROM seed_payments
UNION ALL
SELECT entry_id, 1, {int(Book.IN_TRANSIT)}, CAST(:period AS date), NULL, NULL, agent_id,
       CAST(:of_period AS date), amount FROM seed_payments
"""  # noqa: S608 - numbers of books

PAYMENTS = """
INSERT INTO payments (agent_id, number, account_id, company_id, account_number, amount_kopecks, paid_on,
                      of_period, entry_id, recorded_at)
SELECT agent_id, payment_number, account_id, company_id, number, amount, paid_on, CAST(:of_period AS date),
       entry_id, happened_at FROM seed_payments
"""


@dataclass(frozen=True, slots=True)
class Paid:
    """Payments of a month: how many and how much."""

    payments: int
    amount_kopecks: int


async def payments(session: AsyncSession, period: Period, until: dt.date | None = None) -> Paid:
    """Pay the debts with which accounts entered the open month `period`; days up to `until` when given.

    Must run in the month while it is open; a second time nothing is paid.
    """
    known = await session.scalar(
        text("SELECT EXISTS (SELECT 1 FROM payments WHERE number LIKE :prefix)"),
        {"prefix": f"S{period.first_day:%y%m}%"},
    )
    if known:
        return Paid(0, 0)
    first = period.first_day + dt.timedelta(days=FIRST_DAY - 1)
    last = min(until or period.last_day, period.first_day + dt.timedelta(days=LAST_DAY - 1))
    values = {
        "period": period.first_day,
        "of_period": period.shift(-1).first_day,
        "month": period.ordinal,
        "first": first,
        "days": max(1, (last - first).days + 1),
        "bank": reference.BANK,
        "terminals": reference.TERMINALS,
        "post": reference.POST,
    }
    await session.execute(text(MAKE), values)
    for statement in (POST, POSTINGS, PAYMENTS):
        await session.execute(
            text(statement), {key: value for key, value in values.items() if f":{key}" in statement}
        )
    row = (
        await session.execute(
            text("SELECT count(*)::int AS n, coalesce(sum(amount), 0)::bigint AS amount FROM seed_payments")
        )
    ).one()
    await session.execute(text("DROP TABLE seed_payments"))
    return Paid(row.n, row.amount)
