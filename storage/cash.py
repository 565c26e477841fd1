"""The cash desk of a company: shifts, money taken once by the command of its form, storno, cash to the bank.

Money goes the way of every agent: an event the intake posts, «в пути» until the bank's statement shows it. A
page writes the paper and the event in one transaction, so neither is without the other.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from storage import audit, desk_checks, payment_gate
from storage.payment_gate import Asked
from storage.session import Session

DESK_LOCK = "paylogic:cash-desk:"
REASON_MAX = 300


class CashRefused(ValueError):
    """A deed of the desk that cannot be done now; the message says why and what to do."""

    permanent = True

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Desk:
    """The desk of a company and the caller's open shift, when there is one."""

    id: int
    company_id: int
    agent_id: int
    name: str
    shift_id: int | None
    shift_number: int | None
    opened_at: dt.datetime | None
    checks: str

    @property
    def has_own_register(self) -> bool:
        """Whether the cashier writes down the number of each check."""
        return self.checks == desk_checks.OWN


async def desk_of(session: Session, company_id: int, user_id: int) -> Desk | None:
    """The company's desk; None when the centre has not opened one. One query."""
    row = (
        await session.execute(
            text("""
            SELECT d.id, d.company_id, d.agent_id, o.short_name AS name, s.id AS shift_id,
                   s.number AS shift_number, s.opened_at, d.checks
              FROM cash_desks d JOIN organisations o ON o.id = d.agent_id
              LEFT JOIN cash_shifts s ON s.desk_id = d.id AND s.opened_by = :user AND s.closed_at IS NULL
             WHERE d.company_id = :company"""),
            {"company": company_id, "user": user_id},
        )
    ).one_or_none()
    return None if row is None else Desk(**row._mapping)


async def open_desk(session: Session, company_id: int, user_id: int) -> int:
    """Make the desk of a company, an agent of its own; the same again gives the same. For the centre."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtext(:key))"), {"key": f"{DESK_LOCK}{company_id}"}
    )
    known = await session.scalar(
        text("SELECT id FROM cash_desks WHERE company_id = :company"), {"company": company_id}
    )
    if known is not None:
        return int(known)
    agent = await session.scalar(
        text("""
        INSERT INTO organisations (kind, name, short_name, inn, kpp, address, phone)
        SELECT 'agent', 'Касса, ' || name, 'Касса, ' || short_name, inn, kpp, address, phone
          FROM organisations WHERE id = :company AND kind = 'company' RETURNING id"""),
        {"company": company_id},
    )
    if agent is None:
        raise CashRefused("unknown", "Такой управляющей организации нет. Выберите из списка.")
    made = await session.scalar(
        text(
            "INSERT INTO cash_desks (company_id, agent_id, created_by) VALUES (:company, :agent, :user) "
            "RETURNING id"
        ),
        {"company": company_id, "agent": agent, "user": user_id},
    )
    await audit.record(
        session, "cash_desk_opened", "cash_desk", made, user_id=user_id, company_id=company_id,
        after={"agent_id": agent},
    )  # fmt: skip
    return int(made or 0)


async def open_shift(session: Session, desk: Desk, user_id: int) -> int:
    """Begin a shift; a second press finds the first. Numbers of a company have no gaps."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtext(:key))"), {"key": f"{DESK_LOCK}{desk.company_id}"}
    )
    known = await session.scalar(
        text("SELECT id FROM cash_shifts WHERE opened_by = :user AND closed_at IS NULL"), {"user": user_id}
    )
    if known is not None:
        return int(known)
    made = await session.scalar(
        text("""
        INSERT INTO cash_shifts (company_id, desk_id, number, opened_by)
        SELECT :company, :desk, coalesce(max(number), 0) + 1, :user FROM cash_shifts
         WHERE company_id = :company RETURNING id"""),
        {"company": desk.company_id, "desk": desk.id, "user": user_id},
    )
    await audit.record(
        session, "cash_shift_opened", "cash_shift", made, user_id=user_id, company_id=desk.company_id
    )
    return int(made or 0)


@dataclass(frozen=True, slots=True)
class Till:
    """An account at the window."""

    id: int
    number: str
    company_id: int
    is_closed: bool


