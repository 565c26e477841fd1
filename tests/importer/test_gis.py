"""The sheet «ГИС ЖКХ»: identifiers land on accounts of the file or of the base; bad ones are named."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from storage.engine import Database
from tests.importer.workbooks import check, good, load, xlsx


async def kept(base: Database) -> list[tuple[str, str | None, str | None]]:
    async with base.reading() as session:
        found = await session.execute(text("SELECT number, els, gis_id FROM accounts ORDER BY number"))
        return [tuple(row) for row in found]


async def test_identifiers_come_with_the_accounts_and_later_alone(base: Database) -> None:
    rows = good()
    rows["gis"] = [{"account": "910002", "els": "00АБ000022", "gis": "00АБ000022-01"}]
    first = await load(base, xlsx(rows))

    second = await load(base, xlsx({"gis": [{"account": "910001", "gis": "00АБ000011-02"}]}), "гис.xlsx")

    assert (first.state, second.state) == ("imported", "imported")
    assert await kept(base) == [
        ("910001", "00АБ000011", "00АБ000011-02"),
        ("910002", "00АБ000022", "00АБ000022-01"),
    ]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"account": "910002", "els": "12345"}, "две заглавные русские буквы"),
        ({"account": "910002", "gis": "00АБ000022"}, "дефис и две цифры"),
        ({"account": "910002", "els": "00АБ000022", "gis": "00АБ000033-01"}, "начинается с ЕЛС"),
        ({"account": "910002", "els": "00АБ000011"}, "уже у счёта 910001"),
        ({"account": "777"}, "Впишите ЕЛС или ИД ЖКУ"),
        ({"account": "777", "els": "00АБ000044"}, "Такого счёта у вашей организации нет"),
    ],
)
async def test_a_bad_identifier_is_named(base: Database, row: dict[str, str], words: str) -> None:
    await load(base, xlsx(good()))

    report = await check(base, {"gis": [row]})

    assert any(words in one.message and one.sheet == "ГИС ЖКХ" for one in report.verdicts), report.verdicts
