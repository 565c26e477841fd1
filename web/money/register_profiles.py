"""«Виды реестров»: what files of a counterpart look like, written as data and tried on a sample at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import yaml
from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from gateways.registers import Parsed, RegisterProfile, RegisterRefused, in_words, parse, presets
from storage import partners, register_pages
from storage.partners import Named
from storage.register_pages import ProfileLine
from storage.registers import FILE_BYTES_MAX
from storage.session import Session
from web.deps import CurrentUser, Reader, Writer
from web.errors import NotFound
from web.forms import Typed, blank, read_form
from web.render import page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, allow

router = APIRouter(prefix="/registers/profiles", dependencies=[allow(*CENTRE_STAFF)])

TEXT_MAX = 20_000
NO_SAMPLE = "Выберите файл-образец, на нём будет видно, как он читается."
TOO_LARGE = "Образец больше 30 МБ. Отрежьте от него начало."
SAMPLE_ROWS = 20


@dataclass(frozen=True, slots=True)
class ProfilesView:
    """Profiles there are and ready ones to begin with."""

    profiles: list[ProfileLine]
    presets: dict[str, str]


@dataclass(frozen=True, slots=True)
class ProfileView:
    """A profile being written, and what a sample gives by it."""

    form: Typed
    profile_id: int | None
    agents: list[Named]
    may_save: bool
    sample: Parsed | None = None
    sample_name: str = ""
    refusal: str = ""
    rows: list[Any] = field(default_factory=list)


@router.get("")
async def show(request: Request, session: Reader) -> Response:
    """All profiles."""
    ready = {key: str(value["title"]) for key, value in presets().items()}
    return page(request, "money/profiles.html", ProfilesView(await register_pages.profiles(session), ready))


@router.get("/new", dependencies=[allow(*ACCRUERS)])
async def show_new(request: Request, session: Reader) -> Response:
    """A new profile that begins with a ready one."""
    key = request.query_params.get("preset", "")
    ready = presets().get(key)
    if ready is None:
        raise NotFound("Такой заготовки нет.", "Выберите заготовку из списка видов реестров.")
    form = blank(code=key, title=ready["title"], body=_written(ready))
    return page(request, "money/profile.html", ProfileView(form, None, await partners.agents(session), True))


def _written(profile: dict[str, Any]) -> str:
    """A profile as text to edit: what has its usual value is left out."""
    usual = {name: info.default for name, info in RegisterProfile.model_fields.items()}
    shown = {name: value for name, value in profile.items() if name != "title" and usual.get(name) != value}
    return yaml.safe_dump(shown, allow_unicode=True, sort_keys=False, width=100)


@router.get("/{profile_id}")
async def show_one(request: Request, profile_id: int, me: CurrentUser, session: Reader) -> Response:
    """A profile to look at or to change."""
    found = await _found(session, profile_id)
    lean = RegisterProfile.model_validate(found.profile).model_dump(mode="json", exclude_defaults=True)
    form = blank(code=found.code, title=found.title, agent=found.agent_id or "", body=_written(lean))
    view = ProfileView(form, profile_id, await partners.agents(session), me.may(*ACCRUERS))
    return page(request, "money/profile.html", view)


async def _found(session: Session, profile_id: int) -> ProfileLine:
    found = await register_pages.profile(session, profile_id)
    if found is None:
        raise NotFound("Такого вида реестров нет.", "Откройте список видов.")
    return found


@router.post("", dependencies=[allow(*ACCRUERS)])
async def add(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Add a profile, or only try it on a sample."""
    return await _save(request, session, None, me.user_id)


@router.post("/{profile_id}", dependencies=[allow(*ACCRUERS)])
async def change(request: Request, profile_id: int, me: CurrentUser, session: Writer) -> Response:
    """Change a profile, or only try it on a sample; registers read before keep their rows."""
    await _found(session, profile_id)
    return await _save(request, session, profile_id, me.user_id)


async def _save(request: Request, session: Session, profile_id: int | None, user_id: int) -> Response:
    form = await read_form(request)
    agents = await partners.agents(session)
    profile = _profile(form)
    known = {str(one.id): one.id for one in agents}
    agent_id = known.get(form.choice("agent", ("", *known), "Выберите агента из списка."))
    if form.value("do") == "try":
        view = await _tried(form, profile_id, agents, profile)
        return page(request, "money/profile.html", view, status=200 if form.is_good else 422)
    code = form.value("code")
    if not (code.isascii() and code.replace("_", "").isalnum() and len(code) <= 40):
        form.refuse("code", "Код — до 40 латинских букв, цифр и знаков подчёркивания.")
    if form.is_good and profile is not None:
        saved = await register_pages.save_profile(
            session, profile_id, code, profile.title, agent_id, profile.model_dump(mode="json"), user_id
        )
        if saved is not None:
            return see_other(request, "/registers/profiles")
        form.refuse("code", f"Вид с кодом «{code}» уже есть. Выберите другой код.")
    return page(request, "money/profile.html", ProfileView(form, profile_id, agents, True), status=422)


def _profile(form: Typed) -> RegisterProfile | None:
    title = form.text("title", "Назовите вид реестров.", 120)
    body = form.text("body", "Опишите, как устроен файл.", TEXT_MAX)
    if not form.is_good:
        return None
    try:
        data = yaml.safe_load(body)
        if not isinstance(data, dict):
            form.refuse("body", "Описание — это строки вида «имя: значение».")
            return None
        return RegisterProfile.model_validate({**data, "title": title})
    except ValidationError as error:
        form.refuse("body", f"В описании ошибка. {in_words(error)}.")
    except (yaml.YAMLError, RecursionError) as error:
        place = getattr(error, "problem_mark", None)
        where = f" в строке {place.line + 1}" if place is not None else ""
        form.refuse("body", f"Описание не читается{where}: проверьте отступы и двоеточия.")
    return None


async def _tried(
    form: Typed, profile_id: int | None, agents: list[Named], profile: RegisterProfile | None
) -> ProfileView:
    """What the sample gives: nothing is kept."""
    name, content = await form.sent("sample", NO_SAMPLE, FILE_BYTES_MAX, TOO_LARGE)
    if profile is None or not form.is_good:
        return ProfileView(form, profile_id, agents, True)
    try:
        parsed = await asyncio.to_thread(parse, profile.model_copy(update={"ticket": None}), content, name)
    except RegisterRefused as refusal:
        return ProfileView(form, profile_id, agents, True, sample_name=name, refusal=str(refusal))
    return ProfileView(form, profile_id, agents, True, parsed, name, rows=parsed.rows[:SAMPLE_ROWS])
