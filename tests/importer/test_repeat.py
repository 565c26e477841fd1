"""Loading again: the same rows change nothing; other values merge into what is known by natural keys."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from storage.engine import Database
from tests.importer.test_bad_rows import counts
from tests.importer.workbooks import COMPANY, good, load, xlsx


async def rows_of(base: Database, sql: str, **values: Any) -> list[tuple[Any, ...]]:
    async with base.reading() as session:
        return [tuple(row) for row in (await session.execute(text(sql), values)).all()]


async def test_the_same_file_changes_nothing(base: Database) -> None:
    content = xlsx(good())
    first = await load(base, content)
    before = await counts(base)

    again = await load(base, content)

    assert (first.state, again.state) == ("imported", "unchanged")
    assert await counts(base) == before


async def test_the_same_rows_in_another_file_change_nothing(base: Database) -> None:
    await load(base, xlsx(good()))
    before = await counts(base)
    rows = good()
    rows["accounts"].reverse()
    rows["people"].reverse()

    again = await load(base, xlsx(rows), "другая.xlsx")

    assert again.state == "imported"
    assert all(c.added == c.changed == 0 and c.unchanged == c.rows for c in again.sheets.values())
    assert await counts(base) == before


async def test_known_house_flat_and_account_take_new_values_and_keep_their_ids(base: Database) -> None:
    await load(base, xlsx(good()))
    ids = await rows_of(base, "SELECT id, flat_id FROM accounts ORDER BY id")
    rows = good()
    rows["houses"][0]["year"] = 1988
    rows["accounts"][0]["phone"] = "+7 000 123-45-67"

    report = await load(base, xlsx(rows))

    assert (report.sheets["Дома"].changed, report.sheets["Счета"].changed) == (1, 1)
    assert await rows_of(base, "SELECT id, flat_id FROM accounts ORDER BY id") == ids
    assert await rows_of(base, "SELECT year_built FROM houses") == [(1988,)]


async def test_new_person_makes_a_new_stretch_of_facts_and_the_old_one_stays_superseded(
    base: Database,
) -> None:
    await load(base, xlsx(good()))
    rows = good()
    came = {"surname": "Пробин", "name": "Илья", "status": "зарегистрирован", "first": "10.10.2026"}
    rows["people"].append({"account": "910001", **came})

    await load(base, xlsx(rows))

    facts = await rows_of(
        base,
        "SELECT f.valid_from::text, f.valid_to::text, f.residents, f.superseded_at IS NULL AS is_current "
        "FROM account_facts f JOIN accounts a ON a.id = f.account_id WHERE a.number = '910001' "
        "ORDER BY f.superseded_at NULLS LAST, f.valid_from",
    )
    current = [row[:3] for row in facts if row[3]]
    assert current == [
        ("2016-06-01", "2016-07-01", 0),
        ("2016-07-01", "2026-10-10", 1),
        ("2026-10-10", None, 2),
    ]
    assert sum(not row[3] for row in facts) == 2


async def test_another_reading_supersedes_and_later_ones_are_derived_again(base: Database) -> None:
    await load(base, xlsx(good()))
    rows = good()
    rows["readings"][1]["value1"] = "215,7"

    report = await load(base, xlsx(rows))

    assert (report.sheets["Показания"].changed, report.sheets["Показания"].unchanged) == (1, 2)
    found = await rows_of(
        base,
        "SELECT period::text, value1_micro, prev1_micro, superseded_at IS NULL FROM readings "
        "ORDER BY period, id",
    )
    assert found[1:] == [
        ("2026-09-01", 214_700_000, 210_500_000, False),
        ("2026-09-01", 215_700_000, 210_500_000, True),
        ("2026-10-01", 219_000_000, 215_700_000, True),
    ]


async def test_opening_balance_is_posted_once_and_another_sum_is_refused(base: Database) -> None:
    await load(base, xlsx(good()))
    rows = good()
    rows["balances"][0]["amount"] = "99,00"

    report = await load(base, xlsx(rows))

    assert report.state == "refused"
    assert "1\u2009520,40" in report.verdicts[0].message
    posted = await rows_of(
        base,
        "SELECT e.kind, p.amount_kopecks, p.book FROM entries e JOIN postings p ON p.entry_id = e.id "
        "ORDER BY p.ordinal",
    )
    assert posted == [("opening", 152_040, 1), ("opening", -152_040, 9)]


async def test_house_of_another_company_is_refused(base: Database) -> None:
    await load(base, xlsx(good()))
    async with base.transaction() as session:
        await session.execute(text("UPDATE houses SET company_id = :other"), {"other": COMPANY + 1})
    rows = good()
    rows["houses"][0]["year"] = 1999

    report = await load(base, xlsx(rows))

    assert report.state == "refused"
    assert any("у другой организации" in verdict.message for verdict in report.verdicts)


async def test_zones_that_do_not_add_up_to_the_total_are_kept_aside_and_named(base: Database) -> None:
    rows = good()
    meter = {**rows["meters"][0], "service": "Свет", "serial": "Э-77", "zones": 2}
    meter |= {"initial1": "100", "initial2": "50"}
    rows["meters"].append(meter)
    given = {"service": "Свет", "serial": "Э-77", "month": "10.2026", "taken": "24.10.2026"}
    rows["readings"].append({**given, "value1": "150", "value2": "80", "total": "330"})

    report = await load(base, xlsx(rows))

    assert report.state == "imported", report.verdicts
    assert len(report.held) == 1
    asked = "SELECT rules FROM held_readings WHERE reading_id = ANY(:ids)"
    assert await rows_of(base, asked, ids=report.held) == [(["zone_sum"],)]


async def test_identifiers_of_the_state_system_are_kept_and_stay_a_pair(base: Database) -> None:
    await load(base, xlsx(good()))
    house, flat = "0C5B2444-70A0-4932-980C-B4DC0D3F02B5", "5e0c19a0-1cf3-4f0a-8c57-3a6a1a4f8a11"
    rows = good()
    rows["houses"][0]["fias"], rows["flats"][0]["fias"] = house, flat
    rows["accounts"][0]["gis_id"] = "00АБ000011-01"

    first = await load(base, xlsx(rows))
    again = await load(base, xlsx(rows), "другая.xlsx")
    rows["accounts"][0] |= {"els": "00АБ000099", "gis_id": None}
    alone = await load(base, xlsx(rows))
    rows["accounts"][0]["gis_id"] = "00АБ000099-01"
    pair = await load(base, xlsx(rows))

    assert {first.sheets[name].changed for name in ("Дома", "Квартиры", "Счета")} == {1}
    assert all(counted.changed == 0 for counted in again.sheets.values())
    assert [verdict.message for verdict in alone.verdicts] == [
        "У счёта ИД ЖКУ 00АБ000011-01, он от другого ЕЛС. Впишите и новый ИД ЖКУ."
    ]
    assert pair.state == "imported"
    assert await rows_of(base, "SELECT fias_id::text FROM houses") == [(house.lower(),)]
    assert await rows_of(base, "SELECT els, gis_id FROM accounts WHERE number = '910001'") == [
        ("00АБ000099", "00АБ000099-01")
    ]
