"""«Справки» of a resident: a certificate, a statement, penalties by days, made at once and kept."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from receipts.papers import TITLES
from storage import papers
from storage.papers import Issued
from storage.session import Session
from web.cabinet.frame import Frame, frame
from web.deps import CurrentUser, Reader, Writer
from web.forms import Typed, read_form
from web.papers import RESIDENT_KINDS, as_file, blank_form, hand_out, kinds_of
from web.render import page, see_other
from web.roles import Me, Role, allow

router = APIRouter(prefix="/my/papers", dependencies=[allow(Role.RESIDENT)])


@dataclass(frozen=True, slots=True)
class MyPapersView:
    """The form and what this person took before."""

    frame: Frame
    issued: list[Issued]
    form: Typed
    kinds: list[tuple[str, str]]
    titles: dict[str, str]
    just: int | None


async def _view(session: Session, me: Me, held: Frame, form: Typed, just: int | None) -> MyPapersView:
    return MyPapersView(
        frame=held,
        issued=await papers.issued(session, held.account.id, me.user_id),
        form=form,
        kinds=kinds_of(RESIDENT_KINDS),
        titles=TITLES,
        just=just,
    )


@router.get("")
async def show(
    request: Request, me: CurrentUser, session: Reader, account: int | None = None, just: int | None = None
) -> Response:
    """The form and the list."""
    held = await frame(session, me, account)
    view = await _view(session, me, held, blank_form(held.open_period), just)
    return page(request, "cabinet/papers.html", view)


@router.post("")
async def issue(request: Request, me: CurrentUser, session: Writer, account: int | None = None) -> Response:
    """Make a paper."""
    held = await frame(session, me, account)
    form = await read_form(request)
    made = await hand_out(session, me, held.account.id, form, RESIDENT_KINDS)
    if made is None:
        return page(request, "cabinet/papers.html", await _view(session, me, held, form, None), status=422)
    return see_other(request, held.url("/my/papers", just=made))


@router.get("/{paper_id}.pdf")
async def file(paper_id: int, me: CurrentUser, session: Reader, account: int | None = None) -> Response:
    """A paper this person took; others' papers about the account are not here."""
    held = await frame(session, me, account)
    return as_file(await papers.paper_file(session, held.account.id, paper_id, me.user_id))
