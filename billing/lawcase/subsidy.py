"""Cases about a subsidy: a family, the region's values, the sum; read and checked."""

from __future__ import annotations

from dataclasses import dataclass

from billing.lawcase.cells import Cell, Unit
from billing.lawcase.units import AREA, ROUBLES
from billing.quantity import KOPECKS_PER_RUBLE, PERMILLE, format_scaled
from billing.subsidy import GROUPS, PEOPLE_MAX, Family, Standards, subsidy

MONEY = Unit(KOPECKS_PER_RUBLE, "сумма в рублях", ROUBLES, "4661.00")
PERCENT = Unit(PERMILLE // 100, "проценты", ("%",), "22")
KEYS = (
    "members",
    "income",
    "expenses",
    "benefits",
    "area",
    "standard",
    "minimum",
    "share",
    "area_norm",
    "area_share",
)
Words = tuple[str, str, str, bool]


@dataclass(frozen=True, slots=True)
class SubsidySpec:
    """A family with the values it is reckoned by, and what must come out."""

    family: Family
    standards: Standards
    amount_kopecks: int


def subsidy_spec(cell: Cell, expect: Cell) -> SubsidySpec:
    """The story under the key `subsidy` and the sum expected of it."""
    row = cell.fields(KEYS, ("members", "income", "standard", "share"))
    people = row["members"]
    counts = people.fields(GROUPS) if people.is_map else {"worker": people}
    members = {group: item.integer(0, PEOPLE_MAX) for group, item in counts.items()}
    minimum = dict.fromkeys(members, 0)
    if "minimum" in row:
        given = row["minimum"]
        values = given.fields(GROUPS) if given.is_map else dict.fromkeys(members, given)
        minimum = {group: item.quantity(MONEY) for group, item in values.items()}
    if not sum(members.values()):
        people.fail("в семье никого нет.")
    family = Family(
        members=members,
        income_kopecks=row["income"].quantity(MONEY),
        expenses_kopecks=row["expenses"].quantity(MONEY) if "expenses" in row else 10**9,
        benefits_kopecks=row["benefits"].quantity(MONEY) if "benefits" in row else 0,
        area_dm2=row["area"].quantity(AREA) if "area" in row else None,
    )
    standards = Standards(
        cost_kopecks=row["standard"].quantity(MONEY),
        minimum_kopecks=minimum,
        share_permille=row["share"].quantity(PERCENT),
        area_norm_dm2=row["area_norm"].quantity(AREA) if "area_norm" in row else 0,
        area_share_permille=row["area_share"].quantity(PERCENT) if "area_share" in row else PERMILLE,
    )
    wanted = expect.fields(("amount",), ("amount",))
    return SubsidySpec(family, standards, wanted["amount"].integer(0, 10**12))


def subsidy_checks(spec: SubsidySpec) -> list[Words]:
    """What came out beside what is expected; the last step tells the same sum."""
    got = subsidy(spec.family, spec.standards)
    wanted = f"{format_scaled(spec.amount_kopecks, KOPECKS_PER_RUBLE, 2)} ₽"
    said = f"{format_scaled(got.amount_kopecks, KOPECKS_PER_RUBLE, 2)} ₽"
    told = got.steps[-1].value
    is_told = told == said or not got.amount_kopecks
    return [("субсидия", wanted, said if is_told else f"{said}, по шагам {told}", said == wanted and is_told)]
