"""The yearly correction of a house before any run: counted in this process, written nowhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from billing.common_fix import year_cost
from billing.law import change_days
from billing.period import Period
from storage.block_values import read_values
from storage.blocks import read_block
from storage.common_past import SERVICES
from storage.engine import Database
from storage.scope import SYSTEM
from storage.session import raw_connection

FIX_MONTH = 3


@dataclass(frozen=True, slots=True)
class FixPreview:
    """A service of common needs in a house: what the year should have cost its accounts less what was
    charged.
    """

    service: int
    accounts_count: int
    more_count: int
    less_count: int
    cost_kopecks: int
    billed_kopecks: int
    left_micro: int

    @property
    def change_kopecks(self) -> int:
        return self.cost_kopecks - self.billed_kopecks


async def preview_fix(database: Database, house_id: int, year: int) -> list[FixPreview]:
    """The correction of `year` as the first quarter of the next one would charge it, service by service;
    services whose year is not whole are left out. The caller has made sure that the person may see the house.
    """
    month = Period((year + 1) * 12 + FIX_MONTH - 1)
    async with database.reading(SYSTEM) as session:
        connection = await raw_connection(session)
        values = await read_values(connection, month)
        block = await read_block(connection, values, [house_id], change_days(month), is_fixing=True)
    out = []
    for service in SERVICES:
        past = (block.common or {}).get(service)
        if past is None or past.fix is None:
            continue
        fix, has = past.fix, block.has(service)[0]
        rows = np.flatnonzero(fix.due & has)
        cost, billed = year_cost(fix.cost[rows]), fix.billed[rows]
        out.append(
            FixPreview(
                service=service,
                accounts_count=len(rows),
                more_count=int((cost > billed).sum()),
                less_count=int((cost < billed).sum()),
                cost_kopecks=int(cost.sum()),
                billed_kopecks=int(billed.sum()),
                left_micro=int(fix.left[0]),
            )
        )
    return out
