"""Which accounts keep an agreement on instalments: the overdue process leaves them alone (354, cl. 72).

The one place that knows where agreements are kept; everything about debts asks here.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import text

from storage.session import Session

AGREEMENTS_TABLE = "agreements"
IN_FORCE = f"SELECT DISTINCT account_id FROM {AGREEMENTS_TABLE} WHERE kind = 'debt' AND state = 'active'"  # noqa: S608


async def under_agreement(session: Session, day: dt.date) -> list[int]:
    """Accounts whose agreement on a debt is in force on a day; none while no agreements are kept here.

    One that was broken is no longer active: whoever watches agreements says so, and the case goes on.
    """
    del day
    known = await session.scalar(text("SELECT to_regclass(:name)"), {"name": AGREEMENTS_TABLE})
    if known is None:
        return []
    return list((await session.execute(text(IN_FORCE))).scalars())
