"""«Субсидия»: the calculator at the desk; a family's numbers in, the sum with every step out."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage.relief_values import reliefs_on
from web import clock
from web.deps import CurrentUser, Reader
from web.forms import Typed, read_form
from web.render import page
from web.roles import CENTRE_STAFF, Role, allow
from web.subsidy_form import SubsidyResult, opened_form, reckoned

router = APIRouter(prefix="/social/subsidy", dependencies=[allow(Role.SOCIAL, Role.COMPANY, *CENTRE_STAFF)])


@dataclass(frozen=True, slots=True)
class SubsidyView:
    """The form and what came out of it."""

    form: Typed
    result: SubsidyResult | None = None


@router.get("")
async def show(request: Request, me: CurrentUser) -> Response:
    """The empty form."""
    return page(request, "social/subsidy.html", SubsidyView(opened_form(clock.today())))


@router.post("")
async def reckon(request: Request, me: CurrentUser, session: Reader) -> Response:
    """The result under the form; 422 with what was typed when it cannot be reckoned."""
    form = await read_form(request)
    today = clock.today()
    values = await reliefs_on(session, today)
    result = reckoned(form, values.value)
    status = 200 if result is not None else 422
    view = SubsidyView(form, result)
    return page(request, "social/subsidy.html", view, "calculator", status=status, retitle=status == 422)
