"""«Рассрочка» of a resident: what is agreed, the next part and its day; asking for twelve parts (cl. 72)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import account_lines, agreement_pages, agreements, audit, papers
from storage.agreement_pages import AgreementPartRow, AgreementRow
from storage.agreements import AgreementRefused, NewRise
from storage.relief_values import reliefs_on
from storage.session import Session
from web.agreement_words import STATES, about, percent
from web.cabinet.frame import Frame, frame, recent_lines
from web.deps import CurrentUser, Reader, Writer
from web.errors import NotFound
from web.forms import Typed, read_form
from web.instalment_words import Offer, offers, year_before
from web.papers import as_file
from web.render import page, see_other
from web.roles import Me, Role, allow

router = APIRouter(prefix="/my/agreements", dependencies=[allow(Role.RESIDENT)])

NOTE_MAX = 300
COMMAND_MIN, COMMAND_MAX = 16, 64


@dataclass(frozen=True, slots=True)
class MyAgreement:
    """An agreement in words with its schedule."""

    row: AgreementRow
    about: str
    badge: tuple[str, str]
    rate: str
    parts: list[AgreementPartRow]


@dataclass(frozen=True, slots=True)
class MyAgreementsView:
    """The page; offers not asked for yet."""

    frame: Frame
    rows: list[MyAgreement]
    offers: list[Offer]
    form: Typed
    command: str


async def _view(session: Session, me: Me, account: int | None, form: Typed) -> MyAgreementsView:
    view = await frame(session, me, account)
    rows = await agreement_pages.of_account(session, view.account.id)
    parts = await agreement_pages.parts_of(session, rows)
    found = [
        MyAgreement(row, about(row), STATES[row.state], percent(row.rate_permille), parts[row.id])
        for row in rows
    ]
    taken = {(row.service, row.of_period) for row in rows if row.kind == "rise" and row.state != "declined"}
    free = [one for one in await _offers(session, view) if (one.service, one.period) not in taken]
    return MyAgreementsView(view, found, free, form, secrets.token_hex(16))


async def _offers(session: Session, view: Frame) -> list[Offer]:
    """Utilities of the last month a quarter dearer than a year ago."""
    lines = await recent_lines(session, view)
    shown = max((line.period for line in lines), default=None)
    if shown is None:
        return []
    account = view.account
    past = await account_lines.lines(
        session, account.id, account.house_id, account.company_id, (year_before(shown),)
    )
    reliefs = await reliefs_on(session, view.open_period)
    return offers([*lines, *past], shown, reliefs.value)


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader, account: int | None = None) -> Response:
    """What is agreed and what may be asked for."""
    return page(request, "cabinet/agreements.html", await _view(session, me, account, Typed({})))


@router.post("")
async def ask(request: Request, me: CurrentUser, session: Writer, account: int | None = None) -> Response:
    """Ask for twelve parts of a charge."""
    form = await read_form(request)
    view = await frame(session, me, account)
    service = form.integer("service", "Выберите услугу.")
    note = form.value("note")
    if len(note) > NOTE_MAX:
        form.refuse("note", f"Слишком длинно: помещается {NOTE_MAX} знаков.")
    if not COMMAND_MIN <= len(form.value("command")) <= COMMAND_MAX:
        form.refuse("", "Форма устарела. Обновите страницу и повторите.")
    offer = next((one for one in await _offers(session, view) if one.service == service), None)
    if offer is None:
        form.refuse("", "Эту услугу по п. 72 разделить нельзя: она подорожала меньше чем на четверть.")
    if form.is_good and offer is not None:
        new = NewRise(
            form.value("command"), view.account.id, view.account.company_id, offer.service, offer.period,
            offer.now_kopecks, offer.before_kopecks, note,
        )  # fmt: skip
        try:
            asked = await agreements.ask(session, new, me.user_id)
            await audit.record(
                session, "agreement_asked", "account", view.account.id, user_id=me.user_id,
                company_id=view.account.company_id, after={"agreement": asked},
            )  # fmt: skip
            return see_other(request, view.url("/my/agreements"))
        except AgreementRefused as refusal:
            form.refuse("", refusal.message)
    return page(request, "cabinet/agreements.html", await _view(session, me, account, form), status=422)


@router.get("/{agreement_id:int}/paper.pdf")
async def paper(agreement_id: int, me: CurrentUser, session: Reader, account: int | None = None) -> Response:
    """The paper of one's own agreement."""
    view = await frame(session, me, account)
    row = await agreement_pages.one(session, agreement_id)
    if row is None or row.account_id not in {one.id for one in view.accounts} or row.paper_id is None:
        raise NotFound("Такого соглашения нет.", "Откройте «Рассрочка» в кабинете.")
    return as_file(await papers.paper_file(session, row.account_id, row.paper_id))
