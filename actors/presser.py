"""Renders a block of a print run: data of all its receipts at once, pages, volumes, one write. Knows no
Ray.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from actors.pressed import NotPrinted, Outcome, Printed
from billing.even import evenly
from billing.period import Period
from billing.receipt import DocumentKind, ReceiptMismatchError
from receipts.barcode import BarcodeRefusedError
from receipts.fill import Filled, Filler
from receipts.form import LARGE_PERCENT, PRESS_FORM, digest_of
from receipts.impose import Layout, leaves_of
from receipts.look import STANDARD, Look, look_of
from receipts.qr import QrRefusedError
from receipts.render import ReceiptRenderError
from receipts.typeset import Para, Value
from receipts.volume import Volume
from storage.engine import Database
from storage.press_work import Place, PressTask, RouteOfBlock, VolumeFile, write_block
from storage.receipt_forms import FormVersion, forms_of
from storage.receipt_kinds import build_documents
from storage.receipts import Built
from storage.session import raw_connection
from storage.work import is_disk_full, is_transient

SLICE = 250
"""Receipts whose data are in memory at once."""
NUMBER_DIGITS = 6


def number_words(number: int) -> str:
    """A running number as it stands on paper."""
    return f"№\u00a0{number:0{NUMBER_DIGITS}d}"


class Presser:
    """Renders blocks one after another over its own connections."""

    def __init__(self, url: str) -> None:
        self._database = Database(url, "worker", pool_max=2)
        self._fillers: dict[tuple[str, int], Filler] = {}
        self._one_at_a_time = asyncio.Lock()

    async def press(self, task: PressTask) -> Outcome:
        """Render and keep one block; never raises for what the supervisor has to decide about."""
        try:
            async with self._one_at_a_time:
                return await self._press(task)
        except Exception as error:
            return NotPrinted(task.run_id, task.block_no, in_words(error), not is_transient(error))

    async def _press(self, task: PressTask) -> Printed:
        with no_collections():
            return await self._made(task)

    async def _made(self, task: PressTask) -> Printed:
        binder = Binder(task, self._filler(task, task.size_percent), self._filler(task, LARGE_PERCENT))
        coming = asyncio.create_task(self._read(task, binder, 0))
        try:
            for after in range(SLICE, len(task.account_ids) + SLICE, SLICE):
                numbered = await coming
                if after < len(task.account_ids):  # what comes is read while this slice is set
                    coming = asyncio.create_task(self._read(task, binder, after))
                await asyncio.to_thread(binder.add, numbered)
        finally:
            coming.cancel()
        volumes = await asyncio.to_thread(binder.finish)
        async with self._database.transaction() as session:
            connection = await raw_connection(session)
            await write_block(connection, task, volumes, binder.places, digest_of(PRESS_FORM))
        return Printed(task.run_id, task.block_no, len(task.account_ids))

    async def _read(self, task: PressTask, binder: Binder, at: int) -> list[tuple[int, Built]]:
        """Documents of a slice with their numbers; forms of its companies go to the binder."""
        ids, period = task.account_ids[at : at + SLICE], Period.of(task.period)
        async with self._database.reading() as session:
            built = await build_documents(session, ids, period, DocumentKind(task.kind))
            companies = {one.company_id for one in built.values()} - binder.forms.keys()
            found = await forms_of(session, companies, task.period, task.forms_until) if companies else {}
        binder.forms |= {company: chosen_form(found.get(company)) for company in companies}
        return list(enumerate((built[one] for one in ids), start=task.first_number + at))

    def _filler(self, task: PressTask, percent: int) -> Filler:
        key = ("a4" if task.layout == "a4" else "a5", percent)
        if key not in self._fillers:
            self._fillers[key] = Filler(*key)
        return self._fillers[key]

    async def close(self) -> None:
        """End the connections."""
        await self._database.close()


def in_words(error: Exception) -> str:
    """Why a block could not be rendered, for the person who is to do something about it."""
    if is_disk_full(error):
        return "На диске базы данных кончилось место, том не записан. Освободите место и продолжите."
    if isinstance(error, ReceiptRenderError):
        return str(error)
    return f"{type(error).__name__}: {error}"


@contextmanager
def no_collections() -> Iterator[None]:
    """Documents and pages are trees, counting of references frees them: looking for cycles among the many
    thousands of a block would take a sixth of its time and find none.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@dataclass(frozen=True, slots=True)
class ChosenForm:
    """The version of an organisation's form and what it looks like; the standard one has no id."""

    id: int | None
    look: Look


def chosen_form(version: FormVersion | None) -> ChosenForm:
    """What `storage.receipt_forms.forms_of` found, as the press takes it."""
    return ChosenForm(None, STANDARD) if version is None else ChosenForm(version.id, look_of(version.look))


@dataclass(frozen=True, slots=True)
class Bundle:
    """Documents of an account with the sheets that lie on them: a cover, a separator of a house."""

    sheets: tuple[Filled, ...]
    documents: int
    """How many of the last sheets are documents."""
    where: tuple[int, int, int, int]
    """Its number, account, house and company."""
    due_kopecks: int
    form_id: int | None
    leaves: int


