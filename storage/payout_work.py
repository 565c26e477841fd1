"""Workers plan, post and undo distributions: each step one transaction, repeated without effect.

A posted transfer takes its sum off what we owe its payee; it stands on TRANSFERS until the bank's statement
says that it was paid. What is held (no details, nothing to pay) is not posted and comes back next time.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import text

from billing.ledger import Book, Entry, Posting
from billing.period import Period
from storage import audit, ledger
from storage.months import open_month
from storage.payments import NoOpenMonth
from storage.payout_plan import plan_shares
from storage.payouts import locked
from storage.session import Session

LOCK = 7_120_364  # one plans, posts or undoes payouts at a time
NO_DETAILS = "Не заполнены ИНН, счёт (20 цифр) или БИК (9 цифр) получателя. Деньги ждут: заполните их."
NO_TERM = "Возвраты больше сбора или поровну: платить нечего. Разница вычтется из следующего распределения."

TRANSFERS = """
INSERT INTO transfers (run_id, payee_id, state, problem, gross_kopecks, agent_fee_kopecks, centre_fee_kopecks,
                       net_kopecks)
SELECT :run, s.payee_id, 'draft',
       CASE WHEN s.gross <= s.agent + s.centre THEN CAST(:negative AS text)
            WHEN o.inn ~ '^([0-9]{10}|[0-9]{12})$' AND o.bank_account ~ '^[0-9]{20}$'
             AND o.bank_bic ~ '^[0-9]{9}$' THEN ''
            ELSE CAST(:details AS text) END,
       s.gross, s.agent, s.centre, s.gross - s.agent - s.centre
  FROM (SELECT payee_id, sum(amount_kopecks)::bigint AS gross, sum(agent_fee_kopecks)::bigint AS agent,
               sum(centre_fee_kopecks)::bigint AS centre
          FROM payout_shares WHERE run_id = :run GROUP BY 1) s JOIN organisations o ON o.id = s.payee_id"""

SUMS = """
UPDATE payout_runs r SET state = CAST(:state AS text), gross_kopecks = t.gross, agent_fee_kopecks = t.agent,
       centre_fee_kopecks = t.centre, net_kopecks = t.net, transfers_count = t.count, shares_count = s.count
  FROM (SELECT coalesce(sum(gross_kopecks), 0)::bigint AS gross,
               coalesce(sum(agent_fee_kopecks), 0)::bigint AS agent,
               coalesce(sum(centre_fee_kopecks), 0)::bigint AS centre,
               coalesce(sum(net_kopecks), 0)::bigint AS net, count(*)::int AS count
          FROM transfers WHERE run_id = :run AND problem = '') t,
       (SELECT count(*) AS count FROM payout_shares x JOIN transfers y
            ON y.run_id = x.run_id AND y.payee_id = x.payee_id AND y.problem = '' WHERE x.run_id = :run) s
 WHERE r.id = :run"""


async def plan(session: Session, run_id: int) -> None:
    """Work out shares and transfers of a distribution that was asked for."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    run = await locked(session, run_id)
    if run is None or run.state != "planned":
        return
    await plan_shares(session, run_id, run.until)
    await session.execute(text(TRANSFERS), {"run": run_id, "negative": NO_TERM, "details": NO_DETAILS})
    await session.execute(text(SUMS), {"run": run_id, "state": "checked"})


# ---- posting ----------------------------------------------------------------------------------------

STALE = """
SELECT EXISTS (
  SELECT 1 FROM payout_shares s JOIN transfers t
      ON t.run_id = s.run_id AND t.payee_id = s.payee_id AND t.problem = ''
    JOIN entries r ON r.reverses_id = s.entry_id
   WHERE s.run_id = :run AND s.amount_kopecks > 0)
  OR EXISTS (SELECT 1 FROM payout_runs x WHERE x.id <> :run AND x.posted_at > (
       SELECT created_at FROM payout_runs WHERE id = :run))
  OR EXISTS (SELECT 1 FROM payout_runs x WHERE x.id <> :run AND x.undone_at > (
       SELECT created_at FROM payout_runs WHERE id = :run) AND x.posted_at IS NOT NULL)"""

