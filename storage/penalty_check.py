"""Proof of penalties from their rows, for `paylogic ledger check`: sums, parts, books, the days walked again.

A line is proved three ways: its parts and weights come to its total; the books hold what its computation
posted; parts are counted anew by the law as it was known then, all by the kernel and a sample day by day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.ledger import Book
from billing.penalty.kernel import DIVISOR, Debts, Pauses, Payments, RateMode, accrue, meet, totals
from billing.penalty.rates import over_days
from billing.penalty.scale import Payer
from billing.penalty.trace import Part, kopecks_of, pieces
from storage.bulk import Columns, Row, copy_out
from storage.penalty_law import PenaltyLaw, penalty_law
from storage.session import raw_connection
from storage.tables.penalties import DUE_OF_LINE

I64 = npt.NDArray[np.int64]

PENALTIES = int(Book.PENALTIES)
DAY_ZERO = dt.date(2000, 1, 1).toordinal()  # dates of PostgreSQL count from here
SAMPLE_EVERY = 211  # of the lines of a computation, walked day by day
KEY = "l.account_id, l.payee_id, l.service, l.of_period"

STATEMENTS = (
    (
        "Пени: части с весами дают нарастающий итог строки",
        f"""
        SELECT 'расчёт ' || l.run_id || ', счёт ' || l.account_id || ', ' || to_char(l.of_period, 'MM.YYYY'),
               coalesce(p.total, 0)::bigint, l.total_kopecks
          FROM penalty_lines l JOIN penalty_runs r ON r.id = l.run_id AND r.posted_at IS NOT NULL
          LEFT JOIN (
            SELECT run_id, account_id, payee_id, service, of_period,
                   div(2 * sum(amount_kopecks::numeric * weight) + {DIVISOR}, 2 * {DIVISOR}) AS total
              FROM penalty_parts GROUP BY 1, 2, 3, 4, 5) p
            USING (run_id, account_id, payee_id, service, of_period)
         WHERE coalesce(p.total, 0) <> l.total_kopecks""",  # noqa: S608
    ),
    (
        "Пени: проведённые строки равны записям в книге пеней",
        f"""
        WITH said AS (
          SELECT l.run_id, l.account_id, sum(l.amount_kopecks)::bigint AS amount
            FROM penalty_lines l JOIN penalty_runs r ON r.id = l.run_id AND r.posted_at IS NOT NULL
           GROUP BY 1, 2 HAVING sum(l.amount_kopecks) <> 0),
        booked AS (
          SELECT split_part(e.idempotency_key, ':', 2)::int AS run_id, p.account_id,
                 sum(p.amount_kopecks)::bigint AS amount
            FROM entries e JOIN postings p ON p.entry_id = e.id AND p.book = {PENALTIES}
           WHERE e.kind = 'penalty' GROUP BY 1, 2 HAVING sum(p.amount_kopecks) <> 0)
        SELECT 'расчёт ' || run_id || ', счёт ' || account_id, coalesce(s.amount, 0), coalesce(b.amount, 0)
          FROM said s FULL JOIN booked b USING (run_id, account_id)
         WHERE coalesce(s.amount, 0) <> coalesce(b.amount, 0)""",  # noqa: S608
    ),
)
RECOUNTED = "Пени: строки пересчитаны по закону, известному при расчёте"
WALKED = "Пени: выборка строк пройдена день за днём"
CHECKS_COUNT = len(STATEMENTS) + 2

RUNS = """
SELECT DISTINCT ON (company_id) id, until, checked_at FROM penalty_runs
 WHERE state = 'posted' ORDER BY company_id, id DESC"""
LINE = Row.of(
    account="int4", payee="int4", service="int2", period="date", due="date", payer="int2", daily="bool",
    principal="int8", total="int8",
)  # fmt: skip
PART = Row.of(
    account="int4", payee="int4", service="int2", period="date", day="date", paid="bool", amount="int8",
    due="date",
)  # fmt: skip
PAUSE = Row.of(account="int4", payee="int4", service="int2", period="date", first="date", last="date")

Found = list[tuple[str, int, int]]


async def checks(session: AsyncSession) -> list[tuple[str, Sequence[Any]]]:
    """Each check with its differences (place, expected, found)."""
    out: list[tuple[str, Sequence[Any]]] = []
    for title, sql in STATEMENTS:
        out.append((title, (await session.execute(text(sql))).all()))
    recounted: Found = []
    walked: Found = []
    for run in (await session.execute(text(RUNS))).all():
        law = await penalty_law(session, run.checked_at)
        stored = await _stored(session, run.id)
        recounted += _recounted(run, law, stored)
        walked += _walked(run, law, stored)
    return [*out, (RECOUNTED, recounted), (WALKED, walked)]


@dataclass(frozen=True, slots=True)
class _Stored:
    """Lines of a computation that still have something, their parts and pauses; of: the line of each."""

    lines: Columns
    parts: Columns
    of: I64
    pauses: Columns
    pause_of: I64


async def _stored(session: AsyncSession, run_id: int) -> _Stored:
    connection = await raw_connection(session)
    lines = await copy_out(
        connection,
        LINE,
        f"""SELECT account_id, payee_id, service, of_period, due_on, payer, is_daily, principal_kopecks,
                   total_kopecks FROM penalty_lines l WHERE run_id = {int(run_id)} AND total_kopecks > 0
             ORDER BY {KEY}""",  # noqa: S608
    )
    parts = await copy_out(
        connection,
        PART,
        f"""SELECT p.account_id, p.payee_id, p.service, p.of_period, p.day, p.is_paid, p.amount_kopecks,
                   CASE WHEN p.due_on = {DUE_OF_LINE} THEN l.due_on ELSE p.due_on END
              FROM penalty_parts p
              JOIN penalty_lines l USING (run_id, account_id, payee_id, service, of_period)
             WHERE p.run_id = {int(run_id)} AND l.total_kopecks > 0
             ORDER BY p.account_id, p.payee_id, p.service, p.of_period, p.day""",  # noqa: S608
    )
    pauses = await copy_out(
        connection,
        PAUSE,
        f"""SELECT account_id, payee_id, service, of_period, first_day, last_day
              FROM penalty_pauses WHERE run_id = {int(run_id)}""",  # noqa: S608
    )
    keys = {key: at for at, key in enumerate(_keys(lines))}
    of = np.array([keys[key] for key in _keys(parts)], np.int64)
    return _Stored(lines, parts, of, pauses, np.array([keys.get(key, -1) for key in _keys(pauses)], np.int64))


def _keys(columns: Columns) -> list[tuple[int, int, int, int]]:
    names = ("account", "payee", "service", "period")
    return list(zip(*(columns[name].tolist() for name in names), strict=True))


def _recounted(run: Any, law: PenaltyLaw, stored: _Stored) -> Found:
    """Totals by the kernel from stored parts: parts paid early cost nothing and were not kept.

    Parts of a line with a due day of their own are debts of their own, added up before the one rounding.
    """
    lines, parts, of = stored.lines, stored.parts, stored.of
    if not len(lines["account"]):
        return []
    pair, at = np.unique(
        np.stack([of, parts["due"].astype(np.int64) + DAY_ZERO], axis=1), axis=0, return_inverse=True
    )
    at = at.reshape(-1)
    line, due = pair[:, 0], pair[:, 1]
    kept = np.zeros(len(line), np.int64)
    np.add.at(kept, at, parts["amount"])
    days = over_days(law.rates, min(dt.date.fromordinal(int(due.min()) + 1), run.until), run.until)
    some, pause = meet(line, stored.pause_of)
    first, last = (stored.pauses[name].astype(np.int64) + DAY_ZERO for name in ("first", "last"))
    free = Pauses(some, first[pause], last[pause])
    paid_row, daily = parts["paid"].astype(bool), lines["daily"].astype(bool)[line]
    found = [np.zeros(0, np.int64)] * 3
    for mode in RateMode:
        rows = daily == (mode is RateMode.DAILY)
        debts = Debts(np.where(rows, kept, 0), due, lines["payer"].astype(np.int64)[line])
        mine = paid_row & rows[at]
        paid = Payments(at[mine], parts["day"][mine].astype(np.int64) + DAY_ZERO, parts["amount"][mine])
        made = accrue(debts, paid, run.until.toordinal(), days, mode, free)
        new = (line[made.debt], made.amount, made.weight)
        found = [np.concatenate(both) for both in zip(found, new, strict=True)]
    total = totals(len(lines["account"]), *found)
    wrong = np.flatnonzero(total != lines["total"])
    return [
        (_place(run.id, lines, int(one)), int(total[one]), int(lines["total"][one])) for one in wrong.tolist()
    ]


def _walked(run: Any, law: PenaltyLaw, stored: _Stored) -> Found:
    """Some lines day by day, by the other code."""
    lines, parts = stored.lines, stored.parts
    out: Found = []
    starts = np.searchsorted(stored.of, np.arange(len(lines["account"]) + 1))
    for at in range(0, len(lines["account"]), SAMPLE_EVERY):
        own: dict[dt.date, list[Part]] = {}
        for row in range(int(starts[at]), int(starts[at + 1])):
            part = Part(_day(parts["day"][row]), int(parts["amount"][row]), bool(parts["paid"][row]))
            own.setdefault(_day(parts["due"][row]), []).append(part)
        pauses = [
            (_day(stored.pauses["first"][row]), _day(stored.pauses["last"][row]))
            for row in np.flatnonzero(stored.pause_of == at).tolist()
        ]
        mode = RateMode.DAILY if lines["daily"][at] else RateMode.ON_PAYMENT
        payer = Payer(int(lines["payer"][at]))
        made = [
            piece for due, some in own.items() for piece in pieces(some, due, payer, law.rates, mode, pauses)
        ]
        total = int(lines["total"][at])
        if kopecks_of(made) != total:
            out.append((_place(run.id, lines, at), kopecks_of(made), total))
    return out


def _day(value: Any) -> dt.date:
    return dt.date.fromordinal(int(value) + DAY_ZERO)


def _place(run_id: int, lines: Columns, at: int) -> str:
    month = _day(lines["period"][at])
    return f"расчёт {run_id}, счёт {int(lines['account'][at])}, {month:%m.%Y}"
