"""Readings of meters: taken, superseded, never edited; each knows what came before it (billing.history).

`check_reading` judges without writing (for pages), `give_reading` judges and writes (for the intake, in the
transaction of the event). When an earlier reading changes, the later rows of the meter are derived again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.history import Values, consumed
from billing.period import Period
from billing.reading import ROLLOVER_PART, ReadingRefused, parse_values, words
from billing.vee.batch import NONE
from billing.vee.evaluate import ARITHMETIC, Finding, Verdict
from billing.vee.rules import BLOCK, HOLD, WARN
from storage import late_facts, vee, vee_hold
from storage.late_facts import LateFact
from storage.meters import Known, Row, derive, load

LAST_DAY_KEY = "reading_last_day"  # setting: the last day on which a resident's reading is the open month's
WINDOWED_SOURCES = ("resident", "payment")
NOTHING_SAID = Verdict(())
HELD_WORDS = "Пока его не проверит сотрудник, считаем по среднему или нормативу."


@dataclass(frozen=True, slots=True)
class Checked:
    """A reading that can be taken: into which month, what it means, what it replaces."""

    values: Values
    period: dt.date
    volume: Values
    message: str
    replaces: Values | None = None
    verdict: Verdict = NOTHING_SAID

    @property
    def is_held(self) -> bool:
        """Taken, but it does not bill until somebody looks at it."""
        return self.verdict.is_held


@dataclass(frozen=True, slots=True)
class Given(Checked):
    """A reading that was taken."""

    reading_id: int = 0
    is_repeat: bool = False


# ---- judging -------------------------------------------------------------------------------------


async def check_reading(
    session: AsyncSession,
    meter_id: int,
    texts: Sequence[str],
    *,
    taken_on: dt.date,
    source: str,
    today: dt.date,
    open_period: dt.date,
    confirmed: bool = False,
    period: dt.date | None = None,
) -> Checked:
    """Judge what a person typed without writing anything. period: the month it closes, when that is known
    (a reading of a past month put right). Raises ReadingRefused or ReadingAsked.
    """
    if period is not None:
        month, was_late = Period.of(period), False
    else:
        month, was_late = await _month_of(session, meter_id, taken_on, source, open_period)
    known = await load(session, meter_id, month)
    values = parse_values(texts, known.card.zones, known.card.decimals)
    given = vee.Taken(known, values, taken_on, month, was_late)
    checked = await _judge(session, given, today, source, confirmed)
    if period is not None:
        judge_next(known, values, month)
    return checked


async def _judge(
    session: AsyncSession, given: vee.Taken, today: dt.date, source: str, confirmed: bool
) -> Checked:
    verdict = (await vee.judge(session, [given], today))[0]
    return judged(given, verdict, confirmed=confirmed, can_ask=source in vee.ASKED_SOURCES)


def judged(given: vee.Taken, verdict: Verdict, *, confirmed: bool, can_ask: bool) -> Checked:
    """What a verdict means for a reading. Raises ReadingRefused or ReadingAsked."""
    verdict = verdict.settle(confirmed=confirmed, can_ask=can_ask)
    known, values, month, taken_on = given.known, given.values, given.month, given.taken_on
    volume = consumed(known.previous(month.ordinal).values, values, known.card.digits)
    if verdict.is_held:
        aside = f"Принято на проверку. {verdict.held_words} {HELD_WORDS}"
        return Checked(values, month.first_day, volume, aside, None, verdict)
    replaced = known.at(month.ordinal)
    said = [f"Принято. Расход {words(sum(volume))} {known.card.unit}."]
    if given.was_late:
        said.append(f"Приём за {month.shift(-1).title} закончился, показание войдёт в {month.title}.")
    if replaced is not None:
        said.append(f"Прежнее показание {words(replaced.values[0])} от {replaced.taken_on:%d.%m} заменено.")
    if known.verified_until is not None and known.verified_until < taken_on:
        said.append(
            f"Срок поверки истёк {known.verified_until:%d.%m.%Y}: пока считаем по среднему за полгода. "
            "Поверьте или замените счётчик."
        )
    return Checked(
        values,
        month.first_day,
        volume,
        " ".join(said),
        None if replaced is None else replaced.values,
        verdict,
    )


async def _month_of(
    session: AsyncSession, meter_id: int, taken_on: dt.date, source: str, open_period: dt.date
) -> tuple[Period, bool]:
    """Which month a reading closes: the open one, or the next when the window set by the organisation is
    over.
    """
    month = Period.of(open_period)
    if source not in WINDOWED_SOURCES:
        return month, False
    last_day = await session.scalar(
        text(
            "SELECT s.value FROM settings s WHERE s.key = :key AND s.superseded_at IS NULL AND s.valid_from "
            "<= :day "
            "AND (s.valid_to IS NULL OR s.valid_to > :day) AND (s.organisation_id IS NULL OR "
            "s.organisation_id = (SELECT m.company_id FROM meters m WHERE m.id = :meter_id)) "
            "ORDER BY s.organisation_id NULLS LAST LIMIT 1"
        ),
        {"key": LAST_DAY_KEY, "day": open_period, "meter_id": meter_id},
    )
    if last_day is None:
        return month, False
    end = month.first_day + dt.timedelta(days=min(int(last_day), month.days) - 1)
    return (month.shift(1), True) if taken_on > end else (month, False)


# ---- writing -------------------------------------------------------------------------------------


async def give_reading(
    session: AsyncSession,
    meter_id: int,
    values: Values,
    taken_on: dt.date,
    source: str,
    user_id: int | None,
    event_id: str | None,
    today: dt.date,
    open_period: dt.date,
    *,
    confirmed: bool = False,
    period: dt.date | None = None,
    by_person: bool = False,
    total_micro: int = NONE,
) -> Given:
    """Take a reading; the earlier one of the same month is superseded. The same event_id again changes
    nothing.

    values: micro-units by zone, zeros in zones the meter does not have. period: the month it closes, when
    the caller
    knows it (import); otherwise the open month by the organisation's window. by_person: somebody has looked
    at a held reading and takes it: only what arithmetic forbids is refused. total_micro: what the counter
    showed over all zones, when it says so. For the workers' role.
    Raises ReadingRefused or ReadingAsked, having written nothing.
    """
    if period is not None:
        month, was_late = Period.of(period), False
    else:
        month, was_late = await _month_of(session, meter_id, taken_on, source, open_period)
    known = await load(session, meter_id, month, lock=True)
    if event_id is not None:
        repeat = next((row for row in known.rows if row.event_id == event_id), None)
        if repeat is not None:
            return _repeated(known, repeat)
    waiting = await vee_hold.repeated(session, meter_id, month.first_day, event_id)
    if waiting is not None:
        return _held_before(month, values, waiting)
    given = vee.Taken(known, values, taken_on, month, was_late, total_micro)
    if by_person:
        taken = await _accept(session, given, today)
    else:
        taken = await _judge(session, given, today, source, confirmed)
    judge_next(known, values, month)
    if taken.is_held:
        return await _hold(session, given, taken, source, user_id, event_id)
    reading_id = await _write(session, known, taken, taken_on, source, user_id, event_id)
    await vee_hold.give_way(session, meter_id, taken.period, user_id)
    await vee_hold.note(session, reading_id, taken.period, known.company_id, taken.verdict.findings)
    again = await load(session, meter_id, month)
    await derive(session, again, month)
    await late_facts.note(session, [late_reading(known, taken, reading_id, taken_on)])
    return Given(
        taken.values, taken.period, taken.volume, taken.message, taken.replaces, reading_id=reading_id
    )


def late_reading(known: Known, taken: Checked, reading_id: int, taken_on: dt.date) -> LateFact:
    """A reading of a month for the queue of late facts: that month and those that stood on it."""
    said = "исправлено" if taken.replaces else "принято"
    value = words(taken.values[0])
    return LateFact(
        key=f"reading-{reading_id}",
        kind="reading",
        happened_on=Period.of(taken.period).first_day,
        after=None,
        words=f"Показание за {Period.of(taken.period).title} {said}: {value} от {taken_on:%d.%m.%Y}",
        account_id=known.account_id,
        house_id=known.house_id,
        service=known.card.service,
    )


async def _accept(session: AsyncSession, given: vee.Taken, today: dt.date) -> Checked:
    """A person takes a held reading: what they looked at stays as notes."""
    verdict = (await vee.judge(session, [given], today))[0]
    impossible = [one for one in verdict.findings if one.rule in ARITHMETIC and not one.is_unknown]
    if impossible:
        raise ReadingRefused(impossible[0].code, impossible[0].words)
    notes = tuple(
        Finding(one.rule, WARN, one.code, one.words, one.is_unknown) if one.severity in (BLOCK, HOLD) else one
        for one in verdict.findings
    )
    return judged(given, Verdict(notes), confirmed=True, can_ask=True)


async def _hold(
    session: AsyncSession,
    given: vee.Taken,
    taken: Checked,
    source: str,
    user_id: int | None,
    event_id: str | None,
) -> Given:
    reading_id = await vee_hold.hold(
        session,
        given.known,
        taken.period,
        given.month.ordinal,
        taken.values,
        sum(taken.volume),
        taken.verdict,
        taken_on=given.taken_on,
        source=source,
        user_id=user_id,
        event_id=event_id,
    )
    return Given(
        taken.values,
        taken.period,
        taken.volume,
        taken.message,
        None,
        taken.verdict,
        reading_id=reading_id,
    )


def _held_before(month: Period, values: Values, waiting: tuple[int, str, int]) -> Given:
    """The same event again while its reading is held."""
    reading_id, why, volume = waiting
    said = f"Принято на проверку. {why} {HELD_WORDS}"
    return Given(values, month.first_day, (volume, 0, 0), said, reading_id=reading_id, is_repeat=True)


def _repeated(known: Known, row: Row) -> Given:
    volume = consumed(known.previous(row.month).values, row.values, known.card.digits)
    said = f"Принято. Расход {words(sum(volume))} {known.card.unit}."
    return Given(row.values, Period(row.month).first_day, volume, said, reading_id=row.id, is_repeat=True)


def judge_next(known: Known, values: Values, month: Period) -> None:
    """A reading with a later one after it must not be greater than that."""
    later = next((row for row in known.rows if row.month > month.ordinal), None)
    if later is None:
        return
    for zone in range(known.card.zones):
        rolled = later.values[zone] - values[zone]
        if rolled < 0 and (rolled + known.card.turn_micro) * ROLLOVER_PART > known.card.turn_micro:
            raise ReadingRefused(
                "greater_than_next",
                f"Показание {words(values[zone])} больше следующего {words(later.values[zone])} "
                f"от {later.taken_on:%d.%m.%Y}. Проверьте месяц и цифры.",
            )


async def _write(
    session: AsyncSession,
    known: Known,
    judged: Checked,
    taken_on: dt.date,
    source: str,
    user_id: int | None,
    event_id: str | None,
) -> int:
    await session.execute(text("SELECT ensure_reading_partition(:period)"), {"period": judged.period})
    await session.execute(
        text(
            "UPDATE readings SET superseded_at = clock_timestamp() WHERE meter_id = :meter_id AND period = "
            ":period "
            "AND superseded_at IS NULL AND status = 'accepted'"
        ),
        {"meter_id": known.id, "period": judged.period},
    )
    reading_id = await session.scalar(
        text(
            "INSERT INTO readings (period, meter_id, house_id, account_id, company_id, taken_on, "
            "value1_micro, "
            "value2_micro, value3_micro, source, event_id, user_id) VALUES (:period, :meter_id, :house_id, "
            ":account_id, :company_id, :taken_on, :value1, :value2, :value3, :source, :event_id, :user_id) "
            "RETURNING id"
        ),
        {
            "period": judged.period,
            "meter_id": known.id,
            "house_id": known.house_id,
            "account_id": known.account_id,
            "company_id": known.company_id,
            "taken_on": taken_on,
            "value1": judged.values[0],
            "value2": judged.values[1],
            "value3": judged.values[2],
            "source": source,
            "event_id": event_id,
            "user_id": user_id,
        },
    )
    assert reading_id is not None
    return int(reading_id)


# ---- what is shown -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MeterView:
    """A meter of an account as pages show it; last = the reading a new one is compared with."""

    id: int
    service: int
    serial: str
    place: str
    kind: str
    zones: int
    digits: int
    installed_on: dt.date
    removed_on: dt.date | None
    verified_until: dt.date | None
    last: Values | None
    last_taken_on: dt.date | None
    last_period: dt.date | None
    current: Values | None
    current_taken_on: dt.date | None
    current_source: str | None
    volume: Values | None


@dataclass(frozen=True, slots=True)
class ReadingView:
    """A line of a meter's history; superseded ones stay visible with what replaced them."""

    id: int
    period: dt.date
    taken_on: dt.date
    values: Values
    previous: Values
    volume: Values
    source: str
    status: str
    user_id: int | None
    recorded_at: dt.datetime
    is_superseded: bool


