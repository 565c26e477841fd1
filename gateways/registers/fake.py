"""An agent's register of its day for tests and demonstrations: true but for one of each difference."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

HEAD = "Номер;Счёт;Сумма;Дата;Плательщик"
LEAST = 4  # fewer payments leave nothing to differ in


@dataclass(frozen=True, slots=True)
class Taken:
    """A payment as the agent knows it."""

    number: str
    account: str
    amount_kopecks: int
    day: dt.date
    payer: str = ""


def register(taken: Sequence[Taken]) -> bytes:
    """The register by the preset csv: every payment told truly."""
    lines = [HEAD]
    for one in taken:
        amount = f"{one.amount_kopecks // 100},{one.amount_kopecks % 100:02d}"
        lines.append(f"{one.number};{one.account};{amount};{one.day:%d.%m.%Y};{one.payer}")
    return ("\r\n".join(lines) + "\r\n").encode()


def spoiled(taken: Sequence[Taken]) -> bytes:
    """The register with one payment left out, one lost at ours, one of another sum, one told twice."""
    assert len(taken) >= LEAST, f"a register to be spoiled has at least {LEAST} payments"
    left_out, differs, twice, *rest = taken
    lost = replace(rest[0], number=f"{rest[0].number}-9", amount_kopecks=rest[0].amount_kopecks + 77_00)
    other_sum = replace(differs, amount_kopecks=differs.amount_kopecks + 10_00)
    assert left_out not in rest, "a payment stands once"
    return register([other_sum, twice, *rest, lost, twice])
