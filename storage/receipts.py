"""Builds the payment document of an account for a published month from lines, ledger, meters and addresses.

What it looks like is receipts/. A handful of queries for one account or a whole block of them; the caller's
scope decides whether an account is seen at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from billing.basis import DIVISIONS, YEAR_FIXES, Basis, info
from billing.period import Period
from billing.quantity import PERMILLE, RATE_PER_RUBLE
from billing.receipt import (
    Contact,
    CorrectionRow,
    MonthAmount,
    Payee,
    Payer,
    PaymentBlock,
    Quantity,
    ReadingRow,
    Receipt,
    ReceiptRow,
    Reference,
    SectionKind,
    section_of,
    totals_of,
)
from billing.services import CATALOGUE, ELECTRICITY_ZONES, Service, component_label, component_unit
from storage.receipt_houses import reference_rows
from storage.receipt_sheets import Sheet, read_sheets
from storage.receipt_year import change_of
from storage.session import Session

ORDER = {service: at for at, service in enumerate(CATALOGUE)}
OWN_DECIMALS = 2
READINGS_FROM_DAY = 15
READINGS_UNTIL_DAY = 25
SECTIONS = {
    "housing": SectionKind.HOUSING,
    "common": SectionKind.HOUSING,
    "utility": SectionKind.UTILITIES,
    "capital": SectionKind.CAPITAL_REPAIR,
}
SOURCES = {
    "resident": "из кабинета",
    "company": "от УК",
    "supplier": "от поставщика",
    "device": "автоматически",
    "inspection": "при проверке",
    "payment": "с платежом",
    "import": "из файла",
    "final": "при снятии",
    "initial": "при установке",
}


class NoReceiptError(Exception):
    """There is no document to show; the message says why and what to do."""

    code = "no_receipt"
    permanent = True


@dataclass(frozen=True, slots=True)
class Built:
    """A document of a block, not checked yet, or the reason why there is none."""

    account_id: int
    house_id: int
    company_id: int
    house_words: str
    flat_words: str
    receipt: Receipt | None
    problem: str = ""
    is_large_print: bool = False
    """The payer asked for large letters."""


async def build_receipt(session: Session, account_id: int, period: Period) -> Receipt:
    """The checked document; NoReceiptError when the account is not seen or its month not published."""
    built = (await build_receipts(session, [account_id], period)).get(account_id)
    if built is None:
        raise NoReceiptError("Счёт не найден. Проверьте номер или откройте квартиру через поиск.")
    if built.receipt is None:
        raise NoReceiptError(built.problem)
    built.receipt.check()
    return built.receipt


async def build_receipts(session: Session, account_ids: Iterable[int], period: Period) -> dict[int, Built]:
    """Documents of many accounts by as many queries as of one; accounts not seen are absent."""
    sheets = await read_sheets(session, account_ids, period)
    references: dict[tuple[int, int], Reference] = {}
    built = {}
    for account_id, sheet in sheets.items():
        key = (sheet.head.house_id, sheet.head.company_id)
        if key not in references:
            references[key] = _reference(sheet, period)
        built[account_id] = _built(sheet, period, references[key])
    return built


def _built(sheet: Sheet, period: Period, reference: Reference) -> Built:
    head = sheet.head
    where = (head.id, head.house_id, head.company_id, _house_words(head), _flat_words(head))
    if not sheet.lines and not sheet.corrections:
        return Built(
            *where,
            None,
            f"Квитанции за {period.title} ещё нет: начисления по счёту не опубликованы. "
            "Она появится после публикации месяца.",
        )
    return Built(*where, _document(sheet, period, reference), is_large_print=head.is_large_print)


def _document(sheet: Sheet, period: Period, reference: Reference) -> Receipt:
    head = sheet.head
    rows, grounds = _rows(sheet, period)
    sections = tuple(section_of(kind, rows[kind]) for kind in SectionKind if rows[kind])
    totals = totals_of(
        [row for section in sections for row in section.rows],
        sheet.money.opening or 0,
        -sheet.money.posted,
        sum(row.amount_kopecks for row in sheet.penalties),
        sheet.instalments.totals(sheet.money.opening or 0, -sheet.money.posted, sheet.money.interest),
    )
    issued = period.shift(1).first_day
    return Receipt(
        number=f"{period.month:02d}{period.year % 100:02d}-{head.number}",
        month=period.first_day,
        issued_on=issued,
        due_on=sheet.due_on,
        payer=_payer(head),
        payments=(PaymentBlock(_payee(head), totals, "Жилищно-коммунальные услуги"),),
        sections=sections,
        totals=totals,
        balance_on=period.first_day,
        paid_through=period.last_day,
        last_paid_on=sheet.money.last_paid_on,
        corrections=grounds,
        penalties=tuple(sheet.penalties),
        instalments=sheet.instalments.rows,
        readings=tuple(row for meter in sheet.meters for row in _readings(meter, period)),
        history=_history(sheet.history, period),
        change=change_of(sheet.change, sheet.own_services),
        years=sheet.years,
        vat_kopecks=sheet.vat_kopecks,
        reference=reference,
    )


def _rows(
    sheet: Sheet, period: Period
) -> tuple[dict[SectionKind, list[ReceiptRow]], tuple[CorrectionRow, ...]]:
    """Rows by section, each recalculation in the first row of its service, with the grounds of them."""
    late = {(one.service, one.component): one for one in sheet.corrections}
    off = {one.service: one.amount for one in sheet.benefits}
    rows: dict[SectionKind, list[ReceiptRow]] = defaultdict(list)
    grounds = []
    days = period.days
    lines = [line for line in sheet.lines if line.basis not in DIVISIONS]
    rest = _remainders(sheet)
    keyed = [(line.service, line.component, line.first_day, line) for line in lines]
    charged = {(service, component) for service, component, _, _ in keyed}
    keyed += [(*key, 1, None) for key in late if key not in charged]
    for service, component, _, line in sorted(keyed, key=lambda one: (_place(one[0]), *one[1:3])):
        words = _words(sheet, service, component)
        row = _only_corrected(*words) if line is None else _row(line, days, *words)
        if line is not None and (left := rest.pop((service, component), None)):
            row = _with_remainder(row, *left)
        correction = late.pop((service, component), None)
        if correction is not None:
            total = row.total_kopecks + correction.amount
            row = replace(row, recalculation_kopecks=correction.amount, total_kopecks=total)
            grounds.append(_ground(row.service, correction))
        benefit = off.pop(service, 0)
        if benefit:
            row = replace(row, benefit_kopecks=benefit, total_kopecks=row.total_kopecks - benefit)
        rows[_section(service)].append(row)
    return rows, tuple(grounds)


def _remainders(sheet: Sheet) -> dict[tuple[int, int], tuple[int, int]]:
    """Kopecks, of the charge and of its coefficient, that make the parts of a divided premises add up."""
    rest: dict[tuple[int, int], tuple[int, int]] = {}
    for line in sheet.lines:
        if line.basis in DIVISIONS:
            amount, surcharge = rest.get((line.service, line.component), (0, 0))
            key = (line.service, line.component)
            rest[key] = (amount + line.amount, surcharge + line.surcharge)
    return rest


def _with_remainder(row: ReceiptRow, amount: int, surcharge: int) -> ReceiptRow:
    """The first row of a service with its kopecks of the division."""
    return replace(
        row,
        charged_kopecks=row.charged_kopecks + amount,
        surcharge_kopecks=row.surcharge_kopecks + surcharge,
        total_kopecks=row.total_kopecks + amount + surcharge,
    )


def _place(service: int) -> int:
    """Services of organisations come last, in order of their numbers."""
    return ORDER.get(service, len(ORDER) + service)


def _section(service: int) -> SectionKind:
    return SECTIONS[CATALOGUE[service].group] if service in CATALOGUE else SectionKind.OTHER


def _words(sheet: Sheet, service: int, component: int) -> tuple[str, str]:
    """Name and unit, also of a service of an organisation."""
    if service in CATALOGUE:
        return _known_words(service, component)
    return sheet.own_services.get(service, (f"Услуга № {service}", "мес."))


@cache
def _known_words(service: int, component: int) -> tuple[str, str]:
    return component_label(service, component), component_unit(service, component)


_info = cache(info)


def _only_corrected(service: str, unit: str) -> ReceiptRow:
    """A service with nothing charged this month, only a correction of an earlier one."""
    return ReceiptRow(
        service=service,
        unit=unit,
        basis="перерасчёт",
        rate=None,
        charged_kopecks=0,
        total_kopecks=0,
    )


def _ground(service: str, correction: Any) -> CorrectionRow:
    return CorrectionRow(
        service=service,
        ground=_ground_words(correction),
        amount_kopecks=correction.amount,
        first_month=correction.first_month,
        last_month=correction.last_month,
    )


def _ground_words(correction: Any) -> str:
    """Documents of the packages, what breaks and absences were, or that the month was put right."""
    words = [info(basis).words.capitalize() for basis in correction.bases or ()]
    words += correction.grounds or ()
    return "; ".join(words) or "Уточнены данные закрытого месяца. Подробно — в начислениях за него."


def _row(line: Any, days: int, service: str, unit: str) -> ReceiptRow:
    """A line of the document. `days` of the month are named when the line covers a part of them."""
    words = _info(line.basis)
    part = "" if line.days >= days else f" ({line.first_day}–{line.first_day + line.days - 1} число)"
    amount, surcharge = line.amount, line.surcharge
    raised = PERMILLE + line.raised_num // line.volume_num if surcharge and line.volume_num else PERMILLE
    is_sum = line.basis == Basis.FORMULA and line.rate == RATE_PER_RUBLE  # the formula gives roubles at once
    is_sum |= line.basis in YEAR_FIXES  # a difference of two sums has neither volume nor price
    return ReceiptRow(
        service=f"{service}{part}",
        unit=unit,
        basis=words.words,
        rate=None if is_sum else line.rate,
        charged_kopecks=amount,
        total_kopecks=amount + surcharge,
        volume=None if is_sum else Quantity.of_micro(line.volume_num, line.volume_den),
        coefficient_permille=raised,
        surcharge_kopecks=surcharge,
        decimals=None if unit == "Гкал" else _decimals(line.service),
        is_common=line.service in CATALOGUE and CATALOGUE[line.service].group == "common",
    )


def _decimals(service: int) -> int:
    return CATALOGUE[service].decimals if service in CATALOGUE else OWN_DECIMALS


def _house_words(head: Any) -> str:
    return f"{head.street_kind} {head.street}, д. {head.house}"


def _flat_words(head: Any) -> str:
    room = f", комн. {head.room}" if head.room else ""
    place = "пом." if head.flat_kind == "nonresidential" else "кв."
    return f"{place} {head.flat}{room}"


def _payer(head: Any) -> Payer:
    return Payer(
        account_number=head.number,
        name=head.payer_name,
        address=f"г. {head.city}, {_house_words(head)}, {_flat_words(head)}",
        postcode=head.postcode or "",
        els=head.els or "",
        service_id=head.gis_id or "",
        area_total_dm2=head.area_dm2,
        area_living_dm2=head.living_area_dm2,
        area_heated_dm2=head.heated_area_dm2,
        residents=head.residents or 0,
        temporary_residents=head.temporary or 0,
        share=f"{head.share_num}/{head.share_den}" if head.share_num else "",
    )


def _payee(head: Any) -> Payee:
    return Payee(
        name=head.name,
        inn=head.inn,
        bank_account=head.bank_account or "",
        bank_name=head.bank_name or "",
        bic=head.bank_bic or "",
        correspondent_account=head.bank_corr_account or "",
        kpp=head.kpp or "",
        ogrn=head.ogrn or "",
        address=head.address or "",
        phone=head.phone or "",
        emergency_phone=head.emergency_phone or "",
        site=head.site or "",
        email=head.email or "",
        hours=head.office_hours or "",
    )


def _readings(meter: Any, period: Period) -> list[ReadingRow]:
    """A row a zone: before, after, used."""
    rows = []
    info_ = CATALOGUE[meter.service]
    for zone in range(1, meter.zones + 1):
        given = meter.taken_on is not None
        now = getattr(meter, f"value{zone}_micro") if given else None
        was = getattr(meter, f"prev{zone}_micro") if given else None
        rows.append(
            ReadingRow(
                service=info_.label,
                meter_number=meter.serial,
                unit=info_.unit,
                place=meter.place or "",
                zone=ELECTRICITY_ZONES.get(zone, "") if meter.zones > 1 else "",
                previous=None if was is None else Quantity(was),
                previous_on=None if meter.prev_period is None else Period.of(meter.prev_period).last_day,
                current=None if now is None else Quantity(now),
                current_on=meter.taken_on,
                consumption=_used(was, now, meter.digits),
                source=SOURCES.get(meter.source, "") if given else "нет показания",
                verify_until=meter.verified_until,
            )
        )
    return rows


def _used(was: int | None, now: int | None, digits: int) -> Quantity | None:
    """Difference of readings, a rollover undone."""
    if was is None or now is None:
        return None
    turn = 10**digits * 1_000_000
    return Quantity((now - was) % turn)


def _history(rows: Sequence[Any], period: Period) -> tuple[MonthAmount, ...]:
    """Months with charges posted in them, oldest first."""
    return tuple(MonthAmount(r.period, r.charged) for r in sorted(rows, key=lambda row: row.period))


def _reference(sheet: Sheet, period: Period) -> Reference:
    head, window = sheet.head, period.shift(1).first_day
    company = Contact(
        "Управляющая компания", head.short_name, head.phone or "", head.address or "", head.site or ""
    )
    emergency = Contact("Аварийная служба, круглосуточно", head.short_name, head.emergency_phone or "")
    suppliers = [
        Contact(_supplies(row.services), row.short_name, row.phone or "", row.address or "", row.site or "")
        for row in sheet.contacts
        if row.id != head.company_id  # it stands first already
        and any(code != Service.UPKEEP and code < Service.COMMON_COLD_WATER for code in row.services)
    ]
    return Reference(
        rows=reference_rows(sheet.house, sheet.house_meters),
        contacts=(company, emergency, *suppliers),
        readings_from=window.replace(day=READINGS_FROM_DAY),
        readings_until=window.replace(day=READINGS_UNTIL_DAY),
        readings_how="В личном кабинете, по телефону или в управляющей компании.",
    )


def _supplies(services: list[int]) -> str:
    """«Холодное водоснабжение, Водоотведение»: what an organisation supplies to the house."""
    labels = [CATALOGUE[code].label for code in sorted(services) if code < Service.COMMON_COLD_WATER]
    return ", ".join(labels) or "Поставщик"
