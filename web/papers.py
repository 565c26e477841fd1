"""Handing out papers at the desk and in the cabinet: the form is read, the file is drawn and kept."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Collection
from uuid import uuid4

from fastapi import Response

from billing.paper import PaperMismatchError
from receipts.papers import (
    COURT,
    DEBT,
    FAMILY,
    NOTICE,
    PENALTIES,
    RECONCILIATION,
    RELIEF,
    STATEMENT,
    TITLES,
    render,
)
from storage import papers
from storage.papers import MONTHS_MAX, PDF, NewPaper
from storage.session import Session
from web import clock
from web.errors import Conflict, NotFound
from web.forms import Typed
from web.roles import Me

STAFF_KINDS = (DEBT, STATEMENT, RECONCILIATION, NOTICE, PENALTIES, RELIEF, FAMILY, COURT)
RESIDENT_KINDS = (DEBT, STATEMENT, PENALTIES, RELIEF)
"""What a person may take from the cabinet; the rest is signed by hand."""
PURPOSE_MAX = 120
MONTHS_PROPOSED = 11


def kinds_of(kinds: Collection[str]) -> list[tuple[str, str]]:
    """Kinds with their titles, in the order given."""
    return [(kind, TITLES[kind]) for kind in kinds]


def blank_form(open_period: dt.date) -> Typed:
    """A year through the open month."""
    first = _back(open_period, MONTHS_PROPOSED)
    return Typed(
        values={
            "kind": DEBT,
            "first": f"{first:%Y-%m}",
            "last": f"{open_period:%Y-%m}",
            "command": uuid4().hex,
        }
    )


def _back(month: dt.date, count: int) -> dt.date:
    ordinal = month.year * 12 + month.month - 1 - count
    return dt.date(ordinal // 12, ordinal % 12 + 1, 1)


async def hand_out(
    session: Session, me: Me, account_id: int, form: Typed, kinds: Collection[str]
) -> int | None:
    """Draw and keep the paper the form asks for; its id. None with errors in the form.

    Raises NotFound for an account unseen, Conflict when its sums disagree: then nothing is kept.
    """
    kind = form.value("kind")
    if kind not in kinds:
        form.refuse("kind", "Выберите вид документа.")
    first, last = form.period("first"), form.period("last")
    if first is not None and last is not None and first > last:
        form.refuse("first", "Первый месяц позже последнего. Поменяйте их местами.")
    if first is not None and last is not None and last.ordinal - first.ordinal >= MONTHS_MAX:
        form.refuse("first", f"Не больше {MONTHS_MAX} месяцев в одном документе.")
    purpose = form.value("purpose")
    if len(purpose) > PURPOSE_MAX:
        form.refuse("purpose", f"Слишком длинно: помещается {PURPOSE_MAX} знаков.")
    command = form.value("command")
    if not command:
        form.refuse("", "Форма устарела. Откройте страницу ещё раз.")
    if not form.is_good or first is None or last is None or me.open_period is None:
        return None
    repeated = await papers.known(session, command)
    if repeated is not None:
        return repeated
    today = clock.today()
    found = await papers.dossier(
        session, account_id, me.open_period, today, first.first_day, last.first_day, kind == RELIEF
    )
    if found is None:
        raise NotFound("Счёт не найден.", "Откройте квартиру через поиск.")
    number = await papers.next_number(session, today)
    try:
        content = await asyncio.to_thread(render, kind, found, number, purpose)
    except PaperMismatchError as error:
        raise Conflict("Документ не выдан.", str(error)) from error
    new = NewPaper(
        command, kind, number, account_id, first.first_day, last.first_day, purpose, content, me.user_id
    )
    return await papers.keep(session, new)


def as_file(found: tuple[str, bytes] | None) -> Response:
    """A kept paper as an answer. Raises NotFound."""
    if found is None:
        raise NotFound("Такого документа нет.", "Откройте список документов счёта.")
    name, content = found
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    return Response(content, media_type=PDF, headers=headers)
