"""Subsidy for housing and utilities: by the standard of cost, the family's income and what it really spends.

Law: Housing Code, art. 159; Rules of ПП 761 of 14.12.2005, cl. 23–29, 44. Everything is an exact fraction and
the sum is rounded once; each step is told so that a family can count it again.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from importlib import resources

import yaml

from billing.arithmetic import decimal
from billing.benefits import Key, Look, area_norm
from billing.money import share_of
from billing.quantity import DM2_PER_M2, KOPECKS_PER_RUBLE, PERMILLE, format_scaled
from billing.rule import clause

KINDS = {"flat": "квартира", "house": "жилой дом"}
SEASONS = {"winter": "отопительный сезон", "summer": "без отопления"}
SIZES = (1, 2, 3, 4, 5)
GROUPS = {"worker": "трудоспособных", "pensioner": "пенсионеров", "child": "детей"}
MDD, AREA_SHARE = "subsidy.mdd", "subsidy.area_share"
MONTHS = 6
LAST_DAY_OF_THIS_MONTH = 15
PEOPLE_MAX = 30


class NoStandardError(ValueError):
    """A regional value the subsidy needs is not named for that day; says which."""


@dataclass(frozen=True, slots=True)
class Family:
    """What is asked of a family. Sums a month, kopecks; income: of all together, average of six months.

    expenses: charged for the month without debts and penalties; benefits: other help with these expenses.
    """

    members: dict[str, int]
    income_kopecks: int
    expenses_kopecks: int
    benefits_kopecks: int = 0
    area_dm2: int | None = None
    kind: str = "flat"
    season: str = "winter"

    @property
    def size(self) -> int:
        return sum(self.members.values())


@dataclass(frozen=True, slots=True)
class Standards:
    """Values of the region on a day, kopecks a person and permille."""

    cost_kopecks: int
    minimum_kopecks: dict[str, int]
    share_permille: int
    area_norm_dm2: int
    area_share_permille: int = PERMILLE


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the reckoning: what, the formula in numbers, its value in words, clause."""

    words: str
    formula: str
    value: str
    clause: str


@dataclass(frozen=True, slots=True)
class Subsidy:
    """The result. exact_kopecks before the one rounding; why tells what decided the sum."""

    amount_kopecks: int
    why: str
    steps: tuple[Step, ...] = field(default_factory=tuple)


def cost_key(kind: str, season: str, size: int) -> str:
    """Key of the standard of cost for a family."""
    return f"subsidy.rs.{kind}.{season}.{min(size, SIZES[-1])}"


@cache
def keys() -> dict[str, Key]:
    """Keys with the values of the product."""
    text = resources.files("billing.law").joinpath("subsidy.yaml").read_text(encoding="utf-8")
    made = {
        name: Key(
            name,
            str(row["title"]),
            str(row["unit"]),
            tuple((day, int(one["value"]), str(one["source"])) for day, one in row["values"].items()),
        )
        for name, row in yaml.safe_load(text).items()
    }
    for kind, kind_words in KINDS.items():
        for season, season_words in SEASONS.items():
            for size in SIZES:
                more = " и больше" if size == SIZES[-1] else ""
                title = (
                    f"Стандарт стоимости ЖКУ на человека: {kind_words}, {season_words}, в семье {size}{more}"
                )
                name = cost_key(kind, season, size)
                made[name] = Key(name, title, "kopecks", ())
    return made


def product_value(key: str, day: dt.date) -> int | None:
    """The value of the product on a day."""
    known = keys().get(key)
    found = None
    for since, value, _ in known.values if known else ():
        if since <= day:
            found = value
    return found


def standards(family: Family, value: Look) -> Standards:
    """Values of the region for a family. Raises NoStandardError naming what is missing."""
    titles = keys()

    def need(key: str) -> int:
        found = value(key)
        if found is None:
            raise NoStandardError(f"Нет значения: {titles[key].title.lower()}.")
        return found

    return Standards(
        cost_kopecks=need(cost_key(family.kind, family.season, family.size)),
        minimum_kopecks={
            group: need(f"subsidy.pm.{group}") for group, count in family.members.items() if count
        },
        share_permille=need(MDD),
        area_norm_dm2=area_norm(family.size, value),
        area_share_permille=need(AREA_SHARE),
    )


