"""Льготы in words: what a ground gives, by which paper, what a month's lines of it come to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from billing.basis import BENEFITS, COMPENSATIONS
from billing.benefits import PART_TITLES, PARTS, Look, ground_title, grounds, said, terms_of
from billing.quantity import PERMILLE, format_scaled
from storage.account_lines import LineRow
from storage.benefits import BenefitRow
from web.charges import compensation_kopecks, label_of, percent_words

PERCENT = 100
GROUND_CHOICES = tuple((code, one.title) for code, one in grounds().items())


@dataclass(frozen=True, slots=True)
class BenefitLine:
    """A льгота of an account in words. entered document, shares, limits; is_over: not in force any more."""

    row: BenefitRow
    title: str
    act: str
    gives: str
    is_over: bool


@dataclass(frozen=True, slots=True)
class MonthBenefit:
    """A line of a month: whose льгота takes how much off which service, or what is paid to the person."""

    key: str
    service: str
    ground: str
    person: str
    charged_kopecks: int
    share_words: str
    off_kopecks: int
    paid_kopecks: int


def gives_words(code: str, value: Look, own_permille: int | None = None) -> str:
    """«50 %: жильё, вода и стоки; на всех, кто живёт вместе; в пределах нормативов»."""
    terms = terms_of(code, value)
    if terms is None:
        return "такого основания нет в справочнике: льгота не считается"
    by_share: dict[int, list[str]] = {}
    for part in PARTS:
        share = terms.shares[part]
        if share:
            by_share.setdefault(own_permille or share, []).append(PART_TITLES[part])
    words = ["; ".join(f"{percent(share)}: {', '.join(parts)}" for share, parts in by_share.items())]
    words.append("на всех, кто живёт вместе" if terms.family else "на долю человека")
    if terms.is_area_limited:
        words.append("жильё в пределах социальной нормы площади")
    if terms.is_norm_limited:
        words.append("услуги в пределах нормативов")
    if terms.is_tenants_only:
        words.append("жильё только нанимателям")
    return "; ".join(word for word in words if word)


def percent(permille: int) -> str:
    """«50 %», «12,5 %»."""
    text = format_scaled(permille, PERMILLE // PERCENT, 1)
    return f"{text.removesuffix(',0')} %"


def lines_of(rows: Sequence[BenefitRow], value: Look, today: dt.date) -> list[BenefitLine]:
    """Льготы in words."""
    known = grounds()
    return [
        BenefitLine(
            row=row,
            title=ground_title(row.category),
            act=known[row.category].act if row.category in known else "",
            gives=gives_words(row.category, value, row.share_permille),
            is_over=row.valid_to is not None and row.valid_to <= today,
        )
        for row in rows
    ]


def month_of(lines: Sequence[LineRow], rows: Sequence[BenefitRow]) -> list[MonthBenefit]:
    """Lines of льготы of one month with whose they are."""
    by_id = {row.id: row for row in rows}
    made = []
    for line in lines:
        if line.basis not in BENEFITS | COMPENSATIONS:
            continue
        told = said(line.a, line.b)
        row = by_id.get(told.benefit_id)
        made.append(
            MonthBenefit(
                key=line.key,
                service=label_of(line.service, line.component, line.service_label),
                ground=ground_title(row.category) if row else "льгота, которую с тех пор изменили",
                person=(row.person_name or "") if row else "",
                charged_kopecks=told.charge_kopecks,
                share_words=percent_words(line).removeprefix("−"),
                off_kopecks=-line.amount_kopecks,
                paid_kopecks=compensation_kopecks(line),
            )
        )
    return made
