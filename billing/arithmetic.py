"""Sums as a person reads them: exact decimals with a comma, × and −, and the same text computed again.

`evaluate` reads only the text, so a formula shown to a resident proves its own result.
"""

from __future__ import annotations

import re
from fractions import Fraction

THIN_SPACE = "\u2009"
_TOKEN = re.compile(r"\s*(?:(\d[\d\u2009]*(?:,\d+)?)|([()+−×/]))")


def decimal(value: int, scale: int = 1, least: int = 0) -> str:
    """value / scale in full: (6 557 000, 1 000 000) is «6,557». scale is a power of ten.

    Zeros at the end go, down to `least` decimals.
    """
    sign, magnitude = ("−", -value) if value < 0 else ("", value)
    whole, rest = divmod(magnitude, scale)
    digits = f"{rest:0{len(str(scale)) - 1}d}".rstrip("0").ljust(least, "0") if scale > 1 else ""
    text = f"{whole:,}".replace(",", THIN_SPACE)
    return f"{sign}{text},{digits}" if digits else f"{sign}{text}"


def signed(value: int, scale: int = 1) -> str:
    """The same in brackets when it is negative, so that it can follow another sign."""
    text = decimal(value, scale)
    return f"({text})" if value < 0 else text


def ratio(value: Fraction, scale: int = 1) -> str:
    """value / scale as one decimal over a whole number: Fraction(4, 3) at 1 is «4 / 3»."""
    top = signed(value.numerator, scale)
    return top if value.denominator == 1 else f"{top} / {decimal(value.denominator)}"


def bracketed(text: str) -> str:
    """A sum in brackets, so that it can be multiplied; a number, product or quotient as it is."""
    depth = 0
    for sign in text:
        depth += (sign == "(") - (sign == ")")
        if depth == 0 and sign in "+−":
            return f"({text})"
    return text


def evaluate(formula: str) -> Fraction:
    """Exact value of a formula written by this module. Raises ValueError on anything else."""
    return _Reader(formula).whole()


class _Reader:
    """sum := product (+|− product)*; product := factor (×|/ factor)*; factor := −factor | (sum) | decimal."""

    def __init__(self, formula: str) -> None:
        self.tokens: list[str] = []
        at = 0
        text = formula.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise ValueError(f"«{formula}» — не формула")
            self.tokens.append(match.group(1) or match.group(2))
            at = match.end()
        self.formula = formula

    def whole(self) -> Fraction:
        value = self.sum()
        if self.tokens:
            raise ValueError(f"«{self.formula}»: лишнее в конце")
        return value

    def taken(self, *signs: str) -> str | None:
        if self.tokens and self.tokens[0] in signs:
            return self.tokens.pop(0)
        return None

    def sum(self) -> Fraction:
        value = self.product()
        while sign := self.taken("+", "−"):
            other = self.product()
            value = value + other if sign == "+" else value - other
        return value

    def product(self) -> Fraction:
        value = self.factor()
        while sign := self.taken("×", "/"):
            other = self.factor()
            value = value * other if sign == "×" else value / other
        return value

    def factor(self) -> Fraction:
        if self.taken("−"):
            return -self.factor()
        if self.taken("("):
            value = self.sum()
            if not self.taken(")"):
                raise ValueError(f"«{self.formula}»: нет закрывающей скобки")
            return value
        if not self.tokens:
            raise ValueError(f"«{self.formula}» обрывается")
        number = self.tokens.pop(0).replace(THIN_SPACE, "").replace(",", ".")
        if not re.fullmatch(r"\d+(\.\d+)?", number):
            raise ValueError(f"«{self.formula}»: ожидалось число, а не «{number}»")
        return Fraction(number)