NUMBERED = """
UPDATE transfers t SET state = 'ordered', day = CAST(:day AS date), number = n.number,
       purpose = left('Перечисление платежей населения за жилищно-коммунальные услуги, собранных по '
         || to_char(CAST(:until AS date), 'DD.MM.YYYY') || ', распределение № ' || t.run_id
         || CASE WHEN t.agent_fee_kopecks + t.centre_fee_kopecks = 0 THEN '' ELSE
              '. Удержано вознаграждение ' || replace(to_char(
                (t.agent_fee_kopecks + t.centre_fee_kopecks) / 100.0, 'FM999999999990.00'), '.', '-') END
         || '. НДС не облагается', 210),
       payee_name = o.name, payee_inn = o.inn, payee_kpp = coalesce(o.kpp, ''),
       payee_account = o.bank_account, payee_bank = coalesce(o.bank_name, ''), payee_bic = o.bank_bic,
       payee_corr_account = coalesce(o.bank_corr_account, '')
  FROM (SELECT id, (SELECT coalesce(max(number), 0) FROM transfers)
                   + row_number() OVER (ORDER BY id) AS number
          FROM transfers WHERE run_id = :run AND problem = '') n, organisations o
 WHERE n.id = t.id AND o.id = t.payee_id
RETURNING t.id, t.payee_id, t.gross_kopecks, t.agent_fee_kopecks, t.centre_fee_kopecks, t.net_kopecks"""


async def post(session: Session, run_id: int) -> None:
    """Post a distribution a second person approved. A refusal is kept in its row."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    run = await locked(session, run_id)
    if run is None or run.state != "posting":
        return
    period = await open_month(session)
    refusal = None
    if period is None:
        refusal = "Открытого месяца нет. Откройте месяц и составьте распределение заново."
    elif await session.scalar(text(STALE), {"run": run_id}):
        refusal = "После расчёта отменён платёж или проведено другое распределение. Составьте заново."
    if refusal is not None or period is None:
        await session.execute(
            text("UPDATE payout_runs SET state = 'failed', error = :error WHERE id = :id"),
            {"error": refusal, "id": run_id},
        )
        return
    day = await _today(session)
    made = await session.execute(text(NUMBERED), {"run": run_id, "day": day, "until": run.until})
    centre = int(
        await session.scalar(text("SELECT id FROM organisations WHERE kind = 'centre' ORDER BY id LIMIT 1"))
        or 0
    )
    for row in sorted(made.all(), key=lambda one: one.id):
        await _post_transfer(session, run, row, period, day, int(centre or 0))
    await session.execute(
        text("""
        UPDATE payout_shares s SET is_live = true FROM transfers t
         WHERE s.run_id = :run AND t.run_id = s.run_id AND t.payee_id = s.payee_id AND t.problem = ''"""),
        {"run": run_id},
    )
    await session.execute(
        text("""
        DELETE FROM payout_shares s USING transfers t
         WHERE s.run_id = :run AND t.run_id = s.run_id AND t.payee_id = s.payee_id AND t.problem <> ''"""),
        {"run": run_id},
    )
    await session.execute(
        text("UPDATE transfers SET state = 'held' WHERE run_id = :run AND problem <> ''"), {"run": run_id}
    )
    await session.execute(text(SUMS), {"run": run_id, "state": "posted"})
    await session.execute(
        text("UPDATE payout_runs SET posted_at = clock_timestamp() WHERE id = :run"), {"run": run_id}
    )
    await audit.record(session, "payout_posted", "payout_run", run_id, user_id=run.approved_by)


AGENT_FEES = """
SELECT agent_id, sum(agent_fee_kopecks)::bigint AS fee FROM payout_shares
 WHERE run_id = :run AND payee_id = :payee GROUP BY 1 HAVING sum(agent_fee_kopecks) <> 0 ORDER BY 1"""


async def _post_transfer(
    session: Session, run: Any, row: Any, period: dt.date, day: dt.date, centre: int
) -> None:
    """What we owed the payee goes: to the transfer, to the agents' fees the payee bears, to the centre's."""
    kept = (await session.execute(text(AGENT_FEES), {"run": run.id, "payee": row.payee_id})).all()
    postings = [
        Posting(Book.PAYEES, row.gross_kopecks, organisation_id=row.payee_id),
        Posting(Book.TRANSFERS, -row.net_kopecks, organisation_id=row.payee_id),
        *(Posting(Book.FEES, -one.fee, organisation_id=one.agent_id) for one in kept),
    ]
    if row.centre_fee_kopecks:
        postings.append(Posting(Book.FEES, -row.centre_fee_kopecks, organisation_id=centre))
    entry = Entry(
        "payout",
        period,
        _within(day, period),
        f"payout:{run.id}:{row.payee_id}",
        ground=f"Распределение № {run.id}",
        user_id=run.approved_by,
    )
    posted = await ledger.post(session, entry, postings)
    await session.execute(
        text("UPDATE transfers SET entry_id = :entry WHERE id = :id"),
        {"entry": posted.entry_id, "id": row.id},
    )


def _within(day: dt.date, period: dt.date) -> dt.date:
    """The day if it is in the month, else the month's nearest day."""
    return min(max(day, period), Period.of(period).last_day)


