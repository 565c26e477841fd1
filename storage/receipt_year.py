"""The year of a flat by services and why its month differs from the last: for a block of accounts at once.

Two copies out of the lines for the year, two for the difference, however many accounts there are; the rest is
numpy. Parts of the difference are those of `billing.why`, over what entered the balance of each month.
"""

# ruff: noqa: S608 - queries hold only our own words and integers; COPY takes no parameters

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from billing.correction import UnmatchedReversalError, net
from billing.lines import Lines
from billing.period import Period
from billing.receipt import Change, ChangePart, ServiceYear
from billing.services import CATALOGUE, Service
from billing.why import MonthBill, changes
from storage.bulk import Columns, Connection, Row, copy_out, int_array
from storage.changes import ChangeTold, PartTold, tell
from storage.lines import read_lines

log = logging.getLogger("paylogic.receipts")

I64 = npt.NDArray[np.int64]

CHARTED = (Service.HEATING, Service.HOT_WATER, Service.COLD_WATER, Service.ELECTRICITY, Service.GAS)
"""Services whose volume a flat can change."""
SLOT = {int(code): at for at, code in enumerate(CHARTED)}
CHARTS_MAX = 4
MONTHS_MIN = 2
"""A chart of fewer months says nothing."""
DECIMALS_MAX = 3
RANGE_MAX = 3
"""A range of ids is walked when it is at most so many times the accounts wanted."""
NAMED_MAX = 3
"""Services named beside a cause; the rest are counted."""

YEAR = Row.of(account="int4", service="int2", month="int4", kopecks="int8", volume="int8")


@dataclass(frozen=True, slots=True)
class MonthRuns:
    """Runs that entered the balance of a month: its charges, and what was corrected or came late."""

    period: Period
    charged: Sequence[int]
    late: Sequence[int]


async def read_years(
    connection: Connection, accounts: Sequence[int], months: Mapping[int, dt.date], apart: Sequence[int]
) -> dict[int, tuple[ServiceYear, ...]]:
    """Charts of each account, the dearest service first. months: run → the month it was posted in."""
    if not months or not accounts:
        return {}
    runs = ", ".join(f"({run}, {_ordinal(month)})" for run, month in sorted(months.items()))
    found = await copy_out(
        connection,
        YEAR,
        f"SELECT l.account_id, l.service, r.month, sum(l.amount_kopecks + l.surcharge_kopecks)::bigint, "
        f"coalesce(sum((l.volume_num + l.volume_den / 2) / l.volume_den) FILTER (WHERE NOT "
        f"(l.service = {int(Service.HOT_WATER)} AND l.component = 2) "
        f"AND l.basis <> ALL ({int_array(apart)})), 0)::bigint "
        f"FROM lines l JOIN (VALUES {runs}) r (id, month) ON r.id = l.run_id "
        f"WHERE l.run_id = ANY ({int_array(sorted(months))}) AND {_among(accounts)} "
        f"AND l.service = ANY ({int_array([int(one) for one in CHARTED])}::smallint[]) GROUP BY 1, 2, 3",
    )
    every = sorted({_ordinal(month) for month in months.values()})
    if len(every) < MONTHS_MIN:
        return {}
    return _charts(found, every, np.unique(np.asarray(accounts, np.int32)))


def _ordinal(month: dt.date) -> int:
    return Period.of(month).ordinal


def _among(accounts: Sequence[int]) -> str:
    """A condition for lines of these accounts. Accounts of a block stand side by side: a range is one walk of
    the index, a list is a search for each.
    """
    low, high = min(accounts), max(accounts)
    if high - low < RANGE_MAX * len(accounts):
        return f"l.account_id BETWEEN {int(low)} AND {int(high)}"
    return f"l.account_id = ANY ({int_array(accounts)})"


