"""«Льготы и субсидии»: what grounds give, norms of area, regional standards: dated, by two people."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.benefits import Key
from billing.instalment import OVER_KEY_RATE_PERMILLE
from billing.penalty.federal import key_rates
from billing.quantity import DM2_PER_M2, KOPECKS_PER_RUBLE, PERMILLE, RATE_PER_RUBLE, format_scaled
from storage import relief_values, second_person
from storage.relief_values import NewRelief, ReliefRow
from storage.second_person import ValueRefused
from storage.session import Session
from web.benefit_words import percent
from web.deps import CurrentUser, Reader, Writer, now
from web.errors import Conflict, NotFound
from web.export import Column, export
from web.forms import Typed, read_form
from web.instalment_words import RATE
from web.render import page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, Me, Role, allow

router = APIRouter(prefix="/social/values", dependencies=[allow(Role.SOCIAL, *CENTRE_STAFF)])

DOCUMENT_MAX = 300
SECTIONS = {
    "subsidy": "Субсидия",
    "capital_minimum": "Капитальный ремонт",
    "instalment": "Рассрочка",
    "area_norm": "Социальная норма площади",
    "ground": "Льготы по основаниям",
}
DONE = {
    "proposed": "Внесено и ждёт второго сотрудника. Пока он не утвердит, расчёты этого не видят.",
    "approved": "Утверждено: начисления и субсидии учтут это со своего дня.",
    "declined": "Отклонено, расчёты этого не увидят.",
}
UNITS = {"permille": "%", "dm2": "м²", "rate": "₽ за м²", "kopecks": "₽ в месяц", "flag": "да — 1, нет — 0"}
COLUMNS = (
    Column("Что", width=70),
    Column("С", "date", 12),
    Column("Значение", width=16),
    Column("Основание", width=60),
    Column("Внёс", width=28),
)


@dataclass(frozen=True, slots=True)
class ValueLine:
    """A value in words; is_now: in force today; why_not explains a button this person may not press."""

    row: ReliefRow | None
    key: str
    title: str
    value: str
    is_old: bool = False
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class ReliefValuesView:
    """The page: values by section with those nobody has named, those that wait, the form."""

    groups: list[tuple[str, list[ValueLine]]]
    waiting: list[ValueLine]
    form: Typed
    keys: list[tuple[str, str]]
    unit: str
    query: str
    may_propose: bool
    done: str


def _words(unit: str, value: int) -> str:
    if unit == "permille":
        return percent(value)
    if unit == "dm2":
        return f"{format_scaled(value, DM2_PER_M2, 2).removesuffix(',00')} м²"
    if unit == "kopecks":
        return f"{format_scaled(value, KOPECKS_PER_RUBLE, 2)} ₽"
    if unit == "rate":
        return f"{format_scaled(value, RATE_PER_RUBLE, 2)} ₽ за м²" if value else "не назван"
    return "да" if value else "нет"


def _line(row: ReliefRow, known: dict[str, Key], me: Me | None = None, is_old: bool = False) -> ValueLine:
    key = known.get(row.key)
    title, unit = (key.title, key.unit) if key else (row.key, "flag")
    why = second_person.why_not(row.proposed_by, me.user_id) if me else ""
    return ValueLine(row, row.key, title, _words(unit, row.value), is_old, why)


async def _view(session: Session, me: Me, form: Typed, query: str, done: str = "") -> ReliefValuesView:
    known, today = relief_values.catalogue(), now().date()
    by_key: dict[str, list[ReliefRow]] = {}
    for row in await relief_values.in_force(session):
        by_key.setdefault(row.key, []).append(row)
    groups: dict[str, list[ValueLine]] = {section: [] for section in SECTIONS}
    for name, key in known.items():
        if query and query.lower() not in key.title.lower():
            continue
        lines = groups[name.partition(".")[0]]
        rows, current = by_key.get(name, []), False
        for row in rows:
            is_past = row.first_day <= today
            lines.append(_line(row, known, is_old=is_past and current))
            current = current or is_past
        if not rows:
            lines.append(ValueLine(None, name, key.title, "не внесено"))
    chosen = known.get(form.value("key"))
    return ReliefValuesView(
        groups=[(SECTIONS[section], lines) for section, lines in groups.items() if lines],
        waiting=[_line(row, known, me) for row in await relief_values.waiting(session)],
        form=form,
        keys=[("", "Выберите значение"), *((name, key.title) for name, key in known.items())],
        unit=UNITS[chosen.unit] if chosen else "",
        query=query,
        may_propose=me.may(*ACCRUERS),
        done=done,
    )


@router.get("")
async def show(
    request: Request, me: CurrentUser, session: Reader, q: str = "", key: str = "", done: str = ""
) -> Response:
    """Every value with its papers; ?q= narrows by words, ?key= opens the form at a value."""
    view = await _view(session, me, Typed({"key": key[:80]}), q.strip()[:80], DONE.get(done, ""))
    return page(
        request, "social/values.html", view, "list" if "HX-Request" in request.headers and not key else "form"
    )


@router.get(".{form}")
async def file(form: str, session: Reader) -> Response:
    """All values as CSV or XLSX."""
    known = relief_values.catalogue()
    lines = [_line(row, known) for row in await relief_values.in_force(session)]
    cells = [
        (
            line.title,
            line.row.first_day,
            line.value,
            line.row.document,
            line.row.proposed_by_name or "из поставки",
        )
        for line in lines
        if line.row is not None
    ]
    return export(form, "Льготы и субсидии", "Значения льгот и субсидий", COLUMNS, cells)


def _read(form: Typed) -> NewRelief | None:
    """The value of the form; None with errors beside the fields."""
    known = relief_values.catalogue()
    name = form.choice("key", known, "Выберите, что вносите.")
    unit = known[name].unit if name in known else ""
    value = None
    if unit == "permille":
        value = form.scaled("value", 1, "Введите проценты: 50 или 12,5.")
        if value is not None and value > PERMILLE:
            form.refuse("value", "Доля бывает от 0 до 100 %.")
        if value is not None and name == RATE:
            _within_key_rate(form, value)
    elif unit == "dm2":
        value = form.scaled("value", 2, "Введите квадратные метры: 18 или 33,5.")
    elif unit == "rate":
        value = form.scaled("value", 4, "Введите рубли за м²: 12,51.")
    elif unit == "kopecks":
        value = form.scaled("value", 2, "Введите рубли: 15 200 или 3 350,50.")
    elif unit == "flag":
        value = form.integer("value", "Введите 1, если да, и 0, если нет.")
        if value is not None and value not in (0, 1):
            form.refuse("value", "Введите 1, если да, и 0, если нет.")
    first = form.date("first_day", "Укажите день: 01.01.2027.")
    document = form.text("document", "Укажите основание: закон, постановление, номер.", DOCUMENT_MAX)
    document_date = form.date("document_date", "Укажите дату документа: 11.12.2026.")
    if not form.is_good or value is None or first is None or document_date is None:
        return None
    return NewRelief(name, first, value, document, document_date)


def _within_key_rate(form: Typed, value: int) -> None:
    """Interest of instalments is at most the key rate of that day and three points (Rules 354, cl. 72)."""
    day = form.date("first_day", "Укажите день: 01.01.2027.")
    known = [one.rate_bp for one in key_rates() if day is not None and one.since <= day]
    if known and value * 10 > known[-1] + OVER_KEY_RATE_PERMILLE * 10:
        most = percent((known[-1] + OVER_KEY_RATE_PERMILLE * 10) // 10)
        form.refuse("value", f"Не больше ключевой ставки и трёх пунктов: на этот день {most}.")


@router.post("", dependencies=[allow(*ACCRUERS)])
async def propose(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Keep a value until another person agrees."""
    form = await read_form(request)
    new = _read(form)
    if new is not None:
        try:
            await relief_values.propose(session, new, me.user_id)
            return see_other(request, "/social/values?done=proposed")
        except ValueRefused as refusal:
            form.refuse("first_day", refusal.message)
    view = await _view(session, me, form, "")
    return page(request, "social/values.html", view, block="form", status=422, retitle=True)


@router.post("/{value_id}/{act}", dependencies=[allow(*ACCRUERS)])
async def decide(request: Request, value_id: int, act: str, me: CurrentUser, session: Writer) -> Response:
    """Approve (another person) or decline."""
    if act not in ("approve", "decline"):
        raise NotFound
    try:
        await relief_values.decide(session, value_id, me.user_id, act == "approve", now())
    except ValueRefused as refusal:
        raise Conflict("Решение не записано.", refusal.message) from refusal
    return see_other(request, f"/social/values?done={'approved' if act == 'approve' else 'declined'}")
