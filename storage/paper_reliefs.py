"""Льготы of an account for papers: published lines of them, month by month, with whose they are."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

from billing.basis import BENEFITS, COMPENSATIONS
from billing.benefits import ground_title, said
from billing.money import share_of
from billing.paper import Relief
from billing.period import Period
from billing.quantity import MICRO
from billing.services import CATALOGUE, component_label
from storage import account_lines, benefits
from storage.account_lines import LineRow
from storage.account_pages import AccountHead
from storage.benefits import BenefitRow
from storage.session import Session

BASIS_POINTS = 10_000
CHANGED = "льгота, которую с тех пор изменили"


async def reliefs(session: Session, head: AccountHead, first: dt.date, last: dt.date) -> tuple[Relief, ...]:
    """Of months first … last; two queries."""
    count = Period.of(last).ordinal - Period.of(first).ordinal + 1
    months = tuple(Period.of(first).shift(at).first_day for at in range(count))
    lines = await account_lines.lines(session, head.id, head.house_id, head.company_id, months)
    wanted = [line for line in lines if line.basis in BENEFITS | COMPENSATIONS and not line.is_draft]
    if not wanted:
        return ()
    known = {row.id: row for row in await benefits.of_account(session, head.id)}
    return tuple(_relief(line, known) for line in wanted)


def _relief(line: LineRow, known: dict[int, BenefitRow]) -> Relief:
    told = said(line.a, line.b)
    row = known.get(told.benefit_id)
    share = -Fraction(line.volume_num, line.volume_den) / MICRO
    name = f"Услуга № {line.service}" if line.service_label is None else line.service_label
    if line.service in CATALOGUE:
        name = component_label(line.service, line.component)
    return Relief(
        month=line.period,
        service=name,
        person=(row.person_name or "") if row else "",
        ground=ground_title(row.category) if row else CHANGED,
        charged_kopecks=told.charge_kopecks,
        share_bp=share_of(BASIS_POINTS, share),
        off_kopecks=-line.amount_kopecks,
        paid_kopecks=share_of(told.charge_kopecks, share) if line.basis in COMPENSATIONS else 0,
    )
