"""Numbers as texts for many rows at once: «000045», «0300001237», «12»."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
I64 = npt.NDArray[np.int64]
ZERO = ord("0")


def padded(values: Array, width: int) -> Array:
    """Decimal digits with zeros in front, dtype S{width}."""
    return digits(values, width).view(f"S{width}").reshape(len(values))


def digits(values: Array, width: int) -> npt.NDArray[np.uint8]:
    """Codes of the characters, shape (rows, width)."""
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return np.ascontiguousarray(values.astype(np.int64)[:, None] // powers % 10 + ZERO).astype(np.uint8)


def plain(values: Array, width: int) -> Array:
    """Decimal digits without zeros in front."""
    return np.strings.lstrip(padded(values, width), b"0")


def luhn(values: Array, width: int) -> I64:
    """The check digit of Luhn's algorithm for numbers of `width` digits."""
    figures = (digits(values, width) - ZERO).astype(np.int64)
    figures[:, ::-1][:, ::2] *= 2
    figures -= 9 * (figures > 9)
    return np.asarray(-figures.sum(axis=1) % 10)


def joined(*parts: Array | bytes) -> Array:
    """Texts side by side."""
    out = parts[0]
    for part in parts[1:]:
        out = np.strings.add(out, part)
    return np.asarray(out)
