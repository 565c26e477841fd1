"""What is the same for receipts that come one after another: those of a house share their reference data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class OfLast(Generic[K, V]):
    """A function that remembers what it made of the object it was asked for last, by identity.

    Several threads may ask: each sees a whole pair, the worst is that something is made once more.
    """

    def __init__(self, make: Callable[[K], V]) -> None:
        self._make = make
        self._last: tuple[K, V] | None = None

    def __call__(self, key: K) -> V:
        last = self._last
        if last is not None and last[0] is key:
            return last[1]
        value = self._make(key)
        self._last = key, value
        return value
