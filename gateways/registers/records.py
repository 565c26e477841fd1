"""Containers: any of them becomes records, each a line number, its text as written and cells by name.

Cells of text are named by their position from 1 («1», «2» …) and, with a header row, by their column; cells
of DBF, xlsx and XML by column, element or attribute.
"""

from __future__ import annotations

import csv
import fnmatch
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

from gateways.registers import dbf
from gateways.registers.encodings import decode
from gateways.registers.errors import RegisterRefused
from gateways.registers.profile import RegisterProfile

UNPACKED_BYTES_MAX = 200 * 1024 * 1024
LINE_CHARS_MAX = 20_000
CELLS_MAX = 2_000
TAIL = re.compile(r"([A-Za-zА-Яа-я_][\w.-]{0,60}):(.*)", re.S)
LINE_END = re.compile(r"\r\n|\n|\r")
ZIP = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a file before it is understood."""

    line: int
    raw: str
    cells: dict[str, str]


@dataclass(slots=True)
class Source:
    """A file being read: its encoding, what its head and its totals said, and its records in turn."""

    encoding: str
    heads: dict[str, str] = field(default_factory=dict)
    totals: list[tuple[int, dict[str, str]]] = field(default_factory=list)


def read(profile: RegisterProfile, content: bytes, source: Source) -> Iterator[Record]:
    """Records of a file; heads and totals are put into `source` on the way. Raises RegisterRefused."""
    body = _unpacked(profile, content)
    readers = {"text": _text, "fixed": _text, "dbf": _dbf, "xlsx": _xlsx, "xml": _xml}
    return readers[profile.container](profile, body, source)


def _unpacked(profile: RegisterProfile, content: bytes) -> bytes:
    """The file itself, or the one member of an archive that fits the mask."""
    if not content.startswith(ZIP) or profile.container == "xlsx":
        return content
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            fits = [
                one
                for one in archive.infolist()
                if not one.is_dir() and fnmatch.fnmatch(one.filename.lower(), profile.member.lower())
            ]
            if len(fits) != 1:
                raise RegisterRefused(
                    f"В архиве файлов реестра {len(fits)}, нужен один. Загрузите их по одному."
                )
            if fits[0].file_size > UNPACKED_BYTES_MAX:
                raise RegisterRefused("Файл в архиве больше 200 МБ. Разделите его на части.")
            with archive.open(fits[0]) as member:
                body = member.read(UNPACKED_BYTES_MAX + 1)
    except (zipfile.BadZipFile, RuntimeError, OSError, EOFError, NotImplementedError, ValueError) as error:
        if isinstance(error, RegisterRefused):
            raise
        raise RegisterRefused(
            "Архив не читается: он испорчен или под паролем. Возьмите его заново."
        ) from error
    if len(body) > UNPACKED_BYTES_MAX:
        raise RegisterRefused("Файл в архиве больше 200 МБ. Разделите его на части.")
    return body


# ---- text -------------------------------------------------------------------------------------------


def _text(profile: RegisterProfile, content: bytes, source: Source) -> Iterator[Record]:
    text, source.encoding = decode(content, profile.encoding)
    heads = [re.compile(rule.pattern) for rule in profile.heads]
    names: list[str] = []
    for number, raw in enumerate(LINE_END.split(text), 1):
        line = raw.rstrip("\r\n\x1a")
        if len(line) > LINE_CHARS_MAX:
            raise RegisterRefused(f"Строка {number} длиннее {LINE_CHARS_MAX} знаков: это не реестр.")
        for head in heads:
            found = head.search(line)
            if found:
                source.heads.update({name: value or "" for name, value in found.groupdict().items()})
        if number <= profile.skip or not line.strip():
            continue
        if _is_totals(profile, line, source) or line.startswith(tuple(profile.comments)):
            continue
        if line.startswith(tuple(profile.ends)):
            return
        if profile.header_row and not names:
            names = [name.strip() for name in _split(profile, line)]
            continue
        if profile.row_prefix and not line.startswith(profile.row_prefix):
            raise RegisterRefused(
                f"Строка {number} начинается не так, как строки этого реестра: «{line[:30]}». "
                "Проверьте, тот ли это профиль."
            )
        yield Record(number, line, _cells(profile, line, names))


def _is_totals(profile: RegisterProfile, line: str, source: Source) -> bool:
    for index, rule in enumerate(profile.totals):
        if rule.prefix and line.startswith(rule.prefix):
            parts = _split(profile, line[len(rule.prefix) :])
            source.totals.append((index, {str(at): part.strip() for at, part in enumerate(parts, 1)}))
            return True
    return False


def _split(profile: RegisterProfile, line: str) -> list[str]:
    if profile.quoted and len(profile.delimiter) == 1:
        try:
            return next(csv.reader([line], delimiter=profile.delimiter, strict=True), [])
        except csv.Error:
            return line.split(profile.delimiter)
    return line.split(profile.delimiter)


def _cells(profile: RegisterProfile, line: str, names: list[str]) -> dict[str, str]:
    if profile.container == "fixed":
        return {
            name: line[rule.fixed[0] - 1 : rule.fixed[0] - 1 + rule.fixed[1]].strip()
            for name, rule in profile.fields.items()
            if rule.fixed is not None
        }
    parts = _split(profile, line)[:CELLS_MAX]
    cells = {str(at): part.strip() for at, part in enumerate(parts, 1)}
    cells |= {name: part.strip() for name, part in zip(names, parts, strict=False) if name}
    if profile.tail:
        for part in parts:
            named = TAIL.fullmatch(part.strip())
            if named:
                cells.setdefault(named[1], named[2].strip())
    return cells


# ---- tables -----------------------------------------------------------------------------------------


def _dbf(profile: RegisterProfile, content: bytes, source: Source) -> Iterator[Record]:
    source.encoding = profile.encoding
    for number, cells in dbf.rows(content, profile.encoding):
        yield Record(number, "; ".join(f"{name}={value}" for name, value in cells.items() if value), cells)


def _xlsx(profile: RegisterProfile, content: bytes, source: Source) -> Iterator[Record]:
    from openpyxl import load_workbook

    source.encoding = "xlsx"
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(one.file_size for one in archive.infolist()) > UNPACKED_BYTES_MAX:
                raise RegisterRefused("Таблица больше 200 МБ в распакованном виде. Разделите её на части.")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        names: list[str] = []
        for number, values in enumerate(book.worksheets[0].iter_rows(values_only=True), 1):
            parts = [_written(value) for value in values[:CELLS_MAX]]
            if number <= profile.skip or not any(parts):
                continue
            if profile.header_row and not names:
                names = [part.strip() for part in parts]
                continue
            cells = {str(at): part for at, part in enumerate(parts, 1)}
            cells |= {name: part for name, part in zip(names, parts, strict=False) if name}
            yield Record(number, "; ".join(part for part in parts if part), cells)
        book.close()
    except RegisterRefused:
        raise
    except Exception as error:  # a broken workbook fails in many ways, all of them mean the same
        raise RegisterRefused("Таблица не читается. Сохраните её заново в виде xlsx.") from error


def _written(value: Any) -> str:
    """A cell as it would be typed; a number of a sheet is binary, so it is written by its shortest form."""
    if value is None:
        return ""
    if isinstance(value, float):
        return format(Decimal(repr(value)).normalize(), "f")
    return str(value).strip()


# ---- XML --------------------------------------------------------------------------------------------


def _xml(profile: RegisterProfile, content: bytes, source: Source) -> Iterator[Record]:
    """A record an element `row_element`: its attributes and children by name, those of the elements around
    it as «parent.name».
    """
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content or "<!DOCTYPE".encode("utf-16-le") in content:
        raise RegisterRefused("В XML описаны сущности (DOCTYPE): такие файлы не читаются из осторожности.")
    source.encoding = "xml"
    around: list[ET.Element] = []
    number = 0
    try:
        for event, element in ET.iterparse(io.BytesIO(content), events=("start", "end")):  # noqa: S314
            tag = _bare(element.tag)
            if event == "start":
                around.append(element)
                if len(around) > 100:
                    raise RegisterRefused("XML вложен глубже ста уровней: это не реестр.")
                continue
            around.pop()
            for index, rule in enumerate(profile.totals):
                if rule.element == tag:
                    source.totals.append((index, _inside(element)))
            if tag == profile.row_element:
                number += 1
                yield Record(
                    number, ET.tostring(element, encoding="unicode")[:LINE_CHARS_MAX], _of(element, around)
                )
                if around:
                    around[-1].remove(element)
    except ET.ParseError as error:
        raise RegisterRefused(f"XML испорчен или обрезан: {error}. Возьмите файл заново.") from error


def _bare(tag: str) -> str:
    return tag.rpartition("}")[2]


def _inside(element: ET.Element) -> dict[str, str]:
    cells = {_bare(child.tag): (child.text or "").strip() for child in element}
    return cells | {_bare(name): value.strip() for name, value in element.attrib.items()}


def _of(element: ET.Element, around: list[ET.Element]) -> dict[str, str]:
    cells: dict[str, str] = {}
    for outer in around:
        tag = _bare(outer.tag)
        cells |= {f"{tag}.{name}": value for name, value in _inside(outer).items()}
    return cells | _inside(element)
