"""Read models of the cash desk: accounts at the window, a receipt, shifts with what they took, deposits."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from billing.cash import SlipPart
from billing.ledger import Book
from billing.services import CATALOGUE
from storage.cash import Till
from storage.natural import search_form
from storage.payments import Account, Due, share_out
from storage.run_totals import escaped
from storage.search import ADDRESS, ADDRESS_JOINS
from storage.session import Session

FOUND_MAX = 20
PENALTIES_LABEL, ADVANCE_LABEL, OLD_LABEL = "Пени", "Аванс", "Долг, перенесённый с прошлого счёта"


@dataclass(frozen=True, slots=True)
class WindowAccount:
    """An account at the window, with its overdue debt as last counted."""

    id: int
    number: str
    company_id: int
    payer_name: str
    address: str
    is_closed: bool
    overdue_kopecks: int
    coming_kopecks: int
    penalty_kopecks: int

    @property
    def till(self) -> Till:
        """What taking money needs of it."""
        return Till(self.id, self.number, self.company_id, self.is_closed)

    @property
    def owed_kopecks(self) -> int:
        """All that may be paid now."""
        return self.overdue_kopecks + self.coming_kopecks + self.penalty_kopecks


WINDOW = f"""
SELECT a.id, a.number, a.company_id, a.payer_name, {ADDRESS} AS address, a.closed_on IS NOT NULL AS is_closed,
       coalesce(d.overdue_kopecks, 0)::bigint AS overdue_kopecks,
       coalesce(d.coming_kopecks, 0)::bigint AS coming_kopecks,
       coalesce(d.penalty_kopecks, 0)::bigint AS penalty_kopecks
  FROM accounts a {ADDRESS_JOINS} LEFT JOIN debtors d ON d.account_id = a.id"""  # noqa: S608


async def window(session: Session, company_id: int, words: str) -> list[WindowAccount]:
    """Accounts of a company by the beginning of a number, a payer or a street; one query."""
    found = await session.execute(
        text(f"""
        {WINDOW} WHERE a.company_id = :company AND (a.number LIKE :q || '%'
           OR a.search_name LIKE :q || '%' OR st.search_name LIKE :q || '%'
           OR st.search_name || ' ' || h.number || ' ' || f.number LIKE :q || '%')
         ORDER BY a.number <> :exact, st.search_name, h.sort_key, f.sort_key LIMIT {FOUND_MAX}"""),
        {"company": company_id, "q": escaped(search_form(words)), "exact": words},
    )
    return [WindowAccount(**row._mapping) for row in found]


async def window_account(session: Session, account_id: int) -> WindowAccount | None:
    """One account the scope shows."""
    row = (await session.execute(text(f"{WINDOW} WHERE a.id = :id"), {"id": account_id})).one_or_none()
    return None if row is None else WindowAccount(**row._mapping)


async def split(
    session: Session, account: WindowAccount, amount_kopecks: int, day: dt.date
) -> list[SlipPart]:
    """How a sum would fall on the debts of an account by the order of its company; nothing is written."""
    due = Due(Account(account.id, account.company_id), amount_kopecks, day)
    postings = (await share_out(session, [due]))[0]
    names = await _names(session, [one.organisation_id for one in postings if one.organisation_id])
    return [
        SlipPart(
            _label(int(one.book), one.service, one.organisation_id),
            names.get(one.organisation_id or 0, ""),
            one.of_period,
            -one.amount_kopecks,
        )
        for one in postings
    ]


def _label(book: int, service: int | None, payee: int | None) -> str:
    if service is None:
        return ADVANCE_LABEL if payee is None and book == Book.RESIDENTS else OLD_LABEL
    label = CATALOGUE[service].label if service in CATALOGUE else f"Услуга № {service}"
    return f"{PENALTIES_LABEL}: {label}" if book == Book.PENALTIES else label


async def _names(session: Session, ids: list[int]) -> dict[int, str]:
    if not ids:
        return {}
    found = await session.execute(
        text("SELECT id, short_name FROM organisations WHERE id = ANY (:ids)"), {"ids": sorted(set(ids))}
    )
    return {row.id: row.short_name for row in found}


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money taken, as its page and its paper tell it."""

    id: int
    shift_id: int
    shift_number: int
    shift_closed_at: dt.datetime | None
    opened_by: int
    payment_number: str
    agent_id: int
    desk: str
    company: str
    inn: str
    cashier: str
    account_id: int
    account_number: str
    address: str
    payer_name: str
    amount_kopecks: int
    given_kopecks: int
    taken_at: dt.datetime
    voided_at: dt.datetime | None
    void_reason: str | None
    payment_id: int | None
    entry_id: int | None
    check_number: str | None
    void_check_number: str | None


