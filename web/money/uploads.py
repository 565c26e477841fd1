"""A register of an agent sent by hand, to be posted or compared: the form, whose money it is, the file."""

from __future__ import annotations

from dataclasses import dataclass

from storage import partners, register_pages
from storage.register_pages import ProfileLine
from storage.registers import FILE_BYTES_MAX
from storage.session import Session
from web.forms import Typed
from web.roles import ACCRUERS, Me, Role

TOO_LARGE = "Файл больше 30 МБ. Разделите его на части."


@dataclass(frozen=True, slots=True)
class UploadView:
    """The form; twin_id: where the same file was compared."""

    form: Typed
    profiles: list[tuple[str, str]]
    agents: list[tuple[str, str]]
    is_agent: bool
    twin_id: int | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """What came by the form."""

    profile_id: int
    agent_id: int
    name: str
    content: bytes


def may_load(me: Me) -> bool:
    """Who loads and accepts registers: accountants of the centre and the agent its own."""
    return me.may(*ACCRUERS, Role.AGENT)


async def upload_view(session: Session, me: Me, form: Typed, twin_id: int | None = None) -> UploadView:
    """The form with kinds of registers and agents this person may choose of."""
    is_agent = me.may(Role.AGENT)
    agents = [] if is_agent else await partners.agents(session)
    profiles = await register_pages.profiles(session)
    return UploadView(
        form,
        [("", "Выберите вид"), *((str(one.id), _words(one)) for one in profiles)],
        [("", "Выберите агента"), *((str(one.id), one.name) for one in agents)],
        is_agent,
        twin_id,
    )


def _words(profile: ProfileLine) -> str:
    return f"{profile.title} — {profile.agent_name}" if profile.agent_name else profile.title


async def read_sent(session: Session, me: Me, form: Typed, no_file: str) -> Sent | None:
    """What the form brought; None with errors beside the fields."""
    known = {str(one.id): one for one in await register_pages.profiles(session)}
    chosen = known.get(form.choice("profile", known, "Выберите вид реестра."))
    agent_id = await _agent(session, me, form, chosen)
    name, content = await form.sent("file", no_file, FILE_BYTES_MAX, TOO_LARGE)
    if not form.is_good or chosen is None or agent_id is None:
        return None
    return Sent(chosen.id, agent_id, name, content)


async def _agent(session: Session, me: Me, form: Typed, chosen: ProfileLine | None) -> int | None:
    """Whose money it is: the agent's own, the profile's, or the chosen one."""
    if me.may(Role.AGENT):
        return me.organisation_id
    if chosen is not None and chosen.agent_id is not None:
        return chosen.agent_id
    known = {str(one.id) for one in await partners.agents(session)}
    value = form.choice("agent", tuple(known), "Выберите агента, который принял платежи.")
    return int(value) if value in known else None
