"""Federal values by date, with sources; the register of clauses is that of the code."""

from __future__ import annotations

import ast
import datetime as dt
from pathlib import Path

import pytest
import yaml

import billing.law
from billing.accrue import ORDER
from billing.law import (
    NoFederalValueError,
    change_days,
    federal_law,
    law_version,
    register,
    value_on,
)
from billing.law.rules_version import essence, modules, rules_version
from billing.period import Period
from billing.services import Service
from tests.law.support import all_clauses

pytestmark = pytest.mark.fast

CASES = Path(__file__).parent.parent / "law"


@pytest.mark.parametrize(
    ("day", "cold", "hot"),
    [
        ("2015-01-01", 1100, 1100),
        ("2015-07-01", 1200, 1200),
        ("2016-06-30", 1400, 1400),
        ("2016-07-01", 1500, 1500),
        ("2025-12-05", 1500, 1500),
        ("2025-12-06", 3000, 1500),
        ("2026-10-31", 3000, 1500),
    ],
)
def test_history_of_the_coefficient(day: str, cold: int, hot: int) -> None:
    on = dt.date.fromisoformat(day)

    assert value_on("raising_cold_water", on).value == cold
    assert value_on("raising_hot_water", on).value == hot
    assert value_on("raising_electricity", on).value == hot


def test_every_value_has_a_source() -> None:
    table = yaml.safe_load((Path(billing.law.__file__).parent / "federal.yaml").read_text(encoding="utf-8"))
    for key, entry in table.items():
        assert entry["label"], key
        assert all(row["source"] for row in entry["values"].values()), key


def test_a_day_before_the_table_refuses() -> None:
    with pytest.raises(NoFederalValueError, match=r"нет значения на 31\.12\.2014"):
        value_on("raising_cold_water", dt.date(2014, 12, 31))


def test_a_change_inside_a_month_cuts_its_blocks() -> None:
    december = Period.parse("2025-12")

    assert change_days(december) == (6,)
    assert change_days(Period.parse("2026-10")) == ()
    assert federal_law(december, (1, 6)).raising[Service.COLD_WATER].tolist() == [1500, 3000]
    with pytest.raises(AssertionError, match="must start on days"):
        federal_law(december, (1,))


def test_months_of_average_by_edition() -> None:
    assert federal_law(Period.parse("2016-12")).average_periods_silent == 6
    assert federal_law(Period.parse("2017-01")).average_periods_silent == 3


def test_the_version_names_values_and_rules() -> None:
    values, _, rules = law_version().partition("-")

    assert (len(values), rules) == (16, rules_version())


def test_the_version_covers_every_rule_and_nothing_that_only_tells() -> None:
    covered = set(modules())

    assert {f"billing.rules.{rule.__module__.rsplit('.', 1)[1]}" for rule in ORDER} <= covered
    assert {"billing.metering", "billing.use", "billing.money", "billing.lines"} <= covered
    assert not covered & {"billing.trace", "billing.receipt", "billing.lawcase.run"}


def test_words_about_the_code_do_not_change_the_version_and_code_does() -> None:
    told = 'def f(x):\n    """Says one thing."""\n    return x + 1\n'
    other_words = told.replace("one thing", "another")
    other_code = told.replace("+ 1", "+ 2")

    assert essence(ast.parse(told)) == essence(ast.parse(other_words + "# a comment\n"))
    assert essence(ast.parse(told)) != essence(ast.parse(other_code))


def test_register_and_code_name_the_same_clauses() -> None:
    named = [row["clause"] for row in register()]

    assert len(named) == len(set(named))
    assert set(named) == set(all_clauses())


def test_every_row_of_the_register_is_proved_by_cases() -> None:
    for row in register():
        assert row["covers"], row
        assert Period.parse(row["since"]) >= Period.parse("2015-01")
        assert row["cases"], row
        for name in row["cases"]:
            assert (CASES / f"{name}.yaml").exists(), name
