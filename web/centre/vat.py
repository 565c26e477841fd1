"""«НДС»: whose tariffs include it, from which month, by which paper; a second person signs."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing import vat as rule
from billing.services import CATALOGUE
from storage import choices, formula_pages, second_person, vat
from storage.second_person import ValueRefused
from storage.session import Session
from storage.vat import NewTerm, TermRow
from web.centre.value_words import service_label
from web.deps import CurrentUser, Reader, Writer, now
from web.errors import Conflict, NotFound
from web.export import Column, export
from web.filters import vat_rate
from web.forms import Typed, read_form
from web.render import page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, Me, allow

router = APIRouter(prefix="/centre/vat", dependencies=[allow(*CENTRE_STAFF)])

DOCUMENT_MAX = 300
WAYS = (("yes", "тарифы включают НДС"), ("no", "НДС нет: освобождение или особый режим"))
DONE = {
    "proposed": "Внесено и ждёт второго сотрудника. Пока он не утвердит, НДС не выделяется.",
    "approved": "Утверждено: НДС выделяется с этого месяца.",
    "declined": "Отклонено, ничего не изменилось.",
}
STATES = {"waiting": "ждёт утверждения", "approved": "утверждено", "declined": "отклонено"}
COLUMNS = (
    Column("Организация", width=36),
    Column("Услуга", width=36),
    Column("НДС", width=40),
    Column("Действует с", "date"),
    Column("Документ", width=44),
    Column("Дата документа", "date"),
    Column("Состояние", width=18),
    Column("Внёс", width=26),
    Column("Решил", width=26),
)


@dataclass(frozen=True, slots=True)
class VatView:
    """The page: terms, those that wait, the rate of the open month, the form."""

    period: dt.date
    rate: str
    terms: list[TermRow]
    waiting: list[tuple[TermRow, str]]
    owners: list[tuple[str, str]]
    services: list[tuple[str, str]]
    form: Typed
    may_write: bool
    done: str

    @property
    def ways(self) -> tuple[tuple[str, str], ...]:
        return WAYS


def words(row: TermRow) -> str:
    """What a term says."""
    return dict(WAYS)["yes" if row.is_included else "no"]


async def _view(session: Session, me: Me, form: Typed, done: str = "") -> VatView:
    period = me.open_period or now().date().replace(day=1)
    form.values.setdefault("valid_from", f"{period:%Y-%m}")
    every = await vat.rows(session)
    owners, own_services = (
        await choices.value_owners(session),
        await formula_pages.own_services(session, None),
    )
    return VatView(
        period=period,
        rate=vat_rate(rule.rate_on(period)),
        terms=[one for one in every if one.state == "approved"],
        waiting=[
            (one, second_person.why_not(one.proposed_by, me.user_id))
            for one in every
            if one.state == "waiting"
        ],
        owners=[("", "Выберите"), *((str(one.id), one.name) for one in owners)],
        services=[("", "все, у которых нет своего условия")]
        + [(str(code), service_label(code)) for code in CATALOGUE]
        + [(str(one.code), f"{one.label} ({one.owner or 'город'})") for one in own_services],
        form=form,
        may_write=me.may(*ACCRUERS),
        done=done,
    )


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader, done: str = "") -> Response:
    """The page."""
    return page(request, "centre/vat.html", await _view(session, me, Typed(), DONE.get(done, "")))


@router.get(".{form}")
async def file(session: Reader, form: str) -> Response:
    """Every term as CSV or XLSX."""
    cells = [
        (
            one.organisation_name,
            one.service_name or "остальные услуги",
            words(one),
            one.valid_from,
            one.document,
            one.document_date,
            STATES[one.state],
            one.proposed_by_name,
            one.decided_by_name or "",
        )
        for one in await vat.rows(session)
    ]
    return export(form, "НДС", "Чьи тарифы включают НДС", COLUMNS, cells)


def _read(form: Typed, view: VatView) -> NewTerm | None:
    owner = form.choice("owner", tuple(key for key, _ in view.owners if key), "Выберите организацию.")
    service = form.value("service")
    if service not in {key for key, _ in view.services}:
        form.refuse("service", "Такой услуги нет. Выберите из списка.")
    way = form.choice("way", tuple(key for key, _ in WAYS), "Выберите, есть ли в тарифе НДС.")
    month = form.period("valid_from")
    document = form.text("document", "Укажите документ: уведомление, договор, номер.", DOCUMENT_MAX)
    document_date = form.date("document_date", "Укажите дату документа: 16.12.2025.")
    if not form.is_good or month is None or document_date is None:
        return None
    code = int(service) if service else None
    return NewTerm(int(owner), code, way == "yes", month.first_day, document, document_date)


@router.post("", dependencies=[allow(*ACCRUERS)])
async def propose(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Keep a term until another person agrees."""
    form = await read_form(request)
    view = await _view(session, me, form)
    new = _read(form, view)
    if new is not None:
        try:
            await vat.propose(session, new, me.user_id)
            return see_other(request, "/centre/vat?done=proposed")
        except ValueRefused as refusal:
            form.refuse("valid_from", refusal.message)
    return page(request, "centre/vat.html", view, status=422, retitle=True)


@router.post("/{term_id}/{act}", dependencies=[allow(*ACCRUERS)])
async def decide(request: Request, term_id: int, act: str, me: CurrentUser, session: Writer) -> Response:
    """Approve (another person) or decline."""
    if act not in ("approve", "decline"):
        raise NotFound
    try:
        await vat.decide(session, term_id, act == "approve", me.user_id, now())
    except ValueRefused as refusal:
        raise Conflict("Решение не записано.", refusal.message) from refusal
    return see_other(request, f"/centre/vat?done={'approved' if act == 'approve' else 'declined'}")
