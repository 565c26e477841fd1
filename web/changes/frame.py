"""What the pages of a change share: who may open them and which month is shown."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from storage import change_pages
from storage.session import Session
from web.errors import PageError
from web.months import chosen_month
from web.roles import CENTRE_STAFF, Role

CHANGE_READERS = (*CENTRE_STAFF, Role.COMPANY)


@dataclass(frozen=True, slots=True)
class Months:
    """The month shown and those one may go to."""

    shown: dt.date
    known: list[dt.date]


async def months(session: Session, asked: str) -> Months:
    """The asked month, or the newest one. Raises PageError while there is nothing to compare."""
    known = await change_pages.known_months(session)
    shown = chosen_month(asked, known)
    if shown is None:
        raise PageError("Сравнивать пока нечего.", "Месяц появится здесь, когда его начислят.", status=409)
    return Months(shown, known)
