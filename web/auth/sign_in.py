"""The door: staff by login and password, residents by account number and the code handed out by their УК."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from storage import users
from storage.users import NewSession, Refusal
from web.deps import FORM_COOKIE, CurrentUser, Writer, address_of, config, database, now, person
from web.errors import TooOften
from web.filters import plural
from web.forms import Typed, blank, read_form
from web.nav import home_of
from web.render import page
from web.roles import Me, allow_anyone, allow_signed_in

STAFF = "staff"
RESIDENT = "resident"
LOGIN_MAX = 100
PASSWORD_MAX = 200
REFUSED = {
    STAFF: "Логин или пароль не подошли. Проверьте раскладку клавиатуры.",
    RESIDENT: "Счёт или код не подошли. Проверьте цифры на квитанции.",
}

open_router = APIRouter(dependencies=[allow_anyone()])
router = APIRouter()


@dataclass(frozen=True, slots=True)
class SignInView:
    """The sign-in page: which of the two doors, what was typed, where to go after."""

    kind: str
    form: Typed
    next: str
    has_expired: bool

    @property
    def is_resident(self) -> bool:
        """The door for residents: account number and code."""
        return self.kind == RESIDENT


def safe_next(target: str) -> str:
    """A path of ours to return to; anything else (another site, a scheme, the door itself) becomes «/»."""
    is_ours = target.startswith("/") and not target.startswith(("//", "/\\", "/login", "/logout"))
    return target if is_ours and "\n" not in target and "\r" not in target else "/"


@open_router.get("/login")
async def show(
    request: Request,
    kind: Annotated[str, Query(alias="as")] = "",
    target: Annotated[str, Query(alias="next")] = "",
) -> Response:
    """The page; the token of its form is kept in a cookie until there is a session."""
    if await person(request) is not None:
        return RedirectResponse(safe_next(target), status_code=303)
    known = kind if kind in (STAFF, RESIDENT) else _kind_by_target(target)
    return _page(request, SignInView(known, blank(), safe_next(target), has_expired=bool(target)))


def _kind_by_target(target: str) -> str:
    return RESIDENT if (target + "/").startswith("/my/") else STAFF


def _page(request: Request, view: SignInView, status: int = 200) -> Response:
    token = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(24)
    request.state.csrf = token
    answer = page(request, "auth/sign_in.html", view, status=status)
    answer.set_cookie(
        FORM_COOKIE, token, httponly=True, samesite="lax", secure=config(request).is_https, path="/login"
    )
    return answer


@open_router.post("/login")
async def enter(request: Request) -> Response:
    """Check the password, open a session. Wrong ones are counted by login and by address."""
    form = await read_form(request)
    kind = form.choice("as", (STAFF, RESIDENT), "Выберите, кто входит.") or STAFF
    target = safe_next(form.value("next"))
    secret = form.values.get("password", "")
    login = form.text("login", _missing(kind), LOGIN_MAX)
    what = "код" if kind == RESIDENT else "пароль"
    if not secret:
        form.refuse("password", f"Введите {what}.")
    elif len(secret) > PASSWORD_MAX:
        long = f"Слишком длинно: {plural(len(secret), 'знак', 'знака', 'знаков')}"
        form.refuse("password", f"{long}, а {what} не длиннее {PASSWORD_MAX}. Проверьте, то ли вставилось.")
    if not form.is_good:
        return _page(request, SignInView(kind, form, target, has_expired=False), 422)
    opened = await _try(request, login, secret.strip() if kind == RESIDENT else secret)
    if isinstance(opened, Refusal):
        if opened.code == "tired":
            raise TooOften(opened.message)
        form.refuse("password", REFUSED[kind])
        return _page(request, SignInView(kind, form, target, has_expired=False), 422)
    answer = RedirectResponse("/me" if opened.must_change_password else target, status_code=303)
    settings = config(request)
    answer.set_cookie(
        settings.cookie_name,
        opened.token,
        expires=opened.expires_at,
        httponly=True,
        samesite="lax",
        secure=settings.is_https,
        path="/",
    )
    answer.delete_cookie(FORM_COOKIE, path="/login")
    return answer


def _missing(kind: str) -> str:
    return "Введите номер лицевого счёта." if kind == RESIDENT else "Введите логин."


async def _try(request: Request, login: str, secret: str) -> NewSession | Refusal:
    """A session, or why not; the try is kept either way, so the transaction is committed before refusing."""
    async with database(request).transaction() as session:
        return await users.sign_in(session, login, secret, address_of(request), now())


@router.post("/logout", dependencies=[allow_signed_in()])
async def leave(request: Request, me: CurrentUser, session: Writer) -> Response:
    """End the session here and in the database."""
    await users.sign_out(session, me.token_hash, now())
    answer = RedirectResponse("/login", status_code=303)
    answer.delete_cookie(
        config(request).cookie_name, path="/", secure=config(request).is_https, httponly=True
    )
    return answer


@open_router.get("/")
async def home(me: Annotated[Me | None, Depends(person)]) -> Response:
    """The first page of one's role, or the door."""
    return RedirectResponse("/login" if me is None else home_of(me.role), status_code=303)


router.include_router(open_router)
