"""The crew of Ray workers: as many as the machines there are have cores, each keeping its blocks warm.

Ray restarts a worker that died and repeats its tasks; a worker that does not answer at all (its machine is
gone and there is no room for it elsewhere) is forgotten, and its blocks go to the others.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import ray
from ray.exceptions import ActorDiedError, NodeDiedError, RayActorError, RayError, WorkerCrashedError

from actors.accrual import Accruer, Failed, Outcome
from actors.pressed import NotPrinted
from actors.pressed import Outcome as Pressed
from actors.run_state import FLIGHT_S_MAX, IN_FLIGHT_MAX
from storage.press_work import PressTask
from storage.run_work import BlockTask
from storage.work import BlockStore

if TYPE_CHECKING:
    from actors.presser import Presser

log = logging.getLogger("paylogic.pool")

WORKERS_MAX = 256
LOOK_S = 2.0  # how often machines are counted
PING_S_MAX = 20.0  # a worker that does not answer so long is on a lost machine
TASK_RETRIES_MAX = 3

LOST = (RayActorError, NodeDiedError, WorkerCrashedError)  # the worker, not the block

Build = Callable[[str], Accruer]


class AccrualWorker:
    """At least once by Ray, exactly once by the store's fence: the same task twice leaves the same rows."""

    def __init__(self, build: Build, name: str, url: str) -> None:
        self._accruer = build(name)
        self._url = url
        self._presser: Presser | None = None

    async def accrue(self, task: BlockTask) -> Outcome:
        return await self._accruer.accrue(task)

    async def press(self, task: PressTask) -> Pressed:
        if self._presser is None:
            from actors.presser import Presser  # fonts and forms only where something is printed

            self._presser = Presser(self._url)
        return await self._presser.press(task)

    async def ping(self) -> bool:
        return True


OPTIONS: dict[str, Any] = {
    "num_cpus": 1,
    "max_restarts": -1,
    "max_task_retries": TASK_RETRIES_MAX,
    "max_concurrency": IN_FLIGHT_MAX + 1,  # and a ping
}


class RayCrew:
    """Implements actors.supervisor.Crew and actors.press.PressCrew. `build` makes the Accruer inside a
    worker's process.
    """

    def __init__(self, url: str, build: Build | None = None, workers_max: int = WORKERS_MAX) -> None:
        self._url = url
        self._build = build or AccruerOf(url)
        self._workers_max = workers_max
        self._workers: dict[str, Any] = {}
        self._answered: set[str] = set()  # at least once
        self._away: set[str] = set()  # lost a block and have not answered since
        self._pings: dict[str, tuple[asyncio.Task[None], float]] = {}  # since when the answer is awaited
        self._looked_at = 0.0

    async def refresh(self) -> Sequence[str]:
        """Names of workers that answer, after starting those a new machine has room for."""
        now = time.monotonic()
        if now - self._looked_at >= LOOK_S:
            self._looked_at = now
            self._forget_silent(now)
            await self._start(await asyncio.to_thread(_cores))
            for name in self._workers:
                if name not in self._pings:
                    self._pings[name] = (asyncio.create_task(self._ping(name)), now)
        return [name for name in self._workers if name in self._answered and name not in self._away]

    async def accrue(self, worker: str, task: BlockTask) -> Outcome:
        """A lost worker is no fault of the block: it gets nothing more until it answers a ping again."""
        handle = self._workers.get(worker)
        if handle is None:
            return Failed(task.run_id, task.block_no, "transient", f"worker {worker} is gone")
        try:
            outcome: Outcome = await asyncio.wait_for(_answer(handle.accrue.remote(task)), FLIGHT_S_MAX)
        except LOST as error:
            self._away.add(worker)
            return Failed(task.run_id, task.block_no, "lost", f"{type(error).__name__}: {error}")
        except (RayError, TimeoutError) as error:
            return Failed(task.run_id, task.block_no, "error", f"{type(error).__name__}: {error}")
        return outcome

    async def press(self, worker: str, task: PressTask) -> Pressed:
        """Have a worker render a block of a print run; one that is lost spends no attempt of the block."""
        handle = self._workers.get(worker)
        if handle is None:
            return NotPrinted(*task.key, f"worker {worker} is gone", is_spent=False)
        try:
            outcome: Pressed = await asyncio.wait_for(_answer(handle.press.remote(task)), FLIGHT_S_MAX)
        except LOST as error:
            self._away.add(worker)
            return NotPrinted(*task.key, f"{type(error).__name__}: {error}", is_spent=False)
        except (RayError, TimeoutError) as error:
            return NotPrinted(*task.key, f"{type(error).__name__}: {error}", is_spent=True)
        return outcome

    async def _start(self, cores: int) -> None:
        wanted = min(cores, self._workers_max)
        number = 0
        while len(self._workers) < wanted:
            number += 1
            name = f"w{number}"
            if name not in self._workers:
                self._workers[name] = _start_worker(self._build, name, self._url)
                log.info("worker %s started", name)

    async def _ping(self, name: str) -> None:
        handle = self._workers[name]
        try:
            await _answer(handle.ping.remote())
            is_alive = True
        except ActorDiedError as error:
            is_alive = False
            log.warning("worker %s is dead for good: %s", name, error)
        except RayError as error:  # it is being restarted; the next ping will tell
            self._away.add(name)
            log.warning("worker %s: %r", name, error)
            return
        finally:
            if self._workers.get(name) is handle:
                self._pings.pop(name, None)
        if self._workers.get(name) is handle:
            if is_alive:
                self._answered.add(name)
                self._away.discard(name)
            else:
                self._drop(name)

    def _forget_silent(self, now: float) -> None:
        for name, (_, asked_at) in list(self._pings.items()):
            if name in self._answered and now - asked_at > PING_S_MAX:
                log.warning("worker %s does not answer and is forgotten", name)
                self._drop(name)

    def _drop(self, name: str) -> None:
        handle = self._workers.pop(name, None)
        self._answered.discard(name)
        self._away.discard(name)
        self._pings.pop(name, None)
        if handle is not None:
            ray.kill(handle, no_restart=True)

    def close(self) -> None:
        """End all workers."""
        for task, _ in self._pings.values():
            task.cancel()
        for name in list(self._workers):
            self._drop(name)


async def started_crew(url: str) -> RayCrew:
    """A crew whose workers are on their way; Ray is connected already."""
    crew = RayCrew(url)
    await crew.refresh()
    return crew


class AccruerOf:
    """Builds an Accruer over a database; travels to the worker's process."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __call__(self, name: str) -> Accruer:
        return Accruer(BlockStore(self.url), name)


def _start_worker(build: Build, name: str, url: str) -> Any:
    return ray.remote(AccrualWorker).options(**OPTIONS).remote(build, name, url)


async def _answer(reference: Any) -> Any:
    return await reference


def _cores() -> int:
    """Cores of all machines alive now."""
    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return int(resources.get("CPU", 0))
