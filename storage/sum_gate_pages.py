"""Held sums of a run as pages show them, and the decision of the second person."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from billing.correction import net
from billing.lines import Lines
from billing.period import Period
from billing.why import WORDS, MonthBill, Part, changes
from storage.lines import read_lines
from storage.run_totals import escaped
from storage.session import Session, raw_connection

SORTS = {
    "delta": "abs(h.now_kopecks - h.before_kopecks)",
    "name": "name",
    "now": "h.now_kopecks",
    "before": "h.before_kopecks",
    "state": "h.state",
}
NAMED = """
  LEFT JOIN accounts a ON h.dimension = 'account' AND a.id = h.key
  LEFT JOIN flats f ON f.id = a.flat_id
  LEFT JOIN houses b ON b.id = CASE h.dimension WHEN 'house' THEN h.key ELSE a.house_id END
  LEFT JOIN streets s ON s.id = b.street_id
  LEFT JOIN services v ON h.dimension = 'service' AND v.code = h.key
  LEFT JOIN organisations p ON h.dimension = 'supplier' AND p.id = h.key
  LEFT JOIN organisations o ON o.id = h.company_id
  LEFT JOIN users u ON u.id = h.decided_by
  CROSS JOIN LATERAL (SELECT coalesce(
    s.kind || ' ' || s.name || ', ' || b.number || coalesce(', кв. ' || f.number, ''),
    v.label, p.short_name, '№ ' || h.key) AS name) n"""
COLUMNS = """h.dimension, h.key, n.name, a.number, o.short_name AS company_name, h.now_kopecks,
       h.before_kopecks, h.limit_percent, h.limit_kopecks, h.state, u.full_name AS decided_by_name,
       h.decided_at, h.reason"""
ROW = f"SELECT {COLUMNS} FROM run_holds h {NAMED} WHERE h.run_id = :run_id"  # noqa: S608
WHERE = """
 WHERE h.run_id = :run_id
   AND (:dimension = '' OR h.dimension = :dimension) AND (:state = '' OR h.state = :state)
   AND (CAST(:company_id AS int) IS NULL OR h.company_id = :company_id)
   AND (:q = '' OR lower(n.name) LIKE '%' || :q || '%' OR a.number LIKE :q || '%')"""


@dataclass(frozen=True, slots=True)
class HoldFilter:
    """What is looked for among the held sums of a run; empty values are not asked about."""

    run_id: int
    dimension: str = ""
    state: str = ""
    company_id: int | None = None
    q: str = ""

    @property
    def values(self) -> dict[str, object]:
        return {
            "run_id": self.run_id,
            "dimension": self.dimension,
            "state": self.state,
            "company_id": self.company_id,
            "q": escaped(self.q.lower()),
        }


@dataclass(frozen=True, slots=True)
class HoldRow:
    """A held sum: of what, before and now, by which limit, and who decided."""

    dimension: str
    key: int
    name: str
    number: str | None
    company_name: str | None
    now_kopecks: int
    before_kopecks: int
    limit_percent: int
    limit_kopecks: int
    state: str
    decided_by_name: str | None
    decided_at: dt.datetime | None
    reason: str | None

    @property
    def delta_kopecks(self) -> int:
        return self.now_kopecks - self.before_kopecks

    @property
    def pick(self) -> str:
        """How a form names it."""
        return f"{self.dimension}:{self.key}"


@dataclass(frozen=True, slots=True)
class HoldPage:
    """One page of rows and how many there are."""

    rows: list[HoldRow]
    total: int


async def rows(
    session: Session,
    wanted: HoldFilter,
    *,
    sort: str = "delta",
    is_descending: bool = True,
    limit: int,
    offset: int = 0,
) -> HoldPage:
    """Found sums sorted by a key of SORTS."""
    found = (
        await session.execute(
            text(f"""
            SELECT {COLUMNS}, count(*) OVER ()::int AS total
              FROM run_holds h {NAMED} {WHERE}
             ORDER BY {SORTS[sort]} {"DESC" if is_descending else "ASC"}, h.dimension, h.key
             LIMIT :limit OFFSET :offset"""),  # noqa: S608
            {**wanted.values, "limit": limit, "offset": offset},
        )
    ).all()
    return HoldPage([HoldRow(*row[:13]) for row in found], found[0].total if found else 0)


async def one(session: Session, run_id: int, dimension: str, key: int) -> HoldRow | None:
    """A held sum, None when it was not held."""
    found = await session.execute(
        text(f"{ROW} AND h.dimension = :dimension AND h.key = :key"),
        {"run_id": run_id, "dimension": dimension, "key": key},
    )
    row = found.one_or_none()
    return None if row is None else HoldRow(*row)


@dataclass(frozen=True, slots=True)
class HoldCount:
    """How many sums of a dimension are in a state."""

    dimension: str
    state: str
    count: int


async def counts(session: Session, run_id: int) -> list[HoldCount]:
    """Counts by dimension and state of the whole run."""
    found = await session.execute(
        text(
            "SELECT dimension, state, count(*)::int AS count FROM run_holds WHERE run_id = :id "
            "GROUP BY 1, 2 ORDER BY 1, 2"
        ),
        {"id": run_id},
    )
    return [HoldCount(**row._mapping) for row in found]


async def companies(session: Session, run_id: int) -> list[tuple[str, str]]:
    """Companies that have something held in a run."""
    found = await session.execute(
        text(
            "SELECT DISTINCT o.id, o.short_name FROM run_holds h JOIN organisations o ON o.id = h.company_id "
            "WHERE h.run_id = :id ORDER BY 2"
        ),
        {"id": run_id},
    )
    return [(str(row.id), row.short_name) for row in found]


@dataclass(frozen=True, slots=True)
class PartRow:
    """A service of a held sum: the month before and this one."""

    service: int
    name: str
    before_kopecks: int
    now_kopecks: int
    before_micro: int
    now_micro: int
    before_rates: list[int]
    now_rates: list[int]

    @property
    def delta_kopecks(self) -> int:
        return self.now_kopecks - self.before_kopecks


PARTS = """
WITH sides AS (
  SELECT o.id, o.period = r.period AS is_now FROM runs r JOIN runs o ON o.kind <> 'correction' AND (
      o.id = r.id OR (o.state = 'published'
                      AND o.period IN (r.period, (r.period - interval '1 month')::date)))
   WHERE r.id = :run_id),
