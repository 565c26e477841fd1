"""Debt documents: what an account owes for earlier months by service and month, apart from the usual document
(form of order 43/пр, долговой платёжный документ).

Debts are the ledger's own after everything posted in the month (`storage.debts`); those of the month itself
are not overdue yet and stay in its usual document. Payees stand in blocks as the organisation's terms say.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from billing.period import Period
from billing.receipt import (
    DebtRow,
    DocumentKind,
    Payee,
    PaymentBlock,
    PenaltyRow,
    Receipt,
    Totals,
    sum_totals,
)
from billing.receipt_split import Bucket, Part, Placing, split
from billing.services import CATALOGUE
from storage.debts import NO_PERIOD, AccountDebts, debts_on
from storage.payment_policy import policies
from storage.penalty_law import penalty_law
from storage.receipt_documents import flat_words, house_words, payer_of, requisites
from storage.receipt_instalments import Instalments, read_instalments
from storage.receipt_penalties import read_penalties
from storage.receipt_queries import HEAD, REQUISITES
from storage.receipt_terms import placings
from storage.receipts import Built
from storage.session import Session

PART = "debt"
OLD_DEBT = "Долг, перенесённый из прежнего учёта"
NO_DEBT = "Долга за прошлые месяцы нет, поэтому и долгового документа нет."
Owed = dict[Bucket, list[DebtRow]]


async def build_debts(session: Session, account_ids: Iterable[int], period: Period) -> dict[int, Built]:
    """Debt documents of many accounts by as many queries as of one, not checked; who is unseen is absent."""
    ids, month = list(account_ids), period.first_day
    heads = (await session.execute(HEAD, {"accounts": ids, "last_day": period.last_day})).all()
    if not heads:
        return {}
    companies = [head.company_id for head in heads]
    terms = await placings(session, companies, month)
    by_company = await policies(session, sorted(set(companies)), period.last_day)
    found = await debts_on(session, [head.id for head in heads], companies, by_company, month, month)
    owed = _rows(found, [terms[company] for company in companies], period)
    fines = await read_penalties(session, {head.id: terms[head.company_id] for head in heads}, month)
    law = await penalty_law(session)
    due_on = {head.id: law.of(head.company_id).terms.due(period) for head in heads}
    agreed = await read_instalments(session, list(due_on), month, due_on)
    buckets = [bucket for rows in owed for bucket in rows]
    buckets += [bucket for rows in fines.values() for bucket, _ in rows]
    payees = await _payees(session, buckets, set(companies))
    return {
        head.id: _built(
            head,
            period,
            due_on[head.id],
            terms[head.company_id].main,
            rows,
            fines.get(head.id, []),
            agreed.get(head.id, Instalments()),
            payees,
        )
        for head, rows in zip(heads, owed, strict=True)
    }


def _rows(found: AccountDebts, terms: Sequence[Placing], period: Period) -> list[Owed]:
    """Debts of months before this one by block, the oldest first."""
    sums: list[dict[tuple[Bucket, int, int], int]] = [defaultdict(int) for _ in terms]
    columns = (found.account, found.period, found.payee, found.service, found.penalty, found.amount)
    for at, month, payee, service, is_penalty, amount in zip(
        *(column.tolist() for column in columns), strict=True
    ):
        if not is_penalty and month < period.ordinal:
            sums[at][terms[at].of(payee, service), month, service] += amount
    made: list[Owed] = []
    for of in sums:
        rows: Owed = defaultdict(list)
        for (bucket, month, service), amount in sorted(of.items(), key=lambda one: one[0][1:]):
            rows[bucket].append(_row(month, service, amount))
        made.append(rows)
    return made


def _row(month: int, service: int, amount: int) -> DebtRow:
    label = (
        CATALOGUE[service].label if service in CATALOGUE else f"Услуга № {service}" if service else OLD_DEBT
    )
    return DebtRow(label, None if month == NO_PERIOD else Period(month).first_day, amount)


async def _payees(session: Session, buckets: Iterable[Bucket], companies: set[int]) -> dict[int, Payee]:
    ids = sorted({bucket.payee_id for bucket in buckets} - companies)
    rows = await session.execute(REQUISITES, {"ids": ids}) if ids else ()
    return {row.id: requisites(row) for row in rows}


def _built(
    head: Any,
    period: Period,
    due_on: dt.date,
    main: Bucket,
    owed: Owed,
    fines: Sequence[tuple[Bucket, PenaltyRow]],
    agreed: Instalments,
    payees: Mapping[int, Payee],
) -> Built:
    where = (head.id, head.house_id, head.company_id, house_words(head), flat_words(head))
    if not owed and not any(row.amount_kopecks > 0 for _, row in fines):
        return Built(*where, None, NO_DEBT)
    order = sorted(
        {*owed, *(bucket for bucket, _ in fines)}, key=lambda one: (one != main, one.is_capital, one)
    )
    index = {bucket: at for at, bucket in enumerate(order)}
    totals = _totals(order, owed, fines, agreed)
    own = requisites(head)
    receipt = Receipt(
        number=f"{period.month:02d}{period.year % 100:02d}-{head.number}-Д",
        month=period.first_day,
        issued_on=period.shift(1).first_day,
        due_on=due_on,
        payer=payer_of(head),
        payments=tuple(
            PaymentBlock(payees.get(bucket.payee_id, own), one, "Долг прошлых месяцев")
            for bucket, one in zip(order, totals, strict=True)
        ),
        sections=(),
        totals=sum_totals(totals),
        kind=DocumentKind.DEBT,
        sender=head.name,
        sender_address=head.address or "",
        balance_on=period.shift(1).first_day,
        penalties=tuple(replace(row, payee=index[bucket]) for bucket, row in fines),
        instalments=agreed.rows,
        debts=tuple(replace(row, payee=index[bucket]) for bucket in order for row in owed.get(bucket, ())),
        part=PART,
    )
    return Built(*where, receipt, is_large_print=head.is_large_print, whole=receipt.totals)


def _totals(
    order: Sequence[Bucket],
    owed: Owed,
    fines: Sequence[tuple[Bucket, PenaltyRow]],
    agreed: Instalments,
) -> tuple[Totals, ...]:
    """Sums of each block; what an agreement put off is not asked for here."""
    parts = []
    for bucket in order:
        debt = sum(row.amount_kopecks for row in owed.get(bucket, ()))
        fine = sum(row.amount_kopecks for of, row in fines if of == bucket)
        parts.append(Part(opening_kopecks=debt, penalty_kopecks=fine, owed_kopecks=debt + fine))
    opening = sum(part.opening_kopecks for part in parts)
    fine = sum(part.penalty_kopecks for part in parts)
    later = min(agreed.of_past_kopecks, opening)
    whole = Totals(opening, 0, 0, fine, 0, opening + fine - later, -later)
    return split(whole, parts)
