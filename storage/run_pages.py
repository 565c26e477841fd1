"""Read models of the page of a run: its head, progress, blocks, log, what runs now.

Every function is one statement; sums of money are kopecks and already include the surcharge.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Row, text

from storage.session import Session

RUNS_MAX = 200
"""Runs on the list of runs: some years of a centre's months."""
BLOCKS_MAX = 500
LOG_MAX = 200


@dataclass(frozen=True, slots=True)
class RunHead:
    """A run with the names of who did what and what it is over."""

    id: int
    period: dt.date
    scope_kind: str
    scope_id: int | None
    scope_name: str
    kind: str
    state: str
    stop_requested: bool
    created_by: int | None
    created_by_name: str | None
    created_at: dt.datetime
    started_at: dt.datetime | None
    checked_at: dt.datetime | None
    requested_by: int | None
    requested_by_name: str | None
    requested_at: dt.datetime | None
    approved_by: int | None
    approved_by_name: str | None
    published_at: dt.datetime | None
    undone_at: dt.datetime | None
    law_version: str | None
    blocks_count: int
    accounts_count: int
    parked_count: int
    lines_count: int
    total_kopecks: int
    surcharge_kopecks: int
    digest: str | None
    error: str | None


HEAD = """
SELECT r.id, r.period, r.scope_kind, r.scope_id,
       CASE r.scope_kind WHEN 'city' THEN 'весь город'
         WHEN 'organisation' THEN (SELECT short_name FROM organisations o WHERE o.id = r.scope_id)
         WHEN 'house' THEN (SELECT s.kind || ' ' || s.name || ', д. ' || h.number
                              FROM houses h JOIN streets s ON s.id = h.street_id WHERE h.id = r.scope_id)
         WHEN 'account' THEN 'счёт ' || (SELECT number FROM accounts a WHERE a.id = r.scope_id)
       END AS scope_name,
       r.kind, r.state, r.stop_requested,
       r.created_by, c.full_name AS created_by_name, r.created_at, r.started_at, r.checked_at,
       r.requested_by, q.full_name AS requested_by_name, r.requested_at,
       r.approved_by, p.full_name AS approved_by_name, r.published_at, r.undone_at, r.law_version,
       r.blocks_count, r.accounts_count, r.parked_count, r.lines_count,
       r.amount_kopecks + r.surcharge_kopecks AS total_kopecks, r.surcharge_kopecks, r.digest, r.error
  FROM runs r
  LEFT JOIN users c ON c.id = r.created_by
  LEFT JOIN users q ON q.id = r.requested_by
  LEFT JOIN users p ON p.id = r.approved_by
"""


def _head(row: Row[tuple[object, ...]]) -> RunHead:
    values = dict(row._mapping)
    values["scope_name"] = values["scope_name"] or "область не найдена"
    return RunHead(**values)


async def run_head(session: Session, run_id: int) -> RunHead | None:
    """One run, or None when there is none we may see."""
    row = (await session.execute(text(f"{HEAD} WHERE r.id = :run_id"), {"run_id": run_id})).one_or_none()
    return None if row is None else _head(row)


async def runs(session: Session, period: dt.date | None = None) -> list[RunHead]:
    """The newest runs, of one month when given."""
    where = "WHERE r.kind <> 'correction'" + (" AND r.period = :period" if period else "")
    found = await session.execute(
        text(f"{HEAD} {where} ORDER BY r.id DESC LIMIT {RUNS_MAX}"),
        {"period": period} if period else {},
    )
    return [_head(row) for row in found]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: accounts and blocks, with times by the clock of the database.

    elapsed_s counts from the start to now, or to the last finished block of a run that has stopped moving.
    """

    state: str
    stop_requested: bool
    accounts_total: int
    accounts_done: int
    parked_count: int
    blocks_total: int
    blocks_done: int
    blocks_parked: int
    retries: int
    done_kopecks: int
    elapsed_s: int
    is_approved: bool
    is_undoing: bool

    @property
    def is_live(self) -> bool:
        """Whether it still moves, so that a page should watch it."""
        if self.is_undoing:
            return True
        if self.state == "checked":
            return self.is_approved  # being published
        return self.state in ("planned", "accruing") and not self.stop_requested

    @property
    def per_second(self) -> int:
        """Accounts a second so far, rounded down."""
        return self.accounts_done // self.elapsed_s if self.elapsed_s > 0 else self.accounts_done

    @property
    def eta_s(self) -> int | None:
        """Seconds left at the speed so far; None before there is a speed."""
        if self.accounts_done == 0 or self.elapsed_s == 0:
            return None
        left = self.accounts_total - self.accounts_done
        return (left * self.elapsed_s + self.accounts_done - 1) // self.accounts_done


PROGRESS = """
SELECT r.state, r.stop_requested,
       coalesce(sum(b.accounts_count), 0)::int AS accounts_total,
       coalesce(sum(b.accounts_count) FILTER (WHERE b.state <> 'planned'), 0)::int AS accounts_done,
       coalesce(sum(b.parked_count), 0)::int AS parked_count,
       count(b.run_id)::int AS blocks_total,
       count(b.run_id) FILTER (WHERE b.state <> 'planned')::int AS blocks_done,
       count(b.run_id) FILTER (WHERE b.state = 'parked')::int AS blocks_parked,
       coalesce(sum(greatest(b.attempts - 1, 0)), 0)::int AS retries,
       coalesce(sum(b.amount_kopecks + b.surcharge_kopecks)
                FILTER (WHERE b.state = 'done'), 0)::bigint AS done_kopecks,
       coalesce(extract(epoch FROM
         CASE WHEN r.state = 'accruing' AND NOT r.stop_requested THEN clock_timestamp()
              ELSE coalesce(max(b.finished_at), r.started_at) END - r.started_at), 0)::int AS elapsed_s,
       r.approved_by IS NOT NULL AS is_approved,
       (r.state IN ('planned', 'accruing', 'checked', 'failed') AND coalesce((
         SELECT g.event = 'undo_asked' FROM run_log g
          WHERE g.run_id = r.id AND g.event IN ('undo_asked', 'undo_refused')
          ORDER BY g.id DESC LIMIT 1), false)) AS is_undoing
  FROM runs r LEFT JOIN run_blocks b ON b.run_id = r.id
 WHERE r.id = :run_id GROUP BY r.id
