"""Rows of payment documents for many accounts at once: the same handful of queries for one account or a
block.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from billing.basis import BENEFITS, COMPENSATIONS, REDUCTIONS
from billing.period import Period
from billing.receipt import HISTORY_MONTHS_MAX, PenaltyRow, ServiceYear
from billing.receipt_split import Bucket, Placing
from storage import vat
from storage.changes import ChangeTold
from storage.penalty_law import penalty_law
from storage.receipt_houses import NOTHING, HouseSums, read_houses
from storage.receipt_instalments import Instalments, read_instalments
from storage.receipt_penalties import read_penalties
from storage.receipt_queries import (
    BENEFITS as BENEFIT_SUMS,
)
from storage.receipt_queries import (
    CONTACTS,
    CORRECTIONS,
    HEAD,
    HISTORY,
    LINES,
    METERS,
    MONEY,
    REQUISITES,
    RUNS,
    VAT_SUMS,
)
from storage.receipt_shares import Shares, read_shares
from storage.receipt_terms import placings
from storage.receipt_year import MonthRuns, read_changes, read_years
from storage.session import Session, raw_connection

Rows = Sequence[Any]
OWN_SERVICES = text("SELECT code, label, unit FROM services WHERE code >= 100")
REDUCED = sorted(int(basis) for basis in REDUCTIONS)
APART = sorted({*REDUCED, *BENEFITS, *COMPENSATIONS})


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows read for one document. corrections: of earlier months, posted in this one, and what is taken off
    this one; change: against all that the document before was made of; house_meters and contacts are those
    of the house; due_on: by the calendar and settings of the company; benefits: what льготы take off by
    service; payees: requisites of organisations beside the company; vat: inside the charges of a block;
    shares: money by block, None where all is under the company's own requisites.
    """

    head: Any
    lines: Rows
    corrections: Rows
    history: Rows
    money: Any
    meters: Rows
    house_meters: Rows
    contacts: Rows
    penalties: Sequence[tuple[Bucket, PenaltyRow]]
    due_on: dt.date
    placing: Placing
    payees: Mapping[int, Any]
    benefits: Rows = ()
    house: HouseSums = NOTHING
    change: ChangeTold | None = None
    years: tuple[ServiceYear, ...] = ()
    instalments: Instalments = field(default_factory=Instalments)
    own_services: Mapping[int, tuple[str, str]] = field(default_factory=dict)  # of organisations: name, unit
    vat: Mapping[Bucket, int] = field(default_factory=dict)
    shares: Shares | None = None


@dataclass(frozen=True, slots=True)
class _Runs:
    """Published runs of the year by what they are to the document of a month."""

    current: list[int]
    late: list[int]
    before: MonthRuns
    year: dict[int, dt.date]
    """Run → the month it was posted in."""


