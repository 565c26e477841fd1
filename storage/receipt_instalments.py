"""Section 6 of payment documents: parts agreed on, their interest, and what is put off to later months.

An agreement changes documents to be paid while it is in force: made by the day the document is due, and
neither broken, cancelled nor paid whole by then.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from billing.quantity import format_scaled
from billing.receipt import InstalmentRow
from billing.services import CATALOGUE
from storage.session import Session

PARTS = text("""
SELECT g.account_id, g.id, g.kind, g.service, g.of_period, g.rate_permille, g.made_on, g.ended_on, p.period,
       p.amount_kopecks, p.interest_kopecks
  FROM agreements g JOIN agreement_parts p ON p.agreement_id = g.id
 WHERE g.account_id = ANY (CAST(:accounts AS int[])) AND p.period >= :period
   AND g.state IN ('active', 'kept', 'broken', 'cancelled')
 ORDER BY g.account_id, g.id, p.ordinal""")


@dataclass(frozen=True, slots=True)
class Instalments:
    """Of one document: rows of the section; kopecks of the month's own charges and of the debt put off."""

    rows: tuple[InstalmentRow, ...] = ()
    of_month_kopecks: int = 0
    of_past_kopecks: int = 0

    def totals(self, opening_kopecks: int, paid_kopecks: int, interest_kopecks: int) -> int:
        """Interest less what is put off: never more of the debt than is left of it after payments."""
        past = min(self.of_past_kopecks, max(opening_kopecks - paid_kopecks, 0))
        return interest_kopecks - self.of_month_kopecks - past


async def read_instalments(
    session: Session, account_ids: list[int], month: dt.date, due_on: Mapping[int, dt.date]
) -> dict[int, Instalments]:
    """What agreements change in documents of a month; due_on: of each account's document."""
    groups: dict[tuple[int, int], list[Any]] = defaultdict(list)
    for part in await session.execute(PARTS, {"accounts": account_ids, "period": month}):
        due = due_on[part.account_id]
        if part.made_on <= due and (part.ended_on is None or part.ended_on > due):
            groups[part.account_id, part.id].append(part)
    found: dict[int, Instalments] = {}
    for (account_id, _), parts in groups.items():
        found[account_id] = _with(found.get(account_id, Instalments()), parts, month)
    return found


def _with(known: Instalments, parts: list[Any], month: dt.date) -> Instalments:
    later = sum(part.amount_kopecks for part in parts if part.period > month)
    is_of_month = parts[0].of_period == month
    rows = [_row(part, is_of_month) for part in parts if part.period == month]
    return Instalments(
        (*known.rows, *rows),
        known.of_month_kopecks + (later if is_of_month else 0),
        known.of_past_kopecks + (0 if is_of_month else later),
    )


def _row(part: Any, is_of_month: bool) -> InstalmentRow:
    amount = part.amount_kopecks
    label = f"Долг по соглашению № {part.id}"
    if part.kind == "rise":
        label = CATALOGUE[part.service].label if part.service in CATALOGUE else f"Услуга № {part.service}"
    rate = f"{format_scaled(part.rate_permille, 10, 1)} % в год" if part.rate_permille else ""
    return InstalmentRow(
        service=label,
        of_month_kopecks=amount if is_of_month else 0,
        of_past_kopecks=0 if is_of_month else amount,
        interest_kopecks=part.interest_kopecks,
        total_kopecks=amount + part.interest_kopecks,
        interest_rate=rate,
    )