mine AS (
  SELECT id FROM accounts WHERE (:dimension = 'account' AND id = :key)
                             OR (:dimension = 'house' AND house_id = :key))
SELECT l.service::int AS service, coalesce(v.label, '№ ' || l.service) AS name,
       coalesce(sum(k.kopecks) FILTER (WHERE NOT x.is_now), 0)::bigint AS before_kopecks,
       coalesce(sum(k.kopecks) FILTER (WHERE x.is_now), 0)::bigint AS now_kopecks,
       coalesce(sum(k.micro) FILTER (WHERE NOT x.is_now), 0)::bigint AS before_micro,
       coalesce(sum(k.micro) FILTER (WHERE x.is_now), 0)::bigint AS now_micro,
       coalesce(array_agg(DISTINCT l.rate) FILTER (WHERE NOT x.is_now AND l.kind = 0), '{}') AS before_rates,
       coalesce(array_agg(DISTINCT l.rate) FILTER (WHERE x.is_now AND l.kind = 0), '{}') AS now_rates
  FROM lines l JOIN sides x ON x.id = l.run_id LEFT JOIN services v ON v.code = l.service
  CROSS JOIN LATERAL (
    SELECT l.amount_kopecks + l.surcharge_kopecks AS kopecks,
           CASE l.kind WHEN 0 THEN 1 ELSE -1 END * div(l.volume_num::numeric, l.volume_den) AS micro) k
 WHERE l.run_id = ANY (ARRAY(SELECT id FROM sides)) AND l.account_id = ANY (ARRAY(SELECT id FROM mine))
 GROUP BY l.service, v.label, v.position ORDER BY v.position
