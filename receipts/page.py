"""What stands on the page: a Receipt turned into the strings a form lays out.

The form only places text; every number is put into words here, once, so that the page, a letter and a test
see the same. Keys of the result are the interface of `forms/payment_document.typ` and of `receipts.story`.
"""

from collections.abc import Callable
from datetime import date
from typing import Any

from billing.quantity import PERMILLE
from billing.receipt import (
    ClaimKind,
    DocumentKind,
    PaymentBlock,
    Receipt,
    ReceiptRow,
    ReceiptSection,
    SectionKind,
    Totals,
)
from receipts import page_tables, page_year, words
from receipts.barcode import Barcode, barcode_of
from receipts.look import STANDARD, Look
from receipts.page_tables import NOTHING, joined, with_unit
from receipts.qr import payment_payload, qr_svg

Page = dict[str, Any]
Draw = Callable[[Receipt, PaymentBlock], Any]
"""What makes the QR symbol of a payment to a payee."""

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


def drawn(receipt: Receipt, block: PaymentBlock) -> str:
    """The symbol as a picture."""
    return qr_svg(payment_payload(receipt, block))


def page_of(receipt: Receipt, draw: Draw = drawn, look: Look = STANDARD) -> Page:
    """All strings of the document. The receipt passed `check()`."""
    sender = receipt.payments[0].payee
    reference = receipt.reference
    return {
        "title": TITLES[receipt.kind],
        "month": words.month(receipt.month),
        "month_in": words.month_in(receipt.month),
        "number": receipt.number,
        "issued": words.day_short(receipt.issued_on),
        "sender": {
            "name": receipt.sender or sender.name,
            "address": receipt.sender_address or sender.address,
            "contacts": joined(sender.phone, sender.site, sender.email) if not receipt.sender else "",
        },
        "payer": _payer(receipt),
        "headline": _headline(receipt, draw),
        "equation": _equation(receipt),
        "columns": _columns(receipt),
        "sections": [_section(section) for section in receipt.sections],
        "total": _sums(receipt.rows),
        "total_note": _total_note(receipt),
        "corrections": page_tables.corrections(receipt),
        "penalties": page_tables.claims(receipt, ClaimKind.PENALTY),
        "court": page_tables.claims(receipt, ClaimKind.COURT),
        "debts": page_tables.debts(receipt),
        "instalments": page_tables.instalments(receipt),
        "readings": page_tables.readings(receipt),
        "readings_call": page_tables.readings_call(receipt),
        "verify_call": page_tables.verify_call(receipt),
        "history": page_year.history(receipt) if look.shows("year") else [],
        "history_alt": page_year.history_alt(receipt),
        "years": page_year.years(receipt) if look.shows("services") else [],
        "change": page_year.change(receipt) if look.shows("change") else None,
        "payments": [_payment(receipt, block, draw, look) for block in receipt.payments],
        "house": page_tables.house(reference),
        "contacts": page_tables.contacts(reference),
        "vat": f"В начисленном НДС {words.money(receipt.vat_kopecks)} ₽." if receipt.vat_kopecks else "",
        "payment_ways": look.payment_ways or reference.payment_ways,
        "cabinet": {"address": look.cabinet or reference.cabinet_address, "code": reference.cabinet_code},
        "limit_index": look.limit_index or reference.limit_index,
        "news": [*look.messages, *reference.news] if look.shows("news") else [],
        "look": {"accent": look.accent, "logo": look.logo, "order": list(look.order)},
    }


UNBROKEN = frozenset({"drawing", "logo"})
"""Drawings are data, not words."""


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
        return {key: item if key in UNBROKEN else _breakable(item) for key, item in value.items()}
    return value


def _payer(receipt: Receipt) -> Page:
    payer = receipt.payer
    heated = payer.area_heated_dm2
    areas = (
        ("Общая площадь", payer.area_total_dm2),
        ("Жилая", payer.area_living_dm2),
        ("Отапливаемая", heated if heated != payer.area_total_dm2 else None),
    )
    facts = [("Лицевой счёт", payer.account_number)]
    facts += [(name, value) for name, value in (("ЕЛС", payer.els), ("ИД ЖКУ", payer.service_id)) if value]
    facts += [(name, words.area(dm2)) for name, dm2 in areas if dm2 is not None]
    if payer.share:
        facts.append(("Доля в помещении", payer.share))
    living = words.people(payer.residents)
    if payer.temporary_residents:
        living += f" и временно {payer.temporary_residents}"
    facts.append(("Проживают", living))
    if receipt.last_paid_on:
        facts.append(("Последняя оплата", words.day_short(receipt.last_paid_on)))
    return {
        "name": payer.name,
        "address": payer.address,
        "postcode": payer.postcode,
        "account": payer.account_number,
        "facts": [list(fact) for fact in facts],
    }