def _charts(
    found: Columns, every: Sequence[int], accounts: npt.NDArray[np.int32]
) -> dict[int, tuple[ServiceYear, ...]]:
    """Sums and volumes as a table accounts × services × months, then a few charts an account."""
    found = {name: column[np.isin(found["account"], accounts)] for name, column in found.items()}
    shape = (len(accounts), len(CHARTED), len(every))
    place = (
        np.searchsorted(accounts, found["account"]),
        np.asarray([SLOT[code] for code in found["service"].tolist()], np.intp),
        np.searchsorted(np.asarray(every), found["month"]),
    )
    kopecks, volumes, has = np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.zeros(shape, np.bool_)
    kopecks[place], volumes[place], has[place] = found["kopecks"], found["volume"], True
    sums = kopecks.sum(axis=2)
    ranked = np.argsort(-sums, axis=1, kind="stable")[:, :CHARTS_MAX].tolist()
    first = has.argmax(axis=2).tolist()
    table = (sums.tolist(), kopecks.tolist(), volumes.tolist())
    days = tuple(Period(one).first_day for one in every)
    return {
        account: tuple(
            _chart(service, days[first[at][service] :], table[1][at][service], table[2][at][service])
            for service in ranked[at]
            if table[0][at][service] > 0
        )
        for at, account in enumerate(accounts.tolist())
    }


def _chart(
    slot: int, days: tuple[dt.date, ...], kopecks: Sequence[int], volumes: Sequence[int]
) -> ServiceYear:
    info = CATALOGUE[CHARTED[slot]]
    size = len(days)
    return ServiceYear(
        info.label,
        info.unit,
        days,
        tuple(kopecks[-size:]),
        tuple(volumes[-size:]),
        min(info.decimals, DECIMALS_MAX),
    )


async def read_changes(
    connection: Connection, accounts: Sequence[int], before: MonthRuns, now: MonthRuns
) -> dict[int, ChangeTold]:
    """Of each account that was charged in both months the parts of the difference; they add up."""
    if not (before.charged or before.late):
        return {}
    try:
        bills = [await _bill(connection, month, accounts) for month in (before, now)]
    except UnmatchedReversalError as error:
        log.error("no explanation of the change on receipts: %s", error)
        return {}
    ids = np.unique(np.asarray(accounts, np.int64))
    sums = [_sums(ids, bill) for bill in bills]
    parts = changes(bills[0], bills[1])
    starts = np.searchsorted(parts.account_id, ids).tolist()
    ends = np.searchsorted(parts.account_id, ids, side="right").tolist()
    rows = list(zip(parts.part.tolist(), parts.service.tolist(), parts.kopecks.tolist(), strict=True))
    was = _charged(ids, bills[0])
    return {
        account: tell(now.period.first_day, int(sums[0][at]), int(sums[1][at]), rows[starts[at] : ends[at]])
        for at, account in enumerate(ids.tolist())
        if was[at]
    }


async def _bill(connection: Connection, month: MonthRuns, accounts: Sequence[int]) -> MonthBill:
    charged = net(await read_lines(connection, month.charged, accounts))
    return MonthBill(month.period.days, charged, await read_lines(connection, month.late, accounts))


def _sums(ids: I64, bill: MonthBill) -> I64:
    out = np.zeros(len(ids), np.int64)
    for lines in (bill.charged, bill.corrected):
        np.add.at(out, np.searchsorted(ids, lines.account_id), lines.amount_kopecks + lines.surcharge_kopecks)
    return out


def _charged(ids: I64, bill: MonthBill) -> npt.NDArray[np.bool_]:
    """Which accounts had any line."""
    return np.isin(ids, np.concatenate([_accounts(bill.charged), _accounts(bill.corrected)]))


def _accounts(lines: Lines) -> I64:
    return lines.account_id.astype(np.int64)


def change_of(told: ChangeTold | None, own: Mapping[int, tuple[str, str]]) -> Change | None:
    """As the paper says it: a cause with the services it is of."""
    if told is None:
        return None
    parts = tuple(ChangePart(_label(part, own), part.kopecks) for part in told.parts)
    return Change(told.before, told.before_kopecks, parts)


def _label(part: PartTold, own: Mapping[int, tuple[str, str]]) -> str:
    names = [_name(service, own) for service, kopecks in part.services if kopecks and service]
    if not names:
        return part.words
    more = f" и ещё {len(names) - NAMED_MAX}" if len(names) > NAMED_MAX else ""
    return f"{part.words}: {', '.join(names[:NAMED_MAX])}{more}"


def _name(service: int, own: Mapping[int, tuple[str, str]]) -> str:
    if service in CATALOGUE:
        return CATALOGUE[service].short_label
    return own.get(service, (f"услуга № {service}", ""))[0]
