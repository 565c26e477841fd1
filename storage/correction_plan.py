"""Planning a correction: blocks of whole houses that had accounts in its months; its tables; its law
version.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from billing.law import law_version
from billing.period import Period
from storage.block_values import Values, read_values
from storage.bulk import Connection
from storage.line_partitions import create_partitions
from storage.run_plan import (
    BLOCK_ACCOUNTS,
    BLOCK_ACCOUNTS_MIN,
    HOUSES,
    IN_SCOPE,
    fail,
    plan_run,
    split,
    write_log,
)

MONTHS_IN_MEMORY = 6  # a block of a correction holds lines of all its months: more of them, fewer accounts

OF_LATE_FACTS = """h.id IN (
  SELECT f.house_id FROM late_facts f WHERE f.run_id = $3 AND f.house_id IS NOT NULL
  UNION
  SELECT s.house_id FROM late_facts f
    JOIN house_services s ON s.service = f.service AND s.superseded_at IS NULL
    JOIN houses g ON g.id = s.house_id
   WHERE f.run_id = $3 AND f.house_id IS NULL AND (f.zone_id IS NULL OR f.zone_id = g.zone_id)
     AND (f.organisation_id IS NULL OR f.organisation_id IN (g.company_id, s.supplier_id)))"""
"""Houses of late facts; of a value, every house with its service in its zone and organisation."""


async def plan(connection: Connection, run_id: int, block_accounts: int | None = None) -> bool:
    """Plan a run or a correction; False when it was planned before. In the caller's transaction."""
    run = await connection.fetchrow(
        "SELECT id, period, scope_kind, scope_id, state FROM runs WHERE id = $1 AND kind = "
        "'correction' FOR UPDATE",
        run_id,
    )
    if run is None:
        return await plan_run(connection, run_id, block_accounts)
    if run["state"] != "planned":
        return False
    await _plan_correction(connection, run, block_accounts)
    return True


async def _plan_correction(connection: Connection, run: Any, block_accounts: int | None) -> None:
    """planned → accruing, or failed when there is nobody to look at."""
    row = await connection.fetchrow(
        "SELECT kind, first_period, last_period FROM corrections WHERE run_id = $1", run["id"]
    )
    assert row is not None, "a correction without its row"
    first, last = Period.of(row["first_period"]), Period.of(row["last_period"])
    months = [Period(at) for at in range(first.ordinal, last.ordinal + 1)]
    is_late = run["scope_kind"] == "late"
    query = HOUSES.format(scope=OF_LATE_FACTS if is_late else IN_SCOPE[run["scope_kind"]])
    scope_id = run["id"] if is_late else run["scope_id"]
    houses = await connection.fetch(query, first.first_day, last.shift(1).first_day, scope_id)
    if not houses:
        words = f"В области перерасчёта не было открытых счетов, месяцы: {_span(first, last)}."
        await fail(connection, run["id"], words)
        return
    blocks = split(
        [(house["id"], house["accounts"]) for house in houses],
        block_accounts or accounts_a_block(len(months)),
    )
    await create_partitions(connection, run["id"], Period.of(run["period"]))
    await connection.copy_records_to_table(
        "run_blocks",
        records=[
            (run["id"], number, list(ids), 1 if run["scope_kind"] == "account" else accounts)
            for number, (ids, accounts) in enumerate(blocks, start=1)
        ],
        columns=["run_id", "block_no", "house_ids", "accounts_count"],
    )
    values = [await read_values(connection, month) for month in months]
    await connection.execute(
        "UPDATE runs SET state = 'accruing', law_version = $2, started_at = clock_timestamp(), "
        "blocks_count = $3, "
        "accounts_count = (SELECT sum(accounts_count) FROM run_blocks WHERE run_id = $1) WHERE id = $1",
        run["id"],
        version_of_months(values),
        len(blocks),
    )
    words = "ручная корректировка" if row["kind"] == "manual" else f"перерасчёт, месяцы: {_span(first, last)}"
    await write_log(connection, run["id"], "planned", f"Частей: {len(blocks)}, домов: {len(houses)}; {words}")


def _span(first: Period, last: Period) -> str:
    return first.title if first == last else f"{first.title} — {last.title}"


def accounts_a_block(months: int) -> int:
    """A block of many months is of fewer accounts."""
    return max(BLOCK_ACCOUNTS * MONTHS_IN_MEMORY // max(months, MONTHS_IN_MEMORY), BLOCK_ACCOUNTS_MIN)


def version_of_months(values: Iterable[Values]) -> str:
    """One version of the law for all months: that of the rules and a digest of the months' tariffs and
    norms.
    """
    digest = hashlib.sha256("".join(f"{one.period}{one.version}" for one in values).encode())
    return f"{law_version()}.{digest.hexdigest()[:16]}"
