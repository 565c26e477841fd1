"""Receipt → PDF bytes: one call, the same bytes for the same receipt, no network and no font of the machine.

The Typst form is compiled in memory with the strings of `receipts.page`. Fonts come from the PT Sans package
by path; the time inside the file is the day of issue, so the digest of a document never changes by itself.
"""

import hashlib
import json
import threading
from datetime import UTC, datetime, time
from functools import cache
from pathlib import Path
from typing import Literal

import fontpkg_pt_sans
import typst

from billing.receipt import Receipt
from receipts import page_year
from receipts.look import STANDARD, Look
from receipts.page import breakable_page, page_of

FORM = Path(__file__).parent / "forms" / "payment_document.typ"
FONTS = Path(fontpkg_pt_sans.__file__).parent / "files"
FONT_FAMILY = "PT Sans"
PDF_STANDARD: Literal["ua-1"] = "ua-1"
"""PDF/UA-1: tagged, titled, readable aloud; Typst refuses to write a file that breaks it."""

_LOCAL = threading.local()


class ReceiptRenderError(RuntimeError):
    """No document came of the form and the data: a broken form or a missing font, in words with the place."""

    code = "receipt_render_failed"
    permanent = True


def render_receipt(receipt: Receipt, form: Path = FORM, look: Look = STANDARD) -> bytes:
    """PDF of the payment document, A4, PDF/UA-1, as many pages as it needs, in the look of an organisation.

    Raises ReceiptMismatchError when the sums disagree, QrRefusedError when a bank would not take the
    requisites, ReceiptRenderError when the form is broken. Safe to call from several threads.
    """
    receipt.check()
    page = page_of(receipt, look=look)
    for year, alt in zip(page["years"], page_year.alts(receipt), strict=False):
        year["alt"] = alt
    data = json.dumps(breakable_page(page), ensure_ascii=False, separators=(",", ":"))
    stamp = datetime.combine(receipt.issued_on, time(), tzinfo=UTC)
    try:
        made = _compiler(form).compile(
            format="pdf", sys_inputs={"page": data}, pdf_standards=PDF_STANDARD, timestamp=stamp
        )
    except typst.TypstError as error:
        raise ReceiptRenderError(in_words(error)) from error
    assert isinstance(made, bytes), "one PDF is one string of bytes"
    return made


def render_digest(document: bytes) -> str:
    """SHA-256 of the file, what the archive keeps beside a receipt."""
    return hashlib.sha256(document).hexdigest()


def _compiler(form: Path) -> typst.Compiler:
    """The compiler of a thread for a form: Typst keeps the parsed form and the fonts inside it."""
    held: tuple[Path, typst.Compiler] | None = getattr(_LOCAL, "held", None)
    if held is None or held[0] != form:
        held = (form, typst.Compiler(input=form, root=form.parent, font_paths=pt_sans()))
        _LOCAL.held = held
    return held[1]


@cache
def pt_sans() -> typst.Fonts:
    """The faces of PT Sans and nothing of the machine. Raises ReceiptRenderError when the package is
    broken.
    """
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS])
    if FONT_FAMILY not in fonts.families():
        raise ReceiptRenderError(
            f"Не найден шрифт {FONT_FAMILY} в папке {FONTS}. "
            "Переустановите пакет fontpkg-pt-sans командой make install."
        )
    return fonts


def in_words(error: typst.TypstError) -> str:
    """What Typst said, with the place in the form."""
    place = (error.diagnostic or error.message).strip()
    return f"Форма квитанции не собралась. {error.message}. Исправьте форму и повторите.\n{place}"
