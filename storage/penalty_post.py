"""Posts a computation of penalties into the ledger, or reverses it: set-based, entries of many lines.

A penalty is owed on PENALTIES by account, payee, service and month, and due to its payee on PAYEES.
"""

from __future__ import annotations

from sqlalchemy import text

from billing.ledger import Book
from storage.penalty_runs import PenaltyRefused, locked
from storage.session import Session

CHUNK_LINES = 20_000  # ordinals of an entry are 16-bit
LOCK = 7_120_360  # one posts penalties at a time
PENALTIES, PAYEES = int(Book.PENALTIES), int(Book.PAYEES)

ENTRIES = """
WITH numbered AS (
  SELECT l.*, (row_number() OVER (ORDER BY account_id, of_period, payee_id, service) - 1)::int AS n
    FROM penalty_lines l WHERE run_id = :id AND amount_kopecks <> 0)
INSERT INTO entries (kind, period, booked_on, idempotency_key, input_hash, ground, user_id)
SELECT 'penalty', CAST(:period AS date), CAST(:until AS date), 'penalty:' || :id || ':' || n / :chunk,
       encode(sha256(convert_to(string_agg(account_id || ',' || of_period || ',' || payee_id || ',' || service
         || ',' || amount_kopecks, ';' ORDER BY n), 'UTF8')), 'hex'),
       'Пени, расчёт № ' || :id, CAST(:user_id AS int)
  FROM numbered GROUP BY n / :chunk ORDER BY n / :chunk"""

POSTINGS = f"""
WITH numbered AS (
  SELECT l.*, (row_number() OVER (ORDER BY account_id, of_period, payee_id, service) - 1)::int AS n
    FROM penalty_lines l WHERE run_id = :id AND amount_kopecks <> 0),
owed AS (
  SELECT n / :chunk AS chunk, n % :chunk AS ordinal, {PENALTIES} AS book, account_id, company_id,
         payee_id, service, of_period, amount_kopecks FROM numbered),
due AS (
  SELECT n / :chunk AS chunk, :chunk - 1
           + row_number() OVER (PARTITION BY n / :chunk ORDER BY payee_id, service) AS ordinal,
         {PAYEES} AS book, CAST(NULL AS int) AS account_id, CAST(NULL AS int) AS company_id,
         payee_id, service, CAST(NULL AS date) AS of_period, -sum(amount_kopecks)::bigint AS amount_kopecks
    FROM numbered GROUP BY n / :chunk, payee_id, service HAVING sum(amount_kopecks) <> 0)
INSERT INTO postings (entry_id, ordinal, book, period, account_id, company_id, organisation_id, service,
                      of_period, amount_kopecks)
SELECT e.id, p.ordinal, p.book, e.period, p.account_id, p.company_id, nullif(p.payee_id, 0), p.service,
       p.of_period, p.amount_kopecks
  FROM (SELECT * FROM owed UNION ALL SELECT * FROM due) p
  JOIN entries e ON e.idempotency_key = 'penalty:' || :id || ':' || p.chunk"""  # noqa: S608

REVERSALS = """
INSERT INTO entries (kind, period, booked_on, idempotency_key, input_hash, reverses_id, reason, user_id)
SELECT 'reversal', CAST(:period AS date), CAST(:period AS date), 'reversal:' || e.id, e.input_hash, e.id,
       'Отменён расчёт пеней № ' || :id, CAST(:user_id AS int)
  FROM entries e WHERE e.kind = 'penalty' AND e.idempotency_key ~>=~ ('penalty:' || :id || ':')
   AND e.idempotency_key ~<~ ('penalty:' || :id || ';') ORDER BY e.id"""

OPPOSITE = """
INSERT INTO postings (entry_id, ordinal, book, period, account_id, company_id, organisation_id, service,
                      of_period, amount_kopecks)
SELECT r.id, p.ordinal, p.book, r.period, p.account_id, p.company_id, p.organisation_id, p.service,
       p.of_period, -p.amount_kopecks
  FROM entries e JOIN entries r ON r.reverses_id = e.id JOIN postings p ON p.entry_id = e.id
 WHERE e.kind = 'penalty' AND e.idempotency_key ~>=~ ('penalty:' || :id || ':')
   AND e.idempotency_key ~<~ ('penalty:' || :id || ';')"""


async def post(session: Session, run_id: int) -> None:
    """Post a computation a second person approved. A refusal is kept in its row."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    run = await locked(session, run_id)
    if run is None or run.state != "posting":
        return
    period = await session.scalar(text("SELECT period FROM months WHERE state = 'open'"))
    refusal = None
    if period != run.period:
        refusal = "Месяц расчёта уже не открыт. Посчитайте пени в открытом месяце."
    elif run.changes != run.seen_changes:
        refusal = "После расчёта проведён или отменён другой. Посчитайте заново."
    if refusal is not None:
        await session.execute(
            text("UPDATE penalty_runs SET state = 'failed', error = :error WHERE id = :id"),
            {"id": run_id, "error": refusal},
        )
        return
    values = {"id": run_id, "chunk": CHUNK_LINES}
    entry = {"period": run.period, "until": run.until, "user_id": run.approved_by}
    await session.execute(text(_typed(ENTRIES)), values | entry)
    await session.execute(text(_typed(POSTINGS)), values)
    await session.execute(
        text("""
        UPDATE penalty_runs SET state = 'posted', posted_at = clock_timestamp(), posted_in = :period
         WHERE id = :id"""),
        {"id": run_id, "period": run.period},
    )


async def undo(session: Session, run_id: int) -> None:
    """Reverse what was posted, in the open month; drop what was only counted."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    run = await locked(session, run_id)
    if run is None or run.state not in ("checked", "posted", "failed"):
        return
    if run.posted_at is not None:
        period = await session.scalar(text("SELECT period FROM months WHERE state = 'open'"))
        if period is None:
            raise PenaltyRefused("no_month", "Открытого месяца нет: отменить пени некуда. Откройте месяц.")
        values = {"id": run_id}
        await session.execute(text(_typed(REVERSALS)), values | {"period": period, "user_id": run.undone_by})
        await session.execute(text(_typed(OPPOSITE)), values)
    else:
        for table in ("penalty_parts", "penalty_pauses"):
            await session.execute(text(f"DELETE FROM {table} WHERE run_id = :id"), {"id": run_id})  # noqa: S608
        await session.execute(text("DELETE FROM penalty_lines WHERE run_id = :id"), {"id": run_id})
    await session.execute(
        text("UPDATE penalty_runs SET state = 'undone', undone_at = clock_timestamp() WHERE id = :id"),
        {"id": run_id},
    )


def _typed(statement: str) -> str:
    """Numbers of ours said with their type, for they stand inside texts and divisions."""
    return statement.replace(":id", "CAST(:id AS int)").replace(":chunk", "CAST(:chunk AS int)")
