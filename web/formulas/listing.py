"""«Формулы»: services of organisations, what bills them and since when, what waits for a second person."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import groupby

from fastapi import APIRouter, Request, Response

from storage import formula_pages, formula_proposals, second_person
from storage.formula_pages import FormulaLine
from storage.second_person import ValueRefused
from web.deps import CurrentUser, Reader, Writer, now
from web.errors import Conflict, NotFound
from web.export import Column, export
from web.render import page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, Me, Role, allow

router = APIRouter(dependencies=[allow(*CENTRE_STAFF, Role.COMPANY)])
WRITERS = (*ACCRUERS, Role.COMPANY)

DONE = {
    "proposed": "Формула внесена и ждёт второго сотрудника. Пока он не утвердит, прогоны её не видят.",
    "approved": "Формула утверждена: следующий прогон посчитает по ней.",
    "declined": "Формула отклонена, прогоны её не увидят.",
}
STATES = {"waiting": "ждёт утверждения", "approved": "утверждена", "declined": "отклонена"}
COLUMNS = (
    Column("Услуга", width=30),
    Column("Единица", width=10),
    Column("Чья", width=26),
    Column("Домов", "integer"),
    Column("Формула", width=60),
    Column("Действует с", "date"),
    Column("По", "date"),
    Column("Состояние", width=18),
    Column("Документ", width=50),
)


@dataclass(frozen=True, slots=True)
class FormulaView:
    """A version in words; why_not explains a button this person may not press."""

    row: FormulaLine
    whom: str
    last_day: dt.date | None
    is_past: bool
    may_decide: bool
    why_not: str


@dataclass(frozen=True, slots=True)
class ServiceView:
    """A service with its versions, those in force first."""

    label: str
    unit: str
    versions: list[FormulaView]


@dataclass(frozen=True, slots=True)
class FormulasView:
    """The list; q is what was searched for."""

    q: str
    services: list[ServiceView]
    waiting: list[FormulaView]
    may_write: bool
    done: str
    count: int


@router.get("/formulas")
async def show(request: Request, me: CurrentUser, session: Reader, q: str = "", done: str = "") -> Response:
    """The page; `q` narrows it."""
    words = q.strip()[:100]
    rows = [_seen(row, me) for row in await formula_pages.formula_lines(session, own_of(me), words)]
    kept = [one for one in rows if one.row.state == "approved"]
    view = FormulasView(
        q=words,
        services=[
            ServiceView(label, unit, list(members))
            for (label, unit), members in groupby(kept, key=lambda one: (one.row.label, one.row.unit))
        ],
        waiting=[one for one in rows if one.row.state == "waiting"],
        may_write=me.may(*WRITERS),
        done=DONE.get(done, ""),
        count=len(kept),
    )
    return page(request, "formulas/listing.html", view, block="list")


@router.get("/formulas.{form}")
async def file(me: CurrentUser, session: Reader, form: str, q: str = "") -> Response:
    """All versions the person sees as CSV or XLSX."""
    rows = [_seen(row, me) for row in await formula_pages.formula_lines(session, own_of(me), q.strip()[:100])]
    cells = [
        (
            one.row.label,
            one.row.unit,
            one.whom,
            one.row.houses_count,
            one.row.text or "по способу дома",
            one.row.valid_from,
            one.last_day,
            STATES[one.row.state],
            one.row.document,
        )
        for one in rows
    ]
    return export(form, "Формулы", "Формулы услуг", COLUMNS, cells)


def own_of(me: Me) -> int | None:
    """Whose formulas a person works with: a company's own; None is the centre, which sees all."""
    return me.organisation_id if me.role is Role.COMPANY else None


def _seen(row: FormulaLine, me: Me) -> FormulaView:
    mine = row.owner_id == me.organisation_id if me.role is Role.COMPANY else me.may(*ACCRUERS)
    opened = me.open_period or row.valid_from
    last = row.valid_to - dt.timedelta(days=1) if row.valid_to else None
    return FormulaView(
        row=row,
        whom=f"{row.owner or 'город'}{', выбранные дома' if row.is_some_houses else ''}",
        last_day=last,
        is_past=last is not None and last < opened,
        may_decide=mine,
        why_not=second_person.why_not(row.proposed_by, me.user_id),
    )


@router.post("/formulas/{formula_id}/{act}", dependencies=[allow(*WRITERS)])
async def decide(request: Request, formula_id: int, act: str, me: CurrentUser, session: Writer) -> Response:
    """Approve (another person) or decline; a company decides on its own formulas only."""
    if act not in ("approve", "decline"):
        raise NotFound
    known = [row for row in await formula_pages.formula_lines(session, own_of(me)) if row.id == formula_id]
    if not known or not _seen(known[0], me).may_decide:
        raise NotFound
    try:
        if act == "approve":
            await formula_proposals.approve(session, formula_id, me.user_id, now())
        else:
            await formula_proposals.decline(session, formula_id, me.user_id, now())
    except ValueRefused as refusal:
        said = "Формула не утверждена." if act == "approve" else "Формула не отклонена."
        raise Conflict(said, refusal.message) from refusal
    return see_other(request, f"/formulas?done={'approved' if act == 'approve' else 'declined'}")
