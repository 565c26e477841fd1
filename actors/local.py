"""Runs without Ray and without NATS: the same Accruer and the same supervisor in this very process.

For history that a seed bills month after month, for tests, and for a machine where Ray cannot run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from actors.accrual import Accruer, Outcome
from actors.pressed import Outcome as Pressed
from actors.presser import Presser
from actors.supervisor import Supervisor
from billing.accrue import accrue_month
from storage.compute import Rules
from storage.press_work import PressTask
from storage.run_store import run_store
from storage.run_work import BlockTask
from storage.work import CONNECTIONS_MAX, BlockStore

OTHERS_S = 0.5  # how often to look whether the others are done


class LocalCrew:
    """Accruers of this process."""

    def __init__(self, url: str, workers: int = 1, rules: Rules = accrue_month) -> None:
        self._url = url
        self._pressers: dict[str, Presser] = {}
        self._accruers = {
            f"local-{number}": Accruer(BlockStore(url, CONNECTIONS_MAX), f"local-{number}", rules)
            for number in range(1, workers + 1)
        }

    async def refresh(self) -> Sequence[str]:
        return list(self._accruers)

    async def accrue(self, worker: str, task: BlockTask) -> Outcome:
        return await self._accruers[worker].accrue(task)

    async def press(self, worker: str, task: PressTask) -> Pressed:
        if worker not in self._pressers:
            self._pressers[worker] = Presser(self._url)
        return await self._pressers[worker].press(task)

    async def close(self) -> None:
        for presser in self._pressers.values():
            await presser.close()
        for accruer in self._accruers.values():
            await accruer.close()


async def run_until_idle(url: str, workers: int = 1, rules: Rules = accrue_month) -> None:
    """Compute every accruing run to its end; while another process supervises, wait until it has done so."""
    crew, blocks = LocalCrew(url, workers, rules), BlockStore(url, 1)
    try:
        async with run_store(url) as store:
            supervisor = Supervisor(store, blocks, crew)
            while await store.observe():
                if await store.is_mine():
                    await supervisor.step()
                    await supervisor.rest()
                else:
                    await asyncio.sleep(OTHERS_S)
    finally:
        await blocks.close()
        await crew.close()
