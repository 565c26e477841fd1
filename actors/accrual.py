"""Computes a block: load, accrue by the law, check, write once. A plain class; actors/pool.py puts Ray
around it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from billing.accrue import accrue_month
from billing.lines import Lines
from billing.period import Period
from storage.compute import Rules, compute
from storage.lines import BlockDone, RunGone
from storage.run_work import BlockTask
from storage.work import BlockStore, LawChanged, is_transient


@dataclass(frozen=True, slots=True)
class Stages:
    """Where the milliseconds of a block, or of several, went."""

    read_ms: int = 0
    compute_ms: int = 0
    write_ms: int = 0

    def __add__(self, other: Stages) -> Stages:
        return Stages(
            self.read_ms + other.read_ms, self.compute_ms + other.compute_ms, self.write_ms + other.write_ms
        )


@dataclass(frozen=True, slots=True)
class Done:
    """A block is written (now or by an earlier attempt)."""

    block: BlockDone
    stages: Stages


@dataclass(frozen=True, slots=True)
class Failed:
    """An attempt did not succeed. kind: transient = the surroundings, gone = the run takes no lines any more,
    law = the law changed under the run, lost = the worker died under it, error = the block itself."""

    run_id: int
    block_no: int
    kind: str
    message: str


Outcome = Done | Failed


class Accruer:
    """Everything worth testing; knows no Ray. At least once by whoever calls, exactly once by the store's
    fence.
    """

    def __init__(self, store: BlockStore, name: str, rules: Rules = accrue_month) -> None:
        self._store = store
        self._name = name
        self._rules = rules

    async def accrue(self, task: BlockTask) -> Outcome:
        """Compute and write one block; never raises for what the supervisor has to decide about."""
        try:
            return await self._accrue(task)
        except RunGone as error:
            return self._failed(task, "gone", error)
        except LawChanged as error:
            return self._failed(task, "law", error)
        except Exception as error:
            return self._failed(task, "transient" if is_transient(error) else "error", error)

    async def _accrue(self, task: BlockTask) -> Done:
        began = time.perf_counter()
        if task.months:
            corrected = await self._store.correct(task, self._name)
            return Done(corrected, Stages(compute_ms=_ms(began, time.perf_counter())))
        block = await self._store.load(task)
        posted = await self._posted(task)
        loaded = time.perf_counter()
        computed = compute(block, self._rules, posted, task.account_id)
        ready = time.perf_counter()
        done = await self._store.write(task, block, computed, self._name)
        written = time.perf_counter()
        return Done(done, Stages(_ms(began, loaded), _ms(loaded, ready), _ms(ready, written)))

    async def _posted(self, task: BlockTask) -> Lines | None:
        if not task.is_difference:
            return None
        return await self._store.published(Period(task.period), task.house_ids)

    @staticmethod
    def _failed(task: BlockTask, kind: str, error: Exception) -> Failed:
        return Failed(task.run_id, task.block_no, kind, f"{type(error).__name__}: {error}")

    async def close(self) -> None:
        await self._store.close()


def _ms(began: float, ended: float) -> int:
    return int((ended - began) * 1000)
