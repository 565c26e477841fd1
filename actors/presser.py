"""Renders a block of a print run: data of all its receipts at once, pages, volumes, one write. Knows no
Ray.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from actors.pressed import NotPrinted, Outcome, Printed
from billing.period import Period
from billing.receipt import ReceiptMismatchError
from receipts.barcode import BarcodeRefusedError
from receipts.fill import Filler
from receipts.form import LARGE_PERCENT, PRESS_FORM, digest_of
from receipts.impose import Layout
from receipts.look import STANDARD, Look, look_of
from receipts.qr import QrRefusedError
from receipts.render import ReceiptRenderError
from receipts.typeset import Para
from receipts.volume import Placed, Volume
from storage.engine import Database
from storage.press_work import Place, PressTask, VolumeFile, write_block
from storage.receipt_forms import FormVersion, forms_of
from storage.receipts import Built, build_receipts
from storage.session import raw_connection
from storage.work import is_transient

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
            words = f"{type(error).__name__}: {error}"
            return NotPrinted(task.run_id, task.block_no, words, not is_transient(error))

    async def _press(self, task: PressTask) -> Printed:
        with no_collections():
            return await self._made(task)

    async def _made(self, task: PressTask) -> Printed:
        period = Period.of(task.period)
        binder = Binder(task, self._filler(task, task.size_percent), self._filler(task, LARGE_PERCENT))
        for at in range(0, len(task.account_ids), SLICE):
            ids = task.account_ids[at : at + SLICE]
            async with self._database.reading() as session:
                built = await build_receipts(session, ids, period)
                companies = {one.company_id for one in built.values()} - binder.forms.keys()
                found = await forms_of(session, companies, task.period, task.forms_until) if companies else {}
            binder.forms |= {company: chosen_form(found.get(company)) for company in companies}
            numbered = list(enumerate((built[one] for one in ids), start=task.first_number + at))
            await asyncio.to_thread(binder.add, numbered)
        volumes = await asyncio.to_thread(binder.finish)
        async with self._database.transaction() as session:
            connection = await raw_connection(session)
            await write_block(connection, task, volumes, binder.places, digest_of(PRESS_FORM))
        return Printed(task.run_id, task.block_no, len(task.account_ids))

    def _filler(self, task: PressTask, percent: int) -> Filler:
        key = ("a4" if task.layout == "a4" else "a5", percent)
        if key not in self._fillers:
            self._fillers[key] = Filler(*key)
        return self._fillers[key]

    async def close(self) -> None:
        """End the connections."""
        await self._database.close()


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


@dataclass(slots=True)
class Binder:
    """Receipts in order → volumes of at most so many sheets, and where each receipt lies.

    large: for payers who asked for large letters; forms: of each company.
    """

    task: PressTask
    filler: Filler
    large: Filler
    forms: dict[int, ChosenForm] = field(default_factory=dict)
    places: list[Place] = field(default_factory=list)
    _ready: list[VolumeFile] = field(default_factory=list)
    _volume: Volume | None = None
    _bound: list[Place] = field(default_factory=list)

    def add(self, numbered: Sequence[tuple[int, Built]]) -> None:
        """Fill and lay the next receipts; a separator before each house."""
        for _, of_house in itertools.groupby(numbered, key=lambda one: one[1].house_id):
            group = list(of_house)
            if self.task.has_separators and self._is_new_house(group[0][1]):
                self._separate(group)
            for number, built in group:
                self._one(number, built)

    def _is_new_house(self, built: Built) -> bool:
        return not self.places or self.places[-1].house_id != built.house_id

    def _separate(self, group: list[tuple[int, Built]]) -> None:
        first = group[0]
        words = f"Первая — {number_words(first[0])}, {first[1].flat_words}"
        sheet = self.filler.band_page(
            "separator", {"house": (Para(first[1].house_words, fit=True),), "counts": (Para(words),)}
        )
        self._open().add(sheet)

    def _one(self, number: int, built: Built) -> None:
        try:
            if built.receipt is None:
                raise ReceiptMismatchError(built.problem)
            filler = self.large if built.is_large_print else self.filler
            form = self.forms[built.company_id]
            filled = filler.fill(built.receipt, number_words(number), form.look)
        except (ReceiptMismatchError, QrRefusedError, BarcodeRefusedError, ReceiptRenderError) as error:
            if isinstance(error, ReceiptRenderError) and not self.forms[built.company_id].look.source:
                raise  # fonts or a form of ours: nothing of this run can be printed
            place = Place(number, built.account_id, built.house_id, built.company_id, 0, 0, 0, 0, str(error))
            self.places.append(place)
            return
        volume = self._open()
        if volume.sheets_with(filled) > self.task.volume_sheets and self._bound:
            self._close()
            volume = self._open()
        placed: Placed = volume.add(filled)
        place = Place(
            number, built.account_id, built.house_id, built.company_id, len(self._ready) + 1,
            placed.first_leaf, placed.leaves, built.receipt.due_kopecks, None, form.id, filled.digest,
        )  # fmt: skip
        self.places.append(place)
        self._bound.append(place)

    def _open(self) -> Volume:
        if self._volume is None:
            self._volume = Volume(Layout(self.task.layout), self.task.is_duplex)
        return self._volume

    def _close(self) -> None:
        volume = self._volume
        if volume is None or not self._bound:
            return
        part = len(self._ready) + 1
        title = f"Квитанции, запуск {self.task.run_id}, том {volume_words(self.task.block_no, part)}"
        self._ready.append(
            VolumeFile(
                part=part,
                first_number=self._bound[0].number,
                last_number=self._bound[-1].number,
                receipts_count=len(self._bound),
                leaves=volume.leaves,
                sheets=volume.sheets,
                due_kopecks=sum(place.due_kopecks for place in self._bound),
                content=volume.pdf(title),
            )
        )
        self._volume, self._bound = None, []

    def finish(self) -> list[VolumeFile]:
        """The volumes; the last one may be thin."""
        self._close()
        return self._ready


def volume_words(block_no: int, part: int) -> str:
    """«3», and «3-2» for what did not go into it."""
    return f"{block_no}" if part == 1 else f"{block_no}-{part}"
