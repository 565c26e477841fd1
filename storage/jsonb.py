"""JSONB of a row: text or parsed already, by the codecs of the driver."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any


def parsed(value: Any) -> Any:
    """What a JSONB value says."""
    return json.loads(value) if isinstance(value, str) else value


def day(value: str | None) -> dt.date | None:
    """A date inside JSONB, where there may be none."""
    return None if value is None else dt.date.fromisoformat(value)
