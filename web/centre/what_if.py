"""«Что если»: a value changed over the city or a company, who gains and who loses; no line is written."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from billing.law import RAISED_SERVICES, value_on
from billing.quantity import MICRO, PERMILLE, RATE_PER_RUBLE, parse_scaled
from billing.services import COMMON, Method, Service
from billing.what_if import NONRESIDENTIAL, SIZE_MAX, STEPS
from receipts.words import coefficient
from storage import choices, value_pages, what_if
from storage.choices import Choice
from storage.session import Session
from storage.value_pages import ValueRow
from storage.what_if import COMPARED_MAX, ExtremeRow, NewWhatIf, SumRow, WhatIfHead, WhatIfRefused
from web.centre.value_words import FAMILIES, service_label, worded
from web.charges import label_of
from web.charts import PairChart, pairs
from web.deps import CurrentUser, Reader, Writer
from web.errors import NotFound, PageError
from web.export import Column, export
from web.filters import integer, plural
from web.forms import Typed, blank, read_form
from web.render import page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, Me, Role, allow

READERS = (*CENTRE_STAFF, Role.COMPANY)
ASKERS = (*ACCRUERS, Role.COMPANY)
router = APIRouter(prefix="/what-if", dependencies=[allow(*READERS)])

SCALES = {"tariff": RATE_PER_RUBLE, "norm": MICRO, "coefficient": PERMILLE, "raising": PERMILLE}
METHODS = (
    (Service.WASTE, Method.PERSON, "Обращение с ТКО: по числу проживающих"),
    (Service.WASTE, Method.AREA, "Обращение с ТКО: по площади"),
    *(
        (COMMON + resource, method, f"{service_label(COMMON + resource)}: {words}")
        for resource in (Service.COLD_WATER, Service.HOT_WATER, Service.SEWERAGE, Service.ELECTRICITY)
        for method, words in (
            (Method.COMMON_NORM, "по нормативу"),
            (Method.COMMON_ACTUAL, "по счётчику дома"),
            (Method.COMMON_ACTUAL_CAPPED, "по счётчику дома, не больше норматива"),
            (Method.COMMON_AVERAGE, "по среднему прошлого года"),
        )
    ),
)
HOUSES_SHOWN = 20
RUBLE = 100
TITLES = {
    "service": "По услугам",
    "supplier": "По поставщикам",
    "company": "По организациям",
    "size": "По числу проживающих",
    "benefit": "Льготники и остальные",
}
HEADS = {
    "service": "Услуга",
    "supplier": "Поставщик",
    "company": "Организация",
    "size": "Проживает",
    "benefit": "Льгота",
}
COLUMNS = (
    Column("Разрез", width=24),
    Column("Что", width=40),
    Column("Счетов", "integer"),
    Column("Платят больше", "integer"),
    Column("Платят меньше", "integer"),
    Column("Сейчас, ₽", "kopecks"),
    Column("Стало бы, ₽", "kopecks"),
    Column("Разница, ₽", "kopecks"),
)


@dataclass(frozen=True, slots=True)
class ListView:
    """Questions there are and the form of a new one."""

    questions: list[WhatIfHead]
    form: Typed
    groups: list[tuple[str, list[tuple[str, str]]]]
    companies: list[Choice]
    period: dt.date | None
    may_ask: bool
    is_centre: bool


@dataclass(frozen=True, slots=True)
class Cut:
    """Rows of one cut in words."""

    title: str
    head: str
    rows: list[tuple[str, SumRow]]


@dataclass(frozen=True, slots=True)
class OneView:
    """A question and what it came to."""

    head: WhatIfHead
    cuts: list[Cut]
    houses: list[tuple[str, SumRow]]
    houses_count: int
    histogram: PairChart | None
    extremes: list[ExtremeRow]
    parked: SumRow | None
    same_count: int
    may_ask: bool


@dataclass(frozen=True, slots=True)
class CompareView:
    """Several questions side by side: rows of (cut, what, sums by question)."""

    heads: list[WhatIfHead]
    rows: list[tuple[str, str, list[SumRow | None]]]


def step_words(step: int) -> str:
    """«больше на 50–100 ₽» of a step of billing.what_if."""
    if step == 0:
        return "Без изменений"
    size = abs(step)
    way = "Больше" if step > 0 else "Меньше"
    if size > len(STEPS):
        return f"{way}, свыше {integer(STEPS[-1] // RUBLE)} ₽"
    first = STEPS[size - 2] // RUBLE if size > 1 else 0
    return f"{way} на {integer(first)}–{integer(STEPS[size - 1] // RUBLE)} ₽"


def row_words(row: SumRow) -> str:
    """What a row is about."""
    if row.cut == "service":
        return label_of(row.key, 0, row.label or None)
    if row.cut == "size":
        if row.key == NONRESIDENTIAL:
            return "Нежилые помещения"
        more = f"{SIZE_MAX} и больше человек"
        return more if row.key == SIZE_MAX else plural(row.key, "человек", "человека", "человек")
    if row.cut == "benefit":
        return "С льготой" if row.key else "Без льготы"
    if row.cut == "step":
        return step_words(row.key)
    return "Всего" if row.cut == "all" else row.label or "—"


def _worded(rows: Sequence[SumRow]) -> list[tuple[str, SumRow]]:
    return [(row_words(row), row) for row in rows]


def histogram(rows: Sequence[SumRow]) -> PairChart | None:
    """Accounts by how much their bill changes, the greatest fall first."""
    if not rows:
        return None
    bars = [
        (row_words(row), row.accounts_count, 0, plural(row.accounts_count, "счёт", "счёта", "счетов"))
        for row in sorted(rows, key=lambda one: one.key)
    ]
    return pairs("На сколько изменился бы счёт", bars)


def new_value(form: Typed, family: str, before: int) -> int | None:
    """«51,20» at the family's scale, or «+10 %» of the value in force; what is wrong goes into the form."""
    written = form.value("after").replace("−", "-")
    hint = "Напишите новое значение числом, например 51,20, или изменение в процентах: +10 %."
    try:
        if written.endswith("%"):
            percent = parse_scaled(written.removesuffix("%").strip(), RUBLE)
            top = before * (RUBLE * RUBLE + percent)
            found = (2 * top + RUBLE * RUBLE) // (2 * RUBLE * RUBLE)
        else:
            found = parse_scaled(written, SCALES[family])
    except ValueError:
        form.refuse("after", hint)
        return None
    if found < 0:
        form.refuse("after", f"Значение не может быть меньше нуля. {hint}")
        return None
    return found


