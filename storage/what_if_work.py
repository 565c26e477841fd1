"""Answers «что если» block after block: warm blocks, the rules a changed value touches, sums added up; no
line is written.

Sums of blocks and how far the question is are one transaction, so a killed worker goes on where it was and
adds nothing twice. Houses are taken in order of id; a question that was stopped is left as it is.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from billing.period import Period
from billing.what_if import Compared, ask
from storage.block_values import Values, read_values
from storage.bulk import Connection
from storage.engine import Database, connect
from storage.run_plan import HOUSES, split
from storage.warm_blocks import WarmBlock, WarmBlocks, forget_marks
from storage.what_if_values import Asked, NoSuchValue, changed, revalued

COUNT = "commands.whatif.count"
AT_ONCE = 2
"""Blocks computed side by side: numpy leaves the interpreter to another thread most of the time."""
WRITE_EVERY_S = 0.5
"""Answers of blocks are kept together for so long before a commit."""
EXTREMES_KEPT = 20
CHANNEL = "what_if_progress"


class UnknownWhatIfOrder(ValueError):
    """A command this version does not know: kept as a dead letter."""

    permanent = True


@dataclass(frozen=True, slots=True)
class Question:
    """A row of what_ifs as the worker needs it."""

    id: int
    period: Period
    company_id: int | None
    asked: Asked
    last_house_id: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a block answered; houses are taken in order of id, this is its last."""

    last_house_id: int
    accounts: int
    is_warm: bool
    compared: Compared


async def obey(url: str, warm: WarmBlocks, subject: str, payload: dict[str, Any]) -> None:
    """Count the question of the command; again it goes on or changes nothing."""
    what_if_id = payload.get("what_if_id")
    if subject != COUNT or not isinstance(what_if_id, int):
        raise UnknownWhatIfOrder(f"Неизвестное поручение {subject}.")
    connections = [await connect(url) for _ in range(AT_ONCE)]
    try:
        await _count(connections, warm, what_if_id)
    finally:
        for connection in connections:
            connection.terminate()


async def give_up(database: Database, payload: dict[str, Any]) -> None:
    """A command nobody could do: say so to whoever waits."""
    words = "Не получилось посчитать. Причина записана, администратор её видит. Повторите пробу позже."
    connection = await connect(database.url)
    try:
        await connection.execute(
            "UPDATE what_ifs SET state = 'failed', error = $2, finished_at = clock_timestamp() "
            "WHERE id = $1 AND state IN ('planned', 'counting')",
            payload.get("what_if_id"),
            words,
        )
    finally:
        connection.terminate()


BEGIN = """
UPDATE what_ifs SET state = 'counting', started_at = coalesce(started_at, clock_timestamp())
 WHERE id = $1 AND state IN ('planned', 'counting')
RETURNING id, period, company_id, family, value_id, after, last_house_id
"""


async def _count(connections: Sequence[Connection], warm: WarmBlocks, what_if_id: int) -> None:
    first = connections[0]
    row = await first.fetchrow(BEGIN, what_if_id)
    if row is None:
        return
    asked = Asked(row["family"], row["value_id"], row["after"])
    question = Question(row["id"], Period.of(row["period"]), row["company_id"], asked, row["last_house_id"])
    values = await read_values(first, question.period)
    try:
        other = changed(values, asked)
    except NoSuchValue as error:
        await _end(first, question.id, "failed", str(error))
        return
    await forget_marks(first)
    blocks = await _blocks(first, question)
    left = [ids for ids, _ in blocks if ids[-1] > question.last_house_id]
    answers: list[Answer] = []
    written = time.monotonic()
    for at in range(0, len(left), len(connections)):
        some = left[at : at + len(connections)]
        answers += await asyncio.gather(
            *(
                _one(connection, warm, values, other, ids, asked)
                for connection, ids in zip(connections, some, strict=False)
            )
        )
        if some[-1] is not left[-1] and time.monotonic() - written < WRITE_EVERY_S:
            continue
        if not await _write(first, question.id, answers):
            return
        answers, written = [], time.monotonic()
    await _end(first, question.id, "done", None)


