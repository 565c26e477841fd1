"""Planning a print run: which receipts, in the order of streets or of routes, cut into blocks of a volume.

A block is what a worker renders at once. It is planned by leaves each account took in the last run laid out
so; one that comes out thicker than a volume is divided evenly by the worker, never into a full and a thin.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from billing.even import evenly
from billing.ledger import Book
from billing.period import Period
from billing.services import Service
from storage.bulk import Connection
from storage.delivery import IN_FORCE
from storage.natural import natural_key

LEAVES_USUAL_PERCENT = {
    ("a4", False): 209,
    ("a4", True): 109,
    ("a5", False): 304,
    ("a5", True): 199,
    ("a5x2", False): 304,
    ("a5x2", True): 199,
}
"""Hundredths of a leaf a receipt takes by layout and duplex, as measured over the demo city: what a block is
planned by before anything was printed so.
"""
FILLED_PERCENT = {"known": 97, "usual": 90}
"""A volume is planned this full: receipts differ little from those of the last run, more from the usual."""
BLOCK_RECEIPTS_MAX = 1_000
"""More to a block would hold progress up and cost more after a crash."""
WITHOUT_ROUTE = "Без маршрута"
NO_ROUTE = 0
"""The id that chooses houses no route has."""

SELECTION = """
SELECT a.id, a.receipt_by, h.id AS house_id, r.route_no, r.version_id
  FROM accounts a
  JOIN flats f ON f.id = a.flat_id
  LEFT JOIN rooms m ON m.id = a.room_id
  JOIN houses h ON h.id = a.house_id
  JOIN streets s ON s.id = h.street_id
  JOIN cities c ON c.id = s.city_id
  LEFT JOIN (delivery_stops d
             JOIN unnest($4::int[]) WITH ORDINALITY AS r(version_id, route_no) ON r.version_id = d.version_id)
         ON d.house_id = h.id AND (d.entrance IS NULL OR d.entrance = f.entrance)
 WHERE ($2::int IS NULL OR a.company_id = $2)
   AND ($3::int[] IS NULL OR a.house_id = ANY ($3))
   AND ($5::int[] IS NULL OR coalesce(r.version_id, 0) = ANY ($5))
   AND {there_is}
 ORDER BY r.route_no NULLS LAST, d.position, c.name, s.search_name, s.id, h.sort_key, h.id,
          f.entrance NULLS LAST,
          CASE WHEN d.is_down THEN -1 ELSE 1 END
            * dense_rank() OVER (PARTITION BY h.id ORDER BY f.sort_key, f.id),
          m.number NULLS FIRST, a.id
