"""An Accruer that takes its time, so that a test can kill something in the middle of its work."""

from __future__ import annotations

import asyncio

from actors.accrual import Accruer, Outcome
from storage.run_work import BlockTask
from storage.work import BlockStore


class SlowAccruer(Accruer):
    """Waits before a block; the same result."""

    pause_s = 0.0

    async def accrue(self, task: BlockTask) -> Outcome:
        await asyncio.sleep(self.pause_s)
        return await super().accrue(task)


class SlowAccruerOf:
    """Builds it inside a worker's process."""

    def __init__(self, url: str, pause_s: float) -> None:
        self.url = url
        self.pause_s = pause_s

    def __call__(self, name: str) -> Accruer:
        made = SlowAccruer(BlockStore(self.url), name)
        made.pause_s = self.pause_s
        return made
