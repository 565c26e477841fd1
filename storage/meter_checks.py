"""Acts of checks of meters under Rules 354, cl. 61: entered with a document, superseded and never edited.

A check stands in the past of its meter (billing.history.rebased), so the readings after it are derived again
in the same transaction; a block reads what it found as billing.checked.
"""

# ruff: noqa: S608 - queries hold only our own words and integers; COPY takes no parameters

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlalchemy import text

from billing.checked import Checked
from billing.history import Check, CheckState, Values, failed_months, refused_months
from billing.period import Period
from billing.reading import ReadingRefused, parse_values, words
from billing.services import CATALOGUE, Service
from storage import audit, late_facts
from storage.block_values import known
from storage.bulk import Connection, int_array
from storage.late_facts import LateFact
from storage.meter_events import add_past, derive_since
from storage.meter_reads import Month
from storage.meters import Known, load
from storage.people import Deed, PeopleRefused
from storage.session import Session

SERVICES = (
    Service.COLD_WATER,
    Service.HOT_WATER,
    Service.ELECTRICITY,
    Service.GAS,
    Service.HEATING,
)
WORDS_MAX = 200


@dataclass(frozen=True, slots=True)
class NewCheck:
    """An act as the desk enters it. texts: what the counter showed, as typed, one a zone or more."""

    meter_id: int
    number: str
    checked_on: dt.date
    inspector: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckRow:
    """An act of an account as pages show it."""

    id: int
    meter_id: int
    service: int
    serial: str
    zones: int
    number: str
    checked_on: dt.date
    inspector: str
    values: Values
    ground: str

    @property
    def words(self) -> str:
        """«Холодное водоснабжение № 123456»."""
        return f"{CATALOGUE[self.service].label} № {self.serial}"

    @property
    def shown(self) -> str:
        """What the counter showed, by zone."""
        return " · ".join(words(value) for value in self.values[: self.zones])


# ---- the desk --------------------------------------------------------------------------------------------


async def add_check(session: Session, account_id: int, new: NewCheck, deed: Deed) -> int:
    """Keep an act; its id. Raises PeopleRefused with words for the desk."""
    deed.check()
    if not new.number or not new.inspector:
        raise PeopleRefused("number", "Укажите номер акта и кто проверял.")
    known_meter = await _meter(session, account_id, new)
    values = _judge(known_meter, new)
    month = Period.of(new.checked_on)
    if any(check.month == month.ordinal for check in known_meter.checks):
        raise PeopleRefused(
            "checked_on",
            "За этот месяц акт проверки счётчика уже записан. Отмените прежний или поправьте дату.",
        )
    reading = known_meter.at(month.ordinal)
    act_id = await session.scalar(
        text(
            "INSERT INTO meter_checks (meter_id, account_id, house_id, company_id, service, number, "
            "checked_on, inspector, value1_micro, value2_micro, value3_micro, is_last, ground, created_by) "
            "VALUES (:meter, :account, :house, :company, :service, :number, :day, :inspector, :one, :two, "
            ":three, :is_last, :ground, :user_id) RETURNING id"
        ),
        {
            "meter": new.meter_id,
            "account": account_id,
            "house": known_meter.house_id,
            "company": known_meter.company_id,
            "service": known_meter.card.service,
            "number": new.number[:WORDS_MAX],
            "day": new.checked_on,
            "inspector": new.inspector[:WORDS_MAX],
            "one": values[0],
            "two": values[1],
            "three": values[2],
            "is_last": reading is not None and reading.taken_on < new.checked_on,
            "ground": deed.ground,
            "user_id": deed.user_id,
        },
    )
    await add_past(session, new.meter_id, new.checked_on)
    await _note(session, account_id, known_meter, int(act_id or 0), new.checked_on, deed.ground, "проверен")
    after = {"act": act_id, "meter": new.meter_id, "on": new.checked_on, "values": list(values)}
    await audit.record(
        session,
        "meter_check_added",
        "account",
        account_id,
        user_id=deed.user_id,
        company_id=known_meter.company_id,
        ip=deed.ip,
        after=after,
        ground=deed.ground,
    )
    return int(act_id or 0)


