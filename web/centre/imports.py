"""«Загрузка данных»: a workbook is checked first, each bad row gets its verdict; then it is loaded whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response

from billing.reading import words as reading_words
from storage import choices, held_pages, held_readings, import_orders
from storage.choices import Choice
from storage.held_readings import ACCEPTED, REJECTED, DecisionRefused
from storage.import_orders import FILE_BYTES_MAX, XLSX, ImportJob
from storage.importer import template
from storage.importer.sheets import SHEETS
from storage.session import Session
from web.deps import CurrentUser, Reader, Writer, read
from web.errors import Conflict, NotFound
from web.export import Column, export
from web.filters import month
from web.forms import TABLES, Typed, blank, read_form
from web.render import fragment, hx_partial, page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, allow
from web.streams import Tick, stream

router = APIRouter(prefix="/centre/import", dependencies=[allow(*CENTRE_STAFF)])

NO_FILE = "Выберите файл: таблицу xlsx по образцу."
TOO_LARGE = "Файл больше 30 МБ. Разделите его по домам и загрузите частями."
VERDICTS_SHOWN = 200
"""Verdicts on the page; the file has them all."""
COLUMNS = (
    Column("Лист", width=18),
    Column("Строка", "integer"),
    Column("Столбец", width=22),
    Column("Что стоит", width=24),
    Column("Что не так и что сделать", width=90),
)


@dataclass(frozen=True, slots=True)
class ImportView:
    """The form of an upload and the imports so far."""

    form: Typed
    companies: list[Choice]
    jobs: list[ImportJob]
    may_load: bool


@dataclass(frozen=True, slots=True)
class SheetLine:
    """Rows of a sheet by what happens to them."""

    name: str
    rows: int
    added: int
    changed: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class VerdictLine:
    """A bad row in words."""

    sheet: str
    row: int
    column: str
    value: str
    message: str


@dataclass(frozen=True, slots=True)
class HeldLine:
    """A reading of the file that is kept aside: whose, what was given, why, what became of it."""

    id: int
    address: str
    meter: str
    given: str
    why: str
    state: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class JobView:
    """A check or a load of one file."""

    job: ImportJob
    sheets: list[SheetLine]
    verdicts: list[VerdictLine]
    verdicts_count: int
    rows: int
    rows_bad: int
    outcome: str
    may_load: bool
    held: list[HeldLine] = field(default_factory=list)
    may_decide: bool = False

    @property
    def is_check(self) -> bool:
        """A check; a load otherwise."""
        return self.job.kind == "import_check"


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader) -> Response:
    """Upload, template, what was uploaded."""
    return page(request, "centre/import.html", await _view(session, blank(), me.may(*ACCRUERS)))


async def _view(session: Session, form: Typed, may_load: bool) -> ImportView:
    companies = await choices.companies(session)
    return ImportView(form, companies, await import_orders.import_jobs(session), may_load)


@router.get("/template.xlsx")
async def download() -> Response:
    """The empty workbook with hints and lists."""
    headers = {
        "Content-Disposition": "attachment; filename*=UTF-8''%D0%9E%D0%B1%D1%80%D0%B0%D0%B7%D0%B5%D1%86.xlsx"
    }
    return Response(template(), media_type=XLSX, headers=headers)


@router.post("", dependencies=[allow(*ACCRUERS)])
async def upload(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Keep the file and have it checked; nothing is loaded yet."""
    form = await read_form(request)
    company = form.integer("company", "Выберите, чьи это данные.")
    name, content = await form.sent("file", NO_FILE, FILE_BYTES_MAX, TOO_LARGE, TABLES)
    known = {one.id for one in await choices.companies(session)}
    if company is not None and company not in known:
        form.refuse("company", "Такой организации нет. Выберите из списка.")
    if not form.is_good or company is None:
        return page(request, "centre/import.html", await _view(session, form, True), status=422)
    job_id = await import_orders.request_check(session, company, name, content, me.user_id)
    return see_other(request, f"/centre/import/{job_id}")


async def _found(session: Session, job_id: int) -> ImportJob:
    job = await import_orders.import_job(session, job_id)
    if job is None:
        raise NotFound("Такой загрузки нет.", "Откройте список загрузок.")
    return job


@router.get("/{job_id}")
async def show_job(request: Request, job_id: int, me: CurrentUser, session: Reader) -> Response:
    """The report: counts by sheet, verdicts on bad rows, the button to load when there are none."""
    job = await _found(session, job_id)
    view = _job_view(job, me.may(*ACCRUERS), await _held(session, job))
    return page(request, "centre/import_job.html", view, block="job")


HELD_STATES = {
    "held": "ждёт решения",
    "accepted": "принято",
    "corrected": "исправлено",
    "rejected": "отклонено",
}


