"""What a case expects: lines in kopecks, or the reason the account is parked."""

from __future__ import annotations

from billing.basis import Basis
from billing.lawcase.cells import Cell
from billing.lawcase.model import Expectation, ExpectedLine, ExpectedParking, Volume
from billing.lawcase.units import SERVICES, components, rate_unit, service_set
from billing.parked import Reason

EXPECT_KEYS = ("expect", "parked", "ignore")
LINE_KEYS = ("service", "component", "basis", "volume", "amount", "surcharge", "tariff", "days")
BASES: dict[str, int] = {basis.name.lower(): basis for basis in Basis}
REASONS = {reason.name.lower(): reason for reason in Reason}
KOPECKS_MAX = 10**13
ROUNDED = ("≈", "~")


def expectation_of(cells: dict[str, Cell]) -> Expectation | None:
    """Expectation from the keys expect, parked, ignore; None when there is neither of the first two."""
    if "expect" not in cells and "parked" not in cells:
        return None
    ignored = service_set(cells["ignore"]) if "ignore" in cells else frozenset()
    if "parked" in cells:
        if "expect" in cells and not cells["expect"].is_none and cells["expect"].items():
            cells["parked"].fail("у отложенного счёта нет строк: оставьте «parked» или «expect».")
        return Expectation(parked=_parking(cells["parked"]), ignored=ignored)
    if cells["expect"].is_none:
        return Expectation(ignored=ignored)
    return Expectation(tuple(_line(item) for item in cells["expect"].items()), ignored=ignored)


def services_of(expectation: Expectation | None) -> frozenset[int]:
    """Services an expectation names: they are provided in the house unless the case lists services itself."""
    if expectation is None:
        return frozenset()
    named = {line.service for line in expectation.lines}
    if expectation.parked is not None and expectation.parked.service is not None:
        named.add(expectation.parked.service)
    return frozenset(named)


def _parking(cell: Cell) -> ExpectedParking:
    if cell.is_scalar:
        return ExpectedParking(cell.choice(REASONS))
    row = cell.fields(("reason", "service"), ("reason",))
    service = row["service"].choice(SERVICES) if "service" in row else None
    return ExpectedParking(row["reason"].choice(REASONS), service)


def _line(cell: Cell) -> ExpectedLine:
    row = cell.fields(LINE_KEYS, ("service", "basis", "amount"))
    service = row["service"].choice(SERVICES)
    component = row["component"].choice(components(service)) if "component" in row else 0
    first_day, days = _days(row["days"]) if "days" in row else (None, None)
    return ExpectedLine(
        service=service,
        component=component,
        basis=row["basis"].choice(BASES),
        amount_kopecks=_kopecks(row["amount"]),
        surcharge_kopecks=_kopecks(row["surcharge"]) if "surcharge" in row else 0,
        volume=_volume(row["volume"]) if "volume" in row else None,
        rate=row["tariff"].quantity(rate_unit(service, component)) if "tariff" in row else None,
        first_day=first_day,
        days=days,
    )


def _kopecks(cell: Cell) -> int:
    text = cell.text()
    if "." in text or "," in text:
        cell.fail(f"«{text}» — рубли? Сумма пишется целым числом копеек: 299,46 ₽ — это 29946.")
    return cell.integer(-KOPECKS_MAX, KOPECKS_MAX)


def _volume(cell: Cell) -> Volume:
    """«10/3», «6.935» exactly, «≈1.543570» rounded half up to the figures written."""
    text = cell.text()
    if not text.startswith(ROUNDED):
        return Volume(cell.fraction())
    node = type(cell.node)(cell.node.tag, text[1:].strip(), cell.node.start_mark, cell.node.end_mark)
    rounded = Cell(node, cell.path, cell.place)
    value = rounded.fraction()
    _, _, figures = text.replace(",", ".").partition(".")
    return Volume(value, len(figures.strip()))


def _days(cell: Cell) -> tuple[int, int]:
    """«[11, 31]» or «11-31»: days of the month a line covers, both included."""
    parts = [item.text() for item in cell.items()]
    if len(parts) == 1:
        parts = parts[0].replace("–", "-").split("-")
    if len(parts) != 2 or not all(part.strip().isdigit() for part in parts):
        cell.fail("нужны первый и последний день, например 11-31.")
    first, last = (int(part) for part in parts)
    if not 1 <= first <= last <= 31:
        cell.fail("дни идут от 1 до 31, первый не позже последнего.")
    return first, last - first + 1
