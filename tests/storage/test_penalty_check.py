"""`paylogic ledger check` proves penalties: each kind of damage is found, and none where there is none."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from storage.engine import Database
from storage.ledger_check import check_ledger
from tests.storage.test_penalties import END, MIDDLE, _town, pay, posted

__all__ = ["_town"]

DAMAGES = {
    "части с весами": "UPDATE penalty_parts SET weight = weight * 2 WHERE {first}",
    "пересчитаны по закону": "UPDATE penalty_lines SET payer = 1 WHERE {first}",
    "день за днём": "UPDATE penalty_lines SET due_on = due_on + 25 WHERE {first}",
    "в книге пеней": "UPDATE penalty_lines SET before_kopecks = before_kopecks - 5, "
    "amount_kopecks = amount_kopecks + 5 WHERE {first}",
}


async def test_penalties_of_two_computations_and_payments_are_proved(db: Database) -> None:
    await pay(db, "part", MIDDLE, 60_00)
    await posted(db, MIDDLE)
    await posted(db, END)

    report = await check_ledger(db.url)

    assert report["ok"], report["found"]
    said = [line for line in report["checks"] if line.startswith("Пени")]
    assert len(said) == 4
    assert all(line.endswith("сходится") for line in said)


@pytest.mark.parametrize("what", DAMAGES)
async def test_a_damage_is_found(db: Database, what: str) -> None:
    await posted(db, END)
    async with db.transaction() as session:
        least = await session.scalar(
            text("SELECT min(account_id) FROM penalty_lines WHERE total_kopecks > 0")
        )
        where = f"account_id = {least} AND of_period = '2026-05-01' AND service = 1"
        await session.execute(text(DAMAGES[what].format(first=where)))

    report = await check_ledger(db.url)

    assert not report["ok"]
    assert any(what in one["check"] for one in report["found"]), report["found"]
