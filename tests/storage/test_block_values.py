"""Which tariff or norm counts: the narrower over the wider, the later over the earlier, by days of the
month.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from billing.block import MISSING
from billing.period import Period
from storage.block_values import FAR, DatedRow, Places, Segments, Spots, Table, Values

PERIOD = Period.parse("2026-10")
LONG_AGO = dt.date(2020, 1, 1)
CITY = DatedRow(1, 0, 0, 0, LONG_AGO, FAR, 100)
AT = Places(np.array([11, 12, 13], np.int32), np.array([1, 2, 2], np.int16), np.array([5, 5, 6], np.int32))
SPOTS = Spots.of(AT, np.array([7, 8, 8], np.int32))


def values(*rows: DatedRow) -> Values:
    return Values(PERIOD, tariffs={(1, 0): Table.of(rows)}, norms={(1, "person"): Table.of(rows)})


def rates(*rows: DatedRow, days: tuple[int, ...] = (1,)) -> list[list[int]]:
    segments = [dt.date(2026, 10, day) for day in days]
    found: list[list[int]] = values(*rows).rate((1, 0), AT, SPOTS, segments).values[:, 0, :].tolist()
    return found


def test_a_value_of_the_city_is_for_every_house() -> None:
    assert rates(CITY) == [[100, 100, 100]]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (replace(CITY, id=2, zone=2, value=200), [100, 200, 200]),
        (replace(CITY, id=2, organisation=5, value=200), [200, 200, 100]),
        (replace(CITY, id=2, organisation=8, value=200), [100, 200, 200]),
        (replace(CITY, id=2, house=12, value=200), [100, 200, 100]),
        (replace(CITY, id=2, organisation=5, zone=2, value=200), [100, 200, 100]),
        (replace(CITY, id=2, organisation=99, value=200), [100, 100, 100]),
    ],
)
def test_a_narrower_value_wins_where_it_is_for(row: DatedRow, expected: list[int]) -> None:
    assert rates(CITY, row) == [expected]
    assert rates(row, CITY) == [expected]


def test_house_over_organisation_over_zone_over_city() -> None:
    zone = replace(CITY, id=2, zone=2, value=200)
    organisation = replace(CITY, id=3, organisation=5, value=300)
    house = replace(CITY, id=4, house=12, value=400)

    assert rates(CITY, zone, organisation, house) == [[300, 400, 200]]


def test_the_managing_company_over_the_supplier() -> None:
    supplier = replace(CITY, id=9, organisation=8, zone=2, value=300)
    company = replace(CITY, id=2, organisation=5, value=200)

    assert rates(CITY, supplier, company) == [[200, 200, 300]]


def test_of_two_equal_rows_the_later_counts() -> None:
    assert rates(CITY, replace(CITY, id=2, first=dt.date(2026, 1, 1), value=150)) == [[150, 150, 150]]


def test_a_value_that_ended_is_missing_and_nothing_is_extrapolated() -> None:
    ended = replace(CITY, after=dt.date(2026, 10, 16))

    assert rates(ended, days=(1, 16)) == [[100] * 3, [MISSING] * 3]


def test_consumers_do_not_borrow_from_each_other() -> None:
    firm = replace(CITY, id=2, consumer=1, value=900)
    table = values(CITY, firm).rate((1, 0), AT, SPOTS, [PERIOD.first_day]).values

    assert table.tolist() == [[[100] * 3, [900] * 3]]
    assert values(CITY).rate((1, 0), AT, SPOTS, [PERIOD.first_day]).values[0, 1].tolist() == [MISSING] * 3


def test_days_are_cut_only_where_something_of_these_houses_changes() -> None:
    new = replace(CITY, id=2, first=dt.date(2026, 10, 6), value=120)
    elsewhere = replace(CITY, id=3, house=99, first=dt.date(2026, 10, 20))
    stranger = replace(CITY, id=4, organisation=99, first=dt.date(2026, 10, 21))
    before = replace(CITY, after=dt.date(2026, 10, 6))

    cuts = values(before, new, elsewhere, stranger).cuts(AT.house, {5, 6, 7, 8})
    segments = Segments.of(PERIOD, {*cuts, 1, 40})

    assert cuts == {6}
    assert segments.first_day.tolist() == [1, 6]
    assert segments.days.tolist() == [5, 26]
    assert rates(before, new, days=(1, 6)) == [[100] * 3, [120] * 3]


def test_a_norm_by_rooms_and_persons_falls_back_to_the_plain_one() -> None:
    one_room = replace(CITY, id=2, rooms=1, value=50)
    one_room_alone = replace(CITY, id=3, rooms=1, persons=1, value=70)

    norm = values(CITY, one_room, one_room_alone, replace(CITY, id=4, rooms=2, persons=2, value=60)).norm(
        (1, "person"), AT, SPOTS, [PERIOD.first_day]
    )

    assert norm.values.shape[2:] == (2, 2)
    assert norm.values[0, norm.group].tolist() == [[[70, 50], [100, 60]]] * 3


def test_each_house_has_the_norm_of_its_zone() -> None:
    norm = values(CITY, replace(CITY, id=2, zone=2, value=200)).norm(
        (1, "person"), AT, SPOTS, [PERIOD.first_day]
    )

    assert norm.values[0, norm.group, 0, 0].tolist() == [100, 200, 200]
