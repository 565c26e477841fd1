"""Small charts, one row of bars by month: a year of money or of a meter. Zero-based, the last labelled."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from web.filters import month, month_short

BAR_HEIGHT_MAX = 64
TOP = 18
FOOT = 18
WIDTH_TENTHS = 1000
"""Places are tenths of a percent of the drawing's width, so letters keep their size."""
FILL_PERCENT = 68


@dataclass(frozen=True, slots=True)
class Bar:
    """A month: place and width in percent, height in pixels, the letters under it, the figure said aloud."""

    x: str
    width: str
    middle: str
    y: int
    height: int
    label: str
    words: str
    is_last: bool
    href: str


@dataclass(frozen=True, slots=True)
class BarChart:
    """A row of bars; `last_words` stands over the last one."""

    title: str
    bars: tuple[Bar, ...]
    last_words: str
    height: int = TOP + BAR_HEIGHT_MAX + FOOT
    base: int = TOP + BAR_HEIGHT_MAX


def bar_chart(
    title: str,
    rows: Sequence[tuple[dt.date, int, str]],
    hrefs: dict[dt.date, str] | None = None,
    places: int = 12,
    label_every: int = 1,
) -> BarChart:
    """Rows of (month, value, figure in words), oldest first; a negative value has no bar, only words.

    places: room for so many months even when fewer are known, so that bars keep their width. label_every:
    2 names every second month, for narrow drawings.
    """
    highest = max((value for _, value, _ in rows), default=0) or 1
    known = hrefs or {}
    step = WIDTH_TENTHS // max(len(rows), places, 1)
    width = step * FILL_PERCENT // 100
    free = max(places - len(rows), 0) * step
    bars = []
    for at, (period, value, figure) in enumerate(rows):
        height = max(value, 0) * BAR_HEIGHT_MAX // highest
        x = free + at * step + (step - width) // 2
        bars.append(
            Bar(
                x=_percent(x),
                width=_percent(width),
                middle=_percent(x + width // 2),
                y=TOP + BAR_HEIGHT_MAX - height,
                height=height,
                label="" if (len(rows) - 1 - at) % label_every else month_short(period),
                words=f"{month(period)}: {figure}",
                is_last=at == len(rows) - 1,
                href=known.get(period, ""),
            )
        )
    return BarChart(title, tuple(bars), rows[-1][2] if rows else "")


def _percent(tenths: int) -> str:
    return f"{tenths // 10}.{tenths % 10}%"
