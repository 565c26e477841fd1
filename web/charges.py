"""Lines of an account as pages show them: what is charged, by which ground, from which volume and price."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from billing.basis import BENEFITS, COMPENSATIONS, DIVISIONS, SHARES, SUMS, info
from billing.benefits import said
from billing.money import share_of
from billing.quantity import KOPECKS_PER_RUBLE, MICRO, PERMILLE, RATE_PER_RUBLE, format_scaled
from billing.receipt import Quantity
from billing.services import CATALOGUE, component_label, component_unit
from billing.trace import words as basis_words
from receipts import words
from storage.account_lines import LineRow
from web.filters import NBSP, money

GROUP_TITLES = (
    ("housing", "Содержание жилья"),
    ("common", "На общее имущество дома"),
    ("utility", "Коммунальные услуги"),
    ("capital", "Капитальный ремонт"),
    ("other", "Другие услуги"),
)
MONTH_DAYS_LEAST = 28
PERCENTS = (SHARES | BENEFITS | COMPENSATIONS) - SUMS  # lines whose volume is a share of the charge


@dataclass(frozen=True, slots=True)
class ChargeRow:
    """A line in words. was_kopecks: the same service last month, None when it was not charged then."""

    key: str
    label: str
    basis_words: str
    clause: str
    volume_words: str
    unit: str
    rate: int
    coefficient_words: str
    amount_kopecks: int
    surcharge_kopecks: int
    total_kopecks: int
    was_kopecks: int | None
    supplier_name: str | None
    days_words: str


@dataclass(frozen=True, slots=True)
class ChargeGroup:
    """Rows of one part of the document with their sum."""

    title: str
    rows: tuple[ChargeRow, ...]
    total_kopecks: int


@dataclass(frozen=True, slots=True)
class MonthCharges:
    """A month's charges: groups, the whole, and what the month before came to."""

    period: dt.date
    is_draft: bool
    groups: tuple[ChargeGroup, ...]
    total_kopecks: int
    surcharge_kopecks: int
    was_kopecks: int | None

    @property
    def is_empty(self) -> bool:
        """Nothing is charged for the month yet."""
        return not self.groups


def month_charges(lines: Sequence[LineRow], period: dt.date) -> MonthCharges:
    """The month out of lines that also hold the month before."""
    now = [line for line in lines if line.period == period and _is_shown(line)]
    before = [line for line in lines if line.period != period]
    was: dict[tuple[int, int, bool], int] = {}
    for line in before:
        key = _same(line)
        was[key] = was.get(key, 0) + line.total_kopecks
    groups = []
    for group, title in GROUP_TITLES:
        mine = [line for line in now if group_of(line.service) == group]
        if mine:
            rows = tuple(_row(line, was, period) for line in sorted(mine, key=_order))
            groups.append(ChargeGroup(title, rows, sum(row.total_kopecks for row in rows)))
    return MonthCharges(
        period=period,
        is_draft=any(line.is_draft for line in now),
        groups=tuple(groups),
        total_kopecks=sum(line.total_kopecks for line in now),
        surcharge_kopecks=sum(line.surcharge_kopecks for line in now),
        was_kopecks=sum(line.total_kopecks for line in before) if before else None,
    )


def _is_shown(line: LineRow) -> bool:
    """A remainder of a division of no kopecks only keeps the share."""
    return line.basis not in DIVISIONS or line.total_kopecks != 0


def _same(line: LineRow) -> tuple[int, int, bool]:
    """What a line is compared with a month ago: the service, its льгота apart from its charge."""
    return line.service, line.component, line.basis in BENEFITS | COMPENSATIONS


def group_of(service: int) -> str:
    """Part of the document a service stands in."""
    return CATALOGUE[service].group if service in CATALOGUE else "other"


def _order(line: LineRow) -> tuple[int, bool, int, int]:
    codes = list(CATALOGUE)
    place = codes.index(line.service) if line.service in codes else len(codes)
    return place, line.basis in PERCENTS, line.component, line.first_day


