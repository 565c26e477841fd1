"""Organisations a form chooses from, by kind."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from storage.session import Session


@dataclass(frozen=True, slots=True)
class Named:
    """An organisation as a choice."""

    id: int
    name: str


async def agents(session: Session) -> list[Named]:
    """Agents and banks that take payments."""
    return await _of(session, "agent")


async def companies(session: Session) -> list[Named]:
    """Companies that manage houses."""
    return await _of(session, "company")


async def _of(session: Session, kind: str) -> list[Named]:
    found = await session.execute(
        text("SELECT id, short_name AS name FROM organisations WHERE kind = :kind ORDER BY short_name"),
        {"kind": kind},
    )
    return [Named(**row._mapping) for row in found]


async def centre_name(session: Session) -> str:
    """The settlement centre as papers name it."""
    found = await session.scalar(
        text("SELECT name FROM organisations WHERE kind = 'centre' ORDER BY id LIMIT 1")
    )
    return str(found or "")
