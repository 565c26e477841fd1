"""The month of a page: one of the published months, named in the address; the newest when not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from billing.period import Period


def chosen_month(asked: str, known: Sequence[dt.date]) -> dt.date | None:
    """The asked month when it is known, else the newest; None when nothing is published yet."""
    try:
        wanted = Period.parse(asked).first_day if asked else None
    except ValueError:
        wanted = None
    if wanted in known:
        return wanted
    return known[0] if known else None
