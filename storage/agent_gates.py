"""Gates of agents: an address, a profile of data, a name and a secret of which only the digest is kept."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from storage import audit
from storage.jsonb import parsed
from storage.session import Session

SECRET_BYTES = 24  # 192 bits: a digest without a slow function is enough for what nobody chose


@dataclass(frozen=True, slots=True)
class Gate:
    """Where one agent calls. secret_hash None: no name and secret are asked for."""

    id: int
    agent_id: int
    agent_name: str
    code: str
    profile: dict[str, Any]
    login: str | None
    secret_hash: str | None
    is_active: bool
    changed_at: dt.datetime

    def knows(self, login: str, secret: str) -> bool:
        """Whether these are the agent's name and secret."""
        if self.login is None or self.secret_hash is None:
            return False
        same_login = hmac.compare_digest(login.encode(), self.login.encode())
        return hmac.compare_digest(digest(secret), self.secret_hash) and same_login


GATE = """
SELECT g.id, g.agent_id, o.short_name AS agent_name, g.code, g.profile, g.login, g.secret_hash, g.is_active,
       g.changed_at
  FROM agent_gates g JOIN organisations o ON o.id = g.agent_id"""


def digest(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


async def gate(session: Session, code: str) -> Gate | None:
    """A gate by the code in its address."""
    row = (await session.execute(text(f"{GATE} WHERE g.code = :code"), {"code": code})).one_or_none()
    return None if row is None else _gate(row)


async def gates(session: Session) -> list[Gate]:
    """All gates by agent."""
    found = await session.execute(text(f"{GATE} ORDER BY o.short_name, g.code"))
    return [_gate(row) for row in found]


def _gate(row: Any) -> Gate:
    values = dict(row._mapping)
    values["profile"] = parsed(values["profile"])
    return Gate(**values)


async def add_gate(
    session: Session, agent_id: int, code: str, profile: dict[str, Any], user_id: int | None
) -> bool:
    """Make a gate, closed and without a secret; false when the code is taken."""
    gate_id = await session.scalar(
        text("""
        INSERT INTO agent_gates (agent_id, code, profile, is_active)
        VALUES (:agent_id, :code, CAST(:profile AS jsonb), false)
        ON CONFLICT (code) DO NOTHING RETURNING id"""),
        {"agent_id": agent_id, "code": code, "profile": json.dumps(profile, ensure_ascii=False)},
    )
    if gate_id is None:
        return False
    await audit.record(
        session, "gate_added", "agent_gate", int(gate_id), user_id=user_id, after={"code": code, **profile}
    )
    return True


async def change_gate(
    session: Session, before: Gate, profile: dict[str, Any], is_active: bool, user_id: int
) -> None:
    """Keep another profile; the journal has both."""
    await session.execute(
        text("""
        UPDATE agent_gates SET profile = CAST(:profile AS jsonb), is_active = :is_active,
               changed_at = clock_timestamp() WHERE id = :id"""),
        {"profile": json.dumps(profile, ensure_ascii=False), "is_active": is_active, "id": before.id},
    )
    await audit.record(
        session,
        "gate_changed",
        "agent_gate",
        before.id,
        user_id=user_id,
        before={"is_active": before.is_active, **before.profile},
        after={"is_active": is_active, **profile},
    )


async def new_secret(session: Session, gate: Gate, user_id: int | None) -> tuple[str, str]:
    """A new name and secret of a gate: the secret is shown once, the old one stops at once."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    login = gate.login or gate.code
    await session.execute(
        text("""
        UPDATE agent_gates SET login = :login, secret_hash = :hash, changed_at = clock_timestamp()
         WHERE id = :id"""),
        {"login": login, "hash": digest(secret), "id": gate.id},
    )
    await audit.record(session, "gate_secret_changed", "agent_gate", gate.id, user_id=user_id)
    return login, secret
