"""A register from the file to the books: verdicts first, then everything or nothing, never twice."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from actors.intake import Intake
from actors.registers import Registers
from gateways.bus import Buried, Event
from gateways.registers import preset
from storage import ledger, outbox, register_pages, register_readings, registers
from storage.engine import Database
from storage.register_pages import RegisterHead
from tests.gateways import register_files as files
from tests.storage import town
from tests.support.services import TestDatabase


@pytest.fixture
async def books(fresh_database: TestDatabase) -> AsyncIterator[Database]:
    made = Database(fresh_database.url)
    await town.build(made)
    yield made
    await made.close()


async def add_profile(books: Database, key: str, **changes: Any) -> int:
    async with books.transaction() as session:
        made = await register_pages.save_profile(
            session, None, key, key, None, preset(key, **changes).model_dump(mode="json"), None
        )
    assert made is not None
    return made


async def load(
    books: Database, profile: int, content: bytes, name: str = "r.txt", ticket: bytes | None = None
) -> RegisterHead:
    """Upload and stage a file."""
    async with books.transaction() as session:
        register = await registers.upload(
            session,
            profile_id=profile,
            agent_id=town.AGENT,
            file_name=name,
            content=content,
            ticket=("t.kxx", ticket) if ticket else None,
            user_id=1,
        )
    await take_events(books)
    return await head(books, register)


async def head(books: Database, register: int) -> RegisterHead:
    async with books.reading() as session:
        found = await register_pages.register_head(session, register)
    assert found is not None
    return found


async def take_events(books: Database) -> None:
    async with books.transaction() as session:
        waiting = await outbox.unsent(session)
        await outbox.mark_sent(session, [one.id for one in waiting])
    events = [Event(one.event_id, one.subject, one.payload, 1) for one in waiting]
    for _ in range(2):  # at least once
        await Registers(books).handle([one for one in events if one.subject.startswith("commands.registers")])
        await Intake(books).handle([one for one in events if one.subject == "readings.given"])


async def accept(books: Database, register: int) -> RegisterHead:
    async with books.transaction() as session:
        await registers.ask_to_accept(session, register, 1)
    await take_events(books)
    return await head(books, register)


async def sums(books: Database) -> tuple[int, int]:
    """How many payments there are and for how much."""
    async with books.reading() as session:
        row = (
            await session.execute(
                text("SELECT count(*)::int, coalesce(sum(amount_kopecks), 0)::bigint FROM payments")
            )
        ).one()
    return row[0], row[1]


async def test_register_is_staged_accepted_and_posted_once(books: Database) -> None:
    profile = await add_profile(books, "sber")
    staged = await load(books, profile, files.SBER.encode("cp1251"))

    assert (staged.state, staged.rows_count, staged.amount_kopecks) == ("staged", 3, 3825_00)
    assert {one.verdict: one.count for one in staged.counts} == {"good": 2, "unknown": 1}
    assert await sums(books) == (0, 0)

    accepted = await accept(books, staged.id)

    assert accepted.state == "accepted"
    assert await sums(books) == (3, 3825_00)
    assert (await ledger.check(books.url))["ok"]
    with pytest.raises(registers.RegisterStopped):
        await accept(books, staged.id)
    async with books.reading() as session:
        balance = await ledger.balance(session, 1)
        states = await session.execute(text("SELECT state, payer FROM payments ORDER BY number"))
    assert balance.amount_kopecks == -1275_00
    assert [tuple(row) for row in states][-1] == ("unmatched", "СИДОРОВ, УЛ МИРА 1")


async def test_same_file_is_refused_and_a_withdrawn_one_may_come_again(books: Database) -> None:
    profile = await add_profile(books, "sber")
    body = files.SBER.encode("cp1251")
    first = await load(books, profile, body, "a.txt")
    again = await load(books, profile, body, "b.txt")
    same_name = await load(books, profile, body + b"\r\n", "a.txt")

    assert (again.state, same_name.state) == ("refused", "refused")
    assert f"уже загружен: реестр № {first.id}" in again.message
    assert "содержание другое" in same_name.message

    async with books.transaction() as session:
        await registers.withdraw(session, first.id)
    assert (await load(books, profile, body, "a.txt")).state == "staged"


async def test_same_file_from_two_connections_is_staged_once(books: Database) -> None:
    profile = await add_profile(books, "sber")

    made = await asyncio.gather(*(load(books, profile, files.SBER.encode(), f"{n}.txt") for n in range(4)))

    final = [(await head(books, one.id)).state for one in made]
    assert sorted(final) == ["refused"] * 3 + ["staged"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("3825,00", "3825,01"), "Сумма в итоге"),
        (("=3;", "=2;"), "В итоге 2 строк"),
        (("=3;", "3;"), "нет итоговой"),
    ],
)
async def test_wrong_trailer_refuses_the_file_and_keeps_nothing(
    books: Database, change: tuple[str, str], words: str
) -> None:
    profile = await add_profile(books, "sber")
    made = await load(books, profile, files.SBER.replace(*change).encode())

    assert (made.state, made.counts) == ("refused", ())
    assert words in made.message


async def test_mended_register_posts_only_what_was_not_posted(books: Database) -> None:
    profile = await add_profile(books, "sber")
    spoilt = files.SBER.replace("12-09-2026;10-30-00", "99-09-2026;10-30-00")
    first = await load(books, profile, spoilt.encode(), "1.txt")
    assert {one.verdict: one.count for one in first.counts} == {"good": 1, "unknown": 1, "bad": 1}
    await accept(books, first.id)
    assert await sums(books) == (2, 2550_00)

    second = await load(books, profile, files.SBER.encode(), "2.txt")
    assert {one.verdict: one.count for one in second.counts} == {"good": 1, "repeat": 2}
    await accept(books, second.id)

    assert await sums(books) == (3, 3825_00)
    assert (await ledger.check(books.url))["ok"]


async def test_number_of_another_payment_is_a_conflict_and_a_number_twice_is_bad(books: Database) -> None:
    profile = await add_profile(books, "csv")
    lines = "Номер;Счёт;Сумма;Дата\n1;0012345;10,00;12.09.2026\n"
    await accept(books, (await load(books, profile, lines.encode(), "1.csv")).id)

    again = await load(
        books,
        profile,
        "Номер;Счёт;Сумма;Дата\n1;0012345;11,00;12.09.2026\n2;0012345;5,00;12.09.2026\n2;0012345;5,00;12.09.2026\n".encode(),
        "2.csv",
    )
    async with books.reading() as session:
        rows = (await register_pages.register_rows(session, again.id, limit=10)).rows

    assert [row.verdict for row in rows] == ["conflict", "good", "bad"]
    assert "повторяет строку 3" in rows[2].message
    await accept(books, again.id)
    assert await sums(books) == (2, 15_00)


async def test_penalties_of_a_register_are_a_payment_of_their_own(books: Database) -> None:
    profile = await add_profile(books, "dbf_bank")
    made = await load(books, profile, files.dbf(files.DBF_FIELDS, files.DBF_ROWS), "p.dbf")
    await accept(books, made.id)

    async with books.reading() as session:
        found = await session.execute(text("SELECT number, amount_kopecks FROM payments ORDER BY number"))
    assert [row.amount_kopecks for row in found] == [100_50, 2_50, 50_00]


async def test_readings_that_come_with_payments_go_to_readings(books: Database) -> None:
    async with books.transaction() as session:
        await session.execute(
            text("SELECT ensure_reading_partition('2026-10-01'), ensure_reading_partition('2026-11-01')")
        )
    profile = await add_profile(books, "tula")
    body = files.TULA.replace("|1|345.2|2|НЕТ|", "|123456|112.5|2|НЕТ|")
    name = files.TULA_NAME
    made = await load(books, profile, body.encode("cp1251"), name, files.TICKET.encode())
    assert made.state == "staged", made.message
    await accept(books, made.id)
    await take_events(books)

    async with books.reading() as session:
        row = (
            await session.execute(text("SELECT meter_id, value1_micro, source, taken_on FROM readings"))
        ).one()
        states = (await session.execute(text("SELECT state FROM inbox"))).scalars().all()
    assert tuple(row) == (1, 112_500_000, "payment", dt.date(2026, 9, 12))
    assert states == ["processed"]


async def test_register_nobody_can_process_says_so(books: Database) -> None:
    profile = await add_profile(books, "sber")
    async with books.transaction() as session:
        register = await registers.upload(
            session,
            profile_id=profile,
            agent_id=town.AGENT,
            file_name="x",
            content=b"x",
            ticket=None,
            user_id=1,
        )
    buried = Buried("registers", "e1", registers.STAGE, {"register_id": register}, "boom", 8)
    await Registers(books).bury(buried)

    assert (await head(books, register)).state == "refused"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=6), st.integers(0, 600), st.integers(0, 30))
async def test_spoilt_file_is_loaded_whole_or_not_at_all(
    books: Database, put: bytes, at: int, cut: int
) -> None:
    async with books.reading() as session:
        known = await session.scalar(text("SELECT id FROM register_profiles"))
        turn = await session.scalar(text("SELECT count(*) FROM registers"))
    profile = int(known) if known else await add_profile(books, "sber")
    body = bytearray(files.SBER.encode("cp1251"))
    body[at : at + cut] = put
    made = await load(books, profile, bytes(body), f"{turn}.txt")
    before = await sums(books)

    if made.state == "refused":
        assert made.message
        assert made.counts == ()
    else:
        await accept(books, made.id)
        assert (await sums(books))[0] == before[0] + made.count("good", "unknown")
    assert (await ledger.check(books.url))["ok"]


async def test_no_reading_of_a_register_is_lost_each_says_what_became_of_it(books: Database) -> None:
    """Taken, held by a rule (2 155 m³ at once), of a meter nobody knows, of one with zones, of no account."""
    async with books.transaction() as session:
        await session.execute(text("SELECT ensure_reading_partition('2026-10-01')"))
        await session.execute(
            text(
                "INSERT INTO meters (id, house_id, account_id, company_id, service, serial, digits, "
                "installed_on) VALUES (5, 1, 2, 1, 1, 'ХВ-2', 5, '2026-01-15')"
            )
        )
    none = "|НЕТ" * 8
    body = "".join(
        f"{account}|100.00|1209260000000000000000000{at}|77|13.09.2026|{first}|{second}{none}\r\n"
        for at, (account, first, second) in enumerate(
            [
                ("0012345", "1|125.5", "9|17"),
                ("0012345", "Э-77|500", "НЕТ|НЕТ"),
                ("0012354", "ХВ-2|2155", "НЕТ|НЕТ"),
                ("0070000", "1|300", "НЕТ|НЕТ"),
            ],
            1,
        )
    )
    profile = await add_profile(books, "tula")
    ticket = f"13.09.2026|{files.TULA_NAME}|01|4|400.00".encode()
    staged = await load(books, profile, body.encode("cp866"), files.TULA_NAME, ticket)
    async with books.reading() as session:
        _, before = await register_readings.of_register(session, staged.id, [])

    await accept(books, staged.id)
    await take_events(books)

    async with books.reading() as session:
        by_line, counts = await register_readings.of_register(session, staged.id, [1, 2, 3, 4])
    told = {
        line: [(one.meter, one.value, one.state, one.message) for one in of] for line, of in by_line.items()
    }
    assert staged.state == "staged", staged.message
    assert before == {"waiting": 5}
    assert counts == {"taken": 1, "held": 1, "refused": 3}
    assert told[1][0][2] == "taken"
    assert told[1][1] == (
        "9", "17", "refused",
        "Счётчика 9 у счёта нет. Проверьте номер у агента или внесите показание сами.",
    )  # fmt: skip
    assert "тарифных зон: 2" in told[2][0][3]
    assert "Принято на проверку." in told[3][0][3]
    assert "Счёта нет" in told[4][0][3]
