"""Rendering: the same bytes again, tags for those who listen, empty parts, refusals in words."""

import io
import threading
from dataclasses import replace
from datetime import date
from pathlib import Path

import pikepdf
import pytest

from billing.receipt import (
    PaymentBlock,
    Quantity,
    Receipt,
    ReceiptMismatchError,
    totals_of,
)
from receipts import render
from receipts.qr import QrRefusedError
from receipts.render import ReceiptRenderError, render_digest, render_receipt
from tests.receipts import samples
from tests.receipts.paper import (
    POINTS_PER_MM,
    amount,
    codes,
    flat,
    overlaps,
    pdf,
    pictures,
    text_of,
    word_boxes,
)


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
def test_nothing_to_pay_has_no_code_and_says_so(opening: int, words: str) -> None:
    base = samples.ordinary()
    totals = totals_of(base.rows, opening, 0)
    receipt = replace(base, totals=totals, payments=(PaymentBlock(samples.COMPANY, totals),))

    document = render_receipt(receipt)

    assert words in text_of(document)
    assert "платить не нужно" in text_of(document).lower()
    assert not [code for page in pictures(document) for code in codes(page)]


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


def test_a_word_without_end_is_broken_and_stays_on_the_sheet() -> None:
    endless = "Щ" * 400
    base = samples.ordinary(payer=replace(samples.PAYER, name=endless, address=endless))
    first = base.sections[0]
    rows = (replace(first.rows[0], service=endless, basis=endless), *first.rows[1:])

    document = render_receipt(replace(base, sections=(replace(first, rows=rows), *base.sections[1:])))

    assert flat(text_of(document)).count("Щ") >= 4 * len(endless)
    assert max(box[2] for _, _, box in word_boxes(document)) < 200 * POINTS_PER_MM
    assert overlaps(document) == []


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
    render.pt_sans.cache_clear()
    form = tmp_path / "any.typ"
    form.write_text("x", encoding="utf-8")
    try:
        with pytest.raises(ReceiptRenderError, match="Не найден шрифт PT Sans"):
            render_receipt(samples.ordinary(), form=form)
    finally:
        render.pt_sans.cache_clear()


def test_a_fraction_prints_without_loss_of_its_digits() -> None:
    base = samples.ordinary()
    first = base.sections[0]
    third = replace(first.rows[0], volume=Quantity(1, 3), decimals=5)
    sections = (replace(first, rows=(third, *first.rows[1:])), *base.sections[1:])

    assert "0,33333" in text_of(render_receipt(replace(base, sections=sections)))
