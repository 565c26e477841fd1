"""A list as a file people open: CSV for Excel (semicolons, comma decimals, BOM) and XLSX with numbers."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from urllib.parse import quote

import xlsxwriter
from fastapi import Response

from web.errors import NotFound

Cell = str | int | dt.date | None
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A text that begins so is taken for a formula by spreadsheets: it gets an apostrophe before it."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file: its head and what its cells are (text, integer, kopecks, date)."""

    title: str
    kind: str = "text"
    width: int = 16


def export(
    form: str,
    name: str,
    title: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Cell]],
    total: Sequence[Cell] | None = None,
) -> Response:
    """The file as a download; `form` is the end of the address. Raises NotFound for another form.

    total: the last row, where the page has one too.
    """
    if form == "csv":
        every = rows if total is None else chain(rows, [total])
        return _download(_csv(columns, every), f"{name}.csv", "text/csv; charset=utf-8")
    if form == "xlsx":
        return _download(_xlsx(title, columns, rows, total), f"{name}.xlsx", XLSX)
    raise NotFound


async def export_file(
    form: str,
    name: str,
    title: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Cell]],
    total: Sequence[Cell] | None = None,
) -> Response:
    """The same in a thread: a long list must not hold up everybody else's pages."""
    return await asyncio.to_thread(export, form, name, title, columns, rows, total)


def _download(content: bytes, name: str, media_type: str) -> Response:
    disposition = f"attachment; filename*=UTF-8''{quote(name)}"
    return Response(content, media_type=media_type, headers={"Content-Disposition": disposition})


def _csv(columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(column.title for column in columns)
    for row in rows:
        writer.writerow(_as_text(cell, column.kind) for cell, column in zip(row, columns, strict=True))
    return text.getvalue().encode("utf-8-sig")


def _as_text(cell: Cell, kind: str) -> str:
    if cell is None:
        return ""
    if isinstance(cell, dt.date):
        return f"{cell:%d.%m.%Y}"
    if kind == "kopecks":
        assert isinstance(cell, int), "money is integer kopecks"
        sign = "-" if cell < 0 else ""
        return f"{sign}{abs(cell) // 100},{abs(cell) % 100:02d}"
    text = str(cell)
    return f"'{text}" if kind == "text" and text.startswith(FORMULA_STARTS) else text


LOOKS = {"kopecks": "#,##0.00", "integer": "#,##0", "date": "dd.mm.yyyy", "text": "General"}
"""How cells of a kind look in XLSX."""


def _xlsx(
    title: str, columns: Sequence[Column], rows: Iterable[Sequence[Cell]], total: Sequence[Cell] | None
) -> bytes:
    target = io.BytesIO()
    book = xlsxwriter.Workbook(
        target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    sheet = book.add_worksheet("Список")
    bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    looks = {kind: book.add_format({"num_format": look}) for kind, look in LOOKS.items()}
    sheet.write_string(0, 0, title)
    for at, column in enumerate(columns):
        sheet.write_string(2, at, column.title, bold)
        sheet.set_column(at, at, column.width)
    last = 2
    for last, row in enumerate(rows, start=3):
        for at, (cell, column) in enumerate(zip(row, columns, strict=True)):
            _write(sheet, last, at, cell, column.kind, looks[column.kind])
    sheet.freeze_panes(3, 1)
    sheet.autofilter(2, 0, max(last, 3), len(columns) - 1)  # the total stays below, out of sorting
    for at, (cell, column) in enumerate(zip(total or (), columns, strict=total is not None)):
        look = book.add_format({"num_format": LOOKS[column.kind], "bold": True, "top": 1})
        _write(sheet, max(last, 3) + 1, at, cell, column.kind, look)
    book.close()
    return target.getvalue()


def _write(
    sheet: xlsxwriter.worksheet.Worksheet,
    row: int,
    at: int,
    cell: Cell,
    kind: str,
    look: xlsxwriter.format.Format,
) -> None:
    if cell is None:
        sheet.write_blank(row, at, None, look)
    elif isinstance(cell, dt.date):
        sheet.write_datetime(row, at, dt.datetime(cell.year, cell.month, cell.day), look)  # noqa: DTZ001
    elif kind == "kopecks":
        assert isinstance(cell, int), "money is integer kopecks"
        sheet.write_number(row, at, Decimal(cell) / 100, look)
    elif isinstance(cell, int):
        sheet.write_number(row, at, cell, look)
    else:
        sheet.write_string(row, at, cell, look)
