"""The faces of PT Sans for the press: widths, glyph numbers, and the shared subset every volume embeds.

A string is written as glyph numbers (Identity-H) with a ToUnicode map, so words are found, copied and read by
machines in Cyrillic. Digits have one width; the narrow space of thousands is a space drawn narrower.
"""

import io
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pikepdf
from fontTools import subset
from fontTools.ttLib import TTFont

from receipts.render import FONTS, ReceiptRenderError
from receipts.words import NBSP, THIN, ZERO_WIDTH_SPACE

THIN_EM = 215
"""Thousandths of an em between thousands: wide enough for a tired eye."""
SOFT_HYPHEN = "\u00ad"
INVISIBLE = (ZERO_WIDTH_SPACE, SOFT_HYPHEN, "\u2060", "\ufeff")
STAND_IN = "?"
"""For a letter the font has not; the rest of the word stays readable."""
REPERTOIRE = (
    (0x20, 0x7E), (0xA0, 0x17F), (0x400, 0x52F), (0x2010, 0x2044), (0x20A0, 0x20BF), (0x2100, 0x2126),
    (0x2190, 0x2195), (0x2200, 0x2265), (0x25A0, 0x25CF),
)  # fmt: skip
EM = 1000


@dataclass(frozen=True, slots=True)
class Face:
    """One weight: what a letter is written as and how wide it is, in thousandths of an em."""

    name: str
    codes: dict[str, str]
    widths: dict[str, int]
    program: bytes
    unicode_of: dict[int, str]
    advance_of: dict[int, int]
    box: tuple[int, int, int, int]
    ascent: int
    descent: int

    def width(self, text: str) -> int:
        """Of a string in thousandths of an em; `text` came through `known`."""
        return sum(map(self.widths.__getitem__, text))

    def encoded(self, text: str) -> str:
        """The operand of TJ, without its brackets, a byte a letter; `text` came through `known`."""
        return f"({''.join(map(self.codes.__getitem__, text))})"

    def measured(self, text: str) -> tuple[str, int]:
        """The text in letters this face has, as of `known`, and its width."""
        try:
            return text, sum(map(self.widths.__getitem__, text))
        except KeyError:
            text = self.known(text)
            return text, self.width(text)

    def known(self, text: str) -> str:
        """The text in letters this face has: composed, strangers replaced."""
        codes = self.codes
        if codes.keys() >= set(text):
            return text
        composed = unicodedata.normalize("NFC", text)
        return "".join(letter if letter in codes else STAND_IN for letter in composed)


@cache
def faces() -> tuple[Face, Face]:
    """Regular and bold. Raises ReceiptRenderError when the fonts are not there."""
    return _face("PT_Sans-Web-Regular.ttf"), _face("PT_Sans-Web-Bold.ttf")


