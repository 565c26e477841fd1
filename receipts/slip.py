"""The slip of a cash desk as PDF: a roll of 80 mm or a sheet A5, the same words on both."""

from __future__ import annotations

import json
from datetime import UTC
from pathlib import Path

import typst

from billing.cash import Slip
from receipts.render import PDF_STANDARD, ReceiptRenderError, in_words, pt_sans
from receipts.words import breakable, money, month

FORM = Path(__file__).parent / "forms" / "slip.typ"
ROLL, SHEET = "80", "a5"
SIZES = (ROLL, SHEET)


def render_slip(slip: Slip, size: str) -> bytes:
    """PDF of a slip, the same bytes for the same slip; its time is printed in the zone it comes in.

    Raises ValueError when it does not add up, ReceiptRenderError when it cannot be drawn.
    """
    slip.check()
    data = {
        "size": size,
        "company": breakable(slip.company),
        "desk": breakable(slip.desk),
        "inn": slip.inn,
        "number": slip.number,
        "taken": f"{slip.taken_at:%d.%m.%Y %H:%M}",
        "cashier": breakable(slip.cashier),
        "account": slip.account_number,
        "address": breakable(slip.address),
        "payer": breakable(slip.payer),
        "amount": money(slip.amount_kopecks),
        "given": money(slip.given_kopecks),
        "change": money(slip.change_kopecks),
        "voided": slip.is_voided,
        "parts": [
            {
                "label": breakable(", ".join(words for words in (one.label, one.payee) if words)),
                "month": month(one.month) if one.month else "",
                "amount": money(one.amount_kopecks),
            }
            for one in slip.parts
        ],
    }
    compiler = typst.Compiler(input=FORM, root=FORM.parent, font_paths=pt_sans())
    try:
        made = compiler.compile(
            format="pdf",
            sys_inputs={"slip": json.dumps(data, ensure_ascii=False)},
            pdf_standards=PDF_STANDARD,
            timestamp=slip.taken_at.astimezone(UTC).replace(microsecond=0),
        )
    except typst.TypstError as error:
        raise ReceiptRenderError(in_words(error)) from error
    assert isinstance(made, bytes), "one PDF is one string of bytes"
    return made
