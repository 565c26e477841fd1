"""Last year of heat paid evenly, from readings and published lines to the line of its correction."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from billing.basis import Basis
from billing.period import Period
from tests.storage.test_heat_past import billed, connection, read

__all__ = ["connection"]  # a fixture

YEAR = [Period.parse(f"2025-{month:02}") for month in range(1, 13)]
OLD, NEW = 24_000_000, 24_801_500
LINE = """
INSERT INTO lines (run_id, account_id, company_id, supplier_id, service, component, basis, kind, first_day,
days, volume_num, volume_den, rate, amount_kopecks, surcharge_kopecks, raised_num, a, b)
VALUES ($1, 1, 3, 4, 4, 0, 82, 0, 1, $2, 1, 1, $3, 10000, 0, 0, 0, 0)"""


async def year(connection: Any, gap: bool = False) -> None:
    """House 1: 100 Gcal a month to June, 10 after; account 1 was charged 100 RUB each month of 2025."""
    await connection.execute("UPDATE houses SET heating_mode = 'uniform' WHERE id = 1")
    await connection.execute(
        "INSERT INTO coefficients (key, value_permille, document, valid_from) "
        "VALUES ('heating_fix_month', 10000, 'Решение', '2020-01-01')"
    )
    marks = {str(at): 100 * min(n + 1, 6) + 10 * max(n - 5, 0) for n, at in enumerate(YEAR)}
    if gap:
        del marks["2025-02"]
    await read(connection, 900, marks, ("2024-12", 0))
    for number, at in enumerate(YEAR):
        run = 100 + number
        await connection.execute(f"CREATE TABLE lines_{run} PARTITION OF lines FOR VALUES IN ({run})")
        await connection.execute(
            "INSERT INTO runs (id, period, scope_kind, state, command_id, amount_kopecks) "
            "VALUES ($1, $2, 'city', 'published', $3, 10000)",
            run,
            at.first_day,
            f"c{run}",
        )
        await connection.execute(LINE, run, at.days, OLD if number < 6 else NEW)


async def test_the_year_is_corrected_by_its_months_in_the_chosen_month(connection: Any) -> None:
    """40,1 of 500 m2: (600 Gcal at 2400,00 and 60 at 2480,15) less 12 × 100,00."""
    await year(connection)

    block, lines, parked = await billed(connection)

    assert block.heat_fix is not None
    assert block.heat_fix.due.tolist()[:2] == [True, False]
    mine = lines.basis == Basis.HEAT_YEAR_FIX
    assert lines.account_id[mine].tolist() == [1]
    cost = Fraction(4010, 50_000) * (600 * 240_000 + 60 * 248_015)
    assert (int(lines.a[mine][0]), int(lines.b[mine][0])) == (round(cost), 120_000)
    assert int(lines.amount_kopecks[mine][0]) == round(cost) - 120_000
    assert 0 not in parked.reason


async def test_volumes_are_compared_where_the_centre_chose_so(connection: Any) -> None:
    """40,1 of 500 m2 of 660 Gcal, at the tariff of October, less twelve lines of a micro-Gcal each."""
    await year(connection)
    await connection.execute(
        "INSERT INTO coefficients (key, value_permille, document, valid_from) "
        "VALUES ('choice_year_fix', 1, 'Решение', '2020-01-01')"
    )

    _, lines, _ = await billed(connection)

    mine = lines.basis == Basis.HEAT_YEAR_VOLUME
    used = round(Fraction(4010, 50_000) * 660 * 1_000_000)
    assert lines.account_id[mine].tolist() == [1]
    assert (int(lines.a[mine][0]), int(lines.b[mine][0])) == (used, 12)
    assert int(lines.volume_num[mine][0]) == used - 12
    assert not (lines.basis == Basis.HEAT_YEAR_FIX).any()


async def test_a_gap_of_readings_is_spread_evenly(connection: Any) -> None:
    await year(connection, gap=True)

    block, _, _ = await billed(connection)

    assert block.heat_fix is not None
    assert int(block.heat_fix.cost[0]) == 1_000_000 * (600 * OLD + 60 * NEW)


async def test_another_month_corrects_nothing(connection: Any) -> None:
    await year(connection)
    await connection.execute("UPDATE coefficients SET value_permille = 1000 WHERE key = 'heating_fix_month'")

    block, _, _ = await billed(connection)

    assert block.heat_fix is None
