"""Order, size and cuts of a block change nothing; a parked account takes nobody with it; shares add up."""

from __future__ import annotations

from dataclasses import fields, replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.blocks import ODD, USUAL, Mix, make_block
from billing.accrue import accrue
from billing.basis import Basis
from billing.block import Block
from billing.lines import DTYPES, Lines, add_digests
from billing.parked import Parked, Reason
from billing.period import Period
from billing.services import Service
from tests.billing.slices import cut_at, of_houses

pytestmark = pytest.mark.fast

TAME = Mix(**{**{f.name: getattr(ODD, f.name) for f in fields(ODD)}, "no_value": 5})
HEAT_BY_HOUSE = [
    Basis.HEAT_HOUSE,
    Basis.HEAT_HOUSE_METERED,
    Basis.HEAT_HOUSE_UNMETERED,
    Basis.HEAT_HOUSE_ALL_METERED,
]


def equal(one: Lines, other: Lines) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in DTYPES)


def reasons(block: Block, parked: Parked) -> dict[int, tuple[Reason, int, str]]:
    """By account id."""
    return {int(block.accounts.id[index]): why for index, why in parked.reason.items()}


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), shuffle=st.randoms(use_true_random=False), odd=st.booleans())
def test_order_and_size_of_blocks_change_nothing(seed: int, shuffle: object, odd: bool) -> None:
    block = make_block(700, seed, mix=ODD if odd else TAME)
    houses = list(range(len(block.houses)))
    shuffle.shuffle(houses)  # type: ignore[attr-defined]
    whole, parked = accrue(block)

    middle = len(houses) // 3
    pieces = [of_houses(block, part) for part in (houses[:middle], houses[middle:]) if part]
    parts = [accrue(piece) for piece in pieces]

    assert add_digests(lines.digest() for lines, _ in parts) == whole.digest()
    assert equal(Lines.concat([lines for lines, _ in parts]).ordered(), whole.ordered())
    told = {k: v for piece, (_, p) in zip(pieces, parts, strict=True) for k, v in reasons(piece, p).items()}
    assert told == reasons(block, parked)


@pytest.mark.parametrize("period", ["2026-10", "2026-02"])
def test_a_cut_where_nothing_changes_does_not_cut_a_line(period: str) -> None:
    mix = replace(TAME, cut=False, partly_open=0, temporary=0)
    block = make_block(900, 3, Period.parse(period), mix)

    for day in (2, 11, 28):
        lines, parked = accrue(cut_at(block, day))
        whole, whole_parked = accrue(block)

        assert equal(lines, whole)
        assert parked.reason == whole_parked.reason


def test_lines_are_in_order_of_accounts_and_services() -> None:
    block = make_block(800, 4, mix=ODD)
    lines, parked = accrue(block)
    place = {int(account): at for at, account in enumerate(block.accounts.id)}
    at = [place[account] for account in lines.account_id.tolist()]
    keys = list(zip(at, lines.service.tolist(), lines.component.tolist(), strict=True))

    assert keys == sorted(keys)
    assert not set(at) & set(parked.reason)


def test_a_parked_account_takes_nobody_with_it() -> None:
    """Take away the area of some: what the others are charged stays to the last column."""
    mix = replace(USUAL, common_actual=0, unheated=0, heat_metered_houses=0)
    block = make_block(500, 8, mix=mix)
    before, _ = accrue(block)
    victims = np.arange(0, len(block), 37)
    accounts = replace(block.accounts, area_dm2=block.accounts.area_dm2.copy())
    accounts.area_dm2[victims] = -1
    accounts.area_days = np.where(np.isin(np.arange(len(block)), victims), 0, accounts.area_days)

    after, parked = accrue(replace(block, accounts=accounts))

    assert set(parked.reason) == set(victims.tolist())
    assert {why[0] for why in parked.reason.values()} == {Reason.NO_AREA}
    others = ~np.isin(before.account_id, block.accounts.id[victims])
    assert equal(after, before.take(others))


def test_neighbours_wait_only_where_they_need_the_volume() -> None:
    mix = replace(USUAL, common_actual=1000, house_metered=1000, unheated=0, service_off=0, no_meter=300)
    block = make_block(400, 9, mix=mix)
    rows = np.flatnonzero(block.meters.service == Service.COLD_WATER)
    metered = set(block.meters.account[rows].tolist())
    victim = next(i for i in range(len(block)) if i not in metered and block.accounts.kind[i] == 0)
    people = block.accounts.norm_person_days.copy()
    people[:, victim] = 0

    _, parked = accrue(replace(block, accounts=replace(block.accounts, norm_person_days=people)))

    house = block.accounts.house[victim]
    of_house = set(np.flatnonzero(block.accounts.house == house).tolist())
    assert parked.reason[victim][0] is Reason.NO_PEOPLE
    assert set(parked.reason) == of_house
    told = {parked.reason[i] for i in of_house - {victim}}
    assert {why for why, _, _ in told} == {Reason.NEIGHBOUR}
    assert {detail for _, _, detail in told} == {str(int(block.accounts.id[victim]))}


@pytest.mark.parametrize("seed", range(6))
def test_heating_of_a_house_adds_up_to_its_meter(seed: int) -> None:
    """Σ volumes = V_д exactly, whoever has meters, when every premises of the house is billed; what checks of
    meters found is a part of it.
    """
    mix = replace(
        USUAL,
        heat_metered_houses=700,
        checked=200,
        unheated=30 if seed % 2 else 0,
        uniform=0,
        ragged=seed > 2,
    )
    block = make_block(600, seed, mix=replace(mix, service_off=0, partly_open=0, no_meter=300, silent=150))
    areas = block.by_house(block.accounts.area_dm2)
    block.houses.area_total_dm2 = areas
    lines, parked = accrue(block)
    heat = lines.take(
        (lines.service == Service.HEATING) & np.isin(lines.basis, [*HEAT_BY_HOUSE, Basis.CHECK])
    )
    house = dict(zip(block.accounts.id.tolist(), block.accounts.house.tolist(), strict=True))
    waiting = {int(block.accounts.house[i]) for i in parked.reason}
    sums: dict[int, Fraction] = {}
    for account, num, den in zip(
        *(getattr(heat, n).tolist() for n in ("account_id", "volume_num", "volume_den")), strict=True
    ):
        sums[house[account]] = sums.get(house[account], Fraction(0)) + Fraction(num, den)

    divided = {house[account] for account in heat.account_id[heat.basis != Basis.CHECK].tolist()}
    checked = {h: total for h, total in sums.items() if h not in waiting and h in divided}
    assert len(checked) > 2
    assert (heat.basis == Basis.CHECK).any()
    for h, total in checked.items():
        assert total == int(block.house_meters[Service.HEATING].volume[h, 0]), h


def test_a_month_older_than_the_law_is_refused() -> None:
    block = make_block(100, 1, Period.parse("2014-12"))
    lines, parked = accrue(block)

    assert len(lines) == 0
    assert {why for why, _, _ in parked.reason.values()} == {Reason.OLDER_THAN_LAW}
    assert len(parked.reason) == len(block)


def test_an_empty_block_is_no_trouble() -> None:
    block = of_houses(make_block(100, 1), [0])
    nobody = replace(block, accounts=replace(block.accounts, open_days=block.accounts.open_days * 0))
    lines, parked = accrue(nobody)

    assert len(lines) == 0
    assert parked.reason == {}
