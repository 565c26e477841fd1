"""A print run over a random city: data by blocks, volumes, crashes, damaged leaves; the paper says what
the books say.
"""

from __future__ import annotations

import asyncio
import io
import random
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pikepdf
import pytest
from sqlalchemy import text

from actors.local import LocalCrew
from actors.press import press_until_idle
from actors.pressed import NotPrinted, Outcome, Printed
from actors.presser import Presser
from billing.period import Period
from cluster.history import bill_history
from receipts.fill import Filler
from receipts.impose import Layout
from receipts.reprint import Piece, reprinted
from receipts.volume import one_receipt
from storage import press_orders, press_pages
from storage.engine import Database
from storage.press_orders import START, PressChoice, PressRefused, obey
from storage.press_work import PressTask, planned, write_block
from storage.receipts import build_receipt, build_receipts
from storage.seed.city import seed_city
from storage.session import raw_connection
from tests.receipts.paper import MONEY, amounts_of, text_of
from tests.support.services import TestDatabase

ACCOUNTS = 240
SEPTEMBER = Period.parse("2026-09")
NUMBER = re.compile(r"№ (\d{6})")
CHOICE = PressChoice(SEPTEMBER.first_day, None, None, "a4", True, False, 100, 40)


@pytest.fixture(scope="module")
def city(database: TestDatabase) -> TestDatabase:
    """Two billed months of a random small city; some people chose electronic receipts."""
    asyncio.run(make_city(database.url))
    return database


async def make_city(url: str) -> None:
    """Seed and bill."""
    await seed_city(url, ACCOUNTS, random.randrange(10_000), 3)
    await bill_history(url)
    owner = Database(url)
    async with owner.transaction() as session:
        await session.execute(text("UPDATE accounts SET receipt_by = 'electronic' WHERE id % 7 = 3"))
        await session.execute(text("UPDATE accounts SET receipt_by = 'paper' WHERE id % 7 <> 3"))
    await owner.close()


@pytest.fixture
async def base(city: TestDatabase) -> AsyncIterator[Database]:
    made = Database(city.url, pool_max=3)
    yield made
    await made.close()


@pytest.fixture
async def crew(base: Database) -> AsyncIterator[LocalCrew]:
    """A new process with workers; closed whatever becomes of the test."""
    made = LocalCrew(base.url)
    yield made
    await made.close()


async def ids_of(base: Database) -> list[int]:
    async with base.reading() as session:
        return list((await session.execute(text("SELECT id FROM accounts ORDER BY id"))).scalars())


async def asked(base: Database, choice: PressChoice = CHOICE, command: str = "") -> int:
    """A print run asked for and planned."""
    async with base.transaction() as session:
        run_id = await press_orders.request_press(session, choice, None, command or f"c-{random.random()}")
    async with base.transaction() as session:
        await obey(session, START, {"press_run_id": run_id})
    return run_id


async def printed(base: Database, choice: PressChoice = CHOICE) -> int:
    """A print run rendered to its end by this process."""
    run_id = await asked(base, choice)
    crew = LocalCrew(base.url)
    try:
        await press_until_idle(base.url, crew)
    finally:
        await crew.close()
    return run_id


async def contents(base: Database, run_id: int) -> list[bytes]:
    async with base.reading() as session:
        found = await press_pages.volumes(session, run_id)
        return [
            await press_pages.volume_content(session, run_id, one.block_no, one.part) or b"" for one in found
        ]


# ---- data -------------------------------------------------------------------------------------------------


async def test_documents_of_a_block_are_those_of_each_account_alone(base: Database) -> None:
    ids = await ids_of(base)

    async with base.reading() as session:
        together = await build_receipts(session, ids, SEPTEMBER)
        alone = {one: await build_receipt(session, one, SEPTEMBER) for one in ids if together[one].receipt}

    assert len(alone) > ACCOUNTS * 9 // 10
    assert {one: together[one].receipt for one in alone} == alone


async def test_a_block_costs_as_many_queries_as_one_account(base: Database) -> None:
    ids = await ids_of(base)

    assert await _queries(base, ids) == await _queries(base, ids[:1])


async def _queries(base: Database, ids: list[int]) -> int:
    from sqlalchemy import event

    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    event.listen(base.engine.sync_engine, "before_cursor_execute", note)
    try:
        async with base.reading() as session:
            await build_receipts(session, ids, SEPTEMBER)
    finally:
        event.remove(base.engine.sync_engine, "before_cursor_execute", note)
    return len(sent)


