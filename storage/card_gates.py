"""Gates of banks and of the fiscal service: a code, a profile of data, whose turn it is; no secrets."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from storage import audit
from storage.jsonb import parsed
from storage.session import Session

BANK, FISCAL = "bank", "fiscal"


@dataclass(frozen=True, slots=True)
class CardGate:
    """A gate. trouble: what a worker met last, empty when it works; place: the least is asked first."""

    id: int
    kind: str
    code: str
    agent_id: int | None
    agent_name: str
    profile: dict[str, Any]
    place: int
    is_active: bool
    trouble: str
    seen_at: dt.datetime | None
    changed_at: dt.datetime

    @property
    def title(self) -> str:
        """How people call it."""
        return str(self.profile.get("title", self.code))

    def takes(self, method: str) -> bool:
        """Whether card or sbp may be paid through it."""
        return self.kind == BANK and bool(self.profile.get(f"takes_{method}", False))


GATE = """
SELECT g.id, g.kind, g.code, g.agent_id, coalesce(o.short_name, '') AS agent_name, g.profile, g.place,
       g.is_active, g.trouble, g.seen_at, g.changed_at
  FROM card_gates g LEFT JOIN organisations o ON o.id = g.agent_id"""


def gate_of(row: Any) -> CardGate:
    """A gate of a row of GATE."""
    values = dict(row._mapping)
    values["profile"] = parsed(values["profile"])
    return CardGate(**values)


async def gates(session: Session) -> list[CardGate]:
    """All of them, in the order they are asked."""
    found = await session.execute(text(f"{GATE} ORDER BY g.kind, g.place, g.id"))
    return [gate_of(row) for row in found]


async def gate(session: Session, code: str) -> CardGate | None:
    """A gate by its code."""
    row = (await session.execute(text(f"{GATE} WHERE g.code = :code"), {"code": code})).one_or_none()
    return None if row is None else gate_of(row)


async def taking(session: Session, methods: tuple[str, ...]) -> dict[str, CardGate]:
    """The gate a payment by each method goes through now; a method nobody takes is left out."""
    found: dict[str, CardGate] = {}
    for one in await gates(session):
        for method in methods:
            if one.is_active and one.takes(method):
                found.setdefault(method, one)
    return found


async def add(
    session: Session, kind: str, code: str, agent_id: int | None, profile: dict[str, Any], user_id: int | None
) -> bool:
    """Make a gate, closed; false when the code is taken."""
    gate_id = await session.scalar(
        text("""
        INSERT INTO card_gates (kind, code, agent_id, profile, is_active, place)
        SELECT CAST(:kind AS text), :code, CAST(:agent AS int), CAST(:profile AS jsonb), false,
               coalesce(max(place), 0) + 1 FROM card_gates WHERE kind = CAST(:kind AS text)
        ON CONFLICT (code) DO NOTHING RETURNING id"""),
        {
            "kind": kind,
            "code": code,
            "agent": agent_id,
            "profile": json.dumps(profile, ensure_ascii=False),
        },
    )
    if gate_id is None:
        return False
    await audit.record(
        session,
        "card_gate_added",
        "card_gate",
        int(gate_id),
        user_id=user_id,
        after={"code": code, **profile},
    )
    return True


async def change(
    session: Session,
    before: CardGate,
    profile: dict[str, Any],
    *,
    place: int,
    is_active: bool,
    user_id: int | None,
) -> None:
    """Keep another profile; the journal has both."""
    await session.execute(
        text("""
        UPDATE card_gates SET profile = CAST(:profile AS jsonb), place = :place, is_active = :is_active,
               changed_at = clock_timestamp() WHERE id = :id"""),
        {
            "profile": json.dumps(profile, ensure_ascii=False),
            "place": place,
            "is_active": is_active,
            "id": before.id,
        },
    )
    await audit.record(
        session,
        "card_gate_changed",
        "card_gate",
        before.id,
        user_id=user_id,
        before={"is_active": before.is_active, "place": before.place, **before.profile},
        after={"is_active": is_active, "place": place, **profile},
    )


async def note(session: Session, gate_id: int, trouble: str) -> None:
    """What a worker met; empty when the counterpart answered. For workers."""
    await session.execute(
        text("""
        UPDATE card_gates SET trouble = CAST(:trouble AS text), seen_at = clock_timestamp()
         WHERE id = :id AND (trouble <> CAST(:trouble AS text) OR seen_at IS NULL
           OR seen_at < clock_timestamp() - interval '1 minute')"""),
        {"trouble": trouble, "id": gate_id},
    )
