"""A receipt proves its own sums: rows, sections, grounds, payees, the year."""

from dataclasses import fields, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.receipt import (
    Change,
    ChangePart,
    MonthAmount,
    PaymentBlock,
    Quantity,
    Receipt,
    ReceiptMismatchError,
    ReceiptRow,
    SectionKind,
    Totals,
    section_of,
    sum_totals,
    totals_of,
)
from tests.receipts import samples

pytestmark = pytest.mark.fast

KOPECKS = st.integers(-10_000_000, 10_000_000)
POSITIVE = st.integers(0, 10_000_000)


@st.composite
def receipts(draw: st.DrawFn) -> Receipt:
    """One to three payees, up to twelve services, no recalculation (its ground has tests of its own)."""
    payees = draw(st.integers(1, 3))
    rows = []
    for index in range(draw(st.integers(0, 12))):
        charged, common, benefit = draw(POSITIVE), draw(POSITIVE), draw(POSITIVE)
        surcharge = draw(st.sampled_from([0, draw(POSITIVE)]))
        made = ReceiptRow(
            f"Услуга {index}",
            "м³",
            "по счётчику",
            None,
            charged,
            charged + common + surcharge - benefit,
            common_charged_kopecks=common,
            surcharge_kopecks=surcharge,
            coefficient_permille=3000,
            benefit_kopecks=benefit,
            payee=draw(st.integers(0, payees - 1)),
        )
        rows.append(made)
    blocks = []
    for payee in range(payees):
        own = [row for row in rows if row.payee == payee]
        blocks.append(PaymentBlock(samples.COMPANY, totals_of(own, draw(KOPECKS), draw(POSITIVE))))
    base = samples.ordinary(history=(), change=None, readings=())
    return replace(
        base,
        sections=(section_of(SectionKind.UTILITIES, rows),),
        payments=tuple(blocks),
        totals=sum_totals(block.totals for block in blocks),
    )


@given(receipts())
def test_what_builders_make_agrees_with_itself(receipt: Receipt) -> None:
    receipt.check()

    totals = receipt.totals
    balance = totals.opening_kopecks + sum(row.total_kopecks for row in receipt.rows) - totals.paid_kopecks
    assert totals.to_pay_kopecks == balance


@given(receipts(), st.sampled_from([field.name for field in fields(Totals)]), st.sampled_from([-1, 1]))
def test_a_kopeck_off_in_any_total_is_refused(receipt: Receipt, name: str, by: int) -> None:
    wrong = replace(receipt.totals, **{name: getattr(receipt.totals, name) + by})

    with pytest.raises(ReceiptMismatchError):
        replace(receipt, totals=wrong).check()


@given(receipts(), st.sampled_from([field.name for field in fields(Totals)]), st.sampled_from([-1, 1]))
def test_a_kopeck_off_at_a_payee_is_refused(receipt: Receipt, name: str, by: int) -> None:
    block = receipt.payments[-1]
    totals = replace(block.totals, **{name: getattr(block.totals, name) + by})
    payments = (*receipt.payments[:-1], replace(block, totals=totals))

    with pytest.raises(ReceiptMismatchError):
        replace(receipt, payments=payments, totals=sum_totals(item.totals for item in payments)).check()


@pytest.mark.parametrize(
    "name",
    ["charged_kopecks", "common_charged_kopecks", "surcharge_kopecks", "benefit_kopecks", "total_kopecks"],
)
def test_a_row_that_does_not_add_up_is_named(name: str) -> None:
    receipt = samples.crowded()
    section = receipt.sections[1]
    heating = section.rows[2]
    wrong = replace(heating, **{name: getattr(heating, name) + 1}, coefficient_permille=1500)
    rows = (*section.rows[:2], wrong, *section.rows[3:])
    sections = (receipt.sections[0], replace(section, rows=rows), *receipt.sections[2:])

    with pytest.raises(ReceiptMismatchError, match="строка «Отопление»"):
        replace(receipt, sections=sections).check()


def test_samples_agree() -> None:
    for receipt in (samples.ordinary(), samples.crowded(), samples.absurd()):
        receipt.check()


def test_a_section_with_a_foreign_sum_is_refused() -> None:
    receipt = samples.ordinary()
    first = replace(receipt.sections[0], total_kopecks=receipt.sections[0].total_kopecks + 100)

    with pytest.raises(ReceiptMismatchError, match="раздел"):
        replace(receipt, sections=(first, *receipt.sections[1:])).check()


