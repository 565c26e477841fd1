"""Formulas of a block: which version bills a service in which house, and what each line was computed from."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from billing.formula.check import Checked

Numbers = tuple[int, ...]
"""Numerator and denominator of each quantity, in the order the formula names them."""


@dataclass(frozen=True, slots=True)
class Version:
    """A formula in force; ceiling_kopecks: an account it gives more for is parked."""

    id: int
    checked: Checked
    ceiling_kopecks: int


@dataclass(slots=True)
class ServiceFormulas:
    """Versions of one service; of_house (H,): which of them bills the house, −1 = by its method."""

    versions: list[Version]
    of_house: npt.NDArray[np.int16]


@dataclass(slots=True)
class Formulas:
    """By service. told: filled while lines are made, (version, digest of numbers) → numbers; a line keeps the
    two keys as `a` and `b`.
    """

    by_service: dict[int, ServiceFormulas]
    told: dict[tuple[int, int], Numbers] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FormulaFacts:
    """What is known of a formula line: its version, text, numbers, paper."""

    version: int
    checked: Checked
    numbers: tuple[int, ...]
    since: str
    document: str

    @property
    def values(self) -> dict[str, Fraction]:
        """By key of quantity."""
        pairs = zip(self.numbers[::2], self.numbers[1::2], strict=True)
        return {
            one.key: Fraction(num, den)
            for one, (num, den) in zip(self.checked.quantities, pairs, strict=True)
        }
