"""What must hold of cards: what the banks were paid is posted once, nothing else is, returns once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from gateways.fiscal.fake import Cashbox
from storage.card_orders import HAS_MONEY, REFUNDED
from tests.chaos.bank import Truth, World
from tests.chaos.payers import Paid

STATES = "SELECT number, state FROM card_orders WHERE number = ANY ($1)"
HURRY = """
UPDATE card_orders SET next_at = clock_timestamp()
 WHERE state IN ('open', 'refused', 'expired') AND next_at > clock_timestamp() + interval '2 seconds'
   AND number = ANY ($1)"""
POSTED = """
SELECT p.number, p.amount_kopecks, p.state,
       (SELECT count(*) FROM entries e WHERE e.reverses_id = p.entry_id) AS reversals,
       (SELECT sum(s.amount_kopecks) FROM postings s WHERE s.entry_id = p.entry_id AND s.book = $2) AS posted
  FROM payments p WHERE split_part(p.number, '-', 1) = ANY ($1)"""


def unknown(orders: Mapping[str, Paid], truths: Mapping[str, Truth], states: Mapping[str, str]) -> list[str]:
    """Orders that are paid at a bank and not yet known to be."""
    paid = [number for number in orders if truths.get(number, Truth()).paid_kopecks]
    return [number for number in paid if states.get(number) not in (*HAS_MONEY, REFUNDED)]


async def still_unknown(connection: Any, orders: Mapping[str, Paid], world: World) -> list[str]:
    """The same from the database. The clock is pushed on for those nobody told us of."""
    rows = await connection.fetch(STATES, list(orders))
    late = unknown(orders, world.truths(), {row["number"]: row["state"] for row in rows})
    if late:
        await connection.execute(HURRY, late)
    return late


async def check_cards(connection: Any, orders: Mapping[str, Paid], world: World, book: int) -> list[str]:
    """Every promise about cards that was not kept."""
    truths = world.truths()
    rows = await connection.fetch(POSTED, list(orders), book)
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row["number"].partition("-")[0], []).append(row)
    wrong: list[str] = []
    for number, order in orders.items():
        truth = truths.get(number, Truth())
        wrong += _money(order, truth, found.get(number, []))
        wrong += _returned(order, truth, found.get(number, []))
    return wrong + _checks(orders, truths, world.cashbox)


def _money(order: Paid, truth: Truth, rows: list[Any]) -> list[str]:
    if not truth.paid_kopecks:
        return [f"order {order.number} is posted and nobody paid it"] if rows else []
    if truth.paid_kopecks != sum(order.parts):
        return [f"order {order.number}: the bank has {truth.paid_kopecks}, asked {sum(order.parts)}"]
    if sorted(row["amount_kopecks"] for row in rows) != sorted(order.parts):
        return [f"order {order.number} is paid at the bank, its payments: {[dict(row) for row in rows]}"]
    return [
        f"payment {row['number']} of a card: {row['amount_kopecks']} came, {row['posted']} is posted"
        for row in rows
        if row["posted"] != row["amount_kopecks"]
    ]


def _returned(order: Paid, truth: Truth, rows: list[Any]) -> list[str]:
    asked = sum(order.refunds.values())
    wrong = []
    if truth.refunded_kopecks != asked or truth.refunds != (1 if asked else 0):
        wrong.append(f"order {order.number}: return of {asked} was approved, the bank knows {truth}")
    back = {
        row["number"]: row["amount_kopecks"]
        for row in rows
        if row["reversals"] == 1 and row["state"] == "reversed"
    }
    if sorted(back.values()) != sorted(order.refunds.values()) or any(row["reversals"] > 1 for row in rows):
        wrong.append(
            f"order {order.number}: returned parts {order.refunds}, reversed {[dict(row) for row in rows]}"
        )
    return wrong


def _checks(orders: Mapping[str, Paid], truths: Mapping[str, Truth], cashbox: Cashbox) -> list[str]:
    """A check of each paid order and of each return, once."""
    made = Counter(
        (made["kind"], external.partition("~")[0].partition("-")[0])
        for external, made in list(cashbox.checks.items())
    )
    wrong = []
    for number, order in orders.items():
        wanted = {
            "sell": int(truths.get(number, Truth()).paid_kopecks > 0),
            "sell_refund": int(bool(order.refunds)),
        }
        wrong += [
            f"order {number}: {made[kind, number]} checks «{kind}» at the cashbox, {count} are due"
            for kind, count in wanted.items()
            if made[kind, number] != count
        ]
    return wrong