"""
"""Receipts there are for the month as a postman walks: by routes, then by streets what no route has; house by
house, entrance by entrance, flat by flat, up or down as the route says.
"""

OF_MONTH = "(ARRAY(SELECT id FROM runs WHERE state = 'published' AND posted_in = $1))"
REGULAR = "EXISTS (SELECT 1 FROM run_accounts p WHERE p.account_id = a.id AND p.run_id = ANY {runs})"
DEBT = """(
       coalesce((SELECT o.amount_kopecks FROM opening_balances o
                  WHERE o.account_id = a.id AND o.period = $1), 0)
       + coalesce((SELECT sum(p.amount_kopecks) FROM postings p
                    WHERE p.account_id = a.id AND p.period = $1 AND p.book = {residents}), 0) > 0
       OR coalesce((SELECT sum(p.amount_kopecks) FROM postings p
                     WHERE p.account_id = a.id AND p.period <= $1 AND p.book = {penalties}), 0) > 0)"""
REPAIR = """(
       EXISTS (SELECT 1 FROM lines l
                WHERE l.account_id = a.id AND l.service = {repair} AND l.run_id = ANY {runs})
       AND (SELECT t.placement FROM receipt_terms t
             WHERE t.company_id = a.company_id AND t.subject = 'capital' AND t.state = 'approved'
               AND t.valid_from <= $1 ORDER BY t.valid_from DESC, t.id DESC LIMIT 1) = 'document')"""
THERE_IS = {
    kind: words.format(
        runs=OF_MONTH,
        residents=int(Book.RESIDENTS),
        penalties=int(Book.PENALTIES),
        repair=int(Service.CAPITAL_REPAIR),
    )
    for kind, words in (("regular", REGULAR), ("debt", DEBT), ("capital_repair", REPAIR))
}
"""Whether an account has a document of a kind."""


@dataclass(frozen=True, slots=True)
class PlannedRoute:
    """A route of a run and the numbers on it, from one; version_id None: houses without a route."""

    route_no: int
    version_id: int | None
    name: str
    carrier: str
    first_number: int
    last_number: int
    houses_count: int


@dataclass(frozen=True, slots=True)
class Selection:
    """What a choice would print, in order; routes is empty when it goes by addresses."""

    account_ids: tuple[int, ...]
    houses_count: int
    electronic_count: int
    house_ids: tuple[int, ...] = ()
    routes: tuple[PlannedRoute, ...] = ()


async def select(
    connection: Connection,
    period: Period,
    company_id: int | None,
    house_ids: list[int] | None,
    routes_on: dt.date | None = None,
    route_ids: list[int] | None = None,
    kind: str = "regular",
) -> Selection:
    """Accounts with a document of the kind in the order of delivery, less those who chose electronic ones.

    routes_on: by routes of that day; route_ids: only these of them, NO_ROUTE is what none has.
    """
    routes = await _routes(connection, routes_on)
    wanted = None
    if routes_on is not None and route_ids is not None:
        wanted = [row["version_id"] for row in routes if row["route_id"] in route_ids]
        wanted += [NO_ROUTE] if NO_ROUTE in route_ids else []
    versions = [row["version_id"] for row in routes]
    query = SELECTION.format(there_is=THERE_IS[kind])
    rows = await connection.fetch(query, period.first_day, company_id, house_ids, versions, wanted)
    paper = [row for row in rows if row["receipt_by"] == "paper"]
    return Selection(
        tuple(row["id"] for row in paper),
        len({row["house_id"] for row in paper}),
        len(rows) - len(paper),
        tuple(row["house_id"] for row in paper),
        _planned(paper, {row["version_id"]: row for row in routes}) if routes_on is not None else (),
    )


async def _routes(connection: Connection, day: dt.date | None) -> list[Any]:
    """Routes in force in the order of their names, as `storage.delivery.in_force` has them."""
    if day is None:
        return []
    found = await connection.fetch(IN_FORCE.replace(":day", "$1"), day)
    return sorted(found, key=lambda row: (natural_key(row["name"]), row["route_id"]))


def _planned(paper: Sequence[Any], known: Mapping[int, Any]) -> tuple[PlannedRoute, ...]:
    made: list[PlannedRoute] = []
    first = 1
    for version, of_route in itertools.groupby(paper, key=lambda row: row["version_id"]):
        group = list(of_route)
        route = known.get(version)
        made.append(
            PlannedRoute(
                len(made) + 1,
                version,
                route["name"] if route else WITHOUT_ROUTE,
                route["carrier"] if route else "",
                first,
                first + len(group) - 1,
                len({row["house_id"] for row in group}),
            )
        )
        first += len(group)
    return tuple(made)


async def plan_press(connection: Connection, run_id: int) -> bool:
    """planned → printing, or failed when there is nothing to print. False when it was planned before.

    Runs inside the caller's transaction.
    """
    run = await connection.fetchrow("SELECT * FROM press_runs WHERE id = $1 FOR UPDATE", run_id)
    if run is None or run["state"] != "planned":
        return False
    if run["blocks_count"]:
        await _go_on(connection, run_id)
        return True
    period = Period.of(run["period"])
    selection = await select(
        connection,
        period,
        run["company_id"],
        run["house_ids"],
        run["routes_on"],
        run["route_ids"],
        run["kind"],
    )
    if not selection.account_ids:
        words = (
            "Печатать нечего: в выборе нет ни одной бумажной квитанции за этот месяц. "
            "Проверьте, опубликован ли он."
        )
        await connection.execute(
            "UPDATE press_runs SET state = 'failed', error = $2, electronic_count = $3, "
            "finished_at = clock_timestamp() WHERE id = $1",
            run_id, words, selection.electronic_count,
        )  # fmt: skip
        return True
    await _write(connection, run, selection)
    return True


async def _write(connection: Connection, run: Any, selection: Selection) -> None:
    leaves, filled = await _leaves(connection, run, selection.account_ids)
    blocks = _blocks(run, selection, leaves, filled)
    await connection.copy_records_to_table(
        "press_routes",
        records=[
            (run["id"], one.route_no, one.version_id, one.name, one.carrier, one.first_number,
             one.last_number, one.houses_count)
            for one in selection.routes
        ],
        columns=["run_id", "route_no", "version_id", "name", "carrier", "first_number", "last_number",
                 "houses_count"],
    )  # fmt: skip
    await connection.copy_records_to_table(
        "press_blocks",
        records=[
            (run["id"], number, first, list(ids), route_no)
            for number, (first, ids, route_no) in enumerate(blocks, start=1)
        ],
        columns=["run_id", "block_no", "first_number", "account_ids", "route_no"],
    )
    await connection.execute(
        "UPDATE press_runs SET state = 'printing', started_at = clock_timestamp(), receipts_count = $2, "
        "houses_count = $3, electronic_count = $4, blocks_count = $5, "
        "forms_until = (SELECT coalesce(max(id), 0) FROM receipt_forms) WHERE id = $1",
        run["id"], len(selection.account_ids), selection.houses_count, selection.electronic_count,
        len(blocks),
    )  # fmt: skip


async def _go_on(connection: Connection, run_id: int) -> None:
    """A run that stopped or failed begins again where it was."""
    await connection.execute(
        "UPDATE press_blocks SET state = 'planned', attempts = 0 WHERE run_id = $1 AND state = 'failed'",
        run_id,
    )
    await connection.execute("UPDATE press_runs SET state = 'printing' WHERE id = $1", run_id)


# ---- how many leaves, and where to cut ---------------------------------------------------------------

LAST_LIKE = """
SELECT id FROM press_runs
 WHERE state = 'done' AND layout = $1 AND is_duplex = $2 AND size_percent = $3 AND id < $4
 ORDER BY receipts_count >= $5 DESC, id DESC LIMIT 1
