"""The empty workbook to fill: sheets with headers, an example row, notes and drop-down lists."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from storage.importer import sheets
from storage.importer.sheets import CHOICE, SERVICE, SHEETS, YES, Column, Sheet

LIST_ROWS = 5_000  # how far down the drop-downs reach
MADE_AT = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)  # fixed, so that the same rows make the same bytes
LISTS = "Списки"
HELP = "Как заполнять"
HELP_WORDS = (
    "Ненужные листы и необязательные столбцы можно оставить пустыми или удалить.",
    "Столбцы со звёздочкой обязательны. Наведите мышь на заголовок: там подсказка.",
    "Строки с примечанием «Пример» не загружаются.",
    "Числа пишите с запятой, даты — 31.12.2026, месяц — 10.2026.",
    "Файл загружается целиком или не загружается совсем. Повторная загрузка ничего не удваивает.",
)


def template() -> bytes:
    """The workbook as bytes of an xlsx."""
    return write_rows({})


def write_template(path: Path) -> None:
    """The workbook into a file."""
    path.write_bytes(template())


def write_rows(
    rows: dict[str, list[dict[str, Any]]], with_examples: bool = True, of: Sequence[Sheet] = SHEETS
) -> bytes:
    """A workbook with rows by key of the sheet, each by key of the column, as texts a person would type."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "default_date_format": "dd.mm.yyyy"})
    book.set_properties({"created": MADE_AT})
    head = book.add_format(
        {"bold": True, "bg_color": "#E8EEF7", "bottom": 1, "text_wrap": True, "valign": "top"}
    )
    grey = book.add_format({"italic": True, "font_color": "#8A8F98"})
    _help(book, of)
    lists = _Lists(book)
    for sheet in of:
        _sheet(book, sheet, rows.get(sheet.key, []), lists, head, grey if with_examples else None)
    lists.hide()
    book.close()
    return out.getvalue()


def _help(book: Any, of: Sequence[Sheet]) -> None:
    page = book.add_worksheet(HELP)
    page.set_column(0, 0, 22)
    page.set_column(1, 3, 46)
    bold = book.add_format({"bold": True})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    order = f"Заполните листы по порядку: {', '.join(sheet.title.lower() for sheet in of)}."
    for at, words in enumerate((order, *HELP_WORDS)):
        page.write(at, 0, words)
    at = len(HELP_WORDS) + 2
    for sheet in of:
        page.write(at, 0, sheet.title, bold)
        page.write(at, 1, sheet.note)
        for column in sheet.columns:
            at += 1
            page.write(at, 0, _heading(column), wrap)
            page.write(at, 1, _note(column), wrap)
            page.write(at, 2, f"Пример: {column.example}" if column.example else "", wrap)
        at += 2


class _Lists:
    """A hidden sheet with the words of drop-downs: Excel allows only 255 letters inside a cell's rule."""

    def __init__(self, book: Any) -> None:
        self._page = book.add_worksheet(LISTS)
        self._column = 0

    def add(self, words: list[str]) -> str:
        """Write a list, return the formula that names it."""
        letter = chr(ord("A") + self._column)
        self._page.write_column(0, self._column, words)
        self._column += 1
        return f"='{LISTS}'!${letter}$1:${letter}${len(words)}"

    def hide(self) -> None:
        self._page.hide()


def _sheet(book: Any, sheet: Sheet, rows: list[dict[str, Any]], lists: _Lists, head: Any, grey: Any) -> None:
    page = book.add_worksheet(sheet.title)
    page.freeze_panes(1, 0)
    for at, column in enumerate(sheet.columns):
        page.write(0, at, _heading(column), head)
        page.write_comment(0, at, _note(column))
        page.set_column(at, at, max(12, min(34, len(column.title) + 4)))
        words = _words(column)
        if words:
            page.data_validation(1, at, LIST_ROWS, at, {
                "validate": "list", "source": lists.add(words), "ignore_blank": True,
                "error_title": "Такого значения нет", "error_message": f"Выберите из списка: {column.title}.",
            })  # fmt: skip
    first = 1
    if grey is not None:
        for at, column in enumerate(sheet.columns):
            text = "Пример — удалите эту строку" if column is sheets.NOTE else column.example
            page.write_string(1, at, text, grey)
        first = 2
    for number, row in enumerate(rows, first):
        for at, column in enumerate(sheet.columns):
            value = row.get(column.key)
            if value is not None:
                page.write(number, at, value)


def _heading(column: Column) -> str:
    return f"{column.title} *" if column.required else column.title


def _note(column: Column) -> str:
    words = _words(column)
    parts = [column.note, f"Одно из: {', '.join(words)}." if words else ""]
    parts.append("Обязательно." if column.required else "Можно оставить пустым.")
    return " ".join(part for part in parts if part)


def _words(column: Column) -> list[str]:
    if column.kind == CHOICE:
        return list(column.choices)
    if column.kind == SERVICE:
        return list(sheets.SERVICE_WORDS)
    return ["да"] if column.kind == YES else []
