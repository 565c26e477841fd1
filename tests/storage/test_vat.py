"""VAT in a payment document and in sums of a payee: by dated terms; what is due stays.

August and September were published while October is open, so they stand in its document.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from billing.vat import included
from storage import vat
from storage.engine import Database
from storage.receipts import build_receipt
from tests.storage.run_steps import EVERYTHING
from tests.storage.test_late_facts import OCTOBER, owner, sql

__all__ = ["owner", "sql"]  # fixtures

SUPPLIER, COLD_WATER = 4, 1
TERM = """
INSERT INTO vat_terms (organisation_id, service, is_included, valid_from, document, document_date, state,
                       proposed_by, decided_by, decided_at)
VALUES ($1, $2, $3, $4, 'Договор', '2025-12-01', 'approved', 1, 2, now())"""


async def test_a_document_tells_the_vat_of_payees_who_pay_it(owner: Database, sql: Any) -> None:
    async with owner.reading(EVERYTHING) as session:
        before = await build_receipt(session, 9, OCTOBER)
    await sql.execute(TERM, SUPPLIER, None, True, dt.date(2026, 1, 1))

    async with owner.reading(EVERYTHING) as session:
        after = await build_receipt(session, 9, OCTOBER)

    sums = await sql.fetch(
        "SELECT r.period, service, sum(l.amount_kopecks + l.surcharge_kopecks)::bigint AS kopecks "
        "FROM lines l JOIN runs r ON r.id = l.run_id "
        "WHERE l.account_id = 9 AND l.supplier_id = $1 GROUP BY 1, 2",
        SUPPLIER,
    )
    assert before.vat_kopecks == 0
    assert after.vat_kopecks == sum(included(row["kopecks"], 2200) for row in sums) > 0
    assert after.due_kopecks == before.due_kopecks


async def test_the_term_of_a_service_wins_and_counts_from_its_month(owner: Database, sql: Any) -> None:
    await sql.execute(TERM, SUPPLIER, None, True, dt.date(2026, 1, 1))
    await sql.execute(TERM, SUPPLIER, COLD_WATER, False, dt.date(2026, 9, 1))

    async with owner.reading(EVERYTHING) as session:
        terms = await vat.terms(session)
        charged = await vat.of_payee(session, SUPPLIER, dt.date(2026, 10, 1), dt.date(2026, 10, 31))

    water = {one.of_month.month: one.vat_kopecks for one in charged if one.service == COLD_WATER}
    assert terms.rate(SUPPLIER, COLD_WATER, dt.date(2025, 12, 1)) == 0
    assert terms.rate(SUPPLIER, COLD_WATER, dt.date(2026, 8, 1)) == 2200
    assert terms.rate(SUPPLIER, COLD_WATER, dt.date(2026, 9, 1)) == 0
    assert water[8] > 0
    assert water[9] == 0
