"""What a route asks for: the person, a session under the person's scope, protection of forms.

Reader and Writer are one transaction a request. A Writer is committed after the function of the route and
before the answer is sent, so an answer never speaks of what was not kept; an exception rolls it back.
"""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Annotated

from fastapi import Depends, Request

from storage import users
from storage.engine import Database
from storage.scope import Scope
from storage.session import Session
from storage.users import SignedIn
from web.config import WebConfig
from web.errors import FormExpired, SessionOver
from web.roles import Me, Role

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
FORM_COOKIE = "paylogic_form"
"""Before signing in there is no session: the token of the sign-in form is compared with this cookie."""
CSRF_FIELD = "csrf"


def database(request: Request) -> Database:
    """The pages' own connections (role paylogic_web)."""
    found: Database = request.app.state.database
    return found


def config(request: Request) -> WebConfig:
    """Surroundings of the pages."""
    found: WebConfig = request.app.state.config
    return found


def address_of(request: Request) -> str:
    """The address of the caller, for throttling and the journal."""
    return request.client.host if request.client else "-"


def now() -> dt.datetime:
    """The clock of the pages, in UTC."""
    return dt.datetime.now(dt.UTC)


async def person(request: Request) -> Me | None:
    """Who is signed in, read once a request; None without a living session."""
    if hasattr(request.state, "me"):
        known: Me | None = request.state.me
        return known
    token = request.cookies.get(config(request).cookie_name, "")
    found = None
    if token:
        moment = now()
        async with database(request).reading() as session:
            found = await users.session_of(session, token, moment)
        if found is not None and found.is_due_for_touch(moment):
            async with database(request).transaction(found.scope) as session:
                await users.touch(session, found.token_hash, moment)
    request.state.me = None if found is None else _me(found)
    request.state.scope = None if found is None else found.scope
    request.state.csrf = found.csrf if found else request.cookies.get(FORM_COOKIE, "")
    return request.state.me  # type: ignore[no-any-return]


def _me(found: SignedIn) -> Me:
    return Me(
        user_id=found.user_id,
        login=found.login,
        role=Role(found.role),
        full_name=found.full_name,
        organisation_id=found.organisation_id,
        organisation_name=found.organisation_name,
        single_keys=found.single_keys,
        csrf=found.csrf,
        token_hash=found.token_hash,
        open_period=found.open_period,
        account_ids=found.scope.account_ids,
        signed=found,
    )


async def current_user(request: Request) -> Me:
    """Who is signed in. Raises SessionOver when nobody is."""
    me = await person(request)
    if me is None:
        raise SessionOver
    return me


async def check_csrf(request: Request, me: Me | None) -> None:
    """Every unsafe request carries the token of its session in the form or in X-CSRF. Raises FormExpired."""
    if request.method in SAFE_METHODS:
        return
    given = request.headers.get("X-CSRF", "")
    if not given and request.headers.get("Content-Type", "").startswith(FORM_TYPES):
        request.state.form = await request.form()  # closed with its files at the end of the request
        field = request.state.form.get(CSRF_FIELD, "")
        given = field if isinstance(field, str) else ""
    wanted = me.csrf if me else request.cookies.get(FORM_COOKIE, "")
    if not wanted or not hmac.compare_digest(given.encode(), wanted.encode()):
        raise FormExpired


def scope_of(request: Request) -> Scope | None:
    """The scope of the person of this request; None before signing in: then nothing personal is seen."""
    found: Scope | None = getattr(request.state, "scope", None)
    return found


def read(request: Request) -> AbstractAsyncContextManager[Session]:
    """A reading transaction under the person's scope, for streams that read again and again."""
    return database(request).reading(scope_of(request))


async def _reading(request: Request) -> AsyncIterator[Session]:
    await person(request)
    async with database(request).reading(scope_of(request)) as session:
        yield session


async def _writing(request: Request) -> AsyncIterator[Session]:
    await person(request)
    async with database(request).transaction(scope_of(request)) as session:
        yield session


CurrentUser = Annotated[Me, Depends(current_user)]
Reader = Annotated[Session, Depends(_reading, scope="function")]
Writer = Annotated[Session, Depends(_writing, scope="function")]
