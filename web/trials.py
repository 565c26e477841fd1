"""Settings tried on real accounts: states in words, the card of a decision, the deeds of those who decide."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from storage.second_person import ValueRefused
from web.errors import Conflict, NotFound
from web.forms import Typed

GROUND_MAX = 300
COMMAND_MIN, COMMAND_MAX = 16, 64
STATES = {
    "planned": ("ждёт очереди", ""),
    "counting": ("считается", "warn"),
    "counted": ("посчитана", ""),
    "waiting": ("ждёт второго сотрудника", "warn"),
    "approved": ("выбрано", "good"),
    "declined": ("отклонено", "bad"),
    "failed": ("не удалась", "bad"),
}


@dataclass(frozen=True, slots=True)
class Decision:
    """The card of a counted trial (_trial.html). day: from which the setting would be in force."""

    path: str
    state: str
    day: dt.date
    chosen: str
    form: Typed
    may_act: bool
    why_not: str
    """Why this person may not approve it; empty when he may."""


def command_of(form: Typed) -> str:
    """The command of a form, which makes a second press harmless."""
    command = form.value("command")
    if not COMMAND_MIN <= len(command) <= COMMAND_MAX:
        form.refuse("", "Форма устарела. Обновите страницу и повторите.")
    return command


def ground_of(form: Typed) -> str:
    """The document a choice is made by."""
    return form.text("ground", "Назовите документ: приказ, решение, договор.", GROUND_MAX)


async def done(act: str, title: str, deeds: Mapping[str, Callable[[], Awaitable[None]]]) -> None:
    """Do one of the deeds. Raises NotFound for another word, Conflict when storage refuses."""
    if act not in deeds:
        raise NotFound
    try:
        await deeds[act]()
    except ValueRefused as refusal:
        raise Conflict(title, refusal.message) from refusal
