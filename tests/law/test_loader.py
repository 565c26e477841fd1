"""A case that cannot be read is refused in words that name the place and the cure; what is read is exact."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.lawcase import (
    instalment,
    load,
    load_account,
    load_expect,
    load_house,
    load_law,
    load_penalty,
    overdue,
    subsidy,
)
from billing.lawcase.block import build
from billing.lawcase.load import CaseErrors, load_paths, load_text
from tests.law.support import HERE, ROOT

pytestmark = pytest.mark.fast

GOOD = """
- case: Проба
  period: 2026-01
  law: {tariffs: {cold_water: 45.67}, norms: {cold_water: 4.0}}
  account: {area: 54.3, residents: 2}
  meters:
    - {service: cold_water, readings: {2025-12: 100, 2026-01: 107}}
  expect:
    - {service: cold_water, basis: meter, volume: 7, amount: 31969}
"""


def refusal(text: str) -> str:
    with pytest.raises(CaseErrors) as caught:
        load_text(text, "проба.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "residents: 2",
            "residens: 2",
            ["account.residens", "такого ключа нет", "Похоже на «residents»", "owners"],
        ),
        ("45.67", "45.67 ₽/Гкал", ["law.tariffs.cold_water", "единица «₽/Гкал» не подходит", "рублях за м³"]),
        ("area: 54.3", "area: 54.3 га", ["account.area", "«га» не подходит", "площадь в м²"]),
        ("area: 54.3", "area: много", ["account.area", "«много» — не число", "54.3"]),
        ("area: 54.3", "area: 54.333", ["account.area", "слишком много знаков"]),
        ("area: 54.3", "area: -54.3", ["account.area", "меньше нуля"]),
        ("period: 2026-01", "period: январь", ["period", "«январь» — не месяц", "2026-10"]),
        ("  period: 2026-01\n", "", ["нет ключа «period»"]),
        ("amount: 31969", "amount: 319.69", ["expect[1].amount", "копеек", "29946"]),
        ("basis: meter", "basis: metre", ["expect[1].basis", "«metre» не подходит", "Похоже на «meter»"]),
        (", basis: meter", "", ["expect[1]", "нет ключа «basis»"]),
        (
            "service: cold_water, readings",
            "service: water, readings",
            ["meters[1].service", "Можно:", "cold_water"],
        ),
        ("2025-12: 100", "2025-13: 100", ["meters[1].readings.2025-13", "не месяц"]),
        (
            "2025-12: 100",
            "2025-12: [100, 50]",
            ["meters[1].readings.2025-12", "значений 2, а зон у счётчика 1"],
        ),
        ("2025-12: 100, ", "", ["meters[1]", "нет показания раньше 2026-01", "installed"]),
        ("volume: 7", "volume: семь", ["expect[1].volume", "«семь» — не число", "10/3"]),
        ("residents: 2", "residents: 2, residents: 3", ["account.residents", "ключ повторён"]),
        ("residents: 2", "residents: 2.5", ["account.residents", "целое число"]),
        (
            "residents: 2",
            "temporary: [{from: 2026-01-09, to: 2026-01-03}]",
            ["account.temporary[1]", "раньше"],
        ),
    ],
)
def test_a_fault_is_named_with_file_line_case_and_key(old: str, new: str, words: list[str]) -> None:
    assert old in GOOD

    message = refusal(GOOD.replace(old, new, 1))

    assert message.startswith("проба.yaml:")
    assert "случай «Проба»" in message
    for word in words:
        assert word in message


def test_a_case_without_expectation_is_refused() -> None:
    message = refusal(GOOD[: GOOD.index("  expect:")])

    assert "«expect»" in message
    assert "«parked»" in message


def test_every_faulty_case_of_a_file_is_told_at_once() -> None:
    second = GOOD.replace("Проба", "Вторая").replace("basis: meter", "basis: x")

    message = refusal(GOOD.replace("area: 54.3", "area: x") + second)

    assert len(message.splitlines()) == 2


def test_two_cases_of_one_name_are_refused() -> None:
    assert "уже есть" in refusal(GOOD + GOOD)


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "файл пуст"), ("- case: [", "не читается как YAML"), ("- просто текст", "ключи со значениями")],
)
def test_a_file_that_is_no_case_is_refused(text: str, words: str) -> None:
    assert words in refusal(text)


def test_a_missing_path_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CaseErrors) as caught:
        load_paths([tmp_path / "нет", tmp_path])

    assert len(caught.value.errors) == 2


def test_rest_that_does_not_fit_into_the_house_is_refused() -> None:
    house = "  house: {area_total: 50, house_meters: {cold_water: {volume: 10}}}\n  account:"

    assert "больше площади дома" in refusal(GOOD.replace("  account:", house, 1))


def test_waste_needs_its_method() -> None:
    assert "house.methods.waste" in refusal(
        GOOD.replace("cold_water: 45.67", "cold_water: 45.67, waste: 600")
    )


def test_decimals_are_exact_with_quotes_and_without() -> None:
    plain = load_text(GOOD, "a")[0]
    quoted = load_text(GOOD.replace("45.67", '"45,67 ₽/м³"').replace("54.3", '"54,3 м²"'), "a")[0]

    assert plain.house.law.tariffs == quoted.house.law.tariffs
    assert plain.house.law.tariffs[1, 0][0].value == 456_700
    assert plain.house.accounts[0].area == quoted.house.accounts[0].area


def test_volumes_may_be_fractions_or_rounded() -> None:
    fraction = load_text(GOOD.replace("volume: 7", "volume: 10/3"), "a")[0]
    rounded = load_text(GOOD.replace("volume: 7", 'volume: "≈1.543570"'), "a")[0]

    assert volume_of(fraction).value == Fraction(10, 3)
    assert volume_of(fraction).decimals is None
    assert volume_of(rounded).value == Fraction("1.54357")
    assert volume_of(rounded).decimals == 6


def volume_of(case: Any) -> Any:
    return case.house.accounts[0].expect.lines[0].volume


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("residents: 2", "residents: " + "9" * 5000, "целое число"),
        ("45.67", "9" * 30, "слишком большое"),
        ("residents: 2", "opened: 9999-12-31", "не нашего времени"),
        ("2025-12: 100", "0001-12: 100", "не нашего времени"),
        ("- case: Проба", "- &me\n  <<: *me\n  case: Проба", "ссылается на само себя"),
        ("amount: 31969", "amount: " + "9" * 17, "целое число"),
    ],
)
def test_absurd_values_are_refused_not_crashed_on(old: str, new: str, words: str) -> None:
    assert words in refusal(GOOD.replace(old, new, 1))


@given(
    at=st.integers(0, len(GOOD)),
    length=st.integers(0, 12),
    put=st.text(alphabet="{}[]:-,.&*<>|\"'#% \n0123456789abcжя", max_size=8),
)
@settings(max_examples=300, deadline=None)
def test_a_spoilt_file_is_read_or_refused_but_never_breaks(at: int, length: int, put: str) -> None:
    text = GOOD[:at] + put + GOOD[at + length :]

    try:
        cases = load_text(text, "порча.yaml")
    except CaseErrors:
        return
    for case in cases:
        assert len(build([case.house], case.period).block) == len(case.house.accounts)


# ---- schema and documentation --------------------------------------------------------------------------


def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "docs" / "law-cases.schema.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("path", sorted(HERE.glob("*.yaml")), ids=lambda path: path.name)
def test_every_file_of_cases_agrees_with_the_schema(path: Path) -> None:
    content = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)
    for merged in content:
        unmerge(merged)

    jsonschema.Draft202012Validator(schema()).validate(content)


def unmerge(node: Any) -> None:
    """BaseLoader keeps `<<` as a key: bring its content in, as YAML means it."""
    if isinstance(node, dict):
        base = node.pop("<<", {})
        for key, value in base.items():
            node.setdefault(key, value)
        for value in node.values():
            unmerge(value)
    elif isinstance(node, list):
        for value in node:
            unmerge(value)


def test_schema_refuses_what_the_loader_refuses() -> None:
    bad = yaml.load(GOOD.replace("residents", "residens"), yaml.BaseLoader)

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema()).validate(bad)


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("case", load.CASE_KEYS),
        ("law", load_law.LAW_KEYS),
        ("house", load_house.HOUSE_KEYS),
        ("rest", load_house.REST_KEYS),
        ("account", load_account.ACCOUNT_KEYS),
        ("meter", load_account.METER_KEYS),
        ("line", load_expect.LINE_KEYS),
        ("neighbour", load_house.NEIGHBOUR_KEYS),
        ("penalty_case", load.PENALTY_CASE_KEYS),
        ("penalty", load_penalty.PENALTY_KEYS),
        ("subsidy_case", load.SUBSIDY_CASE_KEYS),
        ("subsidy", subsidy.KEYS),
        ("instalment_case", load.INSTALMENT_CASE_KEYS),
        ("instalment", instalment.KEYS),
        ("overdue_case", load.OVERDUE_CASE_KEYS),
        ("overdue", overdue.KEYS),
    ],
)
def test_schema_and_documentation_know_every_key(name: str, keys: tuple[str, ...]) -> None:
    text = (ROOT / "docs" / "law-cases.md").read_text(encoding="utf-8")

    assert set(schema()["$defs"][name]["properties"]) == set(keys)
    assert [key for key in keys if f"{key}:" not in text and f"`{key}`" not in text] == []


def test_documentation_names_every_basis_and_reason() -> None:
    text = (ROOT / "docs" / "law-cases.md").read_text(encoding="utf-8")

    assert [name for name in load_expect.BASES if f"`{name}`" not in text] == []
    assert [name for name in load_expect.REASONS if f"`{name}`" not in text and name != "block_failed"] == []


def test_examples_of_the_documentation_are_whole_cases() -> None:
    text = (ROOT / "docs" / "law-cases.md").read_text(encoding="utf-8")
    blocks = [block.split("```")[0] for block in text.split("```yaml\n")[1:]]
    whole = [block for block in blocks if block.startswith("- case:")]

    assert len(whole) == 6
    for block in whole:
        assert len(load_text(block, "docs")) == 1