RECEIPT = f"""
SELECT r.id, r.shift_id, s.number AS shift_number, s.closed_at AS shift_closed_at, s.opened_by,
       r.payment_number, d.agent_id, g.short_name AS desk, o.name AS company, o.inn,
       coalesce(paylogic_staff_name(r.user_id), '—') AS cashier, r.account_id, a.number AS account_number,
       {ADDRESS} AS address, a.payer_name, r.amount_kopecks, r.given_kopecks, r.recorded_at AS taken_at,
       r.voided_at, r.void_reason, y.id AS payment_id, y.entry_id,
       r.check_number, r.void_check_number
  FROM cash_receipts r JOIN cash_shifts s ON s.id = r.shift_id JOIN cash_desks d ON d.id = s.desk_id
  JOIN organisations g ON g.id = d.agent_id JOIN organisations o ON o.id = r.company_id
  JOIN accounts a ON a.id = r.account_id {ADDRESS_JOINS}
  LEFT JOIN payments y ON y.agent_id = d.agent_id AND y.number = r.payment_number"""  # noqa: S608


async def receipt(session: Session, receipt_id: int) -> Receipt | None:
    """One receipt the scope shows."""
    row = (await session.execute(text(f"{RECEIPT} WHERE r.id = :id"), {"id": receipt_id})).one_or_none()
    return None if row is None else Receipt(**row._mapping)


async def parts(session: Session, entry_id: int) -> list[SlipPart]:
    """What a posted payment paid, from its postings."""
    found = await session.execute(
        text("""
        SELECT p.book, p.service, p.organisation_id, coalesce(o.short_name, '') AS payee, p.of_period,
               (-p.amount_kopecks)::bigint AS amount
          FROM postings p LEFT JOIN organisations o ON o.id = p.organisation_id
         WHERE p.entry_id = :id AND p.account_id IS NOT NULL ORDER BY p.ordinal"""),
        {"id": entry_id},
    )
    return [
        SlipPart(_label(row.book, row.service, row.organisation_id), row.payee, row.of_period, row.amount)
        for row in found
    ]


@dataclass(frozen=True, slots=True)
class ShiftRow:
    """A shift with its sums; those of an open one are as of now."""

    id: int
    number: int
    cashier: str
    opened_by: int
    opened_at: dt.datetime
    closed_at: dt.datetime | None
    taken_count: int
    taken_kopecks: int
    voided_count: int
    voided_kopecks: int
    deposit_id: int | None
    deposit_day: dt.date | None
    document: str | None


SHIFT = """
SELECT s.id, s.number, coalesce(paylogic_staff_name(s.opened_by), '—') AS cashier, s.opened_by, s.opened_at,
       s.closed_at, coalesce(s.taken_count, r.taken, 0) AS taken_count,
       coalesce(s.taken_kopecks, r.kopecks, 0)::bigint AS taken_kopecks,
       coalesce(s.voided_count, r.voided, 0) AS voided_count,
       coalesce(s.voided_kopecks, r.back, 0)::bigint AS voided_kopecks,
       s.deposit_id, p.day AS deposit_day, p.document
  FROM cash_shifts s LEFT JOIN cash_deposits p ON p.id = s.deposit_id
  LEFT JOIN LATERAL (
    SELECT (count(*) FILTER (WHERE voided_at IS NULL))::int AS taken,
           sum(amount_kopecks) FILTER (WHERE voided_at IS NULL) AS kopecks,
           (count(*) FILTER (WHERE voided_at IS NOT NULL))::int AS voided,
           sum(amount_kopecks) FILTER (WHERE voided_at IS NOT NULL) AS back
      FROM cash_receipts x WHERE x.shift_id = s.id) r ON s.closed_at IS NULL"""


@dataclass(frozen=True, slots=True)
class ShiftPage:
    """A page of shifts and how many there are."""

    rows: list[ShiftRow]
    total: int


async def shifts(session: Session, company_id: int, state: str, *, limit: int, offset: int = 0) -> ShiftPage:
    """Shifts of a company, the newest first. state: open, undeposited, deposited or any."""
    found = (
        await session.execute(
            text(f"""
            SELECT f.*, count(*) OVER ()::int AS total FROM ({SHIFT} WHERE s.company_id = :company
               AND CASE :state WHEN 'open' THEN s.closed_at IS NULL
                   WHEN 'undeposited' THEN s.closed_at IS NOT NULL AND s.deposit_id IS NULL
                   WHEN 'deposited' THEN s.deposit_id IS NOT NULL ELSE true END) f
             ORDER BY f.number DESC LIMIT :limit OFFSET :offset"""),  # noqa: S608
            {"company": company_id, "state": state, "limit": limit, "offset": offset},
        )
    ).all()
    return ShiftPage([ShiftRow(*row[:13]) for row in found], found[0].total if found else 0)


