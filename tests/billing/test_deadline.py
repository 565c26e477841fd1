"""Terms of Rules 416 and 354: by the clock, by working days, by the hours of a rubbish chute."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from billing.deadline import deadline
from billing.penalty.terms import Calendar

MOSCOW = ZoneInfo("Europe/Moscow")


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=MOSCOW)


@pytest.mark.parametrize(
    ("category", "is_accident", "registered", "until"),
    [
        ("leak", True, "2026-10-23 14:02", "2026-10-23 14:32"),
        ("leak", False, "2026-10-23 14:02", "2026-10-26 14:02"),
        ("sewage", True, "2026-10-23 23:30", "2026-10-24 01:30"),
        ("water", False, "2026-10-23 14:02", "2026-10-23 16:02"),
        ("chute", False, "2026-10-23 22:00", "2026-10-24 09:00"),
        ("chute", False, "2026-10-23 23:30", "2026-10-24 10:00"),
        ("chute", False, "2026-10-23 05:00", "2026-10-23 10:00"),
        ("charges", False, "2026-10-23 10:00", "2026-10-28 18:00"),
        ("other", False, "2026-10-30 10:00", "2026-11-16 18:00"),
    ],
)
def test_term_follows_the_clause(category: str, is_accident: bool, registered: str, until: str) -> None:
    found, ground = deadline(category, is_accident, at(registered))

    assert found == at(until)
    assert "ПП" in ground


def test_unknown_category_has_no_term() -> None:
    with pytest.raises(KeyError):
        deadline("gas", False, at("2026-10-23 14:02"))


def test_days_moved_by_decree_count_as_the_calendar_says() -> None:
    """Registered on Friday 30 October 2026, three working days; 4 November is a holiday.

    Plainly 2, 3, 5 November. With Monday the 2nd moved off: 3, 5, 6. With Saturday the 31st working too: 31
    October, 3, 5.
    """
    asked = at("2026-10-30 12:00")
    monday, saturday = dt.date(2026, 11, 2), dt.date(2026, 10, 31)
    off = Calendar(frozenset({monday}))
    both = Calendar(frozenset({monday}), frozenset({saturday}))

    ends = [deadline("charges", False, asked, *more)[0].date().day for more in ((), (off,), (both,))]

    assert ends == [5, 6, 5]
