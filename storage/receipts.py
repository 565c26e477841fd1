"""Builds the payment document of an account for a published month from lines, ledger, meters and addresses.

What it looks like is receipts/. Eight queries whatever the account; the caller's scope decides whether the
account is seen at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from billing.basis import info
from billing.due import due_on
from billing.period import Period
from billing.quantity import PERMILLE
from billing.receipt import (
    HISTORY_MONTHS_MAX,
    Change,
    ChangePart,
    Contact,
    MonthAmount,
    Payee,
    Payer,
    PaymentBlock,
    Quantity,
    ReadingRow,
    Receipt,
    ReceiptRow,
    Reference,
    ReferenceRow,
    SectionKind,
    section_of,
    totals_of,
)
from billing.services import CATALOGUE, ELECTRICITY_ZONES, Service, component_label, component_unit
from storage.receipt_queries import CONTACTS, HEAD, HISTORY, LINES, METERS, MONEY, RUNS
from storage.session import Session

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
class _Sheet:
    """Rows read for one document."""

    head: Any
    lines: Sequence[Any]
    previous: Sequence[Any]
    history: Sequence[Any]
    money: Any
    meters: Sequence[Any]
    contacts: Sequence[Any]


async def build_receipt(session: Session, account_id: int, period: Period) -> Receipt:
    """The checked document; NoReceiptError when the account is not seen or its month not published."""
    sheet = await _read(session, account_id, period)
    receipt = _document(sheet, period)
    receipt.check()
    return receipt


async def _read(session: Session, account_id: int, period: Period) -> _Sheet:
    first = period.shift(1 - HISTORY_MONTHS_MAX).first_day
    at = {"account_id": account_id, "period": period.first_day, "last_day": period.last_day}
    head = (await session.execute(HEAD, at)).one_or_none()
    if head is None:
        raise NoReceiptError("Счёт не найден. Проверьте номер или откройте квартиру через поиск.")
    runs = (await session.execute(RUNS, {"first": first, "period": period.first_day})).all()
    current = [r.id for r in runs if r.period == period.first_day]
    lines = (await session.execute(LINES, at | {"runs": current})).all()
    if not lines:
        raise NoReceiptError(
            f"Квитанции за {period.title} ещё нет: начисления по счёту не опубликованы. "
            "Она появится после публикации месяца."
        )
    before = [r.id for r in runs if r.period == period.shift(-1).first_day]
    house = at | {"house_id": head.house_id}
    return _Sheet(
        head,
        lines,
        (await session.execute(LINES, at | {"runs": before})).all() if before else [],
        (await session.execute(HISTORY, at | {"runs": [r.id for r in runs]})).all(),
        (await session.execute(MONEY, at)).one(),
        (await session.execute(METERS, house)).all(),
        (await session.execute(CONTACTS, house)).all(),
    )


def _document(sheet: _Sheet, period: Period) -> Receipt:
    head = sheet.head
    rows: dict[SectionKind, list[ReceiptRow]] = defaultdict(list)
    order = list(CATALOGUE)
    for line in sorted(sheet.lines, key=lambda one: (order.index(one.service), one.component, one.first_day)):
        rows[SECTIONS[CATALOGUE[line.service].group]].append(_row(line, period))
    sections = tuple(section_of(kind, rows[kind]) for kind in SectionKind if rows[kind])
    totals = totals_of(
        [row for section in sections for row in section.rows], sheet.money.opening or 0, -sheet.money.posted
    )
    issued = period.shift(1).first_day
    return Receipt(
        number=f"{period.month:02d}{period.year % 100:02d}-{head.number}",
        month=period.first_day,
        issued_on=issued,
        due_on=due_on(period),
        payer=_payer(head),
        payments=(PaymentBlock(_payee(head), totals, "Жилищно-коммунальные услуги"),),
        sections=sections,
        totals=totals,
        balance_on=period.first_day,
        paid_through=period.last_day,
        last_paid_on=sheet.money.last_paid_on,
        readings=tuple(row for meter in sheet.meters if meter.account_id for row in _readings(meter, period)),
        history=_history(sheet.history, period),
        change=_change(sheet, period),
        reference=_reference(sheet, period),
    )


def _row(line: Any, period: Period) -> ReceiptRow:
    """A line of the document. Days are named when the line covers a part of the month."""
    words = info(line.basis)
    part = "" if line.days >= period.days else f" ({line.first_day}–{line.first_day + line.days - 1} число)"
    amount, surcharge = line.amount, line.surcharge
    raised = PERMILLE + line.raised_num // line.volume_num if surcharge and line.volume_num else PERMILLE
    service = component_label(line.service, line.component)
    return ReceiptRow(
        service=f"{service}{part}",
        unit=component_unit(line.service, line.component),
        basis=words.words,
        rate=line.rate,
        charged_kopecks=amount,
        total_kopecks=amount + surcharge,
        volume=Quantity.of_micro(line.volume_num, line.volume_den),
        coefficient_permille=raised,
        surcharge_kopecks=surcharge,
        decimals=None
        if component_unit(line.service, line.component) == "Гкал"
        else CATALOGUE[line.service].decimals,
    )


def _payer(head: Any) -> Payer:
    room = f", комн. {head.room}" if head.room else ""
    place = "пом." if head.flat_kind == "nonresidential" else "кв."
    street = f"г. {head.city}, {head.street_kind} {head.street}"
    return Payer(
        account_number=head.number,
        name=head.payer_name,
        address=f"{street}, д. {head.house}, {place} {head.flat}{room}",
        postcode=head.postcode or "",
        els=head.els or "",
        area_total_dm2=head.area_dm2,
        area_living_dm2=head.living_area_dm2,
        area_heated_dm2=head.heated_area_dm2,
        residents=head.residents or 0,
        temporary_residents=head.temporary or 0,
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
    """Months with published charges, oldest first."""
    return tuple(MonthAmount(r.period, r.charged) for r in sorted(rows, key=lambda row: row.period))


def _change(sheet: _Sheet, period: Period) -> Change | None:
    """Difference with the last month by service; the parts add up because both sides are the same lines."""
    if not sheet.previous:
        return None
    parts: dict[int, int] = defaultdict(int)
    for sign, lines in ((1, sheet.lines), (-1, sheet.previous)):
        for line in lines:
            parts[line.service] += sign * (line.amount + line.surcharge)
    previous = sum(line.amount + line.surcharge for line in sheet.previous)
    ordered = sorted(parts.items(), key=lambda item: -abs(item[1]))
    made = tuple(ChangePart(CATALOGUE[code].label, amount) for code, amount in ordered if amount)
    return Change(period.shift(-1).first_day, previous, made)


def _reference(sheet: _Sheet, period: Period) -> Reference:
    head, window = sheet.head, period.shift(1).first_day
    rows = []
    for meter in sheet.meters:
        if meter.account_id is None and meter.taken_on is not None and meter.service in CATALOGUE:
            used = _used(meter.prev1_micro, meter.value1_micro, meter.digits)
            item = CATALOGUE[meter.service]
            rows.append(
                ReferenceRow(
                    item.label, item.unit, house_reading=Quantity(meter.value1_micro), house_volume=used
                )
            )
    company = Contact(
        "Управляющая компания", head.short_name, head.phone or "", head.address or "", head.site or ""
    )
    emergency = Contact("Аварийная служба, круглосуточно", head.short_name, head.emergency_phone or "")
    suppliers = [
        Contact(_supplies(row.services), row.short_name, row.phone or "", row.address or "", row.site or "")
        for row in sheet.contacts
        if any(code != Service.UPKEEP and code < Service.COMMON_COLD_WATER for code in row.services)
    ]
    return Reference(
        rows=tuple(rows),
        contacts=(company, emergency, *suppliers),
        readings_from=window.replace(day=READINGS_FROM_DAY),
        readings_until=window.replace(day=READINGS_UNTIL_DAY),
        readings_how="В личном кабинете, по телефону или в управляющей компании.",
    )


def _supplies(services: list[int]) -> str:
    """«Холодное водоснабжение, Водоотведение»: what an organisation supplies to the house."""
    labels = [CATALOGUE[code].label for code in sorted(services) if code < Service.COMMON_COLD_WATER]
    return ", ".join(labels) or "Поставщик"
