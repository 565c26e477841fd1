"""YAML as cells that know file, line and path: a refusal says where, what is wrong and what is allowed.

Every scalar is text: «6.935» is never a float, with quotes or without. Decimals take a comma or a dot.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NoReturn, TypeVar

import yaml

from billing.period import Period
from billing.quantity import parse_scaled

T = TypeVar("T")

NONE = frozenset({"", "~", "null", "none", "нет"})
FLAGS = {"true": True, "yes": True, "да": True, "false": False, "no": False, "нет": False}
MERGE = "<<"
_NUMBER = re.compile(r"^\s*([+\-−]?[\d\s]+(?:[.,]\d+)?)\s*(.*?)\s*$")
_FRACTION = re.compile(r"^\s*([+\-−]?\d+)\s*/\s*(\d+)\s*$")
_DIGITS = re.compile(r"^[+\-−]?\d{1,18}$")
QUANTITY_MAX = 10**15  # in units of the integer: far above any city, far below 64 bits
FIRST_YEAR, LAST_YEAR = 1900, 2199


class CaseError(ValueError):
    """A case that cannot be read: the message names file, line, case, key, fault and cure."""


@dataclass(slots=True)
class Place:
    """Where a cell stands: file, and the name of the case once it is known."""

    file: str
    case: str = ""


@dataclass(frozen=True, slots=True)
class Unit:
    """How a quantity is written: scale of the integer, its name, spellings of the unit and an example."""

    scale: int
    name: str
    spellings: tuple[str, ...]
    example: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A node of the file with its path."""

    node: yaml.Node
    path: str
    place: Place = field(repr=False)

    def fail(self, message: str) -> NoReturn:
        case = f"случай «{self.place.case}» · " if self.place.case else ""
        path = f"{self.path}: " if self.path else ""
        raise CaseError(f"{self.place.file}:{self.node.start_mark.line + 1} · {case}{path}{message}")

    # ---- shape -----------------------------------------------------------------------------------

    @property
    def is_scalar(self) -> bool:
        return isinstance(self.node, yaml.ScalarNode)

    @property
    def is_map(self) -> bool:
        return isinstance(self.node, yaml.MappingNode)

    @property
    def is_list(self) -> bool:
        return isinstance(self.node, yaml.SequenceNode)

    @property
    def is_none(self) -> bool:
        return self.is_scalar and str(self.node.value).strip().lower() in NONE

    def fields(self, allowed: Iterable[str], required: Iterable[str] = ()) -> dict[str, Cell]:
        """Cells by key; an unknown, repeated or missing key is refused with the list of what is allowed."""
        names = tuple(allowed)
        cells = self.entries()
        for key, cell in cells.items():
            if key not in names:
                near = difflib.get_close_matches(key, names, 1)
                hint = f" Похоже на «{near[0]}»." if near else ""
                cell.fail(f"такого ключа нет.{hint} Можно: {', '.join(names)}.")
        for key in required:
            if key not in cells:
                self.fail(f"нет ключа «{key}». Нужны: {', '.join(required)}.")
        return cells

    def entries(self, inside: tuple[yaml.Node, ...] = ()) -> dict[str, Cell]:
        """Cells by any key, in order; `<<` brings in the keys of another mapping that are not given here."""
        if self.node in inside:
            self.fail("«<<» ссылается на само себя.")
        if not isinstance(self.node, yaml.MappingNode):
            self.fail("здесь нужны ключи со значениями («ключ: значение»).")
        own: dict[str, Cell] = {}
        merged: dict[str, Cell] = {}
        for key_node, value in self.node.value:
            key = str(key_node.value)
            if key == MERGE:
                for part in Cell(value, self.path, self.place).items():
                    merged |= part.entries((*inside, self.node))
            elif key in own:
                own[key].fail("ключ повторён. Оставьте один.")
            else:
                own[key] = Cell(value, f"{self.path}.{key}" if self.path else key, self.place)
        return {k: v for k, v in merged.items() if k not in own} | own

    def items(self) -> list[Cell]:
        """Items of a list; a single value is a list of one."""
        if isinstance(self.node, yaml.SequenceNode):
            return [
                Cell(node, f"{self.path}[{at}]", self.place) for at, node in enumerate(self.node.value, 1)
            ]
        return [self]

    # ---- values ----------------------------------------------------------------------------------

    def text(self) -> str:
        if not isinstance(self.node, yaml.ScalarNode):
            self.fail("здесь нужно одно значение, а не список и не ключи.")
        return str(self.node.value).strip()

    def integer(self, least: int = 0, most: int = 2**31 - 1) -> int:
        text = self.text()
        if not _DIGITS.match(text) or not least <= (value := int(text.replace("−", "-"))) <= most:
            self.fail(f"«{text}» не подходит. Нужно целое число от {least} до {most}.")
        return value

    def quantity(self, unit: Unit, signed: bool = False) -> int:
        """Exact integer at the unit's scale; a written unit must be the right one."""
        text = self.text()
        match = _NUMBER.match(text)
        if match is None:
            self.fail(f"«{text}» — не число. Нужно {unit.name}, например {unit.example}.")
        number, written = match.groups()
        if written and written.lower().replace(" ", "") not in unit.spellings:
            self.fail(f"единица «{written}» не подходит. Нужно {unit.name}, например {unit.example}.")
        try:
            value = parse_scaled(number, unit.scale)
        except ValueError as error:
            self.fail(f"{error}. Нужно {unit.name}, например {unit.example}.")
        if abs(value) > QUANTITY_MAX:
            self.fail(f"«{text}» — слишком большое число. Нужно {unit.name}, например {unit.example}.")
        if value < 0 and not signed:
            self.fail(f"«{text}» меньше нуля. Нужно {unit.name}, например {unit.example}.")
        return value

    def fraction(self) -> Fraction:
        """«10/3» or a decimal."""
        text = self.text()
        match = _FRACTION.match(text)
        if match is not None and int(match.group(2)) > 0:
            return Fraction(int(match.group(1).replace("−", "-")), int(match.group(2)))
        try:
            return Fraction(text.replace(",", ".").replace("−", "-").replace(" ", ""))
        except (ValueError, ZeroDivisionError):
            self.fail(f"«{text}» — не число. Запишите десятичной дробью (6.935) или дробью (10/3).")

    def date(self) -> dt.date:
        text = self.text()
        try:
            day = dt.date.fromisoformat(text)
        except ValueError:
            self.fail(f"«{text}» — не дата. Запишите как 2026-03-15.")
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            self.fail(f"«{text}» — дата не нашего времени. Годы идут от {FIRST_YEAR} до {LAST_YEAR}.")
        return day

    def month(self, text: str | None = None) -> Period:
        """A month; `text` is given where it is the key of this cell."""
        try:
            period = Period.parse(self.text() if text is None else text)
        except ValueError as error:
            self.fail(str(error))
        if not FIRST_YEAR <= period.year <= LAST_YEAR:
            self.fail(f"«{period}» — месяц не нашего времени. Годы идут от {FIRST_YEAR} до {LAST_YEAR}.")
        return period

    def flag(self) -> bool:
        text = self.text().lower()
        if text not in FLAGS:
            self.fail(f"«{text}» не подходит. Можно: true или false.")
        return FLAGS[text]

    def choice(self, values: Mapping[str, T]) -> T:
        """Value by its name, in any case."""
        text = self.text()
        if text.lower() not in values:
            near = difflib.get_close_matches(text.lower(), values, 1)
            hint = f" Похоже на «{near[0]}»." if near else ""
            self.fail(f"«{text}» не подходит.{hint} Можно: {', '.join(values)}.")
        return values[text.lower()]


def read_cells(text: str, file: str) -> list[Cell]:
    """Top-level cells of a file: the items of its list, or of its `cases`, or the one case it is."""
    place = Place(file)
    try:
        node = yaml.compose(text, yaml.BaseLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        problem = getattr(error, "problem", None) or str(error)
        raise CaseError(f"{file}:{line} · файл не читается как YAML: {problem}") from None
    if node is None:
        raise CaseError(f"{file}:1 · файл пуст. Нужен список случаев, см. docs/law-cases.md.")
    cell = Cell(node, "", place)
    if cell.is_map and "cases" in (entries := cell.entries()):
        cell = entries["cases"]
    return [Cell(item.node, "", Place(file)) for item in cell.items()]
