"""A volume: contents of many receipts as one PDF for a printer, with fonts and backgrounds in it once.

Only what is on its way to paper is held: the compressed contents of one volume. The same receipts give the
same
bytes, so a volume has a digest and a lost one is made again.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import pikepdf
from isal import isal_zlib

from receipts.faces import embedded, faces
from receipts.fill import Filled
from receipts.form import Variant, background_name, press_form
from receipts.impose import Layout, Leaf, Side, imposed, leaves_of, sheets_count

A4 = (595.276, 841.89)
A5_WIDTH = A4[1] / 2
PAPERS = {Layout.A4: A4, Layout.A5: (A5_WIDTH, A4[0]), Layout.A5_TWO_UP: (A4[1], A4[0])}
COMPRESSION = 1
"""Of ISA-L: a tenth larger than by zlib's usual step in a tenth of its time."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a receipt landed in its volume: its leaves and the first of them, from zero."""

    first_leaf: int
    leaves: int


@dataclass(slots=True)
class Volume:
    """Add receipts, then take the file."""

    layout: Layout
    is_duplex: bool
    _pages: list[bytes] = field(default_factory=list)
    _leaves: list[Leaf] = field(default_factory=list)
    _variants: set[Variant] = field(default_factory=set)

    @property
    def sheets(self) -> int:
        """Sheets of paper so far."""
        return sheets_count(len(self._leaves), self.layout)

    @property
    def leaves(self) -> int:
        """Leaves so far, separators among them."""
        return len(self._leaves)

    def add(self, filled: Filled) -> Placed:
        """The next receipt."""
        leaves = leaves_of(len(filled.pages), self.is_duplex, len(self._pages))
        at = len(self._leaves)
        self._pages.extend(filled.pages)
        self._leaves.extend(leaves)
        self._variants.add(filled.variant)
        return Placed(at, len(leaves))

    def pdf(self, title: str) -> bytes:
        """The file. Deterministic: no clock, the id is made of the contents."""
        out = pikepdf.new()
        resources = out.make_indirect(_resources(out, sorted(self._variants, key=_order)))
        sides = imposed(self._leaves, self.layout, self.is_duplex)
        box = pikepdf.Array([0, 0, *PAPERS[self.layout]])
        tree = out.Root.Pages
        tree.Kids = pikepdf.Array([self._page(out, side, tree, resources, box) for side in sides])
        tree.Count = len(sides)
        out.Root.Lang = pikepdf.String("ru")
        out.docinfo["/Title"] = title
        made = io.BytesIO()
        out.save(
            made,
            compress_streams=True,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            deterministic_id=True,
        )
        return made.getvalue()

    def _page(
        self,
        out: pikepdf.Pdf,
        side: Side,
        tree: pikepdf.Object,
        resources: pikepdf.Object,
        box: pikepdf.Array,
    ) -> pikepdf.Object:
        content = out.make_stream(b"")
        content.write(isal_zlib.compress(self._side(side), COMPRESSION), filter=pikepdf.Name.FlateDecode)
        return out.make_indirect(
            pikepdf.Dictionary(
                Type=pikepdf.Name.Page, Parent=tree, MediaBox=box, Resources=resources, Contents=content
            )
        )

    def _side(self, side: Side) -> bytes:
        left = b"" if side.left is None else self._pages[side.left]
        if self.layout is not Layout.A5_TWO_UP:
            return left
        right = b"" if side.right is None else self._pages[side.right]
        return b"q\n%bQ\nq 1 0 0 1 %.2f 0 cm\n%bQ\n.3 w .6 G [2 3] 0 d %.2f 0 m %.2f %.2f l S\n" % (
            left, A5_WIDTH, right, A5_WIDTH, A5_WIDTH, A4[0],
        )  # fmt: skip


def one_receipt(filled: Filled, title: str, *more: Filled) -> bytes:
    """A file of one receipt, or of all documents of an account, in their own pages: for a preview."""
    volume = Volume(Layout(filled.variant.paper), is_duplex=False)
    for one in (filled, *more):
        volume.add(one)
    return volume.pdf(title)


def _order(variant: Variant) -> str:
    return variant.key


def _resources(out: pikepdf.Pdf, variants: Sequence[Variant]) -> pikepdf.Dictionary:
    regular, bold = faces()
    drawings = pikepdf.Dictionary()
    for variant in variants:
        with pikepdf.open(io.BytesIO(_backgrounds(variant))) as source:
            for name, drawing in source.Root.Drawings.items():
                drawings[name] = out.copy_foreign(drawing)
    return pikepdf.Dictionary(
        Font=pikepdf.Dictionary(R=embedded(out, regular), B=embedded(out, bold)), XObject=drawings
    )


@lru_cache(maxsize=64)
def _backgrounds(variant: Variant) -> bytes:
    """The backgrounds of a form as drawings by their names, in a file that other files copy from."""
    form, made = press_form(variant), io.BytesIO()
    with pikepdf.open(io.BytesIO(form.background)) as source:
        drawings = pikepdf.Dictionary()
        for band in form.bands.values():
            if band.page is not None:
                name = background_name(form.variant, band)
                drawings[name] = source.pages[band.page - 1].as_form_xobject()
        source.Root.Drawings = drawings
        source.save(made, deterministic_id=True)
    return made.getvalue()
