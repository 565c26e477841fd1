"""«Получатели в квитанциях»: whose requisites stand in documents of an organisation, agreed by two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import choices, receipt_terms
from storage.receipt_terms import NewTerm, TermRow
from storage.session import Session
from web.centre import dated_terms
from web.centre.dated_terms import Kind, Terms
from web.deps import CurrentUser, Reader, Writer, now
from web.export import Column, export
from web.forms import Typed, read_form
from web.render import page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, Me, allow

router = APIRouter(prefix="/centre/receipt-terms", dependencies=[allow(*CENTRE_STAFF)])

OTHERS, CAPITAL = "others", "capital"
SUBJECTS = {
    OTHERS: "все получатели без своего условия",
    CAPITAL: "взнос на капитальный ремонт",
}
PLACEMENTS = {
    "common": "общие реквизиты организации",
    "block": "свой блок в общем документе",
    "document": "отдельный документ",
}
KIND = Kind(
    "/centre/receipt-terms",
    "прямой договор, решение собрания, номер",
    {
        "proposed": "Внесено и ждёт второго сотрудника. Пока он не утвердит, квитанции прежние.",
        "approved": "Утверждено: с этого месяца квитанции выходят так.",
        "declined": "Отклонено, ничего не изменилось.",
    },
)
COLUMNS = dated_terms.columns(
    Column("Организация", width=36), Column("Чьё", width=36), Column("Где стоит", width=34)
)


@dataclass(frozen=True, slots=True)
class ReceiptTermsView:
    """The page: terms with their form."""

    terms: Terms[TermRow]
    companies: list[tuple[str, str]]
    subjects: list[tuple[str, str]]
    placements: Mapping[str, str]

    def subject(self, row: TermRow) -> str:
        """Whose charges a term is about."""
        return subject_words(row)


def subject_words(row: TermRow) -> str:
    """Whose charges a term is about."""
    return row.payee_name or SUBJECTS[row.subject]


async def _view(session: Session, me: Me, form: Typed, done: str = "") -> ReceiptTermsView:
    terms = dated_terms.terms_of(KIND, await receipt_terms.rows(session), me, form, done)
    owners = await choices.value_owners(session)
    companies = await choices.companies(session)
    return ReceiptTermsView(
        terms=terms,
        companies=[("", "Выберите"), *((str(one.id), one.name) for one in companies)],
        subjects=[("", "Выберите"), *SUBJECTS.items(), *((str(one.id), one.name) for one in owners)],
        placements=PLACEMENTS,
    )


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader, done: str = "") -> Response:
    """The page."""
    return page(request, "centre/receipt_terms.html", await _view(session, me, Typed(), done))


@router.get(".{form}")
async def file(session: Reader, form: str) -> Response:
    """Every term as CSV or XLSX."""
    lines = [
        dated_terms.cells(one, one.company_name, subject_words(one), PLACEMENTS[one.placement])
        for one in await receipt_terms.rows(session)
    ]
    return export(form, "Получатели", "Получатели в квитанциях", COLUMNS, lines)


def _read(form: Typed, view: ReceiptTermsView) -> NewTerm | None:
    company = form.choice("company", tuple(key for key, _ in view.companies if key), "Выберите организацию.")
    whose = tuple(key for key, _ in view.subjects if key)
    subject = form.choice("subject", whose, "Выберите, чьи начисления.")
    placement = form.choice("placement", PLACEMENTS, "Выберите, где они стоят.")
    paper = dated_terms.read_paper(KIND, form)
    if paper is None:
        return None
    is_payee = subject not in SUBJECTS
    return NewTerm(
        int(company),
        "payee" if is_payee else subject,
        int(subject) if is_payee else None,
        placement,
        paper.valid_from,
        paper.document,
        paper.document_date,
    )


@router.post("", dependencies=[allow(*ACCRUERS)])
async def propose(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Keep a term until another person agrees."""
    form = await read_form(request)
    view = await _view(session, me, form)
    new = _read(form, view)
    if new is not None and await dated_terms.is_kept(form, receipt_terms.propose(session, new, me.user_id)):
        return see_other(request, "/centre/receipt-terms?done=proposed")
    return page(request, "centre/receipt_terms.html", view, status=422)


@router.post("/{term_id}/{act}", dependencies=[allow(*ACCRUERS)])
async def decide(request: Request, term_id: int, act: str, me: CurrentUser, session: Writer) -> Response:
    """Approve (another person) or decline."""
    return await dated_terms.decide(
        request,
        KIND,
        act,
        lambda is_approved: receipt_terms.decide(session, term_id, is_approved, me.user_id, now()),
    )
