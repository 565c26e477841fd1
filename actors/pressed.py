"""What became of a block of a print run: said by a worker to the supervisor. Light: no fonts, no forms."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Printed:
    """A block is kept (now or by an earlier attempt)."""

    run_id: int
    block_no: int
    receipts: int


@dataclass(frozen=True, slots=True)
class NotPrinted:
    """An attempt did not succeed; `is_spent` when the block itself is to blame and not its surroundings."""

    run_id: int
    block_no: int
    message: str
    is_spent: bool


Outcome = Printed | NotPrinted
