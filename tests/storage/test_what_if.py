"""«Что если» over a small city: the same value changes nothing, a tariff gives what a run after it gives."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from billing.period import Period
from billing.services import Method, Service
from storage import what_if, what_if_work
from storage.engine import Database, connect
from storage.run_plan import split
from storage.scope import Scope
from storage.warm_blocks import WarmBlocks
from storage.what_if import NewWhatIf, WhatIfRefused
from storage.what_if_work import COUNT, UnknownWhatIfOrder, obey
from tests.storage import small_city
from tests.storage.run_steps import ANNA, EVERYTHING, computed
from tests.support.services import TestDatabase

OCTOBER = Period.parse("2026-10")
COMPANY = Scope(user_id=4, role="company", organisation_id=2, company_ids=(2,))
COLD_WATER, WATER_RATE = 1, 456_700


@pytest.fixture
async def owner(fresh_database: TestDatabase) -> AsyncIterator[Database]:
    await small_city.build(fresh_database.url, houses=4)
    opened = Database(fresh_database.url)
    yield opened
    await opened.close()


async def tariff_id(owner: Database) -> int:
    async with owner.reading() as session:
        found: int = await session.scalar(text("SELECT id FROM tariffs WHERE service = 1"))
    return found


async def asked(
    owner: Database, after: int, family: str = "tariff", value_id: int | None = None, **more: Any
) -> int:
    value = await tariff_id(owner) if value_id is None else value_id
    wanted = NewWhatIf(OCTOBER.first_day, more.get("company_id"), "Проба", family, value, WATER_RATE, after)
    async with owner.transaction(EVERYTHING) as session:
        return await what_if.ask(session, wanted, ANNA, f"test-{family}-{after}-{more}")


async def counted(owner: Database, made: int, warm: WarmBlocks | None = None) -> dict[str, Any]:
    await obey(owner.url, warm or WarmBlocks(), COUNT, {"what_if_id": made})
    async with owner.reading() as session:
        head = (await what_if.heads(session, [made]))[0]
        sums = (await what_if.sums(session, [made]))[made]
        return {"head": head, "sums": sums, "extremes": await what_if.extremes(session, made)}


async def test_the_same_value_changes_nothing_anywhere(owner: Database) -> None:
    found = await counted(owner, await asked(owner, WATER_RATE))

    head = found["head"]
    assert head.state == "done"
    assert head.before_kopecks == head.after_kopecks > 0
    assert (head.more_count, head.less_count) == (0, 0)
    assert head.done_count == head.total_count == 80
    assert [row.key for row in found["sums"]["step"]] == [0]
    for rows in found["sums"].values():
        assert all(row.delta_kopecks == 0 for row in rows)
    assert found["extremes"] == []


async def test_a_tariff_gives_what_a_run_gives_after_it_is_really_changed(owner: Database) -> None:
    run_before = await computed(owner)
    found = await counted(owner, await asked(owner, 600_000))

    async with owner.transaction() as session:
        await session.execute(text("SELECT set_config('paylogic.loading', 'on', true)"))
        await session.execute(
            text("UPDATE tariffs SET superseded_at = now() WHERE service = 1"),
        )
        await session.execute(
            text(
                "INSERT INTO tariffs (service, component, rate, document, valid_from) "
                "VALUES (1, 0, 600000, 'Приказ 11', '2020-01-01')"
            )
        )
    run_after = await computed(owner)

    sums = found["sums"]
    for run, side in ((run_before, "before_kopecks"), (run_after, "after_kopecks")):
        assert await by_run(owner, run, "service") == kopecks(sums["service"], side)
        assert await by_run(owner, run, "supplier_id") == kopecks(sums["supplier"], side)
        assert await houses_of(owner, run) == kopecks(sums["house"], side)
    assert sum(row.accounts_count for row in sums["size"]) == found["head"].done_count
    assert sum(row.delta_kopecks for row in sums["step"]) == found["head"].delta_kopecks > 0
    assert max(one.delta_kopecks for one in found["extremes"]) == found["extremes"][0].delta_kopecks


def kopecks(rows: list[Any], side: str) -> dict[int, int]:
    return {row.key: getattr(row, side) for row in rows if getattr(row, side)}


async def by_run(owner: Database, run_id: int, column: str) -> dict[int, int]:
    async with owner.reading() as session:
        rows = await session.execute(
            text(
                f"SELECT {column} AS key, sum(amount_kopecks + surcharge_kopecks)::bigint AS kopecks "
                "FROM run_totals WHERE run_id = :id GROUP BY 1"
            ),
            {"id": run_id},
        )
        return {row.key: row.kopecks for row in rows if row.kopecks}


async def houses_of(owner: Database, run_id: int) -> dict[int, int]:
    async with owner.reading() as session:
        rows = await session.execute(
            text(
                "SELECT house_id, amount_kopecks + surcharge_kopecks AS kopecks FROM run_houses "
                "WHERE run_id = :id"
            ),
            {"id": run_id},
        )
        return {row.house_id: row.kopecks for row in rows if row.kopecks}


async def test_nothing_is_written_to_lines_or_books(owner: Database) -> None:
    await counted(owner, await asked(owner, 600_000))

    async with owner.reading() as session:
        for table in ("lines", "postings", "entries", "runs"):
            assert await session.scalar(text(f"SELECT count(*) FROM {table}")) == 0


async def test_the_second_question_reads_nothing_and_gives_the_same(owner: Database) -> None:
    warm = WarmBlocks()
    first = await counted(owner, await asked(owner, 600_000), warm)

    second = await counted(owner, await asked(owner, 600_000, company_id=None, again=1), warm)

    assert first["head"].warm_count == 0
    assert second["head"].warm_count == 80
    assert second["sums"] == first["sums"]


async def test_a_question_of_a_company_is_of_its_own_houses(
    owner: Database, fresh_database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(what_if_work, "split", lambda houses: split(houses, 20))
    whole = await counted(owner, await asked(owner, 600_000))
    mine = await counted(owner, await asked(owner, 600_000, company_id=2))
    web = Database(fresh_database.web_url, "web")

    async with web.reading(COMPANY) as session:
        seen = await what_if.questions(session)
        sums = await what_if.sums(session, [whole["head"].id, mine["head"].id])
    await web.close()

    assert {row.key for row in mine["sums"]["company"]} == {2}
    assert mine["head"].before_kopecks < whole["head"].before_kopecks
    assert [one.id for one in seen] == [mine["head"].id]
    assert not any(sums[whole["head"].id].values())
    assert sums[mine["head"].id]["all"]


@pytest.mark.parametrize("seconds", [0, 3600])
async def test_blocks_add_up_however_many_go_into_a_commit(
    owner: Database, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    whole = await counted(owner, await asked(owner, 600_000))
    monkeypatch.setattr(what_if_work, "split", lambda houses: split(houses, 20))
    monkeypatch.setattr(what_if_work, "WRITE_EVERY_S", seconds)

    parts = await counted(owner, await asked(owner, 600_000, company_id=None, again=3))

    assert parts["sums"] == whole["sums"]
    assert parts["head"].done_count == parts["head"].total_count == 80
    assert parts["extremes"][0] == whole["extremes"][0]


async def test_a_killed_worker_goes_on_and_adds_nothing_twice(
    owner: Database, fresh_database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(what_if_work, "split", lambda houses: split(houses, 20))
    whole = await counted(owner, await asked(owner, 600_000))
    made = await asked(owner, 600_000, company_id=None, again=2)
    sql = await connect(fresh_database.url)
    await sql.execute(
        "UPDATE what_ifs SET state = 'counting', last_house_id = 2, done_count = 40 WHERE id = $1", made
    )
    await sql.execute(
        "INSERT INTO what_if_sums SELECT $1, cut, key, accounts_count, more_count, less_count, "
        "before_kopecks, after_kopecks FROM what_if_sums "
        "WHERE what_if_id = $2 AND cut = 'house' AND key <= 2",
        made,
        whole["head"].id,
    )

    found = await counted(owner, made)
    again = await counted(owner, made)
    await sql.close()

    assert found["sums"]["house"] == whole["sums"]["house"]
    assert found["head"].done_count == 80
    assert again["sums"] == found["sums"]


async def test_a_stopped_question_stays_stopped(owner: Database) -> None:
    made = await asked(owner, 600_000)
    async with owner.transaction(EVERYTHING) as session:
        await what_if.stop(session, made)

    found = await counted(owner, made)

    assert found["head"].state == "stopped"
    assert not found["sums"]["all"]


async def test_norms_and_methods_are_asked_as_well(owner: Database) -> None:
    async with owner.reading() as session:
        norm = await session.scalar(text("SELECT id FROM norms WHERE service = 1"))

    more = await counted(owner, await asked(owner, 8_600_000, "norm", norm))
    same = await counted(owner, await asked(owner, int(Method.AREA), "method", int(Service.UPKEEP)))

    assert more["head"].more_count > 0
    assert more["head"].less_count == 0
    assert {row.key for row in more["sums"]["service"] if row.delta_kopecks} == {1}
    assert same["head"].delta_kopecks == 0, "upkeep is by area already"


async def test_a_raising_coefficient_of_one_takes_all_surcharges_of_the_service_away(owner: Database) -> None:
    service = int(Service.COLD_WATER)

    none = await counted(owner, await asked(owner, 1000, "raising", service))
    same = await counted(owner, await asked(owner, 3000, "raising", service))

    changed = {row.key: row.delta_kopecks for row in none["sums"]["service"] if row.delta_kopecks}
    assert set(changed) == {service}
    assert changed[service] < 0
    assert none["head"].more_count == 0
    assert same["head"].delta_kopecks == 0, "three is the K of cold water since December 2025"


async def test_what_cannot_be_asked_says_why(owner: Database) -> None:
    gone = await counted(owner, await asked(owner, 1, value_id=999_999))

    assert gone["head"].state == "failed"
    assert "больше не действует" in gone["head"].error
    with pytest.raises(WhatIfRefused):
        await asked(owner, -5)
    with pytest.raises(UnknownWhatIfOrder):
        await obey(owner.url, WarmBlocks(), "commands.whatif.other", {})


async def test_one_command_is_one_question(owner: Database) -> None:
    assert await asked(owner, 600_000) == await asked(owner, 600_000)


async def test_the_web_may_not_touch_marks(fresh_database: TestDatabase, owner: Database) -> None:
    sql = await asyncpg.connect(fresh_database.web_url)

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await sql.fetch("SELECT * FROM fact_changes")
    await sql.close()
