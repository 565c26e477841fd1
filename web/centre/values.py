"""«Тарифы и нормативы»: a value, its dates, its paper; and which houses the open month has no tariff for."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from storage import second_person, value_pages, value_proposals
from storage.value_pages import Coverage, ValueRow
from storage.value_proposals import Waiting
from web.centre.value_words import FAMILIES, service_label, worded
from web.deps import CurrentUser, Reader
from web.export import Column, export
from web.render import page
from web.roles import ACCRUERS, CENTRE_STAFF, Me, allow

router = APIRouter(prefix="/centre", dependencies=[allow(*CENTRE_STAFF)])

DONE = {
    "proposed": "Значение внесено и ждёт второго сотрудника. Пока он не утвердит, прогоны его не видят.",
    "approved": "Значение утверждено: следующий прогон посчитает по нему. Если оно действует и в закрытых "
    "месяцах, они ждут перерасчёта в очереди «Задним числом».",
    "declined": "Значение отклонено, прогоны его не увидят.",
}
COLUMNS = (
    Column("Услуга", width=34),
    Column("Вид", width=18),
    Column("Значение", width=16),
    Column("Единица", width=14),
    Column("Где действует", width=34),
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
    past: str


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
class WaitingLine:
    """A value that waits for a second person; why_not explains a button this person may not press."""

    id: int
    title: str
    value: str
    before: str
    whom: str
    valid_from: dt.date
    document: str
    houses_count: int
    proposed_by_name: str
    recorded_at: dt.datetime
    why_not: str


@dataclass(frozen=True, slots=True)
class ValuesView:
    """Values of the chosen service with their whole history, or those in force now of every service."""

    period: dt.date
    chosen: int | None
    chosen_label: str
    services: list[ServiceMark]
    groups: list[ValueGroup]
    waiting: list[WaitingLine]
    may_propose: bool
    done: str

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
    done: str = "",
) -> Response:
    """The page; `service` opens the history of one service."""
    period = me.open_period or dt.date.today().replace(day=1)  # noqa: DTZ011  only a default to look from
    rows = await value_pages.values(session, period, service=service, current_only=service is None)
    covered = await value_pages.coverage(session, period)
    view = ValuesView(
        period=period,
        chosen=service,
        chosen_label=service_label(service, next((one.service_label for one in rows), None)),
        services=[_mark(one) for one in covered],
        groups=_groups(rows),
        waiting=[_waiting(one, me) for one in await value_proposals.waiting(session)],
        may_propose=me.may(*ACCRUERS),
        done=DONE.get(done, ""),
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
    return ServiceMark(
        one.service,
        service_label(one.service, one.service_label),
        one.houses_count,
        one.without_count,
        one.example,
    )


def _waiting(one: Waiting, me: Me) -> WaitingLine:
    own = (one.service_label, one.service_unit)
    label = service_label(one.service, one.service_label)
    what, value, unit = worded(one.family, one.service, one.component, one.kind, one.value, own)
    before = "раньше значения не было"
    if one.before is not None:
        said = "вместо" if one.is_backward else "было"
        before = f"{said} {worded(one.family, one.service, one.component, one.kind, one.before)[1]}"
    zone = f", зона {one.zone_id}" if one.zone_id is not None else ""
    return WaitingLine(
        id=one.id,
        title=what if one.family == "tariff" else f"{label}, норматив {what}",
        value=f"{value} {unit}",
        before=before,
        whom=(one.house or one.owner or "город") + zone + (", задним числом" if one.is_backward else ""),
        valid_from=one.valid_from,
        document=one.document,
        houses_count=one.houses_count,
        proposed_by_name=one.proposed_by_name,
        recorded_at=one.recorded_at,
        why_not=second_person.why_not(one.proposed_by, me.user_id),
    )


def _groups(rows: list[ValueRow]) -> list[ValueGroup]:
    groups = groupby(rows, key=lambda row: (row.service, row.service_label, row.family))
    return [
        ValueGroup(service, service_label(service, own), family, [_line(row) for row in members])
        for (service, own, family), members in groups
    ]


def _line(row: ValueRow) -> ValueLine:
    own = (row.service_label, row.service_unit)
    what, value, unit = worded(row.family, row.service, row.component, row.kind, row.value, own)
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
        past=f"/centre/values/{row.family}/{row.id}/past" if _may_change_back(row) else "",
    )


def _may_change_back(row: ValueRow) -> bool:
    """Values of one house or of a size of households came with an import: they are changed there."""
    is_whole = row.house is None and row.rooms is None and row.persons is None
    return row.family in ("tariff", "norm") and is_whole


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