async def take(
    session: Session,
    desk: Desk,
    account: Till,
    *,
    amount_kopecks: int,
    given_kopecks: int,
    command_id: str,
    user_id: int,
    moment: dt.datetime,
    zone: dt.tzinfo,
    check_number: str = "",
) -> int:
    """Take money for an account: the id of its receipt. The same command again gives the same receipt.

    check_number: of the desk's own register, when it has one. Raises CashRefused without an open shift, for a
    closed account, for another sum under the same command, for a missing number of a check.
    """
    shift = (
        await session.execute(
            text("SELECT id, number FROM cash_shifts WHERE id = :id AND closed_at IS NULL FOR UPDATE"),
            {"id": desk.shift_id},
        )
    ).one_or_none()
    known = await _taken_before(session, command_id, account, amount_kopecks)
    if known is not None:
        return known
    if shift is None:
        raise CashRefused("no-shift", "Смена закрыта. Откройте смену и примите деньги ещё раз.")
    if account.is_closed:
        raise CashRefused("closed", "Счёт закрыт: деньги на него не принимают. Проверьте номер.")
    if desk.has_own_register and not check_number:
        raise CashRefused("no-check", "Пробейте чек на кассовом аппарате и впишите его номер.")
    number = await _next_number(session, shift.id)
    payment_number = f"{shift.number}-{number}"
    receipt_id = await session.scalar(
        text("""
        INSERT INTO cash_receipts (shift_id, company_id, command_id, number, payment_number, account_id,
                                   amount_kopecks, given_kopecks, user_id, recorded_at, check_number)
        VALUES (:shift, :company, :command, :number, :payment, :account, :amount, :given, :user, :moment,
                :check)
        RETURNING id"""),
        {
            "shift": shift.id,
            "company": desk.company_id,
            "command": command_id,
            "number": number,
            "payment": payment_number,
            "account": account.id,
            "amount": amount_kopecks,
            "given": given_kopecks,
            "user": user_id,
            "moment": moment,
            "check": check_number or None if desk.has_own_register else None,
        },
    )
    asked = Asked(desk.agent_id, payment_number, account.number, amount_kopecks, moment, channel="desk")
    made = (await payment_gate.take(session, [asked], zone))[0]
    if made.kind != payment_gate.NEW:
        raise CashRefused("number", "Номер платежа занят. Обновите страницу и повторите.")
    await desk_checks.ask_taken(session, int(receipt_id or 0))
    await audit.record(
        session, "cash_taken", "cash_receipt", receipt_id, user_id=user_id, company_id=desk.company_id,
        after={"account_id": account.id, "kopecks": amount_kopecks, "number": payment_number},
    )  # fmt: skip
    return int(receipt_id or 0)


async def _next_number(session: Session, shift_id: int) -> int:
    """Of the next receipt of a shift, whose row is locked: without gaps."""
    found = await session.scalar(
        text("SELECT coalesce(max(number), 0) + 1 FROM cash_receipts WHERE shift_id = :id"), {"id": shift_id}
    )
    return int(found or 0)


async def _taken_before(session: Session, command_id: str, account: Till, amount_kopecks: int) -> int | None:
    """The receipt this command made before."""
    known = (
        await session.execute(
            text("SELECT id, account_id, amount_kopecks FROM cash_receipts WHERE command_id = :command"),
            {"command": command_id},
        )
    ).one_or_none()
    if known is None:
        return None
    if (known.account_id, known.amount_kopecks) != (account.id, amount_kopecks):
        raise CashRefused("reused", "По этой форме деньги уже приняты. Откройте счёт ещё раз.")
    return int(known.id)


async def void(session: Session, receipt_id: int, reason: str, user_id: int, check_number: str = "") -> None:
    """Give the money back within the open shift; the intake reverses the entry. check_number: of the return
    at the desk's own register, when the money has a check of it. Raises CashRefused.
    """
    row = (
        await session.execute(
            text("""
            SELECT r.id, r.payment_number, r.voided_at, r.amount_kopecks, r.company_id, s.closed_at,
                   s.opened_by, d.agent_id, r.check_number
              FROM cash_receipts r JOIN cash_shifts s ON s.id = r.shift_id
              JOIN cash_desks d ON d.id = s.desk_id
             WHERE r.id = :id FOR UPDATE OF s"""),
            {"id": receipt_id},
        )
    ).one_or_none()
    if row is None:
        raise CashRefused("unknown", "Такого чека нет.")
    if row.voided_at is not None:
        raise CashRefused("voided", "Этот чек уже сторнирован.")
    if row.closed_at is not None:
        raise CashRefused(
            "closed", "Смена закрыта: сторно невозможно. Верните деньги по заявлению через расчётный центр."
        )
    if row.opened_by != user_id:
        raise CashRefused("other", "Сторнирует кассир, который принял деньги, в своей смене.")
    if row.check_number and not check_number:
        raise CashRefused("no-check", "Пробейте чек возврата на кассовом аппарате и впишите его номер.")
    await session.execute(
        text("""
        UPDATE cash_receipts SET voided_at = clock_timestamp(), void_reason = :reason, voided_by = :user,
               void_check_number = :check WHERE id = :id"""),
        {
            "id": receipt_id,
            "reason": reason,
            "user": user_id,
            "check": check_number if row.check_number else None,
        },
    )
    await desk_checks.ask_returned(session, receipt_id)
    await payment_gate.cancel(session, row.agent_id, row.payment_number)
    await audit.record(
        session, "cash_voided", "cash_receipt", receipt_id, user_id=user_id, company_id=row.company_id,
        after={"kopecks": row.amount_kopecks}, ground=reason,
    )  # fmt: skip


