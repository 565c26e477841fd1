"""Rows of the workbook as values of ours, and the one way to say that a row is bad."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from storage.importer import sheets
from storage.importer.cells import CellError, as_text, parse
from storage.importer.files import RawRow, RawSheet
from storage.importer.sheets import SHEETS, Sheet
from storage.importer.verdicts import Counts, Report, Verdict
from storage.natural import search_form


@dataclass(slots=True)
class Row:
    """A row of a sheet. values by key of the column, None where the cell is empty; id once it is known."""

    sheet: Sheet
    number: int
    raw: dict[str, Any]
    values: dict[str, Any]
    report: Report
    is_bad: bool = False
    id: int | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Any:
        return self.values[key]

    def refuse(self, key: str | None, message: str) -> None:
        """A verdict on a cell (or on the row as a whole)."""
        title = None if key is None else self.sheet.column(key).title
        value = None if title is None else as_text(self.raw.get(title))
        self.report.add(Verdict(self.sheet.title, self.number, title, value, message))
        self.is_bad = True


class Book:
    """Good and bad rows by sheet; a sheet that is not in the file has none."""

    def __init__(self, raw: list[RawSheet], report: Report) -> None:
        self.report = report
        self._rows: dict[str, list[Row]] = {sheet.key: [] for sheet in SHEETS}
        for one in raw:
            report.sheets[one.sheet.title] = Counts()
            if _has_header(one, report):
                self._rows[one.sheet.key] = self._parse(one)

    def rows(self, sheet: Sheet) -> list[Row]:
        """All rows of a sheet that were read."""
        return self._rows[sheet.key]

    def good(self, sheet: Sheet) -> list[Row]:
        """Rows nothing is wrong with so far."""
        return [row for row in self._rows[sheet.key] if not row.is_bad]

    def counts(self, sheet: Sheet) -> Counts:
        return self.report.sheets.setdefault(sheet.title, Counts())

    def _parse(self, raw: RawSheet) -> list[Row]:
        rows = [self._row(raw.sheet, one) for one in raw.rows if not _is_example(one)]
        self.report.sheets[raw.sheet.title].rows = len(rows)
        return rows

    def _row(self, sheet: Sheet, raw: RawRow) -> Row:
        row = Row(sheet, raw.number, raw.cells, {}, self.report)
        for column in sheet.columns:
            cell = raw.cells.get(column.title)
            row.values[column.key] = None
            if cell is None:
                if column.required:
                    example = f", например {column.example}" if column.example else ""
                    row.refuse(column.key, f"Не заполнено. Впишите{example}.")
                continue
            try:
                row.values[column.key] = parse(column, cell)
            except CellError as error:
                row.refuse(column.key, str(error))
        return row


def _has_header(raw: RawSheet, report: Report) -> bool:
    """Verdicts on the header; rows of a sheet without its columns are not judged one by one."""
    title = raw.sheet.title
    for name in raw.unknown:
        message = f"Столбца «{name}» мы не знаем. Проверьте название по образцу или удалите столбец."
        report.add(Verdict(title, raw.header_row, name, name, message))
    for name in raw.missing:
        message = f"Нет столбца «{name}», без него строки не загрузить. Добавьте его, как в образце."
        report.add(Verdict(title, raw.header_row, name, None, message))
    return not raw.missing


def _is_example(raw: RawRow) -> bool:
    note = raw.cells.get(sheets.NOTE.title)
    return isinstance(note, str) and search_form(note).startswith(sheets.EXAMPLE_MARK)


def refuse_twins(rows: Iterable[Row], keys: tuple[str, ...], what: str) -> None:
    """The same thing twice in a file: the later row is refused and names the earlier one."""
    seen: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = tuple(search_form(v) if isinstance(v, str) else v for v in (row[name] for name in keys))
        first = seen.setdefault(key, row)
        if first is not row:
            row.refuse(keys[-1], f"{what} уже есть в строке {first.number}. Оставьте одну из двух строк.")