@clause("ЖК РФ, ст. 159; ПП 761, п. 23, 24, 27")
def subsidy(family: Family, of: Standards) -> Subsidy:
    """Standard × people less the share of income, lessened below the minimum; within expenses."""
    assert family.size > 0, "a family of nobody"
    steps: list[Step] = []
    cost = _cost(family, of, steps)
    own = _own_share(family, of, steps)
    amount = cost - own
    text = f"{_rubles(cost)} − {_rubles(own)}"
    steps.append(Step("Субсидия по формуле", text, f"{_rubles(amount)} ₽", "ПП 761, п. 23, 24"))
    why = "Сумма по формуле."
    if amount <= 0:
        why = "Собственная доля семьи не меньше стандарта: субсидия не положена."
        return Subsidy(0, why, tuple(steps))
    limit = Fraction(family.expenses_kopecks - family.benefits_kopecks)
    if amount > limit:
        amount = max(limit, Fraction(0))
        why = "Сумма по формуле больше расходов семьи: субсидия равна расходам."
        formula = (
            f"{_rubles(Fraction(family.expenses_kopecks))} − {_rubles(Fraction(family.benefits_kopecks))}"
        )
        steps.append(
            Step(
                "Не больше расходов за вычетом мер поддержки",
                formula,
                f"{_rubles(amount)} ₽",
                "ЖК РФ, ст. 159, ч. 6",
            )
        )
    return Subsidy(share_of(1, amount), why, tuple(steps))


def _cost(family: Family, of: Standards, steps: list[Step]) -> Fraction:
    """Standard × people, less by a small flat and by what other help covers."""
    size = family.size
    cost = Fraction(of.cost_kopecks * size)
    formula = f"{_rubles(Fraction(of.cost_kopecks))} × {size}"
    steps.append(Step("Стандарт стоимости на семью", formula, f"{_rubles(cost)} ₽", "ПП 761, п. 23"))
    norm = of.area_norm_dm2 * size
    if family.area_dm2 is not None and 0 < family.area_dm2 < norm:
        part = Fraction(of.area_share_permille, PERMILLE)
        factor = 1 - part + part * Fraction(family.area_dm2, norm)
        area, whole = decimal(family.area_dm2, DM2_PER_M2), decimal(norm, DM2_PER_M2)
        formula = f"{_rubles(cost)} × {area} / {whole}"
        if part != 1:
            share = decimal(of.area_share_permille, PERMILLE)
            formula = f"{_rubles(cost)} × (1 − {share} + {share} × {area} / {whole})"
        cost *= factor
        words = "Площадь меньше нормы — стандарт уменьшен"
        steps.append(Step(words, formula, f"{_rubles(cost)} ₽", "ПП 761, п. 27"))
    if family.benefits_kopecks and family.expenses_kopecks:
        expenses = Fraction(family.expenses_kopecks)
        left = max(expenses - family.benefits_kopecks, Fraction(0))
        formula = f"{_rubles(cost)} × {_rubles(left)} / {_rubles(expenses)}"
        cost *= Fraction(left, expenses)
        words = "Часть расходов уже покрывают меры поддержки"
        steps.append(Step(words, formula, f"{_rubles(cost)} ₽", "ПП 761, п. 25, 26"))
    return cost


def _own_share(family: Family, of: Standards, steps: list[Step]) -> Fraction:
    """What the family pays itself: a share of its income, less when the income is below the minimum."""
    size, income = family.size, Fraction(family.income_kopecks)
    per_person = Fraction(income, size)
    formula = f"{_rubles(income)} / {size}"
    steps.append(Step("Доход на человека", formula, f"{_rubles(per_person)} ₽", "ПП 761, п. 23"))
    parts = [(of.minimum_kopecks[group], count) for group, count in family.members.items() if count]
    minimum = Fraction(sum(value * count for value, count in parts), size)
    whole = " + ".join(f"{_rubles(Fraction(value))} × {count}" for value, count in parts)
    formula = f"({whole}) / {size}" if size > 1 else whole
    steps.append(
        Step("Прожиточный минимум семьи на человека", formula, f"{_rubles(minimum)} ₽", "ПП 761, п. 23")
    )
    share = Fraction(of.share_permille, PERMILLE)
    own = income * share
    text = f"{_rubles(income)} × {decimal(of.share_permille, PERMILLE)}"
    words, paragraph = "Собственная доля семьи", "ПП 761, п. 23"
    if per_person < minimum:
        k = Fraction(per_person, minimum)
        own *= k
        text = f"{text} × {_rubles(per_person)} / {_rubles(minimum)}"
        words = "Доход ниже минимума — собственная доля меньше во столько же раз"
        paragraph = "ПП 761, п. 24"
    steps.append(Step(words, text, f"{_rubles(own)} ₽", paragraph))
    return own


def term(applied_on: dt.date) -> tuple[dt.date, dt.date]:
    """First and last day of the six months: by the 15th from the 1st of that month, else of the next."""
    first = applied_on.replace(day=1)
    if applied_on.day > LAST_DAY_OF_THIS_MONTH:
        first = _months_later(first, 1)
    return first, _months_later(first, MONTHS) - dt.timedelta(days=1)


def _months_later(day: dt.date, months: int) -> dt.date:
    ordinal = day.year * 12 + day.month - 1 + months
    return dt.date(ordinal // 12, ordinal % 12 + 1, 1)


def _rubles(kopecks: Fraction) -> str:
    """Exact where it is whole kopecks, else rounded for the eye."""
    if kopecks.denominator == 1:
        return format_scaled(int(kopecks), KOPECKS_PER_RUBLE, 2)
    return format_scaled(share_of(1, kopecks), KOPECKS_PER_RUBLE, 2)
