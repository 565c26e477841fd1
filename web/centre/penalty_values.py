"""«Ставки и календарь»: key rates, the cap, moratoria, moved days; how organisations read the law."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.period import Period
from storage import choices, penalty_settings, penalty_values, second_person
from storage.penalty_law import CAP, DAY_OFF, DELIVERED, KEY_RATE, MORATORIUM, WORKING_DAY
from storage.penalty_settings import Choice as Setting
from storage.penalty_settings import Said
from storage.penalty_values import LawValue, NewLawValue
from storage.second_person import ValueRefused
from storage.session import Session
from web.deps import CurrentUser, Reader, Writer, now
from web.errors import Conflict, NotFound
from web.export import Column, export
from web.filters import date_short
from web.forms import Typed, read_form
from web.penalty_words import percent_words
from web.render import page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, Me, allow

router = APIRouter(prefix="/centre/penalty-values", dependencies=[allow(*CENTRE_STAFF)])

FAMILIES = {
    KEY_RATE: "Ключевая ставка",
    CAP: "Предел ставки для пеней",
    MORATORIUM: "Мораторий: пеней нет",
    DAY_OFF: "Выходной день",
    WORKING_DAY: "Рабочая суббота",
}
DONE = {
    "proposed": "Внесено и ждёт второго сотрудника. Пока он не утвердит, расчёты этого не видят.",
    "approved": "Утверждено: следующий расчёт пеней это учтёт.",
    "declined": "Отклонено, расчёты этого не увидят.",
    "set": "Настройка сохранена: следующий расчёт пеней посчитает по ней, разница станет видна в черновике.",
}
RATE_MAX_BP = 100_00
DOCUMENT_MAX = 300
STALE_DAYS = 60  # the board of the Bank of Russia meets more often than this
COLUMNS = (
    Column("Что", width=28),
    Column("С", "date", 12),
    Column("По", "date", 12),
    Column("Значение", width=12),
    Column("Основание", width=60),
    Column("Внёс", width=28),
)


@dataclass(frozen=True, slots=True)
class ValueLine:
    """A value in words; why_not explains a button this person may not press."""

    row: LawValue
    title: str
    value: str
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class PenaltyValuesView:
    """The page: values by family, those that wait, forms, settings."""

    families: dict[str, str]
    groups: list[tuple[str, list[ValueLine]]]
    waiting: list[ValueLine]
    form: Typed
    setting_form: Typed
    settings: list[Setting]
    owners: list[tuple[str, str]]
    said: list[Said]
    stale_since: dt.date | None
    may_propose: bool
    done: str

    @property
    def blank(self) -> Typed:
        """What stands in the forms of settings nobody has sent."""
        return Typed({})

    @property
    def family_choices(self) -> list[tuple[str, str]]:
        return list(self.families.items())

    @property
    def family(self) -> str:
        chosen = self.form.value("family")
        return chosen if chosen in self.families else KEY_RATE


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader, done: str = "") -> Response:
    """Everything a computation of penalties uses, with its papers."""
    typed = Typed({"family": request.query_params.get("family", "")[:40]})
    view = await _view(session, me, typed, Typed({}), DONE.get(done, ""))
    return page(request, "centre/penalty_values.html", view, block="form")


@router.get(".{form}")
async def file(form: str, session: Reader) -> Response:
    """All values as CSV or XLSX."""
    lines = [_line(one) for one in await penalty_values.in_force(session)]
    cells = [
        (
            line.title,
            line.row.first_day,
            line.row.last_day,
            line.value,
            line.row.document,
            line.row.proposed_by_name or "из поставки",
        )
        for line in lines
    ]
    return export(form, "Ставки и календарь", "Ставки, моратории и календарь для пеней", COLUMNS, cells)


async def _view(
    session: Session, me: Me, form: Typed, setting_form: Typed, done: str = ""
) -> PenaltyValuesView:
    values = await penalty_values.in_force(session)
    lines = [_line(one) for one in values]
    newest = max((one.first_day for one in values if one.family == KEY_RATE), default=None)
    is_stale = newest is not None and (now().date() - newest).days > STALE_DAYS
    return PenaltyValuesView(
        families=FAMILIES,
        groups=[(family, [one for one in lines if one.row.family == family]) for family in FAMILIES],
        waiting=[_line(one, me) for one in await penalty_values.waiting(session)],
        form=form,
        setting_form=setting_form,
        settings=list(penalty_settings.CHOICES.values()),
        owners=[("", "Город"), *((str(one.id), one.name) for one in await choices.companies(session))],
        said=await penalty_settings.said(session),
        stale_since=newest if is_stale else None,
        may_propose=me.may(*ACCRUERS),
        done=done,
    )


def _line(one: LawValue, me: Me | None = None) -> ValueLine:
    why = second_person.why_not(one.proposed_by, me.user_id) if me else ""
    value = percent_words(one.value) if one.value is not None else ""
    if one.due_before is not None:
        value = f"долги со сроком до {date_short(one.due_before)}"
    return ValueLine(one, FAMILIES[one.family], value, why)


def _read(form: Typed) -> NewLawValue | None:
    """The value of the form; None with errors beside the fields."""
    family = form.choice("family", FAMILIES, "Выберите, что вносите.")
    first = form.date("first_day", "Укажите день: 14.09.2026.")
    last = None
    if family in (CAP, MORATORIUM):
        last = form.date("last_day", "Укажите последний день: 31.12.2027.")
        if first and last and last < first:
            form.refuse("last_day", "Последний день раньше первого. Проверьте обе даты.")
    due_before = None
    if family == MORATORIUM and form.value("due_before"):
        due_before = form.date("due_before", "Укажите день или оставьте пусто: 01.04.2022.")
    value = None
    if family in (KEY_RATE, CAP):
        value = form.scaled("value", 2, "Введите ставку в процентах годовых, например 13,5.")
        if value is not None and not 0 < value <= RATE_MAX_BP:
            form.refuse("value", "Ставка бывает больше нуля и не больше 100 %. Проверьте.")
    if first and family == DAY_OFF and first.weekday() > 4:
        form.refuse("first_day", "Это и так выходной. Внесите только перенесённый будний день.")
    if first and family == WORKING_DAY and first.weekday() < 5:
        form.refuse("first_day", "Это будний день. Рабочей объявляют субботу или воскресенье.")
    document = form.text("document", "Укажите основание: кто принял, номер и дату.", DOCUMENT_MAX)
    document_date = form.date("document_date", "Укажите дату документа: 11.09.2026.")
    if not form.is_good or first is None or document_date is None:
        return None
    return NewLawValue(family, first, last, value, document, document_date, due_before)


@router.post("", dependencies=[allow(*ACCRUERS)])
async def propose(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Keep a value until another person agrees."""
    form = await read_form(request)
    new = _read(form)
    if new is not None:
        try:
            await penalty_values.propose(session, new, me.user_id)
            return see_other(request, "/centre/penalty-values?done=proposed")
        except ValueRefused as refusal:
            form.refuse("first_day", refusal.message)
    view = await _view(session, me, form, Typed({}))
    return page(request, "centre/penalty_values.html", view, block="form", status=422, retitle=True)


