"""Distributors of heat from a workbook: the register, readings of a year added up by factors, bad rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from storage.engine import Database
from tests.importer.test_bad_rows import Case, add, put, twin
from tests.importer.workbooks import Rows, check, good, load, xlsx

REGISTER, READINGS = "Распределители", "Показания распределителей"
ACT = "Акт снятия показаний № 3"


def device(account: str, serial: str, factor: str, **values: Any) -> dict[str, Any]:
    return {"account": account, "serial": serial, "factor": factor, "installed": "15.09.2024"} | values


def reading(account: str, serial: str | None, value: str, **values: Any) -> dict[str, Any]:
    return {"account": account, "serial": serial, "year": 2025, "value": value, "ground": ACT} | values


def rows() -> Rows:
    """Flat 1 has two distributors, flat 2 one: 1000 × 1,25 + 500 × 0,8 = 1650 and 700 × 1."""
    return good() | {
        "distributors": [
            device("910001", "РТ-1", "1,25", place="комната"),
            device("910001", "РТ-2", "0,8"),
            device("910002", "РТ-3", "1"),
        ],
        "distributor_readings": [
            reading("910001", "РТ-1", "1000"),
            reading("910001", "РТ-2", "500"),
            reading("910002", "РТ-3", "700"),
        ],
    }


async def kept(base: Database) -> list[tuple[Any, ...]]:
    """Units of every year by account, the current ones."""
    async with base.reading() as session:
        found = await session.execute(
            text(
                "SELECT a.number, d.year, d.units_micro / 1000000, d.parts, d.ground "
                "FROM heat_distributors d JOIN accounts a ON a.id = d.account_id "
                "WHERE d.superseded_at IS NULL ORDER BY 1, 2"
            )
        )
        return [tuple(row) for row in found]


async def count(base: Database, table: str) -> int:
    async with base.reading() as session:
        return int(await session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


async def test_readings_are_added_up_by_factors_and_kept_with_what_they_are_made_of(base: Database) -> None:
    report = await load(base, xlsx(rows()))

    assert (report.state, report.verdicts) == ("imported", [])
    assert (report.sheets[REGISTER].added, report.sheets[READINGS].added) == (3, 3)
    assert await kept(base) == [
        ("910001", 2025, 1650, {"РТ-1": [1_000_000_000, 1_250_000], "РТ-2": [500_000_000, 800_000]}, ACT),
        ("910002", 2025, 700, {"РТ-3": [700_000_000, 1_000_000]}, ACT),
    ]


async def test_the_same_rows_change_nothing_and_another_reading_supersedes_the_sum(base: Database) -> None:
    await load(base, xlsx(rows()))
    same = await load(base, xlsx(rows() | {"balances": []}), "другая.xlsx")
    changed = rows()
    changed["distributor_readings"] = [reading("910001", "РТ-2", "600")]

    report = await load(base, xlsx(changed))

    assert (same.sheets[REGISTER].unchanged, same.sheets[READINGS].unchanged) == (3, 3)
    assert report.sheets[READINGS].changed == 1
    assert (await kept(base))[0][2] == 1730, "the other distributor of the flat keeps its reading"
    assert await count(base, "heat_distributors") == 3
    assert await count(base, "distributor_devices") == 3


async def test_a_removed_distributor_and_another_factor_are_new_rows_of_the_register(base: Database) -> None:
    await load(base, xlsx(rows()))
    changed = rows()
    changed["distributors"] = [
        device("910001", "РТ-2", "0,8", removed="31.12.2024"),
        device("910001", "РТ-1", "1,5"),
    ]
    changed["distributor_readings"] = [reading("910001", "РТ-1", "1000")]

    report = await load(base, xlsx(changed))

    assert (report.state, report.sheets[REGISTER].changed) == ("imported", 2)
    assert (await kept(base))[0][2] == 1500
    assert await count(base, "distributor_devices") == 5


async def test_a_sum_of_premises_needs_no_register(base: Database) -> None:
    plain = good() | {
        "distributor_readings": [reading("910001", None, "1650"), reading("910002", None, "700")]
    }

    report = await load(base, xlsx(plain))

    assert report.state == "imported"
    assert [row[:4] for row in await kept(base)] == [
        ("910001", 2025, 1650, None),
        ("910002", 2025, 700, None),
    ]


CASES = (
    Case(
        "no factor", put("distributors", 0, factor=None), REGISTER, 2, "Коэффициент прибора", "Не заполнено"
    ),
    Case(
        "zero factor", put("distributors", 0, factor="0"), REGISTER, 2, "Коэффициент прибора", "больше нуля"
    ),
    Case(
        "not a factor", put("distributors", 0, factor="К"), REGISTER, 2, "Коэффициент прибора", "не коэффиц"
    ),
    Case("twice", twin("distributors", 0), REGISTER, 5, "Номер распределителя", "уже есть в строке 2"),
    Case("no account", put("distributors", 0, account="5"), REGISTER, 2, "Лицевой счёт", "Такого счёта нет"),
    Case("not yet", put("distributors", 0, installed="01.11.2026"), REGISTER, 2, "Установлен", "не наступил"),
    Case("removed before", put("distributors", 0, removed="01.01.2020"), REGISTER, 2, "Снят", "раньше, чем"),
    Case("removed later", put("distributors", 0, removed="01.11.2026"), REGISTER, 2, "Снят", "не наступил"),
    Case("reading twice", twin("distributor_readings", 0), READINGS, 5, "Номер распределителя", "в строке 2"),
    Case("next year", put("distributor_readings", 0, year=2027), READINGS, 2, "Год", "ещё не начался"),
    Case("too early", put("distributor_readings", 0, year=2023), READINGS, 2, "Год", "его не было"),
    Case(
        "unknown",
        put("distributor_readings", 0, serial="РТ-9"),
        READINGS,
        2,
        "Номер распределителя",
        "нет ни",
    ),
    Case(
        "no reading", put("distributor_readings", 0, value=None), READINGS, 2, "Показание за год", "Не запол"
    ),
    Case("minus", put("distributor_readings", 0, value="-1"), READINGS, 2, "Показание за год", "меньше нуля"),
    Case(
        "one is missing",
        lambda rows: rows["distributor_readings"].pop(1),
        READINGS,
        2,
        "Номер распределителя",
        "Нет показаний № РТ-2",
    ),
    Case(
        "with and without serials",
        add("distributor_readings", **reading("910001", None, "1650")),
        READINGS,
        5,
        "Номер распределителя",
        "Оставьте одно",
    ),
    Case(
        "half of the area or less",
        lambda rows: rows["distributor_readings"].__delitem__(slice(0, 2)),
        READINGS,
        2,
        "Лицевой счёт",
        "не больше чем на половине площади",
    ),
    Case("closed", put("accounts", 0, closed="01.05.2026"), READINGS, 2, "Лицевой счёт", "Счёт закрыт"),
)


async def test_every_bad_row_gets_its_verdict_and_nothing_is_written(base: Database) -> None:
    assert (await check(base, rows())).ok

    wrong = []
    for case in CASES:
        spoilt = rows()
        case.spoil(spoilt)
        report = await check(base, spoilt)
        found = [(v.sheet, v.row, v.column) for v in report.verdicts if case.words in v.message]
        if (case.sheet, case.row, case.column) not in found or report.ok:
            wrong.append((case.name, report.verdicts))

    assert wrong == []
    assert (await count(base, "heat_distributors"), await count(base, "distributor_devices")) == (0, 0)
