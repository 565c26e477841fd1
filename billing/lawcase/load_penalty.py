"""Cases about a penalty: one debt, its payments by day, the law of the case, what must come out."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from billing.lawcase.cells import Cell, Unit
from billing.lawcase.units import KOPECKS
from billing.penalty.federal import caps, federal_calendar, key_rates, moratoria
from billing.penalty.kernel import RateMode
from billing.penalty.rates import KeyRate, Moratorium, RateLaw
from billing.penalty.scale import Payer
from billing.penalty.terms import Terms

MONEY = Unit(1, "сумма в копейках", KOPECKS, "124414")
PERCENT = Unit(100, "ставка в процентах годовых", ("%",), "9.5")
PENALTY_KEYS = (
    *("debt", "month", "due", "delivered", "first_period_15", "strict", "until", "payments"),
    *("rate", "rate_mode", "payer", "moratoria"),
)
SHARE = re.compile(r"^1/(300|170|130)$")
LONG_AGO = dt.date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class ExpectedDays:
    """Days for which a base cost 1/denominator of the rate."""

    base_kopecks: int
    denominator: int
    days: int


@dataclass(frozen=True, slots=True)
class PenaltySpec:
    """One debt, its payments by day, the law of the case, and what the penalty must be."""

    debt_kopecks: int
    due: dt.date
    until: dt.date
    payments: tuple[tuple[dt.date, int], ...]
    payer: Payer
    mode: RateMode
    law: RateLaw
    amount_kopecks: int
    days: tuple[ExpectedDays, ...] | None


def penalty_spec(cell: Cell, expect: Cell) -> PenaltySpec:
    """The story under the key `penalty` and what is expected of it."""
    fields = cell.fields(PENALTY_KEYS, ("debt", "until"))
    wanted = expect.fields(("amount", "days"), ("amount",))
    debt, until = fields["debt"].quantity(MONEY), fields["until"].date()
    payments = _by_day(fields.get("payments"))
    if sum(amount for _, amount in payments) > debt:
        fields["payments"].fail("уплачено больше долга. Лишнее уменьшает другой долг: опишите его отдельно.")
    return PenaltySpec(
        debt,
        _due(cell, fields),
        until,
        payments,
        fields["payer"].choice({one.name.lower(): one for one in Payer})
        if "payer" in fields
        else Payer.RESIDENT,
        fields["rate_mode"].choice({one.value: one for one in RateMode})
        if "rate_mode" in fields
        else RateMode.ON_PAYMENT,
        _law(fields),
        wanted["amount"].quantity(MONEY),
        tuple(_days(item) for item in wanted["days"].items()) if "days" in wanted else None,
    )


def _due(cell: Cell, fields: dict[str, Cell]) -> dt.date:
    """The last day to pay: given, or of the month by law."""
    if ("due" in fields) == ("month" in fields):
        cell.fail("нужен один из ключей: «due» (последний день оплаты) или «month» (месяц долга).")
    if "due" in fields:
        return fields["due"].date()
    period = fields["month"].month()
    terms = Terms(
        federal_calendar(),
        fields["first_period_15"].month() if "first_period_15" in fields else Terms().first_period_15,
        "strict" in fields and fields["strict"].flag(),
        delivered={period: fields["delivered"].date()} if "delivered" in fields else {},
    )
    return terms.due(period)


def _law(fields: dict[str, Cell]) -> RateLaw:
    """Federal rates, cap and moratoria, or those of the case; a rate of the case has no cap."""
    free = moratoria()
    if "moratoria" in fields:
        cell = fields["moratoria"]
        free = () if cell.is_none else tuple(_moratorium(item) for item in cell.items())
    if "rate" in fields:
        return RateLaw((KeyRate(LONG_AGO, fields["rate"].quantity(PERCENT)),), (), free)
    return RateLaw(key_rates(), caps(), free)


def _moratorium(cell: Cell) -> Moratorium:
    fields = cell.fields(("from", "to", "due_before"), ("from", "to"))
    before = fields["due_before"].date() if "due_before" in fields else None
    return Moratorium(fields["from"].date(), fields["to"].date(), due_before=before)


def _days(cell: Cell) -> ExpectedDays:
    fields = cell.fields(("base", "share", "days"), ("base", "share", "days"))
    match = SHARE.match(fields["share"].text())
    if match is None:
        fields["share"].fail("доля не подходит. Можно: 1/300, 1/170, 1/130.")
    return ExpectedDays(fields["base"].quantity(MONEY), int(match.group(1)), fields["days"].integer(1))


def _by_day(cell: Cell | None) -> tuple[tuple[dt.date, int], ...]:
    if cell is None or cell.is_none:
        return ()
    out = []
    for text, item in cell.entries().items():
        try:
            day = dt.date.fromisoformat(text)
        except ValueError:
            item.fail(f"«{text}» — не дата. Запишите как 2026-03-15.")
        out.append((day, item.quantity(MONEY)))
    return tuple(out)
