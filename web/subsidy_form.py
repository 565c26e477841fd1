"""The form of a subsidy: what is asked of a family, judged; the result in words. Nothing is kept."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from billing.benefits import Look
from billing.quantity import DM2_PER_M2
from billing.subsidy import (
    GROUPS,
    KINDS,
    PEOPLE_MAX,
    SEASONS,
    Family,
    NoStandardError,
    Subsidy,
    standards,
    subsidy,
    term,
)
from web.forms import Typed

MONEY_MAX = 100_000_000_00
AREA_MAX = 10_000 * DM2_PER_M2


@dataclass(frozen=True, slots=True)
class SubsidyResult:
    """What came out, for which months; missing: what the region has not named."""

    subsidy: Subsidy | None
    family: Family | None = None
    first: dt.date | None = None
    last: dt.date | None = None
    missing: str = ""


def opened_form(
    today: dt.date, expenses_kopecks: int | None = None, area_dm2: int | None = None, people: int = 1
) -> Typed:
    """The form with what is known already."""
    values = {"worker": str(max(people, 1)), "pensioner": "0", "child": "0", "kind": "flat"}
    values["season"] = "winter" if today.month in (1, 2, 3, 4, 10, 11, 12) else "summer"
    values["applied"] = f"{today:%d.%m.%Y}"
    if expenses_kopecks is not None and expenses_kopecks > 0:
        values["expenses"] = f"{expenses_kopecks // 100},{expenses_kopecks % 100:02d}"
    if area_dm2:
        values["area"] = f"{area_dm2 // DM2_PER_M2},{area_dm2 % DM2_PER_M2:02d}"
    return Typed(values)


def reckoned(form: Typed, value: Look) -> SubsidyResult | None:
    """The result of a form; None with errors beside its fields."""
    family = _family(form)
    applied = form.date("applied", "Укажите день заявления: 10.11.2026.")
    if family is None or applied is None:
        return None
    first, last = term(applied)
    try:
        of = standards(family, value)
    except NoStandardError as missing:
        return SubsidyResult(None, family, first, last, str(missing))
    return SubsidyResult(subsidy(family, of), family, first, last)


def _family(form: Typed) -> Family | None:
    members = {}
    for group, words in GROUPS.items():
        count = 0
        if form.value(group):
            count = form.integer(group, f"Сколько {words}: целое число, 0 если нет.") or 0
        if not 0 <= count <= PEOPLE_MAX:
            form.refuse(group, f"Сколько {words}: от 0 до {PEOPLE_MAX}.")
        members[group] = count
    if form.is_good and not sum(members.values()):
        form.refuse("worker", "Впишите хотя бы одного человека.")
    income = _money(form, "income", "Впишите доход всей семьи за месяц, ₽: 42 000.")
    expenses = _money(form, "expenses", "Впишите, сколько начислено за месяц, ₽: 5 930,44.")
    helped = (
        _money(form, "helped", "Впишите сумму в рублях или оставьте пустым.") if form.value("helped") else 0
    )
    area = None
    if form.value("area"):
        area = form.scaled("area", 2, "Введите квадратные метры: 54,3.")
        if area is not None and not 0 < area <= AREA_MAX:
            form.refuse("area", "Такой площади не бывает. Проверьте.")
    kind = form.choice("kind", KINDS, "Выберите вид жилья.")
    season = form.choice("season", SEASONS, "Выберите время года.")
    if not form.is_good or income is None or expenses is None or helped is None:
        return None
    return Family(members, income, expenses, helped, area, kind, season)


def _money(form: Typed, name: str, words: str) -> int | None:
    value = form.scaled(name, 2, words)
    if value is not None and value > MONEY_MAX:
        form.refuse(name, "Слишком много. Проверьте, рубли ли это и за месяц ли.")
    return value
