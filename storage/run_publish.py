"""Publishing: the run's state and its entry in the ledger in one transaction, exactly once.

The debit of residents is the run's lines themselves; the entry holds their total on RESIDENTS and the credits
of payees by supplier and service, posted in the open month for the month of the run.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import text

from billing.ledger import accrual, correction
from billing.period import Period
from storage import ledger
from storage.change_work import request_count
from storage.correction_limit import alone_limit, moved_kopecks
from storage.runs import RunRefused, log, notify, refuse_empty, refuse_held, refuse_outdated
from storage.session import Session

PUBLISH_LOCK = 7_120_356  # with the month's ordinal: two runs of one month are published one after the other


async def publish_run(session: Session, run_id: int) -> bool:
    """checked → published. False when it was published before. Raises RunRefused, having changed nothing."""
    run = (await session.execute(text(f"{RUN} FOR UPDATE"), {"id": run_id})).one_or_none()
    if run is None:
        raise RunRefused("run-not-found", f"Прогона {run_id} нет.", 404)
    if run.state == "published":
        return False
    is_signed = run.requested_by is not None and (run.approved_by is not None or await _alone(session, run))
    if run.state != "checked" or not is_signed:
        raise RunRefused(
            "run-not-approved", f"Прогон {run_id} не согласован двумя людьми, публиковать нельзя."
        )
    await session.execute(
        text("SELECT pg_advisory_xact_lock(:lock, :month)"),
        {"lock": PUBLISH_LOCK, "month": Period.of(run.period).ordinal},
    )
    await refuse_empty(run)
    await refuse_outdated(session, run_id)
    await refuse_held(session, run_id)
    posted_in: dt.date = await session.scalar(text(TO_PUBLISHED), {"id": run_id})
    if run.kind == "correction":
        await _post_correction(session, run, posted_in)
    else:
        await _post(session, run, posted_in)
    signed_by = run.approved_by or run.requested_by
    await log(session, run_id, "published", "Опубликовано, проведено в книге", signed_by)
    await _audit(session, run)
    await request_count(session, run_id, run.period)
    await notify(session, run_id)
    return True


RUN = """
SELECT id, period, kind, state, requested_by, approved_by, one_person, company_id, lines_count,
       amount_kopecks + surcharge_kopecks AS total, digest FROM runs WHERE id = :id
"""
TO_PUBLISHED = """
UPDATE runs SET state = 'published', published_at = clock_timestamp() WHERE id = :id RETURNING posted_in
"""
CREDITS = """
SELECT supplier_id, service, sum(amount_kopecks + surcharge_kopecks)::bigint AS amount FROM run_totals
 WHERE run_id = :id GROUP BY supplier_id, service HAVING sum(amount_kopecks + surcharge_kopecks) <> 0
 ORDER BY supplier_id, service
"""


async def _post(session: Session, run: Any, posted_in: dt.date) -> None:
    """One entry a run; nothing when its lines sum to zero for every payee."""
    payees = (await session.execute(text(CREDITS), {"id": run.id})).all()
    assert sum(row.amount for row in payees) == run.total, "totals of the run do not sum to its lines"
    credits_ = [(row.supplier_id, row.service, row.amount) for row in payees]
    entry, postings = accrual(run.id, posted_in, run.period, Period.of(posted_in).last_day, credits_)
    if postings:
        await ledger.post(session, entry, postings)


async def _alone(session: Session, run: Any) -> bool:
    """A small correction may go by one person; looked at again where nobody can argue."""
    if run.kind != "correction" or not run.one_person:
        return False
    moved = await moved_kopecks(session, run.id)
    return moved <= await alone_limit(session, run.company_id, run.period)


CORRECTION = "SELECT reason, ground FROM corrections WHERE run_id = :id"
CREDITS_BY_MONTH = """
SELECT (r.period - t.months_back * interval '1 month')::date AS month, t.supplier_id, t.service,
       sum(t.amount_kopecks + t.surcharge_kopecks)::bigint AS amount
  FROM run_totals t JOIN runs r ON r.id = t.run_id
 WHERE t.run_id = :id GROUP BY 1, 2, 3 HAVING sum(t.amount_kopecks + t.surcharge_kopecks) <> 0
 ORDER BY 1, 2, 3
"""
POSTINGS_MAX = 30_000  # of one entry: their numbers are small integers


async def _post_correction(session: Session, run: Any, posted_in: dt.date) -> None:
    """One entry with postings for each month it is about; without the months where there are too many."""
    head = (await session.execute(text(CORRECTION), {"id": run.id})).one()
    rows = (await session.execute(text(CREDITS_BY_MONTH), {"id": run.id})).all()
    assert sum(row.amount for row in rows) == run.total, "totals of the correction do not sum to its lines"
    credits_ = [(row.month, row.supplier_id, row.service, row.amount) for row in rows]
    if len(credits_) > POSTINGS_MAX:
        plain = (await session.execute(text(CREDITS), {"id": run.id})).all()
        credits_ = [(run.period, row.supplier_id, row.service, row.amount) for row in plain]
    booked_on = Period.of(posted_in).last_day
    entry, postings = correction(
        run.id, posted_in, booked_on, credits_, reason=head.reason, ground=head.ground
    )
    if postings:
        await ledger.post(session, entry, postings)


async def _audit(session: Session, run: Any) -> None:
    await session.execute(
        text(
            "INSERT INTO audit (user_id, action, subject_kind, subject_id, after) VALUES (:user_id, "
            "'publish', 'run', "
            ":id, jsonb_build_object('requested_by', CAST(:requested_by AS int), 'digest', CAST(:digest AS "
            "text)))"
        ),
        {
            "user_id": run.approved_by or run.requested_by,
            "id": run.id,
            "requested_by": run.requested_by,
            "digest": run.digest,
        },
    )
