"""The page itself: every number of the receipt stands on it, the code reads back, nothing overlaps."""

import io
import itertools
import re
import subprocess
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pikepdf
import pypdf
import pytest
import zxingcpp
from PIL import Image, ImageFilter

from billing.receipt import (
    PaymentBlock,
    Quantity,
    Receipt,
    ReceiptMismatchError,
    SectionKind,
    section_of,
    totals_of,
)
from receipts import render
from receipts.qr import QrRefusedError, payment_payload
from receipts.render import ReceiptRenderError, render_digest, render_receipt
from tests.receipts import samples

POINTS_PER_MM = 72 / 25.4
FOLD_MM = 99
DPI = 200
Box = tuple[float, float, float, float]
NAMES = ("ordinary", "crowded", "absurd")
MONEY = re.compile(r"(?<![\d,])[+−]?\d{1,3}(?: \d{3})*,\d\d(?!\d)")


@cache
def sample(name: str) -> Receipt:
    made: Receipt = getattr(samples, name)()
    return made


@cache
def pdf(name: str) -> bytes:
    return render_receipt(sample(name))


def text_of(document: bytes) -> str:
    """Text of all pages in reading order; narrow and hard spaces become plain ones, as when copied."""
    pages = (page.extract_text() for page in pypdf.PdfReader(io.BytesIO(document)).pages)
    return re.sub("[\u00a0\u202f]", " ", "\n".join(pages))


def flat(text: str) -> str:
    return re.sub(r"[\s\u00ad\u200b-]+", "", unicodedata.normalize("NFC", text))


def pictures(document: bytes, tmp_path: Path, dpi: int = DPI) -> list[Image.Image]:
    """Pages as a grey printer would lay them down."""
    source = tmp_path / "receipt.pdf"
    source.write_bytes(document)
    subprocess.run(["pdftoppm", "-r", str(dpi), "-gray", str(source), str(tmp_path / "page")], check=True)
    pages = []
    for path in sorted(tmp_path.glob("page-*.pgm")):
        with Image.open(path) as page:
            pages.append(page.copy())
    return pages


def codes(image: Image.Image) -> list[zxingcpp.Barcode]:
    return zxingcpp.read_barcodes(np.asarray(image))


def word_boxes(document: bytes, tmp_path: Path) -> Iterator[tuple[int, str, Box]]:
    """Page number, word and its box (left, top, right, bottom) in points."""
    source = tmp_path / "boxes.pdf"
    source.write_bytes(document)
    made = subprocess.run(
        ["pdftotext", "-bbox", str(source), "-"], check=True, capture_output=True, text=True
    )
    root = ET.fromstring(made.stdout)
    space = "{http://www.w3.org/1999/xhtml}"
    for number, page in enumerate(root.iter(f"{space}page")):
        for word in page.iter(f"{space}word"):
            left, top, right, bottom = (float(word.attrib[key]) for key in ("xMin", "yMin", "xMax", "yMax"))
            yield number, word.text or "", (left, top, right, bottom)


def amount(kopecks: int, plus: bool = False) -> str:
    """Written here anew, so that the page is not compared with itself."""
    sign = "−" if kopecks < 0 else "+" if plus and kopecks > 0 else ""
    whole = f"{abs(kopecks) // 100:,}".replace(",", " ")
    return f"{sign}{whole},{abs(kopecks) % 100:02d}"


