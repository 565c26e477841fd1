"""Files of a print run: volumes, any page of it, the control register, a damaged range again; who took
what.
"""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from receipts.impose import Layout
from receipts.register import RegisterHouse, register_pdf
from receipts.reprint import Piece, reprinted
from storage import press_orders, press_pages
from storage.press_pages import HouseRow, LeafRow, PressHead, VolumeRow
from storage.session import Session
from web.centre.press import LAYOUT_WORDS, found, press_view
from web.deps import CurrentUser, Reader, Writer
from web.errors import NotFound
from web.export import Column, export_file
from web.filters import month
from web.forms import Typed, blank, read_form
from web.render import page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, allow

router = APIRouter(prefix="/centre/press/{run_id}", dependencies=[allow(*CENTRE_STAFF)])

REPRINT_MAX = 2_000
"""Receipts printed again at once; more than that is a run of its own."""
PDF = "application/pdf"
WORDS_MAX = 200


@router.get("/volumes/{block_no}-{part}.pdf", dependencies=[allow(*ACCRUERS)])
async def volume(run_id: int, block_no: int, part: int, me: CurrentUser, session: Writer) -> Response:
    """The file of a volume; who took it is noted."""
    await found(session, run_id)
    content = await press_pages.volume_content(session, run_id, block_no, part)
    if content is None:
        raise NotFound("Такого тома нет.", "Он ещё не готов или номер другой. Откройте список томов.")
    words = volume_words(block_no, part)
    await press_orders.note(session, run_id, "downloaded", f"Том {words}", me.user_id)
    return _file(content, f"pechat-{run_id}-tom-{words}.pdf")


def volume_words(block_no: int, part: int) -> str:
    """«3», and «3-2» for what did not go into it."""
    return f"{block_no}" if part == 1 else f"{block_no}-{part}"


def _file(content: bytes, name: str, inline: bool = False) -> Response:
    how = "inline" if inline else "attachment"
    return Response(content, media_type=PDF, headers={"Content-Disposition": f'{how}; filename="{name}"'})


@dataclass(frozen=True, slots=True)
class _Range:
    first: int
    last: int


def _range(form: Typed, run: PressHead) -> _Range | None:
    first = form.integer("first", "Впишите номер, с которого печатать снова.")
    last = form.integer("last", "Впишите номер, по который печатать.") if form.value("last") else first
    if first is None or last is None:
        return None
    if not 1 <= first <= last <= run.receipts_count:
        form.refuse("first", f"Номера идут от 1 до {run.receipts_count}, первый не больше последнего.")
        return None
    if last - first >= REPRINT_MAX:
        form.refuse("last", f"За один раз не больше {REPRINT_MAX} квитанций. Разделите диапазон.")
        return None
    return _Range(first, last)


@router.get("/page.pdf", dependencies=[allow(*ACCRUERS)])
async def any_page(request: Request, run_id: int, session: Reader) -> Response:
    """A receipt of the run as it lies in its volume, by its number."""
    run = await found(session, run_id)
    form = blank(**{**dict(request.query_params.items()), "last": ""})
    asked = _range(form, run)
    if asked is None:
        raise NotFound("Такого номера нет.", next(iter(form.errors.values())))
    content = await _again(session, run, asked)
    return _file(content, f"pechat-{run_id}-{asked.first:06d}.pdf", inline=True)


@router.post("/reprint", dependencies=[allow(*ACCRUERS)])
async def reprint(request: Request, run_id: int, me: CurrentUser, session: Writer) -> Response:
    """The damaged sheets again, the same as they were; why is noted."""
    run = await found(session, run_id)
    form = await read_form(request)
    why = form.text("why", "Впишите, почему печатаете снова: «замяло в принтере».", WORDS_MAX)
    asked = _range(form, run)
    if not form.is_good or asked is None:
        view = await press_view(session, run, True, form)
        return page(request, "centre/press_run.html", view, status=422)
    content = await _again(session, run, asked)
    words = f"№ {asked.first:06d}–{asked.last:06d}: {why}"
    await press_orders.note(session, run_id, "reprinted", words, me.user_id)
    return _file(content, f"pechat-{run_id}-snova-{asked.first:06d}-{asked.last:06d}.pdf")


