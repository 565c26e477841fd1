"""The year of a flat in words and shares: bars of sums, small charts by service, why this month differs."""

from typing import Any

from billing.receipt import Quantity, Receipt, ServiceYear
from receipts import words

Page = dict[str, Any]

FULL = 1000
"""The highest bar: shares are thousandths of it, so that a form does no arithmetic."""


def history(receipt: Receipt) -> list[Page]:
    """Bars: share of the highest in thousandths, so that the form does no arithmetic with money."""
    highest = max((bar.charged_kopecks for bar in receipt.history), default=0)
    return [
        {
            "month": words.MONTHS_SHORT[bar.month.month - 1],
            "year": str(bar.month.year),
            "amount": words.roubles(bar.charged_kopecks),
            "share": max(bar.charged_kopecks, 0) * 1000 // highest if highest > 0 else 0,
            "current": bar.month == receipt.month,
        }
        for bar in receipt.history
    ]


def history_alt(receipt: Receipt) -> str:
    """The chart in words, for those who listen."""
    bars = (f"{words.month(bar.month)} {words.money(bar.charged_kopecks)}" for bar in receipt.history)
    return "Начислено по месяцам, рублей: " + ", ".join(bars)


def change(receipt: Receipt) -> Page | None:
    """Why it is more or less than the last month, in parts that add up."""
    told = receipt.change
    if told is None:
        return None
    difference = sum(part.amount_kopecks for part in told.parts)
    if difference == 0:
        title = f"Столько же, сколько за {words.month(told.previous_month)}"
    else:
        more = "больше" if difference > 0 else "меньше"
        title = f"На {words.money(abs(difference))} ₽ {more}, чем за {words.month(told.previous_month)}"
    return {
        "title": title,
        "parts": [[part.label, words.signed_money(part.amount_kopecks)] for part in told.parts],
    }


def years(receipt: Receipt) -> list[Page]:
    """A small chart a service: volumes where every month has one, else sums."""
    return [_year(one, receipt) for one in receipt.years]


def alts(receipt: Receipt) -> list[str]:
    """Each small chart in words: only a form with tags has a use for them."""
    return [alt_of(one) for one in receipt.years]


def _year(one: ServiceYear, receipt: Receipt) -> Page:
    sizes = one.kopecks if one.volumes_micro is None else one.volumes_micro
    highest = max(sizes, default=0)
    now = one.months.index(receipt.month) if receipt.month in one.months else -1
    return {
        "service": one.service,
        "unit": "₽" if one.volumes_micro is None else one.unit,
        "now": _said(one, now) if now >= 0 else words.DASH,
        "first": words.MONTHS_SHORT[one.months[0].month - 1] if one.months else "",
        "last": words.MONTHS_SHORT[one.months[-1].month - 1] if one.months else "",
        "shares": [max(size, 0) * FULL // highest if highest > 0 else 0 for size in sizes],
        "current": now,
    }


def _said(one: ServiceYear, at: int) -> str:
    if one.volumes_micro is None:
        return f"{words.roubles(one.kopecks[at])}{words.NBSP}₽"
    amount = words.volume(Quantity(one.volumes_micro[at]), one.unit, one.decimals)
    return f"{amount}{words.NBSP}{one.unit}"


def alt_of(one: ServiceYear) -> str:
    """A small chart in words, for those who listen."""
    told = (f"{words.month(month)} {_said(one, at)}" for at, month in enumerate(one.months))
    return f"{one.service} по месяцам: " + ", ".join(told)
