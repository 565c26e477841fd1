"""«Звонок»: a request in under forty seconds. Phone or address → place and what is happening there → text."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.deadline import CATEGORIES, deadline, guess
from storage import dispatch_pages
from storage.dispatch_pages import Place, RequestCard
from storage.penalty_law import working_calendar
from storage.requests import NewRequest, RequestRefused, log_request
from storage.search import Found, search
from storage.session import Session
from web import clock
from web.deps import CurrentUser, Reader, Writer
from web.dispatch.words import DISPATCH_STAFF, STATES, companies_of, local
from web.errors import Conflict, NotFound
from web.forms import TEXT_MAX, Typed, blank, read_form
from web.phones import read_phone
from web.render import page, see_other
from web.roles import allow

router = APIRouter(prefix="/dispatch/call", dependencies=[allow(*DISPATCH_STAFF)])

KEY_BYTES = 16
FOUND_MAX = 8
NAME_MAX = 200


@dataclass(frozen=True, slots=True)
class CallView:
    """The form of a call: what was typed, the place chosen, places found, the term as it stands."""

    form: Typed
    place: Place | None
    found: list[Found]
    query: str
    categories: dict[str, str]
    guessed: str
    deadline_at: dt.datetime | None
    deadline_ground: str
    states: dict[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class LoggedView:
    """After logging: the number to read aloud."""

    card: RequestCard


def _categories() -> dict[str, str]:
    return {key: known.title for key, known in CATEGORIES.items()}


@router.get("")
async def show(
    request: Request,
    me: CurrentUser,
    session: Reader,
    house: int | None = None,
    account: int | None = None,
    phone: str = "",
    q: str = "",
) -> Response:
    """The form; the place may be chosen by the address of the page, so it works without JavaScript."""
    form = blank(phone=phone, key=secrets.token_urlsafe(KEY_BYTES))
    place = await _place(request, session, house, account, "")
    if place is not None and place.phone and not phone:
        form.values["phone"] = place.phone
    if place is not None and place.payer_name:
        form.values["applicant"] = place.payer_name
    found = [] if place is not None else await _found(session, q or phone)
    return page(request, "dispatch/call.html", await _view(session, form, place, found, q))


async def _view(
    session: Session, form: Typed, place: Place | None, found: list[Found], query: str
) -> CallView:
    category, is_emergency = _kind(form)
    until, ground = None, ""
    if category:
        until, ground = deadline(category, is_emergency, local(clock.now()), await working_calendar(session))
    guessed = CATEGORIES[category].title if category and not form.value("category") else ""
    return CallView(form, place, found, query, _categories(), guessed, until, ground, STATES)


def _kind(form: Typed) -> tuple[str, bool]:
    """What is chosen, else what the text is about; nothing before a text is there."""
    category, is_emergency = form.value("category"), form.value("emergency") == "1"
    if category in CATEGORIES:
        return category, is_emergency
    return (guess(form.value("text"))[0], is_emergency) if form.value("text") else ("", is_emergency)


async def _place(
    request: Request, session: Session, house: int | None, account: int | None, flat: str
) -> Place | None:
    if house is None and account is None:
        return None
    return await dispatch_pages.place(
        session,
        house_id=house,
        account_id=account,
        flat=flat,
        companies=companies_of(request),
        now=clock.now(),
    )


async def _found(session: Session, query: str) -> list[Found]:
    if len(query.strip()) < 3:
        return []
    found = await search(session, query)
    return [one for one in found if one.kind in ("account", "house")][:FOUND_MAX]


@router.get("/places")
async def places(
    request: Request, me: CurrentUser, session: Reader, q: str = "", phone: str = ""
) -> Response:
    """Addresses of what is being typed: three letters of a street, or a phone."""
    view = await _view(session, blank(phone=phone), None, await _found(session, q or phone), q or phone)
    return page(request, "dispatch/call.html", view, "found")


@router.get("/here")
async def here(
    request: Request,
    me: CurrentUser,
    session: Reader,
    house: int | None = None,
    account: int | None = None,
) -> Response:
    """The chosen place with outages and last requests, put into the form."""
    place = await _place(request, session, house, account, "")
    if place is None:
        raise NotFound("Такого адреса нет.", "Найдите дом по улице и номеру.")
    return page(request, "dispatch/call.html", await _view(session, blank(), place, [], ""), "here")


@router.get("/term")
async def term(
    request: Request,
    me: CurrentUser,
    session: Reader,
    category: str = "",
    emergency: str = "",
    text: str = "",
) -> Response:
    """The deadline of what is chosen or guessed from the text, with its ground."""
    form = blank(category=category, emergency=emergency or None, text=text[:TEXT_MAX])
    return page(request, "dispatch/call.html", await _view(session, form, None, [], ""), "term")


@router.post("")
async def log(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Log the request; 422 with everything typed when something is missing."""
    form = await read_form(request)
    house, account = _id(form, "house_id"), _id(form, "account_id")
    flat = form.value("flat")
    place = await _place(request, session, house, account, flat)
    said = form.text("text", "Напишите, что случилось: одной фразы достаточно.")
    category, is_emergency = _kind(form)
    _judge_place(form, place, flat)
    phone = read_phone(form, "phone")
    if len(form.value("applicant")) > NAME_MAX:
        form.refuse("applicant", f"Слишком длинно: помещается {NAME_MAX} знаков.")
    if not form.value("phone") and not form.value("applicant"):
        form.refuse("phone", "Запишите телефон или кто звонит: иначе о работах не сообщить.")
    if not form.is_good or place is None:
        return page(request, "dispatch/call.html", await _view(session, form, place, [], ""), status=422)
    new = NewRequest(
        house_id=place.house_id,
        flat_id=place.flat_id,
        account_id=place.account_id,
        category=category,
        text=said,
        is_emergency=is_emergency,
        phone=phone,
        applicant=form.value("applicant"),
        source="call",
        key=form.value("key")[:100] or secrets.token_urlsafe(KEY_BYTES),
        user_id=me.user_id,
    )
    try:
        logged = await log_request(session, new, local(clock.now()))
    except RequestRefused as refused:
        if refused.code == "key_reused":
            raise Conflict("Заявка уже принята.", refused.message) from refused
        form.refuse(refused.field, refused.message)
        return page(request, "dispatch/call.html", await _view(session, form, place, [], ""), status=422)
    return see_other(request, f"/dispatch/call/logged/{logged.id}")


def _id(form: Typed, name: str) -> int | None:
    value = form.value(name)
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


def _judge_place(form: Typed, place: Place | None, flat: str) -> None:
    if place is None:
        form.refuse("place", "Выберите дом: начните вводить улицу и номер.")
    elif not place.is_ours:
        phone = place.company_phone or "телефон неизвестен"
        form.refuse("place", f"Дом не наш: его обслуживает {place.company_name}, {phone}.")
    elif flat and place.flat_id is None:
        form.refuse("flat", f"Квартиры {flat} в этом доме нет. Проверьте номер или оставьте поле пустым.")


@router.get("/logged/{request_id}")
async def logged(request: Request, request_id: int, me: CurrentUser, session: Reader) -> Response:
    """The number in large figures, and the next call one key away."""
    card = await dispatch_pages.card(session, request_id)
    if card is None:
        raise NotFound("Такой заявки нет.", "Проверьте номер или найдите её в журнале.")
    return page(request, "dispatch/logged.html", LoggedView(card))