"""


async def progress(session: Session, run_id: int) -> Progress | None:
    """Counts of a run from its blocks."""
    row = (await session.execute(text(PROGRESS), {"run_id": run_id})).one_or_none()
    return None if row is None else Progress(**row._mapping)


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many accounts a run parked for a reason; example is one message of them."""

    reason: str
    count: int
    example: str


@dataclass(frozen=True, slots=True)
class LogRow:
    """A line of the run's log."""

    recorded_at: dt.datetime
    event: str
    message: str
    user_name: str | None


@dataclass(frozen=True, slots=True)
class RunExtras:
    """What stands round the totals of a run: progress, parked accounts by reason, the log newest first."""

    progress: Progress
    parked: list[ReasonCount]
    log: list[LogRow]
    held_left: int
    held_total: int
    """Sums the gate held, and those that nobody has released."""


EXTRAS = f"""
SELECT p.*,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(reason, n, example) ORDER BY n DESC, reason), '[]')
          FROM (SELECT reason, count(*) AS n, min(message) AS example FROM parked_accounts
                 WHERE run_id = :run_id GROUP BY reason) reasons) AS parked,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(recorded_at, event, message, full_name)
                                  ORDER BY id DESC), '[]')
          FROM (SELECT g.id, g.recorded_at, g.event, g.message, u.full_name
                  FROM run_log g LEFT JOIN users u ON u.id = (g.details ->> 'user_id')::int
                 WHERE g.run_id = :run_id ORDER BY g.id DESC LIMIT {LOG_MAX}) lines) AS log,
       (SELECT jsonb_build_array(count(*) FILTER (WHERE state <> 'released'), count(*))
          FROM run_holds WHERE run_id = :run_id) AS held
  FROM ({PROGRESS}) p
"""  # noqa: S608


async def extras(session: Session, run_id: int) -> RunExtras | None:
    """Progress, reasons and log in one statement."""
    row = (await session.execute(text(EXTRAS), {"run_id": run_id})).one_or_none()
    if row is None:
        return None
    values = dict(row._mapping)
    parked, log, held = values.pop("parked"), values.pop("log"), values.pop("held")
    return RunExtras(
        progress=Progress(**values),
        parked=[ReasonCount(*one) for one in parked],
        log=[LogRow(dt.datetime.fromisoformat(at), *rest) for at, *rest in log],
        held_left=held[0],
        held_total=held[1],
    )


@dataclass(frozen=True, slots=True)
class BlockRow:
    """A block on the page of a run; first_house is an address to recognise it by."""

    block_no: int
    houses_count: int
    first_house: str | None
    state: str
    attempts: int
    accounts_count: int
    parked_count: int
    total_kopecks: int
    seconds_milli: int | None
    worker: str | None
    error: str | None

    @property
    def seconds(self) -> str:
        """How long it took, «1,2»; a dash before it is done."""
        milli = self.seconds_milli
        return "—" if milli is None else f"{milli // 1000},{milli % 1000 // 100}"


async def blocks(session: Session, run_id: int) -> list[BlockRow]:
    """Blocks of a run: failed first, then those in work, then the rest in order."""
    found = await session.execute(
        text(f"""
        SELECT b.block_no, cardinality(b.house_ids) AS houses_count,
               s.kind || ' ' || s.name || ', ' || h.number AS first_house, b.state, b.attempts,
               b.accounts_count, b.parked_count, b.amount_kopecks + b.surcharge_kopecks AS total_kopecks,
               (extract(epoch FROM b.finished_at - b.started_at) * 1000)::int AS seconds_milli,
               b.worker, b.error
          FROM run_blocks b
          LEFT JOIN houses h ON h.id = b.house_ids[1]
          LEFT JOIN streets s ON s.id = h.street_id
         WHERE b.run_id = :run_id
         ORDER BY (b.state <> 'parked'), (b.started_at IS NULL OR b.finished_at IS NOT NULL), b.block_no
         LIMIT {BLOCKS_MAX}"""),  # noqa: S608
        {"run_id": run_id},
    )
    return [BlockRow(**row._mapping) for row in found]


@dataclass(frozen=True, slots=True)
class Running:
    """A run that is being computed now, for the bar in the top of every page of the centre."""

    id: int
    period: dt.date
    accounts_total: int
    accounts_done: int


async def running(session: Session) -> Running | None:
    """The newest run in work, if any."""
    row = (
        await session.execute(
            text("""
            SELECT r.id, r.period, coalesce(sum(b.accounts_count), 0)::int AS accounts_total,
                   coalesce(sum(b.accounts_count)
                            FILTER (WHERE b.state <> 'planned'), 0)::int AS accounts_done
              FROM runs r LEFT JOIN run_blocks b ON b.run_id = r.id
             WHERE r.id = (SELECT max(id) FROM runs
                            WHERE state IN ('planned', 'accruing') AND NOT stop_requested
                              AND kind <> 'correction')
             GROUP BY r.id""")
        )
    ).one_or_none()
    return None if row is None else Running(**row._mapping)
