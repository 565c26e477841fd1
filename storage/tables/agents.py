"""Where agents call: a gate with its dialect as data and the digest of its secret."""

from __future__ import annotations

from sqlalchemy import Boolean, ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Id, Recorded, Words


class AgentGate(Base):
    """An address of an agent; profile is gateways.agents.profile.Profile."""

    __tablename__ = "agent_gates"
    __table_args__ = (Index("uq_agent_gates_code", "code", unique=True),)

    id: Mapped[Id]
    agent_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    code: Mapped[Words]
    profile: Mapped[dict[str, object]] = mapped_column(JSONB)
    login: Mapped[str | None] = mapped_column(Text)
    secret_hash: Mapped[str | None] = mapped_column(Text)
    is_active: Mapped[bool] = mapped_column(Boolean)
    recorded_at: Mapped[Recorded]
    changed_at: Mapped[Recorded]
