"""A new tariff or norm: a value, its day, its paper; another person puts it in force."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.period import Period
from billing.services import BOILED, CATALOGUE
from storage import choices, formula_pages, value_proposals
from storage.formula_pages import OwnService
from storage.formula_proposals import FIRST_OWN
from storage.second_person import ValueRefused
from storage.session import Session
from storage.value_proposals import FUEL_KINDS, Effect, NewValue
from web.centre.value_words import CONSUMERS, NORM_KINDS, components_of, service_label, worded
from web.deps import CurrentUser, Reader, Writer, now
from web.errors import Conflict, NotFound
from web.forms import Typed, read_form
from web.render import page, see_other
from web.roles import ACCRUERS, allow

router = APIRouter(prefix="/centre/values", dependencies=[allow(*ACCRUERS)])

RATE_DIGITS = 4
NORM_DIGITS = 6
DOCUMENT_MAX = 300
ZONE_MAX = 1000


@dataclass(frozen=True, slots=True)
class NewValueView:
    """The form of a value; what it is depends on the service and family chosen above it."""

    form: Typed
    service: int
    family: str
    services: list[tuple[int, str]]
    parts: list[tuple[int, str]]
    kinds: list[tuple[str, str]]
    unit: str
    owners: list[tuple[str, str]]
    houses: list[tuple[str, str]]
    effect: Effect | None
    is_past: bool

    @property
    def is_norm(self) -> bool:
        """A norm, not a tariff."""
        return self.family == "norm"


@router.get("/new")
async def show(request: Request, me: CurrentUser, session: Reader) -> Response:
    """The form; service and family are in the address."""
    typed = Typed({name: value[:200] for name, value in request.query_params.items()})
    return page(request, "centre/value_new.html", await _view(session, typed, me.open_period), block="form")


async def _view(
    session: Session, form: Typed, period: dt.date | None, effect: Effect | None = None
) -> NewValueView:
    chosen = form.value("service")
    own = {one.code: one for one in await formula_pages.own_services(session, None)}
    service = next((code for code in (*CATALOGUE, *own) if str(code) == chosen), next(iter(CATALOGUE)))
    name = (own[service].label, own[service].unit) if service in own else (None, None)
    family = "norm" if form.value("family") == "norm" else "tariff"
    parts = [
        (part, worded("tariff", service, part, "population", 0, name)[0].rpartition(",")[0])
        for part in components_of(service)
    ]
    first = form.value("valid_from")
    of = form.value("kind") or next(iter(NORM_KINDS)) if family == "norm" else "population"
    return NewValueView(
        form=form,
        service=service,
        family=family,
        services=[(code, service_label(code)) for code in CATALOGUE] + [_own(one) for one in own.values()],
        parts=parts,
        kinds=_kinds(service) if family == "norm" else list(CONSUMERS.items()),
        unit=worded(family, service, _part(form, service), of, 0, name)[2],
        owners=[("", "Город")] + [(str(one.id), one.name) for one in await choices.value_owners(session)],
        houses=await _houses(session, service),
        effect=effect,
        is_past=bool(period and first and first < period.isoformat()),
    )


def _own(one: OwnService) -> tuple[int, str]:
    """A service of the city or an organisation, which bills it by its formula."""
    return one.code, f"{one.label} ({one.owner})" if one.owner else one.label


def _kinds(service: int) -> list[tuple[str, str]]:
    """Kinds of norms; fuel only where a boiler may burn it."""
    return [
        (kind, words) for kind, words in NORM_KINDS.items() if service in BOILED or kind not in FUEL_KINDS
    ]


async def _houses(session: Session, service: int) -> list[tuple[str, str]]:
    """Houses with a boiler of their own, whose fuel and prices are theirs alone."""
    if service not in BOILED:
        return []
    found = await value_proposals.boiler_houses(session, service)
    return [("", "Все дома"), *((str(one.id), one.address) for one in found)]


def _part(form: Typed, service: int) -> int:
    chosen = form.value("component")
    parts = components_of(service)
    return next((part for part in parts if str(part) == chosen), parts[0])


def _read(form: Typed) -> NewValue | None:
    """The value of the form; None with errors beside the fields."""
    family = form.choice("family", ("tariff", "norm"), "Выберите, тариф это или норматив.")
    service = form.integer("service", "Выберите услугу.")
    if service is not None and service not in CATALOGUE and service < FIRST_OWN:
        form.refuse("", "Такой услуги нет. Выберите из списка.")
    if service is not None and service >= FIRST_OWN and family == "norm":
        form.refuse("", "Норматив бывает у услуг закона. Своей услуге числа задаёт её формула.")
    digits, example = (NORM_DIGITS, "7,16") if family == "norm" else (RATE_DIGITS, "51,2345")
    value = form.scaled("value", digits, f"Введите значение числом, например {example}.")
    first = form.date("valid_from", "Укажите, с какого дня действует: 01.07.2026.")
    document = form.text("document", "Укажите основание: документ, номер и дату.", DOCUMENT_MAX)
    document_date = form.date("document_date", "Укажите дату документа: 16.12.2025.")
    house = form.integer("house", "Выберите дом.") if form.value("house") else None
    kind = form.choice("kind", NORM_KINDS if family == "norm" else CONSUMERS, "Выберите из списка.")
    zone = form.integer("zone", "Введите номер зоны или оставьте пусто.") if form.value("zone") else None
    owner = form.integer("owner", "Выберите организацию.") if form.value("owner") else None
    if zone is not None and not 1 <= zone <= ZONE_MAX:
        form.refuse("zone", "Введите номер зоны или оставьте пусто: тогда значение для всех зон.")
    early = first is not None and document_date is not None and document_date > first
    if early and family == "norm" and kind not in FUEL_KINDS:
        form.refuse("document_date", "Документ позже дня, с которого действует норматив. Проверьте обе даты.")
    last = None
    if kind in FUEL_KINDS:
        if house is None:
            form.refuse("house", "Топливо вносят по дому: выберите дом с котельной.")
        if first is not None and first.day != 1:
            form.refuse("valid_from", "Топливо вносят за месяц: укажите первое число месяца.")
        last = None if first is None else Period.of(first).shift(1).first_day
    if not form.is_good or service is None or value is None or first is None or document_date is None:
        return None
    return NewValue(
        family=family,
        service=service,
        component=_part(form, service) if family == "tariff" else 0,
        kind=kind,
        organisation_id=owner,
        zone_id=zone,
        value=value,
        valid_from=first,
        document=document,
        document_date=document_date,
        valid_to=last,
        house_id=house,
    )


@router.post("/effect")
async def show_effect(request: Request, me: CurrentUser, session: Reader) -> Response:
    """What the value would reach, before it is sent."""
    form = await read_form(request)
    new = _read(form)
    reach = None
    if new is not None and me.open_period is not None:
        reach = await value_proposals.effect(session, new, me.open_period)
    form.errors.clear()
    return page(request, "centre/value_new.html", await _view(session, form, me.open_period, reach), "effect")


@router.post("")
async def propose(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Keep the value until another person agrees."""
    form = await read_form(request)
    new = _read(form)
    if new is not None and not await _is_owner(session, new.organisation_id):
        form.refuse("owner", "Такой организации нет. Выберите из списка.")
    elif new is not None and not await _is_service(session, new.service):
        form.refuse("", "Такой услуги нет. Выберите из списка.")
    elif new is not None:
        try:
            await value_proposals.propose(session, new, me.user_id)
            return see_other(request, f"/centre/values?service={new.service}&done=proposed")
        except ValueRefused as refusal:
            form.refuse("valid_from", refusal.message)
    view = await _view(session, form, me.open_period)
    return page(request, "centre/value_new.html", view, block="form", status=422, retitle=True)


async def _is_owner(session: Session, organisation_id: int | None) -> bool:
    """Whether a value may belong to this organisation; None is the city's own."""
    owners = await choices.value_owners(session)
    return organisation_id is None or any(one.id == organisation_id for one in owners)


async def _is_service(session: Session, service: int) -> bool:
    """Whether the service is one of the law or of somebody."""
    own = () if service in CATALOGUE else await formula_pages.own_services(session, None)
    return service in CATALOGUE or any(one.code == service for one in own)


@router.post("/{proposal_id}/{act}")
async def decide(request: Request, proposal_id: int, act: str, me: CurrentUser, session: Writer) -> Response:
    """Approve (another person) or decline."""
    if act not in ("approve", "decline"):
        raise NotFound
    try:
        if act == "approve":
            await value_proposals.approve(session, proposal_id, me.user_id, now())
        else:
            await value_proposals.decline(session, proposal_id, me.user_id, now())
    except ValueRefused as refusal:
        raise Conflict(
            "Значение не утверждено." if act == "approve" else "Значение не отклонено.", refusal.message
        ) from refusal
    return see_other(request, f"/centre/values?done={'approved' if act == 'approve' else 'declined'}")
