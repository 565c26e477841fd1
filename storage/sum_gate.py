"""The gate of sums: a checked run against the month before; what jumped is held until a second person says.

Both limits must be exceeded, the share and the sum. Limits are dated settings of the city and of each company
(storage.thresholds). A service that is on one side only begins or ends its season: it is not compared, the
accounts and houses that pay for it are. Parked accounts have a reason of their own and are not compared.
Nothing is held when nobody was billed the month before.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from billing.quantity import format_scaled
from storage.bulk import Connection
from storage.session import Session
from storage.thresholds import CITY

PREFIX = "gate_"
NOUNS = {
    "account": ("счёт", "счёта", "счетов"),
    "house": ("дом", "дома", "домов"),
    "service": ("услуга", "услуги", "услуг"),
    "supplier": ("поставщик", "поставщика", "поставщиков"),
}
PERCENT_MAX = 100_000
COMPARE_MEMORY = "256MB"  # two months of a million accounts are compared without a file
KOPECKS_MAX = 100_000_000_000_00


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a sum may grow and fall against the month before, percent, and by how many kopecks."""

    rise: int
    fall: int
    kopecks: int


USUAL = {
    "account": Limits(300, 80, 10_000_00),
    "house": Limits(300, 80, 300_000_00),
    "service": Limits(500, 80, 1_000_000_00),
    "supplier": Limits(500, 80, 1_000_000_00),
}
"""Until somebody says otherwise: the first month of heating passes, a misplaced comma does not."""


def limits_of(said: Mapping[str, str]) -> dict[str, Limits]:
    """Limits by dimension out of settings without their prefix: «account_rise», «account_kopecks»."""
    return {
        dimension: Limits(
            int(said.get(f"{dimension}_rise", usual.rise)),
            int(said.get(f"{dimension}_fall", usual.fall)),
            int(said.get(f"{dimension}_kopecks", usual.kopecks)),
        )
        for dimension, usual in USUAL.items()
    }


# ---- comparing: workers, in the transaction that makes the run checked ------------------------------------


async def hold_sums(connection: Connection, run_id: int) -> dict[str, int]:
    """Compare a run with the month before and hold what jumped; how many by dimension. Repeating changes
    nothing that a person decided. A correction is looked at by its own limits, not here.
    """
    run = await connection.fetchrow(RUN, run_id)
    if run is None or run["kind"] == "correction" or not run["before"]:
        return {}
    owners = await _limits(connection, run["period"])
    rows = [
        (owner, name, one.rise, one.fall, one.kopecks)
        for owner, named in owners.items()
        for name, one in named.items()
    ]
    columns = [list(column) for column in zip(*rows, strict=True)]
    same = [run_id, *run["same"]]
    scope = (run["scope_kind"], run["scope_id"], run["kind"] == "full")
    shared = (run_id, same, run["before"], *columns)
    await connection.execute(f"SET LOCAL work_mem = '{COMPARE_MEMORY}'")
    await connection.execute(ACCOUNTS, *shared, *scope)
    if run["scope_kind"] != "account":
        await connection.execute(HOUSES, *shared)
    if run["scope_kind"] in ("city", "organisation"):
        company = run["scope_id"] if run["scope_kind"] == "organisation" else CITY
        await connection.execute(WIDE, *shared, company)
    await connection.execute(CARRY, run_id)
    counts = await connection.fetch(
        "SELECT dimension, count(*)::int AS count FROM run_holds WHERE run_id = $1 AND state = 'held' "
        "GROUP BY 1",
        run_id,
    )
    return {row["dimension"]: row["count"] for row in counts}


async def _limits(connection: Connection, day: dt.date) -> dict[int, dict[str, Limits]]:
    found = await connection.fetch(
        "SELECT coalesce(organisation_id, 0) AS owner, key, value FROM settings WHERE starts_with(key, $1) "
        "AND superseded_at IS NULL AND valid_from <= $2 AND (valid_to IS NULL OR valid_to > $2) "
        "ORDER BY valid_from",
        PREFIX,
        day,
    )
    said: dict[int, dict[str, str]] = {CITY: {}}
    for row in found:
        said.setdefault(row["owner"], {})[row["key"].removeprefix(PREFIX)] = row["value"]
    return {owner: limits_of({**said[CITY], **own}) for owner, own in said.items()}


RUN = """
SELECT r.kind, r.period, r.scope_kind, r.scope_id,
       ARRAY(SELECT o.id FROM runs o WHERE o.period = r.period AND o.state = 'published' AND o.id <> r.id
               AND o.kind <> 'correction') AS same,
       ARRAY(SELECT o.id FROM runs o WHERE o.period = (r.period - interval '1 month')::date
               AND o.state = 'published' AND o.kind <> 'correction') AS before
  FROM runs r WHERE r.id = $1
"""
LIMITS = """
limits AS (
  SELECT * FROM unnest($4::int[], $5::text[], $6::int[], $7::int[], $8::bigint[])
             AS t (company_id, dimension, rise, fall, kopecks))"""
INSERT = """
INSERT INTO run_holds (run_id, dimension, key, company_id, now_kopecks, before_kopecks, limit_percent,
                       limit_kopecks)"""
