"""Payees with blocks and documents of their own over a random city: data, paper, codes are the books."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy import text

from billing.receipt import DocumentKind
from receipts.fill import Filler
from receipts.look import look_of
from receipts.qr import payment_payload
from receipts.render import render_receipt
from receipts.volume import one_receipt
from storage import press_pages
from storage.engine import Database
from storage.receipt_debts import build_debts
from storage.receipt_kinds import build_documents
from storage.receipts import Built, build_receipts
from tests.actors.test_press import CHOICE, SEPTEMBER, contents, ids_of, make_city, printed
from tests.receipts.paper import MONEY, amounts_of, codes, pictures, text_of
from tests.support.services import TestDatabase

AUGUST = SEPTEMBER.shift(-1)
BARCODE = "account:12 period:6 kopecks:10 luhn"
TERMS = """
INSERT INTO receipt_terms (company_id, subject, placement, valid_from, document, document_date, state,
                           proposed_by, decided_by, decided_at)
SELECT DISTINCT a.company_id, s.subject, s.placement, DATE '2026-01-01', 'Договор', DATE '2025-12-01',
       'approved', 1, 2, now()
  FROM accounts a, (VALUES ('others', 'block'), ('capital', 'document')) AS s(subject, placement)"""


@pytest.fixture(scope="module")
def city(database: TestDatabase) -> TestDatabase:
    """The city of tests.actors.test_press, another one: every payee apart, capital repair in a document."""
    asyncio.run(make_apart(database.url))
    return database


async def make_apart(url: str) -> None:
    await make_city(url)
    owner = Database(url)
    async with owner.transaction() as session:
        await session.execute(text(TERMS))
    await owner.close()


@pytest.fixture
async def base(city: TestDatabase) -> AsyncIterator[Database]:
    made = Database(city.url, pool_max=3)
    yield made
    await made.close()


async def built(base: Database, month: object = SEPTEMBER) -> dict[int, Built]:
    ids = await ids_of(base)
    async with base.reading() as session:
        found = await build_receipts(session, ids, month)  # type: ignore[arg-type]
    return {account: one for account, one in found.items() if one.receipt is not None}


async def test_documents_of_every_account_are_its_lines_by_payee(base: Database) -> None:
    found = await built(base)
    async with base.reading() as session:
        rows = await session.execute(
            text("""
            SELECT l.account_id, o.name, l.service = 9 AS is_capital,
                   sum(l.amount_kopecks + l.surcharge_kopecks)::bigint AS kopecks
              FROM lines l JOIN runs r ON r.id = l.run_id AND r.state = 'published'
              JOIN organisations o ON o.id = l.supplier_id
             WHERE r.posted_in = :month GROUP BY 1, 2, 3"""),
            {"month": SEPTEMBER.first_day},
        )
        wanted: dict[int, Counter[tuple[str, bool]]] = defaultdict(Counter)
        for row in rows:
            wanted[row.account_id][row.name, row.is_capital] += row.kopecks

    assert len(found) > 200
    blocks = kinds = 0
    for account, one in found.items():
        one.check()
        charged: Counter[tuple[str, bool]] = Counter()
        for document in one.documents:
            is_capital = document.kind is DocumentKind.CAPITAL_REPAIR
            kinds += is_capital
            blocks += len(document.payments)
            for block in document.payments:
                sums = block.totals
                charged[block.payee.name, is_capital] += sums.charged_kopecks + sums.correction_kopecks
        assert +charged == +wanted[account]
    assert kinds > 100
    assert blocks > 3 * len(found)


async def test_a_block_opens_with_what_the_month_before_ended_with(base: Database) -> None:
    before, after = await built(base, AUGUST), await built(base)

    compared = 0
    for account, one in after.items():
        if account not in before:
            continue
        ended: Counter[tuple[str, str]] = Counter()
        opened: Counter[tuple[str, str]] = Counter()
        for documents, into, name in (
            (before[account].documents, ended, "to_pay_kopecks"),
            (one.documents, opened, "opening_kopecks"),
        ):
            for document in documents:
                for block in document.payments:
                    into[document.part, block.payee.name] += getattr(block.totals, name)
        penalties = sum(
            row.amount_kopecks for document in before[account].documents for row in document.penalties
        )
        if not penalties:  # an opening holds no penalties
            compared += 1
            assert Counter({k: v for k, v in ended.items() if v}) == Counter(
                {k: v for k, v in opened.items() if v}
            )
    assert compared > 100


async def test_a_block_costs_as_many_queries_as_one_account(base: Database) -> None:
    from tests.actors.test_press import _queries

    ids = await ids_of(base)

    assert await _queries(base, ids) == await _queries(base, ids[:1])


async def test_every_block_has_its_code_on_paper_and_on_the_screen(base: Database) -> None:
    found = sorted(
        (await built(base)).values(), key=lambda one: -sum(len(two.payments) for two in one.documents)
    )
    look, filler = look_of({"barcode": BARCODE}), Filler("a4", 100)

    for one in found[:3]:
        for document in one.documents:
            due = [block for block in document.payments if block.totals.due_kopecks]
            payloads = {payment_payload(document, block) for block in due}
            pressed = one_receipt(filler.fill(document, "№ 000001", look), "one")
            for paper in (pressed, render_receipt(document, look=look)):
                seen = [code for image in pictures(paper, 300) for code in codes(image)]
                assert {code.bytes for code in seen if code.format.name == "QRCode"} == payloads
                stripes = [code.text for code in seen if code.format.name == "Code128"]
                assert len(stripes) == len(due)
            words = Counter(MONEY.findall(text_of(pressed)))
            assert not Counter(amounts_of(document)) - words


async def test_documents_of_an_account_have_one_number_in_a_run(base: Database) -> None:
    run_id = await printed(base)
    found = await built(base)

    async with base.reading() as session:
        rows = (
            await session.execute(
                text(
                    "SELECT account_id, due_kopecks, leaves, problem FROM press_receipts WHERE run_id = :id"
                ),
                {"id": run_id},
            )
        ).all()
        progress = await press_pages.press_progress(session, run_id)
    files = await contents(base, run_id)

    assert progress is not None
    assert progress.state == "done"
    assert all(row.due_kopecks == found[row.account_id].due_kopecks for row in rows if not row.problem)
    assert any("Взнос на капитальный ремонт за сентябрь" in " ".join(text_of(one).split()) for one in files)


@pytest.mark.parametrize("kind", ["debt", "capital_repair"])
async def test_a_run_of_one_kind_prints_only_that_document(base: Database, kind: str) -> None:
    run_id = await printed(base, replace(CHOICE, kind=kind))
    ids = await ids_of(base)
    async with base.reading() as session:
        found = await build_documents(session, ids, SEPTEMBER, DocumentKind(kind))
        rows = (
            await session.execute(
                text("SELECT account_id, due_kopecks, problem FROM press_receipts WHERE run_id = :id"),
                {"id": run_id},
            )
        ).all()
    files = await contents(base, run_id)

    assert rows
    assert not [row.problem for row in rows if row.problem]
    assert all(row.due_kopecks == found[row.account_id].due_kopecks for row in rows)
    title = {"debt": "Долговой платёжный документ", "capital_repair": "Взнос на капитальный ремонт"}[kind]
    assert all(title in " ".join(text_of(one).split()) for one in files)


async def test_debt_documents_are_the_debts_of_the_books(base: Database) -> None:
    """Of every account: rows by month and service, blocks by payee, and nothing of the month itself."""
    ids = await ids_of(base)
    async with base.reading() as session:
        found = await build_debts(session, ids, SEPTEMBER)
        owed = await session.execute(
            text("""
            SELECT o.account_id, o.amount_kopecks
                   + coalesce((SELECT sum(p.amount_kopecks) FROM postings p
                                WHERE p.account_id = o.account_id AND p.period = o.period AND p.book = 1), 0)
                   AS amount
              FROM opening_balances o WHERE o.period = :month"""),
            {"month": SEPTEMBER.first_day},
        )
        left = {row.account_id: int(row.amount) for row in owed}

    some = [one for one in found.values() if one.receipt is not None]
    assert len(some) > 10
    for one in some:
        one.check()
        receipt = one.receipt
        assert receipt is not None
        assert not receipt.sections
        assert receipt.totals.opening_kopecks == max(left[one.account_id], 0)
        assert all(row.month is None or row.month < SEPTEMBER.first_day for row in receipt.debts)
    assert all(left.get(account, 0) <= 0 for account, one in found.items() if one.receipt is None)
