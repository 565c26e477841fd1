"""What stands on the page: a Receipt turned into the strings a form lays out.

The form only places text; every number is put into words here, once, so that the page, a letter and a test
see the same. Keys of the result are the interface of `forms/payment_document.typ` and of `receipts.story`.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from billing.quantity import PERMILLE
from billing.receipt import (
    DocumentKind,
    PaymentBlock,
    Quantity,
    ReadingRow,
    Receipt,
    ReceiptRow,
    ReceiptSection,
    ReferenceRow,
    SectionKind,
    Totals,
)
from receipts import words
from receipts.qr import payment_payload, qr_svg

Page = dict[str, Any]

VERIFY_SOON = timedelta(days=90)
"""How long before the end of a verification the page starts to warn."""

TITLES = {
    DocumentKind.REGULAR: "Платёжный документ",
    DocumentKind.DEBT: "Долговой платёжный документ",
    DocumentKind.CAPITAL_REPAIR: "Взнос на капитальный ремонт",
}
SECTIONS = {
    SectionKind.HOUSING: "Жилищные услуги",
    SectionKind.UTILITIES: "Коммунальные услуги",
    SectionKind.CAPITAL_REPAIR: "Капитальный ремонт",
    SectionKind.OTHER: "Прочие услуги",
}
NOTHING = words.DASH


def page_of(receipt: Receipt, draw: Callable[[bytes], Any] = qr_svg) -> Page:
    """All strings of the document; `draw` makes the drawing of a QR payload. The receipt passed `check()`."""
    sender = receipt.payments[0].payee
    page: Page = {
        "title": TITLES[receipt.kind],
        "month": words.month(receipt.month),
        "month_in": words.month_in(receipt.month),
        "number": receipt.number,
        "issued": words.day_short(receipt.issued_on),
        "sender": {
            "name": receipt.sender or sender.name,
            "address": receipt.sender_address or sender.address,
            "contacts": _joined(sender.phone, sender.site, sender.email) if not receipt.sender else "",
        },
        "payer": _payer(receipt),
        "headline": _headline(receipt, draw),
        "equation": _equation(receipt),
        "columns": _columns(receipt),
        "sections": [_section(section) for section in receipt.sections],
        "total": _sums(receipt.rows),
        "corrections": _corrections(receipt),
        "penalties": _penalties(receipt),
        "instalments": _instalments(receipt),
        "readings": [_reading(row, receipt.issued_on) for row in receipt.readings],
        "readings_call": _readings_call(receipt),
        "history": _history(receipt),
        "history_alt": _history_alt(receipt),
        "change": _change(receipt),
        "payments": [_payment(receipt, block, draw) for block in receipt.payments],
        "house": _house(receipt),
        "contacts": [_contact(receipt, index) for index in range(len(receipt.reference.contacts))],
        "payment_ways": receipt.reference.payment_ways,
        "cabinet": {"address": receipt.reference.cabinet_address, "code": receipt.reference.cabinet_code},
        "news": list(receipt.reference.news),
    }
    return page


def breakable_page(page: Page) -> Page:
    """The same with places to break in absurdly long words: Typst breaks none by itself."""
    return {key: _breakable(value) for key, value in page.items()}


def _breakable(value: Any) -> Any:
    """The same data with places to break in absurdly long words; symbols are drawings, not words."""
    if isinstance(value, str):
        return words.breakable(value)
    if isinstance(value, list):
        return [_breakable(item) for item in value]
    if isinstance(value, dict):
        return {key: item if key == "drawing" else _breakable(item) for key, item in value.items()}
    return value


def _payer(receipt: Receipt) -> Page:
    payer = receipt.payer
    areas = (
        ("Общая площадь", payer.area_total_dm2),
        ("Жилая", payer.area_living_dm2),
        ("Отапливаемая", payer.area_heated_dm2),
    )
    facts = [("Лицевой счёт", payer.account_number)]
    facts += [(name, value) for name, value in (("ЕЛС", payer.els), ("ИД ЖКУ", payer.service_id)) if value]
    facts += [(name, words.area(dm2)) for name, dm2 in areas if dm2 is not None]
    living = words.people(payer.residents)
    if payer.temporary_residents:
        living += f" и временно {payer.temporary_residents}"
    facts.append(("Проживают", living))
    return {
        "name": payer.name,
        "address": payer.address,
        "postcode": payer.postcode,
        "account": payer.account_number,
        "facts": [list(fact) for fact in facts],
    }


def _headline(receipt: Receipt, draw: Callable[[bytes], Any]) -> Page:
    """The sum, the day and the symbol of the first payee that is owed something."""
    due = receipt.due_kopecks
    blocks = [block for block in receipt.payments if block.totals.due_kopecks]
    if due:
        label, amount, note = "К оплате", words.money(due), f"до {words.day(receipt.due_on)} включительно"
    elif receipt.totals.to_pay_kopecks < 0:
        label, amount, note = "Аванс", words.money(-receipt.totals.to_pay_kopecks), "Платить не нужно"
    else:
        label, amount, note = "К оплате", words.money(0), "Всё оплачено, платить не нужно"
    caption = "Наведите камеру приложения банка: реквизиты и сумма заполнятся сами."
    if len(blocks) > 1:
        first = f"{blocks[0].payee.name}: {words.money(blocks[0].totals.due_kopecks)} ₽"
        caption = f"Код только для {first}. Коды остальных — ниже, «Куда и как платить»."
    return {
        "label": label,
        "amount": amount,
        "note": note,
        "qr": _symbol(receipt, blocks[0], draw) if blocks else None,
        "caption": caption,
    }


def _symbol(receipt: Receipt, block: PaymentBlock, draw: Callable[[bytes], Any]) -> Page:
    amount = words.money(block.totals.due_kopecks)
    return {
        "drawing": draw(payment_payload(receipt, block)),
        "alt": f"QR-код для оплаты: получатель {block.payee.name}, сумма {amount} ₽",
    }


def _equation(receipt: Receipt) -> list[list[str]]:
    """How the sum came about, line by line; lines of nothing are left out, except the charge itself."""
    totals = receipt.totals
    on = f" на {_near(receipt, receipt.balance_on)}" if receipt.balance_on else ""
    through = f" по {_near(receipt, receipt.paid_through)}" if receipt.paid_through else ""
    opening = ("Долг" if totals.opening_kopecks > 0 else "Аванс") + on
    recalculated, benefits = _corrected(receipt.rows)
    lines = (
        (opening, totals.opening_kopecks),
        ("Начислено", totals.charged_kopecks),
        ("Перерасчёты", recalculated),
        ("Льготы", -benefits),
        ("Пени и расходы", totals.penalty_kopecks),
        (f"Оплачено{through}", -totals.paid_kopecks),
    )
    charge = lines[1]
    return [[line[0], words.signed_money(line[1])] for line in lines if line[1] or line is charge]


def _near(receipt: Receipt, moment: date) -> str:
    """A day without its year when that is the year of the document."""
    return f"{moment:%d.%m}" if moment.year == receipt.month.year else words.day_short(moment)


def _corrected(rows: tuple[ReceiptRow, ...]) -> tuple[int, int]:
    return sum(row.recalculation_kopecks for row in rows), sum(row.benefit_kopecks for row in rows)


def _columns(receipt: Receipt) -> dict[str, bool]:
    """Columns with nothing in them for this account are not printed at all."""
    rows = receipt.rows
    return {
        "common": any(row.common_charged_kopecks or row.common_volume for row in rows),
        "surcharge": any(row.surcharge_kopecks for row in rows),
        "recalculation": any(row.recalculation_kopecks for row in rows),
        "benefit": any(row.benefit_kopecks for row in rows),
    }


def _section(section: ReceiptSection) -> Page:
    return {
        "title": section.title or SECTIONS[section.kind],
        "total": words.money(section.total_kopecks),
        "rows": [_row(row) for row in section.rows],
    }


def _row(row: ReceiptRow) -> Page:
    has_common = row.common_charged_kopecks or row.common_volume is not None
    raised = row.coefficient_permille != PERMILLE
    return {
        "service": row.service,
        "basis": row.basis,
        "unit": row.unit,
        "volume": words.volume(row.volume, row.unit, row.decimals) if row.volume else NOTHING,
        "rate": words.rate(row.rate) if row.rate is not None else NOTHING,
        "charged": words.money(row.charged_kopecks),
        "common": words.money(row.common_charged_kopecks) if has_common else "",
        "common_volume": _with_unit(row.common_volume, row.unit, row.decimals),
        "common_basis": row.common_basis,
        "surcharge": words.money(row.surcharge_kopecks) if row.surcharge_kopecks else "",
        "coefficient": f"×{words.coefficient(row.coefficient_permille)}" if raised else "",
        "recalculation": words.signed_money(row.recalculation_kopecks) if row.recalculation_kopecks else "",
        "benefit": words.money(-row.benefit_kopecks) if row.benefit_kopecks else "",
        "total": words.money(row.total_kopecks),
    }


def _sums(rows: tuple[ReceiptRow, ...]) -> dict[str, str]:
    recalculated, benefits = _corrected(rows)
    return {
        "charged": words.money(sum(row.charged_kopecks for row in rows)),
        "common": words.money(sum(row.common_charged_kopecks for row in rows)),
        "surcharge": words.money(sum(row.surcharge_kopecks for row in rows)),
        "recalculation": words.signed_money(recalculated),
        "benefit": words.money(-benefits),
        "total": words.money(sum(row.total_kopecks for row in rows)),
    }


def _corrections(receipt: Receipt) -> list[Page]:
    return [
        {
            "service": row.service,
            "months": words.month_span(row.first_month, row.last_month),
            "ground": row.ground,
            "amount": words.signed_money(row.amount_kopecks),
        }
        for row in receipt.corrections
    ]


def _penalties(receipt: Receipt) -> list[Page]:
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
    ]


def _instalments(receipt: Receipt) -> list[Page]:
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


def _reading(row: ReadingRow, issued_on: date) -> Page:
    warning = ""
    if row.verify_until and row.verify_until < issued_on:
        warning = "истекла"
    elif row.verify_until and row.verify_until - issued_on <= VERIFY_SOON:
        warning = "скоро"
    return {
        "service": row.service,
        "meter": _joined(row.meter_number, row.place, row.zone),
        "previous": words.reading(row.previous) if row.previous else NOTHING,
        "previous_on": words.day_short(row.previous_on) if row.previous_on else "",
        "current": words.reading(row.current) if row.current else NOTHING,
        "current_on": words.day_short(row.current_on) if row.current_on else row.source,
        "source": row.source,
        "consumption": _with_unit(row.consumption, row.unit) or NOTHING,
        "verify_until": words.day_short(row.verify_until) if row.verify_until else NOTHING,
        "warning": warning,
    }


def _readings_call(receipt: Receipt) -> str:
    """When and how to send the next readings, one sentence; nothing when the dates are not known."""
    first, last = receipt.reference.readings_from, receipt.reference.readings_until
    if first is None or last is None:
        return receipt.reference.readings_how
    when = f"с {first.day} по {words.day(last)}"
    return f"Передайте показания {when}. {receipt.reference.readings_how}".strip()


def _history(receipt: Receipt) -> list[Page]:
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


def _history_alt(receipt: Receipt) -> str:
    """The chart in words, for those who listen."""
    bars = (f"{words.month(bar.month)} {words.money(bar.charged_kopecks)}" for bar in receipt.history)
    return "Начислено по месяцам, рублей: " + ", ".join(bars)


def _change(receipt: Receipt) -> Page | None:
    change = receipt.change
    if change is None:
        return None
    difference = sum(part.amount_kopecks for part in change.parts)
    if difference == 0:
        title = f"Столько же, сколько за {words.month(change.previous_month)}"
    else:
        more = "больше" if difference > 0 else "меньше"
        title = f"На {words.money(abs(difference))} ₽ {more}, чем за {words.month(change.previous_month)}"
    return {
        "title": title,
        "parts": [[part.label, words.signed_money(part.amount_kopecks)] for part in change.parts],
    }


def _payment(receipt: Receipt, block: PaymentBlock, draw: Callable[[bytes], Any]) -> Page:
    payee = block.payee
    correspondent = payee.correspondent_account
    requisites = (
        ("ИНН", payee.inn),
        ("КПП", payee.kpp),
        ("ОГРН", payee.ogrn),
        ("Расчётный счёт", payee.bank_account),
        ("Банк", payee.bank_name),
        ("БИК", payee.bic),
        ("Корр. счёт", correspondent if correspondent != "0" else ""),
        ("Лицевой счёт", block.account_number or receipt.payer.account_number),
        ("ИД документа", block.document_id),
    )
    several = len(receipt.payments) > 1
    return {
        "title": block.title,
        "name": payee.name,
        "requisites": [[name, value] for name, value in requisites if value],
        "address": payee.address,
        "contacts": _joined(payee.phone, payee.site, payee.email, payee.hours),
        "emergency": payee.emergency_phone,
        "amount": words.money(block.totals.due_kopecks),
        "parts": _block_parts(block.totals) if several else [],
        "qr": _symbol(receipt, block, draw) if several and block.totals.due_kopecks else None,
    }


def _block_parts(totals: Totals) -> list[list[str]]:
    lines = (
        ("Долг" if totals.opening_kopecks > 0 else "Аванс", totals.opening_kopecks),
        ("Начислено", totals.charged_kopecks),
        ("Перерасчёты и льготы", totals.correction_kopecks),
        ("Пени и расходы", totals.penalty_kopecks),
        ("Оплачено", -totals.paid_kopecks),
    )
    return [[name, words.signed_money(value)] for name, value in lines if value]


def _house(receipt: Receipt) -> list[Page]:
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
        for row in receipt.reference.rows
    ]


def _norm(quantity: Quantity | None, unit: str) -> str:
    if quantity is None:
        return NOTHING
    return f"{words.scaled(quantity.rounded(6), 6, 0)}{words.NBSP}{unit}".strip()


def _house_volume(row: ReferenceRow, quantity: Quantity | None) -> str:
    return _with_unit(quantity, row.unit) or NOTHING


def _contact(receipt: Receipt, index: int) -> Page:
    contact = receipt.reference.contacts[index]
    return {
        "role": contact.role,
        "name": contact.name,
        "phone": contact.phone,
        "where": _joined(contact.address, contact.site),
    }


def _with_unit(quantity: Quantity | None, unit: str, decimals: int | None = None) -> str:
    return f"{words.volume(quantity, unit, decimals)}{words.NBSP}{unit}" if quantity is not None else ""


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)
