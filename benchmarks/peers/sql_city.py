"""Peer of P2: sql_city.sql over two connections, each with its half of the houses, then the same key.

It is a second, independent writing of the rules: its lines are laid beside the engine's, key by key.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks._town import connection
from billing.basis import Basis
from billing.law import federal_law
from billing.period import Period
from storage.bulk import Connection
from storage.line_partitions import BUILD_MEMORY
from storage.shelves import KEYS, partition

TABLE = "bench_sql_lines"
SCRIPT = Path(__file__).with_name("sql_city.sql")
CONNECTIONS = 2
TEMPORARY_MEMORY = "1GB"
WORK_MEMORY = "256MB"


@dataclass(frozen=True, slots=True)
class Made:
    """What SQL made: lines and seconds, the key included."""

    lines: int
    seconds: float
    index_seconds: float


@dataclass(frozen=True, slots=True)
class Compared:
    """Lines of the engine and of SQL with one key: equal to the kopeck, different, on one side only."""

    ours: int
    equal: int
    different: int
    only_ours: int
    only_theirs: int
    by_service: list[dict[str, Any]] = field(default_factory=list)

    @property
    def share_covered(self) -> float:
        return self.equal / self.ours if self.ours else 0.0


async def accrue(url: str, period: Period, run_id: int) -> Made:
    """Compute the month into bench_sql_lines."""
    async with connection(url) as database:
        await database.execute(
            f"DROP TABLE IF EXISTS {TABLE}; CREATE TABLE {TABLE} (LIKE {partition('lines', run_id)} "
            "INCLUDING DEFAULTS INCLUDING CONSTRAINTS) WITH (autovacuum_enabled = off)"
        )
        shares = await _shares(database)
        values = await _values(database, period, run_id)
        began = time.perf_counter()
        await asyncio.gather(*(_part(url, {**values, **share}) for share in shares))
        computed = time.perf_counter()
        await database.execute(f"SET maintenance_work_mem = '{BUILD_MEMORY}'")
        await database.execute(KEYS["lines"].format(name=TABLE))
        ended = time.perf_counter()
        lines = await database.fetchval(f"SELECT count(*) FROM {TABLE}")
    return Made(lines, ended - began, ended - computed)


async def _shares(database: Connection) -> list[dict[str, int]]:
    """First and last house of each connection, about as many accounts each."""
    rows = await database.fetch(
        "SELECT house_id, count(*) AS size FROM accounts GROUP BY house_id ORDER BY 1"
    )
    total, taken = sum(row["size"] for row in rows), 0
    cuts: list[int] = []
    for row in rows:
        taken += row["size"]
        if taken * CONNECTIONS >= total * (len(cuts) + 1) and len(cuts) < CONNECTIONS - 1:
            cuts.append(row["house_id"])
    firsts = [0, *(cut + 1 for cut in cuts)]
    lasts = [*cuts, 2**31 - 1]
    return [{"first_house": a, "last_house": b} for a, b in zip(firsts, lasts, strict=True)]


async def _values(database: Connection, period: Period, run_id: int) -> dict[str, Any]:
    """Dates and federal values of the script. The month must be whole: no value changes inside it."""
    law = federal_law(period)
    after = period.shift(1).first_day
    for table in ("tariffs", "norms", "coefficients"):
        inside = await database.fetchval(
            f"SELECT count(*) FROM {table} WHERE superseded_at IS NULL AND (valid_from > $1 "
            "AND valid_from < $2 OR valid_to > $1 AND valid_to < $2)",
            period.first_day,
            after,
        )
        assert inside == 0, f"{table} change inside {period}: the script knows whole months only"
    months = await database.fetchval("SELECT value_permille FROM coefficients WHERE key = 'heating_months'")
    return {
        "table": TABLE,
        "run": run_id,
        "first_day": period.first_day,
        "last_day": period.last_day,
        "after": after,
        "days": period.days,
        "ordinal": period.ordinal,
        "heating_months": months or 0,
        "months_least": law.average_months_least,
        "periods_fault": law.average_periods_fault,
        "periods_silent": law.average_periods_silent,
        "periods_refused": law.average_periods_refused,
        "periods_business": law.average_periods_nonresidential,
        "k1": int(law.raising[1][0]),
        "k2": int(law.raising[2][0]),
        "k5": int(law.raising[5][0]),
    }


async def _part(url: str, values: dict[str, Any]) -> None:
    """The whole script in one transaction."""
    async with connection(url) as database, database.transaction():
        await database.execute(f"SET temp_buffers = '{TEMPORARY_MEMORY}'")  # before the first temporary table
        await database.execute(f"SET LOCAL work_mem = '{WORK_MEMORY}'")
        for statement in statements(values):
            await database.execute(statement)


def statements(values: dict[str, Any]) -> list[str]:
    """The script with its values, cut at lines «;;»."""
    text = SCRIPT.read_text(encoding="utf-8").format_map(values)
    return [part for part in (piece.strip() for piece in text.split("\n;;\n")) if part]


KEY = "account_id, service, component, first_day, basis, kind"
COMPARE = """
SELECT count(o.account_id) AS ours, count(*) FILTER (WHERE o.sum = t.sum AND o.extra = t.extra) AS equal,
       count(*) FILTER (WHERE o.sum <> t.sum OR o.extra <> t.extra) AS different,
       count(*) FILTER (WHERE t.account_id IS NULL) AS only_ours,
       count(*) FILTER (WHERE o.account_id IS NULL) AS only_theirs
  FROM (SELECT {key}, amount_kopecks AS sum, surcharge_kopecks AS extra FROM {ours} WHERE basis < {reliefs}) o
  FULL JOIN (SELECT {key}, amount_kopecks AS sum, surcharge_kopecks AS extra FROM {theirs}) t USING ({key})
"""
BY_SERVICE = """
WITH o AS (SELECT service, component, sum(amount_kopecks + surcharge_kopecks)::bigint AS sum FROM {ours}
                WHERE basis < {reliefs}
            GROUP BY service, component),
     t AS (SELECT service, component, sum(amount_kopecks + surcharge_kopecks)::bigint AS sum FROM {theirs}
            GROUP BY service, component)
SELECT service, component, o.sum AS ours_kopecks, t.sum AS sql_kopecks
  FROM o FULL JOIN t USING (service, component) ORDER BY service, component
"""


async def compare(url: str, run_id: int) -> Compared:
    """The engine's run beside bench_sql_lines."""
    # льготы of this city are paid to people: lines of no money, which the rules in SQL do not make
    names = {"ours": partition("lines", run_id), "theirs": TABLE, "key": KEY, "reliefs": int(Basis.BENEFIT_1)}
    async with connection(url) as database:
        await database.execute(f"SET work_mem = '{WORK_MEMORY}'; ANALYZE {TABLE}")
        row = await database.fetchrow(COMPARE.format_map(names))
        sums = await database.fetch(BY_SERVICE.format_map(names))
    assert row is not None
    return Compared(**dict(row), by_service=[dict(one) for one in sums])


async def drop(url: str) -> None:
    async with connection(url) as database:
        await database.execute(f"DROP TABLE IF EXISTS {TABLE}")
