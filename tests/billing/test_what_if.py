"""A question that charges anew only what it touches gives exactly what the whole would, whatever changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.blocks import ODD, USUAL, make_block
from billing.accrue import accrue
from billing.block import MISSING, Block, Norm, Rate
from billing.choices import BENEFIT_BASE, REFUSAL
from billing.kept import again
from billing.lawcase.block import build
from billing.noted import Key, named_values
from billing.period import Period
from billing.services import Service
from billing.use import regional_raising
from billing.what_if import Compared, Warm, ask, step_of, warmed
from tests.law.support import all_cases

pytestmark = pytest.mark.fast
Question = tuple[Block, frozenset[Key]]
COLD = (int(Service.COLD_WATER), 0)


def equal(one: Compared, other: Compared) -> bool:
    """Every row and every extreme."""
    columns = ("key", "accounts", "more", "less", "before", "after")
    rows = all(
        mine.cut == others.cut and all(np.array_equal(getattr(mine, c), getattr(others, c)) for c in columns)
        for mine, others in zip(one.rows, other.rows, strict=True)
    )
    extremes = ("account_id", "house_id", "before", "after")
    return rows and all(
        np.array_equal(getattr(one.extremes, c), getattr(other.extremes, c)) for c in extremes
    )


def moved(values: Any, rng: np.random.Generator) -> Any:
    """About half of the values changed: more, less, nothing to pay, now and then one more value or less."""
    out = values.copy()
    chance = rng.integers(0, 12, values.shape)
    out = np.where((chance < 3) & (values > 0), values * rng.integers(50, 200, values.shape) // 100, out)
    out = np.where((chance == 3) & (values != MISSING), 0, out)
    if rng.integers(0, 3) == 0:
        out = np.where(chance == 4, MISSING, out)
        out = np.where((chance == 5) & (values == MISSING), 1_000, out)
    return out


def questions(block: Block, rng: np.random.Generator) -> Iterator[Question]:
    """Every value of the block changed, one after another, and K of services that have none."""
    for rate, table in block.rates.items():
        yield (
            replace(block, rates={**block.rates, rate: Rate(moved(table.values, rng))}),
            named_values("rate", [rate]),
        )
    for norm, of in block.norms.items():
        changed = Norm(moved(of.values, rng), of.group)
        yield replace(block, norms={**block.norms, norm: changed}), named_values("norm", [norm])
    raising = [regional_raising(service) for service in (Service.COLD_WATER, Service.ELECTRICITY)]
    for name in {*block.coefficients, *raising}:
        given = block.coefficients.get(name)
        some = np.full((len(block.days), len(block.houses)), 1_300) if given is None else moved(given, rng)
        if given is not None and name.startswith("choice"):
            some = np.where(given == MISSING, given, 1 - np.minimum(np.maximum(given, 0), 1))
        coefficients = {**block.coefficients, name: np.asarray(some, np.int64)}
        yield replace(block, coefficients=coefficients), named_values("coefficient", [name])


def check(block: Block, seed: int, take: int = 1) -> tuple[int, int]:
    """Every `take`-th question both ways; how many were answered in part, how many in all."""
    rng, warm = np.random.default_rng(seed), warmed(block)
    partly = asked = 0
    for number, (other, changed) in enumerate(questions(block, rng)):
        if number % take == seed % take:
            assert equal(ask(warm, other, changed), ask(warm, other, None)), changed
            partly += warm.kept is not None and again(warm.kept, other, changed) is not None
            asked += 1
    return partly, asked


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000), odd=st.booleans())
def test_a_part_charged_anew_is_the_whole_in_any_city(seed: int, odd: bool) -> None:
    partly, asked = check(make_block(400, seed, mix=ODD if odd else USUAL), seed, take=4)

    assert partly == asked > 0


def periods() -> dict[Period, list[Any]]:
    """Houses of the law cases by month."""
    found: dict[Period, list[Any]] = defaultdict(list)
    for case in all_cases():
        if not (case.penalty or case.instalment or case.overdue or case.subsidy):
            found[case.period].append(case.house)
    return found


@pytest.mark.parametrize("period", sorted(periods(), key=str), ids=str)
def test_a_part_charged_anew_is_the_whole_in_every_law_case(period: Period) -> None:
    """Льготы, absences, breaks, divided and communal flats, acts, boilers, formulas, corrections."""
    houses = periods()[period]
    block = build(houses, period).block

    partly, asked = check(block, len(houses))

    assert partly > asked // 3 if period.year > 2014 else not partly, "older than the law: counted whole"


def test_a_part_that_comes_out_otherwise_would_be_seen() -> None:
    block = make_block(200, 3, mix=USUAL)
    warm = warmed(block)
    raised = replace(block, rates={**block.rates, COLD: Rate(block.rates[COLD].values * 2)})

    wrong = ask(warm, raised, named_values("rate", [(int(Service.GAS), 0)]))

    assert not equal(wrong, ask(warm, raised, None))


def test_a_tariff_of_cold_water_runs_cold_water_alone() -> None:
    block = make_block(300, 5, mix=USUAL)
    warm = warmed(block)
    raised = replace(block, rates={**block.rates, COLD: Rate(block.rates[COLD].values * 2)})
    assert warm.kept is not None

    anew = again(warm.kept, raised, named_values("rate", [COLD]))

    assert anew is not None
    assert set(anew.lines.service.tolist()) == {int(Service.COLD_WATER)} == anew.services


def test_a_norm_of_cold_water_reaches_what_takes_its_volumes() -> None:
    block = make_block(300, 6, mix=USUAL)
    key = (int(Service.COLD_WATER), "person")
    more = replace(
        block, norms={**block.norms, key: Norm(block.norms[key].values * 2, block.norms[key].group)}
    )
    warm = warmed(block)
    assert warm.kept is not None

    anew = again(warm.kept, more, named_values("norm", [key]))

    assert anew is not None
    assert {int(Service.SEWERAGE), int(Service.COMMON_COLD_WATER)} <= anew.services
    assert int(Service.HEATING) not in anew.services


def test_what_the_table_of_meters_asks_is_counted_whole() -> None:
    block = make_block(300, 7, mix=USUAL)
    warm = warmed(block)
    shape = (len(block.days), len(block.houses))
    otherwise = replace(block, coefficients={**block.coefficients, REFUSAL: np.ones(shape, np.int64)})
    changed = named_values("coefficient", [REFUSAL])
    assert warm.kept is not None

    assert again(warm.kept, otherwise, changed) is None
    assert equal(ask(warm, otherwise, changed), ask(warm, otherwise, None))
    assert again(warm.kept, otherwise, named_values("coefficient", [BENEFIT_BASE])) is not None, "no льготы"


def test_rows_are_what_lines_add_up_to() -> None:
    """Against plain sums of lines, account by account."""
    block = make_block(250, 11, mix=ODD)
    warm = warmed(block)
    other, changed = next(iter(questions(block, np.random.default_rng(4))))
    found = ask(warm, other, changed)
    sides = [sums(block), sums(other)]
    parked = [set(accrue(one)[1].reason) for one in (block, other)]
    paying = [at for at in range(len(block)) if at not in parked[0] | parked[1]]

    for cut, place in (("service", 0), ("supplier", 1)):
        codes = {pair[place] for side in sides for of in side.values() for pair in of}
        want = {}
        for code in codes:
            was, now = ([own(side, at, code, place) for at in paying] for side in sides)
            if any(was) or any(now):
                has = [at for at in range(len(was)) if was[at] or now[at]]
                want[code] = row([was[at] for at in has], [now[at] for at in has])
        assert told(found, cut) == want
    for cut, keys in keys_of(warm, sides).items():
        want = {}
        for key in {keys[at] for at in paying}:
            mine = [at for at in paying if keys[at] == key]
            want[key] = row(*([sum(side[at].values()) for at in mine] for side in sides))
        assert told(found, cut) == want
    assert found.of("parked").accounts.tolist() == [len(parked[0] & parked[1])]


def sums(block: Block) -> dict[int, dict[tuple[int, int], int]]:
    """Kopecks by account, service and supplier."""
    lines, _ = accrue(block)
    place = {account: at for at, account in enumerate(block.accounts.id.tolist())}
    out: dict[int, dict[tuple[int, int], int]] = {at: defaultdict(int) for at in place.values()}
    for number in range(len(lines)):
        pair = int(lines.service[number]), int(lines.supplier_id[number])
        kopecks = int(lines.amount_kopecks[number]) + int(lines.surcharge_kopecks[number])
        out[place[int(lines.account_id[number])]][pair] += kopecks
    return out


def own(side: dict[int, dict[tuple[int, int], int]], at: int, code: int, place: int) -> int:
    return sum(kopecks for pair, kopecks in side[at].items() if pair[place] == code)


def row(was: list[int], now: list[int]) -> tuple[int, ...]:
    """accounts, more, less, before, after of a code or a key."""
    pairs = list(zip(was, now, strict=True))
    return (
        len(pairs),
        sum(b > a for a, b in pairs),
        sum(b < a for a, b in pairs),
        sum(was),
        sum(now),
    )


def told(found: Compared, cut: str) -> dict[int, tuple[int, ...]]:
    rows = found.of(cut)
    columns = (rows.accounts, rows.more, rows.less, rows.before, rows.after)
    return dict(zip(rows.key.tolist(), zip(*(c.tolist() for c in columns), strict=True), strict=True))


def keys_of(warm: Warm, sides: list[dict[int, dict[tuple[int, int], int]]]) -> dict[str, list[int]]:
    """Keys of the accounts by cut, the step among them."""
    block = warm.block
    totals = [np.array([sum(side[at].values()) for at in range(len(block))], np.int64) for side in sides]
    return {
        "all": [0] * len(block),
        "house": block.houses.id[block.accounts.house].tolist(),
        "company": block.accounts.company_id.tolist(),
        "step": step_of(totals[1] - totals[0]).tolist(),
    }