JUMPED = """
  CROSS JOIN LATERAL (SELECT c.now - c.before AS delta) d
 WHERE abs(d.delta) > l.kopecks
   AND (c.before = 0 OR abs(d.delta)::numeric * 100 >
        abs(c.before)::numeric * CASE WHEN d.delta > 0 THEN l.rise ELSE l.fall END)
ON CONFLICT DO NOTHING"""
OWN_LIMITS = """
  JOIN limits city ON city.company_id = 0 AND city.dimension = '{dimension}'
  LEFT JOIN limits own ON own.company_id = c.company_id AND own.dimension = '{dimension}'
  CROSS JOIN LATERAL (SELECT coalesce(own.rise, city.rise) AS rise, coalesce(own.fall, city.fall) AS fall,
                             coalesce(own.kopecks, city.kopecks) AS kopecks) l"""
SELECTED = """
SELECT $1, '{dimension}', c.key, c.company_id, c.now, c.before,
       CASE WHEN c.now >= c.before THEN l.rise ELSE l.fall END, l.kopecks"""

ACCOUNTS = f"""
WITH {LIMITS},
charged AS (
  SELECT account_id, max(company_id) AS company_id,
         sum(amount_kopecks + surcharge_kopecks)::bigint AS kopecks, bool_or(run_id = $1) AS is_mine
    FROM run_accounts WHERE run_id = ANY ($2::int[]) GROUP BY 1),
past AS (
  SELECT account_id, max(company_id) AS company_id,
         sum(amount_kopecks + surcharge_kopecks)::bigint AS kopecks
    FROM run_accounts WHERE run_id = ANY ($3::int[]) GROUP BY 1),
billed AS (SELECT DISTINCT house_id FROM run_houses WHERE run_id = ANY ($3::int[])),
large AS MATERIALIZED (
  SELECT account_id AS key, coalesce(n.company_id, p.company_id) AS company_id,
         coalesce(n.kopecks, 0) AS now, coalesce(p.kopecks, 0) AS before, n.is_mine,
         n.kopecks IS NULL AS is_gone, p.kopecks IS NULL AS is_new
    FROM charged n FULL JOIN past p USING (account_id)
   WHERE abs(coalesce(n.kopecks, 0) - coalesce(p.kopecks, 0)) > (
         SELECT min(kopecks) FROM limits WHERE dimension = 'account')),
c AS (
  SELECT g.key, g.company_id, g.now, g.before
    FROM large g JOIN accounts a ON a.id = g.key JOIN runs r ON r.id = $1
   WHERE CASE
     WHEN g.is_gone THEN $11 AND (a.closed_on IS NULL OR a.closed_on > r.period)
       AND ($9 = 'city' OR ($9 = 'organisation' AND a.company_id = $10)
            OR ($9 = 'house' AND a.house_id = $10) OR ($9 = 'account' AND a.id = $10))
       AND NOT EXISTS (SELECT 1 FROM parked_accounts k WHERE k.run_id = $1 AND k.account_id = g.key)
     WHEN g.is_new THEN g.is_mine AND a.house_id IN (SELECT house_id FROM billed)
     ELSE g.is_mine END)
{INSERT}
{SELECTED.format(dimension="account")}
  FROM c {OWN_LIMITS.format(dimension="account")} {JUMPED}
"""  # noqa: S608
"""Billed in both months; new in a house that was billed; billed then and left with nothing now. The few that
changed by more than the least limit are looked at closely.
"""

HOUSES = f"""
WITH {LIMITS},
charged AS (
  SELECT house_id, max(company_id) AS company_id,
         sum(amount_kopecks + surcharge_kopecks)::bigint AS kopecks
    FROM run_houses WHERE run_id = ANY ($2::int[]) GROUP BY 1 HAVING bool_or(run_id = $1)),
past AS (
  SELECT house_id, sum(amount_kopecks + surcharge_kopecks)::bigint AS kopecks
    FROM run_houses WHERE run_id = ANY ($3::int[]) GROUP BY 1),
parked AS (
  SELECT a.house_id, sum(x.amount_kopecks + x.surcharge_kopecks)::bigint AS kopecks
    FROM (SELECT DISTINCT account_id FROM parked_accounts WHERE run_id = $1) k
    JOIN run_accounts x ON x.account_id = k.account_id AND x.run_id = ANY ($3::int[])
    JOIN accounts a ON a.id = k.account_id
   GROUP BY 1),
c AS (
  SELECT n.house_id AS key, n.company_id, n.kopecks AS now, p.kopecks - coalesce(k.kopecks, 0) AS before
    FROM charged n JOIN past p USING (house_id) LEFT JOIN parked k USING (house_id))
{INSERT}
{SELECTED.format(dimension="house")}
  FROM c {OWN_LIMITS.format(dimension="house")} {JUMPED}
"""  # noqa: S608

