"""Read models of the page of a run: its head, progress, blocks, totals against last month, houses, log.

Every function is one statement; sums of money are kopecks and already include the surcharge.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
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
    where = "WHERE r.period = :period" if period else ""
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

    @property
    def is_live(self) -> bool:
        """Whether it still moves, so that a page should watch it."""
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
       r.approved_by IS NOT NULL AS is_approved
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


EXTRAS = f"""
SELECT p.*,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(reason, n, example) ORDER BY n DESC, reason), '[]')
          FROM (SELECT reason, count(*) AS n, min(message) AS example FROM parked_accounts
                 WHERE run_id = :run_id GROUP BY reason) reasons) AS parked,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(recorded_at, event, message, full_name)
                                  ORDER BY id DESC), '[]')
          FROM (SELECT g.id, g.recorded_at, g.event, g.message, u.full_name
                  FROM run_log g LEFT JOIN users u ON u.id = (g.details ->> 'user_id')::int
                 WHERE g.run_id = :run_id ORDER BY g.id DESC LIMIT {LOG_MAX}) lines) AS log
  FROM ({PROGRESS}) p
"""  # noqa: S608


async def extras(session: Session, run_id: int) -> RunExtras | None:
    """Progress, reasons and log in one statement."""
    row = (await session.execute(text(EXTRAS), {"run_id": run_id})).one_or_none()
    if row is None:
        return None
    values = dict(row._mapping)
    parked, log = values.pop("parked"), values.pop("log")
    return RunExtras(
        progress=Progress(**values),
        parked=[ReasonCount(*one) for one in parked],
        log=[LogRow(dt.datetime.fromisoformat(at), *rest) for at, *rest in log],
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
class TotalRow:
    """A sum of a run by one key against what was published before.

    now: this run; published: other published runs of the same month; before: published runs of last month.
    """

    dimension: str
    key: int
    name: str
    lines_count: int
    now_kopecks: int
    published_kopecks: int
    before_kopecks: int

    @property
    def month_kopecks(self) -> int:
        """The month as it is with this run."""
        return self.now_kopecks + self.published_kopecks

    @property
    def delta_kopecks(self) -> int:
        """The month against last month."""
        return self.month_kopecks - self.before_kopecks


TOTALS = """
WITH others AS (
  SELECT id, period = :period AS is_same FROM runs
   WHERE state = 'published' AND id <> :run_id AND period IN (:period, :before)),
parts AS (
  SELECT t.company_id, t.supplier_id, t.service,
         sum(t.lines_count) FILTER (WHERE t.run_id = :run_id) AS lines_count,
         sum(t.amount_kopecks + t.surcharge_kopecks) FILTER (WHERE t.run_id = :run_id) AS now_kopecks,
         sum(t.amount_kopecks + t.surcharge_kopecks) FILTER (WHERE o.is_same) AS published_kopecks,
         sum(t.amount_kopecks + t.surcharge_kopecks) FILTER (WHERE NOT o.is_same) AS before_kopecks
    FROM run_totals t LEFT JOIN others o ON o.id = t.run_id
   WHERE (t.run_id = :run_id OR o.id IS NOT NULL)
     AND (CAST(:company_id AS int) IS NULL OR t.company_id = :company_id)
   GROUP BY 1, 2, 3),
sums AS (
  SELECT CASE WHEN grouping(service) = 0 THEN 'service' WHEN grouping(company_id) = 0 THEN 'company'
              ELSE 'supplier' END AS dimension,
         coalesce(service, company_id, supplier_id)::int AS key,
         coalesce(sum(lines_count), 0)::bigint AS lines_count,
         coalesce(sum(now_kopecks), 0)::bigint AS now_kopecks,
         coalesce(sum(published_kopecks), 0)::bigint AS published_kopecks,
         coalesce(sum(before_kopecks), 0)::bigint AS before_kopecks
    FROM parts GROUP BY GROUPING SETS ((service), (company_id), (supplier_id)))
SELECT s.dimension, s.key,
       CASE s.dimension WHEN 'service' THEN v.label ELSE o.short_name END AS name,
       s.lines_count, s.now_kopecks, s.published_kopecks, s.before_kopecks
  FROM sums s
  LEFT JOIN services v ON s.dimension = 'service' AND v.code = s.key
  LEFT JOIN organisations o ON s.dimension <> 'service' AND o.id = s.key
 ORDER BY s.dimension, v.position, s.now_kopecks DESC
"""


async def totals(session: Session, run: RunHead) -> list[TotalRow]:
    """Sums by service, company and supplier.

    A run of a house or an account is compared within it, by service only, from the lines themselves.
    """
    if run.scope_kind in ("house", "account"):
        return await _narrow_totals(session, run)
    company = run.scope_id if run.scope_kind == "organisation" else None
    found = await session.execute(
        text(TOTALS),
        {"run_id": run.id, "period": run.period, "before": month_before(run.period), "company_id": company},
    )
    return [_total(row) for row in found]


async def _narrow_totals(session: Session, run: RunHead) -> list[TotalRow]:
    """By service from lines of the house's accounts (or the one account): some thousands of rows at most."""
    found = await session.execute(
        text(NARROW),
        {
            "run_id": run.id,
            "period": run.period,
            "before": month_before(run.period),
            "house_id": run.scope_id if run.scope_kind == "house" else None,
            "account_id": run.scope_id if run.scope_kind == "account" else None,
        },
    )
    return [_total(row) for row in found]


