"""Cutting and stacking, done here with paper of tuples: the pile comes out in the order of delivery."""

from __future__ import annotations

import io

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from receipts.fill import Filled, Filler
from receipts.form import Variant
from receipts.impose import Layout, Leaf, Side, imposed, leaves_of, sheets_count
from receipts.reprint import Piece, reprinted
from receipts.volume import Volume
from tests.receipts import samples
from tests.receipts.paper import text_of


def unstacked(sides: list[Side], is_duplex: bool) -> list[tuple[int | None, int | None]]:
    """Cut the pile down the middle and put the right half under the left one: (front, back) of each leaf."""
    sheets = (
        [(sides[at], sides[at + 1]) for at in range(0, len(sides), 2)]
        if is_duplex
        else [(one, None) for one in sides]
    )
    left = [(front.left, back.right if back else None) for front, back in sheets]
    right = [(front.right, back.left if back else None) for front, back in sheets]
    return left + right


@given(pages=st.lists(st.integers(1, 5), min_size=1, max_size=30), is_duplex=st.booleans())
def test_a_cut_and_stacked_pile_is_in_order(pages: list[int], is_duplex: bool) -> None:
    leaves: list[Leaf] = []
    total = 0
    for count in pages:
        leaves += leaves_of(count, is_duplex, total)
        total += count

    sides = imposed(leaves, Layout.A5_TWO_UP, is_duplex)

    pile = [leaf for leaf in unstacked(sides, is_duplex) if leaf != (None, None)]
    assert pile == [(leaf.front, leaf.back) for leaf in leaves]
    assert len(sides) == sheets_count(len(leaves), Layout.A5_TWO_UP) * (2 if is_duplex else 1)


@given(pages=st.integers(1, 9))
def test_a_receipt_begins_on_a_front_and_leaves_no_page_out(pages: int) -> None:
    leaves = leaves_of(pages, is_duplex=True, first=4)

    assert leaves[0].front == 4
    assert [page for leaf in leaves for page in (leaf.front, leaf.back) if page is not None] == list(
        range(4, 4 + pages)
    )


def test_both_sides_on_a4_are_front_then_back() -> None:
    sides = imposed([Leaf(0, 1), Leaf(2)], Layout.A4, is_duplex=True)

    assert sides == [Side(0), Side(1), Side(2), Side(None)]


def page(words: str) -> bytes:
    return f"BT /R 20 Tf 100 300 Td (x) Tj ET\n% {words}\n".encode()


def made(layout: Layout, is_duplex: bool, count: int) -> Volume:
    """A volume of filled receipts with the running numbers 1…count."""
    filler = Filler("a4" if layout is Layout.A4 else "a5")
    volume = Volume(layout, is_duplex)
    for number in range(1, count + 1):
        volume.add(filler.fill(samples.ordinary(), f"№\u00a0{number:06d}"))
    return volume


@pytest.mark.parametrize("layout", list(Layout))
@pytest.mark.parametrize("is_duplex", [False, True])
def test_leaves_printed_again_are_the_same_leaves(layout: Layout, is_duplex: bool) -> None:
    volume = made(layout, is_duplex, 5)
    content = volume.pdf("tom")
    per_receipt = volume.leaves // 5
    wanted = tuple(range(per_receipt, 3 * per_receipt))

    again = reprinted([Piece(content, volume.leaves, wanted)], layout, is_duplex, "again")

    text = text_of(again)
    if layout is Layout.A5_TWO_UP:  # the other half of a sheet is hidden by the clip, its text may be there
        assert "№ 000002" in text
        assert "№ 000003" in text
    else:
        numbers = [number for number in range(1, 6) if f"№ {number:06d}" in text]
        assert numbers == [2, 3]
    with pikepdf.open(io.BytesIO(again)) as document:
        sides = sheets_count(len(wanted), layout) * (2 if is_duplex else 1)
        assert len(document.pages) == sides


def test_a_volume_has_each_page_once_and_the_same_bytes_again() -> None:
    volume = made(Layout.A4, True, 3)

    content = volume.pdf("tom")

    assert content == made(Layout.A4, True, 3).pdf("tom")
    with pikepdf.open(io.BytesIO(content)) as document:
        assert len(document.pages) == volume.sheets * 2
        assert (
            len({page.Resources.objgen for page in document.pages}) == 1
        )  # one set of fonts and backgrounds
    assert text_of(content).count("№ 000002") == len(Filler().fill(samples.ordinary()).pages)


def test_a_volume_counts_its_sheets() -> None:
    volume = Volume(Layout.A5_TWO_UP, is_duplex=True)
    filled = Filled(Variant("a5"), (page("1"), page("2"), page("3")))

    assert [volume.add(filled).first_leaf, volume.sheets] == [0, 1]
    assert [volume.add(filled).first_leaf, volume.sheets] == [2, 2]
