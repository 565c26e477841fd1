"""The lower tables of the page in words: grounds, claims, debts, instalments, meters, the house, contacts.

Rows of `billing.receipt` in, strings out; keys are the interface of the forms, as in `receipts.page`.
"""

from datetime import date, timedelta
from typing import Any

from billing.receipt import ClaimKind, Quantity, ReadingRow, Receipt, Reference, ReferenceRow
from receipts import words
from receipts.kept import OfLast

Page = dict[str, Any]

NOTHING = words.DASH
VERIFY_SOON = timedelta(days=90)
"""How long before the end of a verification the page starts to warn."""


def corrections(receipt: Receipt) -> list[Page]:
    """Recalculations with their grounds."""
    return [
        {
            "service": row.service,
            "months": words.month_span(row.first_month, row.last_month),
            "ground": row.ground,
            "amount": words.signed_money(row.amount_kopecks),
        }
        for row in receipt.corrections
    ]


def claims(receipt: Receipt, kind: ClaimKind) -> list[Page]:
    """Penalties, or court costs: each in a table of its own, never among services."""
    return [
        {
            "title": row.title,
            "month": words.month(row.month) if row.month else "",
            "base": words.money(row.base_kopecks) if row.base_kopecks is not None else NOTHING,
            "days": str(row.days) if row.days is not None else NOTHING,
            "ground": row.ground,
            "amount": words.money(row.amount_kopecks),
        }
        for row in receipt.penalties
        if row.kind is kind
    ]


def debts(receipt: Receipt) -> list[Page]:
    """Of a debt document: service, month, sum."""
    return [
        {
            "service": row.service,
            "month": words.month(row.month) if row.month else "прежние долги",
            "amount": words.money(row.amount_kopecks),
        }
        for row in receipt.debts
    ]


def instalments(receipt: Receipt) -> list[Page]:
    """Payment by instalments."""
    return [
        {
            "service": row.service,
            "of_month": words.money(row.of_month_kopecks),
            "of_past": words.money(row.of_past_kopecks),
            "interest": words.money(row.interest_kopecks),
            "rate": row.interest_rate,
            "total": words.money(row.total_kopecks),
        }
        for row in receipt.instalments
    ]


def readings(receipt: Receipt) -> list[Page]:
    """Meters with both readings, a warning where the verification ends."""
    return [_reading(row, receipt.issued_on) for row in receipt.readings]


def _reading(row: ReadingRow, issued_on: date) -> Page:
    warning = ""
    if row.verify_until and row.verify_until < issued_on:
        warning = "истекла"
    elif row.verify_until and row.verify_until - issued_on <= VERIFY_SOON:
        warning = "скоро"
    return {
        "service": row.service,
        "meter": joined(row.meter_number, row.place, row.zone),
        "previous": words.reading(row.previous) if row.previous else NOTHING,
        "previous_on": words.day_short(row.previous_on) if row.previous_on else "",
        "current": words.reading(row.current) if row.current else NOTHING,
        "current_on": words.day_short(row.current_on) if row.current_on else row.source,
        "source": row.source,
        "consumption": with_unit(row.consumption, row.unit) or NOTHING,
        "verify_until": words.day_short(row.verify_until) if row.verify_until else NOTHING,
        "warning": warning,
    }


def readings_call(receipt: Receipt) -> str:
    """When and how to send the next readings, one sentence; nothing when the dates are not known."""
    first, last = receipt.reference.readings_from, receipt.reference.readings_until
    if first is None or last is None:
        return receipt.reference.readings_how
    when = f"с {first.day} по {words.day(last)}"
    return f"Передайте показания {when}. {receipt.reference.readings_how}".strip()


def verify_call(receipt: Receipt) -> str:
    """Which meters are to be verified soon, one sentence; nothing when none is."""
    soon = sorted(
        {
            (row.verify_until, row.service, row.meter_number)
            for row in receipt.readings
            if row.verify_until and row.verify_until - receipt.issued_on <= VERIFY_SOON
        }
    )
    if not soon:
        return ""
    named = "; ".join(f"{service}, {meter} — до {words.day_short(until)}" for until, service, meter in soon)
    return f"Пора поверить счётчики: {named}. Без поверки объём считают по среднему, затем по нормативу."


def _house(reference: Reference) -> list[Page]:
    """Norms, the house meter, volumes of the whole house, of premises and for common needs."""
    return [
        {
            "service": row.service,
            "norm": _norm(row.norm, row.norm_unit),
            "common_norm": f"СОИ {_norm(row.common_norm, row.common_norm_unit)}" if row.common_norm else "",
            "reading": words.reading(row.house_reading) if row.house_reading else NOTHING,
            "house": _house_volume(row, row.house_volume),
            "premises": _house_volume(row, row.premises_volume),
            "common": _house_volume(row, row.common_volume),
        }
        for row in reference.rows
    ]


house = OfLast(_house)


def _norm(quantity: Quantity | None, unit: str) -> str:
    if quantity is None:
        return NOTHING
    return f"{words.scaled(quantity.rounded(6), 6, 0)}{words.NBSP}{unit}".strip()


def _house_volume(row: ReferenceRow, quantity: Quantity | None) -> str:
    return with_unit(quantity, row.unit) or NOTHING


def _contacts(reference: Reference) -> list[Page]:
    """Whom to call about what."""
    return [
        {
            "role": one.role,
            "name": one.name,
            "phone": one.phone,
            "where": joined(one.address, one.site),
        }
        for one in reference.contacts
    ]


contacts = OfLast(_contacts)


def with_unit(quantity: Quantity | None, unit: str, decimals: int | None = None) -> str:
    """A volume with its unit; nothing for None."""
    return f"{words.volume(quantity, unit, decimals)}{words.NBSP}{unit}" if quantity is not None else ""


def joined(*parts: str) -> str:
    """Parts that are there, with dots between."""
    return " · ".join(part for part in parts if part)
