"""Fills forms: a receipt becomes the contents of its pages; nothing is clipped, nothing overlaps.

Bands are stacked down the sheet; one that does not fit opens the next sheet, with the head of its table
again.
The result is operators of a page that name backgrounds and fonts; `receipts.volume` puts them into a file.
"""

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from billing.receipt import PaymentBlock, Receipt, Reference
from receipts.form import PLAIN, Dress, Form, Rule, Variant, dress_of, press_form
from receipts.look import STANDARD, Look
from receipts.page import Page, page_of
from receipts.qr import QrRefusedError, payment_payload
from receipts.qr_symbol import Symbol, qr_symbols
from receipts.story import OF_HOUSE, Item, story
from receipts.typeset import Setter, Value

FOOT_BELOW = 9.0
"""Points from the text to the foot of the sheet."""
TICK = 14.0
COLUMNS = ("common", "surcharge", "recalculation", "benefit")


@dataclass(frozen=True, slots=True)
class Filled:
    """A receipt as contents of pages, and the form whose backgrounds they name."""

    variant: Variant
    pages: tuple[bytes, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of all that stands on the pages: the same form and data give the same."""
        made = hashlib.sha256(self.variant.key.encode())
        for page in self.pages:
            made.update(page)
        return made.hexdigest()


@dataclass(slots=True)
class _Placed:
    """A band as drawn from its top left corner, with its height as grown by its values."""

    keep: bool
    operators: str
    height: float
    head: str


class Filler:
    """Fills receipts for one paper and size; keeps a setter for each set of columns. One thread at a time."""

    def __init__(self, paper: str = "a4", percent: int = 100) -> None:
        self._paper = paper
        self._percent = percent
        self._setters: dict[tuple[tuple[str, ...], Dress], Setter] = {}
        self._house: tuple[Reference | None, Look, dict[tuple[str, tuple[str, ...]], list[_Placed]]] = (
            None, STANDARD, {},
        )  # fmt: skip
        self._symbols: dict[int, tuple[PaymentBlock, Symbol]] = {}

    def draw_ahead(self, receipts: Iterable[Receipt]) -> None:
        """Make the QR symbols of receipts about to be filled together, which is three times quicker.

        Requisites a bank would not take are told when their receipt is filled.
        """
        due = [
            (receipt, block) for receipt in receipts for block in receipt.payments if block.totals.due_kopecks
        ]
        payloads: list[tuple[PaymentBlock, bytes]] = []
        for receipt, block in due:
            with suppress(QrRefusedError):
                payloads.append((block, payment_payload(receipt, block)))
        symbols = qr_symbols([payload for _, payload in payloads])
        self._symbols = {
            id(block): (block, symbol) for (block, _), symbol in zip(payloads, symbols, strict=True)
        }

    def _drawn(self, receipt: Receipt, block: PaymentBlock) -> Symbol:
        """The symbol of a payment: a block kept here is alive, so no other has its identity."""
        found = self._symbols.get(id(block))
        return found[1] if found else qr_symbols([payment_payload(receipt, block)])[0]

    def fill(
        self, receipt: Receipt, mark: str = "", look: Look = STANDARD, is_checked: bool = False
    ) -> Filled:
        """The pages of a receipt. `mark` is the running number at the foot of each sheet, `look` the form of
        the organisation; is_checked: its sums were proved a moment ago.

        Raises ReceiptMismatchError, QrRefusedError, ReceiptRenderError as `render_receipt` does.
        """
        if not is_checked:
            receipt.check()
        page = page_of(receipt, self._drawn, look)
        columns = tuple(name for name in COLUMNS if page["columns"][name])
        setter = self._setter(columns, PLAIN if look is STANDARD else dress_of(look))
        sheets = _sheets(setter, self._placed(setter, page, receipt.reference, look))
        left = f"Лицевой счёт {page['payer']['account']} · {page['month']} · документ № {page['number']}"
        pages = []
        for number, sheet in enumerate(sheets, start=1):
            of = f"Страница {number} из {len(sheets)}" if len(sheets) > 1 else ""
            right = " · ".join(words for words in (of, mark) if words)
            pages.append(_page(setter, sheet, {"left": left, "right": right}, is_first=number == 1))
        return Filled(setter.form.variant, tuple(pages))

    def band_page(self, name: str, values: dict[str, Value]) -> Filled:
        """A sheet with one band: a separator or a cover."""
        setter = self._setter((), PLAIN)
        pages = (_page(setter, [_placed(setter, Item(name, values))], {}, is_first=False),)
        return Filled(setter.form.variant, pages)

    def _placed(self, setter: Setter, page: Page, reference: Reference, look: Look) -> list[_Placed]:
        """All bands of a receipt; blocks of its house are those of the receipt before it."""
        if self._house[0] is not reference or self._house[1] is not look:
            self._house = reference, look, {}
        kept = self._house[2]
        placed: list[_Placed] = []
        for block, items in story(page, setter.form):
            if block not in OF_HOUSE:
                placed += [_placed(setter, item) for item in items]
                continue
            known = kept.get((block, setter.form.variant.columns))
            if known is None:
                known = kept[block, setter.form.variant.columns] = [_placed(setter, item) for item in items]
            placed += known
        return placed

    def _setter(self, columns: tuple[str, ...], dress: Dress) -> Setter:
        found = self._setters.get((columns, dress))
        if found is None:
            form = press_form(Variant(self._paper, self._percent, columns, dress))
            found = self._setters[columns, dress] = Setter(form)
        return found


def _placed(setter: Setter, item: Item) -> _Placed:
    """A band with its values set. Heads of tables and headings are the same on every receipt: set once."""
    if item.band not in setter.fixed:
        return _set(setter, item)
    key = (item.band, item.values.get("title"))
    found: _Placed | None = setter.placed.get(key)
    if found is None:
        found = setter.placed[key] = _set(setter, item)
    return found


def _set(setter: Setter, item: Item) -> _Placed:
    band = setter.form.bands[item.band]
    given = item.values.get
    parts = [setter.form.backgrounds.get(band.name, "")]
    grown = 0.0
    pushing: list[tuple[frozenset[str], float]] = []
    for name, slot, kept, under in setter.plans[item.band]:
        value = given(name)
        if not value:
            continue
        operators, over = kept.get(value) or setter.set(slot, value, kept)
        if pushing:
            shift = max((most for names, most in pushing if name in names), default=0.0)
            if shift:
                operators = f"q 1 0 0 1 0 {-shift:.2f} cm\n{operators}Q\n"
                over += shift
        if over > 0:
            if under:
                pushing.append((under, over))
            if over > grown:
                grown = over
        parts.append(operators)
    height = band.height + grown
    if band.rule:
        parts.append(_rule(setter.form.accent, band.rule, band.width, height))
    return _Placed(band.keep, "".join(parts), height, item.head)


def _sheets(setter: Setter, placed: list[_Placed]) -> list[list[_Placed]]:
    """Bands by sheets: a band that must not be the last on a sheet goes together with the next one."""
    sheet = setter.form.sheet
    room = sheet.height - sheet.top - sheet.bottom
    sheets: list[list[_Placed]] = [[]]
    left = room
    at = 0
    while at < len(placed):
        until = at + 1
        while placed[until - 1].keep and until < len(placed):
            until += 1
        group = placed[at:until]
        height = sum(one.height for one in group)
        if height > left and sheets[-1]:
            sheets.append([])
            left = room
            if group[0].head:
                head = _placed(setter, Item(group[0].head, {}))
                sheets[-1].append(head)
                left -= head.height
        sheets[-1].extend(group)
        left -= height
        at = until
    return sheets


def _page(setter: Setter, placed: list[_Placed], foot: dict[str, Value], is_first: bool) -> bytes:
    form = setter.form
    sheet = form.sheet
    y = sheet.height - sheet.top
    parts = [_ticks(form)] if is_first and sheet.fold else []
    at = f"q 1 0 0 1 {sheet.left:.2f}"
    for one in placed:
        parts.append(f"{at} {y:.2f} cm\n{one.operators}Q\n")
        y -= one.height
    if foot:
        band = _placed(setter, Item("foot", foot))
        parts.append(f"{at} {sheet.bottom - FOOT_BELOW:.2f} cm\n{band.operators}Q\n")
    return "".join(parts).encode("latin-1")


@lru_cache(maxsize=4096)
def _rule(accent: str, rule: Rule, width: float, height: float) -> str:
    """The line under a band."""
    tone = f"{accent} RG" if rule.accent else f".{rule.tone:02d} G" if rule.tone else "0 G"
    return f"{rule.width:g} w {tone} 0 {-height:.2f} m {width:.2f} {-height:.2f} l S\n"


def _ticks(form: Form) -> str:
    """Where the sheet folds."""
    sheet = form.sheet
    lines = "".join(
        f"0 {sheet.height - sheet.fold * times:.2f} m {TICK} {sheet.height - sheet.fold * times:.2f} l S "
        for times in (1, 2)
    )
    return f".4 w .47 G {lines}\n"
