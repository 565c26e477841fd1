"""«Пени» of an account: each debt by period, days and rate, with the clause."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from storage.agreement_pages import AgreementRow, of_account
from storage.penalty_account import AccountPenalties, AccountTitle, account_penalties, account_title
from storage.session import Session
from web.accounts.card import ACCOUNT_STAFF, OPERATORS
from web.agreement_words import STATES, about
from web.deps import CurrentUser, Reader
from web.errors import NotFound
from web.export import Column, export_file
from web.penalty_words import DebtLine, debt_lines
from web.render import page
from web.roles import CENTRE_STAFF, allow

router = APIRouter(prefix="/accounts", dependencies=[allow(*ACCOUNT_STAFF)])

COLUMNS = (
    Column("Месяц долга", "date", 12),
    Column("Услуга", width=30),
    Column("Получатель", width=28),
    Column("Срок оплаты", "date", 12),
    Column("С", "date", 12),
    Column("По", "date", 12),
    Column("Дней", "integer", 8),
    Column("Долг, ₽", "kopecks", 14),
    Column("Ставка", width=10),
    Column("Доля", width=8),
    Column("Получается, ₽", width=16),
    Column("Пени долга, ₽", "kopecks", 14),
    Column("Пункт", width=24),
)


@dataclass(frozen=True, slots=True)
class AccountPenaltiesView:
    """The page: run is the draft that is looked at, None for posted penalties alone."""

    account: AccountTitle
    found: AccountPenalties
    debts: list[DebtLine]
    base: str
    run_id: int | None
    is_centre: bool
    agreements: list[AgreementRow]
    may_agree: bool
    words: Callable[[AgreementRow], str] = about
    states: Mapping[str, tuple[str, str]] = field(default_factory=lambda: STATES)

    @property
    def sum_kopecks(self) -> int:
        """Penalties of all debts shown."""
        return sum(one.debt.total_kopecks for one in self.debts)


Run = Annotated[int | None, Query(ge=1, le=2**31 - 1)]


@router.get("/{account_id}/penalties")
async def show(
    request: Request, account_id: int, me: CurrentUser, session: Reader, run: Run = None
) -> Response:
    """The page of an account; ?run= shows a draft before it is posted."""
    account = await _account(session, account_id)
    found = await account_penalties(session, account_id, run)
    view = AccountPenaltiesView(
        account=account,
        found=found,
        debts=debt_lines(found),
        base=f"/accounts/{account_id}",
        run_id=run,
        is_centre=me.may(*CENTRE_STAFF),
        agreements=await of_account(session, account_id),
        may_agree=me.may(*OPERATORS),
    )
    return page(request, "accounts/penalties.html", view)


@router.get("/{account_id}/penalties.{form}")
async def file(request: Request, account_id: int, form: str, session: Reader, run: Run = None) -> Response:
    """Every stretch of days as CSV or XLSX."""
    account = await _account(session, account_id)
    lines = debt_lines(await account_penalties(session, account_id, run))
    cells = [
        (
            one.debt.of_period,
            one.service,
            one.debt.payee_name,
            one.debt.due_on,
            line.piece.first,
            line.piece.last,
            line.piece.days,
            line.piece.base_kopecks,
            line.rate,
            f"1/{line.piece.denominator}",
            line.amount,
            one.debt.total_kopecks,
            one.debt.clause,
        )
        for one in lines
        for line in one.lines
    ]
    return await export_file(form, f"Пени {account.number}", f"Пени, счёт {account.number}", COLUMNS, cells)


async def _account(session: Session, account_id: int) -> AccountTitle:
    account = await account_title(session, account_id)
    if account is None:
        raise NotFound("Счёт не найден.", "Проверьте номер или откройте квартиру через поиск.")
    return account
