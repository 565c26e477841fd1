"""Sections of order 43/пр are on the page when the situation calls for them and only then, in both forms."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import cache

import numpy as np
import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from billing.receipt import (
    ClaimKind,
    DebtRow,
    DocumentKind,
    InstalmentRow,
    PaymentBlock,
    PenaltyRow,
    Receipt,
    ReceiptMismatchError,
    ReceiptSection,
    Reference,
    SectionKind,
    Totals,
    totals_of,
)
from receipts.barcode import BarcodeRefusedError, barcode_of, check_digit, code128, parsed
from receipts.fill import Filler
from receipts.logo import logo_of
from receipts.look import BLOCKS, OPTIONAL, STANDARD, Look, LookRefused, look_of
from receipts.render import render_receipt
from receipts.volume import one_receipt
from tests.receipts import samples
from tests.receipts.paper import codes, flat, overlaps, pictures, text_of

TEMPLATE = "account:10 period:6 kopecks:9 luhn"
CODE_128 = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.Code128)
HEADS = {
    "grounds": "Перерасчёты и основания",
    "penalties": "Пени",
    "court": "Судебные расходы",
    "instalments": "Рассрочка",
    "meters": "Счётчики",
    "year": "Ваш год",
    "services": "Год по услугам",
    "house": "Дом: нормативы и общий расход",
    "contacts": "Кому звонить",
    "news": "Новости",
    "debts": "Долги по месяцам",
    "charges": "Как посчитан объём",
    "repair": "Капитальный ремонт",
}


def bare(**changes: object) -> Receipt:
    """Housing and utilities only: no meters, no year, no reference."""
    made = samples.ordinary(readings=(), history=(), years=(), change=None, reference=Reference(), **changes)
    sections = tuple(one for one in made.sections if one.kind is not SectionKind.CAPITAL_REPAIR)
    return with_sections(made, sections)


def with_sections(receipt: Receipt, sections: tuple[ReceiptSection, ...], owed: int = 0) -> Receipt:
    rows = [row for section in sections for row in section.rows]
    fines = sum(row.amount_kopecks for row in receipt.penalties)
    totals = totals_of(rows, owed, 0, fines)
    payments = (replace(receipt.payments[0], totals=totals),)
    return replace(receipt, sections=sections, totals=totals, payments=payments)


def fined(kind: ClaimKind, title: str) -> Receipt:
    base = bare()
    return with_sections(replace(base, penalties=(PenaltyRow(title, 777, kind=kind),)), base.sections)


def debt() -> Receipt:
    rows = (
        DebtRow("Отопление", samples.OCTOBER, 150_000),
        DebtRow("Холодная вода", None, 4_321),
    )
    totals = Totals(154_321, 0, 0, 0, 0, 154_321)
    return replace(
        bare(),
        kind=DocumentKind.DEBT,
        sections=(),
        debts=rows,
        totals=totals,
        payments=(PaymentBlock(samples.COMPANY, totals),),
    )


def repair() -> Receipt:
    return with_sections(replace(bare(), kind=DocumentKind.CAPITAL_REPAIR), (samples.capital(),))


SITUATIONS: dict[str, tuple[Receipt, set[str]]] = {
    "bare": (bare(), {"charges"}),
    "penalty": (fined(ClaimKind.PENALTY, "Пени"), {"charges", "penalties"}),
    "court": (fined(ClaimKind.COURT, "Госпошлина"), {"charges", "court"}),
    "instalment": (
        replace(bare(), instalments=(InstalmentRow("Отопление", 1, 2, 3, 6),)),
        {"charges", "instalments"},
    ),
    "debt": (debt(), {"debts"}),
    "repair": (repair(), {"charges", "repair"}),
    "ordinary": (
        samples.ordinary(),
        {"charges", "meters", "year", "services", "house", "contacts", "news", "repair"},
    ),
    "crowded": (
        samples.crowded(),
        set(HEADS) - {"debts", "charges"},
    ),
}


@cache
def press() -> Filler:
    return Filler("a4", 100)


def on_press(receipt: Receipt, look: Look = STANDARD) -> bytes:
    return one_receipt(press().fill(receipt, "№ 000001", look), "one")


def on_screen(receipt: Receipt, look: Look = STANDARD) -> bytes:
    return render_receipt(receipt, look=look)


BOTH = pytest.mark.parametrize("draw", [on_press, on_screen], ids=["press", "screen"])


@BOTH
@pytest.mark.parametrize("name", SITUATIONS)
def test_a_section_is_there_when_it_is_called_for_and_only_then(name: str, draw: object) -> None:
    receipt, wanted = SITUATIONS[name]
    assert callable(draw)

    lines = [line.strip() for line in text_of(draw(receipt)).splitlines()]

    found = {key for key, head in HEADS.items() if any(line.startswith(head) for line in lines)}
    found |= {"charges"} if any("Как посчитан объём" in line for line in lines) else set()
    if name in ("penalty", "court"):  # the equation at the top has a line of that name
        assert sum(line.startswith(HEADS[_fine(name)]) for line in lines) >= 2
    else:
        found -= {one for one in ("penalties", "court") if one not in wanted}
    assert found - {"debts"} == wanted - {"debts"}
    assert ("Долги по месяцам" in lines) is ("debts" in wanted)


def _fine(name: str) -> str:
    return "penalties" if name == "penalty" else name


@BOTH
def test_titles_tell_what_the_paper_asks_for(draw: object) -> None:
    assert callable(draw)
    assert "Долговой платёжный документ" in flat_words(draw(debt()))
    assert "Взнос на капитальный ремонт" in flat_words(draw(repair()))
    assert "прежние долги" in flat_words(draw(debt()))


def flat_words(document: bytes) -> str:
    return " ".join(text_of(document).split())


def test_a_debt_document_whose_rows_do_not_make_the_debt_is_not_printed() -> None:
    wrong = replace(debt(), debts=debt().debts[:1])

    with pytest.raises(ReceiptMismatchError, match="долги по месяцам"):
        wrong.check()


@BOTH
def test_the_total_says_how_much_is_utilities_and_how_much_common(draw: object) -> None:
    assert callable(draw)
    said = flat(text_of(draw(samples.ordinary())))

    assert flat("коммунальные услуги 6 260,96") in said
    assert flat("общее имущество 81,18") in said


# ---- looks ------------------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("hidden", OPTIONAL)
def test_a_block_that_was_switched_off_is_gone_and_the_rest_stays(hidden: str, draw: object) -> None:
    assert callable(draw)
    look = look_of({"hidden": [hidden], "messages": ["Касса работает до восьми."]})

    said = flat_words(draw(samples.ordinary(), look))

    gone = {"change": "больше, чем за сентябрь"}.get(hidden, HEADS.get(hidden, ""))
    assert gone not in said
    assert "Куда и как платить" in said
    assert ("Касса работает" in said) is (hidden != "news")


@BOTH
def test_blocks_stand_in_the_order_of_the_organisation(draw: object) -> None:
    assert callable(draw)
    order = list(reversed(BLOCKS))

    said = flat_words(draw(samples.ordinary(), look_of({"order": order})))

    heads = ["Новости", "Кому звонить", "Дом: нормативы", "Куда и как платить", "Год по услугам", "Ваш год"]
    places = [said.index(head) for head in heads]
    assert places == sorted(places)


@BOTH
def test_logo_colour_and_code_are_drawn_and_nothing_overlaps(draw: object) -> None:
    assert callable(draw)
    look = own_look()

    document = draw(samples.crowded(), look)

    assert overlaps(document) == []
    first = pypdfium2.PdfDocument(document)[0].render(scale=1).to_pil().convert("RGB")
    pixels = np.asarray(first).astype(int)
    assert (pixels[:, :, 2] > pixels[:, :, 0] + 60).sum() > 2_000
    read = {code.bytes for page in pictures(document) for code in codes(page)}
    assert sum(one.startswith(b"ST0001") for one in read) == 2


def own_look(**more: object) -> Look:
    made = io.BytesIO()
    Image.new("RGBA", (900, 300), (20, 80, 160, 255)).save(made, "PNG")
    logo = logo_of(made.getvalue())
    return look_of(
        {
            "accent": "#14509a",
            "logo_svg": logo.svg,
            "logo_width_dmm": logo.width_dmm,
            "logo_height_dmm": logo.height_dmm,
            "barcode": TEMPLATE,
            **more,
        }
    )


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"accent": "red"}, "accent"),
        ({"accent": "#ffee88"}, "accent"),
        ({"hidden": ["payees"]}, "hidden"),
        ({"order": ["news"]}, "order"),
        ({"barcode": "account"}, "barcode"),
        ({"barcode": "luhn account:5"}, "barcode"),
        ({"messages": ["a"] * 6}, "messages"),
        ({"cabinet": "a" * 301}, "cabinet"),
    ],
)
def test_a_look_that_cannot_be_is_refused_at_its_field(data: dict[str, object], field: str) -> None:
    with pytest.raises(LookRefused) as refused:
        look_of(data)

    assert refused.value.field == field
    assert str(refused.value).endswith(".")


def test_a_look_is_read_back_as_it_was_kept() -> None:
    look = own_look(messages=["Раз", "Два"])

    assert look_of(look.kept()) == look
    assert look_of(look.kept()).digest == look.digest


@pytest.mark.parametrize(
    "content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n" + b"0" * 50, b"x" * 6_000_000]
)
def test_what_is_not_a_logo_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(LookRefused) as refused:
        logo_of(content)

    assert refused.value.field == "logo"


def test_a_huge_logo_becomes_a_small_one() -> None:
    made = io.BytesIO()
    Image.new("RGB", (6000, 4000), "navy").save(made, "JPEG")

    logo = logo_of(made.getvalue())

    assert len(logo.svg) < 100_000
    assert (logo.width_dmm, logo.height_dmm) == (195, 130)


# ---- the linear code --------------------------------------------------------------------------------------


@BOTH
def test_the_linear_code_reads_back_by_an_independent_reader(draw: object) -> None:
    assert callable(draw)
    receipt, look = samples.crowded(), own_look()
    wanted = {barcode_of(TEMPLATE, receipt, block).text for block in receipt.payments}

    found = {
        code.text
        for page in pictures(draw(receipt, look))
        for code in zxingcpp.read_barcodes(page, formats=CODE_128)
    }

    assert found == wanted


@pytest.mark.parametrize("digits", ["1", "12", "123", "0099", "12345678901234567890123456"])
def test_code_128_of_any_number_of_digits_reads_back(digits: str) -> None:
    widths = code128(digits)
    picture = Image.new("L", ((sum(widths) + 40) * 3, 120), 255)
    x = 20 * 3
    for at, width in enumerate(widths):
        if at % 2 == 0:
            picture.paste(0, (x, 10, x + width * 3, 110))
        x += width * 3

    found = zxingcpp.read_barcodes(picture, formats=CODE_128)

    assert [one.text for one in found] == [digits]


def test_check_digits_are_those_of_known_numbers() -> None:
    assert check_digit("luhn", "7992739871") == "3"
    assert check_digit("mod10", "400638133393") == "1"  # EAN-13 of a well-known pen


def test_a_value_wider_than_its_field_is_refused() -> None:
    receipt = samples.ordinary()

    with pytest.raises(BarcodeRefusedError, match="отведено 2 знаков"):
        barcode_of("account:2", receipt, receipt.payments[0])


def test_a_template_is_read_into_fields() -> None:
    assert parsed("77 account:10 mod10") == (("77", 0), ("account", 10), ("mod10", 0))
