"""Readings: what is taken, refused and asked; what each knows of its past, in whatever order they came."""

import datetime as dt
import random

import pytest
from sqlalchemy import text

from billing import history
from billing.period import Period
from billing.quantity import MICRO
from billing.reading import ReadingAsked, ReadingRefused
from storage import readings
from storage.engine import Database
from storage.meters import load
from storage.scope import Scope
from tests.storage import town

TODAY = dt.date(2026, 10, 22)
WATER_METER, POWER_METER = 1, 2


@pytest.fixture(autouse=True)
async def _town(db: Database) -> None:
    await town.build(db)


async def give(
    db: Database,
    value: int,
    month: str | None = None,
    *,
    meter_id: int = WATER_METER,
    event_id: str | None = None,
    confirmed: bool = False,
    taken_on: dt.date | None = None,
    values: tuple[int, int, int] | None = None,
) -> readings.Given:
    period = None if month is None else Period.parse(month).first_day
    day = taken_on or (TODAY if period is None else period + dt.timedelta(days=23))
    async with db.transaction() as session:
        return await readings.give_reading(
            session,
            meter_id,
            values or (value * MICRO, 0, 0),
            day,
            "resident",
            None,
            event_id,
            max(TODAY, day),
            town.OPEN,
            confirmed=confirmed,
            period=period,
        )


async def past_of(db: Database, month: str, meter_id: int = WATER_METER) -> tuple[object, ...]:
    """prev_period, prev1, window1 (units), window_months of the current reading of a month."""
    async with db.reading() as session:
        row = (
            await session.execute(
                text(
                    "SELECT prev_period, prev1_micro, window1_micro, window_months FROM readings "
                    "WHERE meter_id = :id AND period = :period AND superseded_at IS NULL"
                ),
                {"id": meter_id, "period": Period.parse(month).first_day},
            )
        ).one()
    return row[0], row[1] // MICRO, row[2] // MICRO, row[3]


async def test_first_reading_follows_the_initial_one(db: Database) -> None:
    given = await give(db, 106)

    assert given.period == town.OPEN
    assert given.volume == (6 * MICRO, 0, 0)
    assert given.message == "Принято. Расход 6 м³."
    # installed in January: its initial reading closes December, so ten months passed, of which six count
    assert await past_of(db, "2026-10") == (None, 100, 3, 6)


async def test_each_reading_knows_the_one_before_and_the_window(db: Database) -> None:
    for month, value in (("2026-07", 121), ("2026-08", 124), ("2026-10", 130)):
        await give(db, value, month)

    assert await past_of(db, "2026-08") == (dt.date(2026, 7, 1), 121, 18, 6)
    # August's 3, two months of 3 each, and three of the seven months before July
    assert await past_of(db, "2026-10") == (dt.date(2026, 8, 1), 124, 6 + 3 + 9, 6)


async def test_earlier_reading_given_late_moves_the_later_ones(db: Database) -> None:
    await give(db, 110, "2026-08")
    await give(db, 130, "2026-10", confirmed=True)
    assert await past_of(db, "2026-10") == (dt.date(2026, 8, 1), 110, 25, 6)

    await give(db, 115, "2026-09")

    assert await past_of(db, "2026-10") == (dt.date(2026, 9, 1), 115, 15 + 5 + 5, 6)


async def test_order_of_arrival_does_not_matter(db: Database) -> None:
    months = [f"2026-{month:02d}" for month in range(2, 11)]
    values = {month: 102 + 3 * at for at, month in enumerate(months)}
    shuffled = random.Random(5).sample(months, len(months))
    for month in shuffled:
        await give(db, values[month], month, confirmed=True)

    async with db.reading() as session:
        known = await load(session, WATER_METER, Period.of(town.OPEN))
    marks = [history.Mark(Period.parse(m).ordinal, (v * MICRO, 0, 0)) for m, v in values.items()]
    facts = history.MeterFacts(5, marks, dt.date(2026, 1, 15), (100 * MICRO, 0, 0))
    for at, row in enumerate(known.rows):
        state = history.state(facts, Period(row.month))
        assert state is not None
        assert row.previous == state.start
        assert (row.window, row.window_months) == history.window(history.points(facts, row.month), 5)
        assert row.previous_month == (known.rows[at - 1].month if at else None)


