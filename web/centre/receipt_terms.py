"""«Получатели в квитанциях»: whose requisites stand in documents of an organisation, agreed by two."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import choices, receipt_terms, second_person
from storage.receipt_terms import NewTerm, TermRow
from storage.second_person import ValueRefused
from storage.session import Session
from web.deps import CurrentUser, Reader, Writer, now
from web.errors import Conflict, NotFound
from web.export import Column, export
from web.forms import Typed, read_form
from web.render import page, see_other
from web.roles import ACCRUERS, CENTRE_STAFF, Me, allow

router = APIRouter(prefix="/centre/receipt-terms", dependencies=[allow(*CENTRE_STAFF)])

DOCUMENT_MAX = 300
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
DONE = {
    "proposed": "Внесено и ждёт второго сотрудника. Пока он не утвердит, квитанции прежние.",
    "approved": "Утверждено: с этого месяца квитанции выходят так.",
    "declined": "Отклонено, ничего не изменилось.",
}
STATES = {"waiting": "ждёт утверждения", "approved": "утверждено", "declined": "отклонено"}
COLUMNS = (
    Column("Организация", width=36),
    Column("Чьё", width=36),
    Column("Где стоит", width=34),
    Column("Действует с", "date"),
    Column("Документ", width=44),
    Column("Дата документа", "date"),
    Column("Состояние", width=18),
    Column("Внёс", width=26),
    Column("Решил", width=26),
)


@dataclass(frozen=True, slots=True)
class ReceiptTermsView:
    """The page: terms, those that wait, the form."""

    terms: list[TermRow]
    waiting: list[tuple[TermRow, str]]
    companies: list[tuple[str, str]]
    subjects: list[tuple[str, str]]
    form: Typed
    may_write: bool
    done: str

    @property
    def placements(self) -> dict[str, str]:
        return PLACEMENTS

    @property
    def subject_words(self) -> dict[str, str]:
        return SUBJECTS


def subject_words(row: TermRow) -> str:
    """Whose charges a term is about."""
    return row.payee_name or SUBJECTS[row.subject]


async def _view(session: Session, me: Me, form: Typed, done: str = "") -> ReceiptTermsView:
    period = me.open_period or now().date().replace(day=1)
    form.values.setdefault("valid_from", f"{period:%Y-%m}")
    every = await receipt_terms.rows(session)
    owners = await choices.value_owners(session)
    companies = await choices.companies(session)
    return ReceiptTermsView(
        terms=[one for one in every if one.state == "approved"],
        waiting=[
            (one, second_person.why_not(one.proposed_by, me.user_id))
            for one in every
            if one.state == "waiting"
        ],
        companies=[("", "Выберите"), *((str(one.id), one.name) for one in companies)],
        subjects=[("", "Выберите"), *SUBJECTS.items(), *((str(one.id), one.name) for one in owners)],
        form=form,
        may_write=me.may(*ACCRUERS),
        done=done,
    )


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader, done: str = "") -> Response:
    """The page."""
    view = await _view(session, me, Typed(), DONE.get(done, ""))
    return page(request, "centre/receipt_terms.html", view)


@router.get(".{form}")
async def file(session: Reader, form: str) -> Response:
    """Every term as CSV or XLSX."""
    cells = [
        (
            one.company_name,
            subject_words(one),
            PLACEMENTS[one.placement],
            one.valid_from,
            one.document,
            one.document_date,
            STATES[one.state],
            one.proposed_by_name,
            one.decided_by_name or "",
        )
        for one in await receipt_terms.rows(session)
    ]
    return export(form, "Получатели", "Получатели в квитанциях", COLUMNS, cells)


def _read(form: Typed, view: ReceiptTermsView) -> NewTerm | None:
    company = form.choice("company", tuple(key for key, _ in view.companies if key), "Выберите организацию.")
    whose = tuple(key for key, _ in view.subjects if key)
    subject = form.choice("subject", whose, "Выберите, чьи начисления.")
    placement = form.choice("placement", PLACEMENTS, "Выберите, где они стоят.")
    month = form.period("valid_from")
    document = form.text("document", "Укажите документ: договор, решение собрания, номер.", DOCUMENT_MAX)
    document_date = form.date("document_date", "Укажите дату документа: 16.12.2025.")
    if not form.is_good or month is None or document_date is None:
        return None
    is_payee = subject not in SUBJECTS
    return NewTerm(
        int(company),
        "payee" if is_payee else subject,
        int(subject) if is_payee else None,
        placement,
        month.first_day,
        document,
        document_date,
    )


@router.post("", dependencies=[allow(*ACCRUERS)])
async def propose(request: Request, me: CurrentUser, session: Writer) -> Response:
    """Keep a term until another person agrees."""
    form = await read_form(request)
    view = await _view(session, me, form)
    new = _read(form, view)
    if new is not None:
        try:
            await receipt_terms.propose(session, new, me.user_id)
            return see_other(request, "/centre/receipt-terms?done=proposed")
        except ValueRefused as refusal:
            form.refuse("valid_from", refusal.message)
    return page(request, "centre/receipt_terms.html", view, status=422, retitle=True)


@router.post("/{term_id}/{act}", dependencies=[allow(*ACCRUERS)])
async def decide(request: Request, term_id: int, act: str, me: CurrentUser, session: Writer) -> Response:
    """Approve (another person) or decline."""
    if act not in ("approve", "decline"):
        raise NotFound
    try:
        await receipt_terms.decide(session, term_id, act == "approve", me.user_id, now())
    except ValueRefused as refusal:
        raise Conflict("Решение не записано.", refusal.message) from refusal
    done = "approved" if act == "approve" else "declined"
    return see_other(request, f"/centre/receipt-terms?done={done}")
