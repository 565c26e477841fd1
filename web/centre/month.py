"""«Месяц»: where the month is, what is late, what is next."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from billing.period import Period
from storage import month_pages
from storage.month_pages import CompanyRow, MonthInfo, MonthSum, RunMark
from storage.run_totals import month_before
from web.cache import Remembered
from web.charts import ColumnChart, columns
from web.deps import CurrentUser, Reader
from web.errors import NotFound
from web.filters import integer, money, month, month_key, month_short, plural
from web.render import page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, Me, allow

FIGURES_S = 15
"""For how long figures of the whole city are good: they are counted over every account."""

PUBLICATION = "Публикация двумя сотрудниками"

router = APIRouter(prefix="/centre/month", dependencies=[allow(*CENTRE_STAFF)])


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of the month: its state in words, what is known of it, the page for it (empty: not yet)."""

    label: str
    state: str
    tone: str
    what: str
    href: str


@dataclass(frozen=True, slots=True)
class CompanySums:
    """The total row of the table of companies."""

    houses_count: int
    accounts_count: int
    meters_count: int
    readings_count: int
    house_meters_count: int
    house_readings_count: int
    parked_count: int
    charged_kopecks: int
    before_kopecks: int


@dataclass(frozen=True, slots=True)
class MonthView:
    """The page of a month."""

    period: dt.date
    before: dt.date
    info: MonthInfo
    months: list[MonthInfo]
    charged_kopecks: int
    charged_words: str
    now: MonthSum
    last: MonthSum
    draft: RunMark | None
    parked_count: int
    stages: list[Stage]
    companies: list[CompanyRow]
    sums: CompanySums
    year: list[MonthSum]
    chart: ColumnChart
    may_start: bool


@router.get("")
async def show_open(request: Request, me: CurrentUser, session: Reader) -> Response:
    """The open month; the newest known one when none is open."""
    if me.open_period is not None:
        return see_other(request, f"/centre/month/{month_key(me.open_period)}")
    known = await month_pages.months(session)
    if not known:
        return page(request, "centre/month_none.html", None)
    return see_other(request, f"/centre/month/{month_key(known[0].period)}")


@router.get("/go")
async def go(request: Request, me: CurrentUser, key: str = "") -> Response:
    """The chooser of months without JS leads here."""
    return see_other(request, f"/centre/month/{quote(key)}")


@router.get("/{key}")
async def show(request: Request, key: str, me: CurrentUser, session: Reader) -> Response:
    """One month; `key` is 2026-10."""
    try:
        period = Period.parse(key).first_day
    except ValueError as error:
        raise NotFound("Такого месяца нет.", str(error)) from error
    months = await month_pages.months(session)
    info = next((one for one in months if one.period == period), None)
    if info is None:
        raise NotFound(f"Месяц {month(period)} ещё не открывали.", "Выберите месяц из тех, что уже были.")
    marks = await month_pages.run_marks(session, period)
    known: Remembered = request.app.state.remembered
    runs = tuple((one.id, one.state) for one in marks)  # a run that moved makes the figures new at once
    companies = await known.get(
        ("companies", period, runs), FIGURES_S, lambda: month_pages.companies(session, period)
    )
    view = _view(
        me,
        period,
        info,
        months,
        marks,
        companies,
        await known.get(("year", period, runs), FIGURES_S, lambda: month_pages.year(session, period)),
        info.readings_held,
        next((one.sums_held for one in marks if one.state == "checked"), 0),
    )
    return page(request, "centre/month.html", view)


def _view(
    me: Me,
    period: dt.date,
    info: MonthInfo,
    months: list[MonthInfo],
    marks: list[RunMark],
    companies: list[CompanyRow],
    year: list[MonthSum],
    held: int,
    sums_held: int,
) -> MonthView:
    draft = next((one for one in marks if one.state in ("planned", "accruing", "checked")), None)
    published = [one for one in marks if one.state == "published"]
    shown = draft if not published else None
    worked = worked_off(marks)
    before = month_before(period)
    return MonthView(
        period=period,
        before=before,
        info=info,
        months=months,
        charged_kopecks=shown.total_kopecks if shown else year[-1].charged_kopecks,
        charged_words="Начислено, черновик" if shown else "Начислено",
        now=year[-1],
        last=year[-2],
        draft=draft,
        parked_count=sums(companies).parked_count,
        stages=with_held(
            with_sums(stages(info, sums(companies), draft, published, worked), draft, sums_held),
            held,
        ),
        companies=companies,
        sums=sums(companies),
        year=year,
        chart=_chart(year),
        may_start=me.may(*ACCRUERS) and info.state == "open",
    )


def sums(companies: list[CompanyRow]) -> CompanySums:
    """Sums over companies."""
    return CompanySums(
        sum(one.houses_count for one in companies),
        sum(one.accounts_count for one in companies),
        sum(one.meters_count for one in companies),
        sum(one.readings_count for one in companies),
        sum(one.house_meters_count for one in companies),
        sum(one.house_readings_count for one in companies),
        sum(one.parked_count for one in companies),
        sum(one.charged_kopecks for one in companies),
        sum(one.before_kopecks for one in companies),
    )


