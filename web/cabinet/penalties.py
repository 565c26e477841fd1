"""«Пени» of a resident: what is owed, and each debt by days, rate and share, to check with a calculator."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage.penalty_account import AccountPenalties, account_penalties
from web.cabinet.frame import Frame, frame
from web.deps import CurrentUser, Reader
from web.penalty_words import DebtLine, debt_lines
from web.render import page
from web.roles import Role, allow

router = APIRouter(prefix="/my/penalties", dependencies=[allow(Role.RESIDENT)])


@dataclass(frozen=True, slots=True)
class PenaltiesView:
    """Penalties of the chosen account, debts oldest first."""

    frame: Frame
    found: AccountPenalties
    debts: list[DebtLine]


@router.get("")
async def show(request: Request, me: CurrentUser, session: Reader, account: int | None = None) -> Response:
    """The page."""
    held = await frame(session, me, account)
    found = await account_penalties(session, held.account.id)
    return page(request, "cabinet/penalties.html", PenaltiesView(held, found, debt_lines(found)))
