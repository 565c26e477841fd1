"""Dated terms that another person agrees: what «НДС» and «Получатели в квитанциях» are made of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from fastapi import Request, Response

from storage import second_person
from storage.second_person import ValueRefused
from web.deps import now
from web.errors import Conflict, NotFound
from web.export import Cell, Column
from web.forms import Typed
from web.render import see_other
from web.roles import ACCRUERS, Me

DOCUMENT_MAX = 300
STATES = {"waiting": "ждёт утверждения", "approved": "утверждено", "declined": "отклонено"}


class Term(Protocol):
    """A row of such terms, with who gave and who signed it."""

    @property
    def valid_from(self) -> dt.date: ...
    @property
    def document(self) -> str: ...
    @property
    def document_date(self) -> dt.date: ...
    @property
    def state(self) -> str: ...
    @property
    def proposed_by(self) -> int: ...
    @property
    def proposed_by_name(self) -> str: ...
    @property
    def decided_by_name(self) -> str | None: ...


T = TypeVar("T", bound=Term)


@dataclass(frozen=True, slots=True)
class Kind:
    """What a page says in its own words: papers a term rests on, and what a step with a term has led to."""

    path: str
    papers: str
    done: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Terms(Generic[T]):
    """The terms of a page: in force, waiting (with why this person may not approve), and the form."""

    kind: Kind
    in_force: list[T]
    waiting: list[tuple[T, str]]
    form: Typed
    may_write: bool
    done: str


@dataclass(frozen=True, slots=True)
class Paper:
    """Since when a term holds and by which paper."""

    valid_from: dt.date
    document: str
    document_date: dt.date


def terms_of(kind: Kind, rows: Sequence[T], me: Me, form: Typed, done: str) -> Terms[T]:
    """Rows as the page shows them; the form starts at the open month."""
    period = open_month(me)
    form.values.setdefault("valid_from", f"{period:%Y-%m}")
    return Terms(
        kind,
        [one for one in rows if one.state == "approved"],
        [(one, second_person.why_not(one.proposed_by, me.user_id)) for one in rows if one.state == "waiting"],
        form,
        me.may(*ACCRUERS),
        kind.done.get(done, ""),
    )


def open_month(me: Me) -> dt.date:
    """The open month, or the present one before any is open."""
    return me.open_period or now().date().replace(day=1)


def columns(*own: Column) -> tuple[Column, ...]:
    """Columns of the file: those that say what the term is about, then the common ones."""
    return (
        *own,
        Column("Действует с", "date"),
        Column("Документ", width=44),
        Column("Дата документа", "date"),
        Column("Состояние", width=18),
        Column("Внёс", width=26),
        Column("Решил", width=26),
    )


def cells(row: Term, *own: str) -> tuple[Cell, ...]:
    """A line of the file, in the order of columns()."""
    return (
        *own,
        row.valid_from,
        row.document,
        row.document_date,
        STATES[row.state],
        row.proposed_by_name,
        row.decided_by_name or "",
    )


def read_paper(kind: Kind, form: Typed) -> Paper | None:
    """Month and paper of the form; None with errors beside the fields, those of other fields too."""
    month = form.period("valid_from")
    document = form.text("document", f"Укажите документ: {kind.papers}.", DOCUMENT_MAX)
    document_date = form.date("document_date", "Укажите дату документа: 16.12.2025.")
    if not form.is_good or month is None or document_date is None:
        return None
    return Paper(month.first_day, document, document_date)


async def is_kept(form: Typed, proposing: Awaitable[None]) -> bool:
    """Whether a new term was kept; a refusal stands beside the month."""
    try:
        await proposing
    except ValueRefused as refusal:
        form.refuse("valid_from", refusal.message)
        return False
    return True


async def decide(
    request: Request, kind: Kind, act: str, deciding: Callable[[bool], Awaitable[None]]
) -> Response:
    """Approve (another person) or decline, then back to the page."""
    if act not in ("approve", "decline"):
        raise NotFound
    try:
        await deciding(act == "approve")
    except ValueRefused as refusal:
        raise Conflict("Решение не записано.", refusal.message) from refusal
    return see_other(request, f"{kind.path}?done={'approved' if act == 'approve' else 'declined'}")
