"""«Пороги проверки сумм»: how much a sum may change against the month before, of the city or a company."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import audit, choices, thresholds
from storage.session import Session
from storage.sum_gate import KOPECKS_MAX, PERCENT_MAX, PREFIX, limits_of
from storage.thresholds import Said
from web.centre.run_holds import DIMENSIONS
from web.deps import CurrentUser, Reader, Writer
from web.filters import money
from web.forms import Typed, read_form
from web.render import page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, Me, allow

router = APIRouter(prefix="/centre/gate", dependencies=[allow(*CENTRE_STAFF)])

FIELDS = {"rise": "рост, %", "fall": "снижение, %", "kopecks": "сумма"}
GROUND_MAX = 300


@dataclass(frozen=True, slots=True)
class GateView:
    """The form over what is in force, and everything that was set."""

    dimensions: dict[str, str]
    form: Typed
    owners: list[tuple[str, str]]
    said: list[Said]
    may_edit: bool
    is_done: bool

    def what(self, one: Said) -> str:
        """A key in words."""
        dimension, _, field = one.key.partition("_")
        return f"{self.dimensions.get(dimension, dimension)}: {FIELDS.get(field, field)}"

    def value(self, one: Said) -> str:
        return money(int(one.value)) if one.key.endswith("_kopecks") else f"{one.value} %"


def _day(me: Me) -> dt.date:
    """Limits are of a month: from the open one on."""
    return me.open_period or dt.date(1970, 1, 1)


async def _filled(session: Session, me: Me, owner: int | None) -> Typed:
    said = thresholds.of_company(await thresholds.in_force(session, PREFIX, _day(me)), owner)
    values = {"owner": "" if owner is None else str(owner), "valid_from": _day(me).isoformat()}
    for dimension, limits in limits_of(said).items():
        values |= {
            f"{dimension}_rise": str(limits.rise),
            f"{dimension}_fall": str(limits.fall),
            f"{dimension}_kopecks": str(limits.kopecks // 100),
        }
    return Typed(values)


async def _view(session: Session, me: Me, form: Typed, is_done: bool = False) -> GateView:
    owners = [("", "Весь город"), *((str(one.id), one.name) for one in await choices.companies(session))]
    said = await thresholds.history(session, PREFIX)
    return GateView(DIMENSIONS, form, owners, said, me.may(*ACCRUERS), is_done)


@router.get("")
async def show(
    request: Request, me: CurrentUser, session: Reader, owner: str = "", done: str = ""
) -> Response:
    """What is in force for an owner, ready to be changed."""
    known = int(owner) if owner.isascii() and owner.isdigit() and len(owner) < 10 else None
    view = await _view(session, me, await _filled(session, me, known), done == "set")
    return page(request, "centre/gate.html", view, block="form")


@router.post("", dependencies=[allow(*ACCRUERS)])
async def save(request: Request, me: CurrentUser, session: Writer) -> Response:
    """New limits from a day on; earlier runs keep those they were checked by."""
    form = await read_form(request)
    values = _values(form)
    day = form.date("valid_from", "Укажите день, с которого действуют пороги.")
    if day is not None and me.open_period is not None and day < me.open_period:
        form.refuse("valid_from", "Закрытые месяцы уже проверены. Укажите день открытого месяца или позже.")
    ground = form.text("ground", "Укажите основание: приказ, протокол.", GROUND_MAX)
    owner = form.integer("owner", "Выберите, чьи пороги.") if form.value("owner") else None
    known = {one.id for one in await choices.companies(session)}
    if owner is not None and owner not in known:
        form.refuse("owner", "Такой организации нет. Выберите из списка.")
    if not form.is_good or day is None:
        return page(request, "centre/gate.html", await _view(session, me, form), block="form", status=422)
    await thresholds.set_values(session, owner, PREFIX, values, day, ground)
    await audit.record(
        session,
        "gate_limits_set",
        "organisation",
        owner,
        user_id=me.user_id,
        after={**values, "from": day.isoformat()},
        ground=ground,
    )
    return see_other(request, f"/centre/gate?done=set&owner={owner or ''}")


def _values(form: Typed) -> dict[str, str]:
    values = {}
    for dimension in DIMENSIONS:
        for field, most in (("rise", PERCENT_MAX), ("fall", 100), ("kopecks", KOPECKS_MAX // 100)):
            name = f"{dimension}_{field}"
            number = form.integer(name, "Введите целое число: 150.")
            if number is not None and not 0 <= number <= most:
                form.refuse(name, f"Введите число от 0 до {most}.")
            values[name] = str((number or 0) * (100 if field == "kopecks" else 1))
    return values
