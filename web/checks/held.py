"""«Показания на проверке»: a queue to accept, correct or reject, one by one and in bulk."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fastapi import APIRouter, Request, Response

from billing.history import Values
from billing.reading import ReadingRefused, parse_values
from billing.reading import words as reading_words
from billing.services import CATALOGUE
from billing.vee.catalogue import BY_KEY
from storage import held_pages, held_readings
from storage.held_pages import SORTS, HeldFacet, HeldFilter, HeldPage, HeldRow
from storage.held_readings import ACCEPTED, CORRECTED, DECISIONS, REJECTED, DecisionRefused
from storage.session import Session
from web.deps import CurrentUser, Reader, Writer
from web.errors import NotFound
from web.export import Column, export
from web.filters import month
from web.forms import Typed, blank, read_form
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.render import page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, Me, Role, allow

READERS = (*CENTRE_STAFF, Role.COMPANY)
DECIDERS = (*ACCRUERS, Role.COMPANY)
router = APIRouter(prefix="/readings/held", dependencies=[allow(*READERS)])

PATH = "/readings/held"
FILTERS = ("state", "rule", "service", "company", "source", "q")
BULK_MAX = 5_000
"""A bulk decision takes so many at a time: each is a reading the intake writes."""
STATES = {
    "held": ("на проверке", "warn"),
    "accepted": ("принято", "good"),
    "corrected": ("исправлено", "good"),
    "rejected": ("отклонено", "bad"),
}
SOURCES = {
    "resident": "житель",
    "company": "организация",
    "supplier": "поставщик",
    "device": "прибор",
    "inspection": "проверка",
    "payment": "с оплатой",
    "import": "загрузка",
    "final": "снятие счётчика",
    "initial": "установка счётчика",
}
COLUMNS = (
    Column("Передано", "date", 14),
    Column("Месяц", width=16),
    Column("Счёт", width=14),
    Column("Адрес", width=36),
    Column("Организация", width=24),
    Column("Услуга", width=24),
    Column("Счётчик", width=16),
    Column("Откуда", width=16),
    Column("Прошлое", width=14),
    Column("Передано, цифры", width=14),
    Column("Принято, цифры", width=14),
    Column("Расход", width=12),
    Column("Почему на проверке", width=60),
    Column("Состояние", width=14),
    Column("Кто решил", width=28),
    Column("Пояснение", width=50),
)


@dataclass(frozen=True, slots=True)
class HeldView:
    """The queue."""

    state: ListState
    found: HeldPage
    facets: list[HeldFacet]
    form: Typed
    may_decide: bool
    done: str

    @property
    def waiting(self) -> int:
        """Everything that waits: each reading has one service."""
        return sum(one.count for one in self.of("service"))

    @property
    def states(self) -> dict[str, tuple[str, str]]:
        return STATES

    def of(self, dimension: str) -> list[HeldFacet]:
        return [one for one in self.facets if one.dimension == dimension]

    @property
    def sources(self) -> list[HeldFacet]:
        """Sources under the names people know."""
        return [replace(one, name=self.source(one.key)) for one in self.of("source")]

    def title(self, rule: str) -> str:
        return title_of(rule)

    def source(self, key: str) -> str:
        return SOURCES.get(key, key)

    def digits(self, row: HeldRow, values: Values | None) -> str:
        return digits_of(row, values)

    def volume(self, row: HeldRow) -> str:
        return volume_of(row)


@dataclass(frozen=True, slots=True)
class CardView:
    """One held reading: before and after, why, who did what."""

    row: HeldRow
    form: Typed
    may_decide: bool

    @property
    def states(self) -> dict[str, tuple[str, str]]:
        return STATES

    @property
    def zones(self) -> list[int]:
        return list(range(1, self.row.zones + 1))

    def title(self, rule: str) -> str:
        return title_of(rule)

    def source(self, key: str) -> str:
        return SOURCES.get(key, key)

    def digits(self, values: Values | None) -> str:
        return digits_of(self.row, values)

    @property
    def volume(self) -> str:
        return volume_of(self.row)


def title_of(rule: str) -> str:
    """The name of a rule on pages."""
    return BY_KEY[rule].title if rule in BY_KEY else rule


def digits_of(row: HeldRow, values: Values | None) -> str:
    """A reading of all its zones."""
    return "" if values is None else " / ".join(reading_words(one) for one in values[: row.zones])


def volume_of(row: HeldRow) -> str:
    """The volume with its unit."""
    unit = CATALOGUE[row.service].unit if row.service in CATALOGUE else ""
    return f"{reading_words(row.volume_micro)}\u00a0{unit}".strip()


DONE = {
    "accepted": "Решение записано: показания принимаются, начисление их увидит.",
    "corrected": "Решение записано: принимается исправленное показание.",
    "rejected": "Показания отклонены: в начисление они не войдут.",
}


def _state(request: Request) -> ListState:
    state = list_state(request, FILTERS, tuple(SORTS), "-given", PATH)
    if "state" not in request.query_params:
        state.filters["state"] = "held"
    return state


def _filter(state: ListState) -> HeldFilter:
    wanted = state.get("state")
    return HeldFilter(
        "" if wanted == "any" else wanted,
        state.get("rule"),
        state.number("service"),
        state.number("company"),
        state.get("source"),
        state.get("q"),
    )


async def _view(session: Session, request: Request, me: Me, form: Typed, done: str = "") -> HeldView:
    state = _state(request)
    found = await held_pages.rows(
        session,
        _filter(state),
        sort=state.sort,
        is_descending=state.is_descending,
        limit=PAGE_ROWS,
        offset=state.offset,
    )
    facets = await held_pages.facets(session)
    return HeldView(state, found, facets, form, me.may(*DECIDERS), DONE.get(done, ""))


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader, done: str = "") -> Response:
    """What waits, newest first; facets with counts above."""
    view = await _view(session, request, me, Typed(), done)
    url = view.state.url()
    return page(request, "checks/held.html", view, block="list", headers={"HX-Replace-Url": url})


@router.get(".{form}")
async def file(request: Request, form: str, session: Reader) -> Response:
    """All found readings with values before and after and who decided."""
    state = _state(request)
    found = await held_pages.rows(
        session, _filter(state), sort=state.sort, is_descending=state.is_descending, limit=EXPORT_ROWS_MAX
    )
    cells = [
        (
            row.given_at,
            month(row.period),
            row.number,
            row.address,
            row.company_name,
            row.service_name,
            row.serial,
            SOURCES.get(row.source, row.source),
            digits_of(row, row.previous),
            digits_of(row, row.given),
            digits_of(row, row.after or (row.given if row.state == ACCEPTED else None)),
            volume_of(row),
            row.words,
            STATES[row.state][0],
            row.decided_by_name,
            row.note,
        )
        for row in found.rows
    ]
    return export(form, "Показания на проверке", "Показания на проверке", COLUMNS, cells)


@router.get("/{held_id:int}")
async def card(request: Request, held_id: int, me: CurrentUser, session: Reader) -> Response:
    """One reading: what was given, why it is held, what may be done."""
    row = await _found(session, held_id)
    form = blank(**{f"value{zone}": reading_words(row.given[zone - 1]) for zone in range(1, row.zones + 1)})
    return page(request, "checks/card.html", CardView(row, form, me.may(*DECIDERS)))


async def _found(session: Session, held_id: int) -> HeldRow:
    row = await held_pages.one(session, held_id)
    if row is None:
        raise NotFound("Такого показания нет.", "Вернитесь к списку показаний на проверке.")
    return row


@router.post("", dependencies=[allow(*DECIDERS)])
async def decide(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Accept or reject the ticked readings, or everything found."""
    form = await read_form(request)
    decision = form.choice("decision", (ACCEPTED, REJECTED), "Выберите, что сделать с отмеченным.")
    if form.is_good:
        try:
            ids = await _picks(request, session, form)
            if await held_readings.decide(session, ids, decision, form.value("note"), me.user_id):
                return see_other(request, f"{PATH}?done={decision}")
            form.refuse("", "Отмеченное уже разобрали. Обновите страницу.")
        except DecisionRefused as refusal:
            form.refuse("note" if refusal.code in ("no-note", "too-long") else "", refusal.message)
    return page(
        request, "checks/held.html", await _view(session, request, me, form), block="list", status=422
    )


