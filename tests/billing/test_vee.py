"""Rules of readings: each fires, does not fire, cannot be evaluated; a batch says what single rows say."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from billing.quantity import MICRO
from billing.reading import MeterCard, ReadingAsked, ReadingRefused
from billing.services import Service
from billing.vee.batch import UNKNOWN, Row, batch_of
from billing.vee.catalogue import BY_KEY, RULES
from billing.vee.evaluate import Verdict, outcomes, verdicts
from billing.vee.policy import USUAL, policy_of
from billing.vee.rules import BLOCK, CANNOT, FIRES, HOLD, OFF, PASSES, SEVERITIES, WARN

DAY = dt.date(2026, 10, 22)
MONTH = 2026 * 12 + 9
CARD = MeterCard(Service.COLD_WATER, "123", 1, 5, dt.date(2020, 1, 15))


def units(value: int) -> tuple[int, int, int]:
    return value * MICRO, 0, 0


GOOD = Row(
    meter=CARD,
    values=units(106),
    taken=DAY.toordinal(),
    today=DAY.toordinal(),
    month=MONTH,
    before=units(100),
    before_month=MONTH - 1,
    before_taken=DAY.toordinal() - 30,
    usual_low=4 * MICRO,
    usual_high=7 * MICRO,
    last_volume=5 * MICRO,
    same_count=1,
    norm_micro=14 * MICRO,
    verified_until=dt.date(2030, 1, 1).toordinal(),
)
NEW: Mapping[str, Any] = {"usual_low": -1, "usual_high": -1}
HOUSE: Mapping[str, Any] = {"meter": replace(CARD, of_house=True), "values": units(200)}
ZONES: Mapping[str, Any] = {
    "meter": MeterCard(Service.ELECTRICITY, "9", 2, 5, dt.date(2020, 1, 15)),
    "values": (150 * MICRO, 60 * MICRO, 0),
    "before": (100 * MICRO, 50 * MICRO, 0),
    "usual_high": 200 * MICRO,
}

CASES: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "negative": ({"values": units(-1)}, {"values": units(0), "before": units(0)}),
    "too_long": ({"values": units(100_000)}, {"values": units(99_999), "before": units(99_999)}),
    "future": ({"taken": DAY.toordinal() + 1}, {}),
    "standing": (
        {"meter": replace(CARD, removed_on=DAY)},
        {"meter": replace(CARD, removed_on=DAY + dt.timedelta(days=1))},
    ),
    "before_previous": ({"taken": DAY.toordinal() - 31}, {"taken": DAY.toordinal() - 30}),
    "lower": ({"values": units(99)}, {"before": units(99_999), "values": units(3)}),
    "rollover": ({"before": units(99_999), "values": units(3)}, {"values": units(99)}),
    "jump": ({"values": units(122)}, {"values": units(121)}),
    "spike": ({"values": units(171)}, {"values": units(170)}),
    "ceiling": ({**NEW, "values": units(161)}, {**NEW, "values": units(160)}),
    "norm": ({**NEW, "values": units(311)}, {**NEW, "values": units(310)}),
    "capacity": (
        {"values": units(173), "before_taken": DAY.toordinal() - 1},
        {"values": units(172), "before_taken": DAY.toordinal() - 1},
    ),
    "zero_long": ({"values": units(100), "zero_months": 5}, {"values": units(100), "zero_months": 4}),
    "repeated": (
        {"values": units(105), "same_count": 5},
        {"values": units(105), "same_count": 4},
    ),
    "duplicate": (
        {"current": units(106), "current_taken": DAY.toordinal()},
        {"current": units(107), "current_taken": DAY.toordinal()},
    ),
    "window": ({"was_late": True}, {}),
    "unverified": ({"verified_until": DAY.toordinal() - 1}, {"verified_until": DAY.toordinal()}),
    "zone_sum": ({**ZONES, "total_micro": 212 * MICRO}, {**ZONES, "total_micro": 211 * MICRO}),
    "house_sum": ({**HOUSE, "parts_micro": 151 * MICRO}, {**HOUSE, "parts_micro": 149 * MICRO}),
    "prolonged": (
        {"before_month": MONTH - 7, "values": units(110)},
        {"before_month": MONTH - 6, "values": units(110)},
    ),
    "swapped": ({"values": units(72), "twin_micro": 70 * MICRO}, {"values": units(72), "twin_micro": -1}),
}
UNKNOWNS: Mapping[str, Mapping[str, Any]] = {
    "norm": {**NEW, "values": units(400), "norm_micro": UNKNOWN},
    "capacity": {"taken": DAY.toordinal() - 31},
    "zone_sum": {**ZONES, "total_micro": UNKNOWN},
    "house_sum": {**HOUSE, "parts_micro": UNKNOWN},
    "swapped": {"twin_micro": UNKNOWN},
}


def outcome(rule: str, row: Row, **said: str) -> int:
    return int(outcomes(batch_of([row]), policy_of(said))[rule][0])


def judged(row: Row, **said: str) -> Verdict:
    return verdicts(batch_of([row]), policy_of(said))[0]


def test_every_rule_of_the_catalogue_is_tried() -> None:
    assert {rule.key for rule in RULES} == {*CASES, "unknown_meter"}
    assert len(RULES) >= 16


def test_an_ordinary_reading_fires_nothing() -> None:
    assert judged(GOOD).findings == ()


@pytest.mark.parametrize("rule", CASES)
def test_a_rule_fires_and_just_below_it_does_not(rule: str) -> None:
    fires, passes = CASES[rule]

    assert outcome(rule, replace(GOOD, **fires)) == FIRES
    assert outcome(rule, replace(GOOD, **passes)) == PASSES


def test_a_meter_nobody_knows_is_refused_and_no_other_rule_can_be_evaluated() -> None:
    stranger = replace(GOOD, meter=None)
    found = outcomes(batch_of([stranger, GOOD]), USUAL)

    assert found["unknown_meter"].tolist() == [FIRES, PASSES]
    assert {tuple(made.tolist()) for key, made in found.items() if key != "unknown_meter"} == {
        (CANNOT, PASSES)
    }
    with pytest.raises(ReadingRefused, match="Такого счётчика нет") as caught:
        judged(stranger).settle(confirmed=True, can_ask=False)
    assert caught.value.code == "unknown_meter"


@pytest.mark.parametrize("rule", UNKNOWNS)
def test_a_rule_without_its_facts_holds_the_reading_and_says_so(rule: str) -> None:
    row = replace(GOOD, **UNKNOWNS[rule])

    assert outcome(rule, row) == CANNOT
    found = next(one for one in judged(row).findings if one.rule == rule)
    assert (found.severity, found.is_unknown) == (HOLD, True)
    assert f"«{BY_KEY[rule].title}» проверить не удалось" in found.words


@pytest.mark.parametrize("rule", [rule.key for rule in RULES if rule.key != "unknown_meter"])
def test_a_rule_whose_settings_cannot_be_read_holds_the_reading(rule: str) -> None:
    one = BY_KEY[rule]
    bad = {f"{rule}.{one.thresholds[0].key}": "много"} if one.thresholds else {rule: "строго"}

    verdict = judged(GOOD, **bad)

    assert [(found.rule, found.severity) for found in verdict.findings] == [(rule, HOLD)]


@pytest.mark.parametrize("rule", [rule for rule in CASES if set(BY_KEY[rule].allowed) == set(SEVERITIES)])
def test_severity_decides_what_becomes_of_the_reading(rule: str) -> None:
    row = replace(GOOD, **CASES[rule][0])
    others = {other.key: OFF for other in RULES if OFF in other.allowed and other.key != rule}

    with pytest.raises(ReadingRefused):
        judged(row, **others, **{rule: BLOCK}).settle(confirmed=True, can_ask=True)
    assert not any(one.rule == rule for one in judged(row, **others, **{rule: OFF}).findings)
    held = judged(row, **{**others, rule: HOLD})
    assert rule in [one.rule for one in held.of(HOLD)]
    noted = judged(row, **{**others, rule: WARN})
    assert rule in [one.rule for one in noted.of(WARN)]


def test_who_can_be_asked_is_asked_and_who_cannot_has_the_reading_held() -> None:
    verdict = judged(replace(GOOD, values=units(125)))

    with pytest.raises(ReadingAsked, match="Расход 25 м³, обычно 4–7 м³"):
        verdict.settle(confirmed=False, can_ask=True)
    assert not verdict.settle(confirmed=True, can_ask=True).is_held
    assert verdict.settle(confirmed=False, can_ask=False).is_held


def test_swapped_meters_are_told_in_the_refusal() -> None:
    row = replace(GOOD, values=units(72), twin_micro=70 * MICRO)

    with pytest.raises(ReadingRefused, match=r"меньше прошлого 100.*перепутаны горячая и холодная"):
        judged(row).settle(confirmed=True, can_ask=True)


def test_thresholds_are_the_organisations() -> None:
    row = replace(GOOD, values=units(122))

    assert outcome("jump", row, **{"jump.times": "4"}) == PASSES
    assert outcome("ceiling", replace(GOOD, **NEW, values=units(130)), **{"ceiling.service_1": "29"}) == FIRES


def test_a_batch_says_what_single_rows_say() -> None:
    chance = random.Random(7)
    rows = [replace(GOOD, **chance.choice(list(CASES.values()))[chance.randrange(2)]) for _ in range(300)]
    rows += [replace(GOOD, **unknown) for unknown in UNKNOWNS.values()]

    together = verdicts(batch_of(rows), USUAL)

    assert together == [judged(row) for row in rows]
    assert any(one.is_held for one in together)