async def _blocks(connection: Connection, question: Question) -> list[tuple[list[int], int]]:
    """Blocks as a run of the same scope would cut them; the whole is noted for the bar."""
    scope = "$3::int IS NULL" if question.company_id is None else "h.company_id = $3"
    houses = await connection.fetch(
        HOUSES.format(scope=scope),
        question.period.first_day,
        question.period.shift(1).first_day,
        question.company_id,
    )
    await connection.execute(
        "UPDATE what_ifs SET total_count = $2 WHERE id = $1",
        question.id,
        sum(row["accounts"] for row in houses),
    )
    return split([(row["id"], row["accounts"]) for row in houses])


async def _one(
    connection: Connection, warm: WarmBlocks, values: Values, other: Values, ids: list[int], asked: Asked
) -> Answer:
    block, is_warm = await warm.get(connection, values, ids)
    compared = await asyncio.to_thread(answer, block, values, other, asked)
    return Answer(ids[-1], len(block.block), is_warm, compared)


def answer(warm: WarmBlock, values: Values, other: Values, asked: Asked) -> Compared:
    """The block's people by the law as it is and by the changed value; pure."""
    return ask(warm.ready, *revalued(warm.block, values, other, asked))


ADVANCE = """
UPDATE what_ifs SET last_house_id = $2, done_count = done_count + $3, warm_count = warm_count + $4
 WHERE id = $1 AND state = 'counting' AND last_house_id < $2 RETURNING id
"""
ADD = """
INSERT INTO what_if_sums (what_if_id, cut, key, accounts_count, more_count, less_count, before_kopecks,
                          after_kopecks)
SELECT $1, cut, key, sum(accounts), sum(more), sum(less), sum(before), sum(after)
  FROM unnest($2::text[], $3::int[], $4::int[], $5::int[], $6::int[], $7::bigint[], $8::bigint[])
       AS t (cut, key, accounts, more, less, before, after)
 GROUP BY cut, key
ON CONFLICT (what_if_id, cut, key) DO UPDATE SET
  accounts_count = what_if_sums.accounts_count + excluded.accounts_count,
  more_count = what_if_sums.more_count + excluded.more_count,
  less_count = what_if_sums.less_count + excluded.less_count,
  before_kopecks = what_if_sums.before_kopecks + excluded.before_kopecks,
  after_kopecks = what_if_sums.after_kopecks + excluded.after_kopecks
"""


async def _write(connection: Connection, what_if_id: int, answers: Sequence[Answer]) -> bool:
    """Add sums of blocks, once; false when the question was stopped or another worker went on with it."""
    columns: dict[str, list[Any]] = defaultdict(list)
    for rows in (rows for one in answers for rows in one.compared.rows):
        columns["cut"] += [rows.cut] * len(rows)
        for name in ("key", "accounts", "more", "less", "before", "after"):
            columns[name] += getattr(rows, name).tolist()
    accounts, warm = (
        sum(one.accounts for one in some) for some in (answers, [a for a in answers if a.is_warm])
    )
    async with connection.transaction():
        if await connection.fetchval(ADVANCE, what_if_id, answers[-1].last_house_id, accounts, warm) is None:
            return False
        await connection.execute(ADD, what_if_id, *columns.values())
        await connection.executemany(
            "INSERT INTO what_if_extremes (what_if_id, account_id, before_kopecks, after_kopecks) "
            "VALUES ($1, $2, $3, $4)",
            [
                (what_if_id, *row)
                for extremes in (one.compared.extremes for one in answers)
                for row in zip(
                    extremes.account_id.tolist(),
                    extremes.before.tolist(),
                    extremes.after.tolist(),
                    strict=True,
                )
            ],
        )
        await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, str(what_if_id))
    return True


PRUNE = """
DELETE FROM what_if_extremes e USING (
  SELECT account_id, row_number() OVER (ORDER BY after_kopecks - before_kopecks DESC, account_id) AS up,
         row_number() OVER (ORDER BY after_kopecks - before_kopecks, account_id) AS down
    FROM what_if_extremes WHERE what_if_id = $1) n
 WHERE e.what_if_id = $1 AND e.account_id = n.account_id AND n.up > $2 AND n.down > $2
"""


async def _end(connection: Connection, what_if_id: int, state: str, error: str | None) -> None:
    await connection.execute(PRUNE, what_if_id, EXTREMES_KEPT)
    await connection.execute(
        "UPDATE what_ifs SET state = $2, error = $3, finished_at = clock_timestamp() "
        "WHERE id = $1 AND state = 'counting'",
        what_if_id,
        state,
        error,
    )
    await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, str(what_if_id))
