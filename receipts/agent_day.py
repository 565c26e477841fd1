"""The act of reconciliation with a payment agent as PDF: totals of both sides, differences, signatures."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typst

from receipts.render import PDF_STANDARD, ReceiptRenderError, in_words, pt_sans
from receipts.words import breakable, grouped, money

FORM = Path(__file__).parent / "forms" / "agent_day.typ"


@dataclass(frozen=True, slots=True)
class ActTotal:
    """Operations of one kind on both sides."""

    label: str
    their_count: int
    their_kopecks: int
    our_count: int
    our_kopecks: int


@dataclass(frozen=True, slots=True)
class ActRow:
    """A difference and what became of it."""

    number: str
    account: str
    kind: str
    their_kopecks: int | None
    our_kopecks: int | None
    outcome: str


def agent_day_pdf(
    title: str,
    centre: str,
    agent: str,
    totals: Sequence[ActTotal],
    rows: Sequence[ActRow],
    made_at: dt.datetime,
) -> bytes:
    """PDF, A4; the same act gives the same bytes. Raises ReceiptRenderError."""
    data = {
        "title": title,
        "centre": breakable(centre),
        "agent": breakable(agent),
        "totals": [
            [one.label, grouped(one.their_count), money(one.their_kopecks), grouped(one.our_count),
             money(one.our_kopecks)]
            for one in totals
        ],
        "all": [
            grouped(sum(one.their_count for one in totals)),
            money(sum(one.their_kopecks for one in totals)),
            grouped(sum(one.our_count for one in totals)),
            money(sum(one.our_kopecks for one in totals)),
        ],
        "rows": [
            [breakable(one.number), one.account, one.kind, _sum(one.their_kopecks), _sum(one.our_kopecks),
             breakable(one.outcome)]
            for one in rows
        ],
    }  # fmt: skip
    compiler = typst.Compiler(input=FORM, root=FORM.parent, font_paths=pt_sans())
    try:
        made = compiler.compile(
            format="pdf",
            sys_inputs={"act": json.dumps(data, ensure_ascii=False)},
            pdf_standards=PDF_STANDARD,
            timestamp=made_at.astimezone(dt.UTC).replace(microsecond=0),
        )
    except typst.TypstError as error:
        raise ReceiptRenderError(in_words(error)) from error
    assert isinstance(made, bytes), "one PDF is one string of bytes"
    return made


def _sum(kopecks: int | None) -> str:
    return "—" if kopecks is None else money(kopecks)
