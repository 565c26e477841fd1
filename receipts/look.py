"""What an organisation makes of the form of its receipts: logo, colour, messages, blocks and their order.

A look is data kept version by version (`storage.receipt_forms`); `source` is an own Typst form instead of
forms/press.typ. The same look and the same receipt give the same bytes.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from receipts.barcode import BarcodeRefusedError, parsed

INK = "#000000"
COLOUR = re.compile(r"#[0-9a-f]{6}")
CONTRAST_MIN = 4.5
"""Of the colour on white paper (WCAG AA): paler is not read by tired eyes nor by a cheap printer."""
MESSAGES_MAX = 5
MESSAGE_MAX = 600
WORDS_MAX = 300
SOURCE_MAX = 100_000

BLOCKS = {
    "grounds": "Перерасчёты, пени, рассрочка",
    "meters": "Счётчики и поверка",
    "year": "Ваш год",
    "services": "Год по услугам",
    "payees": "Куда и как платить",
    "house": "Дом: нормативы и общий расход",
    "contacts": "Кому звонить",
    "news": "Новости и сообщения",
}
"""Blocks below the charges, in the usual order."""
PARTS = {"change": "Почему больше или меньше, чем в прошлом месяце"}
"""Parts of blocks that may be left out."""
OPTIONAL = ("year", "services", "change", "news")
"""What a document may do without; the rest is asked for by Rules 354, cl. 69."""


class LookRefused(ValueError):
    """A look that cannot be; `field` is where, the message says what to do."""

    code = "receipt_look_refused"
    permanent = True

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture as an SVG text (a form takes no files) and its size on paper, millimetres × 10."""

    svg: str
    width_dmm: int
    height_dmm: int


@dataclass(frozen=True, slots=True)
class Look:
    """How the documents of an organisation look."""

    accent: str = INK
    logo_svg: str = ""
    logo_width_dmm: int = 0
    logo_height_dmm: int = 0
    messages: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    order: tuple[str, ...] = tuple(BLOCKS)
    barcode: str = ""
    cabinet: str = ""
    payment_ways: str = ""
    limit_index: str = ""
    source: str = ""

    @property
    def logo(self) -> dict[str, Any] | None:
        """For a form: the drawing and its size in millimetres."""
        if not self.logo_svg:
            return None
        size = {"width": self.logo_width_dmm / 10, "height": self.logo_height_dmm / 10}
        return {"drawing": self.logo_svg, **size}

    @property
    def digest(self) -> str:
        """SHA-256 of everything above."""
        return hashlib.sha256(json.dumps(self.kept(), sort_keys=True).encode()).hexdigest()

    def shows(self, block: str) -> bool:
        """Whether an optional block or part is on the page."""
        return block not in self.hidden

    def kept(self) -> dict[str, Any]:
        """As data that `look_of` reads back."""
        return {name: _plain(getattr(self, name)) for name in self.__slots__}


STANDARD = Look()


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def look_of(data: Mapping[str, Any]) -> Look:
    """A look kept by an earlier version of ours, or what a person typed. Raises LookRefused."""
    known = {name: data[name] for name in STANDARD.__slots__ if name in data}
    for name in ("messages", "hidden", "order"):
        if name in known:
            known[name] = tuple(known[name])
    look = Look(**known)
    _check_colour(look.accent)
    _check_blocks(look)
    if len(look.messages) > MESSAGES_MAX:
        raise LookRefused(
            "messages", f"Сообщений {len(look.messages)}, помещается {MESSAGES_MAX}. Сократите."
        )
    for name, value, most in (
        *(("messages", one, MESSAGE_MAX) for one in look.messages),
        ("cabinet", look.cabinet, WORDS_MAX),
        ("payment_ways", look.payment_ways, WORDS_MAX),
        ("limit_index", look.limit_index, WORDS_MAX),
        ("source", look.source, SOURCE_MAX),
    ):
        if len(value) > most:
            raise LookRefused(name, f"Слишком длинно: {len(value)} знаков, помещается {most}. Сократите.")
    try:
        parsed(look.barcode)
    except BarcodeRefusedError as error:
        raise LookRefused("barcode", str(error)) from error
    return look


def _check_colour(colour: str) -> None:
    if not COLOUR.fullmatch(colour):
        raise LookRefused("accent", "Цвет записывается как «#1f4e9c»: решётка и шесть знаков 0–9, a–f.")
    ratio = 1.05 / (_luminance(colour) + 0.05)
    if ratio < CONTRAST_MIN:
        raise LookRefused(
            "accent",
            f"Цвет слишком бледный: на белой бумаге контраст {ratio:.1f}, нужно не меньше {CONTRAST_MIN}. "
            "Возьмите темнее.",
        )


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _check_blocks(look: Look) -> None:
    if sorted(look.order) != sorted(BLOCKS):
        raise LookRefused(
            "order", "В порядке блоков каждый блок стоит один раз. Обновите страницу и повторите."
        )
    for name in look.hidden:
        if name not in OPTIONAL:
            title = BLOCKS.get(name, name)
            raise LookRefused(
                "hidden",
                f"Блок «{title}» убрать нельзя: его требует п. 69 Правил 354. Его можно переставить.",
            )
