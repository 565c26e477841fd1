"""Planning a run: blocks of whole houses in order, the run's own tables, its kind and the version of its
law.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from billing.law import law_version
from billing.period import Period
from storage.block_values import read_values
from storage.bulk import Connection
from storage.line_partitions import create_partitions

BLOCK_ACCOUNTS = 10_000  # tens of megabytes; smaller ones pay more round trips and calls for an account
BLOCK_ACCOUNTS_MIN = 250  # smaller ones cost more in commits than they give in progress
BLOCKS_USUAL = 16  # a small city still has enough blocks to spread and to show progress

IN_SCOPE = {
    "city": "$3::int IS NULL",
    "organisation": "h.company_id = $3",
    "house": "h.id = $3",
    "account": "h.id = (SELECT house_id FROM accounts WHERE id = $3)",
}
HOUSES = """
SELECT h.id, count(a.id) AS accounts
  FROM houses h
  JOIN accounts a ON a.house_id = h.id AND a.opened_on < $2 AND (a.closed_on IS NULL OR a.closed_on >= $1)
 WHERE {scope}
 GROUP BY h.id ORDER BY h.id
"""
PUBLISHED_BEFORE = """
SELECT EXISTS (
  SELECT 1 FROM runs r JOIN run_houses h ON h.run_id = r.id
   WHERE r.state = 'published' AND r.kind <> 'correction' AND r.period = $1 AND h.house_id = ANY ($2))
"""


async def plan_run(connection: Connection, run_id: int, block_accounts: int | None = None) -> bool:
    """planned → accruing, or failed when there is nothing to compute. False when it was planned before.

    Runs inside the caller's transaction; block_accounts: accounts a block, None = by the size of the scope.
    """
    run = await connection.fetchrow(
        "SELECT id, period, scope_kind, scope_id, state FROM runs WHERE id = $1 FOR UPDATE", run_id
    )
    if run is None or run["state"] != "planned":
        return False
    period = Period.of(run["period"])
    query = HOUSES.format(scope=IN_SCOPE[run["scope_kind"]])
    houses = await connection.fetch(query, period.first_day, period.shift(1).first_day, run["scope_id"])
    if not houses:
        await fail(
            connection, run_id, f"В области прогона нет открытых счетов за {period.title}. Проверьте область."
        )
        return True
    blocks = split([(row["id"], row["accounts"]) for row in houses], block_accounts)
    await create_partitions(connection, run_id, period)
    await connection.copy_records_to_table(
        "run_blocks",
        records=[
            (run_id, number, list(ids), 1 if run["scope_kind"] == "account" else accounts)
            for number, (ids, accounts) in enumerate(blocks, start=1)
        ],
        columns=["run_id", "block_no", "house_ids", "accounts_count"],
    )
    repeated = await connection.fetchval(PUBLISHED_BEFORE, run["period"], [row["id"] for row in houses])
    values = await read_values(connection, period)
    await connection.execute(
        "UPDATE runs SET state = 'accruing', kind = $2, law_version = $3, started_at = clock_timestamp(), "
        "blocks_count = $4, accounts_count = (SELECT sum(accounts_count) FROM run_blocks WHERE run_id = $1) "
        "WHERE id = $1",
        run_id,
        "difference" if repeated else "full",
        f"{law_version()}.{values.version}",
        len(blocks),
    )
    kind = "только различия с опубликованным" if repeated else "начисления"
    await write_log(
        connection, run_id, "planned", f"Частей: {len(blocks)}, домов: {len(houses)}; будут посчитаны {kind}"
    )
    return True


async def fail(connection: Connection, run_id: int, words: str) -> None:
    """planned → failed, with words for whoever asked."""
    await connection.execute("UPDATE runs SET state = 'failed', error = $2 WHERE id = $1", run_id, words)
    await write_log(connection, run_id, "failed", words)


async def write_log(
    connection: Connection, run_id: int, event: str, message: str, details: Mapping[str, int] | None = None
) -> None:
    """Add to the run's log and wake whoever watches."""
    await connection.execute(
        "INSERT INTO run_log (run_id, event, message, details) VALUES ($1, $2, $3, $4::jsonb)",
        run_id,
        event,
        message,
        None if details is None else json.dumps(details),
    )
    await connection.execute("SELECT pg_notify('run_progress', $1)", str(run_id))


def split(
    houses: Sequence[tuple[int, int]], block_accounts: int | None = None
) -> list[tuple[list[int], int]]:
    """Houses (id, accounts) in order → blocks (ids, accounts) of about block_accounts; a house is never
    cut.
    """
    total = sum(accounts for _, accounts in houses)
    target = block_accounts or min(BLOCK_ACCOUNTS, max(BLOCK_ACCOUNTS_MIN, total // BLOCKS_USUAL))
    return list(_blocks(houses, target))


def _blocks(houses: Iterable[tuple[int, int]], target: int) -> Iterable[tuple[list[int], int]]:
    ids: list[int] = []
    size = 0
    for house, accounts in houses:
        if ids and size + accounts // 2 > target:  # nearer to the target without this house
            yield ids, size
            ids, size = [], 0
        ids.append(house)
        size += accounts
    if ids:
        yield ids, size
