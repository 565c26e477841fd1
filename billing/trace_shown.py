"""A formula as a person reads it: a long reduced fraction becomes a decimal, «≈» when it is not exact.

The exact formula stays what proves the kopecks (billing.trace.evaluate); each fraction that was rounded for
the eye
is listed with the numbers, so that anybody can take it and count again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from billing.arithmetic import THIN_SPACE, decimal
from billing.arithmetic import evaluate as exactly
from billing.trace import Trace
from billing.trace_line import Number

DIVISOR_MAX = 1_000  # days, months, a window of sixty: what people know; greater ones come from reduction
DECIMALS = 6
DIGITS_LEAST = 4  # significant ones of a small fraction
ABOUT = "≈"
_WHOLE = rf"\d[\d{THIN_SPACE}]*"
_TOP = rf"(\(−{_WHOLE}(?:,\d+)?\)|{_WHOLE}(?:,\d+)?)"
_RATIO = re.compile(rf"(?<!/ )(?<![\d,{THIN_SPACE}]){_TOP} / ({_WHOLE})(?![\d,{THIN_SPACE}])")


@dataclass(frozen=True, slots=True)
class Shown:
    """Formulas for the eye; numbers: those of the trace and the exact fractions behind each «≈»."""

    volume_formula: str
    formula: str
    surcharge_formula: str
    numbers: tuple[Number, ...]
    notes: tuple[str, ...]


def shown(trace: Trace) -> Shown:
    """The formulas, numbers and notes of a trace without long fractions."""
    exact: dict[str, str] = {}
    volume, formula, surcharge = (
        short(text, exact) for text in (trace.volume_formula, trace.formula, trace.surcharge_formula)
    )
    numbers = [Number(one.key, one.words, short(one.text, exact), one.source) for one in trace.numbers]
    notes = tuple(short(note, exact) for note in trace.notes)
    source = "точная дробь: по ней посчитано, для чтения она округлена"
    numbers += [Number("exact", about, fraction, source) for about, fraction in exact.items()]
    return Shown(volume, formula, surcharge, tuple(numbers), notes)


def short(text: str, exact: dict[str, str]) -> str:
    """The text with its long fractions as decimals; those that had to be rounded are added to `exact`."""

    def replaced(match: re.Match[str]) -> str:
        if int(match.group(2).replace(THIN_SPACE, "")) <= DIVISOR_MAX:
            return match.group()
        value = exactly(match.group())
        words, is_exact = rounded(value)
        if not is_exact:
            exact[words] = match.group()
        return words

    return _RATIO.sub(replaced, text)


def rounded(value: Fraction) -> tuple[str, bool]:
    """A decimal of a fraction, «≈» before it unless it is exact; a negative one in brackets."""
    if value < 0:
        words, is_exact = rounded(-value)
        return f"(−{words})", is_exact
    decimals = DECIMALS
    while value > 0 and value * 10**decimals < 10 ** (DIGITS_LEAST - 1):
        decimals += 1
    scaled = value * 10**decimals
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    is_exact = scaled.denominator == 1
    return f"{'' if is_exact else ABOUT}{decimal(whole, 10**decimals, 0 if is_exact else decimals)}", is_exact
