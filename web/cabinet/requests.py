"""«Заявки»: tell about a problem, get a number and a deadline at once, see what was answered."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.deadline import guess
from storage import cabinet_pages, dispatch_pages
from storage.cabinet_pages import Around
from storage.dispatch_pages import RequestCard, RequestFilter, RequestRow
from storage.requests import NewRequest, RequestRefused, log_request
from web import clock
from web.cabinet.frame import Frame, frame
from web.deps import CurrentUser, Reader, Writer
from web.errors import Conflict, NotFound
from web.filters import MOSCOW
from web.forms import Typed, blank, read_form
from web.phones import read_phone
from web.render import page, see_other
from web.roles import Role, allow

router = APIRouter(prefix="/my/requests", dependencies=[allow(Role.RESIDENT)])

KEY_BYTES = 16
SHOWN_MAX = 50
TEXT_MAX = 1_000
PLACES = {"flat": "В квартире", "common": "В подъезде, на крыше, в подвале", "yard": "Во дворе"}
STATES: dict[str, tuple[str, str]] = {
    "open": ("принята", "brand"),
    "in_work": ("в работе", "warn"),
    "postponed": ("отложена", ""),
    "done": ("выполнена", "good"),
    "closed": ("закрыта", ""),
    "cancelled": ("отменена", ""),
}


@dataclass(frozen=True, slots=True)
class ListView:
    """Requests of the account."""

    frame: Frame
    rows: list[RequestRow]
    states: dict[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class NewView:
    """The form of a new request with what is known already."""

    frame: Frame
    form: Typed
    around: Around
    places: dict[str, str]


@dataclass(frozen=True, slots=True)
class CardView:
    """One request: its timeline in human words."""

    frame: Frame
    card: RequestCard
    state: tuple[str, str]
    is_new: bool


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader, account: int | None = None) -> Response:
    """The list, newest first."""
    held = await frame(session, me, account)
    found = await dispatch_pages.requests(session, RequestFilter(account_id=held.account.id), limit=SHOWN_MAX)
    return page(request, "cabinet/requests.html", ListView(held, found.rows, STATES))


@router.get("/new")
async def new(
    request: Request, me: CurrentUser, session: Reader, account: int | None = None, about: str = ""
) -> Response:
    """The form; ?about= begins the text with the line of a bill the question is about."""
    held = await frame(session, me, account)
    form = blank(key=secrets.token_urlsafe(KEY_BYTES), text=about[:TEXT_MAX], place="flat")
    return page(request, "cabinet/request_new.html", await _new(session, held, form))


async def _new(session: Reader, held: Frame, form: Typed) -> NewView:
    around = await cabinet_pages.around(
        session,
        house_id=held.account.house_id,
        account_id=held.account.id,
        company_id=held.account.company_id,
        period=held.open_period,
        now=clock.now(),
    )
    return NewView(held, form, around, PLACES)


@router.post("/new")
async def send(request: Request, me: CurrentUser, session: Writer, account: int | None = None) -> Response:
    """Log the request; the text says what it is about, so nothing has to be chosen from a list."""
    form = await read_form(request)
    held = await frame(session, me, account)
    said = form.text("text", "Напишите, что случилось: одной фразы достаточно.", TEXT_MAX)
    place = form.choice("place", PLACES, "Выберите, где это случилось.")
    phone = read_phone(form, "phone")
    if not form.is_good:
        return page(request, "cabinet/request_new.html", await _new(session, held, form), status=422)
    category, is_emergency = guess(said)
    logged = NewRequest(
        house_id=held.account.house_id,
        flat_id=held.account.flat_id if place == "flat" else None,
        account_id=held.account.id,
        category=category,
        text=said if place == "flat" else f"{PLACES[place]}: {said}",
        is_emergency=is_emergency,
        phone=phone or held.account.phone or "",
        applicant=me.full_name,
        source="cabinet",
        key=form.value("key")[:100] or secrets.token_urlsafe(KEY_BYTES),
        user_id=me.user_id,
    )
    try:
        made = await log_request(session, logged, _now())
    except RequestRefused as refused:
        if refused.code == "key_reused":
            raise Conflict("Заявка уже отправлена.", refused.message) from refused
        form.refuse(refused.field, refused.message)
        return page(request, "cabinet/request_new.html", await _new(session, held, form), status=422)
    return see_other(request, held.url(f"/my/requests/{made.id}", new=1))


def _now() -> dt.datetime:
    return clock.now().astimezone(MOSCOW)


@router.get("/{request_id}")
async def card(
    request: Request,
    request_id: int,
    me: CurrentUser,
    session: Reader,
    account: int | None = None,
    new: str = "",
) -> Response:
    """One request."""
    held = await frame(session, me, account)
    found = await dispatch_pages.card(session, request_id)
    if found is None:
        raise NotFound("Такой заявки нет.", "Откройте список своих заявок.")
    view = CardView(held, found, STATES[found.row.state], bool(new))
    return page(request, "cabinet/request.html", view)
