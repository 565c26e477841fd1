"""What comes in is kept once with its event; what goes out waits in the database until the stream has it."""

import asyncio

import pytest
from sqlalchemy import text

from storage import inbox, outbox
from storage.engine import Database
from storage.scope import Scope

SYSTEM = Scope(role="system", everything=True)
MESSAGE = {"account": "0012345", "amount_kopecks": 431245}


async def accept(db: Database, payload: dict[str, object] | None = None, key: str = "tx-1") -> inbox.Accepted:
    async with db.transaction(SYSTEM) as session:
        return await inbox.accept(
            session,
            source="agent-7",
            key=key,
            payload=payload or MESSAGE,
            subject="payments.received",
            answer={"ok": 1},
        )


async def count(db: Database, table: str) -> int:
    async with db.reading() as session:
        return int(await session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


async def test_message_and_event_are_written_together(db: Database, web: Database) -> None:
    taken = await accept(web)

    async with db.transaction() as session:
        (event,) = await outbox.unsent(session, 10)
    assert taken == inbox.Accepted({"ok": 1}, "agent-7:tx-1", is_repeat=False)
    assert (event.event_id, event.subject) == ("agent-7:tx-1", "payments.received")
    assert event.payload == {**MESSAGE, "schema": 1, "event_id": "agent-7:tx-1"}


async def test_repeat_gets_the_first_answer_and_no_second_event(db: Database, web: Database) -> None:
    first = await accept(web)
    again = await accept(web, dict(reversed(MESSAGE.items())))

    assert (again.answer, again.event_id, again.is_repeat) == (first.answer, first.event_id, True)
    assert (await count(db, "inbox"), await count(db, "outbox")) == (1, 1)


async def test_same_key_with_another_input_is_an_alarm(db: Database, web: Database) -> None:
    await accept(web)

    with pytest.raises(inbox.KeyReused, match="уже принято с другим содержанием"):
        await accept(web, {**MESSAGE, "amount_kopecks": 1})
    assert (await count(db, "inbox"), await count(db, "outbox")) == (1, 1)


async def test_failure_after_accepting_leaves_nothing(db: Database) -> None:
    async def accept_and_fail() -> None:
        async with db.transaction() as session:
            await inbox.accept(session, source="a", key="1", payload={}, subject="s")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await accept_and_fail()

    assert (await count(db, "inbox"), await count(db, "outbox")) == (0, 0)


async def test_ten_at_once_make_one(db: Database, web: Database) -> None:
    answers = await asyncio.gather(*(accept(web) for _ in range(10)))

    assert sorted(one.is_repeat for one in answers) == [False] + [True] * 9
    assert await count(db, "outbox") == 1


async def test_key_of_another_resident_is_an_alarm_and_shows_nothing(web: Database) -> None:
    async def give(account_id: int) -> inbox.Accepted:
        async with web.transaction(
            Scope(user_id=account_id, role="resident", account_ids=(account_id,))
        ) as session:
            return await inbox.accept(
                session, source="cabinet", key="k", payload=MESSAGE, subject="s", account_id=account_id
            )

    await give(1)
    assert (await give(1)).is_repeat
    with pytest.raises(inbox.KeyReused):
        await give(2)


async def test_floats_do_not_come_in(db: Database) -> None:
    with pytest.raises(AssertionError, match="no floats"):
        await accept(db, {"amounts": [{"rub": 0.1}]})


async def test_sent_events_are_not_read_again(db: Database) -> None:
    for number in range(3):
        await accept(db, key=f"tx-{number}")
    async with db.transaction() as session:
        events = await outbox.unsent(session, 2)
        await outbox.mark_sent(session, [event.id for event in events])
    async with db.transaction() as session:
        left = await outbox.unsent(session, 10)
        waiting, since = await outbox.backlog(session)

    assert [event.event_id for event in events] == ["agent-7:tx-0", "agent-7:tx-1"]
    assert [event.event_id for event in left] == ["agent-7:tx-2"]
    assert waiting == 1
    assert since is not None


async def test_two_relays_share_the_work(db: Database) -> None:
    for number in range(4):
        await accept(db, key=f"tx-{number}")
    async with db.transaction() as first, db.transaction() as second:
        one, two = await outbox.unsent(first, 2), await outbox.unsent(second, 10)

    assert len(one) == len(two) == 2
    assert not {event.id for event in one} & {event.id for event in two}


async def test_effect_happens_once(db: Database) -> None:
    async def consume() -> bool:
        async with db.transaction() as session:
            return await outbox.once(session, "intake", "e-1")

    assert sorted(await asyncio.gather(*(consume() for _ in range(5)))) == [False] * 4 + [True]
    async with db.transaction() as session:
        assert await outbox.once(session, "other", "e-1")


async def test_rolled_back_effect_may_happen_again(db: Database) -> None:
    async def consume_and_fail() -> None:
        async with db.transaction() as session:
            assert await outbox.once(session, "intake", "e-1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await consume_and_fail()
    async with db.transaction() as session:
        assert await outbox.once(session, "intake", "e-1")


async def test_relay_is_woken_at_commit_and_polls_when_quiet(db: Database) -> None:
    woken = outbox.listen(db.url, poll_s=0.5)
    first = asyncio.ensure_future(anext(woken))
    await asyncio.sleep(0.2)
    await accept(db)

    started = asyncio.get_running_loop().time()
    assert await first == ""
    assert asyncio.get_running_loop().time() - started < 0.25, "woken by the poll, not by the commit"
    assert await anext(woken) == ""
    await woken.aclose()  # type: ignore[attr-defined]
