"""What pages of the desk share: whose desk it is, the person's open shift."""

from __future__ import annotations

from storage import cash
from storage.cash import Desk
from storage.session import Session
from web.errors import PageError
from web.roles import Me, Role

CASHIERS = (Role.COMPANY,)
"""An accountant of a company takes money: the role of one who keeps its accounts (ADR 0028)."""


async def desk_of(session: Session, me: Me) -> Desk:
    """The desk of my company. Raises PageError until the centre has opened one."""
    found = None
    if me.organisation_id is not None:
        found = await cash.desk_of(session, me.organisation_id, me.user_id)
    if found is None:
        raise PageError(
            "У вашей организации нет кассы.",
            "Попросите расчётный центр открыть её: страница «Кассы организаций».",
            status=404,
        )
    return found
