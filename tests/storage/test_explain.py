"""The explanation for the terminal follows from the stored line, and says when it does not."""

import pytest
from sqlalchemy import text

from billing.basis import Basis
from billing.period import Period
from billing.services import CATALOGUE
from storage.engine import Database
from storage.explain import ExplainRefused, explain
from tests.storage import town

RATE = 45_6700  # 45,67 RUB
LINE = """
INSERT INTO lines (run_id, account_id, company_id, supplier_id, service, component, basis, kind, first_day,
days, volume_num, volume_den, rate, amount_kopecks, surcharge_kopecks, raised_num, a, b)
VALUES (1, 1, 1, 2, :service, 0, :basis, 0, 1, 31, :num, 1, :rate, :amount, 0, 0, :a, :b)"""


@pytest.fixture(autouse=True)
async def _charged(db: Database) -> None:
    await town.build(db)
    async with db.transaction() as session:
        for parent in ("lines", "run_accounts"):
            await session.execute(text(f"CREATE TABLE {parent}_1 PARTITION OF {parent} FOR VALUES IN (1)"))
        await session.execute(
            text(
                "INSERT INTO runs (id, period, scope_kind, state, command_id, law_version) "
                "VALUES (1, '2026-10-01', 'city', 'published', 'c', 'закон-1')"
            )
        )
        await session.execute(text("INSERT INTO run_accounts VALUES (1, 1, 1, 2, 30000, 0)"))
        await session.execute(
            text(
                "INSERT INTO tariffs (service, component, rate, document, valid_from) "
                "VALUES (1, 0, :rate, 'Приказ № 7', '2026-07-01')"
            ),
            {"rate": RATE},
        )
        for service, basis, num, amount, a, b in (
            (1, Basis.METER, 6_935_000, 316_72, 118_000_000, 124_935_000),
            (8, Basis.AREA, 54_300_000, 2479_88, 5430 * 31, 31),
        ):
            await session.execute(
                text(LINE),
                {
                    "service": service,
                    "basis": basis,
                    "num": num,
                    "rate": RATE,
                    "amount": amount,
                    "a": a,
                    "b": b,
                },
            )


async def test_line_is_told_with_its_numbers_and_papers(db: Database) -> None:
    told = await explain(db.url, "0012345", service="cold_water")
    (line,) = told.lines

    assert (told.period, told.total_kopecks, told.is_draft) == ("2026-10", 316_72, False)
    assert line.formula == "(124,935 − 118) × 45,67"
    assert {one.text: one.source for one in line.numbers}["45,67 ₽ за м³"] == "Приказ № 7"
    assert (line.law_version, line.agrees) == ("закон-1", True)
    assert CATALOGUE[1].label in str(told)
    assert line.clause in str(told)


async def test_all_lines_of_the_month_add_up(db: Database) -> None:
    told = await explain(db.url, "0012345", Period.parse("2026-10"))

    assert told.total_kopecks == sum(line.amount_kopecks for line in told.lines)
    assert [line.agrees for line in told.lines] == [True, True]
    assert told.as_dict()["lines"][0]["amount_kopecks"] == 316_72


async def test_line_that_does_not_follow_from_its_trace_is_told(db: Database) -> None:
    async with db.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE lines DISABLE TRIGGER USER"))
        await connection.execute(
            text("UPDATE lines SET amount_kopecks = amount_kopecks + 1 WHERE service = 1")
        )

    told = await explain(db.url, "0012345", service="cold_water")

    assert not told.lines[0].agrees
    assert "не следует из её данных" in str(told)


@pytest.mark.parametrize(
    ("account", "period", "service", "code"),
    [
        ("0000000", None, None, "unknown_account"),
        ("0012345", "2026-09", None, "no_lines"),
        ("0012345", None, "heating", "no_lines"),
        ("0012345", None, "magic", "unknown_service"),
        ("0012354", None, None, "nothing_published"),
    ],
)
async def test_nothing_to_tell_is_said_in_words(
    db: Database, account: str, period: str | None, service: str | None, code: str
) -> None:
    with pytest.raises(ExplainRefused) as caught:
        await explain(db.url, account, None if period is None else Period.parse(period), service)
    assert caught.value.code == code