def amounts_of(receipt: Receipt) -> Iterator[str]:
    """Every sum of the receipt as it must be printed, once for each place."""
    for row in receipt.rows:
        yield amount(row.charged_kopecks)
        yield amount(row.total_kopecks)
        if row.common_charged_kopecks:
            yield amount(row.common_charged_kopecks)
        if row.surcharge_kopecks:
            yield amount(row.surcharge_kopecks)
        if row.recalculation_kopecks:
            yield amount(row.recalculation_kopecks, plus=True)
        if row.benefit_kopecks:
            yield amount(-row.benefit_kopecks)
    for section in receipt.sections:
        yield amount(section.total_kopecks)
    yield amount(sum(row.total_kopecks for row in receipt.rows))
    for ground in receipt.corrections:
        yield amount(ground.amount_kopecks, plus=True)
    for fine in receipt.penalties:
        yield amount(fine.amount_kopecks)
        if fine.base_kopecks is not None:
            yield amount(fine.base_kopecks)
    for part in receipt.instalments:
        yield from map(
            amount, (part.of_month_kopecks, part.of_past_kopecks, part.interest_kopecks, part.total_kopecks)
        )
    if receipt.change:
        for item in receipt.change.parts:
            yield amount(item.amount_kopecks, plus=True)
    yield amount(receipt.due_kopecks)
    for value in (
        receipt.totals.opening_kopecks,
        receipt.totals.charged_kopecks,
        -receipt.totals.paid_kopecks,
    ):
        if value:
            yield amount(value, plus=True)
    if len(receipt.payments) > 1:
        for block in receipt.payments:
            yield amount(block.totals.due_kopecks)
            yield amount(block.totals.charged_kopecks, plus=True)


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
def test_the_code_on_the_first_page_is_the_payment_and_stands_in_the_top_third(
    name: str, tmp_path: Path
) -> None:
    receipt = sample(name)

    (found,) = codes(pictures(pdf(name), tmp_path)[0])

    assert found.bytes == payment_payload(receipt, receipt.payments[0])
    bottom_mm = max(found.position.bottom_left.y, found.position.bottom_right.y) / DPI * 25.4
    assert bottom_mm < FOLD_MM
    assert found.ec_level == "M"


def test_fields_read_back_from_the_paper(tmp_path: Path) -> None:
    (found,) = codes(pictures(pdf("ordinary"), tmp_path)[0])
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


def test_every_payee_has_a_code_of_its_own(tmp_path: Path) -> None:
    receipt = sample("crowded")
    found = [code.bytes for page in pictures(pdf("crowded"), tmp_path)[1:] for code in codes(page)]

    assert sorted(found) == sorted(payment_payload(receipt, block) for block in receipt.payments)


def test_the_code_survives_a_poor_copier(tmp_path: Path) -> None:
    page = pictures(pdf("absurd"), tmp_path)[0]
    noise = np.random.default_rng(7).normal(0, 18, (page.height, page.width))
    turned = page.rotate(2.5, Image.Resampling.BILINEAR, fillcolor=255).filter(ImageFilter.GaussianBlur(0.9))
    copied = np.clip(np.asarray(turned) * 0.75 + 40 + noise, 0, 255).astype(np.uint8)

    (found,) = zxingcpp.read_barcodes(copied)

    assert found.bytes == payment_payload(sample("absurd"), sample("absurd").payments[0])


def overlaps(document: bytes, tmp_path: Path) -> list[str]:
    """Pairs of words whose ink meets. A box of a font is taller than its letters: its middle half is ink."""
    pages: dict[int, list[tuple[str, Box]]] = {}
    for number, word, (left, top, right, bottom) in word_boxes(document, tmp_path):
        quarter = (bottom - top) / 4
        pages.setdefault(number, []).append(
            (word, (left + 0.3, top + quarter, right - 0.3, bottom - quarter))
        )
    return [
        f"«{word}» and «{other}»"
        for words in pages.values()
        for (word, a), (other, b) in itertools.combinations(words, 2)
        if not (a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1])
    ]


@pytest.mark.parametrize("name", NAMES)
def test_no_words_overlap_and_none_leaves_the_sheet(name: str, tmp_path: Path) -> None:
    for _, word, (left, top, right, bottom) in word_boxes(pdf(name), tmp_path):
        assert left > 10 * POINTS_PER_MM, word
        assert right < 200 * POINTS_PER_MM, word
        assert top > 8 * POINTS_PER_MM, word
        assert bottom < 292 * POINTS_PER_MM, word

    assert overlaps(pdf(name), tmp_path) == []