async def _picks(request: Request, session: Session, form: Typed) -> list[int]:
    if form.value("everything") == "yes":
        found = await held_pages.rows(session, _filter(_state(request)), limit=BULK_MAX + 1)
        if found.total > BULK_MAX:
            raise DecisionRefused("too-many", f"За раз решают не больше {BULK_MAX}. Сузьте отбор.")
        return [row.id for row in found.rows]
    picked = [str(value) for value in (await request.form()).getlist("pick")]
    return [int(value) for value in picked if value.isascii() and value.isdigit() and len(value) < 10]


@router.post("/{held_id:int}", dependencies=[allow(*DECIDERS)])
async def decide_one(request: Request, held_id: int, me: CurrentUser, session: Writer) -> Response:
    """Accept, correct or reject one reading."""
    form, row = await read_form(request), await _found(session, held_id)
    decision = form.choice("decision", DECISIONS, "Выберите, что сделать с показанием.")
    after = None
    if decision == CORRECTED:
        try:
            texts = [form.value(f"value{zone}") for zone in range(1, row.zones + 1)]
            after = parse_values(texts, row.zones)
        except ReadingRefused as refusal:
            form.refuse("value1", refusal.message)
        if after == row.given:
            form.refuse("value1", "Это то же показание. Введите верные цифры или примите как есть.")
    if form.is_good:
        try:
            ids = [held_id]
            changed = await held_readings.decide(
                session, ids, decision, form.value("note"), me.user_id, after
            )
            if changed:
                return see_other(request, f"{PATH}?done={decision}")
            form.refuse("", "Это показание уже разобрали. Обновите страницу.")
        except DecisionRefused as refusal:
            form.refuse("note" if refusal.code in ("no-note", "too-long") else "", refusal.message)
    return page(request, "checks/card.html", CardView(row, form, me.may(*DECIDERS)), status=422)
