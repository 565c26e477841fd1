"""What the paper of an agreement is told from: the account, the organisation, the schedule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import text

from billing.agreement import Due
from billing.paper import Bargain
from billing.period import Period
from billing.receipt_parts import Payee
from storage.agreement_pages import AgreementPartRow, AgreementRow
from storage.papers import ISSUER
from storage.session import Session


async def bargain(
    session: Session, row: AgreementRow, parts: Sequence[AgreementPartRow], about: str, today: dt.date
) -> Bargain:
    """The paper of an agreement the caller may see."""
    issuer = (await session.execute(text(ISSUER), {"id": row.company_id})).one()
    return Bargain(
        on=row.made_on or today,
        agreement_id=row.id,
        account_number=row.number,
        address=row.address,
        payer=row.payer_name,
        issuer=Payee(**issuer._mapping),
        about=about,
        amount_kopecks=row.amount_kopecks,
        is_rise=row.kind == "rise",
        rate_permille=row.rate_permille,
        grace_days=row.grace_days,
        is_stopped=row.penalties == "stopped",
        is_whole=row.on_break == "whole",
        document=row.document,
        parts=tuple(
            Due(one.ordinal, Period.of(one.period), one.due_on, one.amount_kopecks, one.interest_kopecks)
            for one in parts
        ),
    )
