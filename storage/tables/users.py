"""Users, roles, server-side sessions, sign-in throttling."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Index, Integer, SmallInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Id, Recorded, Words

ROLES = ("admin", "centre", "publisher", "company", "dispatcher", "supplier", "social", "agent", "resident")


class User(Base):
    """Who signs in. Staff belong to an organisation; a resident has accounts through user_accounts."""

    __tablename__ = "users"
    __table_args__ = (CheckConstraint(f"role IN {ROLES}", name="role"),)

    id: Mapped[Id]
    login: Mapped[str] = mapped_column(Text, unique=True)
    password_hash: Mapped[Words]
    role: Mapped[Words]
    full_name: Mapped[Words]
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    is_active: Mapped[bool] = mapped_column(Boolean, server_default="true")
    must_change_password: Mapped[bool] = mapped_column(Boolean, server_default="false")
    single_keys: Mapped[bool] = mapped_column(Boolean, server_default="true")
    recorded_at: Mapped[Recorded]


class UserAccount(Base):
    """Which accounts a resident sees in the cabinet, by which ground."""

    __tablename__ = "user_accounts"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    recorded_at: Mapped[Recorded]


class UserSession(Base):
    """A server-side session: the cookie holds a random token, the table its SHA-256."""

    __tablename__ = "user_sessions"
    __table_args__ = (Index("ix_user_sessions_user_id", "user_id"),)

    token_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    csrf: Mapped[Words]
    ip: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Recorded]
    seen_at: Mapped[Recorded]
    expires_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]


class SignInAttempt(Base):
    """Failed and good sign-ins, for throttling by login and by address."""

    __tablename__ = "sign_in_attempts"
    __table_args__ = (Index("ix_sign_in_attempts_login", "login", "recorded_at"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    login: Mapped[Words]
    ip: Mapped[Words]
    succeeded: Mapped[bool] = mapped_column(Boolean)
    recorded_at: Mapped[Recorded]


class UserFilter(Base):
    """The last filters of a person for a page, offered as «Как в прошлый раз»."""

    __tablename__ = "user_filters"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    page: Mapped[str] = mapped_column(Text, primary_key=True)
    query: Mapped[Words]
    position: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    organisation_id: Mapped[int | None] = mapped_column(Integer)