@pytest.mark.parametrize("name", NAMES)
def test_only_the_letter_shows_through_the_window_of_the_envelope(name: str, tmp_path: Path) -> None:
    payer = sample(name).payer
    letter = flat(payer.name + payer.address + payer.postcode)
    seen = ""
    for number, word, (left, top, right, bottom) in word_boxes(pdf(name), tmp_path):
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


def test_a_million_in_every_column_still_fits(tmp_path: Path) -> None:
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

    assert max(box[2] for _, _, box in word_boxes(document, tmp_path)) < 200 * POINTS_PER_MM
    assert overlaps(document, tmp_path) == []
    assert amount(totals.to_pay_kopecks) in text_of(document)


def test_the_same_receipt_makes_the_same_bytes_in_any_thread() -> None:
    first = render_receipt(samples.crowded())
    made: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: made.append(render_receipt(samples.crowded()))) for _ in range(2)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [render_digest(document) for document in made] == [render_digest(first)] * 2
    assert render_digest(render_receipt(samples.ordinary())) != render_digest(first)


def test_the_file_is_tagged_titled_and_carries_only_pt_sans() -> None:
    with pikepdf.open(io.BytesIO(pdf("ordinary"))) as document:
        root = document.Root
        fonts = {str(font.BaseFont) for page in document.pages for font in page.Resources.Font.values()}

        assert root.MarkInfo.Marked
        assert str(root.Lang).startswith("ru")
        assert root.StructTreeRoot is not None
        assert document.open_metadata()["pdfuaid:part"] == "1"
        assert "октябрь 2026" in str(document.docinfo["/Title"])
        assert fonts
        assert all("PTSans" in name for name in fonts)


def alternatives(node: object, found: list[str]) -> list[str]:
    """/Alt of every element of the structure tree."""
    if isinstance(node, pikepdf.Array):
        for item in node:
            alternatives(item, found)
    elif isinstance(node, pikepdf.Dictionary):
        if "/Alt" in node:
            found.append(str(node.Alt))
        if "/K" in node:
            alternatives(node.K, found)
    return found


def test_the_code_and_the_chart_are_described_for_those_who_listen() -> None:
    with pikepdf.open(io.BytesIO(pdf("ordinary"))) as document:
        spoken = " ".join(alternatives(document.Root.StructTreeRoot.K, []))

    assert "QR-код для оплаты: получатель ООО «УК Заречная», сумма 8\u202f835,92 ₽" in spoken
    assert "сентябрь 2026 5\u202f412,90" in spoken


@pytest.mark.parametrize(
    ("opening", "words"), [(-5_000_000, "Аванс"), (-883_592, "Всё оплачено, платить не нужно")]
)
def test_nothing_to_pay_has_no_code_and_says_so(opening: int, words: str, tmp_path: Path) -> None:
    base = samples.ordinary()
    totals = totals_of(base.rows, opening, 0)
    receipt = replace(base, totals=totals, payments=(PaymentBlock(samples.COMPANY, totals),))

    document = render_receipt(receipt)

    assert words in text_of(document)
    assert "платить не нужно" in text_of(document).lower()
    assert not [code for page in pictures(document, tmp_path) for code in codes(page)]


def test_columns_with_nothing_in_them_are_not_printed() -> None:
    plain, full = text_of(pdf("ordinary")), text_of(pdf("crowded"))

    for head in ("Льгота", "коэфф.", "На общие"):
        assert head in full
    for head in ("Льгота", "коэфф."):
        assert head not in plain
    assert "Перерасчёты и основания" not in plain
    assert "Пени и судебные расходы" not in plain


def test_a_bare_receipt_has_no_empty_headings() -> None:
    totals = totals_of([], 120_000, 0)
    bare = Receipt(
        number="1",
        month=samples.OCTOBER,
        issued_on=date(2026, 11, 2),
        due_on=date(2026, 11, 16),
        payer=replace(samples.PAYER, els="", service_id="", area_total_dm2=None, area_living_dm2=None),
        payments=(PaymentBlock(samples.COMPANY, totals),),
        sections=(),
        totals=totals,
    )

    printed = text_of(render_receipt(bare))

    for heading in ("Счётчики", "Ваш год", "Кому звонить", "Новости", "Дом:", "Личный кабинет"):
        assert heading not in printed
    assert "Куда и как платить" in printed
    assert amount(120_000) in printed