async def _today(session: Session) -> dt.date:
    found = await session.scalar(text("SELECT (clock_timestamp() AT TIME ZONE 'Europe/Moscow')::date"))
    assert isinstance(found, dt.date)
    return found


# ---- undoing ----------------------------------------------------------------------------------------


async def undo(session: Session, run_id: int) -> None:
    """Reverse a posted distribution, or drop one that was only worked out."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    run = await locked(session, run_id)
    if run is None or run.state not in ("checked", "posted", "failed"):
        return
    if run.state == "posted":
        period = await open_month(session)
        if period is None:
            raise NoOpenMonth
        found = await session.execute(
            text("SELECT entry_id FROM transfers WHERE run_id = :run AND state = 'ordered' ORDER BY id"),
            {"run": run_id},
        )
        for entry_id in found.scalars().all():
            await ledger.reverse(
                session,
                int(entry_id),
                period=period,
                booked_on=_within(await _today(session), period),
                reason=run.undo_reason,
                user_id=run.undone_by,
            )
        await session.execute(
            text("UPDATE payout_shares SET is_live = false WHERE run_id = :run"), {"run": run_id}
        )
    else:
        await session.execute(text("DELETE FROM payout_shares WHERE run_id = :run"), {"run": run_id})
    await session.execute(
        text("UPDATE transfers SET state = 'undone' WHERE run_id = :run AND state IN ('draft', 'ordered')"),
        {"run": run_id},
    )
    await session.execute(
        text("UPDATE payout_runs SET state = 'undone', undone_at = clock_timestamp() WHERE id = :run"),
        {"run": run_id},
    )
    await audit.record(
        session, "payout_undone", "payout_run", run_id, user_id=run.undone_by, ground=run.undo_reason
    )


async def give_up(session: Session, run_id: int) -> None:
    """A distribution nobody could work out or post: say so to whoever waits."""
    words = (
        "Распределение не удалось. Мы записали причину, администратор её видит. "
        "Отмените его и составьте заново."
    )
    await session.execute(
        text("""
        UPDATE payout_runs SET state = 'failed', error = :words
         WHERE id = :id AND state IN ('planned', 'posting')"""),
        {"words": words, "id": run_id},
    )
