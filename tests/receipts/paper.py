"""What tests of the paper read a rendered document with: text, pictures, codes, boxes of words."""

import io
import itertools
import re
import unicodedata
from collections.abc import Iterator
from functools import cache

import numpy as np
import pdfplumber
import pypdf
import zxingcpp
from PIL import Image

from billing.receipt import (
    Receipt,
)
from receipts.render import render_receipt
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


def pictures(document: bytes, dpi: int = DPI) -> list[Image.Image]:
    """Pages as a grey printer would lay them down."""
    with pdfplumber.open(io.BytesIO(document)) as opened:
        return [page.to_image(resolution=dpi).original.convert("L") for page in opened.pages]


def codes(image: Image.Image) -> list[zxingcpp.Barcode]:
    return zxingcpp.read_barcodes(np.asarray(image))


def word_boxes(document: bytes) -> Iterator[tuple[int, str, Box]]:
    """Page number, word and its box (left, top, right, bottom) in points."""
    with pdfplumber.open(io.BytesIO(document)) as opened:
        for number, page in enumerate(opened.pages):
            for word in page.extract_words(use_text_flow=True):
                yield number, word["text"], (word["x0"], word["top"], word["x1"], word["bottom"])


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


def overlaps(document: bytes) -> list[str]:
    """Pairs of words whose ink meets. A box of a font is taller than its letters: its middle half is ink."""
    pages: dict[int, list[tuple[str, Box]]] = {}
    for number, word, (left, top, right, bottom) in word_boxes(document):
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