def label_of(service: int, component: int, own: str | None = None) -> str:
    """The service in words; own: the name of a service of an organisation, which the law does not know."""
    if service in CATALOGUE:
        return component_label(service, component)
    return own or f"Услуга № {service}"


def unit_of(service: int, component: int, own: str | None = None) -> str:
    """Unit of the volume."""
    return component_unit(service, component) if service in CATALOGUE else own or ""


def volume_words(line: LineRow) -> str:
    """The volume with the decimals usual for its unit; a share of the charge as percent."""
    if line.basis in DIVISIONS:
        return "—"
    if line.basis in PERCENTS and line.volume_den:
        return percent_words(line)
    quantity = Quantity.of_micro(line.volume_num, line.volume_den)
    return words.volume(quantity, unit_of(line.service, line.component, line.service_unit))


def percent_words(line: LineRow) -> str:
    """«−12,61 %» of the charge."""
    scaled = Fraction(line.volume_num, line.volume_den) / MICRO * 100 * 100
    magnitude = (2 * abs(scaled.numerator) + scaled.denominator) // (2 * scaled.denominator)
    return f"{'−' if scaled < 0 else ''}{format_scaled(magnitude, 100, 2)}{NBSP}%"


def compensation_kopecks(line: LineRow) -> int:
    """What the social protection body pays by a line; 0 of any other."""
    if line.basis not in COMPENSATIONS:
        return 0
    share = -Fraction(line.volume_num, line.volume_den) / MICRO
    return share_of(said(line.a, line.b).charge_kopecks, share)


def coefficient_words(line: LineRow) -> str:
    """«К 1,5» of a raised norm, nothing without a surcharge."""
    if not line.raised_num or not line.volume_num or line.basis in DIVISIONS:
        return ""
    return words.coefficient(PERMILLE + line.raised_num // line.volume_num)


def days_words(line: LineRow, days_in_month: int) -> str:
    """«с 1 по 14» when the line is about a part of the month."""
    if line.days >= days_in_month:
        return ""
    return f"с {line.first_day} по {line.first_day + line.days - 1} число"


def _basis(line: LineRow, raised: bool) -> str:
    """How it was found; of a льгота paid to the person, how much."""
    if line.basis in COMPENSATIONS:
        return f"льгота деньгами: соцзащита выплатит {money(compensation_kopecks(line))}"
    return basis_words(line.basis, raised)


def _charge(line: LineRow) -> int:
    """The charge a льгота is of, in the scale of rates."""
    return said(line.a, line.b).charge_kopecks * (RATE_PER_RUBLE // KOPECKS_PER_RUBLE)


def _rate(line: LineRow) -> int:
    """The price as it is shown: of a remainder a kopeck, of a льгота in money its charge."""
    if line.basis in DIVISIONS:
        return RATE_PER_RUBLE // KOPECKS_PER_RUBLE
    return _charge(line) if line.basis in COMPENSATIONS else line.rate


def _row(line: LineRow, was: dict[tuple[int, int, bool], int], period: dt.date) -> ChargeRow:
    raised = line.raised_num != 0
    next_month = (period.replace(day=MONTH_DAYS_LEAST) + dt.timedelta(days=4)).replace(day=1)
    return ChargeRow(
        key=line.key,
        label=label_of(line.service, line.component, line.service_label),
        basis_words=_basis(line, raised),
        clause=info(line.basis).clause,
        volume_words=volume_words(line),
        unit=""
        if line.basis in PERCENTS | DIVISIONS
        else unit_of(line.service, line.component, line.service_unit),
        rate=_rate(line),
        coefficient_words=coefficient_words(line),
        amount_kopecks=line.amount_kopecks,
        surcharge_kopecks=line.surcharge_kopecks,
        total_kopecks=line.total_kopecks,
        was_kopecks=was.get(_same(line)),
        supplier_name=line.supplier_name,
        days_words=days_words(line, (next_month - period).days),
    )
