"""Migrations make exactly what the models say, as often as asked, in several databases of one cluster at
once.
"""

import asyncio
import secrets
import sys

import pytest
from sqlalchemy import text

from cluster.stack import OWNER_ROLE
from storage.base import Base
from storage.engine import Database
from storage.migrate import differences, upgrade
from storage.rights import FUNCTIONS, ORDER
from storage.scope import POLICIES, WORKERS_ONLY
from tests.support.services import Services, TestDatabase


async def test_migrations_match_models(db: Database) -> None:
    async with db.engine.connect() as connection:
        found = await connection.run_sync(differences)

    assert found == []


async def test_difference_would_be_seen(db: Database) -> None:
    async with db.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE streets DROP COLUMN search_name"))
    async with db.engine.connect() as connection:
        found = await connection.run_sync(differences)

    assert "search_name" in repr(found)


async def test_upgrade_twice_changes_nothing(fresh_database: TestDatabase, db: Database) -> None:
    async def state() -> list[tuple[str, ...]]:
        async with db.engine.connect() as connection:
            rows = await connection.execute(
                text(
                    "SELECT 'policy', polrelid::regclass || polname, xmin::text FROM pg_policy "
                    "UNION ALL SELECT 'version', version_num, xmin::text FROM alembic_version ORDER BY 1, 2"
                )
            )
            return [tuple(row) for row in rows]

    before = await state()
    await upgrade(fresh_database.url)

    assert len(before) > len(POLICIES)
    assert await state() == before


def test_every_file_of_functions_is_written() -> None:
    assert sorted(ORDER) == sorted(path.stem for path in FUNCTIONS.iterdir())


async def test_databases_of_one_cluster_are_migrated_together(services: Services) -> None:
    names = [f"together_{secrets.token_hex(4)}" for _ in range(2)]
    for name in names:
        services.postgres.sql(f"CREATE DATABASE {name} OWNER {OWNER_ROLE}")
    urls = [services.stack.database_url.rpartition("/")[0] + "/" + name for name in names]
    code = "import asyncio, sys; from storage.migrate import upgrade; asyncio.run(upgrade(sys.argv[1]))"

    started = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", code, url)
        for url in urls
        for _ in range(2)
    ]

    assert [await process.wait() for process in started] == [0] * len(started)
    for url in urls:
        made = Database(url)
        async with made.engine.connect() as connection:
            assert await connection.run_sync(differences) == []
        await made.close()
    for name in names:
        services.drop_database(name)


async def test_role_and_its_password_are_made_when_absent(services: Services) -> None:
    name = f"role_{secrets.token_hex(4)}"
    services.postgres.sql(f"CREATE DATABASE {name}")
    url = services.stack.admin_database_url.rpartition("/")[0] + "/" + name
    kept = services.stack.kept.password_web

    await upgrade(url, kept)  # the password of the session's own role, set again

    pages = Database(url.replace(url.split("://")[1].split("@")[0], f"paylogic_web:{kept}"), "web")
    async with pages.reading() as session:
        assert await session.scalar(text("SELECT current_user")) == "paylogic_web"
    await pages.close()
    services.drop_database(name)


async def test_web_role_owns_nothing_and_bypasses_nothing(db: Database) -> None:
    async with db.engine.connect() as connection:
        role = (
            await connection.execute(
                text(
                    "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles "
                    "WHERE rolname = 'paylogic_web'"
                )
            )
        ).one()
        owned = await connection.scalar(
            text("SELECT count(*) FROM pg_class WHERE relowner = 'paylogic_web'::regrole")
        )
        deletes = await connection.scalar(
            text(
                "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p') "
                "AND relnamespace = 'public'::regnamespace "
                "AND has_table_privilege('paylogic_web', oid, 'DELETE, TRUNCATE')"
            )
        )

    assert tuple(role) == (False, False, False, False)
    assert (owned, deletes) == (0, 0)


async def test_partitions_give_the_web_no_rights(db: Database, web: Database) -> None:
    async with db.transaction() as session:
        part = await session.scalar(text("SELECT ensure_reading_partition('2026-10-15')"))
        again = await session.scalar(text("SELECT ensure_reading_partition('2026-10-01')"))

    assert part == again == "readings_2026_10"
    with pytest.raises(Exception, match="permission denied for table readings_2026_10"):
        async with web.reading() as session:
            await session.execute(text("SELECT count(*) FROM readings_2026_10"))


def test_every_table_has_a_policy_or_is_for_workers() -> None:
    assert set(Base.metadata.tables) == set(POLICIES) | WORKERS_ONLY
    assert not set(POLICIES) & WORKERS_ONLY
