"""«Моя страница»: who I am here, the switch of bare keys, a new password."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import user_pages, users
from web.deps import CurrentUser, Writer, now
from web.forms import Typed, blank, read_form
from web.nav import HOME_OTHERWISE, home_of
from web.render import page, see_other
from web.roles import allow_signed_in

router = APIRouter(prefix="/me", dependencies=[allow_signed_in()])


@dataclass(frozen=True, slots=True)
class ProfileView:
    """The person's own page."""

    form: Typed
    done: str
    has_workplace: bool


@router.get("")
async def show(request: Request, me: CurrentUser, done: str = "") -> Response:
    """The page; `done` names the deed just made."""
    words = {"keys": "Клавиши переключены.", "password": "Пароль изменён."}.get(done, "")
    return page(request, "auth/profile.html", ProfileView(blank(), words, home_of(me.role) != HOME_OTHERWISE))


@router.post("/keys")
async def switch_keys(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Bare keys on or off (WCAG 2.1.4)."""
    await user_pages.set_single_keys(session, me.user_id, not me.single_keys)
    return see_other(request, "/me?done=keys")


@router.post("/password")
async def change_password(request: Request, me: CurrentUser, session: Writer) -> Response:
    """A new password after the old one was typed."""
    form = await read_form(request)
    old, new = form.values.get("old", ""), form.values.get("new", "")
    refusal = await users.change_password(session, me.signed, old, new, now())
    if refusal is not None:
        form.refuse("old" if refusal.code == "wrong" else "new", refusal.message)
        view = ProfileView(form, "", home_of(me.role) != HOME_OTHERWISE)
        return page(request, "auth/profile.html", view, status=422)
    return see_other(request, "/me?done=password")
