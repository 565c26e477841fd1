"""Users and their sessions: signing in with throttling, server-side sessions, what a user may see.

A session cookie holds a random token; the table holds its SHA-256, so a copy of the table opens nothing.
Before somebody is known only three functions of the database may be asked (credentials, failures, session).
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from storage.scope import SEES_ALL, Scope, apply
from storage.tables.users import ROLES

FAILURES_MAX = 5  # wrong passwords of one login in a row, then FAILURES_WINDOW of rest
FAILURES_BY_IP_MAX = 60  # an office or a provider's NAT shares an address, so the limit is wide
FAILURES_WINDOW = dt.timedelta(minutes=15)
LIFETIME = {"resident": dt.timedelta(days=30)}
LIFETIME_STAFF = dt.timedelta(hours=12)
IDLE_STAFF = dt.timedelta(hours=2)
TOUCH_AFTER = dt.timedelta(minutes=5)  # seen_at is not written at every request
PASSWORD_LENGTH_MIN = 8
PASSWORD_LENGTH_MAX = 200

WRONG = "Логин или пароль не подошли. Проверьте раскладку клавиатуры и цифры на квитанции."
TIRED = "Слишком много попыток. Подождите {minutes} мин. и попробуйте снова."

_hasher = PasswordHasher()  # argon2id with the library's defaults
_NOBODY = _hasher.hash(secrets.token_urlsafe(16))  # the same work for a login that does not exist


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a sign-in or a change of password was refused; `code`: wrong, tired, weak."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session just made: the token goes to the cookie and is known to nobody else."""

    token: str
    csrf: str
    user_id: int
    role: str
    must_change_password: bool
    expires_at: dt.datetime


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is behind a request, and the scope of rows to be applied to its transactions."""

    user_id: int
    login: str
    role: str
    full_name: str
    organisation_id: int | None
    organisation_name: str
    must_change_password: bool
    single_keys: bool
    csrf: str
    token_hash: str
    seen_at: dt.datetime
    open_period: dt.date | None
    scope: Scope

    def is_due_for_touch(self, now: dt.datetime) -> bool:
        return now - self.seen_at > TOUCH_AFTER


async def hash_password(password: str) -> str:
    """argon2id, in a thread: it takes tens of milliseconds on purpose."""
    return await asyncio.to_thread(_hasher.hash, password)


async def matches(password_hash: str, password: str) -> bool:
    """Whether the password is the one hashed."""

    def check() -> bool:
        try:
            return _hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    return await asyncio.to_thread(check)


def token_hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def login_form(login: str) -> str:
    """Logins are compared without case and outer spaces; an account number may be typed with inner ones."""
    return "".join(login.split()).lower()


async def sign_in(
    session: AsyncSession, login: str, password: str, ip: str, now: dt.datetime
) -> NewSession | Refusal:
    """Open a session, or refuse: the same words and the same time for an unknown login and a wrong password.

    The attempt is recorded in this transaction, so do not raise after a Refusal.
    """
    login = login_form(login)
    tired = await _tired(session, login, ip, now)
    if tired is not None:
        return tired
    found = (
        await session.execute(
            text("SELECT id, password_hash, role, is_active FROM paylogic_credentials(:login)"),
            {"login": login},
        )
    ).one_or_none()
    is_right = await matches(found.password_hash if found else _NOBODY, password[:PASSWORD_LENGTH_MAX])
    succeeded = bool(found and found.is_active and is_right)
    await session.execute(
        text(
            "INSERT INTO sign_in_attempts (login, ip, succeeded, recorded_at) "
            "VALUES (:login, :ip, :succeeded, :now)"
        ),
        {"login": login, "ip": ip, "succeeded": succeeded, "now": now},
    )
    if found is None or not succeeded:
        return Refusal("wrong", WRONG)
    await apply(session, Scope(user_id=found.id, role=found.role))
    return await _open(session, found.id, found.role, ip, now)


async def _tired(session: AsyncSession, login: str, ip: str, now: dt.datetime) -> Refusal | None:
    failures = (
        await session.execute(
            text("SELECT by_login, by_ip, last_at FROM paylogic_failures(:login, :ip, :since)"),
            {"login": login, "ip": ip, "since": now - FAILURES_WINDOW},
        )
    ).one()
    if failures.by_login < FAILURES_MAX and failures.by_ip < FAILURES_BY_IP_MAX:
        return None
    left = failures.last_at + FAILURES_WINDOW - now
    return Refusal("tired", TIRED.format(minutes=max(1, -(-int(left.total_seconds()) // 60))))


async def _open(session: AsyncSession, user_id: int, role: str, ip: str, now: dt.datetime) -> NewSession:
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    expires_at = now + LIFETIME.get(role, LIFETIME_STAFF)
    await session.execute(
        text(
            "INSERT INTO user_sessions (token_hash, user_id, csrf, ip, created_at, seen_at, expires_at) "
            "VALUES (:token_hash, :user_id, :csrf, :ip, :now, :now, :expires_at)"
        ),
        {
            "token_hash": token_hash_of(token),
            "user_id": user_id,
            "csrf": csrf,
            "ip": ip,
            "now": now,
            "expires_at": expires_at,
        },
    )
    must_change = await session.scalar(
        text("SELECT must_change_password FROM users WHERE id = :id"), {"id": user_id}
    )
    return NewSession(token, csrf, user_id, role, bool(must_change), expires_at)


async def session_of(session: AsyncSession, token: str, now: dt.datetime) -> SignedIn | None:
    """The person of a cookie, or None when the session ended, ran out, or the user was switched off. One
    query.
    """
    token_hash = token_hash_of(token)
    row = (
        await session.execute(text("SELECT * FROM paylogic_session(:token)"), {"token": token_hash})
    ).one_or_none()
    if row is None or row.expires_at <= now:
        return None
    if row.role not in LIFETIME and now - row.seen_at > IDLE_STAFF:
        return None
    return SignedIn(
        user_id=row.user_id,
        login=row.login,
        role=row.role,
        full_name=row.full_name,
        organisation_id=row.organisation_id,
        organisation_name=row.organisation_name or "",
        must_change_password=row.must_change_password,
        single_keys=row.single_keys,
        csrf=row.csrf,
        token_hash=token_hash,
        seen_at=row.seen_at,
        open_period=row.open_period,
        scope=scope_of(
            row.role, row.user_id, row.organisation_id, row.dispatched, row.accounts, row.flats, row.houses
        ),
    )


def scope_of(
    role: str,
    user_id: int,
    organisation_id: int | None,
    dispatched: Sequence[int] = (),
    accounts: Sequence[int] = (),
    flats: Sequence[int] = (),
    houses: Sequence[int] = (),
) -> Scope:
    """What a role sees (storage.scope says what each field opens). A role not named here sees reference
    data only.
    """
    assert role in ROLES, f"unknown role {role}"
    own = () if organisation_id is None else (organisation_id,)
    return Scope(
        user_id=user_id,
        role=role,
        organisation_id=None if role == "resident" else organisation_id,  # serves them, is not theirs
        everything=role in SEES_ALL,
        company_ids=own if role == "company" else (),
        dispatch_ids=tuple(dispatched) if role == "dispatcher" else (),
        supplier_id=organisation_id if role == "supplier" else None,
        agent_id=organisation_id if role == "agent" else None,
        account_ids=tuple(accounts) if role == "resident" else (),
        flat_ids=tuple(flats) if role == "resident" else (),
        house_ids=tuple(houses) if role == "resident" else (),
    )


async def touch(session: AsyncSession, token_hash: str, now: dt.datetime) -> None:
    """Note that the session is alive; call when SignedIn.is_due_for_touch."""
    await session.execute(
        text("UPDATE user_sessions SET seen_at = :now WHERE token_hash = :token_hash"),
        {"now": now, "token_hash": token_hash},
    )


async def sign_out(session: AsyncSession, token_hash: str, now: dt.datetime) -> None:
    """End one session; under the scope of its user."""
    await session.execute(
        text("UPDATE user_sessions SET ended_at = :now WHERE token_hash = :token_hash AND ended_at IS NULL"),
        {"now": now, "token_hash": token_hash},
    )


async def change_password(
    session: AsyncSession, user: SignedIn, old: str, new: str, now: dt.datetime
) -> Refusal | None:
    """Set a new password and end every other session of this user."""
    if len(new) < PASSWORD_LENGTH_MIN:
        return Refusal("weak", f"Пароль короче {PASSWORD_LENGTH_MIN} знаков. Придумайте длиннее.")
    if len(new) > PASSWORD_LENGTH_MAX:
        return Refusal("weak", f"Пароль длиннее {PASSWORD_LENGTH_MAX} знаков. Сделайте короче.")
    if new == old:
        return Refusal("weak", "Новый пароль совпадает с прежним. Придумайте другой.")
    known = await session.scalar(text("SELECT password_hash FROM users WHERE id = :id"), {"id": user.user_id})
    if known is None or not await matches(known, old[:PASSWORD_LENGTH_MAX]):
        return Refusal("wrong", "Прежний пароль не подошёл. Проверьте раскладку клавиатуры.")
    await session.execute(
        text("UPDATE users SET password_hash = :hash, must_change_password = false WHERE id = :id"),
        {"hash": await hash_password(new), "id": user.user_id},
    )
    await session.execute(
        text(
            "UPDATE user_sessions SET ended_at = :now "
            "WHERE user_id = :id AND token_hash <> :token_hash AND ended_at IS NULL"
        ),
        {"now": now, "id": user.user_id, "token_hash": user.token_hash},
    )
    return None


async def create_user(
    session: AsyncSession,
    *,
    login: str,
    password: str,
    role: str,
    full_name: str,
    organisation_id: int | None = None,
    account_ids: Sequence[int] = (),
    must_change_password: bool = True,
) -> int:
    """A new user; a resident gets accounts. Raises LoginTaken when the login is somebody's already."""
    assert role in ROLES, f"unknown role {role}"
    values = {
        "login": login_form(login),
        "hash": await hash_password(password),
        "role": role,
        "full_name": full_name,
        "organisation_id": organisation_id,
        "must_change": must_change_password,
    }
    user_id = await session.scalar(
        text(
            "INSERT INTO users (login, password_hash, role, full_name, organisation_id, "
            "must_change_password) "
            "VALUES (:login, :hash, :role, :full_name, :organisation_id, :must_change) "
            "ON CONFLICT (login) DO NOTHING RETURNING id"
        ),
        values,
    )
    if user_id is None:
        raise LoginTaken(values["login"])
    if account_ids:
        await session.execute(
            text(
                "INSERT INTO user_accounts (user_id, account_id) "
                "SELECT :user_id, unnest(CAST(:account_ids AS int[]))"
            ),
            {"user_id": user_id, "account_ids": list(account_ids)},
        )
    return int(user_id)


class LoginTaken(ValueError):
    """The login belongs to another user."""

    def __init__(self, login: object) -> None:
        super().__init__(f"Логин «{login}» занят. Придумайте другой.")
