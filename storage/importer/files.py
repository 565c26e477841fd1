"""Opens what was sent (xlsx, csv, a zip or a folder of csv): sheets of raw cells, all within limits."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from storage.importer.cells import Formula
from storage.importer.sheets import BY_TITLE, SHEETS, Sheet
from storage.importer.verdicts import ImportRefused
from storage.natural import search_form

BYTES_MAX = 64 * 2**20
UNPACKED_MAX = 512 * 2**20  # of a zip or xlsx: what it unpacks to
ROWS_MAX = 300_000  # of one sheet
COLUMNS_MAX = 60
_UNIT = re.compile(r",\s*(?:м[²2?]?|₽|руб\.?|р\.?|\?)$")
_FORMULA = re.compile(rb"<f[ >/]")
HEADER_ROWS = 5  # the header stands among so many first rows

TEMPLATE_HINT = "Возьмите образец: paylogic import --template образец.xlsx"


@dataclass(frozen=True, slots=True)
class RawRow:
    """A row as it stands in the file: number counted from one, cells by title of the column."""

    number: int
    cells: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RawSheet:
    """A known sheet, the row of its header, unknown titles met there, and its rows."""

    sheet: Sheet
    header_row: int
    unknown: tuple[str, ...]
    missing: tuple[str, ...]
    rows: list[RawRow]


def read_path(path: Path) -> tuple[str, bytes]:
    """Name and bytes of a file; a folder of csv becomes a zip. Raises ImportRefused."""
    if path.is_dir():
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for one in sorted(path.glob("*.csv")):
                archive.writestr(zipfile.ZipInfo(one.name), one.read_bytes())
        return f"{path.name}.zip", packed.getvalue()
    if path.stat().st_size > BYTES_MAX:
        raise ImportRefused("too-large", _too_large(path.stat().st_size))
    return path.name, path.read_bytes()


def open_file(name: str, content: bytes) -> list[RawSheet]:
    """Known sheets in the order they are loaded. Raises ImportRefused when there is nothing to read."""
    if len(content) > BYTES_MAX:
        raise ImportRefused("too-large", _too_large(len(content)))
    found = {sheet.key: rows for sheet, rows in _tables(name, content)}
    if not found:
        titles = ", ".join(f"«{sheet.title}»" for sheet in SHEETS)
        raise ImportRefused("no-sheets", f"В файле нет ни одного нашего листа ({titles}). {TEMPLATE_HINT}.")
    return [_raw(sheet, found[sheet.key]) for sheet in SHEETS if sheet.key in found]


def _too_large(size: int) -> str:
    return f"Файл {size // 2**20} МБ, можно до {BYTES_MAX // 2**20} МБ. Разделите его, например по домам."


def _tables(name: str, content: bytes) -> Iterator[tuple[Sheet, list[list[Any]]]]:
    if zipfile.is_zipfile(io.BytesIO(content)):
        archive = zipfile.ZipFile(io.BytesIO(content))
        if sum(one.file_size for one in archive.infolist()) > UNPACKED_MAX:
            raise ImportRefused("too-large", f"Файл распаковывается больше чем в {UNPACKED_MAX // 2**20} МБ.")
        if any(one.filename.startswith("xl/") for one in archive.infolist()):
            yield from _from_xlsx(content)
        else:
            yield from _from_zip(archive)
        return
    sheet = BY_TITLE.get(search_title(Path(name).stem))
    if sheet is None:
        titles = ", ".join(f"{one.title}.csv" for one in SHEETS)
        raise ImportRefused(
            "unknown-file",
            f"«{name}» — не книга Excel (xlsx) и не csv с именем листа. "
            f"Сохраните как xlsx или назовите: {titles}.",
        )
    yield sheet, _csv(name, content)


def search_title(title: str) -> str:
    """Titles are compared without case and outer spaces."""
    return " ".join(title.strip().lower().split())


def _from_xlsx(content: bytes) -> Iterator[tuple[Sheet, list[list[Any]]]]:
    """Values as Excel last counted them; a formula without one stands as itself (Formula)."""
    formulas = dict(_pages(content, data_only=False)) if _has_formulas(content) else {}
    for title, rows in _pages(content, data_only=True):
        for row, told in zip(rows, formulas.get(title, ()), strict=False):
            for at, (cell, formula) in enumerate(zip(row, told, strict=False)):
                if cell is None and formula is not None:
                    row[at] = Formula(getattr(formula, "text", formula))
        yield BY_TITLE[title], rows


def _has_formulas(content: bytes) -> bool:
    """Whether any sheet has one: then, and only then, the file is read twice."""
    archive = zipfile.ZipFile(io.BytesIO(content))
    pages = [one for one in archive.namelist() if one.startswith("xl/worksheets/") and one.endswith(".xml")]
    return any(_FORMULA.search(archive.read(one)) for one in pages)


def _pages(content: bytes, *, data_only: bool) -> Iterator[tuple[str, list[list[Any]]]]:
    """Our sheets of a book: title as searched for, rows of cells."""
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=data_only)
    except (InvalidFileException, KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise ImportRefused(
            "broken-file", "Файл не открывается: он повреждён. Сохраните его в Excel заново."
        ) from error
    try:
        for page in book.worksheets:
            title = search_title(page.title)
            sheet = BY_TITLE.get(title)
            if sheet is None:
                continue
            rows: list[list[Any]] = []
            for number, row in enumerate(page.iter_rows(values_only=True, max_col=COLUMNS_MAX), 1):
                _limit(sheet, number)
                rows.append(list(row))
            yield title, rows
    finally:
        book.close()


def _from_zip(archive: zipfile.ZipFile) -> Iterator[tuple[Sheet, list[list[Any]]]]:
    for one in archive.infolist():
        sheet = BY_TITLE.get(search_title(Path(_name_in_zip(one)).stem))
        if sheet is not None and not one.is_dir():
            yield sheet, _csv(one.filename, archive.read(one))


def _name_in_zip(info: zipfile.ZipInfo) -> str:
    """Windows writes Russian names into a zip in cp866 without saying so."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("cp866")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return info.filename