async def _held(session: Session, job: ImportJob) -> list[HeldLine]:
    """Readings of a load that a person has to look at, as they stand now."""
    ids = (job.report or {}).get("held", []) if job.kind != "import_check" else []
    return [
        HeldLine(
            id=one.id,
            address=one.address,
            meter=f"{one.service_name} № {one.serial}, {month(one.period)}",
            given=" · ".join(reading_words(value) for value in one.given[: one.zones]),
            why=one.words,
            state=HELD_STATES[one.state],
            is_open=one.state == "held",
        )
        for one in (await held_pages.of_readings(session, ids) if ids else [])
    ]


def _job_view(job: ImportJob, may_load: bool, held: Sequence[HeldLine] = ()) -> JobView:
    report = job.report or {}
    verdicts = report.get("verdicts", [])
    return JobView(
        job=job,
        sheets=_sheets(report.get("sheets", {})),
        verdicts=_verdicts(verdicts[:VERDICTS_SHOWN]),
        verdicts_count=len(verdicts) + report.get("verdicts_left_off", 0),
        rows=report.get("rows", 0),
        rows_bad=report.get("rows_bad", 0),
        outcome=report.get("state", ""),
        may_load=may_load and job.kind == "import_check" and bool(report.get("ok")),
        held=list(held),
        may_decide=may_load,
    )


def _sheets(counts: dict[str, dict[str, int]]) -> list[SheetLine]:
    """Sheets with rows, in the order of the workbook."""
    known = [sheet.title for sheet in SHEETS]
    return [SheetLine(name, **counts[name]) for name in known if counts.get(name, {}).get("rows")]


def _verdicts(found: Sequence[dict[str, object]]) -> list[VerdictLine]:
    return [
        VerdictLine(
            sheet=str(one["sheet"]),
            row=int(str(one["row"])),
            column=str(one["column"] or ""),
            value=str(one["value"] or ""),
            message=str(one["message"]),
        )
        for one in found
    ]


@router.get("/{job_id}/verdicts.{form}")
async def verdicts_file(job_id: int, form: str, session: Reader) -> Response:
    """All verdicts as a table, to be worked off beside the workbook."""
    job = await _found(session, job_id)
    found = _verdicts((job.report or {}).get("verdicts", []))
    cells = [(one.sheet, one.row, one.column, one.value, one.message) for one in found]
    return export(form, f"Замечания {job.id}", f"Замечания к файлу {job.title}", COLUMNS, cells)


@router.get("/{job_id}/stream")
async def follow(request: Request, job_id: int, me: CurrentUser) -> Response:
    """Waits for the worker; then the whole report and «done»."""
    async with read(request) as session:
        await _found(session, job_id)  # a job that is not there is refused before anything is sent

    async def look(number: int) -> Tick:
        async with read(request) as session:
            job = await _found(session, job_id)
            held = await _held(session, job)
        if job.is_live:
            return Tick("", is_live=True)
        html = fragment(request, "centre/import_job.html", _job_view(job, me.may(*ACCRUERS), held), "job")
        return Tick(hx_partial("#job", html, "outerHTML"), is_live=False)

    return stream(request, look)


@router.post("/{job_id}/load", dependencies=[allow(*ACCRUERS)])
async def load(request: Request, job_id: int, me: CurrentUser, session: Writer) -> Response:
    """Load a file whose check was clean; the same file again changes nothing."""
    job = await _found(session, job_id)
    if not _job_view(job, True).may_load:
        raise Conflict(
            "Файл не загружен.", "Сначала исправьте замечания в таблице и загрузите её на проверку снова."
        )
    return see_other(request, f"/centre/import/{await import_orders.request_load(session, job, me.user_id)}")


@router.post("/{job_id}/held/{held_id:int}", dependencies=[allow(*ACCRUERS)])
async def decide_held(
    request: Request, job_id: int, held_id: int, me: CurrentUser, session: Writer
) -> Response:
    """Accept or reject one held reading of the file; the intake carries it out."""
    job, form = await _found(session, job_id), await read_form(request)
    if held_id not in {one.id for one in await _held(session, job)}:
        raise NotFound("В этой загрузке нет такого показания.", "Откройте её заново.")
    decision = form.choice("decision", (ACCEPTED, REJECTED), "Выберите: принять или отклонить.")
    note = form.value("note") or f"Загрузка «{job.title}»"
    if not form.is_good:
        raise Conflict("Решение не записано.", "Выберите: принять или отклонить.")
    try:
        await held_readings.decide(session, [held_id], decision, note, me.user_id)
    except DecisionRefused as refusal:
        raise Conflict("Решение не записано.", refusal.message) from refusal
    return see_other(request, f"/centre/import/{job_id}#held")
