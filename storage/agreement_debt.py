"""What accounts owe month by month on a day and what came when: the debt an agreement covers, how it is paid.

The same timeline penalties use (billing.penalty.timeline), read by the caller's connection and scope.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from billing.penalty.timeline import Charged, Paid, when_paid
from billing.period import Period
from storage.penalty_debts import charged_and_money
from storage.penalty_law import penalty_law
from storage.penalty_source import Months, months_of
from storage.session import Session, raw_connection

NO_MONTH = dt.date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class OwedMonth:
    """A month of an account that is not paid: its last day to pay, kopecks. NO_MONTH: of no month."""

    period: dt.date
    due_on: dt.date | None
    kopecks: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """When months of some accounts were paid, through a day; ids ascend."""

    ids: tuple[int, ...]
    months: Months
    paid: Paid

    def through(self, period: dt.date) -> int:
        """Columns of months through this one."""
        return 1 + sum(one.first_day <= period for one in self.months.periods)

    def unpaid(self, account_id: int, period: dt.date) -> int:
        """Kopecks owed for months through this one, those of no month too."""
        row = self.ids.index(account_id)
        return int(self.paid.unpaid[row, : self.through(period)].sum())

    def came(self, account_id: int, period: dt.date, after: dt.date) -> list[tuple[dt.date, int]]:
        """What paid these months later than a day: (day, kopecks)."""
        row = self.ids.index(account_id)
        paid = self.paid
        mine = (paid.account == row) & (paid.month < self.through(period)) & (paid.day > after.toordinal())
        return [
            (dt.date.fromordinal(day), amount)
            for day, amount in zip(paid.day[mine].tolist(), paid.amount[mine].tolist(), strict=True)
        ]


async def timeline(session: Session, account_ids: Sequence[int], day: dt.date) -> Timeline:
    """Charges and money of these accounts through a day."""
    connection = await raw_connection(session)
    ids = np.array(sorted(set(account_ids)), np.int64)
    months = await months_of(connection, day)
    principal, money = await charged_and_money(connection, months, ids)
    charged_on = np.array([0, *(one.shift(1).first_day.toordinal() for one in months.periods)], np.int64)
    paid = when_paid(Charged(principal, charged_on), money, day.toordinal())
    return Timeline(tuple(ids.tolist()), months, paid)


async def owed_months(session: Session, account_id: int, company_id: int, day: dt.date) -> list[OwedMonth]:
    """Unpaid months of an account whose day to pay has passed, oldest first."""
    found = await timeline(session, [account_id], day)
    terms = (await penalty_law(session)).of(company_id).terms
    unpaid = found.paid.unpaid[0].tolist()
    out = [OwedMonth(NO_MONTH, None, unpaid[0])] if unpaid[0] else []
    for period, kopecks in zip(found.months.periods, unpaid[1:], strict=True):
        due = terms.due(period)
        if kopecks and due < day:
            out.append(OwedMonth(period.first_day, due, kopecks))
    return out


def name_of(period: dt.date) -> str:
    """«октябрь 2026»; a debt of no month came from another account or system."""
    return "перенесённый долг" if period == NO_MONTH else Period.of(period).title
