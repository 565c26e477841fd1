"""A way of paying for common needs: proposed with minutes of a meeting, put in force by another person."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from storage import choices, common_modes
from storage.common_modes import METHODS, NewMode
from storage.common_past import SERVICES
from storage.second_person import ValueRefused
from storage.session import Session
from web.commons.house import house_view
from web.commons.listing import commons_view
from web.deps import CurrentUser, Writer, now
from web.errors import Conflict, NotFound
from web.forms import Typed, read_form
from web.render import page, see_other
from web.roles import ACCRUERS, allow

router = APIRouter(prefix="/commons", dependencies=[allow(*ACCRUERS)])

DOCUMENT_MAX = 300


def _read(form: Typed, house_id: int | None) -> NewMode | None:
    """The way of the form; None with errors beside the fields."""
    owner = None
    if house_id is None:
        owner = form.integer("organisation", "Выберите организацию.")
    service = form.integer("service", "Выберите услугу.")
    if service is not None and service not in (common_modes.ALL, *SERVICES):
        form.refuse("service", "Такой услуги нет. Выберите из списка.")
    method = form.choice("method", METHODS, "Выберите способ.")
    month = form.period("valid_from")
    document = form.text("document", "Укажите основание: протокол собрания или решение, номер.", DOCUMENT_MAX)
    day = form.date("document_date", "Укажите дату документа: 20.09.2026.")
    if not form.is_good or service is None or month is None or day is None:
        return None
    return NewMode(house_id, owner, service, method, month.first_day, document, day)


@router.post("/modes")
async def propose_organisation(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Keep a way of an organisation until another person agrees."""
    form = await read_form(request)
    new = _read(form, None)
    if new is not None and not await _is_company(session, new.organisation_id):
        form.refuse("organisation", "Такой организации нет. Выберите из списка.")
    elif new is not None and await _proposed(session, form, new, me.user_id):
        return see_other(request, "/commons?done=proposed")
    view = await commons_view(request, session, me, form)
    return page(request, "commons/list.html", view, status=422, retitle=True)


@router.post("/houses/{house_id:int}/modes")
async def propose_house(request: Request, house_id: int, me: CurrentUser, session: Writer) -> Response:
    """Keep a way of a house until another person agrees."""
    found = await common_modes.of_house(session, house_id)
    if found is None:
        raise NotFound("Такого дома нет.", "Откройте его из списка «Общее имущество».")
    form = await read_form(request)
    new = _read(form, house_id)
    if new is not None and await _proposed(session, form, new, me.user_id):
        return see_other(request, f"/commons/houses/{house_id}?done=proposed")
    view = await house_view(session, me, found, None, form)
    return page(request, "commons/house.html", view, status=422, retitle=True)


async def _proposed(session: Session, form: Typed, new: NewMode, user_id: int) -> bool:
    try:
        await common_modes.propose(session, new, user_id)
    except ValueRefused as refusal:
        form.refuse(
            {"no-service": "service", "no-method": "method"}.get(refusal.code, "valid_from"), refusal.message
        )
        return False
    return True


async def _is_company(session: Session, organisation_id: int | None) -> bool:
    return any(one.id == organisation_id for one in await choices.companies(session))


@router.post("/modes/{proposal_id:int}/{act}")
async def decide(request: Request, proposal_id: int, act: str, me: CurrentUser, session: Writer) -> Response:
    """Approve (another person) or decline; back to the house when it was of a house."""
    if act not in ("approve", "decline"):
        raise NotFound
    try:
        deed = common_modes.approve if act == "approve" else common_modes.decline
        new = await deed(session, proposal_id, me.user_id, now())
    except ValueRefused as refusal:
        said = "Способ не утверждён." if act == "approve" else "Способ не отклонён."
        raise Conflict(said, refusal.message) from refusal
    done = "approved" if act == "approve" else "declined"
    back = "/commons" if new.house_id is None else f"/commons/houses/{new.house_id}"
    return see_other(request, f"{back}?done={done}")