async def test_every_sum_on_the_paper_is_that_of_the_lines_and_the_ledger(base: Database) -> None:
    ids = await ids_of(base)
    async with base.reading() as session:
        built = await build_receipts(session, ids, SEPTEMBER)
        charged = await _sums(session, LINES)
        balance = await _sums(session, BALANCE)
    filler = Filler("a4")

    for one in [one for one in built.values() if one.receipt][::6]:
        receipt = one.receipt
        assert receipt is not None
        found: list[str] = MONEY.findall(text_of(one_receipt(filler.fill(receipt), "x")))
        for expected in amounts_of(receipt):
            assert expected in found, expected
            found.remove(expected)
        assert receipt.totals.charged_kopecks + receipt.totals.correction_kopecks == charged[one.account_id]
        assert receipt.totals.to_pay_kopecks == charged[one.account_id] + balance.get(one.account_id, 0)


LINES = """
SELECT l.account_id, sum(l.amount_kopecks + l.surcharge_kopecks)::bigint FROM lines l JOIN runs r ON r.id =
l.run_id
 WHERE r.state = 'published' AND r.posted_in = '2026-09-01' GROUP BY l.account_id
"""
BALANCE = """
SELECT account_id, sum(kopecks)::bigint FROM (
  SELECT account_id, amount_kopecks AS kopecks FROM opening_balances WHERE period = '2026-09-01'
  UNION ALL SELECT account_id, amount_kopecks FROM postings WHERE period = '2026-09-01' AND book = 1) x
 GROUP BY account_id
"""


async def _sums(session: Any, query: str) -> dict[int, int]:
    return {row[0]: row[1] for row in await session.execute(text(query))}


# ---- a run ------------------------------------------------------------------------------------------------


async def test_volumes_hold_every_paper_receipt_once_in_the_order_of_the_postman(base: Database) -> None:
    run_id = await printed(base)

    async with base.reading() as session:
        head = await press_pages.press_head(session, run_id)
        volumes = await press_pages.volumes(session, run_id)
        walked = (
            await session.execute(
                text("""
            SELECT p.number, a.receipt_by, s.search_name || ' ' || s.id AS street, h.sort_key AS house,
                   coalesce(f.entrance, 999) AS entrance, f.sort_key AS flat
              FROM press_receipts p JOIN accounts a ON a.id = p.account_id JOIN flats f ON f.id = a.flat_id
              JOIN houses h ON h.id = a.house_id JOIN streets s ON s.id = h.street_id
             WHERE p.run_id = :id ORDER BY p.number"""),
                {"id": run_id},
            )
        ).all()
    assert head is not None
    assert (head.state, head.receipts_count) == ("done", len(walked))
    assert head.electronic_count > 0
    assert {row.receipt_by for row in walked} == {"paper"}
    assert [row.number for row in walked] == list(range(1, len(walked) + 1))
    places = [(row.street, row.house, row.entrance, row.flat) for row in walked]
    assert places == sorted(places)
    assert len(volumes) > 2
    assert all(one.sheets <= 40 for one in volumes)
    on_paper = [
        int(number) for content in await contents(base, run_id) for number in NUMBER.findall(text_of(content))
    ]
    assert sorted(set(on_paper)) == [row.number for row in walked]
    assert on_paper == sorted(on_paper)


async def test_the_register_adds_up_to_the_volumes(base: Database) -> None:
    run_id = await printed(base)

    async with base.reading() as session:
        houses = await press_pages.register(session, run_id)
        volumes = await press_pages.volumes(session, run_id)
        progress = await press_pages.press_progress(session, run_id)

    assert progress is not None
    assert sum(row.receipts_count for row in houses) == sum(one.receipts_count for one in volumes)
    assert sum(row.due_kopecks for row in houses) == sum(one.due_kopecks for one in volumes) > 0
    assert sum(row.leaves for row in houses) == sum(one.leaves for one in volumes)
    assert progress.receipts_done == progress.receipts_total


async def test_the_same_choice_again_gives_the_same_volumes(base: Database) -> None:
    await printed(base)  # the plan goes by what receipts took in the last run
    first, second = await printed(base), await printed(base)

    async with base.reading() as session:
        one, two = await press_pages.volumes(session, first), await press_pages.volumes(session, second)

    assert len(one) == len(two)
    assert [(v.first_number, v.sheets, v.due_kopecks) for v in one] == [
        (v.first_number, v.sheets, v.due_kopecks) for v in two
    ]


