"""Brings a database to the schema of this code: role of the web, alembic migrations, then rights and
policies.

Safe to call at every start and from several processes at once: an advisory lock of the database lets one
work and
the others find nothing to do. A lock held by somebody else is not waited for longer than LOCK_LIMIT_MS.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

import storage.tables  # noqa: F401  (fills Base.metadata)
from storage.base import Base
from storage.engine import server_settings, sqlalchemy_url
from storage.rights import apply_rights
from storage.scope import WEB_ROLE

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK_LIMIT_MS = 10_000
ADVISORY_LOCK = 7_120_354  # any number, the same in every process
ROLE_ATTEMPTS = 10  # other databases of the cluster may be migrated at this moment
ROLE_PAUSE_S = 0.1

_one_at_a_time = asyncio.Lock()  # alembic keeps its context in module globals


async def upgrade(database_url: str, web_password: str | None = None) -> None:
    """Migrate to head. web_password becomes the password of role paylogic_web; None leaves the role's as it
    is.

    database_url is the owner's; the owner needs CREATEROLE only while the role does not exist.
    """
    engine = create_async_engine(
        sqlalchemy_url(database_url),
        poolclass=NullPool,
        connect_args={
            "server_settings": {**server_settings("worker"), "application_name": "paylogic-migrate"}
        },
    )
    try:
        for attempt in range(ROLE_ATTEMPTS):
            try:
                async with engine.begin() as connection:
                    await connection.run_sync(_ensure_role, web_password)
                break
            except DBAPIError:
                if attempt == ROLE_ATTEMPTS - 1:
                    raise
                await asyncio.sleep(ROLE_PAUSE_S * (attempt + 1))
        async with _one_at_a_time, engine.begin() as connection:
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _ensure_role(connection: Connection, password: str | None) -> None:
    exists = connection.scalar(text("SELECT true FROM pg_roles WHERE rolname = :name"), {"name": WEB_ROLE})
    if not exists:
        connection.exec_driver_sql(
            f"CREATE ROLE {WEB_ROLE} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS"
        )
    if password is not None:
        quoted = connection.scalar(
            text("SELECT quote_literal(CAST(:password AS text))"), {"password": password}
        )
        connection.exec_driver_sql(f"ALTER ROLE {WEB_ROLE} PASSWORD {quoted}")


def _upgrade(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
    connection.execute(text("SELECT set_config('lock_timeout', :limit, true)"), {"limit": str(LOCK_LIMIT_MS)})
    command.upgrade(config(connection), "head")
    apply_rights(connection)


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, without a file: the migrations travel with the package."""
    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS))
    if connection is not None:
        made.attributes["connection"] = connection
    return made


def differences(connection: Connection) -> list[object]:
    """What a migration would still have to change for the database to equal the models (partitions aside)."""
    context = MigrationContext.configure(
        connection, opts={"include_object": is_ours, "compare_type": True, "compare_server_default": True}
    )
    return list(compare_metadata(context, Base.metadata))


def is_ours(_object: object, name: str | None, kind: str, reflected: bool, _other: object) -> bool:
    """Partitions are made at run time and belong to no migration."""
    return not (kind == "table" and reflected and name not in Base.metadata.tables)
