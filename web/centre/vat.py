"""«НДС»: whose tariffs include it, from which month, by which paper; a second person signs."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing import vat as rule
from billing.services import CATALOGUE
from storage import choices, formula_pages, vat
from storage.session import Session
from storage.vat import NewTerm, TermRow
from web.centre import dated_terms
from web.centre.dated_terms import Kind, Terms
from web.centre.value_words import service_label
from web.deps import CurrentUser, Reader, Writer, now
from web.export import Column, export
from web.filters import vat_rate
from web.forms import Typed, read_form
from web.render import page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, Me, allow

router = APIRouter(prefix="/centre/vat", dependencies=[allow(*CENTRE_STAFF)])

WAYS = (("yes", "тарифы включают НДС"), ("no", "НДС нет: освобождение или особый режим"))
KIND = Kind(
    "/centre/vat",
    "уведомление, договор, номер",
    {
        "proposed": "Внесено и ждёт второго сотрудника. Пока он не утвердит, НДС не выделяется.",
        "approved": "Утверждено: НДС выделяется с этого месяца.",
        "declined": "Отклонено, ничего не изменилось.",
    },
)
COLUMNS = dated_terms.columns(
    Column("Организация", width=36), Column("Услуга", width=36), Column("НДС", width=40)
)


@dataclass(frozen=True, slots=True)
class VatView:
    """The page: terms with their form, the rate of the open month."""

    terms: Terms[TermRow]
    period: dt.date
    rate: str
    owners: list[tuple[str, str]]
    services: list[tuple[str, str]]
    ways: tuple[tuple[str, str], ...] = WAYS


def words(row: TermRow) -> str:
    """What a term says."""
    return dict(WAYS)["yes" if row.is_included else "no"]


async def _view(session: Session, me: Me, form: Typed, done: str = "") -> VatView:
    period = dated_terms.open_month(me)
    terms = dated_terms.terms_of(KIND, await vat.rows(session), me, form, done)
    owners = await choices.value_owners(session)
    own_services = await formula_pages.own_services(session, None)
    return VatView(
        terms=terms,
        period=period,
        rate=vat_rate(rule.rate_on(period)),
        owners=[("", "Выберите"), *((str(one.id), one.name) for one in owners)],
        services=[("", "все, у которых нет своего условия")]
        + [(str(code), service_label(code)) for code in CATALOGUE]
        + [(str(one.code), f"{one.label} ({one.owner or 'город'})") for one in own_services],
    )


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader, done: str = "") -> Response:
    """The page."""
    return page(request, "centre/vat.html", await _view(session, me, Typed(), done))


@router.get(".{form}")
async def file(session: Reader, form: str) -> Response:
    """Every term as CSV or XLSX."""
    lines = [
        dated_terms.cells(one, one.organisation_name, one.service_name or "остальные услуги", words(one))
        for one in await vat.rows(session)
    ]
    return export(form, "НДС", "Чьи тарифы включают НДС", COLUMNS, lines)


def _read(form: Typed, view: VatView) -> NewTerm | None:
    owner = form.choice("owner", tuple(key for key, _ in view.owners if key), "Выберите организацию.")
    service = form.value("service")
    if service not in {key for key, _ in view.services}:
        form.refuse("service", "Такой услуги нет. Выберите из списка.")
    way = form.choice("way", tuple(key for key, _ in WAYS), "Выберите, есть ли в тарифе НДС.")
    paper = dated_terms.read_paper(KIND, form)
    if paper is None:
        return None
    code = int(service) if service else None
    return NewTerm(int(owner), code, way == "yes", paper.valid_from, paper.document, paper.document_date)


@router.post("", dependencies=[allow(*ACCRUERS)])
async def propose(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Keep a term until another person agrees."""
    form = await read_form(request)
    view = await _view(session, me, form)
    new = _read(form, view)
    if new is not None and await dated_terms.is_kept(form, vat.propose(session, new, me.user_id)):
        return see_other(request, "/centre/vat?done=proposed")
    return page(request, "centre/vat.html", view, status=422)


@router.post("/{term_id}/{act}", dependencies=[allow(*ACCRUERS)])
async def decide(request: Request, term_id: int, act: str, me: CurrentUser, session: Writer) -> Response:
    """Approve (another person) or decline."""
    return await dated_terms.decide(
        request, KIND, act, lambda is_approved: vat.decide(session, term_id, is_approved, me.user_id, now())
    )
