"""Sets values into slots: words wrapped by their widths, pairs, bars, codes → operators and a height.

A slot's result does not depend on where its band lands, so equal values are set once: names of services,
rates,
requisites and contacts of a house repeat on thousands of receipts. Nothing is cut: words wrap, an endless
word is
broken, a number too wide for its column is set smaller, and the band grows.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from receipts.faces import EM, Face, faces
from receipts.form import Band, Form, Slot, Style
from receipts.qr_symbol import Modules
from receipts.words import ZERO_WIDTH_SPACE

CAP = 0.7
"""Height of a capital, in sizes: lines are set by their capitals, as Typst does."""
LEADING = 0.42
PITCH = CAP + LEADING
KEPT_MAX = 50_000
"""Set values kept by one form: some tens of megabytes at most."""
WINDOW_SCALES = (1.0, 10 / 11, 9 / 11, 8 / 11)
PAIR_GAP = 6.0
FACTS_GAP = 17.0
SPARK_WIDTH = 0.72
"""Of a bar in its step."""
BAR_MODULE = 0.94
"""Points: a third of a millimetre, what every hand scanner reads."""
STRIPES_HEIGHT = 28.0
STRIPES_QUIET = 10
"""Modules of white on either side of a linear code."""


@dataclass(frozen=True, slots=True)
class Para:
    """Words in a style. `fit` sets them smaller instead of wrapping."""

    text: str
    style: str = ""
    fit: bool = False
    above: float = 0.0


@dataclass(frozen=True, slots=True)
class Pairs:
    """Names at the left, values at the right (or after them); the last one may be a total under a rule."""

    rows: tuple[tuple[str, str], ...]
    total: tuple[str, str] | None = None
    names: str = "body"
    values: str = "body"
    at_right: bool = True
    above: float = 0.0
    spacing: float = 0.6


@dataclass(frozen=True, slots=True)
class Facts:
    """Small names over bold values, side by side, in as many rows as needed."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Window:
    """The address: the largest size at which it fits the window of an envelope."""

    paras: tuple[Para, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a chart with its sum above: share of the highest in thousandths."""

    share: int
    label: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Code:
    """A symbol of modules drawn to the side of its slot; never kept, there is one a receipt."""

    modules: Modules


@dataclass(frozen=True, slots=True)
class Spark:
    """A small chart: a name, the value of this month, bars (thousandths of the highest), the first and the
    last month.
    """

    name: str
    now: str
    shares: tuple[int, ...]
    current: int
    """Which bar is this month's; -1 for none."""
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Stripes:
    """A linear code: widths of bars and spaces in turn, the digits under it; never kept."""

    widths: tuple[int, ...]
    digits: str


Part = Para | Pairs | Facts | Window | Bar | Spark | Code | Stripes
UNKEPT = (Code, Stripes)
"""There is one a receipt."""
Value = str | tuple[Part, ...]
Set = tuple[bytes, float]
"""Operators relative to the top left corner of the band (y up), and the height used from the slot's top."""


class Setter:
    """Sets values of one form; not for several threads at once."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.fixed = frozenset(name for name, band in form.bands.items() if not band.slots) | {"heading"}
        """Bands that say the same on every receipt, and headings."""
        self.placed: dict[tuple[str, Value | None], Any] = {}
        """Those bands as `receipts.fill` has placed them."""
        self._faces = faces()
        self._kept: dict[tuple[str, str, Value], Set] = {}

    def set(self, band: Band, slot: Slot, value: Value) -> Set:
        """The operators of a value in its slot, and how high it became."""
        if value.__class__ is tuple and value[-1].__class__ in UNKEPT:
            return self._composed(slot, value)
        key = (band.name, slot.name, value)
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= KEPT_MAX:
                self._kept.clear()
            found = self._kept[key] = self._composed(slot, value)
        return found

    def _composed(self, slot: Slot, value: Value) -> Set:
        parts = (Para(value),) if isinstance(value, str) else value
        out: list[str] = []
        y = slot.y
        is_first = True
        for part in parts:
            y = self._part(out, slot, part, y, is_first)
            is_first = False
        return "".join(out).encode("ascii"), y - slot.y

    def _part(self, out: list[str], slot: Slot, part: Part, y: float, is_first: bool) -> float:
        """Set one part below y; the new y."""
        if isinstance(part, Para):
            style = self._style(part.style or slot.style)
            start = y if is_first else y + (part.above or LEADING * style.size)
            return self._para(out, slot, part, style, start)
        if isinstance(part, Pairs):
            return self._pairs(out, slot, part, y if is_first else y + (part.above or 4.0))
        if isinstance(part, Facts):
            return self._facts(out, slot, part, y)
        if isinstance(part, Window):
            return self._window(out, slot, part, y)
        if isinstance(part, Bar):
            return self._bar(out, slot, part, y)
        if isinstance(part, Spark):
            return self._spark(out, slot, part, y)
        if isinstance(part, Stripes):
            return self._stripes(out, slot, part, y if is_first else y + 4.0)
        return self._code(out, slot, part, y)

    def _style(self, name: str) -> Style:
        return self.form.styles[name]

    def _face(self, style: Style) -> Face:
        return self._faces[style.bold]

    # ---- words -----------------------------------------------------------------------------------------

    def _para(self, out: list[str], slot: Slot, part: Para, style: Style, y: float) -> float:
        face = self._face(style)
        text, width = face.measured(part.text)
        if not text:
            return y
        if width * style.size <= slot.width * EM:
            y += CAP * style.size
            self._line(out, slot, text, width, style, face, y)
            return y
        if part.fit or slot.align != "left":
            widest = _widest(face, text, part.fit) * style.size / EM
            if widest > slot.width:
                style = replace(style, size=style.size * slot.width / widest)
        lines = [text] if part.fit else wrapped(face, text, slot.width * EM / style.size)
        y += CAP * style.size
        for number, line in enumerate(lines):
            self._line(out, slot, line, face.width(line), style, face, y + number * PITCH * style.size)
        return y + (len(lines) - 1) * PITCH * style.size

    def _line(
        self, out: list[str], slot: Slot, line: str, width: int, style: Style, face: Face, y: float
    ) -> None:
        x = slot.x
        if slot.align != "left":
            spare = slot.width - width * style.size / EM
            x += spare if slot.align == "right" else spare / 2
        out.append(_words(style, x, y, face.encoded(line)))

    def _window(self, out: list[str], slot: Slot, part: Window, y: float) -> float:
        for scale in WINDOW_SCALES:
            trial: list[str] = []
            at, is_first = y, True
            for para in part.paras:
                style = self._style(para.style or slot.style)
                style = replace(style, size=style.size * scale)
                at = self._para(trial, slot, para, style, at if is_first else at + 0.6 * style.size)
                is_first = False
            if at - y <= slot.height:
                break
        out.extend(trial)
        return at

    # ---- pairs and facts -------------------------------------------------------------------------------

    def _pairs(self, out: list[str], slot: Slot, part: Pairs, y: float) -> float:
        names, values = self._style(part.names), self._style(part.values)
        column = max((self._measured(values, value) for _, value in part.rows), default=0.0)
        before = max((self._measured(names, name) for name, _ in part.rows), default=0.0)
        gap = part.spacing * values.size
        if part.at_right:
            left = replace(slot, width=max(slot.width - column - PAIR_GAP, slot.width * 0.4))
            right = replace(slot, align="right")
        else:
            left = replace(slot, width=min(before, slot.width * 0.5))
            right = replace(slot, x=slot.x + left.width + PAIR_GAP, width=slot.width - left.width - PAIR_GAP)
        named = replace(names, size=min(names.size, values.size))
        drop = CAP * (values.size - named.size)
        for number, (name, value) in enumerate(part.rows):
            at = y if number == 0 else y + gap
            bottom = self._para(out, left, Para(name), named, at + drop)
            y = max(bottom, self._para(out, right, Para(value), values, at))
        if part.total is not None:
            bold = self._style("bold")
            y += gap * 0.8
            out.append(f"0.8 w 0 G {slot.x:.2f} {-y:.2f} m {slot.x + slot.width:.2f} {-y:.2f} l S\n")
            y += gap
            amount = replace(slot, align="right", x=slot.x, width=slot.width)
            self._para(out, slot, Para(part.total[0]), bold, y)
            y = self._para(out, amount, Para(part.total[1]), bold, y)
        return y

    def _facts(self, out: list[str], slot: Slot, part: Facts, y: float) -> float:
        small, bold = self._style("small"), self._style("bold")
        x, row = 0.0, y
        step = CAP * small.size + PITCH * bold.size
        for name, value in part.rows:
            width = max(self._measured(small, name), self._measured(bold, value))
            if x and x + width > slot.width:
                x, row = 0.0, row + step + 1.2 * bold.size
            own = replace(slot, x=slot.x + x, width=min(width + 0.1, slot.width))
            under = self._para(out, own, Para(name), small, row)
            y = max(y, self._para(out, own, Para(value), bold, under + LEADING * bold.size))
            x += width + FACTS_GAP
        return y

    def _measured(self, style: Style, text: str) -> float:
        face = self._face(style)
        return face.measured(text)[1] * style.size / EM

    # ---- drawings --------------------------------------------------------------------------------------

    def _bar(self, out: list[str], slot: Slot, part: Bar, y: float) -> float:
        style = self._style("smallbold" if part.is_current else "small")
        room = slot.height - 1.6 * style.size
        height = max(part.share, 8) * room / 1000
        bottom = slot.y + slot.height
        out.append(self._fill(part.is_current))
        out.append(f"{slot.x:.2f} {-bottom:.2f} {slot.width:.2f} {height:.2f} re f\n")
        top = bottom - height - (CAP + 0.35) * style.size
        self._para(out, slot, Para(part.label, fit=True), replace(style, paint="0 g"), top)
        return bottom

    def _fill(self, is_current: bool) -> str:
        """The operator that fills a bar: this month in the colour of the organisation."""
        return f"{self.form.accent} rg " if is_current else ".73 g "

    def _spark(self, out: list[str], slot: Slot, part: Spark, y: float) -> float:
        """Bars of one path, so a year costs as much as a rectangle."""
        small, bold = self._style("small"), self._style("bold")
        y = self._para(out, slot, Para(part.name, fit=True), small, y)
        y = self._para(out, slot, Para(part.now, fit=True), bold, y + LEADING * bold.size)
        bottom = slot.y + slot.height - PITCH * small.size
        room = bottom - y - LEADING * small.size
        step = slot.width / max(len(part.shares), 1)
        for is_current in (False, True):
            wide = f"{step * SPARK_WIDTH:.2f}"
            bars = [
                f"{slot.x + at * step:.2f} {-bottom:.2f} {wide} {max(share, 25) * room / 1000:.2f} re"
                for at, share in enumerate(part.shares)
                if (at == part.current) is is_current
            ]
            if bars:
                out.append(f"{self._fill(is_current)}{' '.join(bars)} f\n")
        out.append(f".4 w 0 G {slot.x:.2f} {-bottom:.2f} m {slot.x + slot.width:.2f} {-bottom:.2f} l S\n")
        under = bottom + LEADING * small.size
        self._para(out, slot, Para(part.first), small, under)
        return self._para(out, replace(slot, align="right"), Para(part.last), small, under)

    def _stripes(self, out: list[str], slot: Slot, part: Stripes, y: float) -> float:
        """A linear code as wide as its slot allows, at most BAR_MODULE a module, with its digits below."""
        total = sum(part.widths) + 2 * STRIPES_QUIET
        module = min(slot.width / total, BAR_MODULE)
        x, bars = slot.x + STRIPES_QUIET * module, []
        for at, width in enumerate(part.widths):
            if at % 2 == 0:
                bars.append(f"{x:.3f} {-(y + STRIPES_HEIGHT):.2f} {width * module:.3f} {STRIPES_HEIGHT} re")
            x += width * module
        out.append(f"0 g {' '.join(bars)} f\n")
        small = self._style("small")
        return self._para(out, slot, Para(part.digits, fit=True), small, y + STRIPES_HEIGHT + 2.0)

    def _code(self, out: list[str], slot: Slot, part: Code, y: float) -> float:
        """Modules as cells of a mask: exact squares at any resolution, nothing is interpolated."""
        count = part.modules.shape[0]
        side = min(slot.width, slot.height)
        cells = np.packbits(part.modules, axis=1).tobytes().hex()
        out.append(
            f"q 0 g {side:.2f} 0 0 {side:.2f} {slot.x:.2f} {-(y + side):.2f} cm "
            f"BI /W {count} /H {count} /IM true /D [1 0] /F /AHx ID {cells}> EI Q\n"
        )
        return y + side


def _words(style: Style, x: float, y: float, encoded: str) -> str:
    font = "/B" if style.bold else "/R"
    return f"BT {font} {style.size:.4g} Tf {style.paint} {x:.2f} {-y:.2f} Td [{encoded}]TJ ET\n"


def _widest(face: Face, text: str, whole: bool) -> int:
    """The widest piece that may not be broken, in thousandths of an em."""
    if whole:
        return face.width(text)
    pieces = text.replace(ZERO_WIDTH_SPACE, " ").split(" ")
    return max(face.width(piece) for piece in pieces)


def wrapped(face: Face, text: str, width: float) -> list[str]:
    """Lines no wider than `width` thousandths of an em: broken at spaces, then wherever it must be."""
    if face.width(text) <= width:
        return [text]
    lines: list[str] = []
    line, used = "", 0.0
    space = face.widths[" "]
    for word in text.split(" "):
        size = face.width(word)
        if line and used + space + size <= width:
            line, used = f"{line} {word}", used + space + size
            continue
        if line:
            lines.append(line)
        *whole, line = _broken(face, word, width) if size > width else [word]
        lines.extend(whole)
        used = face.width(line)
    lines.append(line)
    return lines


def _broken(face: Face, word: str, width: float) -> list[str]:
    """A word wider than its column, in pieces: after a hyphen or a place to break when there is one."""
    pieces: list[str] = []
    while face.width(word) > width:
        at, used = 0, 0.0
        while at < len(word) and used + face.widths[word[at]] <= width:
            used += face.widths[word[at]]
            at += 1
        at = max(at, 1)
        soft = max(word.rfind(mark, 1, at) for mark in ("-", ZERO_WIDTH_SPACE, "/", ","))
        if soft > 0:
            at = soft + 1
        pieces.append(word[:at])
        word = word[at:]
    return [*pieces, word]
