"""The drawing of a change: steps stand one after another and end where the change ends; words agree."""

from __future__ import annotations

import datetime as dt

import pytest

from billing.why import Part
from storage.changes import tell
from web.waterfall import waterfall

OCTOBER = dt.date(2026, 10, 1)
pytestmark = pytest.mark.fast


def percent(text: str) -> float:
    return float(text.removesuffix("%"))


def test_steps_go_from_zero_to_the_change_and_the_greatest_comes_first() -> None:
    rows = [
        (Part.VOLUME, 1, -20_00),
        (Part.TARIFF, 1, 100_00),
        (Part.TARIFF, 3, 20_00),
        (Part.ROUNDING, 1, 1),
    ]

    chart = waterfall(tell(OCTOBER, 1_000_00, 1_100_01, rows))

    assert [step.label for step in chart.steps] == ["Тариф", "Объём", "Округление", "Всего к сентябрю"]
    assert [step.kind for step in chart.steps] == ["more", "less", "more", "whole"]
    assert [percent(step.x) for step in chart.steps[:2]] == [0, pytest.approx(83.3, abs=0.2)]
    assert percent(chart.steps[0].width) == 100
    assert chart.steps[-1].words.startswith("+100,01")
    assert chart.rows[0].services == (("Холодное водоснабжение", 100_00), ("Водоотведение", 20_00))
    assert "больше, чем за сентябрь 2026. Главная причина — тариф: +120,00" in chart.sentence


def test_a_fall_is_drawn_to_the_left_of_its_zero() -> None:
    chart = waterfall(tell(OCTOBER, 500_00, 400_00, [(Part.VOLUME, 1, -100_00)]))

    assert percent(chart.zero) == 100
    assert percent(chart.steps[0].x) == 0
    assert "меньше" in chart.sentence


def test_a_kopeck_is_still_seen() -> None:
    chart = waterfall(tell(OCTOBER, 0, 100_001, [(Part.TARIFF, 1, 100_000), (Part.ROUNDING, 1, 1)]))

    assert percent(chart.steps[1].width) > 0
    assert percent(chart.steps[1].x) + percent(chart.steps[1].width) <= 100


@pytest.mark.parametrize(
    ("before", "now", "rows", "words"),
    [
        (100, 100, [], "Столько же, сколько за сентябрь 2026."),
        (100, 100, [(Part.TARIFF, 1, 50), (Part.VOLUME, 1, -50)], "сложилось иначе"),
        (100, 0, [(Part.ENDED, 1, -100)], "ничего не начислено: счёт закрыт или отложен"),
        (0, 100, [(Part.STARTED, 1, 100)], "сравнить не с чем"),
    ],
)
def test_rare_months_are_told_in_words(
    before: int, now: int, rows: list[tuple[int, int, int]], words: str
) -> None:
    assert words in waterfall(tell(OCTOBER, before, now, rows)).sentence


def test_parts_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(AssertionError, match="do not add up"):
        tell(OCTOBER, 0, 100, [(Part.TARIFF, 1, 99)])
