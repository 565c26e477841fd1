"""A formula over columns: exact fractions of integers, no loop over accounts, rows that cannot be counted
marked.

Numbers are int64 while the widest product fits, Python integers otherwise; both are exact, so what comes
out does not depend on which way a block went.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from billing.formula.grammar import Call, Choice, Constant, Joint, Minus, Name, Node, Pair, Test
from billing.money import reduce_fraction

Bool = npt.NDArray[np.bool_]
Column = npt.NDArray[Any]  # int64, or objects that are Python integers

WIDTH_MAX = 62


@dataclass(slots=True)
class Ratio:
    """Fractions num / den of n rows, den > 0; bad: rows divided by zero."""

    num: Column
    den: Column
    bad: Bool

    @classmethod
    def of(cls, num: Any, den: Any, rows: int) -> Ratio:
        top, below = (np.broadcast_to(np.asarray(one, np.int64), (rows,)) for one in (num, den))
        return cls(top, below, np.zeros(rows, np.bool_))


def _bits(values: Column) -> int:
    if values.size == 0:
        return 0
    return max(abs(int(values.max())), abs(int(values.min()))).bit_length()


def _wide(*columns: Column) -> list[Column]:
    return [one.astype(object) for one in columns]


def _times(x: Column, y: Column) -> Column:
    if _bits(x) + _bits(y) > WIDTH_MAX:
        x, y = _wide(x, y)
    return np.asarray(x * y)


def _plus(x: Column, y: Column) -> Column:
    if max(_bits(x), _bits(y)) >= WIDTH_MAX:
        x, y = _wide(x, y)
    return np.asarray(x + y)


def settled(num: Column, den: Column) -> tuple[Column, Column]:
    """In lowest terms, as int64 where all of it fits."""
    if num.dtype != object and den.dtype != object:
        return reduce_fraction(num, den)
    num, den = _wide(num, den)
    divisor = np.gcd(num, den) if num.size else den
    num, den = np.asarray(num // divisor), np.asarray(den // divisor)
    if max(_bits(num), _bits(den)) <= WIDTH_MAX:
        return num.astype(np.int64), den.astype(np.int64)
    return num, den


def compute(node: Node, values: Mapping[str, Ratio], rows: int) -> Ratio:
    """The formula in every row; values by key of quantity, each of `rows` rows."""
    if isinstance(node, Constant):
        return Ratio.of(node.value.numerator, node.value.denominator, rows)
    if isinstance(node, Name):
        return values[node.quantity.key]
    if isinstance(node, Minus):
        of = compute(node.of, values, rows)
        return Ratio(np.asarray(-of.num), of.den, of.bad)
    if isinstance(node, Pair):
        return _pair(node, values, rows)
    if isinstance(node, Call):
        return _call(node, values, rows)
    assert isinstance(node, Choice), "a test is not a number"
    then, otherwise = (compute(one, values, rows) for one in (node.then, node.otherwise))
    holds, bad = _holds(node.test, values, rows)
    made = _chosen(holds, then, otherwise)
    return Ratio(made.num, made.den, made.bad | bad)


def _pair(node: Pair, values: Mapping[str, Ratio], rows: int) -> Ratio:
    x, y = compute(node.left, values, rows), compute(node.right, values, rows)
    bad = x.bad | y.bad
    if node.sign in "+−":
        over = _times(y.num, x.den)
        num = _plus(_times(x.num, y.den), over if node.sign == "+" else np.asarray(-over))
        return Ratio(*settled(num, _times(x.den, y.den)), bad)
    if node.sign == "×":
        return Ratio(*settled(_times(x.num, y.num), _times(x.den, y.den)), bad)
    zero = np.asarray(y.num == 0, np.bool_)
    by = np.where(zero, 1, y.num)
    num, den = _times(x.num, y.den), _times(x.den, by)
    below = np.asarray(den < 0, np.bool_)
    num, den = np.where(below, -num, num), np.where(below, -den, den)
    return Ratio(*settled(num, den), bad | zero)


def _call(node: Call, values: Mapping[str, Ratio], rows: int) -> Ratio:
    made = compute(node.of[0], values, rows)
    if node.function in ("вверх", "вниз"):
        whole = -((-made.num) // made.den) if node.function == "вверх" else made.num // made.den
        return Ratio(np.asarray(whole), np.ones(rows, np.int64), made.bad)
    for one in node.of[1:]:
        other = compute(one, values, rows)
        is_less = _compare("<", made, other)
        kept = is_less if node.function == "мин" else ~is_less
        bad = made.bad | other.bad
        made = _chosen(kept, made, other)
        made = Ratio(made.num, made.den, bad)
    return made


def _chosen(first: Bool, x: Ratio, y: Ratio) -> Ratio:
    columns = ((x.num, y.num), (x.den, y.den), (x.bad, y.bad))
    return Ratio(*(np.asarray(np.where(first, one, other)) for one, other in columns))


def _compare(sign: str, x: Ratio, y: Ratio) -> Bool:
    left, right = _times(x.num, y.den), _times(y.num, x.den)
    found = {
        "<": left < right,
        ">": left > right,
        "<=": left <= right,
        ">=": left >= right,
        "=": left == right,
        "<>": left != right,
    }
    return np.asarray(found[sign], np.bool_)


def _holds(node: Node, values: Mapping[str, Ratio], rows: int) -> tuple[Bool, Bool]:
    """Where a test holds, and where it could not be made."""
    if isinstance(node, Test):
        x, y = compute(node.left, values, rows), compute(node.right, values, rows)
        return _compare(node.sign, x, y), x.bad | y.bad
    assert isinstance(node, Joint), "tests are joined by words"
    parts = [_holds(one, values, rows) for one in node.of]
    holds, bad = parts[0]
    for other, other_bad in parts[1:]:
        holds = holds & other if node.word == "и" else holds | other
        bad = bad | other_bad
    return (~holds if node.word == "не" else holds), bad
