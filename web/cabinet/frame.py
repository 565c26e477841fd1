"""What every page of the cabinet has: the account it is about and the person's other accounts."""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass

from billing.period import Period
from storage import account_lines, account_pages
from storage.account_lines import LineRow
from storage.account_pages import AccountHead
from storage.session import Session
from web import clock
from web.errors import NotFound, PageError
from web.roles import Me

MONTHS_LOOKED_BACK = 4
MONTHS_A_YEAR = 12


@dataclass(frozen=True, slots=True)
class Frame:
    """The chosen account, all accounts of the person, the open month and today."""

    account: AccountHead
    accounts: list[AccountHead]
    open_period: dt.date
    today: dt.date

    def url(self, path: str, **query: object) -> str:
        """An address of the cabinet that keeps the chosen account (named only when there are several)."""
        pairs = [f"{key}={value}" for key, value in query.items() if value not in ("", None)]
        if len(self.accounts) > 1:
            pairs.insert(0, f"account={self.account.id}")
        return path + (f"?{'&'.join(pairs)}" if pairs else "")


async def frame(session: Session, me: Me, account: int | None) -> Frame:
    """Read the accounts. Raises NotFound for one that is not the person's, PageError when there is none."""
    if me.open_period is None:
        raise PageError("Кабинет пока закрыт.", "Расчётный центр ещё не открыл месяц.", status=409)
    if not me.account_ids:
        raise PageError(
            "К вашему входу не привязан ни один счёт.",
            "Обратитесь в управляющую организацию: она привяжет счёт по документу.",
            status=409,
        )
    today = clock.today()
    heads = await account_pages.heads(session, me.account_ids, me.open_period, today)
    chosen = heads[0] if account is None else next((one for one in heads if one.id == account), None)
    if chosen is None:
        raise NotFound("Такого счёта в вашем кабинете нет.", "Выберите счёт из списка на главной.")
    return Frame(chosen, heads, me.open_period, today)


async def recent_lines(session: Session, view: Frame, *, year_ago: bool = False) -> list[LineRow]:
    """Published lines of the last few months; year_ago: and of the same months of last year."""
    opened = Period.of(view.open_period)
    backs = [
        *range(MONTHS_LOOKED_BACK),
        *(back + MONTHS_A_YEAR for back in range(MONTHS_LOOKED_BACK) if year_ago),
    ]
    periods = tuple(opened.shift(-back).first_day for back in backs)
    account = view.account
    found = await account_lines.lines(session, account.id, account.house_id, account.company_id, periods)
    return [line for line in found if not line.is_draft]


def last_reading_day(period: dt.date, day: int | None) -> dt.date | None:
    """The last day of the window in the month, when the organisation has one."""
    if day is None:
        return None
    return period.replace(day=min(day, calendar.monthrange(period.year, period.month)[1]))
