"""What a trace is made of: a line as plain numbers, facts known besides it, numbers with their sources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from typing import Any, Self

from billing.basis import BENEFITS, COMPENSATIONS, DIVISIONS, Basis
from billing.formula.rows import FormulaFacts
from billing.lines import DTYPES, REVERSAL, Lines


@dataclass(frozen=True, slots=True)
class Line:
    """One line as plain numbers, by the names of billing.lines."""

    account_id: int
    company_id: int
    supplier_id: int
    service: int
    component: int
    basis: int
    kind: int
    first_day: int
    days: int
    volume_num: int
    volume_den: int
    rate: int
    amount_kopecks: int
    surcharge_kopecks: int
    raised_num: int
    a: int
    b: int

    @classmethod
    def at(cls, lines: Lines, row: int) -> Self:
        """The row-th line."""
        return cls(**{name: int(getattr(lines, name)[row]) for name in DTYPES})

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """From a database row with the columns of `lines`."""
        return cls(**{f.name: int(row[f.name]) for f in fields(cls)})

    @property
    def volume(self) -> Fraction:
        """Micro-units."""
        return Fraction(self.volume_num, self.volume_den)

    def as_charge(self) -> Self:
        """What a reversal takes back; a charge is itself."""
        if self.kind != REVERSAL:
            return self
        return replace(
            self,
            kind=0,
            volume_num=-self.volume_num,
            raised_num=-self.raised_num,
            amount_kopecks=-self.amount_kopecks,
            surcharge_kopecks=-self.surcharge_kopecks,
        )


@dataclass(frozen=True, slots=True)
class Share:
    """Which part of a divided premises a line is: of its line of the remainder (billing.divided)."""

    num: int
    den: int
    by_people: bool

    @classmethod
    def among(cls, line: Any, lines: Iterable[Any]) -> Share | None:
        """The share of a line by the remainders among the lines of its account in its month; rows of any kind
        with the names of billing.lines.
        """
        if line.basis in BENEFITS or line.basis in COMPENSATIONS or line.basis in DIVISIONS:
            return None
        for one in lines:
            if one.basis in DIVISIONS and (one.service, one.component) == (line.service, line.component):
                return cls(one.a, one.b, one.basis == Basis.DIVIDED_BY_PEOPLE)
        return None


@dataclass(frozen=True, slots=True)
class Facts:
    """What a caller may know besides the line.

    Sources: name of a number → its source in words (see Number.key).
    """

    house_area_dm2: int | None = None
    common_area_dm2: int | None = None
    heat_per_m3_micro: int | None = None
    label: str | None = None  # of a service of an organisation (codes from 100)
    unit: str | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    formula: FormulaFacts | None = None  # of a line by a formula of an organisation
    share: Share | None = None  # of a line of a divided premises


@dataclass(frozen=True, slots=True)
class Number:
    """A number of the formula.

    Key: rate, norm, people, area, start, end, window, volume … names its source.
    """

    key: str
    words: str
    text: str
    source: str


@dataclass(slots=True)
class Derived:
    """How the volume came about: a formula in units, its numbers, what to add in words."""

    formula: str
    numbers: list[Number]
    notes: list[str] = field(default_factory=list)
