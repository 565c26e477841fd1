"""A meter with its past, as billing.history needs it, and what each of its readings is derived from.

Readings are partitioned by month. To judge or derive one, the last LOOK_BACK_MONTHS are enough: every row
knows the reading before it, so the past behind the window is not lost.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from billing import history as past
from billing.history import Check, Event, Mark, Values
from billing.period import Period
from billing.reading import MeterCard, Previous, ReadingRefused
from billing.services import Service

HEATING_SEASON = frozenset({1, 2, 3, 4, 10, 11, 12})  # calendar months a heating meter is averaged over
LOOK_BACK_MONTHS = 36

METER = """
SELECT id, house_id, account_id, company_id, service, serial, zones, digits, installed_on, removed_on,
       verified_until, has_events, initial1_micro, initial2_micro, initial3_micro
  FROM meters WHERE id = :id"""
METER_LOCKED = METER + " FOR UPDATE"


@dataclass(frozen=True, slots=True)
class Row:
    """A current reading with what is derived for it. previous_month None = the initial value stands before
    it.
    """

    id: int
    month: int
    values: Values
    taken_on: dt.date
    source: str
    event_id: str | None
    previous_month: int | None
    previous: Values
    window: Values
    window_months: int


@dataclass(frozen=True, slots=True)
class Known:
    """A meter, its current readings (ascending by month) and its dated events."""

    id: int
    house_id: int
    account_id: int | None
    company_id: int
    card: MeterCard
    initial: Values
    verified_until: dt.date | None
    events: tuple[Event, ...]
    rows: tuple[Row, ...]
    checks: tuple[Check, ...] = ()

    @property
    def season(self) -> frozenset[int] | None:
        return HEATING_SEASON if self.card.service == Service.HEATING else None

    def at(self, month: int) -> Row | None:
        """The current reading of a month."""
        return next((row for row in self.rows if row.month == month), None)

    def start(self) -> Mark:
        """What stands before the oldest row: a reading further back than we look, or the initial value."""
        oldest = self.rows[0] if self.rows else None
        if oldest is not None and oldest.previous_month is not None:
            return Mark(oldest.previous_month, oldest.previous)
        return Mark(past.initial_month(self.card.installed_on), self.initial)

    def points(self, month: int) -> list[Mark]:
        """What closes each month up to `month`, the start first."""
        return self._rebased([row for row in self.rows if row.month <= month], month)

    def before(self, month: int) -> Mark:
        """What a reading of `month` starts from: a check of that month stands before it."""
        return self._rebased([row for row in self.rows if row.month < month], month)[-1]

    def _rebased(self, rows: Sequence[Row], month: int) -> list[Mark]:
        start = self.start()
        marks = [start, *(Mark(row.month, row.values) for row in rows if start.month < row.month)]
        checks = [check for check in self.checks if check.month <= month]
        if not checks:
            return marks
        out = past.rebased(marks, checks, self.card.digits)
        is_given = any(row.month == month for row in rows)
        return out if is_given or out[-1].month < month else out[:-1]

    def previous(self, month: int) -> Previous:
        """The reading of an earlier month that a reading of `month` follows, or a check."""
        check = next((one for one in reversed(self.checks) if one.month <= month), None)
        if check is not None and self.before(month).values == check.values:
            return Previous(self.before(month).month, check.values, check.on)
        earlier = [row for row in self.rows if row.month < month]
        if earlier:
            return Previous(earlier[-1].month, earlier[-1].values, earlier[-1].taken_on)
        start = self.start()
        return Previous(start.month, start.values, max(self.card.installed_on, Period(start.month).first_day))


async def load(session: AsyncSession, meter_id: int, period: Period, *, lock: bool = False) -> Known:
    """The meter with the readings that matter for a reading of `period`.

    lock: nobody else writes its readings until this transaction ends. Raises ReadingRefused (unknown_meter)
    when the meter does not exist or is out of scope.
    """
    found = await session.execute(text(METER_LOCKED if lock else METER), {"id": meter_id})
    meter = found.one_or_none()
    if meter is None:
        raise ReadingRefused(
            "unknown_meter", "Такого счётчика нет. Обновите страницу и выберите счётчик снова."
        )
    rows = await _rows(session, meter_id, period.shift(-LOOK_BACK_MONTHS).first_day)
    if not any(row.month < period.ordinal for row in rows):
        rows = await _rows(session, meter_id, dt.date(1900, 1, 1))
    return Known(
        id=meter.id,
        house_id=meter.house_id,
        account_id=meter.account_id,
        company_id=meter.company_id,
        card=MeterCard(
            meter.service,
            meter.serial,
            meter.zones,
            meter.digits,
            meter.installed_on,
            meter.removed_on,
            of_house=meter.account_id is None,
        ),
        initial=(meter.initial1_micro, meter.initial2_micro, meter.initial3_micro),
        verified_until=meter.verified_until,
        events=await _events(session, meter_id) if meter.has_events else (),
        rows=rows,
        checks=await _checks(session, meter_id) if meter.has_events else (),
    )


async def _rows(session: AsyncSession, meter_id: int, since: dt.date) -> tuple[Row, ...]:
    found = await session.execute(
        text(
            "SELECT id, period, taken_on, source, event_id, value1_micro, value2_micro, value3_micro, "
            "prev_period, "
            "prev1_micro, prev2_micro, prev3_micro, window_months, window1_micro, window2_micro, "
            "window3_micro "
            "FROM readings WHERE meter_id = :meter_id AND superseded_at IS NULL AND status = 'accepted' "
            "AND period >= :since ORDER BY period"
        ),
        {"meter_id": meter_id, "since": since},
    )
    return tuple(
        Row(
            id=row.id,
            month=Period.of(row.period).ordinal,
            values=(row.value1_micro, row.value2_micro, row.value3_micro),
            taken_on=row.taken_on,
            source=row.source,
            event_id=row.event_id,
            previous_month=None if row.prev_period is None else Period.of(row.prev_period).ordinal,
            previous=(row.prev1_micro, row.prev2_micro, row.prev3_micro),
            window=(row.window1_micro, row.window2_micro, row.window3_micro),
            window_months=row.window_months,
        )
        for row in found
    )


async def _events(session: AsyncSession, meter_id: int) -> tuple[Event, ...]:
    found = await session.execute(
        text(
            "SELECT kind, valid_from, valid_to FROM meter_events "
            "WHERE meter_id = :id AND superseded_at IS NULL ORDER BY valid_from, id"
        ),
        {"id": meter_id},
    )
    return tuple(Event(row.kind, row.valid_from, row.valid_to) for row in found)


async def _checks(session: AsyncSession, meter_id: int) -> tuple[Check, ...]:
    found = await session.execute(
        text(
            "SELECT checked_on, value1_micro, value2_micro, value3_micro, is_last FROM meter_checks "
            "WHERE meter_id = :id AND superseded_at IS NULL ORDER BY checked_on, id"
        ),
        {"id": meter_id},
    )
    return tuple(
        Check(row.checked_on, (row.value1_micro, row.value2_micro, row.value3_micro), row.is_last)
        for row in found
    )


# ---- what is derived -----------------------------------------------------------------------------


def derived(known: Known, row: Row) -> Row:
    """The row with what its past says: the reading before it and the window that ends with it."""
    points = known.points(row.month)
    failed = past.failed_months(known.events, known.verified_until, row.month)
    window, months = past.window(points, known.card.digits, failed, known.season)
    earlier = [other for other in known.rows if other.month < row.month]
    if any(check.month <= row.month for check in known.checks):
        before = known.before(row.month)
        month: int | None = before.month
        previous = before.values
    elif earlier:
        month = earlier[-1].month
        previous = earlier[-1].values
    else:
        month, previous = row.previous_month, known.start().values
    return replace(row, previous_month=month, previous=previous, window=window, window_months=months)


async def derive(session: AsyncSession, known: Known, since: Period) -> int:
    """Bring prev_* and window_* of rows from month `since` on up to date; how many rows had to change."""
    stale = [
        wanted for row in known.rows if row.month >= since.ordinal and (wanted := derived(known, row)) != row
    ]
    for wanted in stale:
        await _update(session, wanted)
    return len(stale)


async def _update(session: AsyncSession, row: Row) -> None:
    values: dict[str, Any] = {
        "period": Period(row.month).first_day,
        "id": row.id,
        "prev_period": None if row.previous_month is None else Period(row.previous_month).first_day,
        "months": row.window_months,
    }
    for zone in range(past.ZONES_MAX):
        values[f"prev{zone + 1}"] = row.previous[zone]
        values[f"window{zone + 1}"] = row.window[zone]
    await session.execute(
        text(
            "UPDATE readings SET prev_period = :prev_period, prev1_micro = :prev1, prev2_micro = :prev2, "
            "prev3_micro = :prev3, window_months = :months, window1_micro = :window1, window2_micro = "
            ":window2, "
            "window3_micro = :window3 WHERE period = :period AND id = :id"
        ),
        values,
    )
