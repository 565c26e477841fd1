"""Documents of an account as one file: drawn here for the cabinet and for e-mail, so they are the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from billing.receipt import Receipt
from receipts.fill import Filler
from receipts.form import LARGE_PERCENT
from receipts.look import Look
from receipts.render import render_receipt
from receipts.volume import one_receipt


def drawn(receipts: Sequence[Receipt], look: Look, is_large: bool) -> Callable[[], bytes]:
    """What draws them: the form for the screen; that of the press for an own Typst form, large letters and
    several documents in one file.
    """

    def draw() -> bytes:
        if len(receipts) == 1 and not look.source and not is_large:
            return render_receipt(receipts[0], look=look)
        filler = Filler("a4", LARGE_PERCENT if is_large else 100)
        first, *more = (filler.fill(one, "", look) for one in receipts)
        return one_receipt(first, f"Квитанция {receipts[0].payer.account_number}", *more)

    return draw


def file_name(receipt: Receipt, period: str, suffix: str = "") -> str:
    """As a person finds it in a folder; `suffix` tells documents of one month apart."""
    return f"kvitanciya-{period}-{receipt.payer.account_number}{suffix}.pdf"