def test_a_recalculation_without_its_ground_is_refused() -> None:
    receipt = samples.crowded()

    with pytest.raises(ReceiptMismatchError, match="основания перерасчёта «Холодная вода»"):
        replace(receipt, corrections=receipt.corrections[1:]).check()


def test_a_ground_of_another_payee_does_not_count() -> None:
    receipt = samples.crowded()
    moved = replace(receipt.corrections[0], payee=1)

    with pytest.raises(ReceiptMismatchError, match="основания"):
        replace(receipt, corrections=(moved, *receipt.corrections[1:])).check()


def test_a_surcharge_needs_its_coefficient() -> None:
    row = ReceiptRow("Холодная вода", "м³", "по нормативу", 512000, 100, 150, surcharge_kopecks=50)

    with pytest.raises(ReceiptMismatchError, match="нет коэффициента"):
        row.check()


def test_a_penalty_missing_from_the_list_is_refused() -> None:
    receipt = samples.crowded()

    with pytest.raises(ReceiptMismatchError, match="пени"):
        replace(receipt, penalties=receipt.penalties[:1]).check()


def test_an_advance_at_one_payee_does_not_pay_another() -> None:
    rows = [replace(row, payee=0) for row in samples.housing().rows]
    company = totals_of(rows, 0, 0)
    fund = Totals(-500_000, 0, 0, 0, 0, -500_000)
    receipt = samples.ordinary(
        sections=(section_of(SectionKind.HOUSING, rows),),
        payments=(PaymentBlock(samples.COMPANY, company), PaymentBlock(samples.FUND, fund)),
        totals=sum_totals((company, fund)),
        history=(),
        change=None,
    )

    receipt.check()

    assert receipt.totals.to_pay_kopecks == company.to_pay_kopecks - 500_000 < 0
    assert receipt.due_kopecks == company.to_pay_kopecks


def test_the_bar_of_the_month_is_the_sum_of_the_month() -> None:
    receipt = samples.ordinary()
    last = MonthAmount(receipt.month, receipt.history[-1].charged_kopecks - 1)

    with pytest.raises(ReceiptMismatchError, match="столбик"):
        replace(receipt, history=(*receipt.history[:-1], last)).check()


def test_the_explanation_adds_up_to_the_kopeck() -> None:
    receipt = samples.ordinary()
    change = Change(date(2026, 9, 1), 541290, (ChangePart("Отопление", 254364),))

    with pytest.raises(ReceiptMismatchError, match="разница с прошлым месяцем"):
        replace(receipt, change=change).check()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"payments": ()}, "Получателей платежа 0"),
        ({"month": date(2026, 10, 2)}, "первым днём"),
        ({"due_on": date(2026, 9, 30)}, "раньше месяца"),
        ({"history": tuple(MonthAmount(date(2020, 1, 1), 0) for _ in range(14))}, "Месяцев истории 14"),
    ],
)
def test_a_wrong_shape_is_refused_in_words(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ReceiptMismatchError, match=words):
        samples.ordinary(**changes).check()


def test_a_row_of_an_unknown_payee_is_refused() -> None:
    receipt = samples.crowded()

    with pytest.raises(ReceiptMismatchError, match="получателю, которого нет"):
        replace(receipt, payments=receipt.payments[:1]).check()


@given(st.integers(-(10**15), 10**15), st.integers(1, 10**9), st.integers(0, 6))
def test_a_quantity_rounds_half_away_from_zero(num: int, den: int, digits: int) -> None:
    exact = (Decimal(2 * num * 10**digits) / Decimal(den)) / 2
    # Decimal division may itself round at 28 digits, so the tie is decided on integers.
    twice = 2 * abs(num) * 10**digits
    tie = twice % den == 0 and (twice // den) % 2 == 1

    rounded = Quantity(num, den).rounded(digits)

    if tie:
        assert abs(rounded) == (twice // den + 1) // 2
    else:
        assert rounded == int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def test_a_quantity_of_a_line_is_in_micro_units() -> None:
    assert Quantity.of_micro(20_000_000, 3).rounded(3) == 6667


def test_a_quantity_without_a_denominator_is_refused() -> None:
    with pytest.raises(ReceiptMismatchError, match="Знаменатель"):
        Quantity(1, 0)
