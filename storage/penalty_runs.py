"""Computations of penalties as pages see them: ask, approve, undo; workers count and post (penalty_work).

Nothing is posted without a second person. What is posted may be undone by reversal; the next computation then
counts those penalties again as a difference.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from billing.penalty.rates import NoKeyRateError
from billing.period import Period
from storage import outbox
from storage.penalty_law import penalty_law
from storage.session import Session

COUNT = "commands.penalties.count"
POST = "commands.penalties.post"
UNDO = "commands.penalties.undo"
LIVE = ("planned", "counting", "posting")
RUNS_MAX = 60


class PenaltyRefused(Exception):
    """A computation that cannot be begun, posted or undone; the message says why and what to do."""

    permanent = True

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class PenaltyRunRow:
    """A computation with names."""

    id: int
    period: dt.date
    until: dt.date
    company_id: int | None
    company_name: str | None
    state: str
    created_by: int
    created_by_name: str | None
    created_at: dt.datetime
    approved_by_name: str | None
    checked_at: dt.datetime | None
    posted_at: dt.datetime | None
    posted_in: dt.date | None
    undone_at: dt.datetime | None
    done_count: int
    total_count: int
    accounts_count: int
    lines_count: int
    amount_kopecks: int
    error: str | None

    @property
    def is_live(self) -> bool:
        """Whether a worker has it before it."""
        return self.state in LIVE


ROWS = """
SELECT r.id, r.period, r.until, r.company_id, o.short_name AS company_name, r.state, r.created_by,
       u.full_name AS created_by_name, r.created_at, a.full_name AS approved_by_name, r.checked_at,
       r.posted_at,
       r.posted_in, r.undone_at, r.done_count, r.total_count, r.accounts_count, r.lines_count,
       r.amount_kopecks, r.error
  FROM penalty_runs r
  LEFT JOIN organisations o ON o.id = r.company_id
  LEFT JOIN users u ON u.id = r.created_by
  LEFT JOIN users a ON a.id = r.approved_by
"""


async def runs(session: Session) -> list[PenaltyRunRow]:
    """The newest computations."""
    found = await session.execute(text(f"{ROWS} ORDER BY r.id DESC LIMIT {RUNS_MAX}"))
    return [PenaltyRunRow(**row._mapping) for row in found]


async def run_row(session: Session, run_id: int) -> PenaltyRunRow | None:
    """One computation."""
    row = (await session.execute(text(f"{ROWS} WHERE r.id = :id"), {"id": run_id})).one_or_none()
    return None if row is None else PenaltyRunRow(**row._mapping)


async def request_count(
    session: Session, *, until: dt.date, company_id: int | None, user_id: int, command_id: str
) -> int:
    """Ask a worker to count the penalties through a day; the same command_id again gives the same run.

    Raises PenaltyRefused when no month is open, the day is far, or another computation is at work.
    """
    known = await session.scalar(
        text("SELECT id FROM penalty_runs WHERE command_id = :command"), {"command": command_id}
    )
    if known is not None:
        return int(known)
    period = await session.scalar(text("SELECT period FROM months WHERE state = 'open'"))
    if period is None:
        raise PenaltyRefused("no_month", "Открытого месяца нет: начислить пени некуда. Откройте месяц.")
    if not period.replace(day=1) <= until <= Period.of(period).last_day:
        raise PenaltyRefused(
            "until",
            f"День расчёта — в открытом месяце: с {period:%d.%m.%Y} "
            f"по {Period.of(period).last_day:%d.%m.%Y}.",
        )
    live = await session.scalar(
        text("SELECT id FROM penalty_runs WHERE state = ANY (:live)"), {"live": list(LIVE)}
    )
    if live is not None:
        raise PenaltyRefused("busy", f"Расчёт № {live} ещё идёт. Дождитесь его и повторите.")
    try:
        (await penalty_law(session)).rates.rate_on(until)
    except NoKeyRateError as error:
        raise PenaltyRefused(error.code, str(error)) from error
    run_id = await session.scalar(
        text("""
        INSERT INTO penalty_runs (period, until, company_id, command_id, created_by)
        VALUES (:period, :until, :company_id, :command, :user_id) RETURNING id"""),
        {
            "period": period,
            "until": until,
            "company_id": company_id,
            "command": command_id,
            "user_id": user_id,
        },
    )
    await outbox.add(session, COUNT, {"penalty_run_id": int(run_id)}, f"penalty-count-{run_id}")
    return int(run_id)


async def approve(session: Session, run_id: int, user_id: int) -> None:
    """A second person lets a counted computation be posted."""
    row = await _asked(session, run_id)
    if row.state != "checked":
        raise PenaltyRefused(
            "state", "Проводят посчитанный расчёт. Обновите страницу: его состояние изменилось."
        )
    if row.created_by == user_id:
        raise PenaltyRefused("same-person", "Считали вы, поэтому провести должен другой сотрудник.")
    await session.execute(
        text("UPDATE penalty_runs SET state = 'posting', approved_by = :user_id WHERE id = :id"),
        {"id": run_id, "user_id": user_id},
    )
    await outbox.add(session, POST, {"penalty_run_id": run_id}, f"penalty-post-{run_id}-{row.changes}")


async def ask_undo(session: Session, run_id: int, user_id: int) -> None:
    """Take a computation back: a counted one is dropped, a posted one is reversed in the open month."""
    row = await _asked(session, run_id)
    if row.state not in ("checked", "posted", "failed"):
        raise PenaltyRefused("state", "Отменить можно посчитанный или проведённый расчёт. Обновите страницу.")
    if (
        row.state == "posted"
        and await session.scalar(text("SELECT max(id) FROM penalty_runs WHERE state = 'posted'")) != run_id
    ):
        raise PenaltyRefused(
            "not-last",
            "После него проведён другой расчёт. Отменяют с последнего: следующие считались от него.",
        )
    await session.execute(
        text("UPDATE penalty_runs SET undone_by = :user_id WHERE id = :id"),
        {"id": run_id, "user_id": user_id},
    )
    await outbox.add(session, UNDO, {"penalty_run_id": run_id}, f"penalty-undo-{run_id}")


CHANGES = """
SELECT count(p.posted_at) + count(p.undone_at) FILTER (WHERE p.posted_at IS NOT NULL) FROM penalty_runs p"""
LOCKED = f"SELECT r.*, ({CHANGES}) AS changes FROM penalty_runs r WHERE r.id = :id FOR UPDATE"  # noqa: S608


async def locked(session: Session, run_id: int) -> Any:
    """The row held until commit, with the number of computations posted or undone so far; None = no such."""
    return (await session.execute(text(LOCKED), {"id": run_id})).one_or_none()


async def _asked(session: Session, run_id: int) -> Any:
    row = await locked(session, run_id)
    if row is None:
        raise PenaltyRefused("none", "Такого расчёта нет.")
    return row
