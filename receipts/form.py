"""A form for the press: compiled once by Typst into bands (backgrounds with named slots), by variant.

What a band and a slot are is told in forms/press.typ. Lengths are points, y goes down from the top of a band.
"""

import hashlib
import io
import json
import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pikepdf
import typst

from receipts.render import ReceiptRenderError, in_words, pt_sans

PRESS_FORM = Path(__file__).parent / "forms" / "press.typ"
PAPERS = ("a4", "a5")
LARGE_PERCENT = 140
VARIANTS_KEPT = 64
"""Two papers, two sizes and the sets of columns that occur; a compiled form is some hundreds of kilobytes."""

PAINTING = frozenset({"Tj", "TJ", "f", "f*", "S", "B", "Do"})


@dataclass(frozen=True, slots=True)
class Style:
    """How words look: size in points, weight, tone of grey in percent (0 is black)."""

    name: str
    size: float
    bold: bool
    tone: int


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for a value inside a band."""

    name: str
    style: str
    align: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Rule:
    """A line under a band: width in points and tone in percent."""

    width: float
    tone: int


@dataclass(frozen=True, slots=True)
class Band:
    """A strip of the page; `page` is the number of its background in the compiled file, None when it has
    none.
    """

    name: str
    width: float
    height: float
    page: int | None
    rule: Rule | None
    keep: bool
    slots: dict[str, Slot]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The page: its size and margins; the distance of the folds, 0 for none."""

    width: float
    height: float
    left: float
    top: float
    bottom: float
    fold: float


@dataclass(frozen=True, slots=True)
class Variant:
    """Which compiled form a receipt needs: paper, size in percent, the optional columns in order."""

    paper: str = "a4"
    percent: int = 100
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """A compiled form: where everything goes, and the file with the backgrounds."""

    variant: Variant
    sheet: Sheet
    styles: dict[str, Style]
    bands: dict[str, Band]
    background: bytes
    digest: str
    """Of the source, so that the archive knows which form a run was printed by."""


_COMPILING = threading.Lock()


def digest_of(source: Path) -> str:
    """SHA-256 of a form: which one a run was printed by."""
    return hashlib.sha256(source.read_bytes()).hexdigest()


def press_form(variant: Variant) -> Form:
    """The form of a variant, compiled at its first use in this process.

    Raises ReceiptRenderError with the line of the form when it is broken.
    """
    with _COMPILING:
        return _compiled(PRESS_FORM, variant)


def form_of(source: Path, variant: Variant) -> Form:
    """The same of another source: an organisation's own form."""
    with _COMPILING:
        return _compiled(source, variant)


@lru_cache(maxsize=VARIANTS_KEPT)
def _compiled(source: Path, variant: Variant) -> Form:
    inputs = {
        "paper": variant.paper,
        "size": str(variant.percent),
        "columns": ",".join(variant.columns),
    }
    compiler = typst.Compiler(input=source, root=source.parent, font_paths=pt_sans(), sys_inputs=inputs)
    try:
        background = compiler.compile(format="pdf", pdf_tags=False, timestamp=0)
        found = {
            name: json.loads(compiler.query(f"<{name}>", field="value"))
            for name in ("sheet", "styles", "band", "slot")
        }
    except typst.TypstError as error:
        raise ReceiptRenderError(in_words(error)) from error
    assert isinstance(background, bytes), "one PDF is one string of bytes"
    return Form(
        variant,
        Sheet(**found["sheet"][0]),
        {style["name"]: Style(**style) for style in found["styles"][0]},
        _bands(background, found["band"], found["slot"]),
        background,
        digest_of(source),
    )


def _bands(background: bytes, bands: list[dict[str, Any]], slots: list[dict[str, Any]]) -> dict[str, Band]:
    made = {}
    with pikepdf.open(io.BytesIO(background)) as document:
        for band in bands:
            page = document.pages[band["page"] - 1]
            left, bottom, right, top = (float(edge) for edge in page.mediabox)
            rule = band["rule"]
            own = [slot for slot in slots if slot["page"] == band["page"]]
            made[band["name"]] = Band(
                band["name"],
                right - left,
                top - bottom,
                band["page"] if _is_painted(page) else None,
                Rule(**rule) if rule else None,
                band["keep"],
                {slot["name"]: Slot(**{k: v for k, v in slot.items() if k != "page"}) for slot in own},
            )
    return made


def _is_painted(page: pikepdf.Page) -> bool:
    return any(str(one.operator) in PAINTING for one in pikepdf.parse_content_stream(page))
