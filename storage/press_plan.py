"""Planning a print run: which receipts, in the order of the postman, cut into blocks of about a volume."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from billing.period import Period
from storage.bulk import Connection

LEAVES_USUAL = {
    ("a4", False): 2,
    ("a4", True): 1,
    ("a5", False): 3,
    ("a5", True): 2,
    ("a5x2", False): 3,
    ("a5x2", True): 2,
}
"""Leaves of a usual receipt by layout and duplex: what a block is planned by; a thicker one becomes two
volumes.
"""
FILLED_PERCENT = 92
"""A volume is planned this full, so that a few long receipts do not open a second one."""
BLOCK_RECEIPTS_MAX = 1_000
"""More to a block would hold progress up and cost more after a crash."""
BLOCK_RECEIPTS_MIN = 20

SELECTION = """
SELECT a.id, a.receipt_by, h.id AS house_id
  FROM accounts a
  JOIN flats f ON f.id = a.flat_id
  LEFT JOIN rooms r ON r.id = a.room_id
  JOIN houses h ON h.id = a.house_id
  JOIN streets s ON s.id = h.street_id
  JOIN cities c ON c.id = s.city_id
 WHERE ($2::int IS NULL OR a.company_id = $2)
   AND ($3::int[] IS NULL OR a.house_id = ANY ($3))
   AND EXISTS (SELECT 1 FROM run_accounts p
                WHERE p.account_id = a.id AND p.run_id = ANY (ARRAY(
                      SELECT id FROM runs WHERE state = 'published' AND posted_in = $1)))
 ORDER BY c.name, s.search_name, s.id, h.sort_key, h.id, f.entrance NULLS LAST, f.sort_key, f.id,
          r.number NULLS FIRST, a.id
"""
"""Receipts there are for the month, house by house as a postman walks: entrance by entrance, flat by flat."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What a choice would print."""

    account_ids: tuple[int, ...]
    houses_count: int
    electronic_count: int


async def select(
    connection: Connection, period: Period, company_id: int | None, house_ids: list[int] | None
) -> Selection:
    """Accounts with a published month in the order of delivery, less those who chose electronic receipts."""
    rows = await connection.fetch(SELECTION, period.first_day, company_id, house_ids)
    paper = [row for row in rows if row["receipt_by"] == "paper"]
    return Selection(
        tuple(row["id"] for row in paper),
        len({row["house_id"] for row in paper}),
        len(rows) - len(paper),
    )


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
    selection = await select(connection, Period.of(run["period"]), run["company_id"], run["house_ids"])
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
    blocks = cut(selection.account_ids, block_receipts(run))
    await connection.copy_records_to_table(
        "press_blocks",
        records=[(run_id, number, first, list(ids)) for number, (first, ids) in enumerate(blocks, start=1)],
        columns=["run_id", "block_no", "first_number", "account_ids"],
    )
    await connection.execute(
        "UPDATE press_runs SET state = 'printing', started_at = clock_timestamp(), receipts_count = $2, "
        "houses_count = $3, electronic_count = $4, blocks_count = $5, "
        "forms_until = (SELECT coalesce(max(id), 0) FROM receipt_forms) WHERE id = $1",
        run_id, len(selection.account_ids), selection.houses_count, selection.electronic_count, len(blocks),
    )  # fmt: skip
    return True


async def _go_on(connection: Connection, run_id: int) -> None:
    """A run that stopped or failed begins again where it was."""
    await connection.execute(
        "UPDATE press_blocks SET state = 'planned', attempts = 0 WHERE run_id = $1 AND state = 'failed'",
        run_id,
    )
    await connection.execute("UPDATE press_runs SET state = 'printing' WHERE id = $1", run_id)


def block_receipts(run: Any) -> int:
    """Receipts of a block so that it usually makes one volume."""
    halves = 2 if run["layout"] == "a5x2" else 1
    usual = LEAVES_USUAL[run["layout"], run["is_duplex"]] * (2 if run["size_percent"] > 100 else 1)
    receipts: int = run["volume_sheets"] * halves * FILLED_PERCENT // (100 * usual)
    return max(BLOCK_RECEIPTS_MIN, min(BLOCK_RECEIPTS_MAX, receipts))


def cut(account_ids: tuple[int, ...], size: int) -> list[tuple[int, tuple[int, ...]]]:
    """Blocks with the number of their first receipt; numbers begin at one and have no gaps."""
    return [(at + 1, account_ids[at : at + size]) for at in range(0, len(account_ids), size)]
