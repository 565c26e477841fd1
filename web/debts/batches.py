"""A batch of steps: what it touches, one button, progress of its papers, undo; all papers as one file."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from receipts.papers import bound
from storage import overdue_batches, overdue_pages
from storage.overdue_batches import NOTE_MAX, Batch, StepRefused
from storage.overdue_pages import Drawing, StepRow
from storage.session import Session
from web import clock
from web.debts.words import DEEDS, READERS, STAGES, WORKERS
from web.deps import CurrentUser, Reader, Writer
from web.errors import Conflict, NotFound
from web.forms import Typed, read_form
from web.render import page, see_other
from web.roles import Me, allow

router = APIRouter(prefix="/debts/batches", dependencies=[allow(*READERS)])

SAMPLE = 10
PRINTED_MAX = 1_000
"""Papers of one file to be printed: more would not be sent in time."""


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch with its largest debts and how far its papers are."""

    one: Batch
    sample: list[StepRow]
    drawing: Drawing
    form: Typed
    may_work: bool

    @property
    def stages(self) -> dict[str, str]:
        return STAGES

    @property
    def deed(self) -> tuple[str, str, str]:
        return DEEDS[self.one.stage]

    @property
    def is_drawing(self) -> bool:
        """Papers are still being made."""
        return self.one.state == "approved" and self.drawing.drawn + self.drawing.failed < self.drawing.steps


async def _view(session: Session, me: Me, batch_id: int, form: Typed) -> BatchView:
    one = await overdue_batches.batch(session, batch_id)
    if one is None:
        raise NotFound("Такого утверждения нет.", "Откройте список черновиков.")
    sample = await overdue_pages.rows_of(session, one.step_ids, SAMPLE)
    drawing = await overdue_pages.drawing(session, batch_id)
    return BatchView(one, sample, drawing, form, me.may(*WORKERS))


@router.get("/{batch_id:int}")
async def show(request: Request, batch_id: int, me: CurrentUser, session: Reader) -> Response:
    """The preview before approval, the progress and the result after it."""
    view = await _view(session, me, batch_id, Typed())
    return page(request, "debts/batch.html", view, block="batch")


@router.post("/{batch_id:int}/approve", dependencies=[allow(*WORKERS)])
async def approve(request: Request, batch_id: int, me: CurrentUser, session: Writer) -> Response:
    """Approve what was seen; papers are drawn by a worker."""
    try:
        await overdue_batches.approve(session, batch_id, me.user_id, clock.today())
    except StepRefused as refusal:
        raise Conflict("Не утверждено.", refusal.message) from refusal
    return see_other(request, f"/debts/batches/{batch_id}")


@router.post("/{batch_id:int}/undo", dependencies=[allow(*WORKERS)])
async def undo(request: Request, batch_id: int, me: CurrentUser, session: Writer) -> Response:
    """Take the approval back while nothing was handed over."""
    form = await read_form(request)
    reason = form.text("reason", "Напишите, почему отменяете.", NOTE_MAX)
    if form.is_good:
        try:
            await overdue_batches.undo(session, batch_id, me.user_id, reason)
            return see_other(request, "/debts/steps?done=undone")
        except StepRefused as refusal:
            form.refuse("", refusal.message)
    view = await _view(session, me, batch_id, form)
    return page(request, "debts/batch.html", view, block="batch", status=422)


@router.get("/{batch_id:int}.pdf")
async def printed(batch_id: int, session: Reader) -> Response:
    """All papers of a batch in postal order as one file."""
    files = await overdue_pages.batch_files(session, batch_id, PRINTED_MAX)
    if not files:
        raise NotFound("Документов ещё нет.", "Они составляются после утверждения.")
    content = await asyncio.to_thread(bound, files, f"Утверждение {batch_id}")
    headers = {"Content-Disposition": f'inline; filename="debts-{batch_id}.pdf"'}
    return Response(content, media_type="application/pdf", headers=headers)
