"""«Ближайшее начисление»: the open month of an account computed this minute, for the desk and the cabinet."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fastapi import Request

from billing.lines import Lines
from billing.period import Period
from storage.account_lines import LineRow
from storage.preview import preview_account
from web.charges import MonthCharges, month_charges
from web.deps import database
from web.errors import NotFound


@dataclass(frozen=True, slots=True)
class Nearest:
    """What the month would charge now, or in words why it cannot be charged."""

    account_id: int
    number: str
    address: str
    period: dt.date
    charges: MonthCharges
    parked: str | None


async def nearest_charge(
    request: Request, account_id: int, number: str, address: str, open_period: dt.date
) -> Nearest:
    """Compute the account. The caller has read it under the person's scope, so it may be seen."""
    preview = await preview_account(database(request), account_id, Period.of(open_period))
    if preview is None:
        raise NotFound("Такого счёта нет.", "Обновите страницу и попробуйте ещё раз.")
    rows = line_rows(preview.lines, open_period)
    return Nearest(account_id, number, address, open_period, month_charges(rows, open_period), preview.parked)


def line_rows(lines: Lines, period: dt.date) -> list[LineRow]:
    """Columns of computed lines as the rows pages read from the table."""
    return [
        LineRow(
            period=period,
            run_id=0,
            is_draft=True,
            supplier_id=int(lines.supplier_id[at]),
            supplier_name=None,
            service=int(lines.service[at]),
            component=int(lines.component[at]),
            basis=int(lines.basis[at]),
            first_day=int(lines.first_day[at]),
            days=int(lines.days[at]),
            volume_num=int(lines.volume_num[at]),
            volume_den=int(lines.volume_den[at]),
            rate=int(lines.rate[at]),
            amount_kopecks=int(lines.amount_kopecks[at]),
            surcharge_kopecks=int(lines.surcharge_kopecks[at]),
            raised_num=int(lines.raised_num[at]),
            a=int(lines.a[at]),
            b=int(lines.b[at]),
        )
        for at in range(len(lines))
    ]
