"""Events nobody could process: kept, found, sent again once, set aside with a reason; a lost store."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import text

from storage import dead_letters, outbox, stream_marks
from storage.dead_letters import LetterFilter
from storage.engine import Database

MONTH_S = 30 * 86_400.0


async def bury(db: Database, *names: str) -> None:
    async with db.transaction() as session:
        for name in names:
            event = outbox.Event(1, name, "readings.given", {"meter_id": 5, "said": f"о {name}"})
            await outbox.bury(
                session, consumer="readings-intake", event=event, error="нет прибора", attempts=5
            )


async def ids(db: Database, state: str = "waiting", words: str = "") -> dict[str, int]:
    async with db.reading() as session:
        found = await dead_letters.queue(session, LetterFilter(state, words=words), limit=50)
    assert found.total == len(found.rows)
    return {row.event_id: row.id for row in found.rows}


async def test_a_letter_is_sent_again_once_under_a_new_id(db: Database) -> None:
    await bury(db, "e-1", "e-2")
    letter = (await ids(db))["e-1"]

    async with db.transaction() as session:
        sent = [await dead_letters.send_again(session, [letter], user_id=None) for _ in range(2)]
        (again,) = await outbox.unsent(session)

    assert sent == [1, 0]
    assert (again.subject, again.payload["meter_id"]) == ("readings.given", 5)
    assert again.event_id == f"e-1+{letter}"
    assert list(await ids(db)) == ["e-2"]
    assert list(await ids(db, "sent")) == ["e-1"]


async def test_a_letter_set_aside_keeps_its_reason_and_is_not_sent(db: Database) -> None:
    await bury(db, "e-1")
    letter = (await ids(db))["e-1"]

    async with db.transaction() as session:
        assert await dead_letters.set_aside(session, [letter], reason="прибор снят", user_id=None) == 1
        assert await dead_letters.send_again(session, [letter], user_id=None) == 0
        assert await outbox.unsent(session) == []
    async with db.reading() as session:
        (row,) = (await dead_letters.queue(session, LetterFilter("aside"), limit=50)).rows
        journal = await session.scalar(text("SELECT ground FROM audit WHERE action = 'set_aside'"))

    assert row.reason == "прибор снят"
    assert journal == "прибор снят"


async def test_letters_are_found_by_what_they_say(db: Database) -> None:
    await bury(db, "один", "два_%")

    assert list(await ids(db, words="о один")) == ["один"]
    assert list(await ids(db, words="_%")) == ["два_%"]  # signs of LIKE are signs
    assert await ids(db, words="нигде") == {}


async def sent_events(db: Database, *names: str) -> None:
    async with db.transaction() as session:
        for name in names:
            await outbox.add(session, name.partition("-")[0] + ".done", {"n": name}, name)
        await session.execute(text("UPDATE outbox SET sent_at = clock_timestamp()"))


async def restored(db: Database, name: str, born: dt.datetime) -> int:
    async with db.transaction() as session:
        return await stream_marks.restore(session, name, born, MONTH_S)


async def test_a_new_stream_gets_what_the_lost_one_had_and_no_other(db: Database) -> None:
    now = dt.datetime.now(dt.UTC)
    assert await restored(db, "payments", now) == 0
    await sent_events(db, "payments-1", "payments-2", "readings-1", "payments-old")
    async with db.transaction() as session:
        await session.execute(
            text("UPDATE outbox SET recorded_at = now() - interval '40 days' WHERE event_id = 'payments-old'")
        )

    assert await restored(db, "payments", now) == 0  # the same stream
    assert await restored(db, "payments", now + dt.timedelta(seconds=1)) == 2
    assert await restored(db, "payments", now + dt.timedelta(seconds=1)) == 0
    async with db.transaction() as session:
        assert [one.event_id for one in await outbox.unsent(session)] == ["payments-1", "payments-2"]
        assert (await dead_letters.health(session)).restored == 2


async def test_a_stream_nobody_noted_gets_all_that_was_sent(db: Database) -> None:
    await sent_events(db, "payments-1")

    assert await restored(db, "payments", dt.datetime.now(dt.UTC)) == 1