async def read_sheets(session: Session, account_ids: Iterable[int], period: Period) -> dict[int, Sheet]:
    """Sheets of the accounts the session may see, whether there is something charged or not."""
    ids = list(account_ids)
    at = {
        "accounts": ids,
        "period": period.first_day,
        "last_day": period.last_day,
        "reductions": REDUCED,
        "apart": APART,
    }
    heads = (await session.execute(HEAD, at)).all()
    if not heads:
        return {}
    runs = await _runs(session, period)
    at["houses"] = sorted({head.house_id for head in heads})
    lines = await _grouped(session, LINES, at, runs.current)
    benefits = await _grouped(session, BENEFIT_SUMS, at | {"benefits": sorted(BENEFITS)}, runs.current)
    both = [*runs.current, *runs.late]  # what absences and breaks take off the month stands there too
    corrections = await _grouped(session, CORRECTIONS, at, both)
    history = await _grouped(session, HISTORY, at, list(runs.year))
    connection = await raw_connection(session)
    now = MonthRuns(period, runs.current, runs.late)
    change = await read_changes(connection, ids, runs.before, now)
    years = await read_years(connection, ids, runs.year, APART)
    money = {row.account_id: row for row in await session.execute(MONEY, at)}
    meters, house_meters = await _meters(session, at)
    contacts: dict[int, list[Any]] = defaultdict(list)
    for row in await session.execute(CONTACTS, at):
        contacts[row.house_id].append(row)
    houses = await read_houses(session, at, both)
    by_company = await placings(session, {head.company_id for head in heads}, period.first_day)
    placing = {head.id: by_company[head.company_id] for head in heads}
    penalties = await read_penalties(session, placing, period.first_day)
    shares = await read_shares(session, heads, period, by_company)
    payees = await _payees(session, shares, (*lines.values(), *corrections.values(), *benefits.values()))
    law = await penalty_law(session)
    known = await vat.terms(session)
    inside = await _grouped(session, VAT_SUMS, at, both) if known.by_owner else {}
    due_on = {head.id: law.of(head.company_id).terms.due(period) for head in heads}
    agreed = await read_instalments(session, list(due_on), period.first_day, due_on)
    own = {row.code: (row.label, row.unit) for row in await session.execute(OWN_SERVICES)}
    return {
        head.id: Sheet(
            head,
            lines.get(head.id, ()),
            corrections.get(head.id, ()),
            history.get(head.id, ()),
            money[head.id],
            meters.get(head.id, ()),
            house_meters.get(head.house_id, ()),
            contacts.get(head.house_id, ()),
            penalties.get(head.id, ()),
            due_on[head.id],
            placing[head.id],
            payees,
            benefits.get(head.id, ()),
            houses[head.house_id],
            change.get(head.id),
            years.get(head.id, ()),
            agreed.get(head.id, Instalments()),
            own,
            _vat(known, inside.get(head.id, ()), placing[head.id]),
            shares.get(head.id),
        )
        for head in heads
    }


async def _meters(session: Session, at: dict[str, Any]) -> tuple[dict[int, list[Any]], dict[int, list[Any]]]:
    """Meters of accounts and of houses."""
    of_account: dict[int, list[Any]] = defaultdict(list)
    of_house: dict[int, list[Any]] = defaultdict(list)
    for meter in await session.execute(METERS, at):
        if meter.account_id is None:
            of_house[meter.house_id].append(meter)
        else:
            of_account[meter.account_id].append(meter)
    return of_account, of_house


async def _payees(
    session: Session, shares: Mapping[int, Shares], charged: Iterable[Sequence[Any]]
) -> dict[int, Any]:
    """Requisites of whoever may have a block of their own; no query where nobody has."""
    if not shares:
        return {}
    ids = {row.supplier_id for rows in charged for row in rows}
    for one in shares.values():
        ids |= {bucket.payee_id for sums in (one.opening, one.owed, one.posted) for bucket in sums}
    found = await session.execute(REQUISITES, {"ids": sorted(ids)})
    return {row.id: row for row in found}


def _vat(known: vat.Terms, rows: Iterable[Any], placing: Placing) -> dict[Bucket, int]:
    """VAT inside the charges of each block."""
    inside: dict[Bucket, int] = defaultdict(int)
    for row in rows:
        inside[placing.of(row.supplier_id, row.service)] += known.inside(row)
    return inside


async def _runs(session: Session, period: Period) -> _Runs:
    first, month = period.shift(1 - HISTORY_MONTHS_MAX).first_day, period.first_day
    found = (await session.execute(RUNS, {"first": first, "period": month})).all()
    return _Runs(
        current=[run.id for run in found if run.posted_in == run.period == month and not run.is_correction],
        late=[
            run.id for run in found if run.posted_in == month and (run.period < month or run.is_correction)
        ],
        before=_month_runs(found, period.shift(-1)),
        year={run.id: run.posted_in for run in found},
    )


def _month_runs(found: Rows, period: Period) -> MonthRuns:
    """Runs of a month before: its charges, and what was corrected or came late in it."""
    month = period.first_day
    mine = [run for run in found if run.posted_in == month]
    charged = [run.id for run in mine if run.period == month and not run.is_correction]
    return MonthRuns(period, charged, [run.id for run in mine if run.id not in charged])


async def _grouped(session: Session, query: Any, at: dict[str, Any], runs: list[int]) -> dict[int, list[Any]]:
    """Rows of runs by account, their first column; no runs, no query."""
    grouped: dict[int, list[Any]] = defaultdict(list)
    if runs:
        for row in await session.execute(query, at | {"runs": runs}):
            grouped[row[0]].append(row)
    return grouped
