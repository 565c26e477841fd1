"""What a print run puts on paper beside the charges: the house, the year, the forms of organisations."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from actors.local import LocalCrew
from actors.press import press_until_idle
from actors.presser import number_words
from billing.services import CATALOGUE
from receipts.fill import Filler
from receipts.form import LARGE_PERCENT
from receipts.look import look_of
from storage import press_pages
from storage.engine import Database
from storage.receipt_forms import forms_of, save
from storage.receipts import build_receipts
from tests.actors.test_press import ACCOUNTS, SEPTEMBER, asked, contents, ids_of, make_city, printed
from tests.receipts.paper import text_of
from tests.support.services import TestDatabase


@pytest.fixture(scope="module")
def city(database: TestDatabase) -> TestDatabase:
    """The city of tests.actors.test_press, another one."""
    asyncio.run(make_city(database.url))
    return database


@pytest.fixture
async def base(city: TestDatabase) -> AsyncIterator[Database]:
    made = Database(city.url, pool_max=3)
    yield made
    await made.close()


async def test_volumes_of_the_house_are_those_of_its_lines(base: Database) -> None:
    ids = await ids_of(base)

    async with base.reading() as session:
        built = await build_receipts(session, ids, SEPTEMBER)
        rows = await session.execute(
            text("""
            SELECT a.house_id, l.service, round(sum(l.volume_num::numeric / l.volume_den))::bigint AS micro
              FROM lines l JOIN accounts a ON a.id = l.account_id JOIN runs r ON r.id = l.run_id
             WHERE r.posted_in = :month AND l.service IN (1, 4, 6) AND l.basis < 60 GROUP BY 1, 2"""),
            {"month": SEPTEMBER.first_day},
        )
        wanted = {(row.house_id, CATALOGUE[row.service].label): row.micro for row in rows if row.micro}

    found = {
        (one.house_id, row.service): row.premises_volume.num
        for one in built.values()
        if one.receipt is not None
        for row in one.receipt.reference.rows
        if row.premises_volume is not None
    }
    assert len(wanted) > 5
    assert {key: found.get(key) for key in wanted} == wanted
    norms = [row.norm for one in built.values() if one.receipt for row in one.receipt.reference.rows]
    assert any(norm is not None for norm in norms)


async def test_small_charts_and_parts_of_the_change_are_those_of_the_lines(base: Database) -> None:
    ids = await ids_of(base)

    async with base.reading() as session:
        built = await build_receipts(session, ids, SEPTEMBER)
        rows = await session.execute(
            text("""
            SELECT l.account_id, l.service, r.posted_in,
                   sum(l.amount_kopecks + l.surcharge_kopecks)::bigint AS kopecks
              FROM lines l JOIN runs r ON r.id = l.run_id WHERE r.state = 'published' GROUP BY 1, 2, 3""")
        )
        charged = {
            (row.account_id, CATALOGUE[row.service].label, row.posted_in): row.kopecks
            for row in rows
            if row.service in CATALOGUE
        }

    seen = changed = 0
    for account, one in built.items():
        if one.receipt is None:
            continue
        one.receipt.check()  # the parts of the change add up to the difference of the documents
        changed += one.receipt.change is not None and bool(one.receipt.change.parts)
        for year in one.receipt.years:
            seen += 1
            for month, kopecks in zip(year.months, year.kopecks, strict=True):
                assert charged.get((account, year.service, month), 0) == kopecks
            row = next((row for row in one.receipt.rows if row.service == year.service), None)
            if row is not None and row.volume is not None and year.volumes_micro is not None:
                same = [r for r in one.receipt.rows if r.service.startswith(year.service)]
                assert len(same) > 1 or abs(row.volume.rounded(6) - year.volumes_micro[-1]) <= 1
    assert seen > ACCOUNTS
    assert changed > ACCOUNTS // 2


async def test_a_form_saved_before_a_run_is_on_its_paper_and_one_saved_after_it_is_not(
    base: Database,
) -> None:
    before = look_of({"messages": ["Первое сообщение организации."], "accent": "#14509a"})
    after = look_of({"messages": ["Второе сообщение."]})
    async with base.transaction() as session:
        company = await session.scalar(text("SELECT min(company_id) FROM accounts"))
        await save(session, company, before.kept(), SEPTEMBER.first_day, "первая", 1)
    run_id = await asked(base)
    async with base.transaction() as session:
        await save(session, company, after.kept(), SEPTEMBER.first_day, "вторая", 1)

    crew = LocalCrew(base.url)
    try:
        await press_until_idle(base.url, crew)
    finally:
        await crew.close()
    again = await printed(base)

    said = [" ".join(text_of(content).split()) for content in await contents(base, run_id)]
    query = (
        "SELECT number, form_id, page_digest FROM press_receipts WHERE run_id = :id AND company_id = :company"
    )
    async with base.reading() as session:
        first, second = [
            (await session.execute(text(query), {"id": one, "company": company})).all()
            for one in (run_id, again)
        ]
    assert any("Первое сообщение организации." in one for one in said)
    assert not any("Второе сообщение." in one for one in said)
    assert {row.form_id for row in first if row.page_digest} == {1}
    assert {row.form_id for row in second if row.page_digest} == {2}

    async with base.reading() as session:  # the same version and the same data give the same page
        version = (await forms_of(session, [company], SEPTEMBER.first_day, 1))[company]
        row = next(row for row in first if row.page_digest)
        account = await press_pages.account_at(session, run_id, row.number)
        one = (await build_receipts(session, [account or 0], SEPTEMBER))[account or 0]
    assert one.receipt is not None
    filler = Filler("a4", LARGE_PERCENT if one.is_large_print else 100)
    filled = filler.fill(one.receipt, number_words(row.number), look_of(version.look))
    assert filled.digest == row.page_digest


async def test_who_asked_for_large_letters_gets_them(base: Database) -> None:
    run_id = await printed(base)

    async with base.reading() as session:
        rows = (
            await session.execute(
                text("""
            SELECT a.is_large_print, avg(p.leaves)::float AS leaves, count(p.page_digest) AS digests,
                   count(*) AS all
              FROM press_receipts p JOIN accounts a ON a.id = p.account_id
             WHERE p.run_id = :id AND p.problem IS NULL GROUP BY 1 ORDER BY 1"""),
                {"id": run_id},
            )
        ).all()

    assert [row.is_large_print for row in rows] == [False, True]
    assert rows[1].leaves > rows[0].leaves
    assert all(row.digests == row.all for row in rows)
