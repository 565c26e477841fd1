"""Rooms of a communal flat: their shares add up to the common meter, and the trace gives their kopecks."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.accrue import accrue
from billing.basis import Basis
from billing.lawcase.block import build
from billing.lawcase.load import load_text
from billing.quantity import MICRO
from billing.trace import evaluate, explain
from billing.trace_line import Line

pytestmark = pytest.mark.fast

CASE = """
- case: Квартира
  period: 2026-02
  law: {{tariffs: {{cold_water: 45.67}}, norms: {{cold_water: 4.0}}}}
  account: {{kind: room, flat: "7", area: 20, residents: {first}}}
  meters:
    - {{service: cold_water, common: yes, readings: {{2026-01: 100, 2026-02: {end}}}}}
  rest:
    accounts:{rooms}
  expect: []
"""
ROOM = """
      - {{kind: room, flat: "7", area: 20, residents: {people}, meters: {meters}}}"""
METER = "[{{service: cold_water, readings: {{2026-01: 0, 2026-02: {used}}}}}]"


@settings(max_examples=25, deadline=None)
@given(
    first=st.integers(0, 4),
    others=st.lists(st.tuples(st.integers(0, 5), st.none() | st.integers(0, 9_000)), min_size=1, max_size=6),
    litres=st.integers(0, 60_000),
)
def test_rooms_add_up_to_the_flat_and_tell_it(
    first: int, others: list[tuple[int, int | None]], litres: int
) -> None:
    """Whatever lived and was measured in the rooms; an empty room counts its owner."""
    rooms = "".join(
        ROOM.format(people=people, meters="[]" if used is None else METER.format(used=f"{used / 1000:.3f}"))
        for people, used in others
    )
    (case,) = load_text(CASE.format(first=first, end=f"{100 + litres / 1000:.3f}", rooms=rooms), "here")

    lines, parked = accrue(build([case.house], case.period).block)

    assert not parked.reason
    assert len(lines) == len(others) + 1
    assert set(lines.basis.tolist()) <= {Basis.FLAT_METER, Basis.FLAT_ROOM_METER}
    volumes = [Fraction(int(n), int(d)) for n, d in zip(lines.volume_num, lines.volume_den, strict=True)]
    assert sum(volumes) == litres * MICRO // 1000
    for row in range(len(lines)):
        line = Line.at(lines, row)
        assert evaluate(explain(line, case.period))[0] == line.amount_kopecks


CHECKED = """
- case: Проверили счётчики квартиры
  period: 2026-02
  law: {{tariffs: {{cold_water: 45.67}}, norms: {{cold_water: 4.0}}}}
  account: {{kind: room, flat: "7", area: 20, residents: 1}}
  meters:
    - {{service: cold_water, common: yes, readings: {{2026-01: 100, 2026-02: 900}}, {check}}}
  rest:
    accounts:{rooms}
  expect: []
"""
FOUND = (
    "[{{service: cold_water, readings: {{2026-01: 500, 2026-02: 900}}, "
    "check: {{on: 2026-02-10, value: {value}}}}}]"
)


@settings(max_examples=25, deadline=None)
@given(
    litres=st.integers(-99_000, 99_000),
    others=st.lists(
        st.tuples(st.integers(1, 5), st.none() | st.integers(-90_000, 90_000)), min_size=1, max_size=5
    ),
)
def test_what_checks_found_adds_up_to_the_common_meter(
    litres: int, others: list[tuple[int, int | None]]
) -> None:
    """Whatever was found in the rooms, all rooms together are charged the difference of the common meter."""
    rooms = "".join(
        ROOM.format(
            people=people,
            meters="[]" if found is None else FOUND.format(value=f"{500 + found / 1000:.3f}"),
        )
        for people, found in others
    )
    check = f"check: {{on: 2026-02-10, value: {100 + litres / 1000:.3f}}}"
    (case,) = load_text(CHECKED.format(check=check, rooms=rooms), "here")

    lines, parked = accrue(build([case.house], case.period).block)

    assert not parked.reason
    acts = lines.take(lines.basis == Basis.CHECK_ROOM)
    volumes = [Fraction(int(n), int(d)) for n, d in zip(acts.volume_num, acts.volume_den, strict=True)]
    assert sum(volumes) == litres * MICRO // 1000
    for row in range(len(lines)):
        line = Line.at(lines, row)
        assert evaluate(explain(line, case.period))[0] == line.amount_kopecks
