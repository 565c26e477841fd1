"""The way of a command and of a reading through the whole process: rows → outbox → NATS → orders, intake →
rows.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from actors.command import run_and_wait
from actors.local import LocalCrew
from actors.relay import Relay
from actors.serve import Service
from billing.period import Period
from gateways.bus import Bus, Outgoing
from storage import inbox, outbox
from storage.engine import Database
from storage.preview import preview_account
from storage.reading_inbox import SUBJECT, payload_of
from storage.runs import RunRefused
from tests.storage import small_city
from tests.support.services import TestDatabase

PERIOD = Period.parse("2026-10")


@pytest.fixture
async def sql(fresh_database: TestDatabase) -> AsyncIterator[Any]:
    await small_city.build(fresh_database.url)
    opened = await asyncpg.connect(fresh_database.url)
    yield opened
    await opened.close()


@asynccontextmanager
async def serving(url: str, bus: Bus) -> AsyncIterator[Service]:
    """The process of actors with a crew of this very process instead of Ray's."""
    database, crew = Database(url), LocalCrew(url)

    async def make() -> LocalCrew:
        return crew

    service = Service(database, bus, make)
    task = asyncio.create_task(service.run())
    try:
        yield service
    finally:
        service.stop.set()
        await asyncio.wait_for(task, 20)
        await crew.close()
        await database.close()


async def until(check: Callable[[], Awaitable[Any]], limit_s: float = 20.0) -> Any:
    async with asyncio.timeout(limit_s):
        while not (found := await check()):  # noqa: ASYNC110 - rows have no event to wait for
            await asyncio.sleep(0.05)
    return found


async def test_a_command_goes_all_the_way_and_is_published_by_two(
    fresh_database: TestDatabase, bus: Bus, sql: Any
) -> None:
    async with serving(fresh_database.url, bus):
        done = await run_and_wait(fresh_database.url, None, "city", None, publish=True, timeout_s=60)
        again = await run_and_wait(fresh_database.url, PERIOD, "city", None, publish=True, timeout_s=60)

    assert (done.state, done.period, done.kind, done.parked) == ("published", "2026-10", "full", 0)
    assert done.lines > 0
    assert (again.state, again.kind, again.unchanged, again.lines) == ("checked", "difference", True, 0)
    run = await sql.fetchrow("SELECT requested_by, approved_by FROM runs WHERE id = $1", done.run_id)
    assert run["requested_by"] != run["approved_by"]
    logins = await sql.fetch(
        "SELECT login, is_active FROM users WHERE id = ANY ($1) ORDER BY login", list(run)
    )
    assert [tuple(row) for row in logins] == [("paylogic-approve", False), ("paylogic-run", False)]
    audited = await sql.fetch(
        "SELECT action, ground FROM audit WHERE subject_id = $1 ORDER BY id", done.run_id
    )
    assert [row["action"] for row in audited] == [
        "run",
        "request_publication",
        "approve_publication",
        "publish",
    ]
    assert await sql.fetchval("SELECT count(*) FROM outbox WHERE sent_at IS NULL") == 0


async def test_a_refused_scope_comes_back_as_words(fresh_database: TestDatabase, bus: Bus, sql: Any) -> None:
    async with serving(fresh_database.url, bus):
        with pytest.raises(RunRefused, match="не найдено ничего с номером 999"):
            await run_and_wait(fresh_database.url, PERIOD, "house", 999, timeout_s=10)


async def test_nobody_at_work_ends_the_wait_with_words_and_loses_nothing(
    fresh_database: TestDatabase, bus: Bus, sql: Any
) -> None:
    with pytest.raises(RunRefused, match="не потерян"):
        await run_and_wait(fresh_database.url, PERIOD, "city", None, timeout_s=0.3)

    async with serving(fresh_database.url, bus):
        await until(lambda: sql.fetchval("SELECT count(*) FROM runs WHERE state = 'checked'"))


# ---- readings
# ------------------------------------------------------------------------------------------------


async def send(database: Database, key: str, meter_id: int, value_micro: int, **changed: Any) -> None:
    payload = payload_of(meter_id, (value_micro, 0, 0), dt.date(2026, 10, 24), "resident", None, True)
    async with database.transaction() as session:
        await inbox.accept(
            session,
            source="cabinet",
            key=key,
            payload=payload | changed,
            subject=SUBJECT,
            account_id=meter_id,
        )


async def state(sql: Any, key: str) -> str | None:
    found: str = await sql.fetchval("SELECT state FROM inbox WHERE key = $1", key)
    return found if found != "accepted" else None


