"""«История» of the card: what held from which day on, and who entered what on what ground."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from storage.account_history import FactsRow, History
from storage.account_pages import AccountHead
from storage.audit import AuditLine
from web.filters import area, date_short

AREA_WORDS = {"area_dm2": "общая", "living_area_dm2": "жилая", "heated_area_dm2": "отапливаемая"}


@dataclass(frozen=True, slots=True)
class DeedRow:
    """Who did what and when."""

    recorded_at: dt.datetime
    user_name: str
    words: str
    ground: str


@dataclass(frozen=True, slots=True)
class HistoryView:
    """The panel."""

    address: str
    number: str
    base: str
    facts: list[FactsRow]
    deeds: list[DeedRow]


def history_view(found: History, account: AccountHead) -> HistoryView:
    """Rows of the panel, newest first."""
    return HistoryView(
        address=account.address,
        number=account.number,
        base=f"/accounts/{account.id}",
        facts=found.facts,
        deeds=[_deed(line, found) for line in found.deeds],
    )


def _deed(line: AuditLine, found: History) -> DeedRow:
    before, after = line.before or {}, line.after or {}
    words = {
        "registered": _registered,
        "deregistered": _deregistered,
        "area_changed": _area,
        "owners_changed": _owners,
    }[line.action](before, after, found)
    return DeedRow(
        line.recorded_at, line.user_name or "сотрудник расчётного центра", words, line.ground or ""
    )


def _registered(before: dict[str, Any], after: dict[str, Any], found: History) -> str:
    name = found.registered.get(after.get("registration", 0), "человек")
    how = "зарегистрирован" if after.get("kind") == "permanent" else "проживает временно"
    until = f" по {_last(after['to'])}" if after.get("to") else ""
    return f"{name}: {how} с {_day(after['from'])}{until}"


def _deregistered(before: dict[str, Any], after: dict[str, Any], found: History) -> str:
    name = found.registered.get(after.get("registration", 0), "человек")
    return f"{name}: снят с учёта с {_day(after['to'])}"


def _area(before: dict[str, Any], after: dict[str, Any], found: History) -> str:
    parts = [
        f"{words} {area(before.get(key))} → {area(after[key])}"
        for key, words in AREA_WORDS.items()
        if key in after and before.get(key) != after[key]
    ]
    return f"площадь с {_day(after['from'])}: {', '.join(parts)}"


def _owners(before: dict[str, Any], after: dict[str, Any], found: History) -> str:
    names = [found.owned.get(one, "собственник") for one in after.get("ownerships", [])]
    return f"собственники с {_day(after['from'])}: {', '.join(names)}"


def _day(value: str) -> str:
    return date_short(dt.date.fromisoformat(value))


def _last(value: str) -> str:
    return date_short(dt.date.fromisoformat(value) - dt.timedelta(days=1))