async def shift(session: Session, shift_id: int) -> ShiftRow | None:
    """One shift the scope shows."""
    row = (await session.execute(text(f"{SHIFT} WHERE s.id = :id"), {"id": shift_id})).one_or_none()
    return None if row is None else ShiftRow(**row._mapping)


@dataclass(frozen=True, slots=True)
class ShiftReceipt:
    """A receipt in the list of its shift."""

    id: int
    payment_number: str
    taken_at: dt.datetime
    account_number: str
    address: str
    amount_kopecks: int
    voided_at: dt.datetime | None
    void_reason: str | None
    is_posted: bool
    check_state: str
    """Of its fiscal receipt at the service: failed when any failed, else of the last; «» without one."""


async def shift_receipts(session: Session, shift_id: int) -> list[ShiftReceipt]:
    """Everything taken in a shift: some hundreds at most."""
    found = await session.execute(
        text(f"""
        SELECT r.id, r.payment_number, r.recorded_at AS taken_at, a.number AS account_number,
               {ADDRESS} AS address, r.amount_kopecks, r.voided_at, r.void_reason,
               y.entry_id IS NOT NULL AS is_posted,
               coalesce((SELECT c.state FROM card_checks c
                          WHERE c.receipt_id = r.id AND c.state <> 'replaced'
                          ORDER BY c.state = 'failed' DESC, c.id DESC LIMIT 1), '') AS check_state
          FROM cash_receipts r JOIN cash_shifts s ON s.id = r.shift_id JOIN cash_desks d ON d.id = s.desk_id
          JOIN accounts a ON a.id = r.account_id {ADDRESS_JOINS}
          LEFT JOIN payments y ON y.agent_id = d.agent_id AND y.number = r.payment_number
         WHERE r.shift_id = :id ORDER BY r.number DESC"""),  # noqa: S608
        {"id": shift_id},
    )
    return [ShiftReceipt(**row._mapping) for row in found]


@dataclass(frozen=True, slots=True)
class PayeeSum:
    """What a shift took for a payee; id 0: advances."""

    id: int
    name: str
    count: int
    amount_kopecks: int


async def by_payee(session: Session, shift_id: int) -> list[PayeeSum]:
    """Money of a shift by payee, from postings of its payments that stand."""
    found = await session.execute(
        text("""
        SELECT coalesce(p.organisation_id, 0) AS id, coalesce(o.short_name, 'Авансы') AS name,
               count(DISTINCT r.id)::int AS count, (-sum(p.amount_kopecks))::bigint AS amount_kopecks
          FROM cash_receipts r JOIN cash_shifts s ON s.id = r.shift_id JOIN cash_desks d ON d.id = s.desk_id
          JOIN payments y ON y.agent_id = d.agent_id AND y.number = r.payment_number
          JOIN postings p ON p.entry_id = y.entry_id AND p.account_id IS NOT NULL
          LEFT JOIN organisations o ON o.id = p.organisation_id
         WHERE r.shift_id = :id AND r.voided_at IS NULL GROUP BY 1, 2 ORDER BY 4 DESC, 2"""),
        {"id": shift_id},
    )
    return [PayeeSum(**row._mapping) for row in found]


@dataclass(frozen=True, slots=True)
class DeskMoney:
    """Where the cash of a desk is, over all time: taken = in the desk + handed over, not come yet + come."""

    desk_id: int
    company_id: int
    company: str
    desk: str
    taken_kopecks: int
    deposited_kopecks: int
    arrived_kopecks: int

    @property
    def in_desk_kopecks(self) -> int:
        return self.taken_kopecks - self.deposited_kopecks

    @property
    def in_bank_kopecks(self) -> int:
        """Handed to the bank, not seen in its statement."""
        return self.deposited_kopecks - self.arrived_kopecks


async def desks(session: Session) -> list[DeskMoney]:
    """Desks in scope with their money; one query over the desks' own rows."""
    found = await session.execute(
        text("""
        SELECT d.id AS desk_id, d.company_id, o.short_name AS company, g.short_name AS desk,
               coalesce((SELECT sum(r.amount_kopecks) FROM cash_receipts r JOIN cash_shifts s
                           ON s.id = r.shift_id WHERE s.desk_id = d.id AND r.voided_at IS NULL), 0)::bigint
                 AS taken_kopecks,
               coalesce((SELECT sum(p.amount_kopecks) FROM cash_deposits p
                          WHERE p.company_id = d.company_id), 0)::bigint AS deposited_kopecks,
               coalesce((SELECT sum(a.gross_kopecks) FROM arrivals a
                          WHERE a.agent_id = d.agent_id), 0)::bigint AS arrived_kopecks
          FROM cash_desks d JOIN organisations o ON o.id = d.company_id
          JOIN organisations g ON g.id = d.agent_id ORDER BY o.short_name""")
    )
    return [DeskMoney(**row._mapping) for row in found]
