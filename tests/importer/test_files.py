"""What may be sent: xlsx, csv in two encodings and with two delimiters, a zip, a folder; what is refused."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from storage.engine import Database
from storage.importer import ImportRefused, Report, files, run_import, template
from storage.importer.book import Book
from storage.importer.files import open_file
from storage.importer.sheets import SHEETS, Sheet
from storage.importer.template import write_rows
from tests.importer.workbooks import COMPANY, GOOD, TODAY, good, load, xlsx
from tests.support.services import TestDatabase


def csv_of(sheet: Sheet, delimiter: str = ";") -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow([column.title for column in sheet.columns])
    for row in GOOD.get(sheet.key, []):
        writer.writerow([row.get(column.key) for column in sheet.columns])
    return out.getvalue()


def encoded(text: str, encoding: str) -> bytes:
    """As Excel writes it: what the encoding has not becomes «2» or «?»."""
    return (
        text.replace("²", "2").encode(encoding, "replace") if encoding == "cp1251" else text.encode(encoding)
    )


def zip_of(encoding: str, delimiter: str = ";") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for sheet in SHEETS:
            archive.writestr(f"{sheet.title}.csv", encoded(csv_of(sheet, delimiter), encoding))
    return packed.getvalue()


def parsed(name: str, content: bytes) -> tuple[Book, Report]:
    report = Report(name, "")
    return Book(open_file(name, content), report), report


@pytest.mark.parametrize(("encoding", "delimiter"), [("utf-8", ","), ("utf-8-sig", ";"), ("cp1251", ";")])
def test_csv_reads_as_the_same_rows_as_xlsx(encoding: str, delimiter: str) -> None:
    from_csv, _ = parsed("город.zip", zip_of(encoding, delimiter))
    from_xlsx, report = parsed("город.xlsx", xlsx(good()))

    assert report.ok
    for sheet in SHEETS:
        assert [row.values for row in from_csv.rows(sheet)] == [row.values for row in from_xlsx.rows(sheet)]


def test_one_csv_is_a_sheet_by_its_name() -> None:
    book, report = parsed("Дома.csv", encoded(csv_of(SHEETS[0]), "cp1251"))

    assert report.ok
    assert book.rows(SHEETS[0])[0]["street"] == "ул. Пробная"


async def test_a_folder_of_csv_is_loaded(base: Database, tmp_path: Path) -> None:
    for sheet in SHEETS:
        (tmp_path / f"{sheet.title}.csv").write_text(csv_of(sheet), encoding="utf-8")

    result = await run_import(base.url, tmp_path, organisation_id=COMPANY, today=TODAY)

    assert result["ok"]
    assert result["state"] == "imported"
    assert result["sheets"]["Счета"]["added"] == 2


async def test_a_company_must_be_named_when_there_are_several(base: Database, tmp_path: Path) -> None:
    (tmp_path / "Дома.csv").write_text(csv_of(SHEETS[0]), encoding="utf-8")

    with pytest.raises(ImportRefused, match="--organisation"):
        await run_import(base.url, tmp_path / "Дома.csv", today=TODAY)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("письмо.docx", b"\xd0\xcf\x11\xe0", "не книга Excel"),
        ("книга.xlsx", xlsx(good())[:2_000], "не книга Excel"),
        ("пустая.zip", b"PK\x05\x06" + bytes(18), "ни одного нашего листа"),
        ("Дома.csv", b"\x98\xff\xfe", "Не понять буквы"),
        ("Дома.csv", 'Улица;Дом\r\n"ул. Лесная;1'.encode(), "кавычки не закрыты"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(name: str, content: bytes, words: str) -> None:
    with pytest.raises(ImportRefused, match=words):
        open_file(name, content)


def test_size_and_rows_have_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    content = xlsx(good())
    monkeypatch.setattr(files, "BYTES_MAX", 100)
    with pytest.raises(ImportRefused, match="можно до"):
        open_file("город.xlsx", content)
    monkeypatch.setattr(files, "BYTES_MAX", 10**9)
    monkeypatch.setattr(files, "ROWS_MAX", 2)
    with pytest.raises(ImportRefused, match="больше 2 строк"):
        open_file("город.xlsx", content)


def test_header_is_judged_by_name() -> None:
    content = "Улица;Дом;Этажность;Площадь помещений, м²\r\nул. Лесная;1;5;100\r\n".encode()

    _, report = parsed("Дома.csv", content)

    said = {(verdict.column, verdict.message.split(".")[0]) for verdict in report.verdicts}
    assert ("Этажность", "Столбца «Этажность» мы не знаем") in said
    assert ("Этажей", "Нет столбца «Этажей», без него строки не загрузить") in said


def test_template_has_every_sheet_notes_lists_and_an_example_that_is_not_loaded() -> None:
    content = template()

    book = load_workbook(io.BytesIO(content))
    assert [page.title for page in book.worksheets if page.sheet_state == "visible"][1:] == [
        s.title for s in SHEETS
    ]
    houses = book["Дома"]
    assert houses["B1"].value == "Улица *"
    assert "Обязательно" in houses["B1"].comment.text
    assert len(houses.data_validations.dataValidation) == 3
    parsed_book, report = parsed("образец.xlsx", content)
    assert report.ok
    assert all(parsed_book.rows(sheet) == [] for sheet in SHEETS)


def test_numbers_and_dates_of_excel_read_like_typed_ones() -> None:
    import datetime as dt

    rows = good()
    rows["houses"][0] |= {"area_total": 120.5, "floors": 5.0, "house": 3}
    rows["accounts"][0]["opened"] = dt.datetime(2016, 6, 1)  # noqa: DTZ001 - a cell has no zone
    rows["readings"][0]["value1"] = 210.5

    typed, _ = parsed("а.xlsx", xlsx(good()))
    native, report = parsed("б.xlsx", write_rows(rows, with_examples=False))

    assert report.ok
    for sheet in SHEETS:
        assert [row.values for row in native.rows(sheet)] == [row.values for row in typed.rows(sheet)]


async def test_workbook_opens_the_first_month_of_a_new_base(base: Database) -> None:
    from sqlalchemy import text

    async with base.transaction() as session:
        await session.execute(text("ALTER TABLE months DISABLE TRIGGER USER"))
        await session.execute(text("DELETE FROM months"))
        await session.execute(text("ALTER TABLE months ENABLE TRIGGER USER"))

    report = await load(base, xlsx(good()))

    assert report.state == "imported"
    async with base.reading() as session:
        opened = (await session.execute(text("SELECT period::text, state FROM months"))).all()
    assert [tuple(row) for row in opened] == [("2026-10-01", "open")]


@pytest.mark.parametrize("rows", [{}, {"houses": []}], ids=["examples alone", "no rows"])
async def test_workbook_without_rows_is_refused_and_opens_no_month(
    base: Database, rows: dict[str, list[dict[str, object]]]
) -> None:
    from sqlalchemy import text

    async with base.transaction() as session:
        await session.execute(text("ALTER TABLE months DISABLE TRIGGER USER"))
        await session.execute(text("DELETE FROM months"))
        await session.execute(text("ALTER TABLE months ENABLE TRIGGER USER"))

    with pytest.raises(ImportRefused, match="ни одной строки"):
        await load(base, template() if not rows else write_rows(rows, with_examples=False))

    async with base.reading() as session:
        assert await session.scalar(text("SELECT count(*) FROM months")) == 0
        assert await session.scalar(text("SELECT count(*) FROM imports")) == 0


def test_a_formula_nobody_counted_says_so_and_names_itself() -> None:
    """openpyxl writes formulas without values, as programs do that export workbooks."""
    book = load_workbook(io.BytesIO(xlsx(good())))
    cells = [cell for row in book["Квартиры"].iter_rows(max_row=5) for cell in row]
    title = next(cell for cell in cells if str(cell.value).startswith("Площадь, м"))
    book["Квартиры"][f"{get_column_letter(title.column or 0)}{int(title.row or 0) + 1}"] = "=50+2,4"
    spoiled = io.BytesIO()
    book.save(spoiled)

    _, report = parsed("город.xlsx", spoiled.getvalue())

    (verdict,) = report.verdicts
    assert verdict.sheet == "Квартиры"
    assert verdict.value == "=50+2,4"
    assert "посчитанного значения в файле нет" in verdict.message


@pytest.mark.parametrize("organisation", [None, 13])
async def test_an_empty_base_first_needs_reference_data(
    fresh_database: TestDatabase, tmp_path: Path, organisation: int | None
) -> None:
    (tmp_path / "Дома.csv").write_text(csv_of(SHEETS[0]), encoding="utf-8")

    with pytest.raises(ImportRefused, match="paylogic seed --reference"):
        await run_import(fresh_database.url, tmp_path, organisation_id=organisation, today=TODAY)