async def test_a_reading_travels_and_the_next_preview_shows_it(
    fresh_database: TestDatabase, bus: Bus, sql: Any
) -> None:
    """Meter 7 is silent in October: by the average before, by its reading after."""
    database = Database(fresh_database.url)
    before = await preview_account(database, 7)
    start = await sql.fetchval(
        "SELECT value1_micro FROM readings WHERE meter_id = 7 AND period = '2026-09-01' AND superseded_at "
        "IS NULL"
    )
    async with serving(fresh_database.url, bus):
        await send(database, "k1", 7, start + 9_000_000)
        said = await until(lambda: state(sql, "k1"))
        await send(database, "k1", 7, start + 9_000_000)
    after = await preview_account(database, 7)
    await database.close()

    assert said == "processed"
    assert before is not None
    assert after is not None
    water = [preview.lines.service.tolist().index(1) for preview in (before, after)]
    assert before.lines.basis[water[0]] == 4
    assert after.lines.basis[water[1]] == 1
    assert after.lines.volume_num[water[1]] // after.lines.volume_den[water[1]] == 9_000_000
    assert (
        await sql.fetchval("SELECT count(*) FROM readings WHERE meter_id = 7 AND period = '2026-10-01'") == 1
    )


async def test_a_refused_reading_is_answered_and_the_batch_goes_on(
    fresh_database: TestDatabase, bus: Bus, sql: Any
) -> None:
    database = Database(fresh_database.url)
    await send(database, "bad", 999_999, 1)
    await send(database, "worse", 7, 1_000_000, taken_on="вчера")
    await send(database, "good", 14, 90_000_000)
    async with serving(fresh_database.url, bus):
        await until(lambda: state(sql, "good"))
        await until(lambda: state(sql, "bad"))
        await until(lambda: sql.fetchval("SELECT count(*) FROM dead_letters"))
    await database.close()

    assert await state(sql, "bad") == "refused"
    assert "счётчика нет" in await sql.fetchval("SELECT answer::text FROM inbox WHERE key = 'bad'")
    letter = await sql.fetchrow("SELECT event_id, error FROM dead_letters")
    assert letter["event_id"] == "cabinet:worse"


async def test_an_event_delivered_twice_changes_nothing(
    fresh_database: TestDatabase, bus: Bus, sql: Any
) -> None:
    from actors.intake import Intake
    from gateways.bus import Event

    database = Database(fresh_database.url)
    payload = payload_of(7, (90_000_000, 0, 0), dt.date(2026, 10, 24), "resident", None, True)
    event = Event("cabinet:k1", SUBJECT, payload, 1)
    intake = Intake(database)
    await intake.handle([event, event])
    await intake.handle([event])
    await database.close()

    assert (
        await sql.fetchval("SELECT count(*) FROM readings WHERE meter_id = 7 AND period = '2026-10-01'") == 1
    )


# ---- relay
# ---------------------------------------------------------------------------------------------------


async def test_the_relay_sends_again_what_the_stream_did_not_take(
    fresh_database: TestDatabase, sql: Any
) -> None:
    database, taken, tries = Database(fresh_database.url), [], []

    async def publish(events: Any) -> list[str]:
        tries.append(len(events))
        ids = [event.id for event in events]
        taken.extend(ids[: len(ids) // 2 + 1])
        return ids[: len(ids) // 2 + 1]

    async with database.transaction() as session:
        for number in range(5):
            await outbox.add(session, "notices.x", {"n": number}, f"e{number}")
    sent = await Relay(database, publish).drain()
    await database.close()

    assert sent == 5
    assert sorted(taken) == [f"e{number}" for number in range(5)]
    assert tries == [5, 2]
    assert await sql.fetchval("SELECT count(*) FROM outbox WHERE sent_at IS NULL") == 0


async def test_an_event_is_marked_only_after_the_stream_has_it(
    fresh_database: TestDatabase, sql: Any
) -> None:
    database = Database(fresh_database.url)

    async def publish(events: Any) -> list[str]:
        raise OSError("NATS is away")

    async with database.transaction() as session:
        await outbox.add(session, "notices.x", {}, "e1")
    with pytest.raises(OSError, match="away"):
        await Relay(database, publish).drain()
    await database.close()

    assert await sql.fetchval("SELECT count(*) FROM outbox WHERE sent_at IS NULL") == 1


async def test_payloads_reach_the_stream_as_objects(fresh_database: TestDatabase, sql: Any) -> None:
    database, seen = Database(fresh_database.url), []

    async def publish(events: list[Outgoing]) -> list[str]:
        seen.extend(events)
        return [event.id for event in events]

    async with database.transaction() as session:
        await outbox.add(session, "notices.x", {"слово": "да"}, "e1")
    await Relay(database, publish).drain()  # type: ignore[arg-type]
    await database.close()

    assert seen[0].payload == {"schema": 1, "слово": "да"}