@router.post("/settings", dependencies=[allow(*ACCRUERS)])
async def set_one(request: Request, me: CurrentUser, session: Writer) -> Response:
    """How the city or an organisation reads what the law leaves open."""
    form = await read_form(request)
    key = form.choice("key", penalty_settings.CHOICES, "Выберите настройку из списка.")
    value, owner = form.value("choice"), None
    if form.value("owner"):
        owner = form.integer("owner", "Выберите организацию из списка.")
    known = {None, *(one.id for one in await choices.companies(session))}
    if owner not in known:
        form.refuse("owner", "Такой организации нет. Выберите из списка.")
    period: Period | None = None
    if key == DELIVERED:
        period = form.period("month")
        if period is None:
            form.refuse("month", "Укажите месяц, за который были документы: 2026-09.")
        day = form.date("delivered", "Укажите день, когда документы получили: 11.10.2026.")
        value = day.isoformat() if day else ""
    elif key in penalty_settings.CHOICES and value not in dict(penalty_settings.CHOICES[key].options):
        form.refuse("choice", "Выберите значение из списка.")
    ground = form.text("ground", "Укажите основание: решение, приказ, акт.", DOCUMENT_MAX)
    if not form.is_good:
        view = await _view(session, me, Typed({}), form)
        return page(request, "centre/penalty_values.html", view, block="settings", status=422, retitle=True)
    await penalty_settings.set_one(session, owner, key, value, ground, period, now().date(), me.user_id)
    return see_other(request, "/centre/penalty-values?done=set")


@router.post("/{value_id}/{act}", dependencies=[allow(*ACCRUERS)])
async def decide(request: Request, value_id: int, act: str, me: CurrentUser, session: Writer) -> Response:
    """Approve (another person) or decline."""
    if act not in ("approve", "decline"):
        raise NotFound
    try:
        if act == "approve":
            await penalty_values.approve(session, value_id, me.user_id, now())
        else:
            await penalty_values.decline(session, value_id, me.user_id, now())
    except ValueRefused as refusal:
        raise Conflict(
            "Значение не утверждено." if act == "approve" else "Значение не отклонено.", refusal.message
        ) from refusal
    done = "approved" if act == "approve" else "declined"
    return see_other(request, f"/centre/penalty-values?done={done}")
