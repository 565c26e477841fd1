"""The clock of the pages' own affairs: terms, windows, days of readings. Sessions have theirs in web.deps.

Call it as `clock.now()`, so that a test may set it.
"""

from __future__ import annotations

import datetime as dt

from web.filters import MOSCOW


def now() -> dt.datetime:
    """This instant, in UTC."""
    return dt.datetime.now(dt.UTC)


def today() -> dt.date:
    """The calendar day of the city."""
    return now().astimezone(MOSCOW).date()
