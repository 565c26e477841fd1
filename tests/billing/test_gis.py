"""Identifiers of ГИС ЖКХ: shapes of the worked example G001, what is said of a wrong one."""

from __future__ import annotations

import pytest
import yaml

from billing.gis import (
    DOCUMENT_ID,
    ELS,
    SERVICE_ID,
    address_id_fault,
    document_id_fault,
    els_fault,
    service_id_fault,
)
from tests.law.support import EXAMPLES

pytestmark = pytest.mark.fast

FIAS = "0c5b2444-70a0-4932-980c-b4dc0d3f02b5"


@pytest.mark.parametrize("els", ["80РС558347", "00АА001470"])
def test_els_of_the_state_system_is_taken(els: str) -> None:
    assert els_fault(els) == ""
    assert service_id_fault(f"{els}-01", els) == ""
    assert service_id_fault(f"{els}-01", None) == ""


@pytest.mark.parametrize(
    ("els", "words"),
    [
        ("80PC558347", "латинские буквы"),
        ("8РС558347", "две цифры"),
        ("80рс558347", "заглавные"),
        ("80РС 558347", "без пробелов"),
        ("80ЁС558347", "две цифры"),
        ("٨٠РС558347", "две цифры"),
        ("80РС558347\n", "две цифры"),
        ("", "две цифры"),
    ],
)
def test_a_wrong_els_is_refused_with_the_cure(els: str, words: str) -> None:
    assert words in els_fault(els)


@pytest.mark.parametrize(
    ("service_id", "words"),
    [
        ("80РС558347-1", "дефис и две цифры"),
        ("80РС558347", "дефис и две цифры"),
        ("80PC558347-01", "латинские буквы"),
        ("00АА001470-01", "начинается с ЕЛС счёта"),
    ],
)
def test_a_wrong_service_id_is_refused_with_the_cure(service_id: str, words: str) -> None:
    assert words in service_id_fault(service_id, "80РС558347")


def test_ids_of_documents_and_addresses() -> None:
    assert document_id_fault("00АА001470-01-6051") == ""
    assert "четыре цифры" in document_id_fault("00АА001470-01")
    assert address_id_fault(FIAS) == ""
    assert "8-4-4-4-12" in address_id_fault(FIAS.replace("-", ""))


@pytest.mark.skipif(not EXAMPLES.exists(), reason="worked examples are not here")
def test_shapes_are_those_of_the_worked_example() -> None:
    examples = yaml.safe_load(EXAMPLES.read_text(encoding="utf-8"))["examples"]
    example = next(one for one in examples if one["id"] == "G001")
    given, expected = example["inputs"], example["expected"]

    assert (ELS.pattern, SERVICE_ID.pattern, DOCUMENT_ID.pattern) == (
        expected["els"], expected["zhku"], expected["pd"],
    )  # fmt: skip
    assert [els_fault(one) for one in given["els"]] == [""] * len(given["els"])
    assert [service_id_fault(one, None) for one in given["zhku"]] == [""] * len(given["zhku"])
    assert [document_id_fault(one) for one in given["pd"]] == [""] * len(given["pd"])
    for bad in given["bad"]:
        assert els_fault(bad)
        assert service_id_fault(bad, None)
