"""A waterfall of a change: what was added and taken step by step since last month. Drawn by the server.

The scale shows the change, not the bills: its zero is the sum of the month before, so that a part of a
hundred roubles is seen in a bill of ten thousand. Rows lie one under another, so that the drawing reads on a
telephone as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from billing.why import WORDS, Part
from storage.changes import ChangeTold
from web.charges import label_of
from web.filters import delta, month, month_dative

ROW_HEIGHT = 38
BAR_TOP, BAR_HEIGHT = 20, 10
TENTHS = 1000
LEAST_TENTHS = 5
"""The thinnest bar, a half of a percent of the width: a part of a kopeck is still seen."""

EXPLAINED: dict[Part, str] = {
    Part.TARIFF: "изменилась цена; объём взят прошлого месяца",
    Part.PEOPLE: "сколько человек и дней посчитано",
    Part.AREA: "сколько квадратных метров и дней посчитано",
    Part.NORM: "изменился норматив потребления",
    Part.VOLUME: "потреблено больше или меньше",
    Part.METHOD: "объём определён иначе: по счётчику, по среднему, по нормативу",
    Part.HOUSE: "потребление на общее имущество дома",
    Part.COEFFICIENT: "доплата с повышающим коэффициентом",
    Part.STARTED: "в прошлом месяце этих начислений не было",
    Part.ENDED: "в этом месяце этих начислений нет",
    Part.RECALCULATION: "перерасчёты, снижения и поправки этого и прошлого месяца",
    Part.BENEFIT: "скидка по льготе",
    Part.PENALTY: "начислены за просрочку",
    Part.ROUNDING: "строки округлены до копейки каждая",
}


@dataclass(frozen=True, slots=True)
class Step:
    """A row: words, the sum with its sign, the bar in percent of the width; kind: more, less, or whole."""

    label: str
    words: str
    x: str
    width: str
    y: int
    kind: str

    @property
    def text_y(self) -> int:
        return self.y + 14

    @property
    def bar_y(self) -> int:
        return self.y + BAR_TOP


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table under the drawing."""

    label: str
    explained: str
    kopecks: int
    services: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Waterfall:
    """The drawing and its table; `sentence` says the same in words."""

    title: str
    sentence: str
    steps: tuple[Step, ...]
    rows: tuple[Row, ...]
    zero: str
    height: int
    bar_height: int = BAR_HEIGHT


def waterfall(told: ChangeTold, custom: Mapping[int, str] | None = None) -> Waterfall:
    """custom: names of services of organisations."""
    running, ends = 0, [0]
    for part in told.parts:
        running += part.kopecks
        ends.append(running)
    low, high = min(ends), max(ends)
    span = max(high - low, 1)
    steps = []
    for number, part in enumerate(told.parts):
        first, last = sorted((ends[number], ends[number + 1]))
        kind = "more" if part.kopecks > 0 else "less"
        steps.append(_step(WORDS[part.part], part.kopecks, first - low, last - low, span, number, kind))
    first, last = sorted((0, told.delta_kopecks))
    whole = f"Всего к {month_dative(told.before)}"
    steps.append(_step(whole, told.delta_kopecks, first - low, last - low, span, len(steps), "whole"))
    names = custom or {}
    rows = tuple(
        Row(
            WORDS[part.part],
            EXPLAINED[part.part],
            part.kopecks,
            tuple((label_of(code, 0, names.get(code)), kopecks) for code, kopecks in part.services if code),
        )
        for part in told.parts
    )
    title = f"Из чего сложилась разница: {month(told.before)} — {month(told.period)}"
    return Waterfall(
        title, sentence(told), tuple(steps), rows, _percent(-low * TENTHS // span), len(steps) * ROW_HEIGHT
    )


def sentence(told: ChangeTold) -> str:
    """«На 312,40 ₽ больше, чем за сентябрь 2026. Больше всего прибавил тариф: +210,00 ₽.»"""
    change = told.delta_kopecks
    if not told.now_kopecks and told.before_kopecks and {one.part for one in told.parts} == {Part.ENDED}:
        return f"За {month(told.period)} ничего не начислено: счёт закрыт или отложен."
    if not told.before_kopecks and {one.part for one in told.parts} == {Part.STARTED}:
        return f"За {month(told.before)} ничего не начислялось, сравнить не с чем."
    if not told.parts:
        return f"Столько же, сколько за {month(told.before)}."
    how = "больше" if change > 0 else "меньше"
    amount = delta(abs(change)).lstrip("+")
    head = f"На {amount} {how}, чем за {month(told.before)}." if change else (
        f"Столько же, сколько за {month(told.before)}, но сложилось иначе."
    )  # fmt: skip
    same = [one for one in told.parts if (one.kopecks > 0) == (change > 0) or not change]
    first = (same or list(told.parts))[0]
    return f"{head} Главная причина — {WORDS[first.part].lower()}: {delta(first.kopecks)}."


def _step(label: str, kopecks: int, first: int, last: int, span: int, number: int, kind: str) -> Step:
    x = first * TENTHS // span
    width = max((last - first) * TENTHS // span, LEAST_TENTHS if kopecks else 0)
    x = min(x, TENTHS - width)
    return Step(label, delta(kopecks), _percent(x), _percent(width), number * ROW_HEIGHT, kind)


def _percent(tenths: int) -> str:
    return f"{tenths // 10}.{tenths % 10}%"
