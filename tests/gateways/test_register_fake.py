"""The demo agent's register: read by the preset, with one of each difference against what it was made of."""

from __future__ import annotations

import datetime as dt

from billing.agent_day import OurPayment, TheirRow, compare
from gateways.registers import parse, preset
from gateways.registers.fake import Taken, register, spoiled

DAY = dt.date(2026, 11, 13)
TAKEN = [Taken(f"n{at}", f"100000{at}", at * 1_000, DAY) for at in range(1, 7)]
OURS = [OurPayment(at, one.number, one.account, one.amount_kopecks, DAY) for at, one in enumerate(TAKEN)]


def verdicts(content: bytes) -> dict[str, int]:
    rows = parse(preset("csv"), content, "day.csv").rows
    theirs = [TheirRow(one.line, one.number, one.account, one.amount_kopecks, one.paid_on) for one in rows]
    made = [one.verdict for one in compare(theirs, OURS, OURS, {})]
    return {one: made.count(one) for one in made}


def test_a_true_register_is_the_same_in_everything() -> None:
    assert verdicts(register(TAKEN)) == {"same": 6}


def test_a_spoiled_register_has_one_of_each_difference() -> None:
    assert verdicts(spoiled(TAKEN)) == {"same": 4, "differs": 1, "theirs": 1, "repeat": 1, "ours": 1}