def _csv(name: str, content: bytes) -> list[list[Any]]:
    """UTF-8 or Windows-1251; columns apart by «;», «,» or a tab, whichever the header has most of."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("cp1251")
        except UnicodeDecodeError:
            message = f"Не понять буквы файла «{name}». Сохраните его в UTF-8 или Windows-1251."
            raise ImportRefused("encoding", message) from None
    header = text.split("\n", 1)[0]
    delimiter = max(";,\t", key=header.count)
    sheet = BY_TITLE.get(search_title(Path(name).stem))
    rows: list[list[Any]] = []
    try:
        for number, row in enumerate(
            csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), 1
        ):
            if sheet is not None:
                _limit(sheet, number)
            rows.append([cell if cell.strip() else None for cell in row[:COLUMNS_MAX]])
    except csv.Error as error:
        raise ImportRefused(
            "broken-file", f"Файл «{name}», строка {len(rows) + 1}: кавычки не закрыты ({error})."
        ) from None
    return rows


def _limit(sheet: Sheet, number: int) -> None:
    if number > ROWS_MAX:
        message = f"На листе «{sheet.title}» больше {ROWS_MAX} строк. Разделите файл, например по домам."
        raise ImportRefused("too-many-rows", message)


def _raw(sheet: Sheet, rows: list[list[Any]]) -> RawSheet:
    """Find the header, then name every cell by its column."""
    known = {title_form(column.title): column.title for column in sheet.columns}
    best, header_at = -1, 0
    for at, row in enumerate(rows[:HEADER_ROWS]):
        matched = sum(title_form(_title(cell)) in known for cell in row)
        if matched > best:
            best, header_at = matched, at
    titles = [_title(cell) for cell in rows[header_at]] if rows else []
    names = [known.get(title_form(title), title) for title in titles]
    missing = tuple(c.title for c in sheet.columns if c.required and c.title not in names)
    unknown = tuple(title for title in titles if title and title_form(title) not in known)
    out = []
    for at, row in enumerate(rows[header_at + 1 :], header_at + 2):
        cells = {name: cell for name, cell in zip(names, row, strict=False) if name and not _is_empty(cell)}
        if cells:
            out.append(RawRow(at, cells))
    return RawSheet(sheet, header_at + 1, unknown, missing, out)


def title_form(title: str) -> str:
    """Titles are compared without case and units: Windows-1251 has neither «²» nor «₽»."""
    return _UNIT.sub("", search_form(title))


def _title(cell: Any) -> str:
    return str(cell).strip().rstrip("*").strip() if cell is not None else ""


def _is_empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())
