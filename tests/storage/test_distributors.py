"""Distributors of heat: kept by year and house, read with what the year cost, refused below half of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from billing.basis import Basis
from billing.period import Period
from storage import distributors
from storage.engine import Database
from storage.people import Deed, PeopleRefused
from tests.storage import small_city
from tests.storage.run_steps import ANNA, EVERYTHING
from tests.storage.test_heat_past import billed, connection, read
from tests.support.services import TestDatabase

__all__ = ["connection"]  # a fixture

LINE = """
INSERT INTO lines (run_id, account_id, company_id, supplier_id, service, component, basis, kind, first_day,
days, volume_num, volume_den, rate, amount_kopecks, surcharge_kopecks, raised_num, a, b)
SELECT $1, id, 3, 4, 4, 0, 32, 0, 1, 31, 1, 1, 1, 10000, 0, 0, 0, 0 FROM accounts WHERE house_id = 1"""
DEED = Deed(ANNA, "Акт снятия показаний № 3")


async def year(connection: Any, first: int = 1, last: int = 20) -> None:
    """House 1 paid 100 RUB each in January 2025; account 1 of those read showed four times the others."""
    await connection.execute(
        "INSERT INTO coefficients (key, value_permille, document, valid_from) "
        "VALUES ('heating_fix_month', 10000, 'Решение', '2020-01-01')"
    )
    await read(connection, 900, {"2026-10": 10}, ("2026-09", 0))
    await connection.execute("CREATE TABLE lines_100 PARTITION OF lines FOR VALUES IN (100)")
    await connection.execute(
        "INSERT INTO runs (id, period, scope_kind, state, command_id, amount_kopecks) "
        "VALUES (100, '2025-01-01', 'city', 'published', 'c100', 10000)"
    )
    await connection.execute(LINE, 100)
    await connection.execute(
        "INSERT INTO heat_distributors (account_id, house_id, company_id, year, units_micro, ground) "
        "SELECT id, house_id, company_id, 2025, CASE WHEN id = 1 THEN 4000000 ELSE 1000000 END, 'Акт' "
        "FROM accounts WHERE house_id = 1 AND id BETWEEN $1 AND $2",
        first,
        last,
    )


async def test_the_year_is_divided_by_readings_and_the_house_pays_the_same(connection: Any) -> None:
    """Ten accounts, 1 000,00 RUB, 13 units: the first pays 307,69, the others 76,93 or 76,92."""
    await year(connection)

    block, lines, _ = await billed(connection)

    assert block.distributors is not None
    assert block.distributors.billed[:2].tolist() == [10_000, 10_000]
    mine = lines.basis == Basis.DISTRIBUTORS
    sums = dict(zip(lines.account_id[mine].tolist(), lines.amount_kopecks[mine].tolist(), strict=True))
    assert sums[1] == 30_769 - 10_000
    assert sorted(sums.values()) == [-2_308] * 6 + [-2_307] * 3 + [20_769]
    assert sum(sums.values()) == 0


async def test_few_distributors_park_their_accounts(connection: Any) -> None:
    await year(connection, 1, 5)

    _, lines, parked = await billed(connection)

    assert not (lines.basis == Basis.DISTRIBUTORS).any()
    assert {reason.name for at, (reason, _, _) in parked.reason.items() if at < 5} == {"FEW_DISTRIBUTORS"}


async def test_another_month_divides_nothing(connection: Any) -> None:
    await year(connection)
    await connection.execute("UPDATE coefficients SET value_permille = 1000 WHERE key = 'heating_fix_month'")

    block, _, _ = await billed(connection)

    assert block.distributors is None


@pytest.fixture
async def owner(fresh_database: TestDatabase) -> AsyncIterator[Database]:
    await small_city.build(fresh_database.url)
    opened = Database(fresh_database.url)
    yield opened
    await opened.close()


async def test_readings_of_a_house_are_kept_replaced_and_refused_below_half(owner: Database) -> None:
    async with owner.transaction(EVERYTHING) as session:
        house = await distributors.of_house(session, 1, 2025)
        assert house is not None
        everyone = {one.account_id: 1_000_000 for one in house.flats}
        assert await distributors.save(session, house, 2025, everyone, DEED) == 20
        kept = await distributors.of_house(session, 1, 2025)
        assert kept is not None
        assert await distributors.save(session, kept, 2025, {1: 5_000_000}, DEED) == 1
        again = await distributors.of_house(session, 1, 2025)
        assert again is not None
        assert (again.units_micro, again.is_enough) == (24_000_000, True)
        with pytest.raises(PeopleRefused, match="половине площади"):
            await distributors.save(session, again, 2025, dict.fromkeys(range(1, 16)), DEED)
        assert await distributors.save(session, again, 2025, dict.fromkeys(everyone), DEED) == 20


def test_the_year_before_a_month() -> None:
    assert [str(one) for one in distributors.year_of(Period.parse("2026-03"))] == ["2025-01", "2025-12"]
