"""Connections and the unit of work: one transaction a request or a message, committed here and nowhere else.

Two roles use the same database: the owner (workers, migrations, bulk loads) and `paylogic_web`, which is
under row-level security and sees nothing until a scope is applied (storage.scope).
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import asyncpg
from sqlalchemy import text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from storage.scope import Scope, apply

Kind = Literal["worker", "web"]

SOCKET_VARIABLE = "PAYLOGIC_DATABASE_SOCKET"
LOCAL_HOSTS = ("127.0.0.1", "localhost")

POOL_MAX = {"worker": 4, "web": 10}  # a worker does one thing at a time; a page takes one connection
POOL_OVERFLOW = {"worker": 4, "web": 10}
POOL_WAIT_S = 10
STATEMENT_LIMIT_MS = {"worker": 0, "web": 15_000}  # a page that needs longer must become a job
LOCK_LIMIT_MS = {"worker": 60_000, "web": 5_000}
IDLE_LIMIT_MS = 60_000  # a forgotten transaction must not hold back vacuum


class Database:
    """An engine for one role. `transaction` is the unit of work, `reading` the same without the right to
    write.
    """

    def __init__(self, url: str, kind: Kind = "worker", pool_max: int | None = None) -> None:
        self.url = url
        self.kind: Kind = kind
        self.engine: AsyncEngine = create_async_engine(
            sqlalchemy_url(url),
            pool_size=pool_max or POOL_MAX[kind],
            max_overflow=0 if pool_max else POOL_OVERFLOW[kind],
            pool_timeout=POOL_WAIT_S,
            pool_pre_ping=True,
            connect_args={"server_settings": server_settings(kind), "timeout": POOL_WAIT_S},
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False, autoflush=False)

    @asynccontextmanager
    async def transaction(self, scope: Scope | None = None) -> AsyncIterator[AsyncSession]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        async with self._sessions() as session, session.begin():
            if scope is not None:
                await apply(session, scope)
            yield session

    @asynccontextmanager
    async def reading(self, scope: Scope | None = None) -> AsyncIterator[AsyncSession]:
        """The same, read only and of one moment: a write through it is refused by PostgreSQL, and all its
        queries see one snapshot, so parts of a page never speak of different states.
        """
        async with self._sessions() as session, session.begin():
            await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            if scope is not None:
                await apply(session, scope)
            yield session

    async def is_alive(self) -> bool:
        """Whether PostgreSQL answers; for health pages, never raises for a lost connection."""
        try:
            async with self.engine.connect() as connection:
                return bool((await connection.execute(text("SELECT true"))).scalar_one())
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        except Exception as error:
            if is_disconnect(error):
                return False
            raise

    async def close(self) -> None:
        await self.engine.dispose()


AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
)


def is_disconnect(error: BaseException) -> bool:
    """Whether the error says that PostgreSQL went away or did not answer, so that trying again is right."""
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.exc import TimeoutError as PoolTimeout

    if isinstance(error, DBAPIError):
        reasons = (error.orig, error.orig.__cause__ if error.orig else None)
        return error.connection_invalidated or any(isinstance(one, AWAY) for one in reasons)
    return isinstance(error, (PoolTimeout, *AWAY))


def is_unstorable(error: BaseException) -> bool:
    """Whether the error says that a value can be in no column: a number too large or a character of code 0.

    Such values come from addresses made up by hand, so they are not failures of ours.
    """
    from sqlalchemy.exc import DBAPIError

    cause = error.orig.__cause__ if isinstance(error, DBAPIError) and error.orig is not None else None
    if isinstance(cause, asyncpg.CharacterNotInRepertoireError):
        return True
    return isinstance(cause, asyncpg.DataError) and isinstance(cause.__cause__, OverflowError)


def server_settings(kind: Kind) -> dict[str, str]:
    """Limits of a connection; every wait has one."""
    return {
        "application_name": f"paylogic-{kind}",
        "timezone": "UTC",
        "jit": "off",
        "statement_timeout": str(STATEMENT_LIMIT_MS[kind]),
        "lock_timeout": str(LOCK_LIMIT_MS[kind]),
        "idle_in_transaction_session_timeout": str(IDLE_LIMIT_MS),
    }


def sqlalchemy_url(url: str) -> URL:
    """`postgresql://…` as people write it → the same for SQLAlchemy over asyncpg (sslmode becomes ssl)."""
    parsed = make_url(url).set(drivername="postgresql+asyncpg")
    mode = parsed.query.get("sslmode")
    if mode is not None:
        parsed = parsed.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
    return parsed


async def connect(url: str, kind: Kind = "worker", **options: Any) -> asyncpg.Connection[asyncpg.Record]:
    """A bare asyncpg connection: for COPY and LISTEN, which do not fit a session.

    Goes by the Unix socket of the server when it is on this machine: a row costs a sixth less than by TCP.
    """
    folder = socket_of(url)
    if folder is not None:
        options = {"host": folder, "port": make_url(url).port, **options}
    return await asyncpg.connect(url, server_settings=server_settings(kind), timeout=POOL_WAIT_S, **options)


def socket_of(url: str) -> str | None:
    """Folder of the server's Unix socket, when this process was told one and the server of `url` is in it."""
    folder, parsed = os.environ.get(SOCKET_VARIABLE), make_url(url)
    if not folder or parsed.host not in LOCAL_HOSTS:
        return None
    return folder if os.path.exists(f"{folder}/.s.PGSQL.{parsed.port or 5432}") else None
