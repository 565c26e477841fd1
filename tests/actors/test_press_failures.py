"""A print run that meets kill -9, a full disk and a missing font goes on to the same digest."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from actors.local import LocalCrew
from actors.press import press_until_idle
from cluster.stack import OWNER_ROLE
from receipts import faces as faces_
from storage import press_pages
from storage.engine import Database
from storage.press_orders import START, obey, resume_press
from storage.press_pages import PressHead
from tests.actors.test_press import CHOICE, make_city, printed
from tests.support.services import Services, TestDatabase

WAIT_S_MAX = 120.0
SMALL_KB = 320  # room for the empty table and a page or two of volumes
WORKER = """
import asyncio, sys
from actors.local import LocalCrew
from actors.press import press_until_idle
asyncio.run(press_until_idle(sys.argv[1], LocalCrew(sys.argv[1])))
"""


@pytest.fixture(scope="module")
def city(database: TestDatabase) -> TestDatabase:
    """Two billed months of a small city."""
    asyncio.run(make_city(database.url))
    return database


@pytest.fixture
async def base(city: TestDatabase) -> AsyncIterator[Database]:
    made = Database(city.url, pool_max=3)
    yield made
    await made.close()


def started(url: str) -> subprocess.Popen[bytes]:
    """A worker of its own process."""
    return subprocess.Popen([sys.executable, "-c", WORKER, url], start_new_session=True)


def make_room(place: Path) -> None:
    """The small disk becomes a large one."""
    subprocess.run(["mount", "-o", "remount,size=200m", str(place)], check=True)


async def head_of(base: Database, run_id: int) -> PressHead:
    async with base.reading() as session:
        head = await press_pages.press_head(session, run_id)
    assert head is not None
    return head


async def quiet(base: Database) -> tuple[int, str]:
    """A run nobody disturbs and its digest; then all it made is forgotten, so that it begins again."""
    run_id = await printed(base, CHOICE)
    digest = (await head_of(base, run_id)).digest
    assert digest is not None
    async with base.transaction() as session:
        for statement in (
            "DELETE FROM press_receipts WHERE run_id = :id",
            "DELETE FROM press_volumes WHERE run_id = :id",
            "UPDATE press_blocks SET state = 'planned', attempts = 0, done_at = NULL WHERE run_id = :id",
            "UPDATE press_runs SET state = 'printing', digest = NULL, finished_at = NULL WHERE id = :id",
        ):
            await session.execute(text(statement), {"id": run_id})
    return run_id, digest


async def pressed(base: Database) -> None:
    """A new process renders what is left."""
    crew = LocalCrew(base.url)
    try:
        await press_until_idle(base.url, crew)
    finally:
        await crew.close()


async def gone_on(base: Database, run_id: int) -> PressHead:
    """A person presses «Продолжить»."""
    async with base.transaction() as session:
        await resume_press(session, run_id)
    async with base.transaction() as session:
        await obey(session, START, {"press_run_id": run_id})
    await pressed(base)
    return await head_of(base, run_id)


async def failures(base: Database, run_id: int) -> set[str]:
    async with base.reading() as session:
        return {one.error for one in await press_pages.failed_blocks(session, run_id)}


WRITING = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'COPY%press_receipts%'
"""


async def test_kill_9_between_volumes_and_receipts_keeps_nothing_of_the_block_and_all_comes_again(
    base: Database,
) -> None:
    run_id, digest = await quiet(base)

    async with base.transaction() as gate:  # the volumes of a block are written, its receipts cannot be
        await gate.execute(text("LOCK TABLE press_receipts IN SHARE MODE"))
        worker = started(base.url)
        try:
            async with asyncio.timeout(WAIT_S_MAX):
                while not await _count(base, WRITING):
                    assert worker.poll() is None, "the worker ended by itself"
                    await asyncio.sleep(0.05)
        finally:
            os.kill(worker.pid, signal.SIGKILL)
            worker.wait()
    async with asyncio.timeout(WAIT_S_MAX):
        while await _count(base, WRITING):  # noqa: ASYNC110 - the server notices the lost client by itself
            await asyncio.sleep(0.05)
    kept = await _count(base, f"SELECT count(*) FROM press_volumes WHERE run_id = {run_id:d}")
    await pressed(base)

    assert kept == 0
    assert await head_of(base, run_id) is not None
    assert ((await head_of(base, run_id)).state, (await head_of(base, run_id)).digest) == ("done", digest)


async def _count(base: Database, statement: str) -> int:
    async with base.reading() as session:
        return int(await session.scalar(text(statement)) or 0)


async def test_without_a_font_the_run_says_so_and_goes_on_when_it_is_back(
    base: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run_id, digest = await quiet(base)
    with monkeypatch.context() as missing:
        missing.setattr(faces_, "FONTS", tmp_path)
        faces_.faces.cache_clear()
        await pressed(base)
        failed, words = await head_of(base, run_id), await failures(base, run_id)
    faces_.faces.cache_clear()

    done = await gone_on(base, run_id)

    assert failed.state == "failed"
    assert "нажмите «Продолжить»" in (failed.error or "")
    assert {one[:16] for one in words} == {"Не найден шрифт "}
    assert (done.state, done.digest) == ("done", digest)


@pytest.fixture
def small_disk(services: Services, city: TestDatabase) -> Iterator[Path]:
    """A disk of some hundreds of kilobytes under the table of volumes."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root may mount a small disk")
    place = Path(tempfile.mkdtemp(prefix="paylogic-small-", dir="/tmp"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SMALL_KB}k,mode=0755", "paylogic-small", str(place)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode != 0:
        place.rmdir()
        pytest.skip("no small disk here")
    space = place / "space"
    space.mkdir(mode=0o700)
    if services.postgres.owner is not None:
        os.chown(space, services.postgres.owner.uid, services.postgres.owner.gid)
        place.chmod(0o755)
    services.postgres.sql(f"CREATE TABLESPACE small LOCATION '{space}'")
    services.postgres.sql(f"GRANT CREATE ON TABLESPACE small TO {OWNER_ROLE}")
    yield place
    services.postgres.sql("ALTER TABLE press_volumes SET TABLESPACE pg_default", city.name)
    services.postgres.sql("DROP TABLESPACE small")
    subprocess.run(["umount", "--lazy", str(place)], check=False)
    shutil.rmtree(place, ignore_errors=True)


async def test_a_full_disk_fails_the_run_in_words_and_with_room_it_comes_to_the_same_digest(
    base: Database, small_disk: Path
) -> None:
    run_id, digest = await quiet(base)
    async with base.transaction() as session:
        await session.execute(text("TRUNCATE press_volumes"))
        await session.execute(text("ALTER TABLE press_volumes SET TABLESPACE small"))

    await pressed(base)
    failed, words = await head_of(base, run_id), await failures(base, run_id)
    receipts = await _count(base, f"SELECT count(*) FROM press_receipts WHERE run_id = {run_id:d}")
    volumes = await _count(
        base, f"SELECT coalesce(sum(receipts_count), 0) FROM press_volumes WHERE run_id = {run_id:d}"
    )
    make_room(small_disk)
    done = await gone_on(base, run_id)

    assert failed.state == "failed"
    assert {one.partition(",")[0] for one in words} == {"На диске базы данных кончилось место"}
    assert receipts >= volumes  # a receipt has a place only where its volume is kept
    assert (done.state, done.digest) == ("done", digest)