async def test_second_reading_of_a_month_supersedes_the_first(db: Database) -> None:
    await give(db, 106)
    again = await give(db, 107)

    assert again.replaces == (106 * MICRO, 0, 0)
    assert "Прежнее показание 106 от 22.10 заменено" in again.message
    async with db.reading() as session:
        kept = await readings.history(session, WATER_METER, since=dt.date(2026, 1, 1), with_superseded=True)
        current = await readings.history(session, WATER_METER, since=dt.date(2026, 1, 1))
    assert [(view.values[0] // MICRO, view.is_superseded) for view in kept] == [(107, False), (106, True)]
    assert [view.volume[0] // MICRO for view in current] == [7]


async def test_same_event_twice_changes_nothing(db: Database) -> None:
    first = await give(db, 106, event_id="cabinet:1")
    again = await give(db, 106, event_id="cabinet:1")

    assert (again.reading_id, again.is_repeat, again.volume) == (first.reading_id, True, first.volume)


async def refusal(db: Database, value: int, **how: object) -> ReadingRefused:
    with pytest.raises(ReadingRefused) as caught:
        await give(db, value, **how)  # type: ignore[arg-type]
    async with db.reading() as session:
        assert (
            await session.scalar(
                text("SELECT count(*) FROM readings WHERE value1_micro = :v"), {"v": value * MICRO}
            )
            == 0
        )
    return caught.value


async def test_smaller_reading_is_refused_and_explained(db: Database) -> None:
    await give(db, 122, "2026-09")
    said = await refusal(db, 118)

    assert said.code == "smaller"
    assert said.message == (
        "Показание 118 меньше прошлого 122 от 24.09. Если счётчик заменён, оформите замену; если ошиблись, "
        "исправьте."
    )


async def test_rollover_is_asked_about_and_undone(db: Database) -> None:
    async with db.transaction() as session:
        await session.execute(text("UPDATE meters SET initial1_micro = 99990000000 WHERE id = 1"))
    said = await refusal(db, 5)
    given = await give(db, 5, confirmed=True)

    assert isinstance(said, ReadingAsked)
    assert given.volume == (15 * MICRO, 0, 0)


async def test_three_times_the_usual_is_asked_about(db: Database) -> None:
    for month, value in (("2026-06", 112), ("2026-07", 118), ("2026-08", 125), ("2026-09", 130)):
        await give(db, value, month, confirmed=True)
    said = await refusal(db, 176)

    assert said.message == (
        "Расход 46 м³, обычно 2–7 м³. Проверьте цифры. Если всё верно, нажмите «Да, передать 176»."
    )
    assert (await give(db, 176, confirmed=True)).volume[0] == 46 * MICRO
    assert (await give(db, 140)).volume[0] == 10 * MICRO


async def test_dates_that_cannot_be_are_refused(db: Database) -> None:
    await give(db, 104, "2026-09")
    async with db.transaction() as session:
        with pytest.raises(ReadingRefused) as tomorrow:
            await readings.give_reading(
                session,
                1,
                (106 * MICRO, 0, 0),
                dt.date(2026, 10, 23),
                "resident",
                None,
                None,
                TODAY,
                town.OPEN,
            )
    early = await refusal(db, 106, taken_on=dt.date(2026, 1, 14))
    before = await refusal(db, 106, taken_on=dt.date(2026, 9, 1))

    assert tomorrow.value.code == "in_future"
    assert (early.code, before.code) == ("before_installation", "before_previous")


async def test_removed_and_unknown_meters_are_refused(db: Database) -> None:
    async with db.transaction() as session:
        await session.execute(text("UPDATE meters SET removed_on = '2026-10-12' WHERE id = 1"))

    assert "снят 12.10.2026" in (await refusal(db, 106)).message
    assert (await refusal(db, 106, meter_id=99)).code == "unknown_meter"


async def test_number_longer_than_the_counter_is_refused(db: Database) -> None:
    assert (await refusal(db, 100_000)).code == "too_long"


async def test_late_reading_greater_than_the_next_is_refused(db: Database) -> None:
    await give(db, 110, "2026-10")

    assert (await refusal(db, 115, month="2026-09")).code == "greater_than_next"


async def check(web: Database, *texts: str, meter_id: int = WATER_METER) -> readings.Checked:
    resident = Scope(user_id=1, role="resident", account_ids=(1,))
    async with web.reading(resident) as session:
        return await readings.check_reading(
            session, meter_id, texts, taken_on=TODAY, source="resident", today=TODAY, open_period=town.OPEN
        )


@pytest.mark.parametrize("typed", ["", "сто", "1e3", "12,3456789", "12.3.4"])
async def test_not_a_number_is_refused_in_words(web: Database, typed: str) -> None:
    with pytest.raises(ReadingRefused, match="Введите показание числом: 124 или 124,35"):
        await check(web, typed)


@pytest.mark.parametrize("typed", ["124", "124,35", "124.35", " 0124 "])
async def test_a_page_checks_before_anything_is_sent(db: Database, web: Database, typed: str) -> None:
    checked = await check(web, typed)

    assert checked.values[0] // MICRO == 124
    async with db.reading() as session:
        assert await session.scalar(text("SELECT count(*) FROM readings")) == 0


async def test_a_two_rate_meter_wants_both_values(db: Database, web: Database) -> None:
    with pytest.raises(ReadingRefused, match="Введите показания T1, T2"):
        await check(web, "10", meter_id=POWER_METER)
    checked = await check(web, "10", "4,5", meter_id=POWER_METER)
    given = await give(db, 0, meter_id=POWER_METER, values=checked.values)

    assert given.volume == (10 * MICRO, 9 * MICRO // 2, 0)


async def test_meter_of_a_neighbour_is_unknown(web: Database) -> None:
    async with web.reading(Scope(user_id=2, role="resident", account_ids=(2,))) as session:
        with pytest.raises(ReadingRefused) as caught:
            await readings.check_reading(
                session, 1, ["124"], taken_on=TODAY, source="resident", today=TODAY, open_period=town.OPEN
            )
    assert caught.value.code == "unknown_meter"


async def test_after_the_last_day_a_reading_is_of_the_next_month(db: Database) -> None:
    async with db.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO settings (organisation_id, key, value, valid_from) VALUES "
                "(NULL, 'reading_last_day', '20', '2020-01-01'), (1, 'reading_last_day', '25', '2020-01-01')"
            )
        )
    within = await give(db, 106, taken_on=dt.date(2026, 10, 25))
    after = await give(db, 107, taken_on=dt.date(2026, 10, 26))

    assert within.period == dt.date(2026, 10, 1)
    assert after.period == dt.date(2026, 11, 1)
    assert "Приём за октябрь 2026 закончился, показание войдёт в ноябрь 2026" in after.message


async def test_meters_of_an_account_show_last_and_current(db: Database) -> None:
    await give(db, 104, "2026-09")
    await give(db, 109)
    async with db.reading() as session:
        water, power = await readings.meters_of(session, 1, town.OPEN)

    assert water.last is not None
    assert (water.last[0] // MICRO, water.last_taken_on) == (104, dt.date(2026, 9, 24))
    assert (water.volume, water.current_source) == ((5 * MICRO, 0, 0), "resident")
    assert (power.last, power.current) == ((0, 0, 0), None)


async def test_values_of_a_reading_never_change(db: Database) -> None:
    await give(db, 106)
    for statement in ("UPDATE readings SET value1_micro = 0", "DELETE FROM readings"):
        with pytest.raises(Exception, match="only added to"):
            async with db.transaction() as session:
                await session.execute(text(statement))


async def test_months_of_a_fault_do_not_count(db: Database) -> None:
    async with db.transaction() as session:
        await session.execute(
            text(
                "INSERT INTO meter_events (meter_id, house_id, company_id, kind, valid_from, valid_to) "
                "VALUES (1, 1, 1, 'fault', '2026-09-05', '2026-09-20')"
            )
        )
        await session.execute(text("UPDATE meters SET has_events = true WHERE id = 1"))
    for month, value in (("2026-07", 114), ("2026-08", 117), ("2026-09", 190), ("2026-10", 193)):
        await give(db, value, month, confirmed=True)

    # October 3, August 3, four of the seven months before at 2 each; September's 73 is left out
    assert await past_of(db, "2026-10") == (dt.date(2026, 9, 1), 190, 3 + 3 + 8, 6)


async def test_more_than_a_flat_can_use_is_asked_about_without_history(db: Database) -> None:
    """The meter stood at 100 in January; nothing was read since, so nothing is usual."""
    said = await refusal(db, 1_225)

    assert isinstance(said, ReadingAsked)
    assert said.code == "ceiling"
    assert said.message == (
        "Расход 1\u2009125 м³. Столько в квартире не бывает: за 10 мес. обычно меньше 600 м³. Точно? "
        "Проверьте цифры. Если всё верно, нажмите «Да, передать 1\u2009225»."
    )
    assert (await give(db, 1_225, confirmed=True)).volume[0] == 1_125 * MICRO


async def test_what_a_flat_can_use_is_not_asked_about_without_history(db: Database) -> None:
    assert (await give(db, 650)).volume[0] == 550 * MICRO


async def test_a_meter_of_the_house_has_no_ceiling_of_a_flat(db: Database) -> None:
    async with db.transaction() as session:
        await session.execute(text("UPDATE meters SET account_id = NULL, kind = 'house' WHERE id = 1"))

    assert (await give(db, 9_000)).volume[0] == 8_900 * MICRO


@pytest.mark.parametrize("typed", ["124,3567", "124.0001"])
async def test_more_figures_than_the_counter_has_are_refused(web: Database, typed: str) -> None:
    with pytest.raises(ReadingRefused, match="не больше 3 цифр после запятой"):
        await check(web, typed)


async def test_a_counter_of_heat_shows_more_figures(db: Database, web: Database) -> None:
    async with db.transaction() as session:
        await session.execute(text("UPDATE meters SET service = 4 WHERE id = 1"))

    assert (await check(web, "100,123456")).values[0] == 100_123_456
