"""The control register of a print run as paper: houses, numbers, counts and sums, a place to sign."""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import typst

from receipts import words
from receipts.render import ReceiptRenderError, in_words, pt_sans

FORM = Path(__file__).parent / "forms" / "press_register.typ"


@dataclass(frozen=True, slots=True)
class RegisterHouse:
    """A line of the register."""

    address: str
    company: str
    first_number: int
    last_number: int
    receipts: int
    leaves: int
    due_kopecks: int
    problems: int
    route: str = ""
    """The route it lies on with who carries it; houses of one route stand together."""


def register_pdf(
    title: str, facts: Sequence[tuple[str, str]], houses: Sequence[RegisterHouse], made_at: dt.datetime
) -> bytes:
    """PDF, A4; the same register gives the same bytes. Raises ReceiptRenderError."""
    data = {
        "title": title,
        "facts": [list(fact) for fact in facts],
        "groups": [_group(list(of_route)) for _, of_route in groupby(houses, key=lambda one: one.route)],
        "total": _sums(houses),
    }
    stamp = made_at.replace(microsecond=0)  # a file keeps whole seconds
    compiler = typst.Compiler(input=FORM, root=FORM.parent, font_paths=pt_sans())
    try:
        made = compiler.compile(
            format="pdf", sys_inputs={"register": json.dumps(data, ensure_ascii=False)}, timestamp=stamp
        )
    except typst.TypstError as error:
        raise ReceiptRenderError(in_words(error)) from error
    assert isinstance(made, bytes), "one PDF is one string of bytes"
    return made


def _group(houses: Sequence[RegisterHouse]) -> dict[str, object]:
    return {
        "title": houses[0].route,
        "rows": [_row(house) for house in houses],
        "total": _sums(houses),
    }


def _sums(houses: Sequence[RegisterHouse]) -> list[str]:
    return [
        words.grouped(sum(house.receipts for house in houses)),
        words.grouped(sum(house.leaves for house in houses)),
        words.money(sum(house.due_kopecks for house in houses)),
        words.grouped(sum(house.problems for house in houses)),
    ]


def _row(house: RegisterHouse) -> list[str]:
    return [
        house.address,
        house.company,
        f"{house.first_number:06d}{words.DASH}{house.last_number:06d}",
        words.grouped(house.receipts),
        words.grouped(house.leaves),
        words.money(house.due_kopecks),
        words.grouped(house.problems) if house.problems else "",
    ]
