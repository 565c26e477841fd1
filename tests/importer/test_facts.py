"""Facts of an account from who lives and owns: stretches, clipped and merged."""

from __future__ import annotations

import datetime as dt

from storage.importer.facts import Lives, Stretch, stretches

OPENED = dt.date(2016, 6, 1)


def test_an_account_nobody_is_known_of_has_one_owner() -> None:
    assert stretches(OPENED, None, []) == [Stretch(OPENED, None, 0, 0, 1)]


def test_a_stay_cuts_the_stretch_in_three() -> None:
    lives = [
        Lives("resident", dt.date(2010, 1, 1), None),
        Lives("temporary", dt.date(2026, 10, 6), dt.date(2026, 10, 26)),
    ]

    assert stretches(OPENED, None, lives) == [
        Stretch(OPENED, dt.date(2026, 10, 6), 1, 0, 1),
        Stretch(dt.date(2026, 10, 6), dt.date(2026, 10, 26), 1, 1, 1),
        Stretch(dt.date(2026, 10, 26), None, 1, 0, 1),
    ]


def test_one_leaves_on_the_day_another_comes_and_nothing_is_cut() -> None:
    day = dt.date(2020, 5, 5)
    lives = [Lives("resident", OPENED, day), Lives("resident", day, None)]

    assert stretches(OPENED, None, lives) == [Stretch(OPENED, None, 1, 0, 1)]


def test_a_closed_account_ends() -> None:
    closed = dt.date(2021, 1, 1)
    lives = [Lives("owner", OPENED, None), Lives("owner", dt.date(2022, 1, 1), None)]

    assert stretches(OPENED, closed, lives) == [Stretch(OPENED, closed, 0, 0, 1)]
