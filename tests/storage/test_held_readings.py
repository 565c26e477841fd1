"""Held readings: kept aside, not billed, taken or rejected later; a late one brings its correction itself."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from sqlalchemy import text

from actors.intake import Intake
from billing.quantity import MICRO
from billing.reading import ReadingRefused
from gateways.bus import Event
from storage import held_pages, held_readings, readings, thresholds, vee
from storage.engine import Database
from storage.held_pages import HeldFilter
from storage.held_readings import ACCEPTED, CORRECTED, REJECTED, DecisionRefused
from storage.scope import Scope
from tests.storage import town

TODAY = dt.date(2026, 10, 22)
WATER_METER = 1
STAFF = Scope(user_id=1, role="centre", everything=True)


@pytest.fixture(autouse=True)
async def _town(db: Database) -> None:
    await town.build(db)
    for month, value in (("2026-06", 106), ("2026-07", 112), ("2026-08", 118), ("2026-09", 124)):
        await give(db, value, period=dt.date.fromisoformat(f"{month}-01"))


async def give(
    db: Database,
    value: int,
    *,
    period: dt.date = town.OPEN,
    source: str = "company",
    confirmed: bool = True,
    event_id: str | None = None,
) -> readings.Given:
    async with db.transaction() as session:
        return await readings.give_reading(
            session,
            WATER_METER,
            (value * MICRO, 0, 0),
            min(TODAY, period + dt.timedelta(days=21)),
            source,
            None,
            event_id,
            TODAY,
            town.OPEN,
            confirmed=confirmed,
            period=period,
        )


async def rows(db: Database, query: str) -> list[tuple[object, ...]]:
    async with db.reading() as session:
        return [tuple(row) for row in (await session.execute(text(query))).all()]


async def decide(db: Database, decision: str, after: int | None = None) -> None:
    async with db.transaction(STAFF) as session:
        ids = list(await session.scalars(text("SELECT id FROM held_readings WHERE state = 'held'")))
        value = None if after is None else (after * MICRO, 0, 0)
        await held_readings.decide(session, ids, decision, "Фото счётчика", 1, value)
    found = await rows(
        db, "SELECT event_id, payload::text FROM outbox WHERE subject = 'readings.decided' ORDER BY id"
    )
    intake = Intake(db)
    await intake.handle(
        [Event(str(key), held_readings.SUBJECT, json.loads(str(payload)), 1) for key, payload in found]
    )


STANDS = (
    "SELECT value1_micro / 1000000 FROM readings WHERE period = '2026-10-01' AND status = 'accepted' "
    "AND superseded_at IS NULL"
)
STATES = "SELECT state, rules FROM held_readings ORDER BY id"


async def test_a_spike_is_held_with_its_words_and_does_not_stand(db: Database) -> None:
    given = await give(db, 124 + 700)

    assert given.is_held
    assert given.message.startswith("Принято на проверку. Расход 700 м³, обычно 1–6 м³.")
    assert await rows(db, STANDS) == []
    assert await rows(db, STATES) == [("held", ["spike"])]
    assert await rows(db, "SELECT status, prev1_micro FROM readings WHERE period = '2026-10-01'") == [
        ("held", 124 * MICRO)
    ]
    assert ("spike", "hold") in await rows(db, "SELECT rule, severity FROM reading_verdicts")


async def test_who_cannot_be_asked_is_held_and_not_refused(db: Database) -> None:
    given = await give(db, 124 + 30, source="payment", confirmed=False)

    assert given.is_held
    assert await rows(db, STATES) == [("held", ["jump"])]


async def test_the_same_event_again_holds_once(db: Database) -> None:
    first = await give(db, 824, event_id="desk:1")
    second = await give(db, 824, event_id="desk:1")

    assert second.is_repeat
    assert second.reading_id == first.reading_id
    assert len(await rows(db, STATES)) == 1


async def test_a_good_reading_closes_the_held_one_of_its_month(db: Database) -> None:
    await give(db, 824)

    await give(db, 130)

    assert await rows(db, STANDS) == [(130,)]
    assert await rows(db, STATES) == [("rejected", ["spike"])]


async def test_accepted_it_is_taken_and_billed(db: Database) -> None:
    await give(db, 824)

    await decide(db, ACCEPTED)

    assert await rows(db, STANDS) == [(824,)]
    assert await rows(db, "SELECT state, taken_id IS NOT NULL, correction_id FROM held_readings") == [
        ("accepted", True, None)
    ]
    assert ("reading_accepted", "Фото счётчика") in await rows(db, "SELECT action, ground FROM audit")


async def test_corrected_it_keeps_both_values(db: Database) -> None:
    await give(db, 824)

    await decide(db, CORRECTED, 131)

    assert await rows(db, STANDS) == [(131,)]
    assert await rows(
        db, "SELECT state, value1_micro / 1000000, after1_micro / 1000000 FROM held_readings"
    ) == [("corrected", 824, 131)]


async def test_rejected_it_stays_in_the_history_and_never_bills(db: Database) -> None:
    await give(db, 824)

    await decide(db, REJECTED)

    assert await rows(db, STANDS) == []
    assert await rows(db, "SELECT status FROM readings WHERE period = '2026-10-01'") == [("rejected",)]


async def test_what_arithmetic_forbids_is_held_again_with_the_reason(db: Database) -> None:
    async with db.transaction() as session:
        day = dt.date(2026, 1, 1)
        await thresholds.set_values(session, None, vee.PREFIX, {"lower": "hold"}, day, "Приказ 1")
    await give(db, 100)

    await decide(db, ACCEPTED)

    found = await rows(db, "SELECT state, refusal FROM held_readings")
    assert found[0][0] == "held"
    assert "меньше прошлого 124" in str(found[0][1])
    assert await rows(db, STANDS) == []


async def test_a_late_reading_that_was_taken_brings_a_draft_of_correction(db: Database) -> None:
    async with db.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO months (period, state) VALUES ('2026-09-01', 'closed'), ('2026-10-01', 'open') "
                "ON CONFLICT DO NOTHING"
            )
        )
    await give(db, 824, period=dt.date(2026, 9, 1))

    await decide(db, ACCEPTED)

    assert await rows(
        db,
        "SELECT r.kind, r.scope_kind, r.scope_id, c.reason, c.first_period FROM held_readings h "
        "JOIN runs r ON r.id = h.correction_id JOIN corrections c ON c.run_id = r.id",
    ) == [("correction", "account", 1, "reading", dt.date(2026, 9, 1))]


async def test_a_company_sets_its_own_rules(db: Database) -> None:
    async with db.transaction() as session:
        day = dt.date(2026, 1, 1)
        await thresholds.set_values(session, town.COMPANY, vee.PREFIX, {"spike": "block"}, day, "Приказ 2")

    with pytest.raises(ReadingRefused, match="Расход 700"):
        await give(db, 824)


@pytest.mark.parametrize(
    ("decision", "note", "after", "code"),
    [
        (ACCEPTED, " ", None, "no-note"),
        (ACCEPTED, "х" * 301, None, "too-long"),
        (CORRECTED, "Фото", None, "one-value"),
        (ACCEPTED, "Фото", (1, 0, 0), "one-value"),
    ],
)
async def test_a_decision_says_what_and_why(
    db: Database, decision: str, note: str, after: tuple[int, int, int] | None, code: str
) -> None:
    await give(db, 824)

    async with db.transaction(STAFF) as session:
        with pytest.raises(DecisionRefused) as caught:
            await held_readings.decide(session, [1], decision, note, 1, after)

    assert caught.value.code == code


async def test_the_queue_is_found_by_rule_and_counted_by_month(db: Database) -> None:
    await give(db, 824)

    async with db.reading(STAFF) as session:
        spikes = await held_pages.rows(session, HeldFilter("held", "spike"), limit=10)
        others = await held_pages.rows(session, HeldFilter("held", "swapped"), limit=10)
        waiting = await held_pages.waiting(session, town.OPEN)
        facets = await held_pages.facets(session)

    assert [list(row.given) for row in spikes.rows] == [[824 * MICRO, 0, 0]]
    assert (others.total, waiting) == (0, 1)
    assert ("rule", "spike", 1) in [(one.dimension, one.key, one.count) for one in facets]