@dataclass(frozen=True, slots=True)
class Raising:
    """The federal K of a service on the first day of a month."""

    service: int
    permille: int

    @property
    def label(self) -> str:
        return service_label(self.service)

    @property
    def words(self) -> str:
        return f"{self.label}: {coefficient(self.permille)}"


def raisings(period: dt.date) -> list[Raising]:
    """Services with a K and its federal value in the month."""
    found = RAISED_SERVICES.items()
    return [Raising(int(service), value_on(key, period).value) for service, key in found]


async def _values(session: Session, period: dt.date) -> list[ValueRow]:
    return [one for one in await value_pages.values(session, period, current_only=True) if one.is_current]


def _option(row: ValueRow) -> str:
    own = (row.service_label, row.service_unit)
    what, value, unit = worded(row.family, row.service, row.component, row.kind, row.value, own)
    where = [row.owner or "город"]
    where += [f"зона {row.zone_id}"] if row.zone_id else []
    where += [row.house] if row.house else []
    where += [f"комнат {row.rooms}"] if row.rooms else []
    where += [f"человек {row.persons}"] if row.persons else []
    head = what if row.family == "tariff" else f"{service_label(row.service, row.service_label)}, {what}"
    return f"{head} ({', '.join(where)}): {value} {unit}".strip()


