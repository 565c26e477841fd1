"""Every law case agrees to the kopeck, alone and among strangers; every clause and example has its case."""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from billing.accrue import accrue
from billing.basis import Basis
from billing.lawcase.block import build
from billing.lawcase.cli import SEED
from billing.lawcase.crowd import crowd
from billing.lawcase.load import load_paths
from billing.lawcase.run import run_cases
from billing.parked import Reason
from billing.period import Period
from billing.quantity import parse_scaled
from tests.law.support import EXAMPLES, HERE, ROOT, all_cases, all_clauses

FILES = sorted(HERE.glob("*.yaml"))

# Outputs of an example that a case must have; a tuple is a sum: one line of ours, several of the source.
COVERED: dict[str, list[tuple[str, ...]]] = {
    "F001": [("P_odn",)],
    "F003": [("P_total",)],
    "F004": [("P_odn",)],
    "F006": [("P",)],
    "F007": [("P",)],
    "F010": [("cold_base",), ("cold_uplift",), ("heat",)],
    "F012": [],
    "F013": [("cold",), ("heat",)],
    "F015": [("cold_1", "cold_2"), ("heat_1", "heat_2")],
    "F017": [("P",)],
    "F018": [("P",)],
    "F032": [("P",)],
    "F033": [],
    "F042": [("P",)],
    "F043": [("P",)],
    "F070": [("P",)],
    "C001": [("P",)],
    "C002": [("base",), ("excess",)],
    "C004": [("base",), ("excess",)],
    "C005": [("P",)],
    "C007": [("P",)],
    "C008": [("P",)],
    "C009": [("P",)],
    "C011": [("P",)],
    "C013": [("P",)],
    "C015": [("P1",), ("P2",), ("P",)],
    "C016": [("P",)],
    "C018": [("P",)],
    "C019": [("perm",), ("temp",)],
    "C021": [("m1_3",), ("m4_base",), ("m4_excess",)],
    "C022": [("P",)],
    "C031": [("P",)],
    "C033": [("P",)],
    "C036": [("P",)],
    "C045": [("P",)],
}
PRICES = (
    *("F045", "F047", "F048", "F050", "F052", "F053", "F055", "F057", "F058", "F060", "F062", "F063"),
    *("F065", "F067", "F068"),
)
COVERED |= {name: [("P",)] for name in PRICES}
REDUCTIONS = ("C026", "C028", "C029", "F020", "F022", "F023", "F025", "F027")  # lines below zero
COVERED |= {name: [("reduction",)] for name in REDUCTIONS}
COVERED |= {"F040": [("P",)]}
COVERED |= {"C014": [("correction",)], "C023": [("P",)], "F009": [], "C038": [("P",)], "C039": [("P",)]}
COVERED |= {name: [("benefit",)] for name in ("C040", "C041", "F073", "F074", "F075", "F077", "F079")}
COVERED |= {"C034": [("P",)], "F071": [("subsidy",)], "C043": [("subsidy",)]}
COVERED |= {"C024": [("refund",)], "F028": [("reduction",), ("net",)], "F030": []}
PENALTIES = (
    *("F035", "F037", "F038", "P001", "P002", "P003", "P005", "P007", "P008", "P010", "P012", "P013", "P014"),
)
COVERED |= {name: [("penalty",)] for name in PENALTIES}