async def test_two_up_with_separators_cuts_into_a_pile_in_order(base: Database) -> None:
    run_id = await printed(base, replace(CHOICE, layout="a5x2", is_duplex=False, has_separators=True))

    volume = (await contents(base, run_id))[0]
    with pikepdf.open(io.BytesIO(volume)) as document:
        first, count = document.pages[0], len(document.pages)
        assert float(first.mediabox[2]) > float(first.mediabox[3])
    halves = [_halves(volume, page) for page in range(count)]
    pile = [left for left, _ in halves] + [right for _, right in halves]
    numbers = [int(found[0]) for words in pile if (found := NUMBER.findall(words))]

    assert "квитанции дома" in pile[0]
    assert numbers == sorted(numbers)
    assert numbers[0] == 1


def _halves(content: bytes, page: int) -> tuple[str, str]:
    import pdfplumber

    with pdfplumber.open(io.BytesIO(content), pages=[page + 1]) as opened:
        sheet = opened.pages[0]
        middle = sheet.width / 2
        left = sheet.crop((0, 0, middle, sheet.height)).extract_text()
        return left, sheet.crop((middle, 0, sheet.width, sheet.height)).extract_text()


async def test_a_damaged_range_comes_again_with_the_same_numbers(base: Database) -> None:
    run_id = await printed(base)
    async with base.reading() as session:
        rows = await press_pages.leaves(session, run_id, 7, 9)
        (volume,) = [
            v for v in await press_pages.volumes(session, run_id) if v.first_number <= 7 <= v.last_number
        ]
    content = (await contents(base, run_id))[0]
    wanted = tuple(leaf for row in rows for leaf in range(row.first_leaf, row.first_leaf + row.leaves))

    again = reprinted([Piece(content, volume.leaves, wanted)], Layout.A4, True, "again")

    assert sorted({int(number) for number in NUMBER.findall(text_of(again))}) == [7, 8, 9]


# ---- what goes wrong --------------------------------------------------------------------------------------


async def test_the_same_command_twice_is_one_run(base: Database) -> None:
    first = await asked(base, command="one-and-the-same")
    second = await asked(base, command="one-and-the-same")

    assert first == second


async def test_a_late_twin_of_a_worker_changes_nothing(base: Database, crew: LocalCrew) -> None:
    run_id = await asked(base)
    async with base.reading() as session:
        tasks = await planned(await raw_connection(session), 50, [])
    task = next(one for one in tasks if one.key == (run_id, 1))
    async with AsyncExitStack() as closing:
        presser, twin = Presser(base.url), Presser(base.url)
        closing.push_async_callback(presser.close)
        closing.push_async_callback(twin.close)
        first = await presser.press(task)
        kept = await _kept(base, run_id)
        second = await twin.press(task)

    assert first == second == Printed(run_id, 1, len(task.account_ids))
    assert await _kept(base, run_id) == kept
    receipts, volumes = kept
    assert [row.account_id for row in receipts] == list(task.account_ids)
    assert [row.part for row in volumes] == list(
        range(1, len(volumes) + 1)
    )  # long receipts open a second one
    assert sum(row.receipts_count for row in volumes) == sum(row.problem is None for row in receipts) > 0
    await press_until_idle(base.url, crew)  # a new process goes on with what is left
    async with base.reading() as session:
        head = await press_pages.press_head(session, run_id)
    assert head is not None
    assert (head.state, head.receipts_count) == ("done", len((await _kept(base, run_id))[0]))


async def _kept(base: Database, run_id: int) -> tuple[Sequence[Any], Sequence[Any]]:
    """Rows of the receipts and of the volumes of a run: every column but the files."""
    async with base.reading() as session:
        receipts = await session.execute(
            text("SELECT * FROM press_receipts WHERE run_id = :id ORDER BY number"), {"id": run_id}
        )
        volumes = await session.execute(
            text("""
            SELECT block_no, part, first_number, last_number, receipts_count, leaves, sheets, due_kopecks,
                   digest, xmin::text AS written
              FROM press_volumes WHERE run_id = :id ORDER BY block_no, part"""),
            {"id": run_id},
        )
        return receipts.all(), volumes.all()


class Stumbling(LocalCrew):
    """A crew whose second block always fails."""

    async def press(self, worker: str, task: PressTask) -> Outcome:
        if task.block_no == 2:
            return NotPrinted(*task.key, "DiskFull: no space left on device", is_spent=True)
        return await super().press(worker, task)


