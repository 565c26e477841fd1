"""Money of an account among payees of its document: blocks add up, and each is what its payee is owed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.receipt import ReceiptMismatchError, Totals, sum_totals
from billing.receipt_split import CAPITAL, Bucket, Part, Placement, Placing, split
from billing.services import Service

pytestmark = pytest.mark.fast

COMPANY, WATER, FUND = 1, 4, 9
KOPECKS = st.integers(-5_000_000, 5_000_000)


def whole_of(parts: list[Part], paid: int, later: int = 0) -> Totals:
    sums = {
        name: sum(getattr(part, f"{name}_kopecks") for part in parts)
        for name in ("opening", "charged", "correction", "penalty", "interest")
    }
    instalment = sums["interest"] - later
    made = sums["opening"] + sums["charged"] + sums["correction"] + sums["penalty"]
    return Totals(
        sums["opening"], sums["charged"], sums["correction"], sums["penalty"], paid,
        made + instalment - paid, instalment,
    )  # fmt: skip


def test_money_without_a_payee_pays_what_the_ledger_says() -> None:
    """1 000,00 is paid to all; the ledger put 700 on the company and 300 on the water."""
    parts = [
        Part(opening_kopecks=70_000, charged_kopecks=50_000, owed_kopecks=50_000),
        Part(opening_kopecks=30_000, charged_kopecks=20_000, owed_kopecks=20_000),
    ]

    company, water = split(whole_of(parts, paid=100_000), parts)

    assert (company.paid_kopecks, company.to_pay_kopecks, company.netted_kopecks) == (70_000, 50_000, 0)
    assert (water.paid_kopecks, water.to_pay_kopecks, water.netted_kopecks) == (30_000, 20_000, 0)


def test_a_charge_taken_back_at_one_payee_pays_another() -> None:
    """−500,00 of water with nothing owed there lessens what the company is owed, and the page says so."""
    parts = [
        Part(charged_kopecks=120_000, owed_kopecks=70_000),
        Part(correction_kopecks=-50_000, owed_kopecks=0),
    ]

    company, water = split(whole_of(parts, paid=0), parts)

    assert (company.netted_kopecks, company.to_pay_kopecks) == (-50_000, 70_000)
    assert (water.netted_kopecks, water.to_pay_kopecks) == (50_000, 0)


def test_what_an_agreement_puts_off_is_shared_by_what_is_owed() -> None:
    parts = [
        Part(opening_kopecks=75_000, interest_kopecks=300, owed_kopecks=75_300),
        Part(opening_kopecks=24_700, owed_kopecks=24_700),
    ]

    totals = split(whole_of(parts, paid=0, later=50_000), parts)

    assert [one.to_pay_kopecks for one in totals] == [37_650, 12_350]
    assert sum(one.instalment_kopecks for one in totals) == 300 - 50_000


def test_a_kopeck_the_books_do_not_know_stops_the_document() -> None:
    parts = [Part(charged_kopecks=100, owed_kopecks=100), Part(charged_kopecks=50, owed_kopecks=50)]
    whole = whole_of(parts, paid=0)

    with pytest.raises(ReceiptMismatchError, match="charged"):
        split(replace(whole, charged_kopecks=151, to_pay_kopecks=151), parts)
    with pytest.raises(ReceiptMismatchError, match="долг по книгам"):
        split(whole, [parts[0], replace(parts[1], owed_kopecks=49)])


@given(st.lists(st.tuples(*[KOPECKS] * 7), min_size=1, max_size=6), st.integers(0, 1_000_000))
def test_blocks_add_up_whatever_the_ledger_says(columns: list[tuple[int, ...]], later: int) -> None:
    parts = [Part(*values) for values in columns]
    free = sum(part.need for part in parts)
    whole = whole_of(parts, paid=free + sum(part.paid_kopecks for part in parts), later=later)

    totals = split(whole, parts)

    assert sum_totals(totals) == whole
    assert sum(one.netted_kopecks for one in totals) == 0


def test_terms_say_where_a_charge_stands() -> None:
    placing = Placing(COMPANY, {WATER: Placement.BLOCK}, Placement.COMMON, Placement.DOCUMENT)

    assert placing.of(WATER, Service.COLD_WATER) == Bucket("", WATER, False)
    assert placing.of(5, Service.HEATING) == placing.main
    assert placing.of(FUND, Service.CAPITAL_REPAIR) == Bucket(CAPITAL, FUND, True)
    assert placing.of(COMPANY, Service.UPKEEP) == placing.main
    assert placing.of(0, 0) == placing.main
    assert not placing.is_single
    assert Placing(COMPANY).is_single


def test_others_are_all_payees_but_the_organisation_itself() -> None:
    placing = Placing(COMPANY, {WATER: Placement.COMMON}, Placement.DOCUMENT)

    assert placing.of(5, Service.HEATING).document == "p5"
    assert placing.of(WATER, Service.SEWERAGE) == placing.main
    assert placing.of(COMPANY, Service.UPKEEP) == placing.main
    assert placing.of(FUND, Service.CAPITAL_REPAIR) == Bucket("p9", FUND, False)
