"""Breaks and bad quality of services: entered by the centre, a company or dispatch for a house, an
entrance or
one account (Rules 354, annex 1). Times are instants; a house has the clock of its city.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Row, text

from billing.quantity import format_scaled
from billing.reduction import Trouble
from billing.services import CATALOGUE, Service
from storage import audit, late_facts
from storage.late_facts import LateFact
from storage.people import Deed
from storage.session import Session

WATERS = (Service.COLD_WATER, Service.HOT_WATER, Service.SEWERAGE)
KINDS: dict[Trouble, tuple[str, tuple[int, ...]]] = {
    Trouble.BREAK: (
        "Перерыв",
        (*WATERS, Service.HEATING, Service.ELECTRICITY, Service.GAS),
    ),
    Trouble.AIR: ("Холодно или жарко в помещении", (Service.HEATING,)),
    Trouble.HOT_WATER: ("Горячая вода холоднее 60 °C", (Service.HOT_WATER,)),
    Trouble.PRESSURE: ("Давление не по норме", (Service.COLD_WATER, Service.HOT_WATER, Service.GAS)),
    Trouble.VOLTAGE: ("Напряжение или частота не по норме", (Service.ELECTRICITY,)),
    Trouble.COMPOSITION: (
        "Состав и свойства не по норме; давление в системе отопления",
        (Service.COLD_WATER, Service.HOT_WATER, Service.GAS, Service.HEATING),
    ),
    Trouble.WASTE_LATE: ("ТКО вывезли позже срока", (Service.WASTE,)),
}
MEASURES = {
    Trouble.BREAK: "Температура в помещении во время перерыва отопления, °C",
    Trouble.AIR: "Температура воздуха, °C",
    Trouble.HOT_WATER: "Температура воды, °C",
    Trouble.PRESSURE: "Отклонение давления, %",
    Trouble.WASTE_LATE: "Температура на улице, °C",
}
TENTHS = 10
DAYS_MAX = 400
VALUE_LIMITS = {
    Trouble.BREAK: (-500, 500),
    Trouble.AIR: (-500, 600),
    Trouble.HOT_WATER: (0, 1000),
    Trouble.PRESSURE: (0, 1000),
    Trouble.WASTE_LATE: (-700, 700),
}


class TroubleRefused(ValueError):
    """What cannot be entered; field: of the form, message: for the person."""

    permanent = True

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


@dataclass(frozen=True, slots=True)
class NewTrouble:
    """An event as entered; value and required in tenths, marks of billing.reduction.Mark."""

    house_id: int
    service: int
    trouble: Trouble
    started_at: dt.datetime
    ended_at: dt.datetime
    value: int = 0
    required: int = 0
    marks: int = 0
    entrance: int | None = None
    account_id: int | None = None
    incident_id: int | None = None


@dataclass(frozen=True, slots=True)
class TroubleView:
    """An event as lists show it."""

    id: int
    house_id: int
    address: str
    company_name: str
    entrance: int | None
    account_number: str | None
    service: int
    trouble: int
    started_at: dt.datetime
    ended_at: dt.datetime
    value: int
    required: int
    marks: int
    ground: str
    timezone: str
    recorded_at: dt.datetime
    recorded_by: str | None

    @property
    def label(self) -> str:
        """What it was, in words."""
        return KINDS[Trouble(self.trouble)][0]

    @property
    def service_label(self) -> str:
        """The service."""
        return CATALOGUE[self.service].label

    @property
    def degrees(self) -> str:
        """What was measured: «16,5»."""
        return format_scaled(self.value, TENTHS, 1)

    @property
    def minutes(self) -> int:
        """How long it lasted."""
        return int((self.ended_at - self.started_at).total_seconds()) // 60


def check(new: NewTrouble, now: dt.datetime) -> None:
    """Raises TroubleRefused for what cannot be."""
    label, services = KINDS[new.trouble]
    if new.service not in services:
        raise TroubleRefused("service", f"«{label}» для этой услуги не бывает. Выберите другую услугу.")
    if new.ended_at <= new.started_at:
        raise TroubleRefused("to_day", "Конец не позже начала. Проверьте дни и часы.")
    if new.ended_at > now:
        raise TroubleRefused("to_day", "Конец ещё не наступил. Внесите, когда услугу восстановят.")
    if (new.ended_at - new.started_at).days > DAYS_MAX:
        raise TroubleRefused("to_day", "Больше года подряд. Проверьте даты.")
    least, most = VALUE_LIMITS.get(new.trouble, (0, 0))
    if not least <= new.value <= most:
        words = MEASURES.get(new.trouble, "Значение")
        raise TroubleRefused("value", f"{words}: такого не бывает. Проверьте число.")
    if new.trouble == Trouble.HOT_WATER and new.value >= 600:
        raise TroubleRefused("value", "Вода от 60 °C — по норме, перерасчёта нет.")


async def add_trouble(session: Session, new: NewTrouble, deed: Deed, now: dt.datetime) -> int:
    """Keep an event; its id. Raises TroubleRefused, PeopleRefused without a ground."""
    deed.check()
    check(new, now)
    house = (
        await session.execute(text("SELECT id, company_id FROM houses WHERE id = :id"), {"id": new.house_id})
    ).one_or_none()
    if house is None:
        raise TroubleRefused("house", "Такого дома нет. Найдите дом снова.")
    values = {
        "house_id": new.house_id,
        "company_id": house.company_id,
        "account_id": new.account_id,
        "entrance": new.entrance,
        "service": new.service,
        "trouble": int(new.trouble),
        "started_at": new.started_at,
        "ended_at": new.ended_at,
        "value": new.value,
        "required": new.required,
        "marks": new.marks,
        "ground": deed.ground.strip(),
        "incident_id": new.incident_id,
    }
    if await session.scalar(text(SAME), values) is not None:
        raise TroubleRefused("", "Такая же запись уже есть.")
    trouble_id = await session.scalar(text(INSERT), {**values, "user_id": deed.user_id})
    await note_late(session, [int(trouble_id or 0)], deed.ground)
    await audit.record(
        session,
        "trouble_added",
        "house",
        new.house_id,
        user_id=deed.user_id,
        company_id=house.company_id,
        ip=deed.ip,
        after={"trouble": trouble_id, "service": new.service, "from": new.started_at, "to": new.ended_at},
        ground=deed.ground,
    )
    return int(trouble_id or 0)


INSERT = """
INSERT INTO troubles (house_id, company_id, account_id, entrance, service, trouble, started_at, ended_at,
value,
                      required, marks, ground, incident_id, created_by)