NARROW = """
WITH wanted AS (
  SELECT id, id = :run_id AS is_now, period = :period AS is_same FROM runs
   WHERE id = :run_id OR (state = 'published' AND period IN (:period, :before))),
mine AS (
  SELECT id FROM accounts WHERE house_id = CAST(:house_id AS int) OR id = CAST(:account_id AS int))
SELECT 'service' AS dimension, l.service::int AS key, v.label AS name,
       count(*) FILTER (WHERE w.is_now)::bigint AS lines_count,
       coalesce(sum(m.signed) FILTER (WHERE w.is_now), 0)::bigint AS now_kopecks,
       coalesce(sum(m.signed) FILTER (WHERE NOT w.is_now AND w.is_same), 0)::bigint AS published_kopecks,
       coalesce(sum(m.signed) FILTER (WHERE NOT w.is_same), 0)::bigint AS before_kopecks
  FROM lines l
  JOIN wanted w ON w.id = l.run_id
  CROSS JOIN LATERAL (
    SELECT l.amount_kopecks + l.surcharge_kopecks AS signed) m
  LEFT JOIN services v ON v.code = l.service
 WHERE l.run_id = ANY (ARRAY(SELECT id FROM wanted)) AND l.account_id = ANY (ARRAY(SELECT id FROM mine))
 GROUP BY l.service, v.label, v.position ORDER BY v.position
"""


def _total(row: Row[tuple[object, ...]]) -> TotalRow:
    values = dict(row._mapping)
    values["name"] = values["name"] or f"№ {values['key']}"
    return TotalRow(**values)


def month_before(period: dt.date) -> dt.date:
    """The first day of the month before."""
    return (period - dt.timedelta(days=1)).replace(day=1)


@dataclass(frozen=True, slots=True)
class HouseRow:
    """A house of a run against last month."""

    house_id: int
    address: str
    company_name: str | None
    accounts_count: int
    parked_count: int
    now_kopecks: int
    before_kopecks: int

    @property
    def delta_kopecks(self) -> int:
        """Change against last month."""
        return self.now_kopecks - self.before_kopecks


@dataclass(frozen=True, slots=True)
class HousePage:
    """One page of houses with the sums over all found."""

    rows: list[HouseRow]
    total: int
    accounts_count: int
    parked_count: int
    now_kopecks: int
    before_kopecks: int


HOUSE_SORTS = {
    "address": "street, sort_key, house_id",
    "company": "company_name, street, sort_key",
    "accounts": "accounts_count",
    "parked": "parked_count",
    "amount": "now_kopecks",
    "before": "before_kopecks",
    "delta": "now_kopecks - before_kopecks",
}

HOUSES = """
WITH before AS (
  SELECT p.house_id, sum(p.amount_kopecks + p.surcharge_kopecks) AS kopecks FROM run_houses p
   WHERE p.run_id = ANY (ARRAY(SELECT id FROM runs WHERE state = 'published' AND period = :before))
   GROUP BY 1),
found AS (
  SELECT r.house_id, s.kind || ' ' || s.name || ', ' || h.number AS address,
         s.search_name AS street, h.sort_key,
         o.short_name AS company_name, r.accounts_count, r.parked_count,
         r.amount_kopecks + r.surcharge_kopecks AS now_kopecks,
         coalesce(b.kopecks, 0)::bigint AS before_kopecks
    FROM run_houses r
    JOIN houses h ON h.id = r.house_id
    JOIN streets s ON s.id = h.street_id
    LEFT JOIN organisations o ON o.id = r.company_id
    LEFT JOIN before b ON b.house_id = r.house_id
   WHERE r.run_id = :run_id AND (CAST(:company_id AS int) IS NULL OR r.company_id = :company_id)
     AND s.search_name LIKE CAST(:street AS text) || '%' AND h.number LIKE CAST(:number AS text) || '%')
SELECT house_id, address, company_name, accounts_count, parked_count, now_kopecks, before_kopecks,
       count(*) OVER ()::int AS total, sum(accounts_count) OVER ()::int AS all_accounts,
       sum(parked_count) OVER ()::int AS all_parked, sum(now_kopecks) OVER ()::bigint AS all_now,
       sum(before_kopecks) OVER ()::bigint AS all_before
  FROM found
"""


