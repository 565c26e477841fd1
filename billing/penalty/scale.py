"""How much of the rate a day of delay costs, by its number: 1/300, 1/170 or 1/130 (ЖК 155, laws on supply).

Shares are kept over one denominator, so that sums of days are integers.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

SHARE_UNIT = 66_300  # the least common multiple of 300, 170 and 130
FOR_EVER = 1_000_000  # days: more than any debt lives


class Payer(IntEnum):
    """Whose debt it is, or what for: the column of the table of law."""

    RESIDENT = 0
    CAPITAL_REPAIR = 1
    COMPANY = 2
    ASSOCIATION = 3
    BUSINESS = 4


@dataclass(frozen=True, slots=True)
class Stage:
    """Days of delay first … last, both included, each at 1/denominator of the rate."""

    first: int
    last: int
    denominator: int

    @property
    def share(self) -> int:
        return SHARE_UNIT // self.denominator


@dataclass(frozen=True, slots=True)
class Scale:
    """Stages of a payer with the clause they come from."""

    payer: Payer
    clause: str
    words: str
    stages: tuple[Stage, ...]


SCALES: dict[Payer, Scale] = {
    one.payer: one
    for one in (
        Scale(
            Payer.RESIDENT,
            "ЖК 155, ч. 14",
            "с 31-го дня 1/300, с 91-го дня 1/130",
            (Stage(31, 90, 300), Stage(91, FOR_EVER, 130)),
        ),
        Scale(
            Payer.CAPITAL_REPAIR,
            "ЖК 155, ч. 14.1",
            "взнос на капитальный ремонт: с 31-го дня 1/300",
            (Stage(31, FOR_EVER, 300),),
        ),
        Scale(
            Payer.COMPANY,
            "190-ФЗ ст. 15; 416-ФЗ ст. 13; 35-ФЗ ст. 26; 69-ФЗ ст. 25",
            "управляющая организация поставщику: 1/300, с 61-го дня 1/170, с 91-го дня 1/130",
            (Stage(1, 60, 300), Stage(61, 90, 170), Stage(91, FOR_EVER, 130)),
        ),
        Scale(
            Payer.ASSOCIATION,
            "190-ФЗ ст. 15; 416-ФЗ ст. 13; 35-ФЗ ст. 26; 69-ФЗ ст. 25",
            "ТСЖ и кооператив поставщику: с 31-го дня 1/300, с 91-го дня 1/130",
            (Stage(31, 90, 300), Stage(91, FOR_EVER, 130)),
        ),
        Scale(
            Payer.BUSINESS,
            "190-ФЗ ст. 15; 416-ФЗ ст. 13; 35-ФЗ ст. 26; 69-ФЗ ст. 25",
            "прочие юридические лица поставщику: 1/130 с первого дня",
            (Stage(1, FOR_EVER, 130),),
        ),
    )
}
