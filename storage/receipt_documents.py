"""Payment documents of an account for a month put together: blocks of payees, documents apart, their sums.

What a row says is in `storage.receipt_rows`, what each payee is owed in `storage.receipt_shares`, how money
is written by block in `billing.receipt_split`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from billing.period import Period
from billing.receipt import (
    DocumentKind,
    MonthAmount,
    Payee,
    Payer,
    PaymentBlock,
    Quantity,
    ReadingRow,
    Receipt,
    Reference,
    SectionKind,
    Totals,
    section_of,
    sum_totals,
    totals_of,
)
from billing.receipt_split import CAPITAL, Bucket, Part, split
from billing.services import CATALOGUE, ELECTRICITY_ZONES
from storage.receipt_rows import BlockRow, BlockRows, rows_of
from storage.receipt_shares import Shares, with_rest
from storage.receipt_sheets import Sheet
from storage.receipt_year import change_of

EVERYTHING = "Жилищно-коммунальные услуги"
REPAIR = "Взнос на капитальный ремонт"
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


def documents_of(sheet: Sheet, period: Period, reference: Reference) -> tuple[Totals, tuple[Receipt, ...]]:
    """The sums of the account and its documents, the main one first; not checked yet."""
    found = rows_of(sheet, period)
    whole = _whole(sheet, found)
    blocks = _blocks(sheet, found, whole)
    names = list(dict.fromkeys(bucket.document for bucket in blocks))
    if len(names) == 1:
        return whole, (_document(sheet, period, reference, found, blocks),)
    made = []
    for name in names:
        own = {bucket: totals for bucket, totals in blocks.items() if bucket.document == name}
        made.append(_apart(_document(sheet, period, reference, found, own), names, sheet, found))
    return whole, tuple(made)


def _whole(sheet: Sheet, found: BlockRows) -> Totals:
    opening, paid = sheet.money.opening or 0, -sheet.money.posted
    return totals_of(
        [one.row for rows in found.rows.values() for one in rows],
        opening,
        paid,
        sum(row.amount_kopecks for _, row in sheet.penalties),
        sheet.instalments.totals(opening, paid, sheet.money.interest),
    )


def _blocks(sheet: Sheet, found: BlockRows, whole: Totals) -> dict[Bucket, Totals]:
    """Sums of each block in the order of the page; blocks of nothing are left out."""
    main, shares = sheet.placing.main, sheet.shares
    if shares is None:
        return {main: whole}
    owed = whole.to_pay_kopecks - whole.instalment_kopecks + sheet.money.interest
    opening = with_rest(shares.opening, main, whole.opening_kopecks)
    left = with_rest(shares.owed, main, owed)
    penalties = _penalties(sheet)
    every = {main, *found.rows, *penalties, *opening, *left, *shares.posted, *shares.interest}
    order = sorted(every, key=lambda one: (one != main, one.is_capital, one.document, one.payee_id))
    parts = [_part(found.rows.get(one, ()), one, shares, opening, left, penalties) for one in order]
    named = sum(shares.interest.values())
    parts[0] = replace(parts[0], interest_kopecks=parts[0].interest_kopecks + sheet.money.interest - named)
    made = dict(zip(order, split(whole, parts), strict=True))
    some = {bucket: totals for bucket, totals in made.items() if totals != totals_of((), 0, 0)}
    return some or {main: whole}


def _penalties(sheet: Sheet) -> dict[Bucket, int]:
    sums: dict[Bucket, int] = {}
    for bucket, row in sheet.penalties:
        sums[bucket] = sums.get(bucket, 0) + row.amount_kopecks
    return sums


def _part(
    rows: Iterable[BlockRow],
    bucket: Bucket,
    shares: Shares,
    opening: Mapping[Bucket, int],
    left: Mapping[Bucket, int],
    penalties: Mapping[Bucket, int],
) -> Part:
    items = [one.row for one in rows]
    return Part(
        opening_kopecks=opening.get(bucket, 0),
        charged_kopecks=sum(row.gross_kopecks for row in items),
        correction_kopecks=sum(row.correction_kopecks for row in items),
        penalty_kopecks=penalties.get(bucket, 0),
        interest_kopecks=shares.interest[bucket],
        paid_kopecks=-shares.posted[bucket],
        owed_kopecks=left.get(bucket, 0),
    )


def _document(
    sheet: Sheet, period: Period, reference: Reference, found: BlockRows, blocks: Mapping[Bucket, Totals]
) -> Receipt:
    """A document of these blocks, as if it were the only one."""
    head, index = sheet.head, {bucket: at for at, bucket in enumerate(blocks)}
    first = next(iter(blocks))
    rows = [
        (one.section, replace(one.row, payee=at) if at else one.row)
        for bucket, at in index.items()
        for one in found.rows.get(bucket, ())
    ]
    only_repair = bool(first.document and rows) and all(
        kind is SectionKind.CAPITAL_REPAIR for kind, _ in rows
    )
    several = sheet.shares is not None and len(set(found.rows) | set(blocks)) > 1
    return Receipt(
        number=_number(sheet, period, first),
        month=period.first_day,
        issued_on=period.shift(1).first_day,
        due_on=sheet.due_on,
        payer=payer_of(head),
        payments=tuple(
            PaymentBlock(payee_of(sheet, bucket), totals, _title(sheet, found, bucket, several))
            for bucket, totals in blocks.items()
        ),
        sections=tuple(
            section_of(kind, [row for one, row in rows if one is kind])
            for kind in SectionKind
            if any(one is kind for one, _ in rows)
        ),
        totals=sum_totals(blocks.values()),
        kind=DocumentKind.CAPITAL_REPAIR if only_repair else DocumentKind.REGULAR,
        balance_on=period.first_day,
        paid_through=period.last_day,
        last_paid_on=sheet.money.last_paid_on,
        corrections=tuple(
            replace(one, payee=at) for bucket, at in index.items() for one in found.grounds.get(bucket, ())
        ),
        penalties=tuple(
            replace(row, payee=index[bucket]) for bucket, row in sheet.penalties if bucket in index
        ),
        instalments=sheet.instalments.rows,
        readings=tuple(row for meter in sheet.meters for row in _readings(meter, period)),
        history=_history(sheet.history, period),
        change=change_of(sheet.change, sheet.own_services),
        years=sheet.years,
        part=first.document,
        vat_kopecks=sum(sheet.vat.get(bucket, 0) for bucket in blocks),
        reference=reference,
    )


def _apart(one: Receipt, names: Sequence[str], sheet: Sheet, found: BlockRows) -> Receipt:
    """A document among several: it speaks of its own services, and of no sum of the whole account."""
    served = {name: _labels(found, name) for name in names}
    mine = served[one.part]
    others = {label for name, labels in served.items() if name != one.part for label in labels}

    def is_mine(label: str) -> bool:
        return label in mine if one.part else label in mine or label not in others

    return replace(
        one,
        history=(),
        change=None,
        instalments=() if one.part else one.instalments,
        readings=tuple(row for row in one.readings if is_mine(row.service)),
        years=tuple(year for year in one.years if is_mine(year.service)),
        reference=replace(
            one.reference, rows=tuple(row for row in one.reference.rows if is_mine(row.service))
        ),
    )


def _labels(found: BlockRows, document: str) -> set[str]:
    """Services of a document as meters and charts name them."""
    return {
        CATALOGUE[one.service].label
        for bucket, rows in found.rows.items()
        if bucket.document == document
        for one in rows
        if one.service in CATALOGUE
    }


def _number(sheet: Sheet, period: Period, first: Bucket) -> str:
    number = f"{period.month:02d}{period.year % 100:02d}-{sheet.head.number}"
    if not first.document:
        return number
    return f"{number}-КР" if first.document == CAPITAL else f"{number}-{first.payee_id}"


def _title(sheet: Sheet, found: BlockRows, bucket: Bucket, several: bool) -> str:
    """What is paid for here."""
    if not several:
        return EVERYTHING
    if bucket.is_capital:
        return REPAIR
    names = dict.fromkeys(
        CATALOGUE[one.service].label if one.service in CATALOGUE else one.row.service
        for one in found.rows.get(bucket, ())
    )
    return ", ".join(names) or "Долг прошлых месяцев"


def house_words(head: Any) -> str:
    """«ул. Мира, д. 5»."""
    return f"{head.street_kind} {head.street}, д. {head.house}"


def flat_words(head: Any) -> str:
    """«кв. 12, комн. 2»."""
    room = f", комн. {head.room}" if head.room else ""
    place = "пом." if head.flat_kind == "nonresidential" else "кв."
    return f"{place} {head.flat}{room}"


def payer_of(head: Any) -> Payer:
    """Section 1 of the form."""
    return Payer(
        account_number=head.number,
        name=head.payer_name,
        address=f"г. {head.city}, {house_words(head)}, {flat_words(head)}",
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


def payee_of(sheet: Sheet, bucket: Bucket) -> Payee:
    """Requisites of the payee of a block: the company's stand with the account."""
    head = sheet.head
    return requisites(head if bucket.payee_id == head.company_id else sheet.payees[bucket.payee_id])


def requisites(head: Any) -> Payee:
    """Of a row of `organisations`."""
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
    given = meter.taken_on is not None
    until = None if meter.prev_period is None else _last_day(meter.prev_period)
    for zone in range(1, meter.zones + 1):
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
                previous_on=until,
                current=None if now is None else Quantity(now),
                current_on=meter.taken_on,
                consumption=_used(was, now, meter.digits),
                source=SOURCES.get(meter.source, "") if given else "нет показания",
                verify_until=meter.verified_until,
            )
        )
    return rows


@lru_cache(maxsize=256)
def _last_day(month: dt.date) -> dt.date:
    return Period.of(month).last_day


def _used(was: int | None, now: int | None, digits: int) -> Quantity | None:
    """Difference of readings, a rollover undone."""
    if was is None or now is None:
        return None
    turn = 10**digits * 1_000_000
    return Quantity((now - was) % turn)


def _history(rows: Sequence[Any], period: Period) -> tuple[MonthAmount, ...]:
    """Months with charges posted in them, oldest first."""
    return tuple(MonthAmount(r.period, r.charged) for r in sorted(rows, key=lambda row: row.period))