# Examples that are no lines of a month: the test that names them.
ELSEWHERE = {
    **dict.fromkeys(("A002", "A004", "A005", "C046"), "tests/billing/test_worked_examples.py"),
    **dict.fromkeys(("Q001", "Q002"), "tests/receipts/test_qr.py"),
    "G001": "tests/billing/test_gis.py",
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_cases_of_the_file_agree_to_the_kopeck(path: Path) -> None:
    checks = run_cases(load_paths([path]), accrue, np.random.default_rng(SEED))

    wrong = [f"{c.case.name} · {c.where} · {c.service}: {c.expected} ≠ {c.got}" for c in checks if not c.ok]
    assert not wrong, "\n".join(wrong)


def test_another_crowd_changes_nothing() -> None:
    some = all_cases()[::9]

    for seed in (7, 8):
        assert all(check.ok for check in run_cases(some, accrue, np.random.default_rng(seed), 200))


@pytest.mark.fast
def test_the_crowd_is_charged_and_parked() -> None:
    """Strangers must not be a desert: nearly all services, many methods, some parked accounts."""
    period = Period.parse("2026-01")
    lines, parked = accrue(build(crowd(np.random.default_rng(SEED), period, 1000), period).block)

    assert len(set(lines.service.tolist())) >= 11
    assert len(set(lines.basis.tolist())) >= 18
    assert 10 < len(parked.reason) < 400


def test_every_clause_has_a_case() -> None:
    """Each function tied to a clause is called by at least one case."""
    tied = {name for names in all_clauses().values() for name in names}

    all_cases.cache_clear()  # some rules work already when a case is read
    with calls_of(tied) as called:
        run_cases(all_cases(), accrue, np.random.default_rng(SEED), strangers=0)

    assert len(tied) > 20
    remembered = {"billing.penalty.terms.Terms.due"}  # cached: an earlier test may have asked
    assert tied - called <= remembered


@contextmanager
def calls_of(names: set[str]) -> Iterator[set[str]]:
    """Which of the functions, by «module.name», are called inside."""
    codes: dict[Any, str] = {}
    for name in names:
        codes[pkgutil.resolve_name(name).__code__] = name
    called: set[str] = set()

    def notice(frame: Any, event: str, _: Any) -> None:
        if event == "call" and frame.f_code in codes:
            called.add(codes[frame.f_code])

    before = sys.getprofile()
    sys.setprofile(notice)
    try:
        yield called
    finally:
        sys.setprofile(before)


@pytest.mark.fast
def test_every_basis_has_a_case() -> None:
    """The register of methods and the cases grow together; PERSONS and FORMULA belong to services of
    organisations, MANUAL to people.
    """
    expected = {
        line.basis
        for case in all_cases()
        for account in case.house.accounts
        if account.expect is not None
        for line in account.expect.lines
    }

    assert {basis for basis in Basis if basis not in expected} == {
        Basis.PERSONS,
        Basis.MANUAL,
        Basis.FORMULA,
    }


@pytest.mark.fast
def test_every_reason_of_parking_has_a_case() -> None:
    """But the failure of a block, which no data can bring about, and those of formulas of organisations."""
    parked = [a.expect.parked for c in all_cases() for a in c.house.accounts if a.expect is not None]

    assert set(Reason) - {p.reason for p in parked if p is not None} == {
        Reason.BLOCK_FAILED,
        Reason.NO_FLOOR,
        *(reason for reason in Reason if reason.name.startswith("FORMULA_")),
    }


# ---- worked examples -------------------------------------------------------------------------------------


def kopecks_of(example: str) -> tuple[set[int], int]:
    """Amounts and surcharges that cases of the example expect, and the sum of all of them in one case."""
    found: set[int] = set()
    whole = 0
    for case in all_cases():
        if example in case.covers and case.penalty is not None:
            found.add(case.penalty.amount_kopecks)
        elif example in case.covers and case.subsidy is not None:
            found.add(case.subsidy.amount_kopecks)
        elif example in case.covers:
            expect = case.house.accounts[0].expect
            assert expect is not None
            amounts = [k for x in expect.lines for k in (x.amount_kopecks, x.surcharge_kopecks)]
            found.update(amounts)
            whole = sum(amounts)
    return found, whole


@pytest.mark.fast
def test_every_example_of_the_base_services_is_covered_by_a_case() -> None:
    named = {example for case in all_cases() for example in case.covers}

    assert named == set(COVERED)


@pytest.mark.fast
def test_an_example_of_another_test_is_named_there() -> None:
    for example, path in ELSEWHERE.items():
        assert example in (ROOT / path).read_text(encoding="utf-8"), example
    assert not set(ELSEWHERE) & set(COVERED)


@pytest.mark.fast
@pytest.mark.skipif(not EXAMPLES.exists(), reason="worked examples are not here")
def test_every_worked_example_has_its_place() -> None:
    """A new example has a case or another test; none is named that is not there."""
    ids = {e["id"] for e in yaml.safe_load(EXAMPLES.read_text(encoding="utf-8"))["examples"]}

    assert set(COVERED) | set(ELSEWHERE) == ids


@pytest.mark.fast
@pytest.mark.skipif(not EXAMPLES.exists(), reason="worked examples are not here")
def test_cases_agree_with_the_worked_examples() -> None:
    examples = {e["id"]: e for e in yaml.safe_load(EXAMPLES.read_text(encoding="utf-8"))["examples"]}

    for name, groups in COVERED.items():
        expected = {
            o["name"]: parse_scaled(o["expected"], 100)
            for o in examples[name]["outputs"]
            if "RUB" in o["unit"]
        }
        found, whole = kopecks_of(name)
        for group in groups:
            kopecks = sum(expected[output] for output in group)
            assert {kopecks, -kopecks} & (found | {whole}), f"{name} {group}: {kopecks} ≠ {found}"


@pytest.mark.fast
@pytest.mark.skipif(not EXAMPLES.exists(), reason="worked examples are not here")
def test_a_wrong_source_is_called_wrong() -> None:
    examples = yaml.safe_load(EXAMPLES.read_text(encoding="utf-8"))["examples"]
    wrong = {e["id"] for e in examples if any(not o.get("source_ok", True) for o in e.get("outputs", ()))}
    said = {example for case in all_cases() if case.source_wrong for example in case.covers}

    assert said == (wrong & set(COVERED)) | {
        "F030"
    }  # its arithmetic is right, its monthly limit is not the law's
