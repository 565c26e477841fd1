"""Loads readings by the same judgement as from everywhere else (storage.readings), many at once.

The readings of a meter are judged one after another in memory, each with those before it, and written at the
end
with what is derived from them; a reading given later supersedes, nothing is edited.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, text

from billing.history import ZERO, Check, Event, Values
from billing.period import Period
from billing.reading import MeterCard, ReadingAsked, ReadingRefused, refuse_precise
from billing.vee.batch import NONE
from billing.vee.evaluate import Verdict
from storage import late_facts, vee, vee_hold
from storage import meters as store
from storage.importer import sheets
from storage.importer.book import Book, Row, refuse_twins
from storage.importer.known import Load
from storage.late_facts import LateFact
from storage.meters import Known
from storage.readings import Checked, judge_next, judged
from storage.tables.meters import Reading

NEW = 0  # id of a row that is not written yet
DAY_CODES = frozenset(("in_future", "removed", "before_installation", "before_previous"))
INSERT_ROWS = 1_000
PARTITION = "SELECT ensure_reading_partition(:period)"
SUPERSEDE = "UPDATE readings SET superseded_at = clock_timestamp() WHERE period = :period AND id = :id"


@dataclass(slots=True)
class _Given:
    """A meter while its readings are loaded."""

    known: Known
    superseded: list[tuple[dt.date, int]]
    held: list[tuple[vee.Taken, Checked, str]] = field(default_factory=list)


async def load_readings(load: Load, book: Book) -> None:
    """Readings in order of months; the same one again changes nothing, another one supersedes it."""
    refuse_twins(
        book.good(sheets.READINGS), ("service", "serial", "month"), "Показание этого счётчика за месяц"
    )
    rows = [row for row in book.good(sheets.READINGS) if _find_meter(load, row) is not None]
    given = await _known(load, {load.meters[row["serial"], row["service"]].id for row in rows})
    for _, months in groupby(
        sorted(rows, key=lambda one: (one["month"], one.number)), lambda one: one["month"]
    ):
        await _load_month(load, book, given, list(months))
    book.report.held += await _write(load, given.values())


async def _load_month(load: Load, book: Book, given: dict[int, _Given], rows: list[Row]) -> None:
    """Readings of one month judged all at once, each after those of the months before."""
    counts = book.counts(sheets.READINGS)
    asked: list[tuple[Row, _Given, vee.Taken]] = []
    for row in rows:
        meter = load.meters[row["serial"], row["service"]]
        values = _values(row, meter)
        if values is None:
            continue
        mine = given[meter.id]
        before = mine.known.at(row["month"].ordinal)
        if before is not None and before.values == values:
            counts.unchanged += 1
        elif _is_precise(row, mine.known, values):
            total = NONE if row["total"] is None else row["total"]
            taken = vee.Taken(mine.known, values, row["taken"], row["month"], total_micro=total)
            asked.append((row, mine, taken))
    judged_ = await vee.judge(load.session, [one for _, _, one in asked], load.today)
    for (row, mine, one), verdict in zip(asked, judged_, strict=True):
        is_new = one.known.at(one.month.ordinal) is None
        if _give(row, mine, one, verdict):
            counts.added += is_new
            counts.changed += not is_new


def _is_precise(row: Row, known: Known, values: Values) -> bool:
    try:
        refuse_precise(values, known.card.decimals)
    except ReadingRefused as refused:
        row.refuse("value1", refused.message)
        return False
    return True


def _find_meter(load: Load, row: Row) -> Any | None:
    key = row["serial"], row["service"]
    meter = load.meters.get(key)
    if meter is None:
        if ("meter", *key) not in load.broken:
            row.refuse(
                "serial", "Такого счётчика нет ни в файле, ни в базе. Добавьте его на лист «Счётчики»."
            )
        row.is_bad = True
        return None
    if meter.company_id != load.organisation_id:
        row.refuse("serial", "Этот счётчик у другой организации. Проверьте номер.")
        return None
    if row["month"].first_day > load.open_month:
        row.refuse(
            "month", f"Месяц {row['month'].title} ещё не открыт. Загрузите это показание, когда он наступит."
        )
        return None
    return meter


def _values(row: Row, meter: Any) -> Values | None:
    values = [row["value1"], row["value2"], row["value3"]]
    for zone, value in enumerate(values, 1):
        if zone > meter.zones and value is not None:
            row.refuse(f"value{zone}", f"У счётчика зон: {meter.zones}. Очистите лишнее показание.")
        if zone <= meter.zones and value is None:
            row.refuse(f"value{zone}", f"У счётчика зон: {meter.zones}. Впишите показание этой зоны.")
    if row.is_bad:
        return None
    return values[0] or 0, values[1] or 0, values[2] or 0


def _give(row: Row, given: _Given, one: vee.Taken, verdict: Verdict) -> bool:
    """Take a verdict and remember the reading; refused ones say why, held ones are kept aside."""
    known, month, values = given.known, one.month, one.values
    try:
        checked = judged(one, verdict, confirmed=bool(row["confirmed"]), can_ask=True)
        judge_next(known, values, month)
    except ReadingAsked as asked:
        words = asked.message.split(" Если всё верно")[0].removesuffix(" Всё верно?").replace(" Точно?", "")
        row.refuse("value1", f"{words} Если верно, впишите «да» в «Проверено».")
        return False
    except ReadingRefused as refused:
        row.refuse("taken" if refused.code in DAY_CODES else "value1", refused.message)
        return False
    if checked.is_held:
        given.held.append((one, checked, row["source"] or "import"))
        return True
    made = store.Row(
        NEW, month.ordinal, values, row["taken"], row["source"] or "import", None, None, ZERO, ZERO, 0
    )
    before = known.at(month.ordinal)
    if before is not None and before.id != NEW:
        given.superseded.append((month.first_day, before.id))
    others = [one for one in known.rows if one.month != month.ordinal]
    given.known = replace(known, rows=tuple(sorted([*others, made], key=lambda one: one.month)))
    return True


async def _known(load: Load, ids: Iterable[int]) -> dict[int, _Given]:
    """Meters with their current readings, events and checks, by id; three queries."""
    wanted = sorted(ids)
    rows: dict[int, list[store.Row]] = {}
    for one in await load.fetch(
        "SELECT * FROM readings WHERE meter_id = ANY(:ids) AND superseded_at IS NULL AND status = 'accepted' "
        "ORDER BY period",
        ids=wanted,
    ):
        rows.setdefault(one.meter_id, []).append(_row(one))
    events: dict[int, list[Event]] = {}
    for one in await load.fetch(
        "SELECT * FROM meter_events WHERE meter_id = ANY(:ids) AND superseded_at IS NULL "
        "ORDER BY valid_from, id",
        ids=wanted,
    ):
        events.setdefault(one.meter_id, []).append(Event(one.kind, one.valid_from, one.valid_to))
    checks: dict[int, list[Check]] = {}
    for one in await load.fetch(
        "SELECT * FROM meter_checks WHERE meter_id = ANY(:ids) AND superseded_at IS NULL "
        "ORDER BY checked_on, id",
        ids=wanted,
    ):
        values = one.value1_micro, one.value2_micro, one.value3_micro
        checks.setdefault(one.meter_id, []).append(Check(one.checked_on, values, one.is_last))
    chosen = set(wanted)
    return {
        meter.id: _Given(
            _meter(meter, events.get(meter.id, []), rows.get(meter.id, []), checks.get(meter.id, [])), []
        )
        for meter in load.meters.values()
        if meter.id in chosen
    }


def _meter(meter: Any, events: list[Event], rows: list[store.Row], checks: list[Check]) -> Known:
    card = MeterCard(
        meter.service,
        meter.serial,
        meter.zones,
        meter.digits,
        meter.installed_on,
        meter.removed_on,
        of_house=meter.account_id is None,
    )
    initial = meter.initial1_micro, meter.initial2_micro, meter.initial3_micro
    return Known(
        meter.id, meter.house_id, meter.account_id, meter.company_id, card, initial, meter.verified_until,
        tuple(events), tuple(rows), tuple(checks),
    )  # fmt: skip


def _row(one: Any) -> store.Row:
    return store.Row(
        id=one.id,
        month=Period.of(one.period).ordinal,
        values=(one.value1_micro, one.value2_micro, one.value3_micro),
        taken_on=one.taken_on,
        source=one.source,
        event_id=one.event_id,
        previous_month=None if one.prev_period is None else Period.of(one.prev_period).ordinal,
        previous=(one.prev1_micro, one.prev2_micro, one.prev3_micro),
        window=(one.window1_micro, one.window2_micro, one.window3_micro),
        window_months=one.window_months,
    )


async def _write(load: Load, given: Collection[_Given]) -> list[int]:
    """Supersede, insert, and derive again the older rows of other months that follow a new one.

    Ids of the readings that are held.
    """
    held = [
        await _hold(load, taken, checked, source) for mine in given for taken, checked, source in mine.held
    ]
    superseded: list[dict[str, Any]] = []
    new: list[dict[str, Any]] = []
    later: list[tuple[Known, Period]] = []
    for one in given:
        known = one.known
        fresh = [row for row in known.rows if row.id == NEW]
        if not fresh:
            continue
        superseded += [{"period": period, "id": id_} for period, id_ in one.superseded]
        new += [_values_of(load, known, store.derived(known, row)) for row in fresh]
        first = Period(min(row.month for row in fresh))
        old = tuple(row for row in known.rows if row.id != NEW and row.month > first.ordinal)
        if old:
            later.append((known, first))
    for period in sorted({row["period"] for row in new}):
        await load.session.execute(text(PARTITION), {"period": period})
    if superseded:
        await load.session.execute(text(SUPERSEDE), superseded)
    for start in range(0, len(new), INSERT_ROWS):
        await load.session.execute(insert(Reading), new[start : start + INSERT_ROWS])
    await _note_late(load, [one for one in new if one["period"] < load.open_month])
    for known, first in later:
        await store.derive(load.session, await store.load(load.session, known.id, first), first)
    return held


CHARGED = """
SELECT DISTINCT h.house_id FROM run_houses h JOIN runs r ON r.id = h.run_id
 WHERE r.state = 'published' AND r.kind <> 'correction' AND r.period < :opened
   AND h.house_id = ANY (:houses)"""


async def _note_late(load: Load, rows: Sequence[dict[str, Any]]) -> None:
    """Tell the queue of late facts about readings of closed months in houses that were charged for any."""
    houses = sorted({one["house_id"] for one in rows})
    charged = {one.house_id for one in await load.fetch(CHARGED, opened=load.open_month, houses=houses)}
    mark = uuid4().hex
    facts = [
        LateFact(
            key=f"file-reading-{one['meter_id']}-{one['period']}-{mark}",
            kind="reading",
            happened_on=one["period"],
            after=None,
            words=f"Показание за {Period.of(one['period']).title} из файла",
            ground="Загрузка из файла",
            account_id=one["account_id"],
            house_id=one["house_id"],
        )
        for one in rows
        if one["house_id"] in charged
    ]
    await late_facts.note(load.session, facts)


async def _hold(load: Load, one: vee.Taken, checked: Checked, source: str) -> int:
    """A reading of the file that a person will look at; few, or the file is wrong as a whole."""
    return await vee_hold.hold(
        load.session,
        one.known,
        checked.period,
        one.month.ordinal,
        checked.values,
        sum(checked.volume),
        checked.verdict,
        taken_on=one.taken_on,
        source=source,
        user_id=load.user_id,
        event_id=None,
    )


def _values_of(load: Load, known: Known, row: store.Row) -> dict[str, Any]:
    made: dict[str, Any] = {
        "period": Period(row.month).first_day,
        "meter_id": known.id,
        "house_id": known.house_id,
        "account_id": known.account_id,
        "company_id": known.company_id,
        "taken_on": row.taken_on,
        "source": row.source,
        "user_id": load.user_id,
        "prev_period": None if row.previous_month is None else Period(row.previous_month).first_day,
        "window_months": row.window_months,
    }
    for zone in range(3):
        made[f"value{zone + 1}_micro"] = row.values[zone]
        made[f"prev{zone + 1}_micro"] = row.previous[zone]
        made[f"window{zone + 1}_micro"] = row.window[zone]
    return made
