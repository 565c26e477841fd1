"""Print runs as their pages show them: the list, one run, progress, volumes, the register by house, notes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from billing.period import Period
from storage.press_plan import Selection, select
from storage.search import ADDRESS, ADDRESS_JOINS
from storage.session import Session, raw_connection

RUNS_MAX = 100
PROBLEMS_MAX = 200
NOTES_MAX = 50
LAYOUT_LEAVES = {"a4": 1, "a5": 1, "a5x2": 2}


@dataclass(frozen=True, slots=True)
class PressHead:
    """A print run as a list and its page name it."""

    id: int
    period: dt.date
    company_id: int | None
    scope_name: str
    layout: str
    is_duplex: bool
    has_separators: bool
    size_percent: int
    volume_sheets: int
    state: str
    houses_count: int
    receipts_count: int
    electronic_count: int
    blocks_count: int
    error: str | None
    digest: str | None
    created_by_name: str | None
    created_at: dt.datetime
    finished_at: dt.datetime | None
    routes_on: dt.date | None
    kind: str = "regular"


HEAD = """
SELECT r.id, r.period, r.company_id,
       coalesce(o.short_name, 'весь город')
         || CASE WHEN r.house_ids IS NULL THEN '' ELSE ', выбранные дома' END
         || CASE WHEN r.route_ids IS NULL THEN '' ELSE ', выбранные маршруты' END AS scope_name,
       r.layout, r.is_duplex, r.has_separators, r.size_percent, r.volume_sheets, r.state, r.houses_count,
       r.receipts_count, r.electronic_count, r.blocks_count, r.error, r.digest,
       u.full_name AS created_by_name, r.created_at, r.finished_at, r.routes_on, r.kind
  FROM press_runs r
  LEFT JOIN organisations o ON o.id = r.company_id
  LEFT JOIN users u ON u.id = r.created_by
"""


async def press_runs(session: Session) -> list[PressHead]:
    """The newest print runs."""
    found = await session.execute(text(f"{HEAD} ORDER BY r.id DESC LIMIT {RUNS_MAX}"))
    return [PressHead(**row._mapping) for row in found]


async def press_head(session: Session, run_id: int) -> PressHead | None:
    """One print run, or None when there is none we may see."""
    row = (await session.execute(text(f"{HEAD} WHERE r.id = :id"), {"id": run_id})).one_or_none()
    return None if row is None else PressHead(**row._mapping)


@dataclass(frozen=True, slots=True)
class PressProgress:
    """How far a print run is; elapsed_s by the clock of the database."""

    state: str
    receipts_total: int
    receipts_done: int
    problems_count: int
    blocks_total: int
    blocks_done: int
    blocks_failed: int
    sheets: int
    volumes: int
    bytes_count: int
    due_kopecks: int
    elapsed_s: int

    @property
    def is_live(self) -> bool:
        """Whether it still moves, so that a page should watch it."""
        return self.state in ("planned", "printing")

    @property
    def per_second(self) -> int:
        """Receipts a second so far, rounded down."""
        return self.receipts_done // self.elapsed_s if self.elapsed_s > 0 else self.receipts_done

    @property
    def eta_s(self) -> int | None:
        """Seconds left at the speed so far; None before there is a speed."""
        if self.receipts_done == 0 or self.elapsed_s == 0:
            return None
        left = self.receipts_total - self.receipts_done
        return (left * self.elapsed_s + self.receipts_done - 1) // self.receipts_done


PROGRESS = """
SELECT r.state, r.receipts_count AS receipts_total,
       coalesce(b.receipts, 0)::int AS receipts_done, coalesce(p.problems, 0)::int AS problems_count,
       r.blocks_count AS blocks_total, coalesce(b.done, 0)::int AS blocks_done,
       coalesce(b.failed, 0)::int AS blocks_failed,
       coalesce(v.sheets, 0)::int AS sheets, coalesce(v.volumes, 0)::int AS volumes,
       coalesce(v.bytes_count, 0)::bigint AS bytes_count, coalesce(v.due_kopecks, 0)::bigint AS due_kopecks,
       coalesce(extract(epoch FROM coalesce(r.finished_at, clock_timestamp()) - r.started_at), 0)::int AS
       elapsed_s
  FROM press_runs r
  LEFT JOIN LATERAL (
       SELECT sum(cardinality(account_ids)) FILTER (WHERE state = 'done') AS receipts,
              count(*) FILTER (WHERE state = 'done') AS done, count(*) FILTER (WHERE state = 'failed') AS
              failed
         FROM press_blocks WHERE run_id = r.id) b ON true
  LEFT JOIN LATERAL (
       SELECT count(*) AS volumes, sum(sheets) AS sheets, sum(bytes_count) AS bytes_count,
              sum(due_kopecks) AS due_kopecks
         FROM press_volumes WHERE run_id = r.id) v ON true
  LEFT JOIN LATERAL (
       SELECT count(*) AS problems FROM press_receipts WHERE run_id = r.id AND problem IS NOT NULL) p ON true
 WHERE r.id = :id