async def test_a_block_that_cannot_be_rendered_waits_for_a_person_and_the_rest_is_done(
    base: Database, crew: LocalCrew
) -> None:
    run_id = await asked(base)
    bad = Stumbling(base.url)
    try:
        await press_until_idle(base.url, bad)
    finally:
        await bad.close()

    async with base.reading() as session:
        head = await press_pages.press_head(session, run_id)
        failed = await press_pages.failed_blocks(session, run_id)
        volumes = await press_pages.volumes(session, run_id)
    assert head is not None
    assert head.state == "failed"
    assert "нажмите «Продолжить»" in (head.error or "")
    assert [(one.block_no, one.attempts) for one in failed] == [(2, 3)]
    assert volumes
    async with base.transaction() as session:
        await press_orders.resume_press(session, run_id)
    async with base.transaction() as session:
        await obey(session, START, {"press_run_id": run_id})
    await press_until_idle(base.url, crew)
    async with base.reading() as session:
        head = await press_pages.press_head(session, run_id)
    assert head is not None
    assert (head.state, head.error) == ("done", None)
    assert head.digest is not None


async def test_an_account_without_requisites_is_named_and_the_others_are_printed(base: Database) -> None:
    async with base.transaction() as session:
        company = await session.scalar(text("SELECT company_id FROM accounts ORDER BY id LIMIT 1"))
        kept = await session.scalar(
            text("SELECT bank_account FROM organisations WHERE id = :id"), {"id": company}
        )
        await session.execute(
            text("UPDATE organisations SET bank_account = '123' WHERE id = :id"), {"id": company}
        )
    run_id = await printed(base)
    async with base.transaction() as session:
        await session.execute(
            text("UPDATE organisations SET bank_account = :kept WHERE id = :id"),
            {"kept": kept, "id": company},
        )

    async with base.reading() as session:
        problems = await press_pages.problems(session, run_id)
        progress = await press_pages.press_progress(session, run_id)
    assert problems
    assert "Расчётный счёт: нужно 20 цифр" in problems[0].problem
    assert progress is not None
    assert progress.state == "done"
    assert progress.problems_count >= len(problems)


async def test_a_stopped_run_begins_no_more_blocks_and_goes_on(base: Database, crew: LocalCrew) -> None:
    run_id = await asked(base)
    async with base.transaction() as session:
        await press_orders.stop_press(session, run_id)

    await press_until_idle(base.url, crew)

    async with base.reading() as session:
        assert await press_pages.volumes(session, run_id) == []
    async with base.transaction() as session:
        with pytest.raises(PressRefused, match="уже не идёт"):
            await press_orders.stop_press(session, run_id)
        await press_orders.resume_press(session, run_id)
    async with base.transaction() as session:
        await obey(session, START, {"press_run_id": run_id})
    await press_until_idle(base.url, crew)
    async with base.reading() as session:
        head = await press_pages.press_head(session, run_id)
    assert head is not None
    assert head.state == "done"


async def test_a_month_with_nothing_published_prints_nothing_and_says_so(base: Database) -> None:
    run_id = await asked(base, replace(CHOICE, period=Period.parse("2026-12").first_day))

    async with base.reading() as session:
        head = await press_pages.press_head(session, run_id)

    assert head is not None
    assert head.state == "failed"
    assert "Печатать нечего" in (head.error or "")


async def test_a_volume_of_too_few_or_too_many_sheets_is_refused(base: Database) -> None:
    for sheets in (5, 90_000):
        async with base.transaction() as session:
            with pytest.raises(PressRefused, match="Листов в томе можно от 20 до 5000"):
                await press_orders.request_press(
                    session, replace(CHOICE, volume_sheets=sheets), None, "x" * 20
                )


async def test_a_write_that_breaks_half_way_keeps_nothing(base: Database) -> None:
    run_id = await asked(base)
    async with base.transaction() as session:
        connection = await raw_connection(session)
        (task,) = [one for one in await planned(connection, 50, []) if one.key == (run_id, 1)]

    broken: Any = [object()]
    with pytest.raises(AttributeError):
        async with base.transaction() as session:
            await write_block(await raw_connection(session), task, broken, [], "digest")

    async with base.reading() as session:
        state = await session.scalar(
            text("SELECT state FROM press_blocks WHERE run_id = :id AND block_no = 1"), {"id": run_id}
        )
    assert state == "planned"
    async with base.transaction() as session:
        await press_orders.stop_press(session, run_id)
