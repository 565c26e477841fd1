"""Where pages go on sheets of paper: one or two to a side, one side or both, cut and stacked in order.

Pure arithmetic over leaves. A leaf is what a person holds at the end: a front and perhaps a back. Two
leaves to a
sheet are laid so that the whole pile is cut once and the right half put under the left one: the order stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Layout(StrEnum):
    """How a leaf is laid on paper."""

    A4 = "a4"
    A5 = "a5"
    A5_TWO_UP = "a5x2"


@dataclass(frozen=True, slots=True)
class Leaf:
    """Numbers of pages on the front and the back; None is a blank side."""

    front: int
    back: int | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """A side of a sheet: the page at the left (or the only one) and the one at the right."""

    left: int | None
    right: int | None = None


def leaves_of(pages: int, is_duplex: bool, first: int = 0) -> list[Leaf]:
    """The leaves of one receipt: it always begins on a new leaf."""
    numbers = range(first, first + pages)
    if not is_duplex:
        return [Leaf(number) for number in numbers]
    return [Leaf(number, number + 1 if number + 1 < first + pages else None) for number in numbers[::2]]


def sheets_count(leaves: int, layout: Layout) -> int:
    """Sheets of paper for so many leaves."""
    return (leaves + 1) // 2 if layout is Layout.A5_TWO_UP else leaves


def imposed(leaves: Sequence[Leaf], layout: Layout, is_duplex: bool) -> list[Side]:
    """Sides in the order of printing; with duplex every second one is the back of the sheet before it."""
    sides: list[Side] = []
    if layout is not Layout.A5_TWO_UP:
        for leaf in leaves:
            sides.append(Side(leaf.front))
            if is_duplex:
                sides.append(Side(leaf.back))
        return sides
    half = sheets_count(len(leaves), layout)
    for at in range(half):
        left = leaves[at]
        right = leaves[half + at] if half + at < len(leaves) else None
        sides.append(Side(left.front, right.front if right else None))
        if is_duplex:
            # turned over the short edge the halves change places
            sides.append(Side(right.back if right else None, left.back))
    return sides
