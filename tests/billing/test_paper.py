"""A dossier proves itself: months follow one another, penalties are what their days give."""

from __future__ import annotations

from dataclasses import replace

import pytest

from billing.paper import PaperMismatchError
from tests.receipts.dossier import dossier


def test_a_dossier_that_agrees_passes() -> None:
    dossier().check()


def test_a_month_that_begins_with_another_sum_is_refused() -> None:
    good = dossier()
    second = replace(good.months[1], opening_kopecks=good.months[1].opening_kopecks + 1)

    with pytest.raises(PaperMismatchError, match="остатку на начало"):
        replace(good, months=(good.months[0], second, *good.months[2:])).check()


def test_a_penalty_its_days_do_not_give_is_refused() -> None:
    good = dossier()
    wrong = replace(good.debts[0], total_kopecks=good.debts[0].total_kopecks - 1)

    with pytest.raises(PaperMismatchError, match="по дням"):
        replace(good, debts=(wrong,)).check()