def _groups(
    values: Sequence[ValueRow], raising: Sequence[Raising]
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Options of the form by family."""
    groups = [
        (title, [(f"{family}:{one.id}", _option(one)) for one in values if one.family == family])
        for family, title in FAMILIES.items()
    ]
    groups.append(("Повышающий коэффициент", [(f"raising:{one.service}", one.words) for one in raising]))
    groups.append(("Способ расчёта", [(f"method:{code}:{int(way)}", words) for code, way, words in METHODS]))
    return [(title, options) for title, options in groups if options]


async def _list(session: Session, me: Me, form: Typed) -> ListView:
    period = me.open_period
    may_ask = me.may(*ASKERS)
    values = await _values(session, period) if period and may_ask else []
    is_centre = me.may(*CENTRE_STAFF)
    return ListView(
        questions=await what_if.questions(session),
        form=form,
        groups=_groups(values, raisings(period) if period and may_ask else []),
        companies=await choices.companies(session) if is_centre else [],
        period=period,
        may_ask=may_ask,
        is_centre=is_centre,
    )


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader, what: str = "") -> Response:
    """Questions and the form; ?what=tariff:12 has it chosen."""
    form = blank(what=what, command=uuid.uuid4())
    return page(request, "centre/what_if.html", await _list(session, me, form))


@router.post("", dependencies=[allow(*ASKERS)])
async def ask(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Ask; what cannot be asked comes back with the form."""
    form = await read_form(request)
    wanted = await _wanted(session, me, form)
    if wanted is not None and form.is_good:
        try:
            made = await what_if.ask(session, wanted, me.user_id, f"what-if-{form.value('command')}")
            return see_other(request, f"/what-if/{made}")
        except WhatIfRefused as error:
            form.refuse("after", str(error))
    return page(request, "centre/what_if.html", await _list(session, me, form), block="asked", status=422)


async def _wanted(session: Session, me: Me, form: Typed) -> NewWhatIf | None:
    """The question of a form, or None with words in it."""
    if me.open_period is None:
        raise PageError("Нет открытого месяца.", "Его открывает расчётный центр.", status=409)
    company_id = me.organisation_id
    if me.may(*CENTRE_STAFF):
        chosen = form.value("company")
        company_id = int(chosen) if chosen.isdecimal() and len(chosen) < 10 else None
    family, _, rest = form.value("what").partition(":")
    method = next((one for one in METHODS if form.value("what") == f"method:{one[0]}:{int(one[1])}"), None)
    if method is not None:
        return NewWhatIf(me.open_period, company_id, method[2], "method", int(method[0]), 0, int(method[1]))
    if family == "raising":
        return _wanted_raising(me.open_period, company_id, form, rest)
    values = await _values(session, me.open_period) if family in SCALES else []
    row = next((one for one in values if one.family == family and str(one.id) == rest), None)
    if row is None:
        form.refuse("what", "Выберите из списка, что меняем.")
        return None
    after = new_value(form, family, row.value)
    if after is None:
        return None
    own = (row.service_label, row.service_unit)
    what, _, unit = worded(family, row.service, row.component, row.kind, row.value, own)
    before_words, after_words = (
        worded(family, row.service, row.component, row.kind, value)[1] for value in (row.value, after)
    )
    head = what if family == "tariff" else f"{service_label(row.service, row.service_label)}, {what}"
    title = f"{head}: {before_words} → {after_words} {unit}".strip()
    return NewWhatIf(me.open_period, company_id, title, family, row.id, row.value, after)


def _wanted_raising(period: dt.date, company_id: int | None, form: Typed, service: str) -> NewWhatIf | None:
    """K of a service over all its houses, or None with words in the form."""
    chosen = next((one for one in raisings(period) if str(one.service) == service), None)
    if chosen is None:
        form.refuse("what", "Выберите из списка, что меняем.")
        return None
    after = new_value(form, "raising", chosen.permille)
    if after is None:
        return None
    if after < PERMILLE:
        form.refuse("after", "Коэффициент не бывает меньше единицы: 1 значит «без доплаты».")
        return None
    title = f"{chosen.label}, К: {coefficient(chosen.permille)} → {coefficient(after)}"
    return NewWhatIf(period, company_id, title, "raising", chosen.service, chosen.permille, after)


Ids = Annotated[list[int] | None, Query(alias="id")]


@router.get("/compare")
async def compare(request: Request, session: Reader, ids: Ids = None) -> Response:
    """Up to four questions side by side."""
    heads = await what_if.heads(session, list(dict.fromkeys(ids or []))[:COMPARED_MAX])
    if len(heads) < 2:
        raise PageError(
            "Сравнивать нечего.",
            "Отметьте в списке от двух до четырёх проб и нажмите «Сравнить».",
            status=422,
        )
    cuts = ("all", *TITLES, "step")
    sums = await what_if.sums(session, [one.id for one in heads], cuts)
    rows: list[tuple[str, str, list[SumRow | None]]] = []
    for cut in cuts:
        by_key = [{row.key: row for row in sums[one.id][cut]} for one in heads]
        for key in sorted({key for of_one in by_key for key in of_one}):
            cells = [of_one.get(key) for of_one in by_key]
            named = next(row for row in cells if row is not None)
            title = "По величине изменения" if cut == "step" else TITLES.get(cut, "")
            rows.append((title, row_words(named), cells))
    return page(request, "centre/what_if_compare.html", CompareView(heads, rows))


def _has_any(row: SumRow) -> bool:
    return bool(row.accounts_count or row.more_count or row.less_count)


async def _one(session: Session, me: Me, what_if_id: int) -> OneView:
    found = await what_if.heads(session, [what_if_id])
    if not found:
        raise NotFound("Такой пробы нет.", "Откройте список проб «Что если».")
    head = found[0]
    sums = (await what_if.sums(session, [head.id]))[head.id]
    houses = sorted(sums["house"], key=lambda row: (-abs(row.delta_kopecks), row.key))
    counted = sum(row.accounts_count for row in sums["all"])
    return OneView(
        head=head,
        cuts=[Cut(title, HEADS[cut], _worded(sums[cut])) for cut, title in TITLES.items() if sums[cut]],
        houses=_worded(houses[:HOUSES_SHOWN]),
        houses_count=len(houses),
        histogram=histogram(sums["step"]),
        extremes=await what_if.extremes(session, head.id),
        parked=next((row for row in sums["parked"] if _has_any(row)), None),
        same_count=counted - head.more_count - head.less_count,
        may_ask=me.may(*ASKERS),
    )


@router.get("/{what_if_id:int}")
async def one(request: Request, what_if_id: int, me: CurrentUser, session: Reader) -> Response:
    """The answer, or how far it is; the page asks again until it is done."""
    return page(request, "centre/what_if_one.html", await _one(session, me, what_if_id), block="result")


@router.get("/{what_if_id:int}.{form}")
async def file(what_if_id: int, form: str, me: CurrentUser, session: Reader) -> Response:
    """Every cut and every house as CSV or XLSX."""
    view = await _one(session, me, what_if_id)
    sums = (await what_if.sums(session, [what_if_id]))[what_if_id]
    titles = {**TITLES, "all": "Всего", "house": "По домам", "step": "По величине изменения"}
    cells = [
        (
            title,
            row_words(row),
            row.accounts_count,
            row.more_count,
            row.less_count,
            row.before_kopecks,
            row.after_kopecks,
            row.delta_kopecks,
        )
        for cut, title in titles.items()
        for row in sums[cut]
    ]
    return export(form, f"Что если {what_if_id}", f"Что если: {view.head.title}"[:200], COLUMNS, cells)


@router.post("/{what_if_id:int}/stop", dependencies=[allow(*ASKERS)])
async def stop(request: Request, what_if_id: int, me: CurrentUser, session: Writer) -> Response:
    """Stop counting; what is counted stays."""
    await _one(session, me, what_if_id)
    await what_if.stop(session, what_if_id)
    return see_other(request, f"/what-if/{what_if_id}")