async def meters_of(session: AsyncSession, account_id: int, open_period: dt.date) -> list[MeterView]:
    """Meters of an account that stand in the open month: the last reading before it, and this month's if
    given.
    """
    found = await session.execute(
        text(
            "SELECT m.id, m.service, m.serial, coalesce(m.place, '') AS place, m.kind, m.zones, m.digits, "
            "m.installed_on, m.removed_on, m.verified_until, "
            "coalesce(k.checked_on, l.taken_on) AS last_taken_on, "
            "coalesce(k.period, l.period) AS last_period, "
            "coalesce(k.value1_micro, l.value1_micro, m.initial1_micro) AS last1, "
            "coalesce(k.value2_micro, l.value2_micro, m.initial2_micro) AS last2, "
            "coalesce(k.value3_micro, l.value3_micro, m.initial3_micro) AS last3, "
            "c.id AS current_id, c.taken_on AS current_taken_on, "
            "c.source AS current_source, c.value1_micro AS now1, c.value2_micro AS now2, c.value3_micro AS "
            "now3 "
            "FROM meters m "
            "LEFT JOIN LATERAL (SELECT * FROM readings r WHERE r.meter_id = m.id AND r.period < :period "
            "  AND r.superseded_at IS NULL AND r.status = 'accepted' ORDER BY r.period DESC LIMIT 1) l ON "
            "true "
            "LEFT JOIN LATERAL (SELECT * FROM readings r WHERE r.meter_id = m.id AND r.period = :period "
            "  AND r.superseded_at IS NULL AND r.status = 'accepted') c ON true "
            "LEFT JOIN LATERAL (SELECT k.*, date_trunc('month', k.checked_on)::date AS period "
            "  FROM meter_checks k WHERE m.has_events AND k.meter_id = m.id AND k.superseded_at IS NULL "
            "  AND k.checked_on < :period + interval '1 month' AND (l.period IS NULL "
            "  OR k.checked_on >= l.period + interval '1 month' OR k.is_last AND k.checked_on >= l.period) "
            "  ORDER BY k.checked_on DESC LIMIT 1) k ON true "
            "WHERE m.account_id = :account_id AND (m.removed_on IS NULL OR m.removed_on > :period) "
            "ORDER BY m.service, m.id"
        ),
        {"account_id": account_id, "period": open_period},
    )
    return [_meter_view(row) for row in found]


