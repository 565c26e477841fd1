"""Figures of the whole city that many look at and few change: asked once a while, not once a page.

Only for what everybody with the right to the page sees the same; never for rows of one scope.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

Value = TypeVar("Value")

KEYS_MAX = 256
"""Figures kept at most; then all are asked anew."""


@dataclass(slots=True)
class Remembered:
    """Values by key with the moment they are good until; several pages waiting for one key ask once."""

    values: dict[object, tuple[float, Any]] = field(default_factory=dict)
    locks: dict[object, asyncio.Lock] = field(default_factory=dict)

    async def get(self, key: object, good_s: float, make: Callable[[], Awaitable[Value]]) -> Value:
        """The value of a key, made when it is not known or is older than good_s seconds."""
        if len(self.values) > KEYS_MAX:
            self.values.clear()
            self.locks.clear()
        async with self.locks.setdefault(key, asyncio.Lock()):
            until, value = self.values.get(key, (0.0, None))
            if until <= time.monotonic():
                value = await make()
                self.values[key] = (time.monotonic() + good_s, value)
            return value  # type: ignore[no-any-return]