VALUES (:house_id, :company_id, :account_id, :entrance, :service, :trouble, :started_at, :ended_at, :value,
        :required, :marks, :ground, :incident_id, :user_id) RETURNING id"""
SAME = """
SELECT id FROM troubles WHERE superseded_at IS NULL AND house_id = :house_id AND service = :service
   AND trouble = :trouble AND started_at = :started_at AND ended_at = :ended_at AND value = :value
   AND entrance IS NOT DISTINCT FROM CAST(:entrance AS smallint)
   AND account_id IS NOT DISTINCT FROM CAST(:account_id AS int)"""


async def withdraw_trouble(session: Session, trouble_id: int, deed: Deed) -> int:
    """Take an event back as if it had not been; the house it was in."""
    deed.check()
    row = (
        await session.execute(
            text(
                "UPDATE troubles SET superseded_at = clock_timestamp() WHERE id = :id AND "
                "superseded_at IS NULL "
                "RETURNING house_id, company_id"
            ),
            {"id": trouble_id},
        )
    ).one_or_none()
    if row is None:
        raise TroubleRefused("", "Этой записи уже нет. Обновите страницу.")
    await note_late(session, [trouble_id], deed.ground, is_gone=True)
    await audit.record(
        session,
        "trouble_withdrawn",
        "house",
        row.house_id,
        user_id=deed.user_id,
        company_id=row.company_id,
        ip=deed.ip,
        before={"trouble": trouble_id},
        ground=deed.ground,
    )
    return int(row.house_id)


OF_IDS = """
SELECT t.id, t.house_id, t.account_id, t.entrance, t.service, t.trouble,
       (t.started_at AT TIME ZONE c.timezone)::date AS first,
       (t.ended_at AT TIME ZONE c.timezone)::date AS last
  FROM troubles t JOIN houses h ON h.id = t.house_id JOIN streets s ON s.id = h.street_id
  JOIN cities c ON c.id = s.city_id WHERE t.id = ANY (CAST(:ids AS int[])) ORDER BY t.id"""


async def note_late(session: Session, ids: Sequence[int], ground: str, is_gone: bool = False) -> None:
    """Tell the queue of late facts about events entered, or taken back."""
    rows = (await session.execute(text(OF_IDS), {"ids": list(ids)})).all()
    await late_facts.note(session, [_late(row, ground, is_gone) for row in rows])


def _late(row: Row[tuple[object, ...]], ground: str, is_gone: bool) -> LateFact:
    said = f"{CATALOGUE[row.service].label}: {KINDS[Trouble(row.trouble)][0].lower()}"
    where = f", подъезд {row.entrance}" if row.entrance else ""
    return LateFact(
        key=f"trouble-{row.id}{'-back' if is_gone else ''}",
        kind="quality",
        happened_on=row.first,
        after=row.last + dt.timedelta(days=1),
        words=("Снято: " if is_gone else "") + f"{said}, {row.first:%d.%m.%Y} — {row.last:%d.%m.%Y}{where}",
        ground=ground,
        account_id=row.account_id,
        house_id=row.house_id,
        service=row.service,
    )


LIST = """
SELECT t.id, t.house_id, s.kind || ' ' || s.name || ', ' || h.number AS address, o.short_name AS company_name,
       t.entrance, a.number AS account_number, t.service, t.trouble, t.started_at, t.ended_at, t.value,
       t.required,
       t.marks, t.ground, c.timezone, t.recorded_at, paylogic_staff_name(t.created_by) AS recorded_by
  FROM troubles t JOIN houses h ON h.id = t.house_id JOIN streets s ON s.id = h.street_id
  JOIN cities c ON c.id = s.city_id JOIN organisations o ON o.id = t.company_id
  LEFT JOIN accounts a ON a.id = t.account_id
 WHERE t.superseded_at IS NULL AND (CAST(:house_id AS int) IS NULL OR t.house_id = :house_id)
   AND (CAST(:service AS int) IS NULL OR t.service = :service)
   AND s.search_name LIKE CAST(:street AS text) || '%'
 ORDER BY t.started_at DESC, t.id DESC LIMIT :limit"""


async def troubles(
    session: Session,
    *,
    house_id: int | None = None,
    service: int | None = None,
    street: str = "",
    limit: int = 500,
) -> list[TroubleView]:
    """Events we may see, newest first. `street` is lower case without «ё»."""
    rows = await session.execute(
        text(LIST), {"house_id": house_id, "service": service, "street": street, "limit": limit}
    )
    return [TroubleView(**row._mapping) for row in rows]