async def close_shift(session: Session, shift_id: int, user_id: int) -> None:
    """End a shift of the caller: its counts are written and stay. Raises CashRefused."""
    row = (
        await session.execute(
            text("SELECT id, company_id, opened_by, closed_at FROM cash_shifts WHERE id = :id FOR UPDATE"),
            {"id": shift_id},
        )
    ).one_or_none()
    if row is None or row.closed_at is not None:
        raise CashRefused("closed", "Эта смена уже закрыта. Обновите страницу.")
    if row.opened_by != user_id:
        raise CashRefused("other", "Смену закрывает тот, кто её открыл.")
    await session.execute(
        text("""
        UPDATE cash_shifts s SET closed_at = clock_timestamp(), taken_count = r.taken,
               taken_kopecks = r.kopecks,
               voided_count = r.voided, voided_kopecks = r.back
          FROM (SELECT (count(*) FILTER (WHERE voided_at IS NULL))::int AS taken,
                       coalesce(sum(amount_kopecks) FILTER (WHERE voided_at IS NULL), 0)::bigint AS kopecks,
                       (count(*) FILTER (WHERE voided_at IS NOT NULL))::int AS voided,
                       coalesce(sum(amount_kopecks) FILTER (WHERE voided_at IS NOT NULL), 0)::bigint AS back
                  FROM cash_receipts WHERE shift_id = :id) r WHERE s.id = :id"""),
        {"id": shift_id},
    )
    await audit.record(
        session, "cash_shift_closed", "cash_shift", shift_id, user_id=user_id, company_id=row.company_id
    )


async def deposit(
    session: Session,
    company_id: int,
    shift_ids: Sequence[int],
    *,
    day: dt.date,
    document: str,
    command_id: str,
    user_id: int,
) -> int:
    """Hand the cash of whole closed shifts to the bank; the deposit's id. Raises CashRefused."""
    known = await session.scalar(
        text("SELECT id FROM cash_deposits WHERE command_id = :command"), {"command": command_id}
    )
    if known is not None:
        return int(known)
    rows: list[Any] = list(
        (
            await session.execute(
                text("""
                SELECT id, taken_kopecks FROM cash_shifts
                 WHERE id = ANY (:ids) AND company_id = :company AND closed_at IS NOT NULL
                   AND deposit_id IS NULL ORDER BY id FOR UPDATE"""),
                {"ids": list(shift_ids), "company": company_id},
            )
        ).all()
    )
    if not rows or len(rows) != len(set(shift_ids)):
        raise CashRefused("shifts", "Отметьте закрытые смены, выручку которых ещё не сдавали.")
    amount = sum(row.taken_kopecks for row in rows)
    if amount <= 0:
        raise CashRefused("empty", "В этих сменах денег нет: сдавать нечего.")
    made = await session.scalar(
        text("""
        INSERT INTO cash_deposits (company_id, command_id, day, document, amount_kopecks, user_id)
        VALUES (:company, :command, :day, :document, :amount, :user) RETURNING id"""),
        {
            "company": company_id, "command": command_id, "day": day, "document": document,
            "amount": amount, "user": user_id,
        },
    )  # fmt: skip
    await session.execute(
        text("UPDATE cash_shifts SET deposit_id = :deposit WHERE id = ANY (:ids)"),
        {"deposit": made, "ids": [row.id for row in rows]},
    )
    await audit.record(
        session, "cash_deposited", "cash_deposit", made, user_id=user_id, company_id=company_id,
        after={"kopecks": amount, "shifts": [row.id for row in rows]}, ground=document,
    )  # fmt: skip
    return int(made or 0)
