"""Charts drawn by the server: widths in per cent of the place, heights in pixels, so letters keep their size.

Zero-based always; colours come from CSS; a table says the same in figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

ROW_HEIGHT = 46
COLUMN_HEIGHT = 240
FOOT = 20
HEAD = 8
FULL_PERMILLE = 1000


@dataclass(frozen=True, slots=True)
class PairBar:
    """A row of two bars, now and before; widths as «12.3%»."""

    label: str
    words: str
    now_width: str
    before_width: str
    y: int


@dataclass(frozen=True, slots=True)
class PairChart:
    """Horizontal pairs: what something is now against what it was."""

    title: str
    bars: list[PairBar]
    height: int


def percent_of(part: int, whole: int, full_permille: int = FULL_PERMILLE) -> str:
    """A share as CSS and SVG write it; a negative part has no bar, its words say it."""
    permille = max(part, 0) * full_permille // whole if whole else 0
    return f"{permille // 10}.{permille % 10}%"


def pairs(title: str, rows: Sequence[tuple[str, int, int, str]]) -> PairChart:
    """Rows of (label, now, before, words of now)."""
    longest = max((max(now, before) for _, now, before, _ in rows), default=0)
    bars = [
        PairBar(label, words, percent_of(now, longest), percent_of(before, longest), number * ROW_HEIGHT)
        for number, (label, now, before, words) in enumerate(rows)
    ]
    return PairChart(title, bars, len(rows) * ROW_HEIGHT)


@dataclass(frozen=True, slots=True)
class Column:
    """Two columns of one month."""

    label: str
    x: str
    x_second: str
    x_label: str
    now_height: int
    past_height: int
    words: str


@dataclass(frozen=True, slots=True)
class ColumnChart:
    """Vertical pairs by month; a column tells its figures when pointed at, a table has them all."""

    title: str
    columns: list[Column]
    column_width: str
    base: int = HEAD + COLUMN_HEIGHT
    height: int = HEAD + COLUMN_HEIGHT + FOOT


def columns(title: str, rows: Sequence[tuple[str, int, int, str]]) -> ColumnChart:
    """Rows of (label, first, second, words for a hint), one a month."""
    highest = max((max(first, second) for _, first, second, _ in rows), default=0) or 1
    step = FULL_PERMILLE // max(len(rows), 1)
    width = step * 38 // 100
    made = [
        Column(
            label=label,
            x=percent_of(number * step + step // 10, FULL_PERMILLE),
            x_second=percent_of(number * step + step // 10 + width + 2, FULL_PERMILLE),
            x_label=percent_of(number * step + step // 10 + width, FULL_PERMILLE),
            now_height=max(first, 0) * COLUMN_HEIGHT // highest,
            past_height=max(second, 0) * COLUMN_HEIGHT // highest,
            words=words,
        )
        for number, (label, first, second, words) in enumerate(rows)
    ]
    return ColumnChart(title, made, percent_of(width, FULL_PERMILLE))