WIDE = f"""
WITH {LIMITS},
both_months AS (
  SELECT company_id FROM run_totals WHERE run_id = ANY ($2::int[] || $3::int[])
     AND ($9 = 0 OR company_id = $9)
   GROUP BY 1 HAVING bool_or(run_id = ANY ($2::int[])) AND bool_or(run_id = ANY ($3::int[]))),
sums AS (
  SELECT CASE WHEN grouping(t.service) = 0 THEN 'service' ELSE 'supplier' END AS dimension,
         coalesce(t.service::int, t.supplier_id) AS key,
         coalesce(sum(t.amount_kopecks + t.surcharge_kopecks)
                  FILTER (WHERE t.run_id = ANY ($2::int[])), 0)::bigint AS now,
         coalesce(sum(t.amount_kopecks + t.surcharge_kopecks)
                  FILTER (WHERE t.run_id = ANY ($3::int[])), 0)::bigint AS before
    FROM run_totals t JOIN both_months USING (company_id)
   WHERE t.run_id = ANY ($2::int[] || $3::int[])
   GROUP BY GROUPING SETS ((t.service), (t.supplier_id))),
c AS (SELECT *, NULLIF($9, 0) AS company_id FROM sums WHERE now <> 0 AND before <> 0)
{INSERT}
SELECT $1, c.dimension, c.key, c.company_id, c.now, c.before,
       CASE WHEN c.now >= c.before THEN l.rise ELSE l.fall END, l.kopecks
  FROM c
  JOIN limits city ON city.company_id = 0 AND city.dimension = c.dimension
  LEFT JOIN limits own ON own.company_id = c.company_id AND own.dimension = c.dimension
  CROSS JOIN LATERAL (SELECT coalesce(own.rise, city.rise) AS rise, coalesce(own.fall, city.fall) AS fall,
                             coalesce(own.kopecks, city.kopecks) AS kopecks) l {JUMPED}
"""  # noqa: S608

CARRY = """
UPDATE run_holds h SET state = 'released', decided_by = o.decided_by, decided_at = o.decided_at,
       reason = o.reason
  FROM run_holds o JOIN runs other ON other.id = o.run_id, runs r
 WHERE h.run_id = $1 AND h.state = 'held' AND r.id = $1 AND other.id <> r.id AND other.period = r.period
   AND o.dimension = h.dimension AND o.key = h.key AND o.state = 'released'
   AND o.now_kopecks = h.now_kopecks AND o.before_kopecks = h.before_kopecks
   AND o.decided_by IS DISTINCT FROM r.created_by
"""
"""What was released in another draft of the month to the kopeck is not asked about again."""


# ---- publishing --------------------------------------------------------------------------------------------

UNRESOLVED = """
SELECT h.dimension, h.state, count(*)::int AS count FROM run_holds h
 WHERE h.run_id = :id AND h.state <> 'released' GROUP BY 1, 2 ORDER BY 1, 2
"""
LARGEST = """
SELECT h.dimension, h.now_kopecks, h.before_kopecks,
       CASE h.dimension WHEN 'account' THEN 'счёт ' || (SELECT a.number FROM accounts a WHERE a.id = h.key)
         WHEN 'house' THEN (SELECT s.kind || ' ' || s.name || ', ' || b.number FROM houses b
                              JOIN streets s ON s.id = b.street_id WHERE b.id = h.key)
         WHEN 'service' THEN (SELECT v.label FROM services v WHERE v.code = h.key)
         ELSE (SELECT o.short_name FROM organisations o WHERE o.id = h.key) END AS name
  FROM run_holds h WHERE h.run_id = :id AND h.state <> 'released'
 ORDER BY abs(h.now_kopecks - h.before_kopecks) DESC, h.dimension, h.key LIMIT 3
"""


async def what_holds(session: Session, run_id: int) -> str:
    """What keeps a run from being published, in words; empty when nothing does."""
    rows = (await session.execute(text(UNRESOLVED), {"id": run_id})).all()
    if not rows:
        return ""
    held = _counted(rows, "held")
    back = _counted(rows, "correction")
    largest = (await session.execute(text(LARGEST), {"id": run_id})).all()
    named = "; ".join(_named(row) for row in largest)
    said = []
    if held:
        said.append(f"задержано проверкой сумм: {held}")
    if back:
        said.append(f"отправлено на исправление: {back}")
    todo = (
        "Исправьте данные, отмените черновик и начислите заново."
        if back
        else f"Разберите задержанное: /centre/runs/{run_id}/holds."
    )
    return f"Прогон {run_id} публиковать нельзя, {', '.join(said)}. Больше всего: {named}. {todo}"


def _counted(rows: Sequence[Any], state: str) -> str:
    return ", ".join(counted(row.count, row.dimension) for row in rows if row.state == state)


def counted(count: int, dimension: str) -> str:
    """«3 счёта»."""
    one, few, many = NOUNS[dimension]
    tail, tens = count % 10, count % 100
    if tail == 1 and tens != 11:
        return f"{count} {one}"
    return f"{count} {few if 2 <= tail <= 4 and not 12 <= tens <= 14 else many}"


def _named(row: Any) -> str:
    was, now = (format_scaled(one, 100, 2) for one in (row.before_kopecks, row.now_kopecks))
    return f"{row.name or '—'}: было {was} ₽, стало {now} ₽"
