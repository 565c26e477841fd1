"""«Отложенные счета»: what a run could not charge, why, and what to do about each."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import parked_pages, run_pages
from storage.parked_pages import Facet, ParkedFilter, ParkedPage, ParkedRow
from storage.run_pages import RunHead
from storage.session import Session
from web.centre.words import Fix, fix_of_account, reason_words
from web.deps import CurrentUser, Reader
from web.errors import NotFound
from web.export import Column, export
from web.filters import month
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.render import page
from web.roles import ACCRUERS, CENTRE_STAFF, Me, allow

router = APIRouter(prefix="/centre", dependencies=[allow(*CENTRE_STAFF)])

PATH = "/centre/parked"
FILTERS = ("run", "reason", "company", "service", "account", "street", "house")
COLUMNS = (
    Column("Счёт", width=14),
    Column("Адрес", width=36),
    Column("Организация", width=24),
    Column("Услуга", width=26),
    Column("Причина", width=26),
    Column("Что сделать", width=70),
    Column("Пересчитан прогоном", "integer", 14),
    Column("Начислено, ₽", "kopecks", 14),
)


@dataclass(frozen=True, slots=True)
class ParkedView:
    """The queue of parked accounts of one run."""

    state: ListState
    run: RunHead | None
    found: ParkedPage
    reasons: list[Facet]
    companies: list[Facet]
    services: list[Facet]
    chips: list[tuple[str, str]]
    total: int
    may_edit: bool

    def words(self, reason: str) -> str:
        """The short word of a reason."""
        return reason_words(reason)

    def fix(self, row: ParkedRow) -> Fix:
        """What to do about an account and where."""
        return fix_of_account(row, self.may_edit)


def _state(request: Request) -> ListState:
    return list_state(request, FILTERS, tuple(parked_pages.SORTS), "address", PATH)


async def _run(session: Session, me: Me, state: ListState) -> RunHead | None:
    """The run asked for, else the newest of the open month."""
    run_id = state.number("run")
    if run_id is None and me.open_period is not None:
        run_id = await parked_pages.newest_run(session, me.open_period)
    if run_id is None:
        return None
    run = await run_pages.run_head(session, run_id)
    if run is None:
        raise NotFound(f"Прогона {run_id} нет.", "Проверьте номер или откройте список прогонов.")
    return run


def _filter(state: ListState, run_id: int) -> ParkedFilter:
    return ParkedFilter(
        run_id=run_id,
        reason=state.get("reason"),
        company_id=state.number("company"),
        service=state.number("service"),
        account=state.get("account"),
        street=" ".join(state.get("street").lower().replace("ё", "е").split()),
        house=state.get("house"),
    )


@router.get("/parked")
async def show(request: Request, me: CurrentUser, session: Reader) -> Response:
    """Facets with counts above, rows below; the state of the list is in the address."""
    state = _state(request)
    run = await _run(session, me, state)
    facets: list[Facet] = []
    found = ParkedPage([], 0, 0)
    if run is not None:
        wanted = _filter(state, run.id)
        facets = await parked_pages.facets(session, wanted)
        found = await parked_pages.rows(
            session,
            wanted,
            sort=state.sort,
            is_descending=state.is_descending,
            limit=PAGE_ROWS,
            offset=state.offset,
        )
    by = {name: [one for one in facets if one.dimension == name] for name in ("reason", "company", "service")}
    view = ParkedView(
        state=state,
        run=run,
        found=found,
        reasons=by["reason"],
        companies=by["company"],
        services=by["service"],
        chips=_chips(state, facets),
        total=sum(one.count for one in by["reason"]),
        may_edit=me.may(*ACCRUERS),
    )
    return page(request, "centre/parked.html", view, block="list", headers={"HX-Replace-Url": state.url()})


def _chips(state: ListState, facets: list[Facet]) -> list[tuple[str, str]]:
    """A chip for every filter that is set, in words."""
    names = {(one.dimension, one.key): one.name for one in facets}
    labels = {
        "run": f"прогон {state.get('run')}",
        "reason": reason_words(state.get("reason")),
        "company": names.get(("company", state.get("company")), "организация"),
        "service": names.get(("service", state.get("service")), "услуга"),
        "account": f"счёт {state.get('account')}…",
        "street": f"улица: {state.get('street')}",
        "house": f"дом: {state.get('house')}",
    }
    return [(key, labels[key]) for key in FILTERS if state.get(key)]


@router.get("/parked.{form}")
async def file(request: Request, form: str, me: CurrentUser, session: Reader) -> Response:
    """All found accounts as CSV or XLSX."""
    state = _state(request)
    run = await _run(session, me, state)
    if run is None:
        raise NotFound("Прогонов ещё не было.", "Сначала начислите месяц.")
    found = await parked_pages.rows(
        session,
        _filter(state, run.id),
        sort=state.sort,
        is_descending=state.is_descending,
        limit=EXPORT_ROWS_MAX,
    )
    cells = [
        (
            row.number,
            row.address,
            row.company_name,
            row.service_name,
            reason_words(row.reason),
            row.message,
            row.settled_by,
            row.settled_kopecks,
        )
        for row in found.rows
    ]
    title = f"Отложенные счета, прогон {run.id}, {month(run.period)}"
    return export(form, f"Отложенные {run.id}", title, COLUMNS, cells)
