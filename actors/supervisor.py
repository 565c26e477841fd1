"""The supervisor of runs: observe, decide, checkpoint, act. Rebuilds from PostgreSQL whatever a crash took
from it.

It gives blocks to a crew (Ray workers or, in tests and for one machine without Ray, this very process), at
most two a worker. What it holds in memory is only which blocks are in flight; when it dies they are planned
blocks for the next.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Protocol

from actors.accrual import Done, Failed, Outcome, Stages
from actors.run_state import Action, Fail, Finish, Give, Note, Observed, Park, Result, State, decide
from storage.lines import RunGone
from storage.run_store import RunStore
from storage.run_work import BlockTask
from storage.work import BlockStore

log = logging.getLogger("paylogic.supervisor")

IDLE_S = 1.0  # how often an idle supervisor looks by itself; a command wakes it at once
BUSY_S = 0.25  # the same while blocks are in flight, when none comes back
PROGRESS_S = 0.5  # sums of a run and its pages are renewed this often
SWEEP_S = 10.0


class Crew(Protocol):
    """Workers that compute blocks."""

    async def refresh(self) -> Sequence[str]:
        """Names of workers there are now; starts and forgets workers as machines come and go."""

    async def accrue(self, worker: str, task: BlockTask) -> Outcome:
        """Have a worker compute a block. A lost worker is a Failed outcome, never an exception."""


class Supervisor:
    """One step after another until stopped; `wake` makes it look at once."""

    def __init__(
        self, store: RunStore, blocks: BlockStore, crew: Crew, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._blocks = blocks
        self._crew = crew
        self._clock = clock
        self._state = State()
        self._results: list[Result] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed: set[int] = set()
        self._spent: dict[int, Stages] = {}
        self._progress_at = 0.0
        self._sweep_at = 0.0
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look at once: a command came."""
        self._woken.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Step until stop is set; blocks in flight are left to the fence."""
        try:
            while not stop.is_set():
                is_busy = await self.step()
                await self.rest(BUSY_S if is_busy else IDLE_S)
        finally:
            for task in self._tasks:
                task.cancel()

    async def step(self) -> bool:
        """Observe, decide, checkpoint, act. True while there is something in flight or to do."""
        results, self._results = self._results, []  # before the look at the database, see decide()
        runs = await self._store.observe()
        workers = await self._crew.refresh() if runs else ()
        actions = decide(self._state, Observed(self._clock(), runs, workers, results))
        await self._checkpoint(actions)
        for action in actions:
            await self._act(action)
        await self._tell()
        await self._sweep()
        return bool(runs)

    async def rest(self, limit_s: float = BUSY_S) -> None:
        """Wait until a block comes back or a command comes, at most limit_s."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), limit_s)
        self._woken.clear()

    # ---- checkpoint, act -------------------------------------------------------------------------------

    async def _checkpoint(self, actions: Sequence[Action]) -> None:
        given = [
            (action.task.run_id, action.task.block_no, action.worker)
            for action in actions
            if isinstance(action, Give)
        ]
        if given:
            await self._store.note_given(given)

    async def _act(self, action: Action) -> None:
        if isinstance(action, Give):
            task = asyncio.create_task(self._fly(action.task, action.worker))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif isinstance(action, Note):
            await self._store.note_failure(*action.key, action.message)
        elif isinstance(action, Park):
            await self._park(action)
        elif isinstance(action, Finish):
            await self._finish(action.run_id)
        elif isinstance(action, Fail):
            log.error("run %s failed: %s", action.run_id, action.message)
            await self._store.fail(action.run_id, action.message)

    async def _fly(self, task: BlockTask, worker: str) -> None:
        outcome = await self._crew.accrue(worker, task)
        self._landed(outcome)

    def _landed(self, outcome: Outcome) -> None:
        if isinstance(outcome, Done):
            block = outcome.block
            self._results.append(Result((block.run_id, block.block_no), "done"))
            self._changed.add(block.run_id)
            self._spent[block.run_id] = self._spent.get(block.run_id, Stages()) + outcome.stages
        else:
            assert isinstance(outcome, Failed)
            log.warning(
                "run %s block %s: %s: %s", outcome.run_id, outcome.block_no, outcome.kind, outcome.message
            )
            self._results.append(Result((outcome.run_id, outcome.block_no), outcome.kind, outcome.message))
        self._woken.set()

    async def _park(self, action: Park) -> None:
        log.error("run %s block %s is given up: %s", action.task.run_id, action.task.block_no, action.message)
        try:
            await self._blocks.park(action.task, action.message)
        except RunGone:
            return
        self._changed.add(action.task.run_id)

    async def _finish(self, run_id: int) -> None:
        try:
            spent = self._spent.pop(run_id, Stages())
            if await self._store.finish(run_id, asdict(spent)):
                log.info("run %s is checked", run_id)
        except RunGone:
            log.info("run %s was undone while it was being finished", run_id)
        self._changed.discard(run_id)

    async def _tell(self) -> None:
        now = self._clock()
        if self._changed and now - self._progress_at >= PROGRESS_S:
            changed, self._changed = self._changed, set()
            self._progress_at = now
            await self._store.note_progress(sorted(changed))

    async def _sweep(self) -> None:
        now = self._clock()
        if now - self._sweep_at >= SWEEP_S:
            self._sweep_at = now
            await self._store.drop_undone()
