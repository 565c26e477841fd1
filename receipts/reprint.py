"""Damaged sheets again: leaves taken out of finished volumes as they are, so the numbers and the ink are
the same.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import pikepdf

from receipts.impose import Layout, Leaf, imposed, sheets_count
from receipts.volume import A4, A5_WIDTH, PAPERS


@dataclass(frozen=True, slots=True)
class Piece:
    """Leaves of one volume: its file, how many leaves it has, and which of them are wanted."""

    content: bytes
    leaves_total: int
    wanted: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a side of a leaf lies in its volume: page of the file and half of it (0 left or whole, 1
    right).
    """

    page: int
    half: int


def reprinted(pieces: Sequence[Piece], layout: Layout, is_duplex: bool, title: str) -> bytes:
    """One file with the wanted leaves, laid on paper as the volumes were."""
    out = pikepdf.new()
    out.docinfo["/Title"] = title
    opened = [pikepdf.open(io.BytesIO(piece.content)) for piece in pieces]
    try:
        if layout is Layout.A5_TWO_UP:
            _two_up(out, opened, pieces, is_duplex)
        else:
            for source, piece in zip(opened, pieces, strict=True):
                for leaf in piece.wanted:
                    for spot in _spots(piece, leaf, layout, is_duplex):
                        out.pages.append(source.pages[spot.page])
        made = io.BytesIO()
        out.save(made, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
    finally:
        for source in opened:
            source.close()
    return made.getvalue()


def _spots(piece: Piece, leaf: int, layout: Layout, is_duplex: bool) -> list[_Spot]:
    """Front and, on both sides printing, back."""
    half = sheets_count(piece.leaves_total, layout)
    sheet, side = (leaf, 0) if leaf < half else (leaf - half, 1)
    front = sheet * (2 if is_duplex else 1)
    spots = [_Spot(front, side)]
    if is_duplex:
        # turned over, the halves change places
        back = 1 - side if layout is Layout.A5_TWO_UP else 0
        spots.append(_Spot(front + 1, back))
    return spots


def _two_up(
    out: pikepdf.Pdf, opened: Sequence[pikepdf.Pdf], pieces: Sequence[Piece], is_duplex: bool
) -> None:
    spots: list[tuple[int, _Spot]] = []
    leaves: list[Leaf] = []
    for at, piece in enumerate(pieces):
        for leaf in piece.wanted:
            found = _spots(piece, leaf, Layout.A5_TWO_UP, is_duplex)
            leaves.append(Leaf(len(spots), len(spots) + 1 if is_duplex else None))
            spots.extend((at, spot) for spot in found)
    drawings: dict[tuple[int, int], pikepdf.Object] = {}
    for side in imposed(leaves, Layout.A5_TWO_UP, is_duplex):
        used = pikepdf.Dictionary()
        parts = []
        for half, number in enumerate((side.left, side.right)):
            if number is None:
                continue
            at, spot = spots[number]
            if (at, spot.page) not in drawings:
                drawings[at, spot.page] = out.copy_foreign(opened[at].pages[spot.page].as_form_xobject())
            name = f"/P{half}"
            used[name] = drawings[at, spot.page]
            left, shift = half * A5_WIDTH, (half - spot.half) * A5_WIDTH
            parts.append(
                f"q {left:.2f} 0 {A5_WIDTH:.2f} {A4[0]:.2f} re W n 1 0 0 1 {shift:.2f} 0 cm {name} Do Q\n"
            )
        page = pikepdf.Dictionary(
            Type=pikepdf.Name.Page,
            MediaBox=pikepdf.Array([0, 0, *PAPERS[Layout.A5_TWO_UP]]),
            Resources=pikepdf.Dictionary(XObject=used),
            Contents=out.make_stream("".join(parts).encode()),
        )
        out.pages.append(pikepdf.Page(page))
