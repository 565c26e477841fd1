"""A run as a machine reads it: state, counts, sums, digest, why it failed or what was refused."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from billing.period import Period
from storage.session import Session


@dataclass(frozen=True, slots=True)
class RunResult:
    """The outcome of `paylogic run`. seconds: from planning to checked; rate: accounts a second."""

    run_id: int
    period: str
    scope_kind: str
    scope_id: int | None
    kind: str
    state: str
    unchanged: bool
    blocks: int
    blocks_done: int
    accounts: int
    parked: int
    lines: int
    amount_kopecks: int
    surcharge_kopecks: int
    total_kopecks: int
    digest: str | None
    law_version: str | None
    seconds: float
    rate: float
    refusal: str | None
    error: str | None


RESULT = """
SELECT r.*, (SELECT count(*) FROM run_blocks b WHERE b.run_id = r.id AND b.state <> 'planned') AS blocks_done,
       (SELECT coalesce(sum(b.accounts_count), 0) FROM run_blocks b
         WHERE b.run_id = r.id AND b.state <> 'planned') AS accounts_done,
       (SELECT message FROM run_log g WHERE g.run_id = r.id AND g.event = 'refused' ORDER BY g.id DESC LIMIT
       1) AS refusal,
       coalesce(round(extract(epoch FROM coalesce(r.checked_at, clock_timestamp()) - r.started_at) * 1000),
       0)::bigint AS took_ms
  FROM runs r WHERE r.id = :id
"""


async def run_result(session: Session, run_id: int) -> RunResult:
    """Read it now."""
    row = (await session.execute(text(RESULT), {"id": run_id})).one()
    seconds = row.took_ms / 1000
    return RunResult(
        run_id=row.id,
        period=str(Period.of(row.period)),
        scope_kind=row.scope_kind,
        scope_id=row.scope_id,
        kind=row.kind,
        state=row.state,
        unchanged=row.kind == "difference" and row.state == "checked" and row.lines_count == 0,
        blocks=row.blocks_count,
        blocks_done=row.blocks_done,
        accounts=row.accounts_count,
        parked=row.parked_count,
        lines=row.lines_count,
        amount_kopecks=row.amount_kopecks,
        surcharge_kopecks=row.surcharge_kopecks,
        total_kopecks=row.amount_kopecks + row.surcharge_kopecks,
        digest=row.digest,
        law_version=row.law_version,
        seconds=seconds,
        rate=round(int(row.accounts_done) / seconds, 1) if seconds else 0.0,
        refusal=row.refusal,
        error=row.error,
    )
