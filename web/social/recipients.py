"""«Получатели льгот»: people of a month with their sums, by ground and organisation; one by services."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from billing.benefits import ground_title, grounds, terms_of
from storage import audit, choices, partner_pages, social_pages
from storage.relief_values import reliefs_on
from storage.session import Session
from storage.social_pages import BenefitSum, Recipient, RecipientCard, RecipientFilter, Recipients
from web.benefit_words import gives_words
from web.deps import CurrentUser, Reader, Writer, address_of
from web.errors import NotFound
from web.export import Cell, Column, export_file
from web.lists import EXPORT_ROWS_MAX, PAGE_ROWS, ListState, list_state
from web.months import chosen_month
from web.render import page
from web.roles import CENTRE_STAFF, Role, allow

router = APIRouter(prefix="/social", dependencies=[allow(Role.SOCIAL, *CENTRE_STAFF)])

FILTERS = ("period", "q", "ground", "company", "mode")
MODES = {"document": "в квитанции", "money": "деньгами"}
COLUMNS = (
    Column("Получатель", "text", 34),
    Column("Дата рождения", "date", 12),
    Column("СНИЛС", "text", 14),
    Column("Основание", "text", 34),
    Column("Документ", "text", 34),
    Column("Как получает", "text", 16),
    Column("Счёт", "text", 14),
    Column("Адрес", "text", 36),
    Column("Организация", "text", 24),
    Column("Начислено за услуги, ₽", "kopecks", 16),
    Column("Вычтено в квитанции, ₽", "kopecks", 16),
    Column("К выплате, ₽", "kopecks", 16),
)


@dataclass(frozen=True, slots=True)
class SumLine:
    """A sum with its name in words and the list it narrows to."""

    title: str
    href: str
    sum: BenefitSum


@dataclass(frozen=True, slots=True)
class RecipientsView:
    """A page of the list with sums over the whole month."""

    state: ListState
    period: dt.date | None
    months: list[dt.date]
    page: Recipients
    grounds: list[SumLine]
    companies: list[SumLine]
    ground_choices: list[tuple[str, str]]
    company_choices: list[tuple[str, str]]
    chips: list[tuple[str, str]]

    @property
    def mode_choices(self) -> list[tuple[str, str]]:
        return [("", "Как угодно"), *MODES.items()]

    def title(self, row: Recipient) -> str:
        """Ground of a row in words."""
        return ground_title(row.category)


def _state(request: Request) -> ListState:
    return list_state(request, FILTERS, tuple(social_pages.SORTS), "person", path="/social/recipients")


def _wanted(state: ListState) -> RecipientFilter:
    ground, mode = state.get("ground"), state.get("mode")
    return RecipientFilter(
        query=state.get("q"),
        ground=ground if ground in grounds() else "",
        company_id=state.number("company"),
        mode=mode if mode in MODES else "",
    )


@router.get("/recipients")
async def show(request: Request, me: CurrentUser, session: Reader) -> Response:
    """Found people, a hundred a page."""
    state = _state(request)
    months = await partner_pages.published_months(session)
    month = chosen_month(state.get("period"), months)
    found = Recipients([], 0, 0, 0, 0)
    by_ground: list[BenefitSum] = []
    by_company: list[BenefitSum] = []
    if month is not None:
        found = await social_pages.recipients(
            session,
            month,
            _wanted(state),
            sort=state.sort,
            is_descending=state.is_descending,
            limit=PAGE_ROWS,
            offset=state.offset,
        )
        by_ground, by_company = await social_pages.sums(session, month)
    companies = await choices.companies(session)
    ids = {one.name: str(one.id) for one in companies}
    view = RecipientsView(
        state=state,
        period=month,
        months=months,
        page=found,
        grounds=[
            SumLine(ground_title(one.key), state.with_filter("ground", one.key), one) for one in by_ground
        ],
        companies=[
            SumLine(one.key, state.with_filter("company", ids.get(one.key, "")), one) for one in by_company
        ],
        ground_choices=[("", "Любое"), *((code, one.title) for code, one in grounds().items())],
        company_choices=[("", "Все"), *((str(one.id), one.name) for one in companies)],
        chips=_chips(state, {str(one.id): one.name for one in companies}),
    )
    return page(request, "social/recipients.html", view, "list", headers={"HX-Replace-Url": state.url()})


def _chips(state: ListState, companies: dict[str, str]) -> list[tuple[str, str]]:
    wanted, made = _wanted(state), []
    if wanted.query:
        made.append(("q", f"«{wanted.query}»"))
    if wanted.ground:
        made.append(("ground", ground_title(wanted.ground)))
    if wanted.company_id is not None:
        made.append(("company", companies.get(str(wanted.company_id), "другая организация")))
    if wanted.mode:
        made.append(("mode", MODES[wanted.mode]))
    return made


@router.get("/recipients.{form}")
async def download(request: Request, form: str, me: CurrentUser, session: Writer) -> Response:
    """The whole found list as CSV or XLSX; who took it is noted."""
    state = _state(request)
    months = await partner_pages.published_months(session)
    month = chosen_month(state.get("period"), months)
    found = Recipients([], 0, 0, 0, 0)
    if month is not None:
        found = await social_pages.recipients(
            session,
            month,
            _wanted(state),
            sort=state.sort,
            is_descending=state.is_descending,
            limit=EXPORT_ROWS_MAX,
        )
        await _note(session, "benefits_exported", None, me.user_id, address_of(request), found.total, month)
    total: list[Cell] = ["Всего", *[None] * 8, found.charged_kopecks, found.off_kopecks, found.paid_kopecks]
    title = f"Получатели льгот, {month:%m.%Y}" if month else "Получатели льгот"
    return await export_file(form, "poluchateli", title, COLUMNS, (_cells(row) for row in found.rows), total)


async def _note(
    session: Session, action: str, benefit_id: int | None, user_id: int, ip: str, people: int, month: dt.date
) -> None:
    await audit.record(
        session,
        action,
        "benefit",
        benefit_id,
        user_id=user_id,
        ip=ip,
        after={"people": people, "month": month},
    )


def _cells(row: Recipient) -> list[Cell]:
    return [
        row.person,
        row.born_on,
        row.snils,
        ground_title(row.category),
        row.document,
        MODES["document" if row.in_document else "money"],
        row.number,
        row.address,
        row.company_name,
        row.charged_kopecks,
        row.off_kopecks,
        row.paid_kopecks,
    ]


@dataclass(frozen=True, slots=True)
class RecipientView:
    """A person's льгота in a month."""

    card: RecipientCard
    period: dt.date
    title: str
    act: str
    gives: str


@router.get("/recipients/{benefit_id:int}")
async def one(
    request: Request, benefit_id: int, me: CurrentUser, session: Writer, period: str = ""
) -> Response:
    """What the sums of a person are made of; the view is noted in the journal."""
    months = await partner_pages.published_months(session)
    month = chosen_month(period, months)
    card = await social_pages.recipient(session, month, benefit_id) if month else None
    if card is None or month is None:
        raise NotFound("Такого получателя в этом месяце нет.", "Откройте список и выберите месяц.")
    await _note(session, "benefit_viewed", benefit_id, me.user_id, address_of(request), 1, month)
    reliefs = await reliefs_on(session, month)
    code = card.head.category
    known = grounds().get(code)
    gives = gives_words(code, reliefs.value) if terms_of(code, reliefs.value) else ""
    view = RecipientView(card, month, ground_title(code), known.act if known else "", gives)
    return page(request, "social/recipient.html", view)