"""
"""The newest run laid out so that printed as many or more; else the newest at all."""


async def _leaves(connection: Connection, run: Any, account_ids: Sequence[int]) -> tuple[list[int], int]:
    """Hundredths of a leaf each receipt is expected to take, and how full a volume may be planned by them.

    What the account took in the last run laid out so; of an account that is new there the mean of that run;
    before any, what is usual.
    """
    usual = LEAVES_USUAL_PERCENT[run["layout"], run["is_duplex"]] * (2 if run["size_percent"] > 100 else 1)
    last = await connection.fetchval(
        LAST_LIKE, run["layout"], run["is_duplex"], run["size_percent"], run["id"], len(account_ids)
    )
    if last is None:
        return [usual] * len(account_ids), FILLED_PERCENT["usual"]
    rows = await connection.fetch(
        "SELECT account_id, leaves FROM press_receipts WHERE run_id = $1 AND problem IS NULL", last
    )
    known = {row["account_id"]: row["leaves"] * 100 for row in rows}
    mean = -(-sum(known.values()) // len(known)) if known else usual
    return [known.get(one, mean) for one in account_ids], FILLED_PERCENT["known" if known else "usual"]


def _blocks(
    run: Any, selection: Selection, leaves: Sequence[int], filled_percent: int
) -> list[tuple[int, tuple[int, ...], int | None]]:
    """Number of the first receipt, accounts and route of each block; none goes over the end of a route."""
    room = run["volume_sheets"] * filled_percent * (2 if run["layout"] == "a5x2" else 1)
    parts = selection.routes or (None,)
    made: list[tuple[int, tuple[int, ...], int | None]] = []
    for part in parts:
        first, last = (part.first_number, part.last_number) if part else (1, len(selection.account_ids))
        of_part = slice(first - 1, last)
        weights = list(leaves[of_part])
        if run["has_separators"]:
            weights = with_separators(weights, selection.house_ids[of_part])
        if part:
            weights[0] += 100  # the cover of the route
        at = first - 1
        for size in evenly(weights, room, BLOCK_RECEIPTS_MAX):
            made.append((at + 1, selection.account_ids[at : at + size], part.route_no if part else None))
            at += size
    return made


def with_separators(weights: Sequence[int], house_ids: Sequence[int]) -> list[int]:
    """The first receipt of each house brings the sheet that says so."""
    return [
        weight + (100 if at == 0 or house_ids[at] != house_ids[at - 1] else 0)
        for at, weight in enumerate(weights)
    ]
