"""«Шлюзы агентов»: where each agent calls, its dialect as data, limits, rights, name and secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml
from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from gateways.agents.certificates import BadCertificate, Certificate
from gateways.agents.certificates import read as read_certificate
from gateways.agents.profile import Profile, in_words, presets
from storage import agent_gates, partners
from storage.agent_gates import Gate
from storage.partners import Named
from storage.session import Session
from web import clock
from web.deps import CurrentUser, Reader, Writer
from web.errors import NotFound
from web.forms import Typed, blank, read_form
from web.render import page, see_other
from web.roles import CENTRE_STAFF, Role, allow

router = APIRouter(prefix="/centre/gates", dependencies=[allow(*CENTRE_STAFF)])

PATH = "/centre/gates"
TEXT_MAX = 20_000
SHOWS = (("nothing", "ничего"), ("masked", "имя под маской: И*** П. С."), ("full", "имя и адрес целиком"))
CANCELS = (("never", "нельзя"), ("same_day", "в день платежа"))
EDITED_APART = (
    "title", "least_kopecks", "most_kopecks", "shows", "shows_balance", "may_cancel", "networks",
    "in_flight_max", "certificates",
)  # fmt: skip
"""Fields with inputs of their own; the rest is the dialect, edited as text."""


CERTIFICATE_STATES = {
    "expired": ("истёк", "bad"),
    "early": ("ещё не начался", "warn"),
    "soon": ("скоро кончится", "warn"),
    "good": ("действует", "good"),
}
"""States of a certificate: what is said of it and its tone."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """A certificate as it is shown. days: left until its end, zero once it is over."""

    certificate: Certificate
    words: str
    tone: str
    days: int


@dataclass(frozen=True, slots=True)
class GatesView:
    """Gates there are and the form of a new one. certificates: the one of each gate that ends last."""

    gates: list[Gate]
    certificates: dict[int, Pinned]
    agents: list[Named]
    presets: dict[str, str]
    form: Typed
    may_change: bool


@dataclass(frozen=True, slots=True)
class GateView:
    """One gate. secret: shown once, right after it was made."""

    gate: Gate
    form: Typed
    may_change: bool
    address: str
    shows: tuple[tuple[str, str], ...] = SHOWS
    cancels: tuple[tuple[str, str], ...] = CANCELS
    secret: str = ""
    certificates: tuple[Pinned, ...] = ()


def _pinned(gate: Gate) -> tuple[Pinned, ...]:
    """Certificates of a gate, the one that ends last first."""
    now = clock.now()
    found = [Certificate.model_validate(one) for one in gate.profile.get("certificates", [])]
    return tuple(
        Pinned(one, *CERTIFICATE_STATES[one.state(now)], max((one.valid_until - now).days, 0))
        for one in sorted(found, key=lambda one: one.valid_until, reverse=True)
    )


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader) -> Response:
    """All gates."""
    return page(request, "money/gates.html", await _gates(session, blank(), me.may(Role.ADMIN, Role.CENTRE)))


async def _gates(session: Session, form: Typed, may_change: bool) -> GatesView:
    ready = {key: str(value["title"]) for key, value in presets().items()}
    found = await agent_gates.gates(session)
    last = {gate.id: pinned[0] for gate in found if (pinned := _pinned(gate))}
    return GatesView(found, last, await partners.agents(session), ready, form, may_change)


@router.post("", dependencies=[allow(Role.ADMIN, Role.CENTRE)])
async def add(request: Request, me: CurrentUser, session: Writer) -> Response:
    """A new gate: closed, without a secret."""
    form = await read_form(request)
    known = {str(one.id): one.id for one in await partners.agents(session)}
    agent_id = known.get(form.choice("agent", known, "Выберите агента."))
    key = form.choice("preset", presets(), "Выберите протокол.")
    code = form.value("code")
    if not (code.isascii() and code.replace("-", "").isalnum() and code.islower() and len(code) <= 40):
        form.refuse("code", "Адрес — до 40 строчных латинских букв, цифр и дефисов.")
    if form.is_good and agent_id is not None:
        if await agent_gates.add_gate(session, agent_id, code, presets()[key], me.user_id):
            return see_other(request, f"{PATH}/{code}")
        form.refuse("code", f"Адрес «{code}» уже занят. Выберите другой.")
    return page(request, "money/gates.html", await _gates(session, form, True), status=422)


@router.get("/{code}")
async def show_one(request: Request, code: str, me: CurrentUser, session: Reader) -> Response:
    """A gate to look at or to change."""
    gate = await _found(session, code)
    return page(
        request, "money/gate.html", _view(request, gate, _typed(gate), me.may(Role.ADMIN, Role.CENTRE))
    )


async def _found(session: Session, code: str) -> Gate:
    gate = await agent_gates.gate(session, code)
    if gate is None:
        raise NotFound("Такого шлюза нет.", "Откройте список шлюзов.")
    return gate


def _view(request: Request, gate: Gate, form: Typed, may_change: bool, secret: str = "") -> GateView:
    address = f"{request.url.scheme}://{request.url.netloc}/gate/{gate.code}"
    return GateView(gate, form, may_change, address, secret=secret, certificates=_pinned(gate))


def _typed(gate: Gate) -> Typed:
    profile = Profile.model_validate(gate.profile)
    dialect = {
        name: value
        for name, value in profile.model_dump(mode="json", exclude_defaults=True).items()
        if name not in EDITED_APART
    }
    return blank(
        title=profile.title,
        least=_roubles(profile.least_kopecks),
        most=_roubles(profile.most_kopecks),
        shows=profile.shows,
        shows_balance="on" if profile.shows_balance else "",
        may_cancel=profile.may_cancel,
        networks="\n".join(profile.networks),
        in_flight_max=profile.in_flight_max,
        is_active="on" if gate.is_active else "",
        dialect=yaml.safe_dump(dialect, allow_unicode=True, sort_keys=False, width=100),
    )


def _roubles(kopecks: int) -> str:
    return f"{kopecks // 100},{kopecks % 100:02d}"


@router.post("/{code}", dependencies=[allow(Role.ADMIN, Role.CENTRE)])
async def change(request: Request, code: str, me: CurrentUser, session: Writer) -> Response:
    """Keep another profile; it works within seconds."""
    gate = await _found(session, code)
    form = await read_form(request)
    profile = _profile(form, gate)
    if profile is None:
        return page(request, "money/gate.html", _view(request, gate, form, True), status=422)
    is_active = form.value("is_active") == "on"
    await agent_gates.change_gate(session, gate, profile.model_dump(mode="json"), is_active, me.user_id)
    return see_other(request, f"{PATH}/{code}")


def _profile(form: Typed, gate: Gate) -> Profile | None:
    least = form.scaled("least", 2, "Наименьшая сумма — рубли и копейки, например 1,00.")
    most = form.scaled("most", 2, "Наибольшая сумма — рубли и копейки, например 100000,00.")
    in_flight = form.integer("in_flight_max", "Сколько запросов сразу — целое число.")
    body = form.text("dialect", "Опишите протокол.", TEXT_MAX)
    if not form.is_good:
        return None
    try:
        dialect: Any = yaml.safe_load(body)
        if not isinstance(dialect, dict):
            form.refuse("dialect", "Протокол — это строки вида «имя: значение».")
            return None
        return Profile.model_validate(
            {
                **dialect,
                "title": form.value("title"),
                "least_kopecks": least,
                "most_kopecks": most,
                "in_flight_max": in_flight,
                "shows": form.value("shows"),
                "shows_balance": form.value("shows_balance") == "on",
                "may_cancel": form.value("may_cancel"),
                "networks": form.value("networks").split(),
                "certificates": gate.profile.get("certificates", []),
            }
        )
    except ValidationError as error:
        form.refuse("dialect", f"Профиль не подходит. {in_words(error)}.")
    except (yaml.YAMLError, RecursionError):
        form.refuse("dialect", "Протокол не читается: проверьте отступы и двоеточия.")
    return None


@router.post("/{code}/secret", dependencies=[allow(Role.ADMIN, Role.CENTRE)])
async def renew(request: Request, code: str, me: CurrentUser, session: Writer) -> Response:
    """A new secret, shown on this answer only; the old one stops at once."""
    gate = await _found(session, code)
    login, secret = await agent_gates.new_secret(session, gate, me.user_id)
    gate = await _found(session, code)
    return page(request, "money/gate.html", _view(request, gate, _typed(gate), True, f"{login}:{secret}"))


@router.post("/{code}/certificates", dependencies=[allow(Role.ADMIN, Role.CENTRE)])
async def pin(request: Request, code: str, me: CurrentUser, session: Writer) -> Response:
    """One more certificate the agent may prove; from now on the gate asks for one."""
    gate = await _found(session, code)
    form = await read_form(request)
    body = form.text("certificate", "Вставьте сертификат агента.", TEXT_MAX)
    try:
        if form.is_good:
            made = read_certificate(body, clock.now())
            await _keep_certificates(session, gate, [*_others(gate, made.fingerprint), made], me.user_id)
            return see_other(request, f"{PATH}/{code}")
    except BadCertificate as error:
        form.refuse("certificate", str(error))
    except ValidationError:
        form.refuse("certificate", "Сертификатов уже восемь: уберите те, которыми агент не пользуется.")
    typed = _typed(gate)
    typed.values["certificate"] = body
    typed.errors.update(form.errors)
    return page(request, "money/gate.html", _view(request, gate, typed, True), status=422)


@router.post("/{code}/certificates/{fingerprint}/remove", dependencies=[allow(Role.ADMIN, Role.CENTRE)])
async def unpin(request: Request, code: str, fingerprint: str, me: CurrentUser, session: Writer) -> Response:
    """The agent may not prove this one any more; of the last one nothing is asked afterwards."""
    gate = await _found(session, code)
    left = _others(gate, fingerprint)
    if len(left) == len(gate.profile.get("certificates", [])):
        raise NotFound("Такого сертификата у шлюза нет.", "Откройте шлюз ещё раз.")
    await _keep_certificates(session, gate, left, me.user_id)
    return see_other(request, f"{PATH}/{code}")


def _others(gate: Gate, fingerprint: str) -> list[Certificate]:
    found = [Certificate.model_validate(one) for one in gate.profile.get("certificates", [])]
    return [one for one in found if one.fingerprint != fingerprint]


async def _keep_certificates(
    session: Session, gate: Gate, certificates: list[Certificate], user_id: int
) -> None:
    """Raises pydantic.ValidationError when there are too many. The last one removed closes a gate that has
    nothing else to know its agent by: nobody gets in."""
    told = gate.profile | {"certificates": [one.model_dump(mode="json") for one in certificates]}
    profile = Profile.model_validate(told).model_dump(mode="json")
    await agent_gates.change_gate(session, gate, profile, gate.is_active, user_id)
