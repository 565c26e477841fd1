"""The one rounding: exact products and quotients of 64-bit columns, half a kopeck away from zero.

A product of two columns may need 128 bits. `mul_div_half_up` never overflows and uses integers only: it guesses the
quotient from shortened operands, then mends the guess by the exact remainder modulo 2**64.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from billing.quantity import RATE_TO_KOPECKS

I64 = npt.NDArray[np.int64]
LIMIT = 1 << 62


def _bits(values: I64) -> int:
    """Bits of the largest magnitude in the column."""
    if values.size == 0:
        return 0
    return max(int(values.max()), -int(values.min())).bit_length()


def _slow(x: I64, y: I64, d: I64) -> I64:
    """The same by Python integers: for rows too wide for the fast way."""
    out = np.empty(x.shape, np.int64)
    for i, (xi, yi, di) in enumerate(zip(x.tolist(), y.tolist(), d.tolist(), strict=True)):
        product = xi * yi
        magnitude = (2 * abs(product) + di) // (2 * di)
        out[i] = -magnitude if product < 0 else magnitude
    return out


def mul_div_half_up(x: npt.ArrayLike, y: npt.ArrayLike, d: npt.ArrayLike) -> I64:
    """round(x × y / d), half away from zero. x, y, d broadcast to (n,); d > 0. Result (n,) int64, exact."""
    xs, ys, ds = (np.asarray(v, np.int64) for v in (x, y, d))
    narrow_y, narrow_d = _bits(np.atleast_1d(ys)), _bits(np.atleast_1d(ds))
    width_x = _bits(np.atleast_1d(xs))
    assert narrow_d < 62 and np.all(ds > 0), "divisor must be positive and below 2**61"
    if width_x + narrow_y < 61:
        product = xs * ys
        magnitude = (np.abs(product) * 2 + ds) // (2 * ds)
        return np.asarray(np.where(product < 0, -magnitude, magnitude), np.int64)
    xs, ys, ds = (np.ascontiguousarray(v).ravel() for v in np.broadcast_arrays(xs, ys, ds))
    return _wide(xs, ys, ds)


def _wide(x: I64, y: I64, d: I64) -> I64:
    """Rows whose product does not fit: split off a·d from x, so that only the remainder is multiplied."""
    small = np.maximum(np.abs(x), 1)
    fits = np.abs(y) < LIMIT // 2 // small
    out = np.empty(x.shape, np.int64)
    product = x[fits] * y[fits]
    magnitude = (np.abs(product) * 2 + d[fits]) // (2 * d[fits])
    out[fits] = np.where(product < 0, -magnitude, magnitude)
    rest = ~fits
    if rest.any():
        out[rest] = _by_parts(x[rest], y[rest], d[rest])
    return out


def _by_parts(x: I64, y: I64, d: I64) -> I64:
    """x·y/d = (x div d)·y + (x mod d)·y/d, first with x the wider factor; what is still too wide goes the slow way."""
    swap = np.abs(y) > np.abs(x)
    wide, thin = np.where(swap, y, x), np.where(swap, x, y)
    sign = np.sign(wide) * np.sign(thin)
    wide, thin = np.abs(wide), np.abs(thin)
    whole, part = wide // d, wide % d
    thick = np.maximum(thin, 1)
    fits = (part < LIMIT // 2 // thick) & (whole < LIMIT // 2 // thick)
    out = np.empty(x.shape, np.int64)
    w, p, t, q = whole[fits], part[fits], thin[fits], d[fits]
    out[fits] = sign[fits] * (w * t + (2 * p * t + q) // (2 * q))
    rest = ~fits
    if rest.any():
        out[rest] = _slow(x[rest], y[rest], d[rest])
    return out


def charge(volume_num: npt.ArrayLike, volume_den: npt.ArrayLike, rate: npt.ArrayLike, over: int = 1) -> I64:
    """Kopecks of volume_num / volume_den micro-units at `rate`, divided by `over` (1000 for permille surcharges)."""
    den = np.asarray(volume_den, np.int64)
    assert _bits(np.atleast_1d(den)) + (RATE_TO_KOPECKS * over).bit_length() < 62, (
        "denominator too wide, reduce it"
    )
    return mul_div_half_up(volume_num, rate, den * np.int64(RATE_TO_KOPECKS * over))


def reduce_fraction(num: I64, den: I64) -> tuple[I64, I64]:
    """num / den in lowest terms, row by row; den > 0."""
    divisor = np.maximum(np.gcd(num, den), 1)
    return num // divisor, den // divisor


def share_out(total: int, weights: list[int]) -> list[int]:
    """Split `total` kopecks in proportion to weights so that the parts sum exactly (largest remainder, ties by order)."""
    whole = sum(weights)
    if whole <= 0:
        raise ValueError("share_out: weights must sum to more than zero")
    sign, magnitude = (-1, -total) if total < 0 else (1, total)
    parts = [magnitude * w // whole for w in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(magnitude * weights[i] % whole), i))
    for i in order[: magnitude - sum(parts)]:
        parts[i] += 1
    return [sign * p for p in parts]