"""


async def press_progress(session: Session, run_id: int) -> PressProgress | None:
    """Progress of one run; None when there is none we may see."""
    row = (await session.execute(text(PROGRESS), {"id": run_id})).one_or_none()
    return None if row is None else PressProgress(**row._mapping)


@dataclass(frozen=True, slots=True)
class VolumeRow:
    """A volume of the list."""

    block_no: int
    part: int
    first_number: int
    last_number: int
    receipts_count: int
    leaves: int
    sheets: int
    due_kopecks: int
    bytes_count: int
    digest: str


async def volumes(session: Session, run_id: int) -> list[VolumeRow]:
    """Volumes ready so far, in the order of printing."""
    found = await session.execute(
        text("""
        SELECT block_no, part, first_number, last_number, receipts_count, leaves, sheets, due_kopecks,
        bytes_count,
               digest
          FROM press_volumes WHERE run_id = :id ORDER BY block_no, part"""),
        {"id": run_id},
    )
    return [VolumeRow(**row._mapping) for row in found]


async def volume_content(session: Session, run_id: int, block_no: int, part: int) -> bytes | None:
    """The file of a volume as it was written."""
    found: bytes | None = await session.scalar(
        text("SELECT content FROM press_volumes WHERE run_id = :id AND block_no = :block AND part = :part"),
        {"id": run_id, "block": block_no, "part": part},
    )
    return found


@dataclass(frozen=True, slots=True)
class LeafRow:
    """Where a receipt of a range lies."""

    number: int
    block_no: int
    part: int
    first_leaf: int
    leaves: int


async def leaves(session: Session, run_id: int, first: int, last: int) -> list[LeafRow]:
    """Receipts with running numbers from first to last that are on paper."""
    found = await session.execute(
        text("""
        SELECT number, block_no, part, first_leaf, leaves FROM press_receipts
         WHERE run_id = :id AND number BETWEEN :first AND :last AND problem IS NULL ORDER BY number"""),
        {"id": run_id, "first": first, "last": last},
    )
    return [LeafRow(**row._mapping) for row in found]


@dataclass(frozen=True, slots=True)
class HouseRow:
    """A line of the control register: a house on its route, its numbers, counts and sums."""

    route_no: int | None
    route: str
    carrier: str
    address: str
    company_name: str
    first_number: int
    last_number: int
    receipts_count: int
    leaves: int
    due_kopecks: int
    problems_count: int


async def register(session: Session, run_id: int) -> list[HouseRow]:
    """Houses in the order of printing."""
    found = await session.execute(
        text("""
        SELECT w.route_no, coalesce(w.name, '') AS route, coalesce(w.carrier, '') AS carrier,
               s.kind || ' ' || s.name || ', д. ' || h.number AS address, o.short_name AS company_name,
               min(p.number) AS first_number, max(p.number) AS last_number,
               (count(*) FILTER (WHERE p.problem IS NULL))::int AS receipts_count, sum(p.leaves)::int AS
               leaves,
               sum(p.due_kopecks)::bigint AS due_kopecks,
               (count(*) FILTER (WHERE p.problem IS NOT NULL))::int AS problems_count
          FROM press_receipts p
          JOIN houses h ON h.id = p.house_id
          JOIN streets s ON s.id = h.street_id
          JOIN organisations o ON o.id = p.company_id
          LEFT JOIN press_routes w
            ON w.run_id = p.run_id AND p.number BETWEEN w.first_number AND w.last_number
         WHERE p.run_id = :id
         GROUP BY h.id, s.id, o.id, w.route_no, w.name, w.carrier ORDER BY min(p.number)"""),
        {"id": run_id},
    )
    return [HouseRow(**row._mapping) for row in found]


@dataclass(frozen=True, slots=True)
class ProblemRow:
    """An account without a receipt, and why."""

    number: int
    account_id: int
    account: str
    address: str
    problem: str


async def problems(session: Session, run_id: int) -> list[ProblemRow]:
    """Accounts whose receipts could not be made."""
    found = await session.execute(
        text(f"""
        SELECT p.number, p.account_id, a.number AS account, {ADDRESS} AS address, p.problem
          FROM press_receipts p JOIN accounts a ON a.id = p.account_id {ADDRESS_JOINS}
         WHERE p.run_id = :id AND p.problem IS NOT NULL ORDER BY p.number LIMIT :limit"""),  # noqa: S608 - words of ours
        {"id": run_id, "limit": PROBLEMS_MAX},
    )
    return [ProblemRow(**row._mapping) for row in found]


@dataclass(frozen=True, slots=True)
class NoteRow:
    """Who did what with the paper, and when."""

    kind: str
    words: str
    user_name: str
    recorded_at: dt.datetime


async def notes(session: Session, run_id: int) -> list[NoteRow]:
    """The newest notes of a run."""
    found = await session.execute(
        text("""
        SELECT n.kind, n.words, coalesce(u.full_name, '—') AS user_name, n.recorded_at
          FROM press_notes n LEFT JOIN users u ON u.id = n.user_id
         WHERE n.run_id = :id ORDER BY n.id DESC LIMIT :limit"""),
        {"id": run_id, "limit": NOTES_MAX},
    )
    return [NoteRow(**row._mapping) for row in found]


@dataclass(frozen=True, slots=True)
class BlockProblem:
    """A part that could not be rendered."""

    block_no: int
    first_number: int
    attempts: int
    error: str


async def failed_blocks(session: Session, run_id: int) -> list[BlockProblem]:
    """Parts that failed or are being tried again, with the reason."""
    found = await session.execute(
        text("""
        SELECT block_no, first_number, attempts, error FROM press_blocks
         WHERE run_id = :id AND state <> 'done' AND error IS NOT NULL ORDER BY block_no"""),
        {"id": run_id},
    )
    return [BlockProblem(**row._mapping) for row in found]


async def account_at(session: Session, run_id: int, number: int) -> int | None:
    """The account whose receipt has this running number."""
    found: int | None = await session.scalar(
        text("""
        SELECT account_ids[:number - first_number + 1] FROM press_blocks
         WHERE run_id = :id AND first_number <= :number ORDER BY first_number DESC LIMIT 1"""),
        {"id": run_id, "number": number},
    )
    return found


async def chosen(
    session: Session,
    period: dt.date,
    company_id: int | None,
    house_ids: list[int] | None,
    routes_on: dt.date | None = None,
    route_ids: list[int] | None = None,
    kind: str = "regular",
) -> Selection:
    """What a choice would print, before anything is asked."""
    connection = await raw_connection(session)
    return await select(connection, Period.of(period), company_id, house_ids, routes_on, route_ids, kind)
