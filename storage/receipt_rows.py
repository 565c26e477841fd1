"""Rows of payment documents by payment block: charges, recalculations with their grounds, benefits."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from billing.basis import DIVISIONS, YEAR_FIXES, Basis, info
from billing.period import Period
from billing.quantity import PERMILLE, RATE_PER_RUBLE
from billing.receipt import CorrectionRow, Quantity, ReceiptRow, SectionKind
from billing.receipt_split import Bucket
from billing.services import CATALOGUE, component_label, component_unit
from storage.receipt_sheets import Sheet

ORDER = {service: at for at, service in enumerate(CATALOGUE)}
OWN_DECIMALS = 2
SECTIONS = {
    "housing": SectionKind.HOUSING,
    "common": SectionKind.HOUSING,
    "utility": SectionKind.UTILITIES,
    "capital": SectionKind.CAPITAL_REPAIR,
}

Placer = Callable[[int, int], Bucket]


@dataclass(frozen=True, slots=True)
class BlockRow:
    """A row with the section and the service it is of."""

    section: SectionKind
    service: int
    row: ReceiptRow


@dataclass(frozen=True, slots=True)
class BlockRows:
    """Of one document: rows by block in the order of the page, and grounds of recalculations."""

    rows: dict[Bucket, list[BlockRow]]
    grounds: dict[Bucket, list[CorrectionRow]]


@dataclass(slots=True)
class _Late:
    """Recalculations of a service at one block."""

    amount: int
    first_month: dt.date
    last_month: dt.date
    grounds: list[str]
    bases: list[int]

    def add(self, row: Any) -> None:
        self.amount += row.amount
        self.first_month = min(self.first_month, row.first_month)
        self.last_month = max(self.last_month, row.last_month)
        self.grounds += [one for one in row.grounds or () if one not in self.grounds]
        self.bases += [one for one in row.bases or () if one not in self.bases]


def rows_of(sheet: Sheet, period: Period) -> BlockRows:
    """Rows by block, each recalculation in the first row of its service, with the grounds of them."""
    days, place = period.days, _placer(sheet)
    late = _late(sheet, place)
    off: dict[tuple[Bucket, int], int] = defaultdict(int)
    for one in sheet.benefits:
        off[place(one.supplier_id, one.service), one.service] += one.amount
    made = BlockRows(defaultdict(list), defaultdict(list))
    rest = _remainders(sheet, place)
    keyed = [
        (place(supplier_id, service), service, component, first_day, line)
        for line in sheet.lines
        for _, supplier_id, service, component, basis, first_day, *_ in (line,)
        if basis not in DIVISIONS
    ]
    charged = {key[:3] for key in keyed}
    keyed += [(*key, 1, None) for key in late if key not in charged]
    for bucket, service, component, _, line in sorted(keyed, key=_turn):
        words = words_of(sheet, service, component)
        row = _only_corrected(*words) if line is None else _row(line, days, *words)
        if line is not None and (left := rest.pop((bucket, service, component), None)):
            row = _with_remainder(row, *left)
        correction = late.pop((bucket, service, component), None)
        if correction is not None:
            total = row.total_kopecks + correction.amount
            row = replace(row, recalculation_kopecks=correction.amount, total_kopecks=total)
            made.grounds[bucket].append(_ground(row.service, correction))
        benefit = off.pop((bucket, service), 0)
        if benefit:
            row = replace(row, benefit_kopecks=benefit, total_kopecks=row.total_kopecks - benefit)
        made.rows[bucket].append(BlockRow(section_kind(service), service, row))
    return made


def _remainders(sheet: Sheet, place: Placer) -> dict[tuple[Bucket, int, int], tuple[int, int]]:
    """Kopecks, of the charge and of its coefficient, that make the parts of a divided premises add up."""
    rest: dict[tuple[Bucket, int, int], tuple[int, int]] = {}
    for line in sheet.lines:
        if line.basis in DIVISIONS:
            key = (place(line.supplier_id, line.service), line.service, line.component)
            amount, surcharge = rest.get(key, (0, 0))
            rest[key] = (amount + line.amount, surcharge + line.surcharge)
    return rest


def _with_remainder(row: ReceiptRow, amount: int, surcharge: int) -> ReceiptRow:
    """The first row of a service with its kopecks of the division."""
    return replace(
        row,
        charged_kopecks=row.charged_kopecks + amount,
        surcharge_kopecks=row.surcharge_kopecks + surcharge,
        total_kopecks=row.total_kopecks + amount + surcharge,
    )


def _placer(sheet: Sheet) -> Placer:
    """Where charges of a payee stand; all at one block without asking where no payee stands apart."""
    main = sheet.placing.main
    return sheet.placing.of if sheet.shares is not None else lambda payee, service: main


def _late(sheet: Sheet, place: Placer) -> dict[tuple[Bucket, int, int], _Late]:
    found: dict[tuple[Bucket, int, int], _Late] = {}
    for row in sheet.corrections:
        key = (place(row.supplier_id, row.service), row.service, row.component)
        known = found.setdefault(key, _Late(0, row.first_month, row.last_month, [], []))
        known.add(row)
    return {key: one for key, one in found.items() if one.amount}


def _turn(key: Any) -> tuple[int, int, int]:
    _, service, component, first_day, _ = key
    return _place(service), component, first_day


def _place(service: int) -> int:
    """Services of organisations come last, in order of their numbers."""
    return ORDER.get(service, len(ORDER) + service)


def section_kind(service: int) -> SectionKind:
    """Which section of the form a service is in."""
    return SECTIONS[CATALOGUE[service].group] if service in CATALOGUE else SectionKind.OTHER


def words_of(sheet: Sheet, service: int, component: int) -> tuple[str, str]:
    """Name and unit, also of a service of an organisation."""
    if service in CATALOGUE:
        return _known_words(service, component)
    return sheet.own_services.get(service, (f"Услуга № {service}", "мес."))


@cache
def _known_words(service: int, component: int) -> tuple[str, str]:
    return component_label(service, component), component_unit(service, component)


_info = cache(info)


def _only_corrected(service: str, unit: str) -> ReceiptRow:
    """A service with nothing charged this month, only a correction of an earlier one."""
    return ReceiptRow(
        service=service,
        unit=unit,
        basis="перерасчёт",
        rate=None,
        charged_kopecks=0,
        total_kopecks=0,
    )


def _ground(service: str, correction: Any) -> CorrectionRow:
    return CorrectionRow(
        service=service,
        ground=_ground_words(correction),
        amount_kopecks=correction.amount,
        first_month=correction.first_month,
        last_month=correction.last_month,
    )


def _ground_words(correction: Any) -> str:
    """Documents of the packages, what breaks and absences were, or that the month was put right."""
    words = [info(basis).words.capitalize() for basis in correction.bases or ()]
    words += correction.grounds or ()
    return "; ".join(words) or "Уточнены данные закрытого месяца. Подробно — в начислениях за него."


def _row(line: Any, days: int, label: str, unit: str) -> ReceiptRow:
    """A line of the document. `days` of the month are named when the line covers a part of them.

    line: columns of `storage.receipt_queries.LINES`, taken by place: there are a dozen on every receipt.
    """
    _, _, service, _, basis, first_day, covered, den, rate, num, amount, surcharge, raised_num = line
    part = "" if covered >= days else f" ({first_day}–{first_day + covered - 1} число)"
    raised = PERMILLE + raised_num // num if surcharge and num else PERMILLE
    is_sum = basis == Basis.FORMULA and rate == RATE_PER_RUBLE  # the formula gives roubles at once
    is_sum |= basis in YEAR_FIXES  # a difference of two sums has neither volume nor price
    decimals, is_common = _of_service(service)
    return ReceiptRow(
        service=f"{label}{part}",
        unit=unit,
        basis=_info(basis).words,
        rate=None if is_sum else rate,
        charged_kopecks=amount,
        total_kopecks=amount + surcharge,
        volume=None if is_sum else Quantity.of_micro(num, den),
        coefficient_permille=raised,
        surcharge_kopecks=surcharge,
        decimals=None if unit == "Гкал" else decimals,
        is_common=is_common,
    )


@cache
def _of_service(service: int) -> tuple[int, bool]:
    """Decimals worth printing, and whether it is of the common property."""
    if service not in CATALOGUE:
        return OWN_DECIMALS, False
    return CATALOGUE[service].decimals, CATALOGUE[service].group == "common"