def _meter_view(row: Any) -> MeterView:
    last: Values = (row.last1, row.last2, row.last3)
    current: Values | None = None if row.current_id is None else (row.now1, row.now2, row.now3)
    return MeterView(
        id=row.id,
        service=row.service,
        serial=row.serial,
        place=row.place,
        kind=row.kind,
        zones=row.zones,
        digits=row.digits,
        installed_on=row.installed_on,
        removed_on=row.removed_on,
        verified_until=row.verified_until,
        last=last,
        last_taken_on=row.last_taken_on,
        last_period=row.last_period,
        current=current,
        current_taken_on=row.current_taken_on,
        current_source=row.current_source,
        volume=None if current is None else consumed(last, current, row.digits),
    )


async def history(
    session: AsyncSession, meter_id: int, *, since: dt.date, with_superseded: bool = False
) -> list[ReadingView]:
    """Readings of a meter from month `since` on, newest first; with_superseded shows what was replaced
    too.
    """
    found = await session.execute(
        text(
            "SELECT r.*, m.digits FROM readings r JOIN meters m ON m.id = r.meter_id WHERE r.meter_id = "
            ":meter_id "
            "AND r.period >= :since AND (:all OR (r.superseded_at IS NULL AND r.status = 'accepted')) "
            "ORDER BY r.period DESC, r.id DESC"
        ),
        {"meter_id": meter_id, "since": since, "all": with_superseded},
    )
    views = []
    for row in found:
        values: Values = (row.value1_micro, row.value2_micro, row.value3_micro)
        previous: Values = (row.prev1_micro, row.prev2_micro, row.prev3_micro)
        views.append(
            ReadingView(
                id=row.id,
                period=row.period,
                taken_on=row.taken_on,
                values=values,
                previous=previous,
                volume=consumed(previous, values, row.digits),
                source=row.source,
                status=row.status,
                user_id=row.user_id,
                recorded_at=row.recorded_at,
                is_superseded=row.superseded_at is not None,
            )
        )
    return views
