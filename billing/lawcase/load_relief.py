"""The `absences` and `troubles` of a case."""

from __future__ import annotations

import datetime as dt

from billing.lawcase.cells import Cell, Unit
from billing.lawcase.model import AbsenceSpec, TroubleSpec
from billing.lawcase.units import SERVICES
from billing.reduction import Mark, Trouble

TENTHS = 10
TROUBLES = {trouble.name.lower(): trouble for trouble in Trouble}
TROUBLE_KEYS = (
    "service",
    "what",
    "from",
    "to",
    "inside",
    "outside",
    "measured",
    "required",
    "off",
    "dead_end",
    "two_feeds",
)
DEGREES = Unit(TENTHS, "градусы", ("°c", "°"), "16.5")
PERCENT = Unit(TENTHS, "проценты", ("%",), "25")
INSIDE_USUAL = 180  # nobody measured the air during a break of heating: +18 °C
PEOPLE_MAX = 200


def absences_of(cell: Cell | None) -> tuple[AbsenceSpec, ...]:
    """Who was away: {left, back, count, force_majeure}."""
    if cell is None or cell.is_none:
        return ()
    return tuple(_absence(item) for item in cell.items())


def _absence(cell: Cell) -> AbsenceSpec:
    row = cell.fields(("left", "back", "count", "force_majeure"), ("left", "back"))
    left, back = row["left"].date(), row["back"].date()
    if back <= left:
        row["back"].fail(f"возвращение {back} не позже отъезда {left}.")
    count = row["count"].integer(1, PEOPLE_MAX) if "count" in row else 1
    return AbsenceSpec(left, back, count, row["force_majeure"].flag() if "force_majeure" in row else False)


def troubles_of(cell: Cell | None) -> tuple[TroubleSpec, ...]:
    """Breaks and bad quality: {service, what, from, to, …}."""
    if cell is None or cell.is_none:
        return ()
    return tuple(_trouble(item) for item in cell.items())


def _trouble(cell: Cell) -> TroubleSpec:
    row = cell.fields(TROUBLE_KEYS, ("service", "what", "from", "to"))
    what = Trouble(row["what"].choice(TROUBLES))
    first, after = _moment(row["from"]), _moment(row["to"])
    if after <= first:
        row["to"].fail("конец не позже начала.")
    measure = {
        Trouble.BREAK: ("inside", DEGREES),
        Trouble.AIR: ("measured", DEGREES),
        Trouble.HOT_WATER: ("measured", DEGREES),
        Trouble.PRESSURE: ("off", PERCENT),
        Trouble.WASTE_LATE: ("outside", DEGREES),
    }.get(what)
    value = INSIDE_USUAL if what == Trouble.BREAK else 0
    if measure is not None and measure[0] in row:
        value = row[measure[0]].quantity(measure[1], signed=True)
    elif measure is not None and what != Trouble.BREAK:
        cell.fail(f"нет ключа «{measure[0]}»: что измерили.")
    limit = row["required"].quantity(DEGREES) if "required" in row else 180
    marks = Mark.DEAD_END if "dead_end" in row and row["dead_end"].flag() else 0
    marks |= Mark.TWO_FEEDS if "two_feeds" in row and row["two_feeds"].flag() else 0
    return TroubleSpec(row["service"].choice(SERVICES), what, first, after, value, limit, marks)


def _moment(cell: Cell) -> dt.datetime:
    text = cell.text().strip()
    try:
        return dt.datetime.strptime(text, "%Y-%m-%d %H:%M")  # noqa: DTZ007 - by the clock of the house
    except ValueError:
        cell.fail(f"«{text}» — не день с временем. Запишите как 2026-06-03 14:30.")
