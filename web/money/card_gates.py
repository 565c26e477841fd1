"""«Эквайринг»: banks that take cards and СБП and the fiscal service as data; whether they answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml
from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from gateways.acquiring.profile import Profile, in_words, presets
from gateways.fiscal.profile import PRESET, FiscalProfile
from storage import card_gates, partners
from storage.card_gates import BANK, FISCAL, CardGate
from storage.partners import Named
from storage.session import Session
from web.deps import CurrentUser, Reader, Writer
from web.errors import NotFound
from web.forms import Typed, blank, read_form
from web.render import page, see_other
from web.roles import CENTRE_STAFF, Role, allow

router = APIRouter(prefix="/centre/card-gates", dependencies=[allow(*CENTRE_STAFF)])

PATH = "/centre/card-gates"
TEXT_MAX = 8_000
CHANGERS = (Role.ADMIN, Role.CENTRE)
KEYS = {
    "sber": "password — пароль API; для уведомлений callback — общий секрет (signature: hmac) "
    "или certificate — сертификат банка в PEM (signature: rsa)",
    "yookassa": "password — секретный ключ магазина",
    "tbank": "password — пароль терминала",
    FISCAL: "password — пароль кассы",
}
"""What stands in the file of keys, which pages cannot read."""


@dataclass(frozen=True, slots=True)
class CardGatesView:
    """Gates there are and the form of a new one."""

    gates: list[CardGate]
    agents: list[Named]
    presets: dict[str, str]
    form: Typed
    may_change: bool


@dataclass(frozen=True, slots=True)
class CardGateView:
    """One gate."""

    gate: CardGate
    form: Typed
    may_change: bool
    address: str
    keys: str


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader) -> Response:
    """All gates."""
    return page(request, "money/card_gates.html", await _gates(session, blank(), me.may(*CHANGERS)))


async def _gates(session: Session, form: Typed, may_change: bool) -> CardGatesView:
    ready = {key: str(value["title"]) for key, value in presets().items()} | {FISCAL: str(PRESET["title"])}
    return CardGatesView(
        await card_gates.gates(session), await partners.agents(session), ready, form, may_change
    )


@router.post("", dependencies=[allow(*CHANGERS)])
async def add(request: Request, me: CurrentUser, session: Writer) -> Response:
    """A new gate: off until its profile is filled and it is turned on."""
    form = await read_form(request)
    ready = {**presets(), FISCAL: PRESET}
    key = form.choice("preset", ready, "Выберите банк или кассу.")
    known = {str(one.id): one.id for one in await partners.agents(session)}
    agent_id = None
    if key != FISCAL:
        agent_id = known.get(form.choice("agent", known, "Выберите, чьи это деньги, пока они в пути."))
    code = form.value("code")
    if not (code.isascii() and code.replace("-", "").isalnum() and code.islower() and len(code) <= 40):
        form.refuse("code", "Код — до 40 строчных латинских букв, цифр и дефисов.")
    if form.is_good:
        kind = FISCAL if key == FISCAL else BANK
        if await card_gates.add(session, kind, code, agent_id, ready[key], me.user_id):
            return see_other(request, f"{PATH}/{code}")
        form.refuse("code", f"Код «{code}» уже занят. Выберите другой.")
    return page(request, "money/card_gates.html", await _gates(session, form, True), status=422)


@router.get("/{code}")
async def show_one(request: Request, code: str, me: CurrentUser, session: Reader) -> Response:
    """A gate to look at or to change."""
    gate = await _found(session, code)
    form = blank(
        profile=yaml.safe_dump(_ordered(gate), allow_unicode=True, sort_keys=False, width=100),
        place=gate.place,
        is_active="on" if gate.is_active else "",
    )
    return page(request, "money/card_gate.html", _view(request, gate, form, me.may(*CHANGERS)))


def _ordered(gate: CardGate) -> dict[str, Any]:
    """The profile in the order people read it; as it is kept when it does not fit any more."""
    model = FiscalProfile if gate.kind == FISCAL else Profile
    try:
        return model.model_validate(gate.profile).model_dump(mode="json")
    except ValidationError:
        return gate.profile


async def _found(session: Session, code: str) -> CardGate:
    gate = await card_gates.gate(session, code)
    if gate is None:
        raise NotFound("Такого шлюза нет.", "Откройте список «Эквайринг».")
    return gate


def _view(request: Request, gate: CardGate, form: Typed, may_change: bool) -> CardGateView:
    address = f"{request.url.scheme}://{request.url.netloc}/cards/notice/{gate.code}"
    keys = KEYS[FISCAL if gate.kind == FISCAL else str(gate.profile.get("bank", "sber"))]
    return CardGateView(gate, form, may_change, address if gate.kind == BANK else "", keys)


@router.post("/{code}", dependencies=[allow(*CHANGERS)])
async def change(request: Request, code: str, me: CurrentUser, session: Writer) -> Response:
    """Keep another profile; new orders go by it."""
    gate = await _found(session, code)
    form = await read_form(request)
    place = form.integer("place", "Очередь — целое число, 1 — первый.")
    if place is not None and not 1 <= place <= 100:
        form.refuse("place", "Очередь — от 1 до 100.")
    profile = _profile(gate, form)
    if profile is None or place is None or not form.is_good:
        return page(request, "money/card_gate.html", _view(request, gate, form, True), status=422)
    await card_gates.change(
        session,
        gate,
        profile,
        place=place,
        is_active=form.value("is_active") == "on",
        user_id=me.user_id,
    )
    return see_other(request, f"{PATH}/{code}")


def _profile(gate: CardGate, form: Typed) -> dict[str, Any] | None:
    body = form.text("profile", "Опишите шлюз.", TEXT_MAX)
    if not form.is_good:
        return None
    try:
        told: Any = yaml.safe_load(body)
        if not isinstance(told, dict):
            form.refuse("profile", "Профиль — это строки вида «имя: значение».")
            return None
        if gate.kind == FISCAL:
            return FiscalProfile.model_validate(told).model_dump(mode="json")
        return Profile.model_validate(told).model_dump(mode="json")
    except ValidationError as error:
        form.refuse("profile", f"Профиль не подходит. {in_words(error)}.")
    except (yaml.YAMLError, RecursionError):
        form.refuse("profile", "Профиль не читается: проверьте отступы и двоеточия.")
    return None