def _headline(receipt: Receipt, draw: Draw) -> Page:
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


def _symbol(receipt: Receipt, block: PaymentBlock, draw: Draw) -> Page:
    amount = words.money(block.totals.due_kopecks)
    return {
        "drawing": draw(receipt, block),
        "alt": f"QR-код для оплаты: получатель {block.payee.name}, сумма {amount} ₽",
    }


def _equation(receipt: Receipt) -> list[list[str]]:
    """How the sum came about, line by line; lines of nothing are left out, except the charge itself."""
    totals = receipt.totals
    on = f" на {_near(receipt, receipt.balance_on)}" if receipt.balance_on else ""
    through = f" по {_near(receipt, receipt.paid_through)}" if receipt.paid_through else ""
    opening = ("Долг" if totals.opening_kopecks > 0 else "Аванс") + on
    recalculated, benefits = _corrected(receipt.rows)
    court = sum(row.amount_kopecks for row in receipt.penalties if row.kind is ClaimKind.COURT)
    lines = (
        (opening, totals.opening_kopecks),
        ("Начислено", totals.charged_kopecks),
        ("Перерасчёты", recalculated),
        ("Льготы", -benefits),
        ("Пени", totals.penalty_kopecks - court),
        ("Судебные расходы", court),
        ("Рассрочка: проценты и отложенное на следующие месяцы", totals.instalment_kopecks),
        ("Зачёт между получателями", totals.netted_kopecks),
        (f"Оплачено{through}", -totals.paid_kopecks),
    )
    charge = lines[1]
    shown = [line for line in lines if line[1] or (line is charge and receipt.kind is not DocumentKind.DEBT)]
    return [[name, words.signed_money(value)] for name, value in shown]


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
        "common_volume": with_unit(row.common_volume, row.unit, row.decimals),
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


def _total_note(receipt: Receipt) -> str:
    """How much of the total is utilities and how much common needs (columns 16, 17 of section 3)."""
    utilities = sum(one.total_kopecks for one in receipt.sections if one.kind is SectionKind.UTILITIES)
    common = sum(row.common_kopecks for row in receipt.rows)
    parts = ("коммунальные услуги", utilities), ("общее имущество", common)
    said = ", ".join(f"{name} {words.money(value)}" for name, value in parts if value)
    return f"из них {said}" if said else ""


def _payment(receipt: Receipt, block: PaymentBlock, draw: Draw, look: Look) -> Page:
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
        "contacts": joined(payee.phone, payee.site, payee.email, payee.hours),
        "emergency": payee.emergency_phone,
        "amount": words.money(block.totals.due_kopecks),
        "parts": _block_parts(block.totals) if several else [],
        "qr": _symbol(receipt, block, draw) if several and block.totals.due_kopecks else None,
        "barcode": _barcode(receipt, block, look),
    }


def _barcode(receipt: Receipt, block: PaymentBlock, look: Look) -> Page | None:
    """Code 128 by the template of the organisation; nothing to pay, nothing to scan."""
    if not look.barcode or not block.totals.due_kopecks:
        return None
    made: Barcode = barcode_of(look.barcode, receipt, block)
    return {"drawing": made.modules, "digits": made.text}


def _block_parts(totals: Totals) -> list[list[str]]:
    lines = (
        ("Долг" if totals.opening_kopecks > 0 else "Аванс", totals.opening_kopecks),
        ("Начислено", totals.charged_kopecks),
        ("Перерасчёты и льготы", totals.correction_kopecks),
        ("Пени и расходы", totals.penalty_kopecks),
        ("Рассрочка", totals.instalment_kopecks),
        ("Зачёт между получателями", totals.netted_kopecks),
        ("Оплачено", -totals.paid_kopecks),
    )
    return [[name, words.signed_money(value)] for name, value in lines if value]
