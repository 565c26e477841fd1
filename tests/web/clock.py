"""A frozen day for pages and the intake: Tuesday, 20 October 2026, 12:00 in Moscow, inside the window."""

from __future__ import annotations

import datetime as dt

import pytest

NOW = dt.datetime(2026, 10, 20, 9, 0, tzinfo=dt.UTC)
TODAY = NOW.date()


def freeze(monkeypatch: pytest.MonkeyPatch, moment: dt.datetime = NOW) -> None:
    """Set the clock of the pages and of the intake; sessions keep the real one."""
    monkeypatch.setattr("web.clock.now", lambda: moment)

    async def today(*_: object) -> dt.date:
        return moment.date()

    monkeypatch.setattr("actors.intake.today_at_meter", today)
