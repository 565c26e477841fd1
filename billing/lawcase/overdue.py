"""Cases about the overdue process: age of a debt, day of a step, what may be restricted, what is refused."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from billing.lawcase.cells import Cell, Unit
from billing.lawcase.units import ROUBLES, SERVICES
from billing.overdue import (
    AGE_MONTHS,
    DEFAULTS,
    NOT_DUE,
    STAGES,
    WAIT_MOST,
    Stage,
    Terms,
    TermsRefused,
    age_of,
    check,
    following,
    ready_on,
    restrictable,
)
from billing.quantity import KOPECKS_PER_RUBLE
from billing.services import CATALOGUE

MONEY = Unit(KOPECKS_PER_RUBLE, "сумма в рублях", ROUBLES, "3200.00")
KEYS = ("due", "day", "after", "step", "delivered", "waits", "off", "debts", "by_norm")
NOTHING = "нет"
STEPS: Mapping[str, Stage] = {stage.value: stage for stage in STAGES}
AFTER: Mapping[str, Stage | None] = {"none": None, **STEPS}
AGES: Mapping[str, int] = {
    "not_due": NOT_DUE,
    **{f"to_{months}_months": age for age, months in enumerate(AGE_MONTHS)},
    "beyond_limitation": len(AGE_MONTHS),
}
Row = Mapping[str, Cell]
Words = tuple[str, str, str, bool]


@dataclass(frozen=True, slots=True)
class OverdueSpec:
    """What is asked, in words, what must be answered, and the question to the rules."""

    asked: str
    expected: str
    ask: Callable[[], str]


def overdue_spec(cell: Cell, expect: Cell) -> OverdueSpec:
    """The story under the key `overdue`; the one key of `expect` says what is asked of it."""
    row, wanted = cell.fields(KEYS), expect.fields(ASKED)
    if len(wanted) != 1:
        expect.fail(f"нужен ровно один ключ из этих: {', '.join(ASKED)}.")
    asked, answer = next(iter(wanted.items()))
    return ASKED[asked](cell, row, answer)


def overdue_checks(spec: OverdueSpec) -> list[Words]:
    """What came out beside what is expected."""
    got = spec.ask()
    return [(spec.asked, spec.expected, got, spec.expected == got)]


def _age(cell: Cell, row: Row, answer: Cell) -> OverdueSpec:
    _need(cell, row, "due", "day")
    due, day = row["due"].date(), row["day"].date()
    return OverdueSpec("возраст долга", _name(answer.choice(AGES)), lambda: _name(age_of(due, day)))


def _ready(cell: Cell, row: Row, answer: Cell) -> OverdueSpec:
    _need(cell, row, "step", "delivered")
    step, delivered, terms = row["step"].choice(STEPS), row["delivered"].date(), _terms(row)
    return OverdueSpec(
        "день шага", answer.date().isoformat(), lambda: ready_on(step, delivered, terms).isoformat()
    )


def _next(cell: Cell, row: Row, answer: Cell) -> OverdueSpec:
    _need(cell, row, "after")
    after, terms, debts = row["after"].choice(AFTER), _terms(row), _debts(cell, row)

    def ask() -> str:
        may_restrict = debts is None or bool(restrictable(*debts))
        return _stage(following(after, terms, may_restrict=may_restrict))

    return OverdueSpec("следующий шаг", _stage(answer.choice(AFTER)), ask)


def _restricted(cell: Cell, row: Row, answer: Cell) -> OverdueSpec:
    _need(cell, row, "debts", "by_norm")
    debts, by_norm = _money(row["debts"]), _money(row["by_norm"])
    services = () if answer.is_none else tuple(item.choice(SERVICES) for item in answer.items())
    return OverdueSpec("ограничивают", _services(services), lambda: _services(restrictable(debts, by_norm)))


def _lawful(cell: Cell, row: Row, answer: Cell) -> OverdueSpec:
    terms, is_allowed = _terms(row), answer.choice({"allowed": True, "refused": False})
    return OverdueSpec("сроки", _verdict(is_allowed), lambda: _verdict(_are_lawful(terms)))


ASKED: Mapping[str, Callable[[Cell, Row, Cell], OverdueSpec]] = {
    "age": _age,
    "ready": _ready,
    "next": _next,
    "restricted": _restricted,
    "terms": _lawful,
}


def _need(cell: Cell, row: Row, *keys: str) -> None:
    for key in keys:
        if key not in row:
            cell.fail(f"нет ключа «{key}». Для этого ответа нужны: {', '.join(keys)}.")


def _terms(row: Row) -> Terms:
    """The product's own terms with other days to wait, and without the steps that are off."""
    terms = dict(DEFAULTS)
    if "waits" in row:
        for name, days in row["waits"].fields(STEPS).items():
            terms[STEPS[name]] = dataclasses.replace(terms[STEPS[name]], wait_days=days.integer(0, WAIT_MOST))
    if "off" in row:
        for item in row["off"].items():
            stage = item.choice(STEPS)
            terms[stage] = dataclasses.replace(terms[stage], is_on=False)
    return terms


def _debts(cell: Cell, row: Row) -> tuple[dict[int, int], dict[int, int]] | None:
    """Debts of the case and its months by the norm; None when it names none: anything may be restricted."""
    if "debts" not in row:
        return None
    _need(cell, row, "debts", "by_norm")
    return _money(row["debts"]), _money(row["by_norm"])


def _are_lawful(terms: Terms) -> bool:
    try:
        check(terms)
    except TermsRefused:
        return False
    return True


def _money(cell: Cell) -> dict[int, int]:
    return {SERVICES[name]: one.quantity(MONEY) for name, one in cell.fields(SERVICES).items()}


def _name(age: int) -> str:
    return next(name for name, one in AGES.items() if one == age)


def _stage(stage: Stage | None) -> str:
    return NOTHING if stage is None else stage.value


def _services(services: tuple[int, ...]) -> str:
    return ", ".join(CATALOGUE[service].label for service in sorted(services)) or NOTHING


def _verdict(is_lawful: bool) -> str:
    return "можно" if is_lawful else "нельзя"