"""
WIDE_PARTS = """
WITH sides AS (
  SELECT o.id, o.period = r.period AS is_now FROM runs r JOIN runs o ON o.kind <> 'correction' AND (
      o.id = r.id OR (o.state = 'published'
                      AND o.period IN (r.period, (r.period - interval '1 month')::date)))
   WHERE r.id = :run_id)
SELECT CASE WHEN :dimension = 'service' THEN t.company_id ELSE t.service END::int AS service,
       coalesce(max(CASE WHEN :dimension = 'service' THEN o.short_name ELSE v.label END), '—') AS name,
       coalesce(sum(t.amount_kopecks + t.surcharge_kopecks) FILTER (WHERE NOT x.is_now), 0)::bigint
         AS before_kopecks,
       coalesce(sum(t.amount_kopecks + t.surcharge_kopecks) FILTER (WHERE x.is_now), 0)::bigint
         AS now_kopecks,
       0::bigint AS before_micro, 0::bigint AS now_micro, '{}'::bigint[] AS before_rates,
       '{}'::bigint[] AS now_rates
  FROM run_totals t JOIN sides x ON x.id = t.run_id
  LEFT JOIN organisations o ON o.id = t.company_id LEFT JOIN services v ON v.code = t.service
 WHERE (:dimension = 'service' AND t.service = :key) OR (:dimension = 'supplier' AND t.supplier_id = :key)
 GROUP BY 1 ORDER BY 2
"""


async def parts(session: Session, run_id: int, dimension: str, key: int) -> list[PartRow]:
    """What a held sum is made of in both months: services of an account, a house or a supplier, companies
    of a service.
    """
    query = PARTS if dimension in ("account", "house") else WIDE_PARTS
    found = await session.execute(text(query), {"run_id": run_id, "dimension": dimension, "key": key})
    return [PartRow(**row._mapping) for row in found]


# ---- why it jumped -----------------------------------------------------------------------------------------

SIDES = """
SELECT o.id, o.period = r.period AS is_now, r.period FROM runs r JOIN runs o ON o.kind <> 'correction'
   AND (o.id = r.id OR (o.state = 'published'
                        AND o.period IN (r.period, (r.period - interval '1 month')::date)))
 WHERE r.id = :run_id
"""
OF_KEY = """
SELECT id FROM accounts
 WHERE (:dimension = 'account' AND id = :key) OR (:dimension = 'house' AND house_id = :key)"""


@dataclass(frozen=True, slots=True)
class Cause:
    """A cause of the change with its kopecks."""

    words: str
    kopecks: int


async def causes(session: Session, run_id: int, dimension: str, key: int) -> list[Cause]:
    """Exact parts of the change of an account or a house, the greatest first; they add up to it."""
    if dimension not in ("account", "house"):
        return []
    sides = (await session.execute(text(SIDES), {"run_id": run_id})).all()
    ids = list(await session.scalars(text(OF_KEY), {"dimension": dimension, "key": key}))
    connection = await raw_connection(session)
    now = Period.of(sides[0].period)
    before_lines = net(await read_lines(connection, [one.id for one in sides if not one.is_now], ids))
    now_lines = net(await read_lines(connection, [one.id for one in sides if one.is_now], ids))
    nothing = Lines.empty()
    found = changes(
        MonthBill(now.shift(-1).days, before_lines, nothing), MonthBill(now.days, now_lines, nothing)
    )
    sums: dict[Part, int] = {}
    for part, kopecks in zip(found.part.tolist(), found.kopecks.tolist(), strict=True):
        sums[Part(part)] = sums.get(Part(part), 0) + kopecks
    ordered = sorted(sums.items(), key=lambda one: -abs(one[1]))
    return [Cause(WORDS[part], kopecks) for part, kopecks in ordered if kopecks]