def _face(file_name: str) -> Face:
    path = FONTS / file_name
    if not path.exists():
        raise ReceiptRenderError(
            f"Не найден шрифт {file_name} в папке {FONTS}. "
            "Переустановите пакет fontpkg-pt-sans командой make install."
        )
    font = TTFont(path, recalcTimestamp=False)
    glyphs: dict[int, str] = font.getBestCmap()
    chosen = {
        point: glyphs[point] for low, high in REPERTOIRE for point in range(low, high + 1) if point in glyphs
    }
    scale = font["head"].unitsPerEm
    advances = {name: font["hmtx"][name][0] * EM // scale for name in chosen.values()}
    codes = {chr(point): _code(font.getGlyphID(name)) for point, name in chosen.items()}
    widths = {chr(point): advances[name] for point, name in chosen.items()}
    space = codes[" "]
    codes[NBSP], widths[NBSP] = space, widths[" "]
    codes[THIN], widths[THIN] = f"{space}){widths[' '] - THIN_EM}(", THIN_EM
    for letter in INVISIBLE:
        codes[letter], widths[letter] = "", 0
    head, lines = font["head"], font["hhea"]
    numbers = {point: font.getGlyphID(name) for point, name in sorted(chosen.items(), reverse=True)}
    return Face(
        name=str(font["name"].getDebugName(6)),
        codes=codes,
        widths=widths,
        program=_subset(path, tuple(chosen)),
        unicode_of={number: chr(point) for point, number in numbers.items()},
        advance_of={font.getGlyphID(name): advances[name] for name in chosen.values()},
        box=tuple(edge * EM // scale for edge in (head.xMin, head.yMin, head.xMax, head.yMax)),
        ascent=lines.ascent * EM // scale,
        descent=lines.descent * EM // scale,
    )


ESCAPED = str.maketrans({letter: f"\\{letter}" for letter in "()\\"} | {"\r": "\\r"})


def _code(glyph: int) -> str:
    """Both bytes of a glyph as they stand in a string of a PDF: half the length of hexadecimal."""
    return chr(glyph >> 8).translate(ESCAPED) + chr(glyph & 255).translate(ESCAPED)


def _subset(path: Path, points: tuple[int, ...]) -> bytes:
    """The program of the font with these letters only, numbers of glyphs as they were."""
    options = subset.Options(retain_gids=True, hinting=False, layout_features=[], notdef_outline=True)
    options.drop_tables += ["GPOS", "GSUB", "GDEF", "DSIG", "name", "post", "OS/2"]
    font = TTFont(path, recalcTimestamp=False)
    worker = subset.Subsetter(options)
    worker.populate(unicodes=points)
    worker.subset(font)
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


def embedded(document: pikepdf.Pdf, face: Face) -> pikepdf.Object:
    """The face as a font of a document, with its program, widths and the way back to letters."""
    name = pikepdf.Name("/PAYLOG+" + face.name)
    program = document.make_stream(face.program)
    program.Length1 = len(face.program)
    descriptor = pikepdf.Dictionary(
        Type=pikepdf.Name.FontDescriptor,
        FontName=name,
        Flags=4,
        FontBBox=pikepdf.Array(face.box),
        ItalicAngle=0,
        Ascent=face.ascent,
        Descent=face.descent,
        CapHeight=700,
        StemV=120 if "Bold" in face.name else 80,
        FontFile2=program,
    )
    widths = pikepdf.Array()
    for number in sorted(face.advance_of):
        widths.append(number)
        widths.append(pikepdf.Array([face.advance_of[number]]))
    descendant = pikepdf.Dictionary(
        Type=pikepdf.Name.Font,
        Subtype=pikepdf.Name.CIDFontType2,
        BaseFont=name,
        CIDSystemInfo=pikepdf.Dictionary(
            Registry=pikepdf.String("Adobe"), Ordering=pikepdf.String("Identity"), Supplement=0
        ),
        FontDescriptor=document.make_indirect(descriptor),
        W=widths,
        CIDToGIDMap=pikepdf.Name.Identity,
    )
    return document.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Font,
            Subtype=pikepdf.Name.Type0,
            BaseFont=name,
            Encoding=pikepdf.Name("/Identity-H"),
            DescendantFonts=pikepdf.Array([document.make_indirect(descendant)]),
            ToUnicode=document.make_stream(_to_unicode(face)),
        )
    )


CMAP = """/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange
{rows}
endcmap
CMapName currentdict /CMap defineresource pop
end
end
"""
CMAP_ROWS_MAX = 100
"""A limit of the format: rows in one section of a map."""


def _to_unicode(face: Face) -> bytes:
    rows = [f"<{number:04X}> <{ord(letter):04X}>" for number, letter in sorted(face.unicode_of.items())]
    parts = []
    for at in range(0, len(rows), CMAP_ROWS_MAX):
        part = rows[at : at + CMAP_ROWS_MAX]
        parts.append(f"{len(part)} beginbfchar\n" + "\n".join(part) + "\nendbfchar")
    return CMAP.format(rows="\n".join(parts)).encode("ascii")