def stages(
    info: MonthInfo,
    total: CompanySums,
    draft: RunMark | None,
    published: list[RunMark],
    worked: RunMark | None,
) -> list[Stage]:
    """The path of the month in order; a stage that cannot be begun says what it waits for."""
    return [
        _readings("Показания квартир", info, total.readings_count, total.meters_count),
        _readings("Показания домов", info, total.house_readings_count, total.house_meters_count),
        Stage("Тарифы и нормативы", "", "", "значения с датами и документами", "/centre/values"),
        _draft(info, draft, published),
        _parked(worked, total.parked_count),
        _publication(draft, published),
        Stage(
            "Закрытие месяца",
            "закрыт" if info.state == "closed" else "впереди",
            "good" if info.state == "closed" else "",
            "после публикации и отчётов" if info.state == "open" else "изменить его уже нельзя",
            "",
        ),
    ]


def with_sums(found: list[Stage], draft: RunMark | None, sums_held: int) -> list[Stage]:
    """The same path where sums of the draft keep it from being published."""
    if draft is None or not sums_held:
        return found
    what = f"прогон {draft.id}: {plural(sums_held, 'сумма', 'суммы', 'сумм')} держит проверка"
    stage = Stage(PUBLICATION, "разобрать", "warn", what, f"/centre/runs/{draft.id}/holds")
    return [stage if one.label == PUBLICATION else one for one in found]


def with_held(found: list[Stage], held: int) -> list[Stage]:
    """The same path with readings that nobody has decided on, while there are any."""
    if not held:
        return found
    what = (
        f"{plural(held, 'показание ждёт', 'показания ждут', 'показаний ждут')} решения, в начисление не идут"
    )
    stage = Stage("Показания на проверке", "разобрать", "warn", what, "/readings/held")
    return [*found[:2], stage, *found[2:]]


def _readings(label: str, info: MonthInfo, taken: int, meters: int) -> Stage:
    what = f"{integer(taken)} из {plural(meters, 'счётчика', 'счётчиков', 'счётчиков')}"
    if meters == 0:
        return Stage(label, "нет", "", "счётчиков нет", "")
    if taken >= meters:
        return Stage(label, "готово", "good", what, "")
    return Stage(label, "собираем" if info.state == "open" else "собрали", "", what, "")


def _draft(info: MonthInfo, draft: RunMark | None, published: list[RunMark]) -> Stage:
    label = "Черновой прогон"
    if draft is not None:
        words = {"planned": "в очереди", "accruing": "считается", "checked": "посчитан"}[draft.state]
        tone = "good" if draft.state == "checked" else "brand"
        what = f"прогон {draft.id}, {money(draft.total_kopecks)}"
        if published and draft.state == "checked" and not draft.lines_count:
            what = f"прогон {draft.id}, различий с опубликованным нет"
        return Stage(label, words, tone, what, f"/centre/runs/{draft.id}")
    if published:
        return Stage(label, "готово", "good", "опубликован", f"/centre/runs/{published[0].id}")
    if info.state == "closed":
        return Stage(label, "не было", "", "месяц закрыт без прогона", "")
    return Stage(label, "можно начать", "brand", "начислите весь город", "/centre/runs/new")


def worked_off(marks: list[RunMark]) -> RunMark | None:
    """The run whose parked accounts are worked off: the city's newest, a smaller one only without it."""
    begun = [one for one in marks if one.state in ("accruing", "checked", "published")]
    return max(begun, key=lambda one: (one.scope_kind == "city", one.id), default=None)


def _parked(run: RunMark | None, left: int) -> Stage:
    label = "Отложенные счета"
    if run is None:
        return Stage(label, "пока нельзя", "", "сначала черновой прогон", "")
    if left == 0:
        return Stage(label, "нет", "good", "посчитаны все счета", "")
    what = plural(left, "счёт ждёт данных", "счёта ждут данных", "счетов ждут данных")
    return Stage(label, "разобрать", "warn", what, f"/centre/parked?run={run.id}")


def _publication(draft: RunMark | None, published: list[RunMark]) -> Stage:
    label = PUBLICATION
    if draft is not None and draft.state == "checked" and (draft.lines_count or not published):
        words = "ждёт второго" if draft.requested_by else "можно передать"
        return Stage(label, words, "warn", f"прогон {draft.id}", f"/centre/runs/{draft.id}")
    if published:
        what = plural(len(published), "прогон", "прогона", "прогонов")
        return Stage(label, "опубликовано", "good", what, f"/centre/runs/{published[0].id}")
    return Stage(label, "пока нельзя", "", "сначала посчитанный черновик", "")


def _chart(year: list[MonthSum]) -> ColumnChart:
    title = "Начислено и собрано за двенадцать месяцев"
    return columns(
        title,
        [
            (
                month_short(one.period),
                one.charged_kopecks,
                one.paid_kopecks,
                f"{month(one.period)}: начислено {money(one.charged_kopecks)}, "
                f"собрано {money(one.paid_kopecks)}",
            )
            for one in year
        ],
    )
