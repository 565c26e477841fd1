"""The machine of runs with a fake clock: what is given, repeated, parked, finished, and what a lost memory
costs.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from actors.run_state import (
    ATTEMPTS_MAX,
    FLIGHT_S_MAX,
    IN_FLIGHT_MAX,
    LOSSES_MAX,
    RETRY_S,
    TRANSIENT_S,
    Fail,
    Finish,
    Give,
    Note,
    Observed,
    Park,
    Result,
    State,
    decide,
    owner,
)
from storage.run_work import BlockTask, LiveRun

WORKERS = ("w1", "w2")


def task(block: int, run: int = 1, attempts: int = 0) -> BlockTask:
    return BlockTask(run, block, 24321, "law", (block * 10, block * 10 + 1), None, False, attempts)


def run_of(*tasks: BlockTask, run: int = 1, stop: bool = False) -> LiveRun:
    return LiveRun(run, 24321, stop, tasks)


def given(actions: Sequence[object]) -> list[tuple[int, str]]:
    return [(action.task.block_no, action.worker) for action in actions if isinstance(action, Give)]


def test_no_worker_has_more_than_two_blocks_and_each_gets_one_before_any_gets_two() -> None:
    state = State()
    blocks = [task(number) for number in range(1, 10)]

    actions = decide(state, Observed(0.0, [run_of(*blocks)], WORKERS))

    workers = [worker for _, worker in given(actions)]
    assert len(workers) == IN_FLIGHT_MAX * len(WORKERS)
    assert set(workers[: len(WORKERS)]) == set(WORKERS)
    assert all(workers.count(worker) == IN_FLIGHT_MAX for worker in WORKERS)
    assert decide(state, Observed(0.1, [run_of(*blocks)], WORKERS)) == []


def test_a_block_that_came_back_makes_room_for_the_next() -> None:
    state = State()
    blocks = [task(number) for number in range(1, 6)]
    first = given(decide(state, Observed(0.0, [run_of(*blocks)], WORKERS)))
    block, worker = first[0]
    left = [one for one in blocks if one.block_no != block]

    actions = decide(state, Observed(1.0, [run_of(*left)], WORKERS, [Result((1, block), "done")]))

    assert [name for _, name in given(actions)] == [worker]


def test_every_block_goes_out_exactly_once_whatever_order_they_come_back_in() -> None:
    state, left, out = State(), {number: task(number) for number in range(1, 41)}, []
    results: list[Result] = []
    for step in range(200):
        run = run_of(*left.values())
        actions = decide(state, Observed(step * 0.1, [run], WORKERS, results))
        if any(isinstance(action, Finish) for action in actions):
            break
        out += [block for block, _ in given(actions)]
        back = sorted(state.flights)[step % 2 :: 2]
        results = [Result(key, "done") for key in back]
        for _, block in back:
            left.pop(block, None)
    assert sorted(out) == list(range(1, 41))


def test_a_run_is_finished_when_nothing_is_left_and_nothing_is_in_flight() -> None:
    state = State()
    decide(state, Observed(0.0, [run_of(task(1))], WORKERS))

    while_flying = decide(state, Observed(1.0, [run_of()], WORKERS))
    after = decide(state, Observed(2.0, [run_of()], WORKERS, [Result((1, 1), "done")]))

    assert while_flying == []
    assert after == [Finish(1)]


def test_a_stopped_run_gets_no_new_blocks_and_finishes_those_in_flight() -> None:
    state = State()
    blocks = [task(number) for number in range(1, 10)]
    decide(state, Observed(0.0, [run_of(*blocks)], WORKERS))

    stopped = decide(
        state, Observed(1.0, [run_of(*blocks[1:], stop=True)], WORKERS, [Result((1, 1), "done")])
    )

    assert stopped == []
    resumed = decide(state, Observed(2.0, [run_of(*blocks[1:])], WORKERS))
    assert len(given(resumed)) == 1


def test_a_failed_block_is_repeated_after_a_pause_and_noted() -> None:
    state = State()
    decide(state, Observed(0.0, [run_of(task(1))], WORKERS))

    failed = decide(
        state,
        Observed(1.0, [run_of(task(1, attempts=1))], WORKERS, [Result((1, 1), "error", "деление на ноль")]),
    )
    too_early = decide(state, Observed(1.0 + RETRY_S[0] / 2, [run_of(task(1, attempts=1))], WORKERS))
    in_time = decide(state, Observed(1.0 + RETRY_S[0], [run_of(task(1, attempts=1))], WORKERS))

    assert failed == [Note((1, 1), "деление на ноль")]
    assert too_early == []
    assert [block for block, _ in given(in_time)] == [1]


def test_a_block_that_fails_three_times_is_parked_and_the_run_goes_on() -> None:
    state, now = State(), 0.0
    for attempt in range(ATTEMPTS_MAX):
        decide(state, Observed(now, [run_of(task(1, attempts=attempt), task(2))], ("w1",)))
        now += 100.0
        pending = run_of(task(1, attempts=attempt + 1), task(2))
        actions = decide(state, Observed(now, [pending], ("w1",), [Result((1, 1), "error", "сломан")]))
        now += 100.0

    parked = [action for action in actions if isinstance(action, Park)]
    assert [action.task.block_no for action in parked] == [1]
    assert (1, 2) in state.flights
    assert 1 not in [block for block, _ in given(actions)]


def test_a_lost_worker_costs_no_attempt_until_a_block_has_taken_many_with_it() -> None:
    state, now, came = State(), 0.0, []
    for _ in range(LOSSES_MAX + ATTEMPTS_MAX):
        decide(state, Observed(now, [run_of(task(1))], ("w1",)))
        now += 100.0
        came.append(decide(state, Observed(now, [run_of(task(1))], (), [Result((1, 1), "lost", "нет")])))
        now += 100.0

    assert came[: LOSSES_MAX - 1] == [[]] * (LOSSES_MAX - 1)
    assert came[LOSSES_MAX - 1] == [Note((1, 1), "нет")]


def test_attempts_survive_the_supervisor_because_they_come_from_the_database() -> None:
    fresh = State()
    decide(fresh, Observed(0.0, [run_of(task(1, attempts=ATTEMPTS_MAX - 1))], WORKERS))

    actions = decide(
        fresh, Observed(1.0, [run_of(task(1, attempts=3))], WORKERS, [Result((1, 1), "error", "?")])
    )

    assert isinstance(actions[0], Park)


def test_trouble_of_the_surroundings_pauses_everything_and_costs_no_attempt() -> None:
    state = State()
    decide(state, Observed(0.0, [run_of(task(1), task(2))], ("w1",)))

    result = [Result((1, 1), "transient", "база перезапускается")]
    during = decide(state, Observed(1.0, [run_of(task(1, attempts=1), task(2))], ("w1",), result))
    after = decide(state, Observed(1.0 + TRANSIENT_S, [run_of(task(1, attempts=1), task(2))], ("w1",)))

    assert during == []
    assert [block for block, _ in given(after)] == [1]


def test_a_changed_law_fails_the_run_as_a_whole_and_no_other() -> None:
    state = State()
    runs = [run_of(task(1), task(2), task(3)), run_of(task(1, run=2), run=2)]
    decide(state, Observed(0.0, runs, ("w1",)))

    actions = decide(state, Observed(1.0, runs, ("w1", "w2"), [Result((1, 1), "law", "тариф изменён")]))

    assert actions[0] == Fail(1, "тариф изменён")
    assert {action.task.run_id for action in actions if isinstance(action, Give)} == {2}


def test_an_undone_run_is_forgotten_without_noise() -> None:
    state = State()
    decide(state, Observed(0.0, [run_of(task(1))], WORKERS))

    assert decide(state, Observed(1.0, [], WORKERS, [Result((1, 1), "gone", "undone")])) == []
    assert state.flights == {}


def test_a_block_that_does_not_come_back_is_given_to_another_and_its_late_twin_is_ignored() -> None:
    state = State()
    decide(state, Observed(0.0, [run_of(task(1))], ("w1",)))

    late = FLIGHT_S_MAX + 1
    overdue = decide(state, Observed(late, [run_of(task(1, attempts=1))], ("w1",)))
    again = decide(state, Observed(late + RETRY_S[0], [run_of(task(1, attempts=1))], ("w1",)))
    assert isinstance(overdue[0], Note)
    assert [block for block, _ in given(again)] == [1]

    twice = [Result((1, 1), "done"), Result((1, 1), "done")]
    assert decide(state, Observed(late + 5, [run_of()], ("w1",), twice)) == [Finish(1)]


def test_without_workers_blocks_wait() -> None:
    assert decide(State(), Observed(0.0, [run_of(task(1))], ())) == []


def test_older_runs_are_served_first() -> None:
    runs = [run_of(task(1), task(2), run=1), run_of(task(1, run=2), run=2)]

    actions = decide(State(), Observed(0.0, runs, ("w1",)))

    assert [action.task.run_id for action in actions if isinstance(action, Give)] == [1, 1]


@pytest.mark.parametrize("lost", ["w1", "w3", "w5"])
def test_only_the_lost_workers_blocks_move(lost: str) -> None:
    before = ("w1", "w2", "w3", "w4", "w5")
    after = tuple(worker for worker in before if worker != lost)

    for key in range(500):
        if owner(key, before) != lost:
            assert owner(key, after) == owner(key, before)


def test_blocks_are_spread_over_workers() -> None:
    owners = [owner(key, ("w1", "w2", "w3", "w4")) for key in range(4000)]

    assert all(800 < owners.count(worker) < 1200 for worker in ("w1", "w2", "w3", "w4"))
