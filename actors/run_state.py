"""The machine of runs: (state, observed) → actions. Pure: no clock, no database, no Ray; tested with a fake
clock.

The supervisor observes PostgreSQL and its workers, asks `decide` what to do, writes down what is about to be
given out, and then acts. What is lost by a crash is only which blocks were in flight: they are planned blocks
again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from storage.run_work import BlockTask, LiveRun

IN_FLIGHT_MAX = 2  # blocks given to a worker at once: it loads one while the other is written
ATTEMPTS_MAX = 3  # a block that fails so often is parked and the run goes on
LOSSES_MAX = 10  # a worker lost under a block is no attempt of the block, unless it takes so many with it
RETRY_S = (1.0, 5.0)  # pause before the second and the third attempt
TRANSIENT_S = 1.0  # pause of all work after the surroundings failed
FLIGHT_S_MAX = 300.0  # a block is given to another worker after this; the fence makes a late twin harmless

BlockKey = tuple[int, int]  # run, block


@dataclass(frozen=True, slots=True)
class Flight:
    """A block given to a worker."""

    task: BlockTask
    worker: str
    since: float


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a flight. kind: done, gone, law, error, transient, lost."""

    key: BlockKey
    kind: str
    message: str = ""


@dataclass(slots=True)
class State:
    """What the supervisor remembers between steps; all of it may be lost."""

    flights: dict[BlockKey, Flight] = field(default_factory=dict)
    not_before: dict[BlockKey, float] = field(default_factory=dict)
    losses: dict[BlockKey, int] = field(default_factory=dict)
    paused_until: float = 0.0


@dataclass(frozen=True, slots=True)
class Observed:
    """What is so now: the time, accruing runs with blocks to do, workers, and what came back since the last
    step.
    """

    now: float
    runs: Sequence[LiveRun]
    workers: Sequence[str]
    results: Sequence[Result] = ()


@dataclass(frozen=True, slots=True)
class Give:
    """Give a block to a worker (noted in the database first)."""

    task: BlockTask
    worker: str


@dataclass(frozen=True, slots=True)
class Note:
    """Write down that an attempt failed and will be repeated."""

    key: BlockKey
    message: str


@dataclass(frozen=True, slots=True)
class Park:
    """Give a block up; its accounts are parked with BLOCK_FAILED."""

    task: BlockTask
    message: str


@dataclass(frozen=True, slots=True)
class Finish:
    """Every block of the run is done."""

    run_id: int


@dataclass(frozen=True, slots=True)
class Fail:
    """The run cannot go on as a whole."""

    run_id: int
    message: str


Action = Give | Note | Park | Finish | Fail


def decide(state: State, seen: Observed) -> list[Action]:
    """What to do now. Changes `state`: flights that ended go, given ones come."""
    actions: list[Action] = []
    for result in seen.results:
        actions.extend(_ended(state, result, seen.now))
    overdue = [key for key, flight in state.flights.items() if seen.now - flight.since > FLIGHT_S_MAX]
    for key in overdue:
        late = Result(key, "error", f"не ответил за {FLIGHT_S_MAX:.0f} с")
        actions.extend(_ended(state, late, seen.now))
    settled = {key for action in actions for key in _settles(action)}
    failed = {action.run_id for action in actions if isinstance(action, Fail)}
    for run in seen.runs:
        in_flight = any(run_id == run.id for run_id, _ in state.flights)
        if not run.pending and not in_flight and run.id not in failed:
            actions.append(Finish(run.id))
    if seen.now >= state.paused_until:
        ready = [
            task
            for run in seen.runs
            if not run.stop_requested and run.id not in failed
            for task in run.pending
            if _may_go(state, task, seen.now) and (task.run_id, task.block_no) not in settled
        ]
        actions.extend(_give(state, ready, seen))
    return actions


def _may_go(state: State, task: BlockTask, now: float) -> bool:
    key = (task.run_id, task.block_no)
    return key not in state.flights and state.not_before.get(key, 0.0) <= now


def _settles(action: Action) -> list[BlockKey]:
    return [(action.task.run_id, action.task.block_no)] if isinstance(action, Park) else []


def _ended(state: State, result: Result, now: float) -> list[Action]:
    """A flight is over: nothing more to do, again later, parked, or the whole run failed."""
    flight = state.flights.pop(result.key, None)
    if flight is None:  # a late twin of a block that was given to another worker
        return []
    if result.kind == "transient":
        state.paused_until = max(state.paused_until, now + TRANSIENT_S)
        return []
    if result.kind == "law":
        return [Fail(result.key[0], result.message)]
    if result.kind == "lost":
        state.losses[result.key] = state.losses.get(result.key, 0) + 1
        if state.losses[result.key] < LOSSES_MAX:
            state.not_before[result.key] = now + RETRY_S[0]
            return []
    elif result.kind != "error":
        state.losses.pop(result.key, None)
        state.not_before.pop(result.key, None)
        return []
    attempts = flight.task.attempts + 1
    if attempts >= ATTEMPTS_MAX:
        state.not_before.pop(result.key, None)
        return [Park(flight.task, result.message)]
    state.not_before[result.key] = now + RETRY_S[min(attempts, len(RETRY_S)) - 1]
    return [Note(result.key, result.message)]


def _give(state: State, ready: Sequence[BlockTask], seen: Observed) -> list[Action]:
    """Blocks to workers with room: its own ones first (warm), then whatever waits, oldest run first."""
    room = dict.fromkeys(seen.workers, IN_FLIGHT_MAX)
    for flight in state.flights.values():
        if flight.worker in room:
            room[flight.worker] -= 1
    actions: list[Action] = []
    waiting = dict.fromkeys(ready)
    workers = tuple(seen.workers)
    owners = {task: owner(task.key, workers) for task in ready} if workers else {}
    for slot in range(IN_FLIGHT_MAX, 0, -1):  # every worker gets its first block before any gets its second
        for worker in seen.workers:
            if room[worker] < slot or not waiting:
                continue
            task = next((one for one in waiting if owners[one] == worker), next(iter(waiting)))
            del waiting[task]
            room[worker] -= 1
            state.flights[(task.run_id, task.block_no)] = Flight(task, worker, seen.now)
            actions.append(Give(task, worker))
    return actions


@lru_cache(maxsize=2**16)
def owner(key: int, workers: tuple[str, ...]) -> str:
    """Rendezvous hashing: the worker that keeps this block warm; only the lost worker's blocks move when it
    goes.
    """
    return max(workers, key=lambda one: hashlib.blake2b(f"{key}:{one}".encode(), digest_size=8).digest())
