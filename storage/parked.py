"""Accounts a run put aside: the sentence a person reads, and the rows of a block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from billing.block import Block
from billing.parked import Parked, Reason
from billing.services import CATALOGUE
from storage.bulk import Connection

COLUMNS = ("run_id", "account_id", "company_id", "house_id", "service", "reason", "message")


def parked_message(reason: Reason, service: int, detail: str) -> str:
    """The sentence a person reads."""
    label = CATALOGUE[service].label if service in CATALOGUE else "услугу организации"
    return reason.value.format(service=label, detail=detail)


async def neighbour_numbers(connection: Connection, parked: Parked) -> dict[str, str]:
    """Rules name a neighbour by its id; a person knows it by the number: one by the other."""
    named = {detail for reason, _, detail in parked.reason.values() if reason is Reason.NEIGHBOUR}
    if not named:
        return {}
    found = await connection.fetch(
        "SELECT id, number FROM accounts WHERE id = ANY ($1)", [int(detail) for detail in named]
    )
    return {str(row["id"]): row["number"] for row in found}


async def write_parked(connection: Connection, run_id: int, block: Block, parked: Parked) -> None:
    """What the rules put aside in a block, in words."""
    accounts, houses = block.accounts, block.houses
    numbers = await neighbour_numbers(connection, parked)
    rows = [
        (
            run_id,
            int(accounts.id[at]),
            int(accounts.company_id[at]),
            int(houses.id[accounts.house[at]]),
            service,
            reason.name,
            parked_message(reason, service, numbers.get(detail, detail)),
        )
        for at, (reason, service, detail) in sorted(parked.reason.items())
    ]
    await write_rows(connection, rows)


async def write_rows(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Rows of the table in the order of its COLUMNS."""
    if rows:
        await connection.copy_records_to_table("parked_accounts", records=rows, columns=list(COLUMNS))
