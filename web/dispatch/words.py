"""Words of the dispatcher's pages: states, what is left of a term, who serves what."""

from __future__ import annotations

import datetime as dt

from fastapi import Request

from storage.requests import STATE_WORDS
from web.deps import scope_of
from web.filters import MOSCOW, NBSP, plural
from web.roles import Role

DISPATCH_STAFF = (Role.DISPATCHER, Role.COMPANY)
STATES: dict[str, tuple[str, str]] = {
    "open": (STATE_WORDS["open"], "brand"),
    "in_work": (STATE_WORDS["in_work"], "warn"),
    "postponed": (STATE_WORDS["postponed"], ""),
    "done": (STATE_WORDS["done"], "good"),
    "closed": (STATE_WORDS["closed"], ""),
    "cancelled": (STATE_WORDS["cancelled"], ""),
}
SOURCES = {"call": "звонок", "cabinet": "личный кабинет", "desk": "у стойки", "portal": "сайт"}
HOUR, DAY = 3600, 86_400
BURNING = dt.timedelta(minutes=30)


def companies_of(request: Request) -> tuple[int, ...]:
    """Companies whose requests this person works with."""
    scope = scope_of(request)
    assert scope is not None, "the route lets in signed-in people only"
    return scope.dispatch_ids or scope.company_ids


def span(seconds: int) -> str:
    """How long, shortly: «18 мин», «2 ч 05 мин», «3 дня»."""
    if seconds < HOUR:
        return f"{max(seconds // 60, 1)}{NBSP}мин"
    if seconds < DAY:
        return f"{seconds // HOUR}{NBSP}ч{NBSP}{seconds % HOUR // 60:02d}{NBSP}мин"
    return plural(seconds // DAY, "день", "дня", "дней")


def left_words(deadline_at: dt.datetime, now: dt.datetime) -> str:
    """«осталось 18 мин» or «просрочено 20 мин»."""
    seconds = int((deadline_at - now).total_seconds())
    return f"осталось {span(seconds)}" if seconds >= 0 else f"просрочено {span(-seconds)}"


def left_tone(deadline_at: dt.datetime, now: dt.datetime) -> str:
    """Red when late, amber when it burns."""
    if deadline_at < now:
        return "bad"
    return "warn" if deadline_at - now < BURNING else ""


def local(moment: dt.datetime) -> dt.datetime:
    """By the clock of the city."""
    return moment.astimezone(MOSCOW)
