"""«Тарифы и нормативы»: a value, its dates, its paper; and which houses the open month has no tariff for."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from billing.services import CATALOGUE, component_label, component_unit
from receipts.words import coefficient
from storage import value_pages
from storage.value_pages import Coverage, ValueRow
from web.deps import CurrentUser, Reader
from web.export import Column, export
from web.filters import quantity, rate
from web.render import page
from web.roles import CENTRE_STAFF, allow

router = APIRouter(prefix="/centre", dependencies=[allow(*CENTRE_STAFF)])

FAMILIES = {"tariff": "Тарифы", "norm": "Нормативы", "coefficient": "Коэффициенты"}
NORM_KINDS = {
    "person": "на человека в месяц",
    "area": "на квадратный метр",
    "common": "на общее имущество, на м²",
    "heat_per_m3": "тепло на подогрев 1 м³",
    "waste_year": "накопление отходов за год",
}
NORM_UNITS = {"heat_per_m3": "Гкал/м³", "waste_year": "м³"}
CONSUMERS = {"population": "население", "nonresidential": "нежилые"}
COLUMNS = (
    Column("Услуга", width=34),
    Column("Вид", width=18),
    Column("Значение", width=16),
    Column("Единица", width=14),
    Column("Для кого", width=34),
    Column("Действует с", "date"),
    Column("По", "date"),
    Column("Документ", width=60),
)


@dataclass(frozen=True, slots=True)
class ValueLine:
    """A value in words."""

    what: str
    whom: str
    value: str
    unit: str
    valid_from: dt.date
    last_day: dt.date | None
    document: str
    recorded_at: dt.datetime
    approved_by: str | None
    is_current: bool


@dataclass(frozen=True, slots=True)
class ValueGroup:
    """Values of one service and family."""

    service: int | None
    title: str
    family: str
    lines: list[ValueLine]


@dataclass(frozen=True, slots=True)
class ServiceMark:
    """A service in the row of choices with its coverage in the month."""

    code: int
    label: str
    houses_count: int
    without_count: int
    example: str | None


@dataclass(frozen=True, slots=True)
class ValuesView:
    """Values of the chosen service with their whole history, or those in force now of every service."""

    period: dt.date
    chosen: int | None
    chosen_label: str
    services: list[ServiceMark]
    groups: list[ValueGroup]

    @property
    def holes(self) -> list[ServiceMark]:
        """Services some houses have no tariff for."""
        return [one for one in self.services if one.without_count]


@router.get("/values")
async def show(
    request: Request,
    me: CurrentUser,
    session: Reader,
    service: Annotated[int | None, Query(ge=1, le=32000)] = None,
) -> Response:
    """The page; `service` opens the history of one service."""
    period = me.open_period or dt.date.today().replace(day=1)  # noqa: DTZ011  only a default to look from
    rows = await value_pages.values(session, period, service=service, current_only=service is None)
    covered = await value_pages.coverage(session, period)
    view = ValuesView(
        period=period,
        chosen=service,
        chosen_label=_label(service),
        services=[_mark(one) for one in covered],
        groups=_groups(rows),
    )
    return page(request, "centre/values.html", view)


@router.get("/values.{form}")
async def file(me: CurrentUser, session: Reader, form: str) -> Response:
    """Every value with its dates as CSV or XLSX."""
    period = me.open_period or dt.date.today().replace(day=1)  # noqa: DTZ011
    groups = _groups(await value_pages.values(session, period))
    cells = [
        (
            group.title,
            FAMILIES[group.family],
            one.value,
            one.unit,
            f"{one.what}, {one.whom}",
            one.valid_from,
            one.last_day,
            one.document,
        )
        for group in groups
        for one in group.lines
    ]
    return export(form, "Тарифы и нормативы", "Тарифы, нормативы и коэффициенты", COLUMNS, cells)


def _mark(one: Coverage) -> ServiceMark:
    return ServiceMark(one.service, _label(one.service), one.houses_count, one.without_count, one.example)


def _label(service: int | None) -> str:
    if service is None:
        return "Для всех услуг"
    info = CATALOGUE.get(service)
    return info.label if info else f"Услуга {service}"


def _groups(rows: list[ValueRow]) -> list[ValueGroup]:
    return [
        ValueGroup(service, _label(service), family, [_line(row) for row in members])
        for (service, family), members in groupby(rows, key=lambda row: (row.service, row.family))
    ]


def _line(row: ValueRow) -> ValueLine:
    what, value, unit = _worded(row)
    return ValueLine(
        what=what,
        whom=_whom(row),
        value=value,
        unit=unit,
        valid_from=row.valid_from,
        last_day=row.valid_to - dt.timedelta(days=1) if row.valid_to else None,
        document=row.document,
        recorded_at=row.recorded_at,
        approved_by=row.approved_by,
        is_current=row.is_current,
    )


def _worded(row: ValueRow) -> tuple[str, str, str]:
    """What it is, its value and its unit in words."""
    known = row.service in CATALOGUE
    if row.family == "tariff":
        what = component_label(row.service, row.component) if known and row.service else _label(row.service)
        unit = component_unit(row.service, row.component) if known and row.service else "единица"
        return f"{what}, {CONSUMERS.get(row.kind, row.kind)}", rate(row.value), f"₽/{unit}"
    if row.family == "norm":
        unit = NORM_UNITS.get(row.kind) or (CATALOGUE[row.service].unit if known and row.service else "")
        return NORM_KINDS.get(row.kind, row.kind), quantity(row.value), unit
    return row.kind.replace("_", " "), coefficient(row.value), ""


def _whom(row: ValueRow) -> str:
    """For whom a value is: the narrowest that was named, «город» when nothing was."""
    parts = [row.house or row.owner or "город"]
    if row.zone_id is not None:
        parts.append(f"зона {row.zone_id}")
    if row.rooms is not None:
        parts.append(f"комнат {row.rooms}")
    if row.persons is not None:
        parts.append(f"человек {row.persons}")
    return ", ".join(parts)