async def _meter(session: Session, account_id: int, new: NewCheck) -> Known:
    try:
        found = await load(session, new.meter_id, Period.of(new.checked_on), lock=True)
    except ReadingRefused as refused:
        raise PeopleRefused("meter", refused.message) from refused
    if found.account_id != account_id:
        raise PeopleRefused("meter", "У этого счёта нет такого счётчика. Обновите страницу.")
    kind = await session.scalar(text("SELECT kind FROM meters WHERE id = :id"), {"id": new.meter_id})
    is_heat = found.card.service == Service.HEATING
    if found.card.service not in SERVICES or (is_heat and kind == "flat"):
        raise PeopleRefused(
            "meter",
            "По акту проверки пересчитывают счётчики воды, электроэнергии, газа и тепла квартиры или комнаты "
            "и общие счётчики коммунальной квартиры, кроме тепла: его делят по площади комнат. "
            "Для других внесите показание.",
        )
    if is_heat:
        await _judge_heat(session, found, new)
    return found


HEAT = """
SELECT h.heating_mode = 'uniform' AS is_even,
       EXISTS (SELECT 1 FROM meters m WHERE m.house_id = h.id AND m.account_id IS NULL AND m.service = 4
                  AND m.installed_on <= :last AND (m.removed_on IS NULL OR m.removed_on > :first)
              ) AS has_meter,
       EXISTS (SELECT 1 FROM house_services s WHERE s.house_id = h.id AND s.service = 4
                  AND s.method = 'boiler' AND s.superseded_at IS NULL AND s.valid_from <= :day
                  AND (s.valid_to IS NULL OR s.valid_to > :day)) AS has_boiler
  FROM houses h WHERE h.id = :house"""


async def _judge_heat(session: Session, meter: Known, new: NewCheck) -> None:
    """Refuses a meter of heat by whose readings its house does not pay."""
    month = Period.of(new.checked_on)
    days = {"first": month.first_day, "last": month.last_day, "day": new.checked_on}
    house = (await session.execute(text(HEAT), {"house": meter.house_id, **days})).one()
    if house.has_boiler:
        return
    if house.is_even:
        raise PeopleRefused(
            "meter",
            "Дом платит за отопление равными долями: показания счётчиков тепла учтёт корректировка года. "
            "Внесите показание с проверки как показание месяца.",
        )
    if not house.has_meter:
        raise PeopleRefused(
            "meter",
            "У дома нет счётчика тепла: отопление считают по нормативу, и показание квартиры плату не "
            "меняет. Внесите показание с проверки как показание месяца.",
        )


def _judge(meter: Known, new: NewCheck) -> Values:
    """What the counter showed; refuses what an act cannot be."""
    card, month = meter.card, Period.of(new.checked_on)
    if new.checked_on < card.installed_on or (card.removed_on and new.checked_on >= card.removed_on):
        raise PeopleRefused("checked_on", "В этот день счётчик не стоял. Проверьте дату и номер счётчика.")
    try:
        values = parse_values(new.texts[: card.zones], card.zones, card.decimals)
    except ReadingRefused as refused:
        raise PeopleRefused("value1", refused.message) from refused
    for value in values:
        if not 0 <= value < card.turn_micro:
            raise PeopleRefused("value1", f"На счётчике {card.digits} цифр до запятой. Проверьте показание.")
    failed = failed_months(meter.events, meter.verified_until, month.ordinal)
    if month.ordinal in failed:
        raise PeopleRefused(
            "checked_on",
            "В этом месяце счётчик неисправен или не поверен: п. 61 — о проверке исправного счётчика. "
            "Снимите неисправность или внесите вмешательство (п. 62).",
        )
    if month.ordinal in refused_months(meter.events, month.ordinal):
        raise PeopleRefused("checked_on", "В этом месяце записан отказ в доступе к счётчику. Проверьте дату.")
    return values


SHARED = """
SELECT m.service = 4 OR EXISTS (
         SELECT 1 FROM accounts a JOIN accounts r ON r.flat_id = a.flat_id
                  JOIN meters c ON c.account_id = r.id AND c.service = m.service AND c.kind = 'flat'
          WHERE a.id = m.account_id AND a.kind = 'room')
  FROM meters m WHERE m.id = :meter"""
"""Meters whose difference changes what neighbours pay: of heat, and of flats with a common meter."""