async def _again(session: Session, run: PressHead, asked: _Range) -> bytes:
    rows = await press_pages.leaves(session, run.id, asked.first, asked.last)
    if not rows:
        raise NotFound(
            "Этих квитанций на бумаге нет.", "Том ещё не готов, или по счетам нечего было печатать."
        )
    known = {(one.block_no, one.part): one for one in await press_pages.volumes(session, run.id)}
    pieces = []
    for key, of_volume in itertools.groupby(rows, key=lambda row: (row.block_no, row.part)):
        content = await press_pages.volume_content(session, run.id, *key)
        assert content is not None, "a receipt with a place has its volume"
        pieces.append(Piece(content, known[key].leaves, _leaves(list(of_volume))))
    title = f"Печать {run.id}, снова {asked.first:06d}–{asked.last:06d}"
    return await asyncio.to_thread(reprinted, pieces, Layout(run.layout), run.is_duplex, title)


def _leaves(rows: list[LeafRow]) -> tuple[int, ...]:
    return tuple(leaf for row in rows for leaf in range(row.first_leaf, row.first_leaf + row.leaves))


@router.post("/handed", dependencies=[allow(*ACCRUERS)])
async def hand_over(request: Request, run_id: int, me: CurrentUser, session: Writer) -> Response:
    """Note who took the paper."""
    run = await found(session, run_id)
    form = await read_form(request)
    words = form.text("whom", "Впишите, что и кому передано: «тома 1–3, почта, Сидорова».", WORDS_MAX)
    if not form.is_good:
        view = await press_view(session, run, True, form)
        return page(request, "centre/press_run.html", view, status=422)
    await press_orders.note(session, run_id, "handed", words, me.user_id)
    return see_other(request, f"/centre/press/{run_id}#notes")


# ---- the control register ---------------------------------------------------------------------------

COLUMNS = (
    Column("Маршрут", width=26),
    Column("Почтальон", width=26),
    Column("Дом", width=40),
    Column("Организация", width=30),
    Column("С №", "integer"),
    Column("По №", "integer"),
    Column("Квитанций", "integer"),
    Column("Листков", "integer"),
    Column("К оплате, ₽", "kopecks"),
    Column("Без квитанции", "integer"),
)


@router.get("/register.{form}")
async def register(run_id: int, form: str, session: Reader) -> Response:
    """Counts and sums by house, to check the paper against: PDF to sign, XLSX or CSV to work with."""
    run = await found(session, run_id)
    rows = await press_pages.register(session, run_id)
    title = f"Печать {run.id}: {month(run.period)}, {run.scope_name}"
    if form == "pdf":
        houses = [
            RegisterHouse(
                row.address, row.company_name, row.first_number, row.last_number, row.receipts_count,
                row.leaves,
                row.due_kopecks, row.problems_count, _route_words(row),
            )
            for row in rows
        ]  # fmt: skip
        volumes = await press_pages.volumes(session, run_id)
        facts = _facts(run, volumes)
        content = await asyncio.to_thread(register_pdf, title, facts, houses, run.created_at)
        return _file(content, f"pechat-{run_id}-reestr.pdf", inline=True)
    cells = [
        (
            row.route, row.carrier, row.address, row.company_name, row.first_number, row.last_number,
            row.receipts_count, row.leaves, row.due_kopecks, row.problems_count,
        )
        for row in rows
    ]  # fmt: skip
    total = (
        "Всего", "", "", "", None, None, sum(row.receipts_count for row in rows),
        sum(row.leaves for row in rows), sum(row.due_kopecks for row in rows),
        sum(row.problems_count for row in rows),
    )  # fmt: skip
    return await export_file(form, f"Печать {run_id} реестр", title, COLUMNS, cells, total)


def _route_words(row: HouseRow) -> str:
    return f"{row.route}, {row.carrier}" if row.carrier else row.route


def _facts(run: PressHead, volumes: list[VolumeRow]) -> list[tuple[str, str]]:
    return [
        ("Бумага", LAYOUT_WORDS[run.layout]),
        ("Томов", str(len(volumes))),
        ("Листов", str(sum(one.sheets for one in volumes))),
        ("Отпечаток запуска", run.digest or "ещё печатается"),
    ]
