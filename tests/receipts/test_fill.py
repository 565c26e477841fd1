"""The press: what a filled form says, reads back and looks like is what the receipt says."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import cache
from pathlib import Path

import pikepdf
import pytest

from billing.receipt import PaymentBlock, Receipt, ReceiptMismatchError, totals_of
from receipts.faces import _subset, faces
from receipts.fill import Filler
from receipts.form import Variant, form_of
from receipts.look import STANDARD
from receipts.qr import payment_payload
from receipts.render import FONTS, ReceiptRenderError
from receipts.typeset import wrapped
from receipts.volume import one_receipt
from tests.receipts import samples
from tests.receipts.paper import (
    DPI,
    FOLD_MM,
    MONEY,
    NAMES,
    POINTS_PER_MM,
    amounts_of,
    codes,
    flat,
    overlaps,
    pictures,
    sample,
    text_of,
    word_boxes,
)

FORMS = (("a4", 100), ("a4", 140), ("a5", 100))
CASES = [(name, paper, percent) for name in NAMES for paper, percent in FORMS]


@cache
def filler(paper: str, percent: int) -> Filler:
    return Filler(paper, percent)


@cache
def printed(name: str, paper: str = "a4", percent: int = 100) -> bytes:
    return one_receipt(filler(paper, percent).fill(sample(name), "№ 000017"), name)


def whole(receipt: Receipt) -> bytes:
    return one_receipt(filler("a4", 100).fill(receipt), "one")


@pytest.mark.parametrize(("name", "paper", "percent"), CASES)
def test_every_sum_of_the_receipt_is_on_the_page(name: str, paper: str, percent: int) -> None:
    found: list[str] = MONEY.findall(text_of(printed(name, paper, percent)))

    for expected in amounts_of(sample(name)):
        assert expected in found, expected
        found.remove(expected)


@pytest.mark.parametrize(("name", "paper", "percent"), CASES)
def test_every_name_ground_and_requisite_is_on_the_page_whole(name: str, paper: str, percent: int) -> None:
    receipt, text = sample(name), flat(text_of(printed(name, paper, percent)))
    payer = receipt.payer

    said = [payer.name, payer.address, payer.postcode, payer.account_number, payer.els, payer.service_id]
    for row in receipt.rows:
        said += [row.service, row.basis]
    said += [row.ground for row in receipt.corrections]
    said += [row.ground for row in receipt.penalties]
    for block in receipt.payments:
        payee = block.payee
        said += [payee.name, payee.inn, payee.kpp, payee.bank_account, payee.bic, payee.correspondent_account]

    assert [words for words in said if flat(words) not in text] == []


@pytest.mark.parametrize(("name", "paper", "percent"), CASES)
def test_nothing_overlaps_and_nothing_leaves_the_sheet(name: str, paper: str, percent: int) -> None:
    document = printed(name, paper, percent)
    width, height = (148, 210) if paper == "a5" else (210, 297)

    assert overlaps(document) == []
    for _, _, (left, top, right, bottom) in word_boxes(document):
        assert left > 9 * POINTS_PER_MM
        assert right < (width - 9) * POINTS_PER_MM
        assert top > 5 * POINTS_PER_MM
        assert bottom < (height - 3) * POINTS_PER_MM


@pytest.mark.parametrize(("name", "paper", "percent"), CASES)
def test_every_code_reads_back_as_its_payment(name: str, paper: str, percent: int) -> None:
    receipt = sample(name)
    wanted = {payment_payload(receipt, block) for block in receipt.payments if block.totals.due_kopecks}

    pages = [codes(page) for page in pictures(printed(name, paper, percent))]

    assert {code.bytes for page in pages for code in page} == wanted
    first = pages[0][0]
    assert first.ec_level == "M"
    if paper == "a4" and percent == 100:
        bottom_mm = max(first.position.bottom_left.y, first.position.bottom_right.y) / DPI * 25.4
        assert bottom_mm < FOLD_MM


def test_the_running_number_and_the_count_of_pages_stand_on_every_sheet() -> None:
    with pikepdf.open(io.BytesIO(printed("absurd"))) as document:
        count = len(document.pages)

    text = text_of(printed("absurd"))

    assert count > 2
    assert text.count("№ 000017") == count
    for number in range(1, count + 1):
        assert f"Страница {number} из {count}" in text


def test_a_table_that_goes_on_has_its_head_again() -> None:
    text = text_of(printed("absurd"))

    assert text.count("Как посчитан объём") >= 2


def test_the_same_receipt_gives_the_same_bytes() -> None:
    fresh = one_receipt(Filler("a4", 100).fill(sample("crowded"), "№ 000017"), "crowded")

    assert fresh == printed("crowded")


def test_the_fonts_of_another_process_are_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    font = FONTS / "PT_Sans-Web-Regular.ttf"
    letters = tuple(ord(letter) for letter in "Счёт 10")

    made = _subset(font, letters)
    monkeypatch.setattr("fontTools.misc.timeTools.timestampNow", lambda: 1)

    assert _subset(font, letters) == made


def test_the_house_of_the_receipt_before_is_kept_for_the_same_house_only() -> None:
    one = sample("ordinary")
    moved = replace(one, reference=replace(one.reference, rows=one.reference.rows[:1], contacts=()))
    alone = {receipt: Filler().fill(receipt).pages for receipt in (one, moved)}
    together = Filler()

    for receipt in (one, moved, moved, one):
        assert together.fill(receipt).pages == alone[receipt]
    assert alone[one] != alone[moved]


def test_the_limits_of_prices_of_another_look_are_not_those_of_the_one_before() -> None:
    one, together = sample("ordinary"), Filler()
    looks = [replace(STANDARD, limit_index=words) for words in ("Индекс 104,7 %", "Индекс 111,1 %")]

    said = [text_of(one_receipt(together.fill(one, "", look), "x")) for look in looks]

    assert ["104,7" in said[0], "111,1" in said[0]] == [True, False]
    assert ["104,7" in said[1], "111,1" in said[1]] == [False, True]


def test_only_two_shared_subsets_carry_the_letters_of_values() -> None:
    with pikepdf.open(io.BytesIO(printed("ordinary"))) as document:
        fonts = {name: font for page in document.pages for name, font in page.Resources.Font.items()}

    assert set(fonts) == {"/R", "/B"}
    assert len(printed("ordinary")) < 250_000


def test_a_word_without_end_and_letters_of_other_alphabets_stay_on_the_sheet() -> None:
    endless = "Щ" * 400
    base = samples.ordinary(payer=replace(samples.PAYER, name=endless, address=endless + " 漢字 Ұлы"))
    first = base.sections[0]
    rows = (replace(first.rows[0], service=endless, basis=endless), *first.rows[1:])

    document = whole(replace(base, sections=(replace(first, rows=rows), *base.sections[1:])))

    text = flat(text_of(document))
    assert text.count("Щ") >= 4 * len(endless)
    assert "??Ұлы" in text
    assert max(box[2] for _, _, box in word_boxes(document)) < 200 * POINTS_PER_MM
    assert overlaps(document) == []


def test_a_sum_too_wide_for_its_column_is_set_smaller_and_not_cut() -> None:
    base = samples.ordinary()
    first = base.sections[0]
    huge = replace(first.rows[0], charged_kopecks=123_456_789_012_345, total_kopecks=123_456_789_012_345)
    section = replace(first, rows=(huge,), total_kopecks=huge.total_kopecks)
    totals = totals_of([huge, *[row for one in base.sections[1:] for row in one.rows]], 0, 0)
    receipt = replace(
        base,
        sections=(section, *base.sections[1:]),
        totals=totals,
        payments=(PaymentBlock(samples.COMPANY, totals),),
        history=(),
        change=None,
    )

    document = whole(receipt)

    assert "1 234 567 890 123,45" in text_of(document)
    assert overlaps(document) == []


def test_a_receipt_that_does_not_add_up_is_not_filled() -> None:
    base = samples.ordinary()

    with pytest.raises(ReceiptMismatchError, match="Документ не выпущен"):
        whole(replace(base, totals=replace(base.totals, to_pay_kopecks=1)))


def test_a_broken_form_is_refused_with_its_line(tmp_path: Path) -> None:
    form = tmp_path / "broken.typ"
    form.write_text('#set page(paper: "a4")\n\n#нет_такого()\n', encoding="utf-8")

    with pytest.raises(ReceiptRenderError, match=r"(?s)Форма квитанции не собралась.*broken\.typ:3"):
        form_of(form, Variant())


@pytest.mark.parametrize("width", [1000, 3000, 12_000])
def test_lines_hold_every_letter_and_none_is_too_wide(width: int) -> None:
    face = faces()[0]
    text = "Санкт-Петербург, Революционно-Преображенская наб., д. 12, " + "ъ" * 60

    lines = wrapped(face, text, width)

    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(face.width(line) <= width or len(line) == 1 for line in lines)
