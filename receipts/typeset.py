"""Sets values into slots: words wrapped by their widths, pairs, bars, codes → operators and a height.

A slot's result does not depend on where its band lands, so equal values are set once: names of services,
rates,
requisites and contacts of a house repeat on thousands of receipts. Nothing is cut: words wrap, an endless
word is
broken, a number too wide for its column is set smaller, and the band grows.
"""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from receipts.faces import EM, Face, faces
from receipts.form import Form, Slot, Style
from receipts.qr_symbol import Symbol
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


class Para(NamedTuple):
    """Words in a style. `fit` sets them smaller instead of wrapping."""

    text: str
    style: str = ""
    fit: bool = False
    above: float = 0.0


class Pairs(NamedTuple):
    """Names at the left, values at the right (or after them); the last one may be a total under a rule."""

    rows: tuple[tuple[str, str], ...]
    total: tuple[str, str] | None = None
    names: str = "body"
    values: str = "body"
    at_right: bool = True
    above: float = 0.0
    spacing: float = 0.6


class Facts(NamedTuple):
    """Small names over bold values, side by side, in as many rows as needed."""

    rows: tuple[tuple[str, str], ...]


class Window(NamedTuple):
    """The address: the largest size at which it fits the window of an envelope."""

    paras: tuple[Para, ...]


class Bar(NamedTuple):
    """A bar of a chart with its sum above: share of the highest in thousandths."""

    share: int
    label: str
    is_current: bool


@dataclass(frozen=True, slots=True, eq=False)
class Code:
    """A symbol of modules drawn to the side of its slot; never kept, there is one a receipt."""

    symbol: Symbol


class Spark(NamedTuple):
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


@dataclass(frozen=True, slots=True, eq=False)
class Stripes:
    """A linear code: widths of bars and spaces in turn, the digits under it; never kept."""

    widths: tuple[int, ...]
    digits: str


Part = Para | Pairs | Facts | Window | Bar | Spark | Code | Stripes
UNKEPT = (Code, Stripes)
"""There is one a receipt."""
Value = str | tuple[Part, ...]
Column = tuple[float, float, str]
"""Where words go: the left edge, the width, how they are aligned."""
Set = tuple[str, float]
"""Operators relative to the top left corner of the band (y up), a letter a byte, and how much higher than
the slot they became; less than nothing for most.
"""


Spelled = tuple[str, int, str]
"""Words in letters of a face, their width in thousandths of an em, what shows them and ends the text."""
Planned = tuple[str, Slot, dict[Value, Set], frozenset[str]]
"""A slot with its name, the values set in it so far and the names of slots under it, which go down as it
grows.
"""