@dataclass(slots=True)
class Binder:
    """Receipts in order → volumes about as thick as each other and none over so many sheets, and where each
    receipt lies.

    large: for payers who asked for large letters; forms: of each company.
    """

    task: PressTask
    filler: Filler
    large: Filler
    forms: dict[int, ChosenForm] = field(default_factory=dict)
    places: list[Place] = field(default_factory=list)
    _bundles: list[Bundle] = field(default_factory=list)
    _house_id: int | None = None

    def add(self, numbered: Sequence[tuple[int, Built]]) -> None:
        """Fill the next receipts; a cover goes before a route, a separator before each house."""
        self._draw_ahead([built for _, built in numbered])
        for number, built in numbered:
            where = (number, built.account_id, built.house_id, built.company_id)
            try:
                built.check()
                filler = self.large if built.is_large_print else self.filler
                form = self.forms[built.company_id]
                mark, is_proved = number_words(number), built.whole is not None
                filled = [filler.fill(one, mark, form.look, is_proved) for one in built.documents]
            except (ReceiptMismatchError, QrRefusedError, BarcodeRefusedError, ReceiptRenderError) as error:
                if isinstance(error, ReceiptRenderError) and not self.forms[built.company_id].look.source:
                    raise  # fonts or a form of ours: nothing of this run can be printed
                self.places.append(Place(*where, 0, 0, 0, 0, str(error)))
                continue
            sheets = (*self._covers(number, built), *filled)
            leaves = sum(len(leaves_of(len(one.pages), self.task.is_duplex)) for one in sheets)
            self._bundles.append(Bundle(sheets, len(filled), where, built.due_kopecks, form.id, leaves))

    def _draw_ahead(self, several: Sequence[Built]) -> None:
        """Symbols of documents about to be filled, all of a kind at once."""
        for is_large, filler in ((False, self.filler), (True, self.large)):
            own = [built.documents for built in several if built.is_large_print is is_large]
            filler.draw_ahead(one for documents in own for one in documents)

    def _covers(self, number: int, built: Built) -> list[Filled]:
        """What lies before this receipt."""
        made: list[Filled] = []
        route = self.task.route
        if route is not None and not self._bundles and self.task.first_number == route.first_number:
            made.append(self.filler.band_page("cover", cover_of(route)))
        if self.task.has_separators and self._house_id != built.house_id:
            words = f"Первая — {number_words(number)}, {built.flat_words}"
            values: dict[str, Value] = {
                "house": (Para(built.house_words, fit=True),), "counts": (Para(words),)
            }  # fmt: skip
            made.append(self.filler.band_page("separator", values))
        self._house_id = built.house_id
        return made

    def finish(self) -> list[VolumeFile]:
        """The volumes; places say where each receipt lies in them."""
        room = self.task.volume_sheets * (2 if self.task.layout == Layout.A5_TWO_UP else 1)
        ready: list[VolumeFile] = []
        at = 0
        for size in evenly([one.leaves for one in self._bundles], room):
            ready.append(self._bind(len(ready) + 1, self._bundles[at : at + size]))
            at += size
        self.places.sort(key=lambda place: place.number)
        return ready

    def _bind(self, part: int, bundles: Sequence[Bundle]) -> VolumeFile:
        volume = Volume(Layout(self.task.layout), self.task.is_duplex)
        for one in bundles:
            placed = [volume.add(sheet) for sheet in one.sheets][-one.documents :]
            self.places.append(
                Place(
                    *one.where, part,
                    placed[0].first_leaf, sum(each.leaves for each in placed), one.due_kopecks, None,
                    one.form_id, digest_of_all(one.sheets[-one.documents :]),
                )
            )  # fmt: skip
        title = f"Квитанции, запуск {self.task.run_id}, том {volume_words(self.task.block_no, part)}"
        return VolumeFile(
            part=part,
            first_number=bundles[0].where[0],
            last_number=bundles[-1].where[0],
            receipts_count=len(bundles),
            leaves=volume.leaves,
            sheets=volume.sheets,
            due_kopecks=sum(one.due_kopecks for one in bundles),
            content=volume.pdf(title),
        )


def cover_of(route: RouteOfBlock) -> dict[str, Value]:
    """What the cover of a route says: who carries it, how many houses, which numbers."""
    receipts = route.last_number - route.first_number + 1
    numbers = f"{number_words(route.first_number)} — {number_words(route.last_number)}"
    return {
        "route": (Para(route.name, fit=True),),
        "carrier": (Para(f"Почтальон: {route.carrier}" if route.carrier else "Почтальон не назначен"),),
        "counts": (
            Para(f"Домов: {route.houses_count}"),
            Para(f"Квитанций: {receipts}"),
            Para(f"Номера: {numbers}"),
        ),
    }


def digest_of_all(filled: Sequence[Filled]) -> str:
    """What stands on the pages of all documents of an account."""
    if len(filled) == 1:
        return filled[0].digest
    return hashlib.sha256("".join(one.digest for one in filled).encode()).hexdigest()


def volume_words(block_no: int, part: int) -> str:
    """«3», and «3-2» for what did not go into it."""
    return f"{block_no}" if part == 1 else f"{block_no}-{part}"