async def _note(
    session: Session, account_id: int, meter: Known, act_id: int, day: dt.date, ground: str, what: str
) -> None:
    """For the queue of late facts: the month of the check, and the next ones that start from it.

    A fact of the house where neighbours pay more or less by it, so that a correction of this account alone
    leaves it waiting.
    """
    is_shared = await session.scalar(text(SHARED), {"meter": meter.id})
    fact = LateFact(
        key=f"meter-check-{act_id}-{what}",
        kind="meter",
        happened_on=day,
        after=Period.of(day).shift(1).first_day,
        words=f"Счётчик № {meter.card.serial} {what}: акт от {day:%d.%m.%Y}",
        ground=ground,
        account_id=None if is_shared else account_id,
        house_id=meter.house_id,
        service=meter.card.service,
    )
    await late_facts.note(session, [fact])


async def withdraw_check(session: Session, act_id: int, deed: Deed) -> int:
    """Take an act back as if it had not been; the account it was of."""
    deed.check()
    row = (
        await session.execute(
            text(
                "UPDATE meter_checks SET superseded_at = clock_timestamp() WHERE id = :id AND "
                "superseded_at IS NULL RETURNING account_id, meter_id, company_id, checked_on"
            ),
            {"id": act_id},
        )
    ).one_or_none()
    if row is None:
        raise PeopleRefused("unknown_act", "Этого акта уже нет. Обновите страницу.")
    await derive_since(session, row.meter_id, row.checked_on)
    meter = await load(session, row.meter_id, Period.of(row.checked_on))
    await _note(session, row.account_id, meter, act_id, row.checked_on, deed.ground, "акт проверки отменён")
    await audit.record(
        session,
        "meter_check_withdrawn",
        "account",
        row.account_id,
        user_id=deed.user_id,
        company_id=row.company_id,
        ip=deed.ip,
        before={"act": act_id, "on": row.checked_on},
        ground=deed.ground,
    )
    return int(row.account_id)


async def checks_of_account(session: Session, account_id: int) -> list[CheckRow]:
    """Acts known now, newest first."""
    rows = await session.execute(
        text(
            "SELECT c.id, c.meter_id, c.service, m.serial, m.zones, c.number, c.checked_on, c.inspector, "
            "ARRAY[c.value1_micro, c.value2_micro, c.value3_micro] AS values, c.ground FROM meter_checks c "
            "JOIN meters m ON m.id = c.meter_id WHERE c.account_id = :id AND c.superseded_at IS NULL "
            "ORDER BY c.checked_on DESC, c.id DESC"
        ),
        {"id": account_id},
    )
    return [CheckRow(**{**row._mapping, "values": tuple(row.values)}) for row in rows]


# ---- the block -------------------------------------------------------------------------------------------

Checks = Mapping[int, tuple[Check, ...]]
NO_CHECKS: Checks = {}


async def read_checks(connection: Connection, month: Month, meter_ids: npt.NDArray[np.int32]) -> Checks:
    """Acts up to the month by meter, of those meters that have dated events."""
    if not len(meter_ids):
        return {}
    rows = await connection.fetch(
        "SELECT c.meter_id, c.checked_on, c.value1_micro, c.value2_micro, c.value3_micro, c.is_last "
        f"FROM meter_checks c WHERE c.meter_id = ANY({int_array(meter_ids)}) "
        f"AND c.checked_on <= '{month.period.last_day}' AND {known('c', month.as_of)} ORDER BY c.checked_on"
    )
    out: dict[int, tuple[Check, ...]] = {}
    for meter, day, one, two, three, is_last in rows:
        out[meter] = (*out.get(meter, ()), Check(day, (one, two, three), is_last))
    return out


def checked_of(
    account: npt.NDArray[np.int32],
    service: npt.NDArray[np.int16],
    zones: npt.NDArray[np.int8],
    digits: npt.NDArray[np.int8],
    billed: npt.NDArray[np.int64],
    common: npt.NDArray[np.bool_],
    found: dict[int, CheckState],
) -> Checked | None:
    """Columns of the checks of the month; found: by row of the meter. Columns are of all meters (M,).

    common: meters that all rooms of a flat share.
    """
    if not found:
        return None
    rows = np.array(sorted(found), np.intp)
    states = [found[at] for at in rows.tolist()]
    return Checked(
        account=account[rows],
        service=service[rows],
        zones=zones[rows],
        digits=digits[rows],
        day=np.array([one.day for one in states], np.int16),
        used=np.array([one.used for one in states], np.int64),
        value=np.array([one.value for one in states], np.int64),
        billed=billed[rows],
        common=common[rows] if common.any() else None,
    )
