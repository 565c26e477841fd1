"""All rules over one block: lines ordered by account, and the accounts that could not be charged.

What comes out for an account depends on its own house only: not on the order, the size or the other houses
of a block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from billing.block import Block
from billing.common_past import HouseMonth
from billing.divided import park_divided, split_charges
from billing.halves import DIVIDED, charge_halves
from billing.law import NoFederalValueError, federal_law
from billing.lines import DTYPES, Lines
from billing.metering import decide
from billing.parked import Parked, Reason
from billing.relief import Charged
from billing.rule import RULES
from billing.rules.absence import absence
from billing.rules.benefit import benefit
from billing.rules.capital_repair import capital_repair
from billing.rules.checked import checked
from billing.rules.cold_water import cold_water
from billing.rules.common_needs import common_needs
from billing.rules.custom import custom
from billing.rules.electricity import electricity
from billing.rules.gas import gas
from billing.rules.heating import heating
from billing.rules.hot_water import hot_water
from billing.rules.quality import quality
from billing.rules.rent import rent
from billing.rules.sewerage import sewerage
from billing.rules.unauthorised import unauthorised
from billing.rules.upkeep import upkeep
from billing.rules.waste import waste
from billing.work import Part, Work

Bool = npt.NDArray[np.bool_]
I64 = npt.NDArray[np.int64]

# Waters before sewerage, every resource before the common needs of its house.
ORDER: tuple[Callable[[Work], None], ...] = (
    cold_water,
    hot_water,
    sewerage,
    electricity,
    gas,
    heating,
    waste,
    upkeep,
    rent,
    capital_repair,
    common_needs,
    custom,
)
HALVED = {RULES[service]: service for service in DIVIDED}
JOINED = (
    "supplier_id",
    "basis",
    "first_day",
    "days",
    "volume_num",
    "volume_den",
    "rate",
    "raised_num",
    "a",
    "b",
)
assert set(ORDER) == set(RULES.values()), "a rule is registered but not in the order"
STAGES: tuple[Callable[[Work], None], ...] = (*ORDER, checked, unauthorised)
"""What charges a block, one after another: rules of services, then acts, which take the volumes of rules."""


@dataclass(frozen=True, slots=True)
class Accrued:
    """Lines, parked accounts, and what is kept of the common needs of the houses, by service."""

    lines: Lines
    parked: Parked
    common: Mapping[int, HouseMonth] = field(default_factory=dict)


def accrue(block: Block) -> tuple[Lines, Parked]:
    """Charges of the month for every account of the block, and who is parked with why; see accrue_month."""
    made = accrue_month(block)
    return made.lines, made.parked


def accrue_month(block: Block) -> Accrued:
    """The same with what months to come are to know of the houses.

    Lines are ordered by account, then service and component; a parked account has none. The caller runs
    `Lines.check` before it writes them.
    """
    parked = Parked(len(block))
    try:
        law = federal_law(block.period, tuple(block.first_day.tolist()))
    except NoFederalValueError:
        parked.add(np.ones(len(block), np.bool_), Reason.OLDER_THAN_LAW, 0, block.period.title)
        return Accrued(Lines.empty(), parked)
    work = Work(block, law, parked)
    work.meterings = decide(work)
    for stage in STAGES:
        charge_stage(work, stage)
    park_divided(block, parked)
    return Accrued(reduced(block, gather(block, work.parts, parked.mask())), parked, work.common)


def charge_stage(work: Work, stage: Callable[[Work], None]) -> None:
    """One of STAGES over the sheet of a block."""
    halved = HALVED.get(stage)
    if halved is None:
        stage(work)
    else:
        charge_halves(work, halved, stage)


def reduced(block: Block, lines: Lines) -> Lines:
    """With what absences and bad quality take off, split among co-owners, then льготы of each; the same lines
    where there is none of it.
    """
    if block.absent is None and block.troubles is None and block.benefits is None and block.divided is None:
        return lines
    charged = Charged.of(block, lines)
    for reduction in (absence, quality):
        charged = taken_off(charged, reduction)
    return taken_off(split_charges(charged), benefit).lines


def taken_off(charged: Charged, reduction: Callable[[Charged], list[Lines]]) -> Charged:
    """The charges and what a reduction takes off."""
    found = reduction(charged)
    return charged.with_more(found) if found else charged


def gather(block: Block, parts: Iterable[Part], parked: Bool) -> Lines:
    """Lines of the parts in order of accounts, without those of parked accounts.

    An account has at most one line in a part, so a line's place is the account's first place plus how many
    parts before had it: no sorting. Columns are joined part after part and then read in that order, which
    keeps both the reads (a stream a part) and the writes in cache.
    """
    chosen = sorted(
        (part for part in parts if len(part.rows)), key=lambda part: (part.service, part.component)
    )
    order, owner, sizes = _order(chosen, parked)
    numbers = np.repeat(np.arange(len(chosen), dtype=np.int16), sizes).take(order)

    def constant(name: str) -> Any:
        return np.array([getattr(part, name) for part in chosen], DTYPES[name]).take(numbers)

    def joined(name: str) -> Any:
        return _joined([getattr(part, name) for part in chosen], sizes, DTYPES[name], order)

    none = np.zeros(len(order), np.int64)
    lines = Lines(
        account_id=block.accounts.id.take(owner),
        company_id=block.accounts.company_id.take(owner),
        kind=np.zeros(len(order), np.int16),
        service=constant("service"),
        component=constant("component"),
        amount_kopecks=none,
        surcharge_kopecks=none,
        **{name: joined(name) for name in JOINED},
    )
    lines.amount_kopecks, lines.surcharge_kopecks = lines.amounts_again()
    return lines


def _order(parts: list[Part], parked: Bool) -> tuple[I64, I64, list[int]]:
    """For each line the number of its row in the joined parts and its account; sizes of the parts."""
    counts = np.zeros(len(parked), np.int64)
    for part in parts:
        counts[part.rows] += 1
    place = np.cumsum(counts) - counts
    sizes = [len(part.rows) for part in parts]
    order, first = np.empty(sum(sizes), np.int64), 0
    for part, size in zip(parts, sizes, strict=True):
        mine = place.take(part.rows)
        place[part.rows] = mine + 1
        order[mine] = np.arange(first, first + size)
        first += size
    owner = np.repeat(np.arange(len(parked)), counts)
    if parked.any():
        kept = ~parked.take(owner)
        order, owner = order[kept], owner[kept]
    return order, owner, sizes


def _joined(values: list[Any], sizes: list[int], dtype: Any, order: I64) -> Any:
    """A column of all parts, some of which hold one number for all their rows."""
    if all(isinstance(value, int) for value in values) and len(set(values)) <= 1:
        return np.full(len(order), values[0] if values else 0, dtype)
    out, first = np.empty(sum(sizes), dtype), 0
    for value, size in zip(values, sizes, strict=True):
        out[first : first + size] = value
        first += size
    return out.take(order)
