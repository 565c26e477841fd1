"""The page itself: every number of the receipt stands on it, the code reads back, nothing overlaps."""

import io
from dataclasses import replace

import numpy as np
import pypdf
import pytest
import zxingcpp
from PIL import Image, ImageFilter

from billing.receipt import (
    PaymentBlock,
    SectionKind,
    section_of,
    totals_of,
)
from receipts.qr import payment_payload
from receipts.render import render_receipt
from tests.receipts import samples
from tests.receipts.paper import (
    DPI,
    FOLD_MM,
    MONEY,
    NAMES,
    POINTS_PER_MM,
    amount,
    amounts_of,
    codes,
    flat,
    overlaps,
    pdf,
    pictures,
    sample,
    text_of,
    word_boxes,
)


@pytest.mark.parametrize("name", NAMES)
def test_every_sum_of_the_receipt_is_on_the_page(name: str) -> None:
    printed: list[str] = MONEY.findall(text_of(pdf(name)))

    for expected in amounts_of(sample(name)):
        assert expected in printed, expected
        printed.remove(expected)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_ground_and_requisite_is_on_the_page_whole(name: str) -> None:
    receipt, printed = sample(name), flat(text_of(pdf(name)))

    for row in receipt.rows:
        assert flat(row.service) in printed
        assert flat(row.basis) in printed
    for ground in receipt.corrections:
        assert flat(ground.ground) in printed
    for fine in receipt.penalties:
        assert flat(fine.ground) in printed
    for block in receipt.payments:
        payee = block.payee
        for value in (
            payee.name,
            payee.inn,
            payee.kpp,
            payee.bank_account,
            payee.bic,
            payee.correspondent_account,
        ):
            assert flat(value) in printed
    payer = receipt.payer
    for value in (
        payer.name,
        payer.address,
        payer.postcode,
        payer.account_number,
        payer.els,
        payer.service_id,
    ):
        assert flat(value) in printed


def test_volumes_rates_readings_and_dates_are_on_the_page() -> None:
    printed = text_of(pdf("ordinary"))

    for expected in (
        "53,40 м²",
        "0,913482",
        "2 784,55",
        "11,420",
        "8,765",
        "419,48",
        "10 560",
        "148 кВт·ч",
    ):
        assert expected in printed
    for moment in ("16 ноября 2026", "24.10.2026", "20.12.2026", "25 ноября 2026", "01.02.2034"):
        assert moment in printed


def test_the_year_is_drawn_in_whole_roubles() -> None:
    printed = text_of(pdf("ordinary"))

    for bar in sample("ordinary").history:
        assert f"{(bar.charged_kopecks + 50) // 100:,}".replace(",", " ") in printed


@pytest.mark.parametrize("name", NAMES)
def test_the_code_on_the_first_page_is_the_payment_and_stands_in_the_top_third(name: str) -> None:
    receipt = sample(name)

    (found,) = codes(pictures(pdf(name))[0])

    assert found.bytes == payment_payload(receipt, receipt.payments[0])
    bottom_mm = max(found.position.bottom_left.y, found.position.bottom_right.y) / DPI * 25.4
    assert bottom_mm < FOLD_MM
    assert found.ec_level == "M"


def test_fields_read_back_from_the_paper() -> None:
    (found,) = codes(pictures(pdf("ordinary"))[0])
    head, *parts = found.bytes.decode().split("|")
    fields = dict(part.split("=", 1) for part in parts)

    assert head == "ST00012"
    assert list(fields)[:5] == ["Name", "PersonalAcc", "BankName", "BIC", "CorrespAcc"]
    assert fields["Name"] == "ООО «УК Заречная»"
    assert fields["PersonalAcc"] == "40702810900000012345"
    assert fields["BIC"] == "044525225"
    assert int(fields["Sum"]) == sample("ordinary").totals.to_pay_kopecks == 883592
    assert fields["PersAcc"] == "0001234567"
    assert fields["PaymPeriod"] == "102026"
    assert fields["PayerAddress"] == sample("ordinary").payer.address


def test_every_payee_has_a_code_of_its_own() -> None:
    receipt = sample("crowded")
    found = [code.bytes for page in pictures(pdf("crowded"))[1:] for code in codes(page)]

    assert sorted(found) == sorted(payment_payload(receipt, block) for block in receipt.payments)


def test_the_code_survives_a_poor_copier() -> None:
    page = pictures(pdf("absurd"))[0]
    noise = np.random.default_rng(7).normal(0, 18, (page.height, page.width))
    turned = page.rotate(2.5, Image.Resampling.BILINEAR, fillcolor=255).filter(ImageFilter.GaussianBlur(0.9))
    copied = np.clip(np.asarray(turned) * 0.75 + 40 + noise, 0, 255).astype(np.uint8)

    (found,) = zxingcpp.read_barcodes(copied)

    assert found.bytes == payment_payload(sample("absurd"), sample("absurd").payments[0])


@pytest.mark.parametrize("name", NAMES)
def test_no_words_overlap_and_none_leaves_the_sheet(name: str) -> None:
    for _, word, (left, top, right, bottom) in word_boxes(pdf(name)):
        assert left > 10 * POINTS_PER_MM, word
        assert right < 200 * POINTS_PER_MM, word
        assert top > 8 * POINTS_PER_MM, word
        assert bottom < 292 * POINTS_PER_MM, word

    assert overlaps(pdf(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_only_the_letter_shows_through_the_window_of_the_envelope(name: str) -> None:
    payer = sample(name).payer
    letter = flat(payer.name + payer.address + payer.postcode)
    seen = ""
    for number, word, (left, top, right, bottom) in word_boxes(pdf(name)):
        inside = right > 105 * POINTS_PER_MM and bottom > 40 * POINTS_PER_MM and top < 85 * POINTS_PER_MM
        if number == 0 and inside:
            seen += word
            assert left >= 110 * POINTS_PER_MM
            assert top >= 44 * POINTS_PER_MM

    assert flat(seen) == letter


def test_thirty_services_flow_to_more_pages_with_the_head_of_the_table_again() -> None:
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf("absurd"))).pages]

    assert len(pages) >= 3
    assert sum("Тариф, ₽" in page for page in pages) >= 2
    assert sum(page.count("Всего за октябрь 2026") for page in pages) == 1
    for number, page in enumerate(pages, start=1):
        assert f"Страница {number} из {len(pages)}" in page


def test_a_million_in_every_column_still_fits() -> None:
    def big(row_index: int) -> int:
        return 123_456_789_01 + row_index

    rows = [
        replace(
            row,
            charged_kopecks=big(index),
            common_charged_kopecks=big(index),
            surcharge_kopecks=big(index),
            benefit_kopecks=big(index),
            recalculation_kopecks=0,
            coefficient_permille=1500,
            total_kopecks=2 * big(index),
            payee=0,
        )
        for index, row in enumerate(sample("crowded").rows)
    ]
    totals = totals_of(rows, 0, 0)
    receipt = samples.ordinary(
        sections=(section_of(SectionKind.UTILITIES, rows),),
        payments=(PaymentBlock(samples.COMPANY, totals),),
        totals=totals,
        history=(),
        change=None,
    )

    document = render_receipt(receipt)

    assert max(box[2] for _, _, box in word_boxes(document)) < 200 * POINTS_PER_MM
    assert overlaps(document) == []
    assert amount(totals.to_pay_kopecks) in text_of(document)
