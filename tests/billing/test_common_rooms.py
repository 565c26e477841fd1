"""ОДН of rooms: they add up to the share of their flat and tell it, whoever lives in them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.accrue import accrue, accrue_month
from billing.basis import Basis
from billing.block import Block
from billing.lawcase.block import build
from billing.lawcase.load import load_text
from billing.lines import Lines
from billing.parked import Parked
from billing.quantity import MICRO
from billing.trace import evaluate, explain
from billing.trace_line import Facts, Line

pytestmark = pytest.mark.fast

ROOM = """
      - name: комната {number}
        kind: room
        flat: "7"
        area: {area}
        residents: {people}
        services: [common_electricity]
        opened: 2026-01-{opened:02d}
"""
CASE = """
- case: комнаты
  clause: ПП 354, п. 50, прил. 2, ф. 16, 17
  period: 2026-01
  law: {{tariffs: {{common_electricity: 6.43, electricity: 6.43}}}}
  house:
    area_total: 2400
    methods: {{common_electricity: direct_actual}}
    house_meters: {{electricity: {{volume: {volume}}}}}
  account: {{name: комната 0, kind: room, flat: "7", area: 24, residents: 1, services: [common_electricity]}}
  rest:
    volumes: {{electricity: 500}}
    accounts: {rooms}
  expect: []
"""
Rooms = list[tuple[int, int]]


def block_of(rooms: Rooms, volume: int, opened: int = 1) -> Block:
    written = "".join(
        ROOM.format(number=number, area=area, people=people, opened=opened)
        for number, (area, people) in enumerate(rooms, 1)
    )
    (case,) = load_text(CASE.format(volume=volume, rooms=written), "here")
    return build([case.house], case.period).block


def charged(block: Block) -> tuple[Lines, Parked]:
    """Lines of common needs."""
    lines, parked = accrue(block)
    return lines.take(lines.service == 25), parked


@settings(max_examples=25, deadline=None)
@given(
    rooms=st.lists(st.tuples(st.integers(6, 40), st.integers(0, 5)), min_size=1, max_size=6),
    volume=st.integers(500, 20_000),
)
def test_rooms_add_up_to_the_share_of_their_flat_and_tell_it(rooms: Rooms, volume: int) -> None:
    block = block_of(rooms, volume)

    lines, parked = charged(block)

    assert not parked.reason
    assert set(lines.basis.tolist()) == {Basis.ROOM_ACTUAL}
    volumes = [Fraction(int(n), int(d)) for n, d in zip(lines.volume_num, lines.volume_den, strict=True)]
    area = 24 + sum(size for size, _ in rooms)
    assert sum(volumes) == Fraction((volume - 500) * MICRO * area, 2400)
    for row in range(len(lines)):
        told = explain(Line.at(lines, row), block.period, Facts(house_area_dm2=240_000))
        assert evaluate(told)[0] == lines.amount_kopecks[row], told.formula


def test_a_room_opened_inside_the_month_weighs_its_days() -> None:
    block = block_of([(36, 3)], 2500, opened=17)

    lines, parked = charged(block)

    assert not parked.reason
    assert lines.a.tolist() == [31, 45]
    volumes = [Fraction(int(n), int(d)) for n, d in zip(lines.volume_num, lines.volume_den, strict=True)]
    flat = Fraction(2000 * MICRO * (2400 * 31 + 3600 * 15), 240_000 * 31)
    assert volumes == [flat * 31 / 76, flat * 45 / 76]


def test_the_share_is_told_by_people() -> None:
    block = block_of([(36, 3)], 2500)
    lines, _ = charged(block)

    told = explain(Line.at(lines, 1), block.period)

    assert told.volume_formula == "50 × 3 / 4"
    assert told.clause == "ПП 354, п. 44, 50, прил. 2, ф. 16, 17"
    assert any("по числу проживающих" in note for note in told.notes)


@pytest.mark.parametrize("volume", [500, 400])
def test_a_house_with_nothing_to_share_charges_rooms_nothing(volume: int) -> None:
    block = block_of([(36, 3)], volume)

    lines, _ = charged(block)

    assert lines.amount_kopecks.tolist() == [0, 0]
    assert accrue_month(block).common[25].charged.tolist() == [0]
    for row in range(2):
        assert evaluate(explain(Line.at(lines, row), block.period))[0] == 0
