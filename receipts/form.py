"""A form for the press: compiled once by Typst into bands (backgrounds with named slots), by variant.

What a band and a slot are is told in forms/press.typ. Lengths are points, y goes down from the top of a band.
"""

import hashlib
import io
import threading
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import pikepdf

from receipts.compile import compiled_apart, compiled_here
from receipts.look import INK, Look
from receipts.render import ReceiptRenderError

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
    accent: bool = False
    """Drawn in the colour of the organisation."""
    paint: str = "0 g"
    """The operator of its colour."""
    opening: str = field(init=False, repr=False, compare=False)
    """What every line of words in this style begins with."""

    def __post_init__(self) -> None:
        font = "/B" if self.bold else "/R"
        object.__setattr__(self, "opening", f"BT {font} {self.size:.4g} Tf {self.paint} ")


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
    accent: bool = False


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


@dataclass(frozen=True)
class Dress:
    """What of a look is drawn by the form itself: the colour, the logo, an own Typst source."""

    accent: str = INK
    logo: str = ""
    logo_width_dmm: int = 0
    logo_height_dmm: int = 0
    source: str = ""

    @property
    def is_plain(self) -> bool:
        """The standard one."""
        return self == PLAIN

    @cached_property
    def operands(self) -> str:
        """The colour as a page takes it: three numbers from 0 to 1."""
        return " ".join(f"{int(self.accent[at : at + 2], 16) / 255:.3g}" for at in (1, 3, 5))

    @cached_property
    def digest(self) -> str:
        """Short, for names inside files."""
        said = f"{self.accent}\0{self.logo}\0{self.source}"
        return "" if self.is_plain else hashlib.sha256(said.encode()).hexdigest()[:8]


PLAIN = Dress()


def dress_of(look: Look) -> Dress:
    """The part of a look that is compiled."""
    return Dress(look.accent, look.logo_svg, look.logo_width_dmm, look.logo_height_dmm, look.source)


@dataclass(frozen=True, slots=True)
class Variant:
    """Which compiled form a receipt needs: paper, size in percent, optional columns in order, the dress."""

    paper: str = "a4"
    percent: int = 100
    columns: tuple[str, ...] = ()
    dress: Dress = PLAIN

    @property
    def key(self) -> str:
        """Its name inside a file."""
        return f"{self.paper}{self.percent}{''.join(name[0] for name in self.columns)}{self.dress.digest}"


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
    backgrounds: dict[str, str]
    """Of each painted band: what draws its background, its top left corner at the origin."""

    @property
    def accent(self) -> str:
        """The operands of the colour of the organisation: three numbers."""
        return self.variant.dress.operands


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
    """The same of another file, as trusted as ours: for tests."""
    with _COMPILING:
        return _compiled(source, variant)


@lru_cache(maxsize=VARIANTS_KEPT)
def _compiled(source: Path, variant: Variant) -> Form:
    dress = variant.dress
    inputs = {
        "paper": variant.paper,
        "size": str(variant.percent),
        "columns": ",".join(variant.columns),
        "accent": dress.accent,
        "logo": dress.logo,
        "logo-width": str(dress.logo_width_dmm),
        "logo-height": str(dress.logo_height_dmm),
    }
    made = compiled_apart(dress.source, inputs) if dress.source else compiled_here(source, inputs)
    text = dress.source or source.read_text("utf-8")
    bands = _bands(made.background, made.found["band"], made.found["slot"])
    form = Form(
        variant,
        Sheet(**made.found["sheet"][0]),
        {style["name"]: Style(**style, paint=_paint(style, dress)) for style in made.found["styles"][0]},
        bands,
        made.background,
        hashlib.sha256(f"{text}\0{dress.accent}\0{dress.logo}".encode()).hexdigest(),
        {band.name: _background(variant, band) for band in bands.values() if band.page is not None},
    )
    if dress.source:
        _check_own(form, _compiled(PRESS_FORM, replace(variant, dress=PLAIN)))
    return form


def background_name(variant: Variant, band: Band) -> str:
    """The name of a band's background inside a file: forms of several variants may be in one volume."""
    return f"/{variant.key}.{band.name}"


def _paint(style: dict[str, Any], dress: Dress) -> str:
    if style.get("accent") and dress.accent != INK:
        return f"{dress.operands} rg"
    return f".{style['tone']:02d} g" if style["tone"] else "0 g"


def _background(variant: Variant, band: Band) -> str:
    return f"q 1 0 0 1 0 {-band.height:.2f} cm {background_name(variant, band)} Do Q\n"


OPTIONAL_SLOTS = frozenset({"basis", "common", "surcharge", "recalculation", "benefit"})
"""Without a slot of their own these go under the name of the service, in words."""


def _check_own(form: Form, usual: Form) -> None:
    """An own form has a place for everything the usual one has. Raises ReceiptRenderError."""
    for name, band in usual.bands.items():
        mine = form.bands.get(name)
        if mine is None:
            raise ReceiptRenderError(
                f'В форме нет полосы «{name}»: её строки некуда печатать. Верните #band("{name}", …), как в '
                "стандартной форме."
            )
        lost = sorted(band.slots.keys() - mine.slots.keys() - OPTIONAL_SLOTS)
        if lost:
            raise ReceiptRenderError(
                f"В полосе «{name}» нет места «{lost[0]}»: его значение не попадёт на бумагу. "
                f'Верните #slot("{lost[0]}").'
            )
    missing = sorted(usual.styles.keys() - form.styles.keys())
    if missing:
        raise ReceiptRenderError(f"В форме нет начертания «{missing[0]}». Верните его в styles.")


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
