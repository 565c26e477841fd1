"""Cases about instalments: two charges a year apart, the rate, what each part must come to."""

from __future__ import annotations

from dataclasses import dataclass

from billing.instalment import Part, may_pay_in_parts, parts
from billing.lawcase.cells import Cell, Unit
from billing.lawcase.units import ROUBLES
from billing.period import Period
from billing.quantity import KOPECKS_PER_RUBLE, PERMILLE, format_scaled

MONEY = Unit(KOPECKS_PER_RUBLE, "сумма в рублях", ROUBLES, "3200.00")
PERCENT = Unit(PERMILLE // 100, "проценты", ("%",), "12.5")
KEYS = ("now", "before", "rate")
FIRST = Period.parse("2026-01")
Words = tuple[str, str, str, bool]


@dataclass(frozen=True, slots=True)
class InstalmentSpec:
    """Charges of a utility now and a year ago; totals of the parts, none = it is paid at once."""

    now_kopecks: int
    before_kopecks: int
    rate_permille: int
    totals: tuple[int, ...]


def instalment_spec(cell: Cell, expect: Cell) -> InstalmentSpec:
    """The story under the key `instalment` and the parts expected of it."""
    row = cell.fields(KEYS, ("now", "before"))
    wanted = expect.fields(("parts",), ("parts",))["parts"]
    return InstalmentSpec(
        row["now"].quantity(MONEY),
        row["before"].quantity(MONEY),
        row["rate"].quantity(PERCENT) if "rate" in row else 0,
        () if wanted.is_none else tuple(item.integer(0, 10**12) for item in wanted.items()),
    )


def instalment_checks(spec: InstalmentSpec) -> list[Words]:
    """What came out beside what is expected; the parts without interest add up to the charge."""
    made: tuple[Part, ...] = ()
    if may_pay_in_parts(spec.now_kopecks, spec.before_kopecks):
        made = parts(spec.now_kopecks, spec.rate_permille, FIRST)
    adds_up = not made or sum(part.amount_kopecks for part in made) == spec.now_kopecks
    got = tuple(part.total_kopecks for part in made)
    return [("рассрочка", _words(spec.totals), _words(got), got == spec.totals and adds_up)]


def _words(totals: tuple[int, ...]) -> str:
    return ", ".join(format_scaled(one, KOPECKS_PER_RUBLE, 2) for one in totals) or "платят сразу"
