"""Reads case files: every case of a file, or every fault of it at once, in words that name place and cure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from billing.lawcase.cells import CaseError, Cell, read_cells
from billing.lawcase.instalment import instalment_spec
from billing.lawcase.load_account import ACCOUNT_KEYS, account_of, meters_of
from billing.lawcase.load_expect import EXPECT_KEYS, expectation_of, services_of
from billing.lawcase.load_house import HouseLoader, season_of
from billing.lawcase.load_law import load_law
from billing.lawcase.load_penalty import penalty_spec
from billing.lawcase.model import Case, HouseSpec, Law
from billing.lawcase.overdue import overdue_spec
from billing.lawcase.subsidy import subsidy_spec
from billing.period import Period

CASE_KEYS = (
    "case",
    "period",
    "clause",
    "note",
    "covers",
    "source_wrong",
    "law",
    "house",
    "rest",
    "account",
    "meters",
    *EXPECT_KEYS,
)
PENALTY_CASE_KEYS = ("case", "clause", "note", "covers", "source_wrong", "penalty", "expect")
SUBSIDY_CASE_KEYS = ("case", "clause", "note", "covers", "source_wrong", "subsidy", "expect")
INSTALMENT_CASE_KEYS = ("case", "clause", "note", "covers", "source_wrong", "instalment", "expect")
OVERDUE_CASE_KEYS = ("case", "clause", "note", "covers", "source_wrong", "overdue", "expect")
SUBSIDY_PERIOD = Period.parse("2026-01")  # the values of the region are in the case itself
CASE_ACCOUNT = "счёт случая"
SUFFIXES = (".yaml", ".yml")
FILE_BYTES_MAX = 4 * 1024 * 1024


class CaseErrors(CaseError):
    """All faults found in the files."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors


def load_paths(paths: Iterable[Path]) -> list[Case]:
    """Cases of files and of all .yaml files under folders, in order of names."""
    cases: list[Case] = []
    errors: list[str] = []
    for path in paths:
        if not path.exists():
            errors.append(f"{path}: нет такого файла или папки. Проверьте путь.")
            continue
        found = (
            sorted(p for p in path.rglob("*") if p.suffix in SUFFIXES and p.is_file())
            if path.is_dir()
            else [path]
        )
        if not found:
            errors.append(f"{path}: в папке нет файлов .yaml со случаями.")
        for file in found:
            try:
                cases.extend(load_text(_read(file), str(file)))
            except CaseErrors as error:
                errors.extend(error.errors)
            except CaseError as error:
                errors.append(str(error))
    if errors:
        raise CaseErrors(errors)
    return cases


def _read(path: Path) -> str:
    if path.stat().st_size > FILE_BYTES_MAX:
        raise CaseError(
            f"{path}: файл больше {FILE_BYTES_MAX // 1024 // 1024} МиБ. Разделите случаи на файлы."
        )
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise CaseError(f"{path}: файл не в UTF-8. Сохраните его в UTF-8.") from None
    except OSError as error:
        raise CaseError(f"{path}: не читается: {error.strerror}.") from None


def load_text(text: str, file: str) -> list[Case]:
    """Cases of one file's text; CaseErrors with every faulty case, first fault of each."""
    cases: list[Case] = []
    errors: list[str] = []
    names: dict[str, int] = {}
    try:
        cells = read_cells(text, file)
    except CaseError as error:
        raise CaseErrors([str(error)]) from None
    for cell in cells:
        try:
            case = _case(cell)
            if case.name in names:
                cell.fail(f"случай с таким именем уже есть в строке {names[case.name]}. Назовите иначе.")
            names[case.name] = case.line
            cases.append(case)
        except CaseError as error:
            errors.append(str(error))
    if errors:
        raise CaseErrors(errors)
    return cases


