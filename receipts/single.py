"""One document as one file: drawn here for the cabinet and for e-mail, so it is the same."""

from __future__ import annotations

from collections.abc import Callable

from billing.receipt import Receipt
from receipts.fill import Filler
from receipts.form import LARGE_PERCENT
from receipts.look import Look
from receipts.render import render_receipt
from receipts.volume import one_receipt


def drawn(receipt: Receipt, look: Look, is_large: bool) -> Callable[[], bytes]:
    """What draws it: the form for the screen; that of the press for an own Typst form and large letters."""

    def draw() -> bytes:
        if not look.source and not is_large:
            return render_receipt(receipt, look=look)
        filled = Filler("a4", LARGE_PERCENT if is_large else 100).fill(receipt, "", look)
        return one_receipt(filled, f"Квитанция {receipt.payer.account_number}")

    return draw


def file_name(receipt: Receipt, period: str) -> str:
    """As a person finds it in a folder."""
    return f"kvitanciya-{period}-{receipt.payer.account_number}.pdf"
