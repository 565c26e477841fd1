"""All rules over one block: lines ordered by account, and the accounts that could not be charged.

What comes out for an account depends on its own house only: not on the order, the size or the other houses of a block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from billing.block import Block
from billing.law import NoFederalValueError, federal_law
from billing.lines import Lines
from billing.metering import decide
from billing.parked import Parked, Reason
from billing.rule import RULES, Part, Work
from billing.rules.capital_repair import capital_repair
from billing.rules.cold_water import cold_water
from billing.rules.common_needs import common_needs
from billing.rules.custom import custom
from billing.rules.electricity import electricity
from billing.rules.gas import gas
from billing.rules.heating import heating
from billing.rules.hot_water import hot_water
from billing.rules.sewerage import sewerage
from billing.rules.upkeep import upkeep
from billing.rules.waste import waste

Bool = npt.NDArray[np.bool_]

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
    capital_repair,
    common_needs,
    custom,
)
assert set(ORDER) == set(RULES.values()), "a rule is registered but not in the order"


def accrue(block: Block) -> tuple[Lines, Parked]:
    """Charges of the month for every account of the block, and who is parked with why.

    Lines are ordered by account, then service and component; a parked account has none. The caller runs
    `Lines.check` before it writes them.
    """
    parked = Parked(len(block))
    try:
        law = federal_law(block.period, tuple(block.first_day.tolist()))
    except NoFederalValueError:
        parked.add(np.ones(len(block), np.bool_), Reason.OLDER_THAN_LAW, 0, block.period.title)
        return Lines.empty(), parked
    work = Work(block, law, parked)
    work.meterings = decide(work)
    for rule in ORDER:
        rule(work)
    return gather(block, work.parts, parked.mask()), parked


def gather(block: Block, parts: Iterable[Part], parked: Bool) -> Lines:
    """Lines of the parts in order of accounts, without those of parked accounts.

    An account has at most one line in a part, so a line's place is the account's first place plus how many parts
    before had it: no sorting.
    """
    chosen = [part for part in parts if len(part.rows)]
    chosen.sort(key=lambda part: (part.service, part.component))
    kept = [_kept(part, parked) for part in chosen]
    counts = np.zeros(len(block), np.int64)
    rows = [part.rows if keep is None else part.rows[keep] for part, keep in zip(chosen, kept, strict=True)]
    for of_part in rows:
        counts[of_part] += 1
    place = np.cumsum(counts) - counts
    owner = np.repeat(np.arange(len(block)), counts)
    lines = Lines.of(
        len(owner),
        account_id=block.accounts.id[owner],
        company_id=block.accounts.company_id[owner],
    )
    for part, keep, of_part in zip(chosen, kept, rows, strict=True):
        at = place[of_part]
        place[of_part] += 1
        _put(lines, part, keep, at)
    return lines


def _kept(part: Part, parked: Bool) -> Bool | None:
    """Rows of the part that are not parked; None = all."""
    if not parked.any():
        return None
    gone = parked[part.rows]
    return ~gone if gone.any() else None


def _put(lines: Lines, part: Part, keep: Bool | None, at: npt.NDArray[np.int64]) -> None:
    columns = {
        "supplier_id": part.supplier,
        "service": part.service,
        "component": part.component,
        "basis": part.basis,
        "first_day": part.first_day,
        "days": part.days,
        "volume_num": part.num,
        "volume_den": part.den,
        "rate": part.rate,
        "amount_kopecks": part.amount,
        "surcharge_kopecks": part.surcharge,
        "raised_num": part.raised,
        "a": part.a,
        "b": part.b,
    }
    for name, values in columns.items():
        if keep is not None and isinstance(values, np.ndarray) and values.ndim:
            values = values[keep]
        if not (isinstance(values, int) and values == 0):
            getattr(lines, name)[at] = values