class Setter:
    """Sets values of one form; not for several threads at once."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.fixed = frozenset(name for name, band in form.bands.items() if not band.slots) | {"heading"}
        """Bands that say the same on every receipt, and headings."""
        self.placed: dict[tuple[str, Value | None], Any] = {}
        """Those bands as `receipts.fill` has placed them."""
        self.plans: dict[str, tuple[Planned, ...]] = {
            name: tuple((at, slot, {}, _under(slot, band.slots)) for at, slot in band.slots.items())
            for name, band in form.bands.items()
        }
        """Slots of each band in their order, with what is kept of them."""
        self._faces = faces()
        self._spelled: tuple[dict[str, Spelled], dict[str, Spelled]] = ({}, {})
        self._kept = 0

    def set(self, slot: Slot, value: Value, kept: dict[Value, Set]) -> Set:
        """A value in its slot, one that is not among the kept; it is kept for the next equal one."""
        if isinstance(value, str):
            made = self._plain(slot, value)
        elif value[-1].__class__ in UNKEPT:
            return self._composed(slot, value)
        else:
            made = self._composed(slot, value)
        if self._kept >= KEPT_MAX:
            self._forget()
        self._kept += 1
        kept[value] = made
        return made

    def _spell(self, style: Style, text: str) -> Spelled:
        """Words in letters of the face, their width and their operators: names and days repeat everywhere."""
        spelled = self._spelled[style.bold]
        found = spelled.get(text)
        if found is None:
            if len(spelled) >= KEPT_MAX:
                spelled.clear()
            face = self._faces[style.bold]
            known, width = face.measured(text)
            found = spelled[text] = known, width, f"Td [{face.encoded(known)}]TJ ET\n"
        return found

    def _forget(self) -> None:
        for plan in self.plans.values():
            for _, _, kept, _ in plan:
                kept.clear()
        self._kept = 0

    def _plain(self, slot: Slot, text: str) -> Set:
        """Words in the style of the slot: most of them are a number on one line."""
        style = self.form.styles[slot.style]
        known, width, words = self._spelled[style.bold].get(text) or self._spell(style, text)
        room, size = slot.width, style.size
        if not known or width * size > room * EM:
            return self._composed(slot, (Para(text),))
        x = slot.x if slot.align == "left" else _edge(slot.x, room, slot.align, width * size / EM)
        drop = slot.y + CAP * size
        return f"{style.opening}{x:.2f} {-drop:.2f} {words}", drop - slot.y - slot.height

    def _composed(self, slot: Slot, value: tuple[Part, ...]) -> Set:
        out: list[str] = []
        y, styles, column, is_first = slot.y, self.form.styles, _column(slot), True
        for part in value:
            if part.__class__ is Para:
                text, named, fit, above = part
                style = styles[named or slot.style]
                start = y if is_first else y + (above or LEADING * style.size)
                y = self._para(out, column, text, style, start, fit)
            else:
                y = self._part(out, slot, part, y, is_first)
            is_first = False
        return "".join(out), y - slot.y - slot.height

    def _part(self, out: list[str], slot: Slot, part: Part, y: float, is_first: bool) -> float:
        """Set one part, no words alone, below y; the new y."""
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
        assert isinstance(part, Code), "words are set before"
        return self._code(out, slot, part, y)

    def _style(self, name: str) -> Style:
        return self.form.styles[name]

    # ---- words -----------------------------------------------------------------------------------------

    def _para(
        self, out: list[str], column: Column, said: str, style: Style, y: float, fit: bool = False
    ) -> float:
        """Words from y down, wrapped to the column; `fit` sets them smaller instead."""
        text, width, words = self._spelled[style.bold].get(said) or self._spell(style, said)
        if not text:
            return y
        left, room, align = column
        size = style.size
        if width * size <= room * EM:
            y += CAP * size
            x = left if align == "left" else _edge(left, room, align, width * size / EM)
            out.append(f"{style.opening}{x:.2f} {-y:.2f} {words}")
            return y
        face = self._faces[style.bold]
        if fit or align != "left":
            widest = _widest(face, text, fit) * style.size / EM
            if widest > room:
                style = replace(style, size=style.size * room / widest)
        lines = [text] if fit else wrapped(face, text, room * EM / style.size)
        y += CAP * style.size
        for number, line in enumerate(lines):
            _, width, words = self._spell(style, line)
            x = _edge(left, room, align, width * style.size / EM)
            out.append(f"{style.opening}{x:.2f} {-(y + number * PITCH * style.size):.2f} {words}")
        return y + (len(lines) - 1) * PITCH * style.size

    def _window(self, out: list[str], slot: Slot, part: Window, y: float) -> float:
        column = _column(slot)
        for scale in WINDOW_SCALES:
            trial: list[str] = []
            at, is_first = y, True
            for para in part.paras:
                style = self._style(para.style or slot.style)
                if scale != 1.0:
                    style = replace(style, size=style.size * scale)
                at = at if is_first else at + 0.6 * style.size
                at = self._para(trial, column, para.text, style, at, para.fit)
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
            left = slot.x, max(slot.width - column - PAIR_GAP, slot.width * 0.4), slot.align
            right = slot.x, slot.width, "right"
        else:
            width = min(before, slot.width * 0.5)
            left = slot.x, width, slot.align
            right = slot.x + width + PAIR_GAP, slot.width - width - PAIR_GAP, slot.align
        named = names if names.size <= values.size else replace(names, size=values.size)
        drop = CAP * (values.size - named.size)
        for number, (name, value) in enumerate(part.rows):
            at = y if number == 0 else y + gap
            bottom = self._para(out, left, name, named, at + drop)
            y = max(bottom, self._para(out, right, value, values, at))
        if part.total is not None:
            bold = self._style("bold")
            y += gap * 0.8
            out.append(f"0.8 w 0 G {slot.x:.2f} {-y:.2f} m {slot.x + slot.width:.2f} {-y:.2f} l S\n")
            y += gap
            self._para(out, _column(slot), part.total[0], bold, y)
            y = self._para(out, (slot.x, slot.width, "right"), part.total[1], bold, y)
        return y

    def _facts(self, out: list[str], slot: Slot, part: Facts, y: float) -> float:
        small, bold = self._style("small"), self._style("bold")
        x, row = 0.0, y
        step = CAP * small.size + PITCH * bold.size
        for name, value in part.rows:
            width = max(self._measured(small, name), self._measured(bold, value))
            if x and x + width > slot.width:
                x, row = 0.0, row + step + 1.2 * bold.size
            own = slot.x + x, min(width + 0.1, slot.width), slot.align
            under = self._para(out, own, name, small, row)
            y = max(y, self._para(out, own, value, bold, under + LEADING * bold.size))
            x += width + FACTS_GAP
        return y

    def _measured(self, style: Style, text: str) -> float:
        return self._spell(style, text)[1] * style.size / EM

    # ---- drawings --------------------------------------------------------------------------------------

    def _bar(self, out: list[str], slot: Slot, part: Bar, y: float) -> float:
        style = self._style("smallbold" if part.is_current else "small")
        room = slot.height - 1.6 * style.size
        height = max(part.share, 8) * room / 1000
        bottom = slot.y + slot.height
        out.append(self._fill(part.is_current))
        out.append(f"{slot.x:.2f} {-bottom:.2f} {slot.width:.2f} {height:.2f} re f\n")
        top = bottom - height - (CAP + 0.35) * style.size
        black = style if style.paint == "0 g" else replace(style, paint="0 g")
        self._para(out, _column(slot), part.label, black, top, fit=True)
        return bottom

    def _fill(self, is_current: bool) -> str:
        """The operator that fills a bar: this month in the colour of the organisation."""
        return f"{self.form.accent} rg " if is_current else ".73 g "

    def _spark(self, out: list[str], slot: Slot, part: Spark, y: float) -> float:
        """Bars of one path, so a year costs as much as a rectangle."""
        small, bold, column = self._style("small"), self._style("bold"), _column(slot)
        y = self._para(out, column, part.name, small, y, fit=True)
        y = self._para(out, column, part.now, bold, y + LEADING * bold.size, fit=True)
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
        self._para(out, column, part.first, small, under)
        return self._para(out, (slot.x, slot.width, "right"), part.last, small, under)

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
        return self._para(out, _column(slot), part.digits, small, y + STRIPES_HEIGHT + 2.0, fit=True)

    def _code(self, out: list[str], slot: Slot, part: Code, y: float) -> float:
        """Modules as cells of a mask: exact squares at any resolution, nothing is interpolated."""
        count = part.symbol.side
        side = min(slot.width, slot.height)
        cells = part.symbol.cells.hex()
        out.append(
            f"q 0 g {side:.2f} 0 0 {side:.2f} {slot.x:.2f} {-(y + side):.2f} cm "
            f"BI /W {count} /H {count} /IM true /D [1 0] /F /AHx ID {cells}> EI Q\n"
        )
        return y + side


def _edge(x: float, room: float, align: str, width: float) -> float:
    """Where words of a width begin in a column."""
    if align == "left":
        return x
    return x + (room - width if align == "right" else (room - width) / 2)


def _column(slot: Slot) -> Column:
    return slot.x, slot.width, slot.align


def _under(slot: Slot, slots: dict[str, Slot]) -> frozenset[str]:
    """Names of slots of the band that stand under this one in the same column."""
    return frozenset(
        name
        for name, other in slots.items()
        if slot.y + slot.height <= other.y
        and slot.x < other.x + other.width
        and other.x < slot.x + slot.width
    )


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
