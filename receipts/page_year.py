"""The year of a flat in words and shares: bars of sums, small charts by service, why this month differs."""

from typing import Any

from billing.receipt import Receipt, ServiceMonth, ServiceYear
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


def _year(one: ServiceYear, receipt: Receipt) -> Page:
    by_volume = all(month.volume is not None for month in one.months)
    sizes = [_size(month, by_volume) for month in one.months]
    highest = max(sizes, default=0)
    now = next((month for month in one.months if month.month == receipt.month), None)
    said = [_said(month, one, by_volume) for month in one.months]
    return {
        "service": one.service,
        "unit": one.unit if by_volume else "₽",
        "now": said[one.months.index(now)] if now else words.DASH,
        "first": words.MONTHS_SHORT[one.months[0].month.month - 1] if one.months else "",
        "last": words.MONTHS_SHORT[one.months[-1].month.month - 1] if one.months else "",
        "bars": [
            {"share": size * FULL // highest if highest else 0, "current": month.month == receipt.month}
            for size, month in zip(sizes, one.months, strict=True)
        ],
        "alt": f"{one.service} по месяцам: "
        + ", ".join(f"{words.month(m.month)} {told}" for m, told in zip(one.months, said, strict=True)),
    }


def _size(month: ServiceMonth, by_volume: bool) -> int:
    if by_volume and month.volume is not None:
        return max(month.volume.rounded(6), 0)
    return max(month.kopecks, 0)


def _said(month: ServiceMonth, one: ServiceYear, by_volume: bool) -> str:
    if by_volume and month.volume is not None:
        return f"{words.volume(month.volume, one.unit, one.decimals)}{words.NBSP}{one.unit}"
    return f"{words.roubles(month.kopecks)}{words.NBSP}₽"
