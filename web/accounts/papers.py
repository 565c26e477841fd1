"""«Документы» of an account: certificates, statements, notices, the pack for a court, kept as handed out."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from receipts.papers import TITLES
from storage import papers
from storage.papers import Issued
from storage.penalty_account import AccountTitle, account_title
from storage.session import Session
from web.accounts.card import ACCOUNT_STAFF, OPERATORS
from web.deps import CurrentUser, Reader, Writer
from web.errors import NotFound, PageError
from web.forms import Typed, read_form
from web.papers import STAFF_KINDS, as_file, blank_form, hand_out, kinds_of
from web.render import page, see_other
from web.roles import Me, allow

router = APIRouter(prefix="/accounts", dependencies=[allow(*ACCOUNT_STAFF)])


@dataclass(frozen=True, slots=True)
class PapersView:
    """The form and what was handed out."""

    account: AccountTitle
    base: str
    issued: list[Issued]
    form: Typed
    kinds: list[tuple[str, str]]
    titles: dict[str, str]
    may_issue: bool
    just: int | None


async def _view(session: Session, me: Me, account_id: int, form: Typed, just: int | None) -> PapersView:
    account = await account_title(session, account_id)
    if account is None:
        raise NotFound("Счёт не найден.", "Откройте квартиру через поиск.")
    return PapersView(
        account=account,
        base=f"/accounts/{account_id}",
        issued=await papers.issued(session, account_id),
        form=form,
        kinds=kinds_of(STAFF_KINDS),
        titles=TITLES,
        may_issue=me.may(*OPERATORS),
        just=just,
    )


def _form(me: Me) -> Typed:
    if me.open_period is None:
        raise PageError(
            "Документы выдавать рано.", "Откройте первый месяц: загрузите данные города.", status=409
        )
    return blank_form(me.open_period)


@router.get("/{account_id}/papers")
async def show(
    request: Request, account_id: int, me: CurrentUser, session: Reader, just: int | None = None
) -> Response:
    """The form and the papers handed out, the newest first; ?just= is the one just made."""
    return page(request, "accounts/papers.html", await _view(session, me, account_id, _form(me), just))


@router.post("/{account_id}/papers", dependencies=[allow(*OPERATORS)])
async def issue(request: Request, account_id: int, me: CurrentUser, session: Writer) -> Response:
    """Draw and keep a paper."""
    form = await read_form(request)
    made = await hand_out(session, me, account_id, form, STAFF_KINDS)
    if made is None:
        view = await _view(session, me, account_id, form, None)
        return page(request, "accounts/papers.html", view, status=422)
    return see_other(request, f"/accounts/{account_id}/papers?just={made}")


@router.get("/{account_id}/papers/{paper_id}.pdf")
async def file(account_id: int, paper_id: int, session: Reader) -> Response:
    """The very file that was handed out."""
    return as_file(await papers.paper_file(session, account_id, paper_id))
