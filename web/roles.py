"""Who may open what: roles, the person of a request, and the declaration every route must carry."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fastapi import FastAPI, Request, params
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts

from storage.users import SignedIn
from web.errors import RightNeeded


class Role(StrEnum):
    """The role of a user, as in the table of users."""

    ADMIN = "admin"
    CENTRE = "centre"
    PUBLISHER = "publisher"
    COMPANY = "company"
    DISPATCHER = "dispatcher"
    SUPPLIER = "supplier"
    SOCIAL = "social"
    AGENT = "agent"
    RESIDENT = "resident"


CENTRE_STAFF = (Role.ADMIN, Role.CENTRE, Role.PUBLISHER)
"""Those who may look at the whole city."""
ACCRUERS = (Role.CENTRE, Role.PUBLISHER)
"""Those who start runs and hand them over for publication."""

TITLES = {
    Role.ADMIN: "Администратор РЦ",
    Role.CENTRE: "Расчётчик РЦ",
    Role.PUBLISHER: "Ответственный за публикацию",
    Role.COMPANY: "Сотрудник УК",
    Role.DISPATCHER: "Диспетчер",
    Role.SUPPLIER: "Поставщик",
    Role.SOCIAL: "Соцзащита",
    Role.AGENT: "Платёжный агент",
    Role.RESIDENT: "Житель",
}
RIGHTS = {
    Role.ADMIN: "Администрирование",
    Role.CENTRE: "Расчёт",
    Role.PUBLISHER: "Публикация",
    Role.COMPANY: "Работа УК",
    Role.DISPATCHER: "Диспетчерская",
    Role.SUPPLIER: "Поставщик",
    Role.SOCIAL: "Соцзащита",
    Role.AGENT: "Приём платежей",
    Role.RESIDENT: "Личный кабинет",
}
"""The right in words of the refusal page."""


SEARCH_HINTS = {
    Role.DISPATCHER: "Адрес «абр 1 12», телефон, № заявки",
    Role.SUPPLIER: "Дом: «абр 1»",
    Role.SOCIAL: "Дом: «абр 1»",
    Role.AGENT: "Дом: «абр 1»",
}
"""What a role may find by the search box, where it is not everything."""


@dataclass(frozen=True, slots=True)
class Me:
    """The person of this request, as the session tells; read once a request together with the open month."""

    user_id: int
    login: str
    role: Role
    full_name: str
    organisation_id: int | None
    organisation_name: str
    single_keys: bool
    csrf: str
    token_hash: str
    open_period: dt.date | None
    account_ids: tuple[int, ...]
    signed: SignedIn

    @property
    def title(self) -> str:
        """The role in words."""
        return TITLES[self.role]

    @property
    def is_resident(self) -> bool:
        """Residents get the large, phone-first frame."""
        return self.role is Role.RESIDENT

    @property
    def search_hint(self) -> str:
        """What stands in the empty search box."""
        return SEARCH_HINTS.get(self.role, "Счёт, «абр 1 12», фамилия")

    def may(self, *roles: Role) -> bool:
        """Whether one of these roles is mine: buttons ask this, routes declare `allow`."""
        return self.role in roles


@dataclass(frozen=True, slots=True)
class Allow:
    """A dependency that lets in the roles it names; with none of them, anyone, signed in or not.

    is_machine: programs call, which have names and secrets of their own and neither forms nor cookies.
    """

    roles: frozenset[Role]
    is_open: bool = False
    is_machine: bool = False

    async def __call__(self, request: Request) -> Me | None:
        from web.deps import check_csrf, current_user

        if self.is_machine:
            return None
        me = None if self.is_open else await current_user(request)  # the open ones work without a database
        if me is not None and me.role not in self.roles:
            raise RightNeeded([RIGHTS[role] for role in Role if role in self.roles])
        await check_csrf(request, me)
        return me


def allow(*roles: Role) -> params.Depends:
    """Declare who may use a route or a router: `APIRouter(dependencies=[allow(Role.CENTRE)])`."""
    assert roles, "a route open to all says so with allow_anyone()"
    return params.Depends(Allow(frozenset(roles)))


def allow_staff() -> params.Depends:
    """Everybody with a workplace: every role but the resident."""
    return allow(*(role for role in Role if role is not Role.RESIDENT))


def allow_signed_in() -> params.Depends:
    """Everybody who has signed in."""
    return allow(*Role)


def allow_anyone() -> params.Depends:
    """No sign-in needed: the sign-in page itself, health, static files."""
    return params.Depends(Allow(frozenset(), is_open=True))


def allow_machines() -> params.Depends:
    """Programs of counterparts: the gateway itself asks who they are."""
    return params.Depends(Allow(frozenset(), is_open=True, is_machine=True))


@dataclass(frozen=True, slots=True)
class RouteRule:
    """A route with the rules that stand on it (a router's and its own; all must let in)."""

    method: str
    path: str
    rules: tuple[Allow, ...]

    def lets_in(self, role: Role) -> bool:
        """Whether this role passes every rule of the route."""
        return all(rule.is_open or role in rule.roles for rule in self.rules)

    @property
    def is_open(self) -> bool:
        """Whether it is used without signing in."""
        return all(rule.is_open for rule in self.rules)


def route_rules(app: FastAPI) -> Iterator[RouteRule]:
    """Every route of the app with its rules, one a method."""
    for context in iter_route_contexts(app.routes):
        rules = tuple(_rules(context))
        for method in sorted((context.methods or {"*"}) - {"HEAD"}):
            yield RouteRule(method, context.path or "?", rules)


def _rules(context: RouteContext) -> Iterator[Allow]:
    dependant: Dependant | None = getattr(context, "dependant", None)
    calls: Iterable[Any] = [] if dependant is None else (sub.call for sub in dependant.dependencies)
    for call in calls:
        if isinstance(call, Allow):
            yield call


def refuse_undeclared(app: FastAPI) -> None:
    """The app does not start with a route nobody was named for.

    Raises RuntimeError naming the routes.
    """
    bare = [f"{rule.method} {rule.path}" for rule in route_rules(app) if not rule.rules]
    if bare:
        raise RuntimeError("routes without allow(...): " + ", ".join(bare))
