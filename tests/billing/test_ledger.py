"""Entries: what may be written and how each kind is put together."""

import dataclasses
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import ledger
from billing.ledger import Book, Entry, LedgerError, Posting

OCTOBER = dt.date(2026, 10, 1)
TODAY = dt.date(2026, 10, 12)
AMOUNTS = st.integers(min_value=-(10**12), max_value=10**12)


def entry(kind: str = "transfer", **changes: object) -> Entry:
    return dataclasses.replace(Entry(kind, OCTOBER, TODAY, "key"), **changes)  # type: ignore[arg-type]


GOOD = [Posting(Book.RESIDENTS, -100, account_id=1), Posting(Book.IN_TRANSIT, 100, organisation_id=4)]


def test_good_entry_may_be_written() -> None:
    ledger.check(entry(), GOOD)


@pytest.mark.parametrize(
    ("made", "postings", "words"),
    [
        (entry(), [], "no postings"),
        (entry(), GOOD[:1], "sum to -100"),
        (entry(), [*GOOD, Posting(Book.FEES, 0)], "posting of zero"),
        (entry(), [Posting(Book.FEES, 1.5), Posting(Book.CASH, -1.5)], "whole kopecks"),  # type: ignore[arg-type]
        (entry(), [Posting(Book.FEES, True), Posting(Book.CASH, -1)], "whole kopecks"),
        (entry(), [Posting(Book.RESIDENTS, 5), Posting(Book.OPENING, -5)], "no account"),
        (entry(idempotency_key=""), GOOD, "idempotency key"),
        (entry(period=TODAY), GOOD, "first day"),
        (entry("gift"), GOOD, "unknown kind"),
        (entry("reversal"), GOOD, "names the entry"),
        (entry(reverses_id=5), GOOD, "names the entry"),
    ],
)
def test_entry_that_must_not_be_written(made: Entry, postings: list[Posting], words: str) -> None:
    with pytest.raises(LedgerError, match=words):
        ledger.check(made, postings)


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 30), AMOUNTS), max_size=20))
def test_accrual_sums_to_zero_whatever_the_credits(credits_: list[tuple[int, int, int]]) -> None:
    made, postings = ledger.accrual(7, OCTOBER, OCTOBER, TODAY, credits_)

    assert sum(posting.amount_kopecks for posting in postings) == 0
    debit = sum(posting.amount_kopecks for posting in postings if posting.book is Book.RESIDENTS)
    assert debit == sum(amount for _, _, amount in credits_)
    if postings:
        ledger.check(made, postings)


@given(st.integers(1, 10**12), st.one_of(st.none(), st.integers(1, 10**6)))
def test_payment_of_an_unknown_account_is_not_lost(amount: int, account_id: int | None) -> None:
    made, postings = ledger.payment(
        "k", OCTOBER, TODAY, agent_id=4, amount_kopecks=amount, account_id=account_id
    )

    ledger.check(made, postings)
    assert postings[0].book is (Book.UNIDENTIFIED if account_id is None else Book.RESIDENTS)
    assert postings[1] == Posting(Book.IN_TRANSIT, amount, organisation_id=4)


def test_reversal_undoes_to_the_kopeck() -> None:
    made, postings = ledger.payment("k", OCTOBER, TODAY, agent_id=4, amount_kopecks=431245, account_id=1)
    back, opposite = ledger.reversal(made, 77, postings, OCTOBER, TODAY, reason="Ошибка кассира", user_id=5)

    ledger.check(back, opposite)
    assert back.reverses_id == 77
    both = [*postings, *opposite]
    assert {sum(p.amount_kopecks for p in both if p.book is book) for book in Book} == {0}


def test_runs_are_not_reversed_by_hand() -> None:
    made, postings = ledger.accrual(7, OCTOBER, OCTOBER, TODAY, [(2, 1, 100)])
    with pytest.raises(LedgerError, match="not reversed by hand"):
        ledger.reversal(made, 1, postings, OCTOBER, TODAY, reason="", user_id=None)


def test_digest_tells_any_other_content() -> None:
    known = ledger.digest(entry(), GOOD)

    assert ledger.digest(entry(), list(GOOD)) == known
    assert ledger.digest(entry(ground="приказ"), GOOD) != known
    assert ledger.digest(entry(), [dataclasses.replace(GOOD[0], account_id=2), GOOD[1]]) != known