def _case(cell: Cell) -> Case:
    if cell.is_map and (name := cell.entries().get("case")) is not None and name.is_scalar:
        cell.place.case = name.text()
    if cell.is_map and "penalty" in cell.entries():
        return _penalty_case(cell)
    if cell.is_map and "subsidy" in cell.entries():
        return _subsidy_case(cell)
    if cell.is_map and "instalment" in cell.entries():
        return _instalment_case(cell)
    if cell.is_map and "overdue" in cell.entries():
        return _overdue_case(cell)
    cells = cell.fields(CASE_KEYS, ("case", "period"))
    _named(cells)
    if "expect" not in cells and "parked" not in cells:
        cell.fail("нет ключа «expect» (ожидаемые строки) или «parked» (почему счёт отложен).")
    period = cells["period"].month()
    expectation = expectation_of(cells)
    season = season_of(cells.get("house"))
    meters = meters_of(cells.get("meters"), period, season)
    fields = cells["account"].fields(ACCOUNT_KEYS) if "account" in cells else {}
    account = replace(account_of(fields, CASE_ACCOUNT, meters), expect=expectation)
    loader = HouseLoader(cell, cells.get("house"), cells.get("rest"), load_law(cells.get("law")), period)
    house = loader.load(account, services_of(expectation))
    return Case(
        file=cell.place.file,
        line=cell.node.start_mark.line + 1,
        name=cell.place.case,
        period=period,
        house=house,
        clause=_text(cells, "clause"),
        note=_text(cells, "note"),
        covers=tuple(item.text() for item in cells["covers"].items()) if "covers" in cells else (),
        source_wrong=_text(cells, "source_wrong"),
    )


def _named(cells: dict[str, Cell]) -> None:
    if not cells["case"].text():
        cells["case"].fail("имя случая пусто. Напишите, что он проверяет.")


def _penalty_case(cell: Cell) -> Case:
    """A case about a penalty: no house, one debt."""
    cells = cell.fields(PENALTY_CASE_KEYS, ("case", "penalty", "expect"))
    _named(cells)
    spec = penalty_spec(cells["penalty"], cells["expect"])
    return Case(
        file=cell.place.file,
        line=cell.node.start_mark.line + 1,
        name=cell.place.case,
        period=Period.of(spec.until),
        house=HouseSpec(Law(), frozenset(), {}, ()),
        clause=_text(cells, "clause"),
        note=_text(cells, "note"),
        covers=tuple(item.text() for item in cells["covers"].items()) if "covers" in cells else (),
        source_wrong=_text(cells, "source_wrong"),
        penalty=spec,
    )


def _subsidy_case(cell: Cell) -> Case:
    """A case about a subsidy: no house, one family."""
    cells = cell.fields(SUBSIDY_CASE_KEYS, ("case", "subsidy", "expect"))
    return replace(_bare(cell, cells), subsidy=subsidy_spec(cells["subsidy"], cells["expect"]))


def _instalment_case(cell: Cell) -> Case:
    """A case about instalments: no house, two charges of a utility."""
    cells = cell.fields(INSTALMENT_CASE_KEYS, ("case", "instalment", "expect"))
    return replace(_bare(cell, cells), instalment=instalment_spec(cells["instalment"], cells["expect"]))


def _overdue_case(cell: Cell) -> Case:
    """A case about the overdue process: no house, one question to its rules."""
    cells = cell.fields(OVERDUE_CASE_KEYS, ("case", "overdue", "expect"))
    return replace(_bare(cell, cells), overdue=overdue_spec(cells["overdue"], cells["expect"]))


def _bare(cell: Cell, cells: dict[str, Cell]) -> Case:
    """A case with no house and no month of its own."""
    _named(cells)
    return Case(
        file=cell.place.file,
        line=cell.node.start_mark.line + 1,
        name=cell.place.case,
        period=SUBSIDY_PERIOD,
        house=HouseSpec(Law(), frozenset(), {}, ()),
        clause=_text(cells, "clause"),
        note=_text(cells, "note"),
        covers=tuple(item.text() for item in cells["covers"].items()) if "covers" in cells else (),
        source_wrong=_text(cells, "source_wrong"),
    )


def _text(cells: dict[str, Cell], key: str) -> str:
    return cells[key].text() if key in cells else ""
