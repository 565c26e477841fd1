"""The one rounding: exact products and quotients of 64-bit columns, half a kopeck away from zero.

A product of two columns may need 128 bits. `mul_div_half_up` never overflows and uses integers only: it
guesses the quotient from shortened operands, then mends the guess by the exact remainder modulo 2**64.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from billing.quantity import RATE_TO_KOPECKS

I64 = npt.NDArray[np.int64]
LIMIT = 1 << 62


def _ends(values: I64) -> tuple[int, int]:
    """Least and largest value of a column or of one number."""
    if values.ndim == 0:
        return int(values), int(values)
    if values.size == 0:
        return 1, 1
    return int(values.min()), int(values.max())


def _bits(values: I64) -> int:
    """Bits of the largest magnitude."""
    low, high = _ends(values)
    return max(high, -low).bit_length()


def _slow(x: I64, y: I64, d: npt.NDArray[Any]) -> I64:
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
    (low_x, high_x), (low_y, high_y), (low_d, high_d) = _ends(xs), _ends(ys), _ends(ds)
    assert low_d > 0, "divisor must be positive"
    assert high_d < 1 << 61, "divisor must be below 2**61"
    bits = max(high_x, -low_x).bit_length() + max(high_y, -low_y).bit_length()
    if bits < 61 and high_d < 1 << 60:
        return _narrow(xs * ys, ds, low_x >= 0 and low_y >= 0)
    xs, ys, ds = (np.ascontiguousarray(v).ravel() for v in np.broadcast_arrays(xs, ys, ds))
    return _wide(xs, ys, ds)


def _narrow(product: I64, d: I64, positive: bool) -> I64:
    """product / d where twice the product, and twice d, fit."""
    if positive:
        return np.asarray((product * 2 + d) // (d * 2), np.int64)
    magnitude = (np.abs(product) * 2 + d) // (d * 2)
    return np.asarray(np.where(product < 0, -magnitude, magnitude), np.int64)


def _wide(x: I64, y: I64, d: I64) -> I64:
    """Rows of which some products do not fit.

    Those that fit go the short way, the others by a mended guess.
    """
    thin = 1 << max(60 - _bits(y), 0)
    fits = (x < thin) & (x > -thin) & (d < 1 << 60)
    out = np.empty(x.shape, np.int64)
    some = np.flatnonzero(fits)
    if some.size:
        out[some] = _narrow(x.take(some) * y.take(some), d.take(some), False)
    rest = np.flatnonzero(~fits)
    if rest.size:
        xr, yr = x[rest], y[rest]
        magnitude = _by_guess(np.abs(xr), np.abs(yr), d[rest])
        out[rest] = np.where((xr < 0) != (yr < 0), -magnitude, magnitude)
    return out


def _by_guess(x: I64, y: I64, d: I64) -> I64:
    """x·y/d for x, y >= 0 whose product takes up to ~75 bits.

    The quotient of shortened operands is off by less than the remainder can tell: x·y − guess·d fits 62
    bits (the four conditions below bound it), so the wrapping difference modulo 2**64 is the true one and
    mends the guess.
    """
    wide, thin = np.maximum(x, y), np.minimum(x, y)
    bits_x, bits_y, bits_d, bits_least = _bits(wide), _bits(thin), _bits(d), int(d.min()).bit_length()
    shift = max(bits_x + bits_y - 61, 0)
    sure = (
        bits_x + bits_y + shift + 2 - bits_least <= 61
        and shift + bits_y <= 60
        and bits_d <= 60
        and bits_least >= shift + 2
    )
    if not sure:
        return _outliers_apart(wide, thin, d, bits_x)
    guess = ((wide >> shift) * thin) // (d >> shift)
    off = wide * thin - guess * d
    step = off // d
    rest = off - step * d
    return np.asarray(guess + step + (rest * 2 >= d), np.int64)


def _outliers_apart(x: I64, y: I64, d: I64, bits_x: int) -> I64:
    """The widest rows by Python integers, the others again by a guess."""
    outliers = x >= 1 << max(bits_x - 6, 0)
    out = np.empty(x.shape, np.int64)
    out[outliers] = _slow(x[outliers], y[outliers], d[outliers])
    rest = ~outliers
    if rest.any():
        out[rest] = _by_guess(x[rest], y[rest], d[rest])
    return out


def charge(volume_num: npt.ArrayLike, volume_den: npt.ArrayLike, rate: npt.ArrayLike, over: int = 1) -> I64:
    """Kopecks of volume_num / volume_den micro-units at `rate`, divided by `over` (1000 for permille
    surcharges).

    Denominators up to 2**33 go by columns, up to 2**39 where the rate is of whole kopecks; a wider one
    costs that row a slow exact division.
    """
    den = np.asarray(volume_den, np.int64)
    by = RATE_TO_KOPECKS * over
    if _bits(den) + by.bit_length() < 61:
        return mul_div_half_up(volume_num, rate, den * np.int64(by))
    num, den, rates = (np.ascontiguousarray(v) for v in np.broadcast_arrays(volume_num, den, rate))
    narrow = den < 1 << (60 - by.bit_length())
    out = np.empty(num.shape, np.int64)
    out[narrow] = mul_div_half_up(num[narrow], rates[narrow], den[narrow] * np.int64(by))
    rest = np.flatnonzero(~narrow)
    out[rest] = _thinner(num[rest], den[rest], rates[rest], by)
    return out


def _thinner(num: I64, den: I64, rate: I64, by: int) -> I64:
    """Charges over wide denominators: what rate and `by` share goes first, the widest rows go slowly."""
    assert (den > 0).all(), "denominator must be positive"
    common = np.gcd(rate, by)
    thin, below = rate // common, by // common
    fits = den < (1 << 60) // below
    out = np.empty(num.shape, np.int64)
    out[fits] = mul_div_half_up(num[fits], thin[fits], den[fits] * below[fits])
    wide = ~fits
    if wide.any():
        divisor = den[wide].astype(object) * below[wide].astype(object)
        out[wide] = _slow(num[wide], thin[wide], divisor)
    return out


def reduce_fraction(num: I64, den: I64) -> tuple[I64, I64]:
    """num / den in lowest terms, row by row; den > 0."""
    divisor = np.maximum(np.gcd(num, den), 1)
    return num // divisor, den // divisor


def share_of(kopecks: int, share: Fraction) -> int:
    """kopecks × share, half away from zero."""
    exact = kopecks * share
    magnitude = (2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator)
    return -magnitude if exact < 0 else magnitude


def share_out(total: int, weights: list[int]) -> list[int]:
    """Split `total` kopecks in proportion to weights so that the parts sum exactly (largest remainder, ties
    by order).
    """
    whole = sum(weights)
    if whole <= 0:
        raise ValueError("share_out: weights must sum to more than zero")
    sign, magnitude = (-1, -total) if total < 0 else (1, total)
    parts = [magnitude * w // whole for w in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(magnitude * weights[i] % whole), i))
    for i in order[: magnitude - sum(parts)]:
        parts[i] += 1
    return [sign * p for p in parts]
