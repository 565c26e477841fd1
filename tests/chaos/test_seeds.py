"""Rounds of faults over a working city: PAYLOGIC_CHAOS_SEEDS of them, from the seed PAYLOGIC_CHAOS_FROM."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator

import pytest

from tests.chaos import checker
from tests.chaos.bank import Truth, World, world_of
from tests.chaos.city import HarmedCity, harmed_city
from tests.chaos.nemesis import Nemesis
from tests.chaos.workload import Deeds, Workload, prepare
from tests.support.command import ended, paylogic, start

pytestmark = [pytest.mark.chaos, pytest.mark.slow, pytest.mark.timeout(900)]

FIRST = int(os.environ.get("PAYLOGIC_CHAOS_FROM", "1"))
SEEDS = range(FIRST, FIRST + int(os.environ.get("PAYLOGIC_CHAOS_SEEDS", "1")))
ROUND_S = float(os.environ.get("PAYLOGIC_CHAOS_ROUND_S", "25"))
RUN_HARM_S = ROUND_S / 3
RUN_S_MAX = 400.0
STARTED = "commands.runs.start"  # said in the journal of the actors


@pytest.fixture(scope="module")
def city() -> Iterator[HarmedCity]:
    """One city for all seeds: what a round left is there in the next."""
    with harmed_city("chaos") as made:
        yield made


@pytest.fixture(scope="module")
def world(city: HarmedCity) -> Iterator[World]:
    """Banks and a cashbox that outlive the rounds."""
    with world_of(city) as made:
        yield made


@pytest.mark.parametrize("seed", SEEDS)
async def test_city_keeps_its_word_under_faults(city: HarmedCity, world: World, seed: int) -> None:
    ground = await prepare(city.database_url, f"chaos{seed}")
    workload = Workload(city.url, city.database_url, ground, seed)
    nemesis = Nemesis(city, seed)
    orders = workload.payers.orders
    world.begin(seed)

    await disturbed(workload, nemesis)
    world.line.is_calm = True
    print(f"seed {seed}: {said(workload.deeds)}; {'; '.join(nemesis.done)}")
    await checker.settle(city, world, orders)
    truths = [world.truths().get(number, Truth()) for number in orders]
    paid, returned = (
        sum(1 for one in truths if one.paid_kopecks),
        sum(1 for one in truths if one.refunded_kopecks),
    )
    print(f"seed {seed}: {len(orders)} card orders, {paid} paid, {returned} given back; {world.said()}")
    assert len(workload.deeds.acknowledged) > 0, "nothing was acknowledged: the round proves nothing"
    assert paid > 0, "nobody paid by card: the round proves nothing of cards"
    await checker.check(city.database_url, ground, workload.deeds, world, orders)

    harmed = await harmed_run(city, seed)
    peaceful = await asyncio.to_thread(peaceful_run, city)
    assert harmed == peaceful
    await checker.check(city.database_url, ground, workload.deeds, world, orders)


async def disturbed(workload: Workload, nemesis: Nemesis) -> None:
    """Both for the time of a round; afterwards what was begun is brought to its answer in peace."""
    work_over, peace = asyncio.Event(), asyncio.Event()
    working = asyncio.create_task(workload.run(work_over))
    harming = asyncio.create_task(nemesis.run(peace))
    await asyncio.wait([working], timeout=ROUND_S)
    peace.set()
    await harming
    await nemesis.let_go()
    work_over.set()
    await working


async def harmed_run(city: HarmedCity, seed: int) -> str:
    """Digest of a run during which parts die."""
    told = city.journal("actors").count(STARTED)
    running = start(city.home, "run", "--scope", "city", "--json")
    while city.journal("actors").count(STARTED) == told:  # noqa: ASYNC110 - a journal has no event to wait for
        await asyncio.sleep(0.05)
    nemesis, peace = Nemesis(city, -seed), asyncio.Event()
    harming = asyncio.create_task(nemesis.run(peace))
    await asyncio.sleep(RUN_HARM_S)
    peace.set()
    await harming
    await nemesis.let_go()
    called = await asyncio.to_thread(ended, running, RUN_S_MAX)
    print(f"seed {seed}, in the run: {'; '.join(nemesis.done)}")
    assert called.code == 0, called.err
    return digest(called.json)


def peaceful_run(city: HarmedCity) -> str:
    called = paylogic(city.home, "run", "--scope", "city", "--json", limit_s=RUN_S_MAX)
    assert called.code == 0, called.err
    return digest(called.json)


def digest(done: dict[str, str]) -> str:
    assert done["state"] == "checked", done
    assert int(done["lines"]) > 0, "an empty run would prove nothing"
    return done["digest"]


def said(deeds: Deeds) -> str:
    return (
        f"{len(deeds.acknowledged)} payments acknowledged of {len(deeds.sent)}, {deeds.repeats} repeated, "
        f"{len(deeds.registers)} registers, {len(deeds.readings)} readings, {deeds.retries} tried again"
    )
