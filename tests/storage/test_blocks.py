"""A block read from PostgreSQL is what the facts say, day by day, and what billing.history says of each
meter.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import numpy as np
import pytest

from billing import history
from billing.block import MISSING, Block
from billing.choices import AVERAGE_WINDOW, FAULT_DAYS, PEOPLE_LINES
from billing.history import AVERAGE_MONTHS_CHOSEN, AVERAGE_MONTHS_MAX, Event, Mark, MeterFacts
from billing.period import Period
from billing.quantity import MICRO
from storage.block_values import read_values
from storage.blocks import read_block
from tests.storage import small_city
from tests.support.services import TestDatabase

PERIOD = Period.parse("2026-10")
OCTOBER = PERIOD.first_day


@pytest.fixture
async def connection(fresh_database: TestDatabase) -> AsyncIterator[Any]:
    await small_city.build(fresh_database.url, houses=3, flats=10)
    opened = await asyncpg.connect(fresh_database.url)
    yield opened
    await opened.close()


async def block_of(connection: Any, houses: tuple[int, ...] = (1, 2, 3), **options: Any) -> Block:
    return await read_block(connection, await read_values(connection, PERIOD), houses, **options)


async def test_accounts_come_by_house_and_id_with_their_columns(connection: Any) -> None:
    block = await block_of(connection)

    assert block.accounts.id.tolist() == list(range(1, 31))
    assert block.houses.id.tolist() == [1, 2, 3]
    assert block.accounts.house.tolist() == [0] * 10 + [1] * 10 + [2] * 10
    assert block.houses.company_id.tolist() == [3, 2, 3]
    assert block.accounts.area_days[0].tolist() == [31 * (4000 + f * 10) for f in range(1, 11)] * 3
    assert block.accounts.norm_person_days[0, :4].tolist() == [31, 62, 93, 31]
    assert block.accounts.by_owners[:4].tolist() == [False, False, False, True]
    assert block.accounts.persons[:4].tolist() == [1, 2, 3, 1]


async def test_a_block_of_other_houses_in_any_order_holds_the_same_accounts(connection: Any) -> None:
    whole = await block_of(connection)
    alone = await block_of(connection, (2,))
    turned = await block_of(connection, (3, 1, 2))

    assert turned.accounts.id.tolist() == whole.accounts.id.tolist()
    assert alone.accounts.id.tolist() == list(range(11, 21))
    assert np.array_equal(alone.meters.start, whole.meters.start[np.isin(whole.meters.id, alone.meters.id)])


async def test_people_and_areas_are_weighed_by_days_in_each_segment(connection: Any) -> None:
    await connection.execute("UPDATE account_facts SET valid_to = '2026-10-11' WHERE account_id = 1")
    await connection.execute(
        "INSERT INTO account_facts (account_id, house_id, company_id, area_dm2, residents, temporary, "
        "owners, "
        "valid_from) VALUES (1, 1, 3, 5000, 0, 2, 3, '2026-10-11')"
    )

    block = await block_of(connection, (1,), cuts=(6,))

    accounts = block.accounts
    assert block.first_day.tolist() == [1, 6]
    assert block.days.tolist() == [5, 26]
    assert accounts.open_days[:, 0].tolist() == [5, 26]
    assert accounts.area_days[:, 0].tolist() == [5 * 4010, 5 * 4010 + 21 * 5000]
    assert accounts.norm_person_days[:, 0].tolist() == [5, 5]  # the temporary ones are not the owners
    assert accounts.temporary_days[:, 0].tolist() == [0, 42]
    assert accounts.area_dm2[0] == 5000
    assert accounts.heated_area_dm2[0] == 5000
    assert accounts.living_area_dm2[0] == 5000
    assert accounts.persons[0] == 3
    assert not accounts.by_owners[0]


async def test_an_account_opened_and_closed_inside_the_month_counts_its_own_days(connection: Any) -> None:
    await connection.execute(
        "UPDATE accounts SET opened_on = '2026-10-11', closed_on = '2026-10-20' WHERE id = 1"
    )
    await connection.execute("UPDATE accounts SET closed_on = '2026-09-30' WHERE id = 2")
    await connection.execute("UPDATE accounts SET opened_on = '2026-11-01' WHERE id = 3")

    accounts = (await block_of(connection, (1,))).accounts

    assert accounts.id.tolist() == [1, *range(4, 11)]
    assert accounts.open_days[0, 0] == 10
    assert accounts.area_days[0, 0] == 10 * 4010


async def test_an_account_without_facts_or_area_is_in_the_block_with_nothing(connection: Any) -> None:
    await connection.execute("DELETE FROM account_facts WHERE account_id = 1")
    await connection.execute("UPDATE account_facts SET area_dm2 = NULL WHERE account_id = 2")

    accounts = (await block_of(connection, (1,))).accounts

    assert accounts.area_dm2[:2].tolist() == [MISSING, MISSING]
    assert accounts.norm_person_days[0, :2].tolist() == [0, 62]
    assert accounts.area_days[0, :2].tolist() == [0, 0]


async def test_what_was_superseded_is_not_seen_now_but_is_seen_as_of_then(connection: Any) -> None:
    before = await connection.fetchval("SELECT clock_timestamp()")
    await connection.execute(
        "UPDATE account_facts SET superseded_at = clock_timestamp() WHERE account_id = 1"
    )
    await connection.execute(
        "INSERT INTO account_facts (account_id, house_id, company_id, area_dm2, residents, owners, "
        "valid_from, "
        "recorded_at) VALUES (1, 1, 3, 9900, 5, 1, '2020-01-01', clock_timestamp())"
    )

    now = await block_of(connection, (1,))
    then = await block_of(connection, (1,), as_of=before)

    assert (now.accounts.area_dm2[0], now.accounts.persons[0]) == (9900, 5)
    assert (then.accounts.area_dm2[0], then.accounts.persons[0]) == (4010, 1)


async def test_a_changed_area_or_company_of_a_house_is_dated(connection: Any) -> None:
    await connection.execute(
        "INSERT INTO house_states (house_id, area_total_dm2, area_common_dm2, valid_from, valid_to) VALUES "
        "(1, 111, 11, '2020-01-01', '2026-10-15'), (1, 222, 22, '2026-10-15', NULL)"
    )
    await connection.execute(
        "INSERT INTO house_managements (house_id, company_id, valid_from, valid_to) VALUES "
        "(1, 2, '2020-01-01', '2026-11-01'), (1, 3, '2026-11-01', NULL)"
    )

    block = await block_of(connection, (1, 2))

    assert block.houses.area_total_dm2.tolist() == [222, 50_000]
    assert block.houses.company_id.tolist() == [2, 2]
    assert set(block.accounts.company_id.tolist()) == {2}
    assert block.rates[(8, 0)].values[0, 0].tolist() == [284100, 284100]


async def test_exceptions_of_accounts_switch_a_service_off_or_on(connection: Any) -> None:
    await connection.execute(
        "INSERT INTO account_services (account_id, house_id, company_id, service, is_on, supplier_id, "
        "valid_from) "
        "VALUES (1, 1, 3, 8, false, NULL, '2026-01-01'), (2, 1, 3, 6, true, 4, '2026-01-01'), "
        "(3, 1, 3, 8, false, NULL, '2026-01-01'), (3, 1, 3, 8, true, 2, '2026-10-05'), "
        "(4, 1, 3, 6, true, NULL, '2026-01-01')"
    )

    block = await block_of(connection, (1,))
    has_upkeep, upkeep = block.has(8)
    has_gas, gas = block.has(6)

    assert has_upkeep[:4].tolist() == [False, True, True, True]
    assert upkeep[:4].tolist() == [0, 3, 2, 3]
    assert np.flatnonzero(has_gas).tolist() == [1]
    assert gas[1] == 4


async def test_house_meters_are_summed_and_one_silent_meter_silences_the_house(connection: Any) -> None:
    await connection.execute(
        "INSERT INTO meters (id, house_id, company_id, kind, service, serial, digits, installed_on) VALUES "
        "(901, 1, 3, 'house', 4, 'а', 5, '2020-01-01'), (902, 1, 3, 'house', 4, 'б', 5, '2020-01-01'), "
        "(903, 2, 2, 'house', 4, 'в', 5, '2020-01-01'), (904, 2, 2, 'house', 4, 'г', 5, '2020-01-01')"
    )
    await connection.execute(
        "INSERT INTO readings (period, meter_id, house_id, company_id, taken_on, value1_micro, prev1_micro, "
        "prev_period, source) SELECT $1, m, 1 + (m - 901) / 2, 3, '2026-10-25', v * 1000000::bigint, p * "
        "1000000::bigint, "
        "'2026-09-01', 'company' FROM (VALUES (901, 150, 100), (902, 10, 99990), (903, 7, 0)) AS r (m, v, p)",
        OCTOBER,
    )

    meter = (await block_of(connection)).house_meters[4]

    assert meter.has.tolist() == [True, True, False]
    assert meter.has_reading.tolist() == [True, False, False]
    assert meter.volume[:, 0].tolist() == [50 * MICRO + 20 * MICRO, 0, 0]


# ---- meters against billing.history
# --------------------------------------------------------------------------


def invented(number: int, chance: random.Random) -> MeterFacts:
    """A meter with a past as unlucky as can be: gaps, silence, faults, expired verification, refusals."""
    installed = PERIOD.shift(-chance.randint(0, 9)).first_day + dt.timedelta(days=chance.randint(0, 27))
    months = [m for m in range(Period.of(installed).ordinal, PERIOD.ordinal + 1) if chance.random() < 0.7]
    total, marks = 0, []
    for month in months:
        total += chance.randint(1, 9) * MICRO
        marks.append(Mark(month, (total, 2 * total, 0)))
    verified = None
    if chance.random() < 0.3:
        verified = PERIOD.shift(chance.randint(-4, 1)).first_day + dt.timedelta(days=chance.randint(0, 27))
    events = []
    if number % 3 == 0:
        for kind in ("fault", "unverified", "refusal"):
            if chance.random() < 0.5:
                begun = PERIOD.shift(-chance.randint(0, 5)).first_day
                first = max(begun + dt.timedelta(days=chance.randint(0, 27)), installed)
                after = first + dt.timedelta(days=chance.randint(1, 90)) if chance.random() < 0.5 else None
                events.append(Event(kind, first, after))
    return MeterFacts(5, tuple(marks), installed, (0, 0, 0), None, verified, tuple(events))


async def keep(connection: Any, number: int, facts: MeterFacts) -> None:
    """The meter as storage holds it: each reading with what came before it and its window."""
    await connection.execute(
        "INSERT INTO meters (id, house_id, account_id, company_id, service, serial, zones, installed_on, "
        "verified_until, has_events) VALUES ($1, 1, $2, 3, 5, 'ЭЭ', 2, $3, $4, $5)",
        1000 + number,
        1 + number % 10,
        facts.installed_on,
        facts.verified_until,
        bool(facts.events),
    )
    known = history.points(facts, PERIOD.ordinal)
    for at, mark in enumerate(known[1:], start=1):
        failed = history.failed_months(facts.events, facts.verified_until, mark.month)
        volumes, months = history.window(known[: at + 1], facts.digits, failed)
        first = at == 1
        await connection.execute(
            "INSERT INTO readings (period, meter_id, house_id, account_id, company_id, taken_on, "
            "value1_micro, "
            "value2_micro, prev_period, prev1_micro, prev2_micro, window_months, window1_micro, "
            "window2_micro, "
            "source) VALUES ($1, $2, 1, $3, 3, $1, $4, $5, $6, $7, $8, $9, $10, $11, 'resident')",
            Period(mark.month).first_day,
            1000 + number,
            1 + number % 10,
            *mark.values[:2],
            None if first else Period(known[at - 1].month).first_day,
            *known[at - 1].values[:2],
            months,
            *volumes[:2],
        )
    for event in facts.events:
        await connection.execute(
            "INSERT INTO meter_events (meter_id, house_id, company_id, kind, valid_from, valid_to) "
            "VALUES ($1, 1, 3, $2, $3, $4)",
            1000 + number,
            event.kind,
            event.first,
            event.after,
        )


async def test_the_past_of_every_meter_is_what_the_one_definition_says(connection: Any) -> None:
    chance = random.Random(20261001)
    facts = {number: invented(number, chance) for number in range(150)}
    for back in range(8, 11):
        await connection.execute("SELECT ensure_reading_partition($1)", PERIOD.shift(-back).first_day)
    for number, one in facts.items():
        await keep(connection, number, one)

    meters = (await block_of(connection, (1,))).meters

    checked = 0
    for number, one in facts.items():
        expected = history.state(one, PERIOD)
        assert expected is not None
        (row,) = np.flatnonzero(meters.id == 1000 + number).tolist()
        seen = (meters.has_reading[row], meters.failed_month[row])
        assert seen == (expected.has_reading, expected.failed_month), (number, one)
        assert (meters.refused_month[row], meters.second_refusal[row]) == (
            expected.refused_month,
            expected.second_refusal,
        )
        trouble = expected.failed_month or expected.refused_month
        if not trouble and (expected.has_reading or expected.silent_months <= 4):
            assert meters.gap_months[row] == expected.gap_months, (number, one)
            assert meters.silent_months[row] == expected.silent_months, (number, one)
            assert meters.start[row].tolist() == list(expected.start), (number, one)
            assert meters.end[row].tolist() == list(expected.end)
        elif not trouble:
            assert meters.silent_months[row] > 4
        averaged = not trouble and not expected.has_reading and expected.silent_months <= 4
        averaged |= 0 < expected.failed_month <= 3 or 0 < expected.refused_month <= 3
        if averaged:
            checked += 1
            assert meters.window_months[row] == expected.window_months, (number, one)
            assert meters.window[row].tolist() == list(expected.window), (number, one)
    assert checked > 50


async def answer(connection: Any, key: str, number: int, organisation: int | None = None) -> None:
    await connection.execute(
        "INSERT INTO coefficients (organisation_id, key, value_permille, document, valid_from) "
        "VALUES ($1, $2, $3, 'Решение', '2020-01-01')",
        organisation,
        key,
        number,
    )


async def test_a_longer_window_and_days_of_events_are_what_the_one_definition_says(connection: Any) -> None:
    chance = random.Random(20261002)
    facts = {number: invented(number, chance) for number in range(60)}
    for back in range(8, 11):
        await connection.execute("SELECT ensure_reading_partition($1)", PERIOD.shift(-back).first_day)
    for number, one in facts.items():
        await keep(connection, number, one)
    await answer(connection, AVERAGE_WINDOW, 1)
    await answer(connection, FAULT_DAYS, 1)

    block = await block_of(connection, (1,))

    meters, days, longer = block.meters, set(), 0
    assert meters.event_day is not None
    for number, one in facts.items():
        expected = history.state(one, PERIOD, AVERAGE_MONTHS_CHOSEN)
        assert expected is not None
        (row,) = np.flatnonzero(meters.id == 1000 + number).tolist()
        assert meters.event_day[row] == expected.event_day, (number, one)
        days.add(expected.event_day)
        if not expected.has_reading or expected.failed_month or expected.refused_month:
            assert meters.window_months[row] == expected.window_months, (number, one)
            assert meters.window[row].tolist() == list(expected.window), (number, one)
            longer += expected.window_months > AVERAGE_MONTHS_MAX
    assert longer > 3
    assert {int(day) for day in block.first_day} == {day for day in days if day > 1} | {1}


async def test_days_of_people_cut_only_houses_of_the_company_that_asked(connection: Any) -> None:
    change = (
        "INSERT INTO account_facts (account_id, house_id, company_id, area_dm2, residents, owners, "
        "valid_from) VALUES ($1, $2, 3, 5000, 7, 1, $3)"
    )
    await connection.execute("UPDATE account_facts SET valid_to = '2026-10-11' WHERE account_id IN (1, 11)")
    await connection.execute(change, 1, 1, dt.date(2026, 10, 11))
    await connection.execute(change, 11, 2, dt.date(2026, 10, 11))
    await answer(connection, PEOPLE_LINES, 1, 3)

    asked, other = await block_of(connection, (1,)), await block_of(connection, (2,))

    assert asked.first_day.tolist() == [1, 11]
    assert other.first_day.tolist() == [1]


async def test_meters_come_in_order_of_accounts(connection: Any) -> None:
    meters = (await block_of(connection)).meters

    assert (np.diff(meters.account) >= 0).all()
    assert len(meters) == len([number for number in range(1, 31) if number % 3])


async def test_a_meter_taken_off_in_the_month_stays_and_one_taken_off_before_is_gone(connection: Any) -> None:
    await connection.execute("UPDATE meters SET removed_on = '2026-10-02' WHERE id = 1")
    await connection.execute("UPDATE meters SET removed_on = '2026-10-01' WHERE id = 2")
    await connection.execute("UPDATE meters SET installed_on = '2026-11-01' WHERE id = 4")

    ids = (await block_of(connection, (1,))).meters.id.tolist()

    assert 1 in ids
    assert not {2, 4} & set(ids)


async def test_what_was_billed_while_a_meter_was_silent_is_split_among_the_silent_ones(
    connection: Any,
) -> None:
    """Meters 2 and 902 of account 2 were silent in August and September; 902 still is."""
    await connection.execute(
        "UPDATE readings SET superseded_at = now() WHERE meter_id = 2 AND period IN ('2026-08-01', "
        "'2026-09-01')"
    )
    await connection.execute(
        "UPDATE readings SET prev_period = '2026-07-01' WHERE meter_id = 2 AND period = $1", OCTOBER
    )
    await connection.execute(
        "INSERT INTO meters (id, house_id, account_id, company_id, service, serial, installed_on) "
        "VALUES (902, 1, 2, 3, 1, 'б', '2026-08-05')"
    )
    for run, period, volume in ((1, "2026-08-01", 9_000_001), (2, "2026-09-01", 5_000_000)):
        await connection.execute(
            "INSERT INTO runs (id, period, scope_kind, state, command_id, posted_in) "
            "VALUES ($1, $2::text::date, 'city', 'published', $2, '2026-10-01')",
            run,
            period,
        )
        await connection.execute(f"CREATE TABLE lines_{run} PARTITION OF lines FOR VALUES IN ({run})")
        await connection.execute(
            "INSERT INTO lines (run_id, account_id, company_id, supplier_id, service, component, basis, "
            "kind, "
            "first_day, days, volume_num, volume_den, rate, amount_kopecks, surcharge_kopecks, raised_num, "
            "a, b) "
            "SELECT $1, 2, 3, 4, s, 0, b, 0, 1, 31, v, 1, 1, 1, 0, 0, 0, 0 FROM "
            "(VALUES (1, 4, $2::bigint), (1, 1, 7000000), (3, 20, 4000000)) AS l (s, b, v)",
            run,
            volume,
        )

    meters = (await block_of(connection, (1,))).meters

    late, silent = (int(np.flatnonzero(meters.id == meter)[0]) for meter in (2, 902))
    assert meters.gap_months[late] == 2
    assert meters.billed[late].tolist() == [4_500_001 + 2_500_000, 0, 0]
    assert meters.billed[silent].tolist() == [0, 0, 0]
