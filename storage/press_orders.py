"""Print runs asked for by pages: ask, stop, go on; and the orders obeyed by workers in the event's
transaction.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from billing.period import Period
from storage import outbox
from storage.press_plan import plan_press
from storage.press_work import CHANNEL
from storage.session import Session, raw_connection
from storage.tables.press import DOCUMENT_KINDS

START = "commands.press.start"
SIZES = (100, 140)
VOLUME_SHEETS = (20, 5_000)
LAYOUTS = ("a4", "a5", "a5x2")


class PressRefused(Exception):
    """A print run cannot be asked, stopped or gone on with; the message says why and what to do."""

    code = "press-refused"
    permanent = True

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class UnknownPressOrder(ValueError):
    """A command this version does not know: kept as a dead letter."""

    permanent = True


@dataclass(frozen=True, slots=True)
class PressChoice:
    """What to print and how; company and houses None mean all."""

    period: dt.date
    company_id: int | None
    house_ids: tuple[int, ...] | None
    layout: str
    is_duplex: bool
    has_separators: bool
    size_percent: int
    volume_sheets: int
    routes_on: dt.date | None = None
    """By routes of delivery of this day; None is by addresses."""
    route_ids: tuple[int, ...] | None = None
    """Only these routes, 0 is houses without one; None is all."""
    kind: str = "regular"
    """Which document of the month: storage.tables.press.DOCUMENT_KINDS."""


async def request_press(session: Session, choice: PressChoice, user_id: int | None, command_id: str) -> int:
    """Write the run and its event in the caller's transaction; the same command again gives the same run."""
    _refuse_choice(choice)
    values = {
        "command": command_id,
        "period": choice.period,
        "company": choice.company_id,
        "houses": list(choice.house_ids) if choice.house_ids is not None else None,
        "layout": choice.layout,
        "duplex": choice.is_duplex,
        "separators": choice.has_separators,
        "percent": choice.size_percent,
        "sheets": choice.volume_sheets,
        "kind": choice.kind,
        "user": user_id,
        "routes_on": choice.routes_on,
        "routes": list(choice.route_ids) if choice.route_ids is not None else None,
    }
    made = await session.scalar(
        text("""
        INSERT INTO press_runs (command_id, period, company_id, house_ids, layout, is_duplex, has_separators,
                                size_percent, volume_sheets, created_by, routes_on, route_ids, kind)
        VALUES (:command, :period, :company, CAST(:houses AS int[]), :layout, :duplex, :separators,
                :percent, :sheets, :user, :routes_on, CAST(:routes AS int[]), :kind)
        ON CONFLICT (command_id) DO NOTHING RETURNING id"""),
        values,
    )
    if made is None:
        found = await session.scalar(
            text("SELECT id FROM press_runs WHERE command_id = :command"), {"command": command_id}
        )
        return int(found or 0)
    await outbox.add(session, START, {"press_run_id": made}, f"press-{made}")
    return int(made)


def _refuse_choice(choice: PressChoice) -> None:
    low, high = VOLUME_SHEETS
    if not low <= choice.volume_sheets <= high:
        raise PressRefused(f"Листов в томе можно от {low} до {high}, а указано {choice.volume_sheets}.")
    if choice.layout not in LAYOUTS or choice.size_percent not in SIZES:
        raise PressRefused("Такой бумаги или размера шрифта нет. Выберите из списка.")
    if choice.kind not in DOCUMENT_KINDS:
        raise PressRefused("Такого документа нет. Выберите из списка.")
    if choice.house_ids is not None and not choice.house_ids:
        raise PressRefused("Не выбран ни один дом. Выберите дома или печатайте все.")
    if choice.route_ids is not None and (not choice.route_ids or choice.routes_on is None):
        raise PressRefused("Не выбран ни один маршрут. Выберите маршруты или печатайте все.")


async def stop_press(session: Session, run_id: int) -> None:
    """Give out no more blocks; finished volumes stay."""
    stopped = await session.scalar(
        text(
            "UPDATE press_runs SET state = 'stopped' WHERE id = :id AND state IN ('planned', 'printing') "
            "RETURNING id"
        ),
        {"id": run_id},
    )
    if stopped is None:
        raise PressRefused(f"Печать {run_id} уже не идёт, останавливать нечего.")
    await _tell(session, run_id)


async def resume_press(session: Session, run_id: int) -> None:
    """Go on from where it stopped or failed; what is printed is not printed again."""
    resumed = await session.scalar(
        text("""
        UPDATE press_runs SET state = 'planned', error = NULL, finished_at = NULL
         WHERE id = :id AND state IN ('stopped', 'failed') RETURNING id"""),
        {"id": run_id},
    )
    if resumed is None:
        raise PressRefused(f"Печать {run_id} не остановлена, продолжать нечего.")
    await outbox.add(session, START, {"press_run_id": run_id}, f"press-{run_id}-{uuid4().hex}")
    await _tell(session, run_id)


async def note(session: Session, run_id: int, kind: str, words: str, user_id: int) -> None:
    """Who took, handed over or printed again what."""
    await session.execute(
        text("INSERT INTO press_notes (run_id, kind, words, user_id) VALUES (:id, :kind, :words, :user)"),
        {"id": run_id, "kind": kind, "words": words, "user": user_id},
    )


async def obey(session: Session, subject: str, payload: dict[str, Any]) -> None:
    """Do what the command says. Repeating it changes nothing."""
    run_id = payload.get("press_run_id")
    if subject != START or not isinstance(run_id, int):
        raise UnknownPressOrder(f"Неизвестное поручение {subject} {json.dumps(payload, ensure_ascii=False)}.")
    await plan_press(await raw_connection(session), run_id)
    await _tell(session, run_id)


async def _tell(session: Session, run_id: int) -> None:
    await session.execute(text("SELECT pg_notify(:channel, :id)"), {"channel": CHANNEL, "id": str(run_id)})


async def periods(session: Session) -> list[Period]:
    """Months with something published, newest first."""
    found = await session.execute(
        text(
            "SELECT DISTINCT posted_in FROM runs WHERE state = 'published' AND posted_in IS NOT NULL "
            "ORDER BY 1 DESC"
        )
    )
    return [Period.of(row.posted_in) for row in found]