def test_letters_that_mean_something_to_the_form_stay_letters() -> None:
    hostile = '#panic("x") *жирно* _косо_ $a^2$ `код` <метка> @ссылка \\ "кавычки" // нет /* нет */ = нет'
    receipt = samples.ordinary(payer=replace(samples.PAYER, address=hostile, name='#read("/etc/passwd")'))

    printed = flat(text_of(render_receipt(receipt)))

    assert flat(hostile) in printed
    assert flat('#read("/etc/passwd")') in printed


def test_a_word_without_end_is_broken_and_stays_on_the_sheet(tmp_path: Path) -> None:
    endless = "Щ" * 400
    base = samples.ordinary(payer=replace(samples.PAYER, name=endless, address=endless))
    first = base.sections[0]
    rows = (replace(first.rows[0], service=endless, basis=endless), *first.rows[1:])

    document = render_receipt(replace(base, sections=(replace(first, rows=rows), *base.sections[1:])))

    assert flat(text_of(document)).count("Щ") >= 4 * len(endless)
    assert max(box[2] for _, _, box in word_boxes(document, tmp_path)) < 200 * POINTS_PER_MM
    assert overlaps(document, tmp_path) == []


def test_a_meter_without_verification_is_warned_about() -> None:
    expired = samples.meter("Газ", "77", "м³", "кухня", "1", "2", "1", date(2026, 11, 1))
    soon = replace(expired, meter_number="78", verify_until=date(2027, 1, 31))
    later = replace(expired, meter_number="79", verify_until=date(2027, 2, 1))

    printed = text_of(render_receipt(samples.ordinary(readings=(expired, soon, later))))

    assert printed.count("истекла") == 1
    assert printed.count("скоро") == 1


def test_a_receipt_that_does_not_add_up_is_not_rendered() -> None:
    base = samples.ordinary()
    wrong = replace(base, totals=replace(base.totals, to_pay_kopecks=1))

    with pytest.raises(ReceiptMismatchError, match="Документ не выпущен"):
        render_receipt(wrong)


def test_requisites_a_bank_would_not_take_stop_the_document() -> None:
    base = samples.ordinary()
    payee = replace(samples.COMPANY, bank_account="4070281090000001234")

    with pytest.raises(QrRefusedError, match="Расчётный счёт: нужно 20 цифр"):
        render_receipt(replace(base, payments=(replace(base.payments[0], payee=payee),)))


def test_a_broken_form_is_refused_with_its_line(tmp_path: Path) -> None:
    form = tmp_path / "broken.typ"
    form.write_text('#set page(paper: "a4")\n\n#нет_такого()\n', encoding="utf-8")

    with pytest.raises(ReceiptRenderError, match=r"(?s)Форма квитанции не собралась.*broken\.typ:3"):
        render_receipt(samples.ordinary(), form=form)


def test_a_missing_font_is_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "FONTS", tmp_path)
    render._fonts.cache_clear()
    form = tmp_path / "any.typ"
    form.write_text("x", encoding="utf-8")
    try:
        with pytest.raises(ReceiptRenderError, match="Не найден шрифт PT Sans"):
            render_receipt(samples.ordinary(), form=form)
    finally:
        render._fonts.cache_clear()


def test_a_fraction_prints_without_loss_of_its_digits() -> None:
    base = samples.ordinary()
    first = base.sections[0]
    third = replace(first.rows[0], volume=Quantity(1, 3), decimals=5)
    sections = (replace(first, rows=(third, *first.rows[1:])), *base.sections[1:])

    assert "0,33333" in text_of(render_receipt(replace(base, sections=sections)))