async def houses(
    session: Session,
    run: RunHead,
    *,
    company_id: int | None = None,
    street: str = "",
    number: str = "",
    sort: str = "address",
    is_descending: bool = False,
    limit: int = 100,
    offset: int = 0,
) -> HousePage:
    """Houses of a run, sorted by a key of HOUSE_SORTS. `street` is lower case without «ё»."""
    way = "DESC" if is_descending else "ASC"
    order = ", ".join(f"{part} {way}" for part in HOUSE_SORTS[sort].split(", "))
    result = await session.execute(
        text(f"{HOUSES} ORDER BY {order}, house_id LIMIT :limit OFFSET :offset"),
        {
            "run_id": run.id,
            "before": month_before(run.period),
            "company_id": company_id,
            "street": escaped(street),
            "number": escaped(number),
            "limit": limit,
            "offset": offset,
        },
    )
    found = result.all()
    if not found:
        return HousePage([], 0, 0, 0, 0, 0)
    rows = [HouseRow(*row[:7]) for row in found]
    first = found[0]
    return HousePage(rows, first.total, first.all_accounts, first.all_parked, first.all_now, first.all_before)


def escaped(pattern: str) -> str:
    """A text for LIKE as itself."""
    return pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


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
                            WHERE state IN ('planned', 'accruing') AND NOT stop_requested)
             GROUP BY r.id""")
        )
    ).one_or_none()
    return None if row is None else Running(**row._mapping)


@dataclass(frozen=True, slots=True)
class ScopePreview:
    """What a run over a scope would touch: shown before the button is pressed."""

    name: str
    houses_count: int
    accounts_count: int
    last_kopecks: int
    draft_id: int | None
    published_count: int


PREVIEW = """
WITH mine AS (
  SELECT id, house_id FROM accounts
   WHERE {condition} AND opened_on < :next AND (closed_on IS NULL OR closed_on >= :period))
SELECT {name} AS name, count(DISTINCT m.house_id)::int AS houses_count, count(*)::int AS accounts_count,
       coalesce((SELECT sum(h.amount_kopecks + h.surcharge_kopecks) FROM run_houses h
                  WHERE h.run_id = ANY (
                        ARRAY(SELECT id FROM runs WHERE state = 'published' AND period = :before))
                    AND {house_condition}), 0)::bigint AS last_kopecks,
       (SELECT max(id) FROM runs WHERE period = :period AND state IN ('planned', 'accruing', 'checked')
           AND scope_kind = :kind AND scope_id IS NOT DISTINCT FROM CAST(:id AS int)) AS draft_id,
       (SELECT count(*)::int FROM runs WHERE period = :period AND state = 'published') AS published_count
  FROM mine m
"""

SCOPES: dict[str, tuple[str, str, str]] = {
    "city": ("CAST(:id AS int) IS NULL", "'весь город'", "true"),
    "organisation": (
        "company_id = :id",
        "(SELECT short_name FROM organisations WHERE id = :id)",
        "h.company_id = :id",
    ),
    "house": (
        "house_id = :id",
        "(SELECT s.kind || ' ' || s.name || ', д. ' || h.number"
        " FROM houses h JOIN streets s ON s.id = h.street_id WHERE h.id = :id)",
        "h.house_id = :id",
    ),
    "account": ("id = :id", "(SELECT 'счёт ' || number FROM accounts WHERE id = :id)", "false"),
}


async def scope_preview(
    session: Session, period: dt.date, scope_kind: str, scope_id: int | None
) -> ScopePreview | None:
    """Counts of accounts open in the month; None when the organisation, house or account does not exist."""
    condition, name, house_condition = SCOPES[scope_kind]
    following = (period + dt.timedelta(days=32)).replace(day=1)
    row = (
        await session.execute(
            text(PREVIEW.format(condition=condition, name=name, house_condition=house_condition)),
            {
                "period": period,
                "next": following,
                "before": month_before(period),
                "kind": scope_kind,
                "id": scope_id,
            },
        )
    ).one()
    return ScopePreview(**row._mapping) if row.name else None


@dataclass(frozen=True, slots=True)
class Choice:
    """An organisation or house to choose in a form."""

    id: int
    name: str


async def companies(session: Session) -> list[Choice]:
    """Companies (УК) by name."""
    found = await session.execute(
        text("SELECT id, short_name FROM organisations WHERE kind = 'company' ORDER BY short_name")
    )
    return [Choice(row.id, row.short_name) for row in found]


async def house_of_address(session: Session, street: str, number: str) -> Sequence[Choice]:
    """Houses whose street begins so and whose number is exactly so; at most ten, for «did you mean»."""
    found = await session.execute(
        text("""
        SELECT h.id, s.kind || ' ' || s.name || ', д. ' || h.number AS name
          FROM streets s JOIN houses h ON h.street_id = s.id
         WHERE s.search_name LIKE CAST(:street AS text) || '%' AND lower(h.number) = :number
         ORDER BY s.search_name, h.sort_key LIMIT 10"""),
        {"street": escaped(street), "number": number},
    )
    return [Choice(row.id, row.name) for row in found]


async def account_of_number(session: Session, number: str) -> int | None:
    """The account of an exact number."""
    found: int | None = await session.scalar(
        text("SELECT id FROM accounts WHERE number = :number"), {"number": number}
    )
    return found


async def value_owners(session: Session) -> list[Choice]:
    """Organisations that may have values of their own: companies and suppliers."""
    found = await session.execute(
        text("""
        SELECT id, short_name FROM organisations WHERE kind IN ('company', 'supplier', 'fund')
         ORDER BY kind, short_name""")
    )
    return [Choice(row.id, row.short_name) for row in found]
