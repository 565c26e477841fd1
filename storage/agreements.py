"""Agreements on paying in parts: asked for, granted, made at the desk, cancelled by two persons.

States and kinds are in storage.tables.agreements; whether one is kept is marked by workers (agreement_watch).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from billing.agreement import Due, rate_max_permille
from billing.instalment import MONTHS, parts
from billing.period import Period
from storage.penalty_law import penalty_law
from storage.session import Session

RISE, DEBT = "rise", "debt"


class AgreementRefused(Exception):
    """An agreement that cannot be made, decided or cancelled; the message says why and what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class NewDebt:
    """Terms of an agreement on a debt."""

    command_id: str
    account_id: int
    company_id: int
    amount_kopecks: int
    covered_until: dt.date
    grace_days: int
    is_stopped: bool
    is_whole: bool
    document: str
    parts: Sequence[Due]


@dataclass(frozen=True, slots=True)
class NewRise:
    """A charge a quarter above that of a year ago, as the person saw it when asking."""

    command_id: str
    account_id: int
    company_id: int
    service: int
    of_period: dt.date
    now_kopecks: int
    before_kopecks: int
    note: str


async def make(session: Session, new: NewDebt, user_id: int, today: dt.date) -> int:
    """Keep an agreement on a debt with its schedule; the same command again gives the same one.

    Raises AgreementRefused when the account has one in force.
    """
    known = await _known(session, new.command_id)
    if known is not None:
        return known
    taken = await session.scalar(
        text("SELECT id FROM agreements WHERE account_id = :account AND kind = 'debt' AND state = 'active'"),
        {"account": new.account_id},
    )
    if taken is not None:
        raise AgreementRefused(
            "taken", f"По счёту уже действует соглашение № {taken}. Новое — после того, как оно кончится."
        )
    agreement_id = int(
        await session.scalar(
            text("""
            INSERT INTO agreements (command_id, kind, state, account_id, company_id, amount_kopecks, months,
                   grace_days, penalties, on_break, covered_until, document, made_by, made_on)
            VALUES (:command, 'debt', 'active', :account, :company, :amount, :months, :grace, :penalties,
                    :on_break, :covered, :document, :user_id, :today) RETURNING id"""),
            {
                "command": new.command_id,
                "account": new.account_id,
                "company": new.company_id,
                "amount": new.amount_kopecks,
                "months": len(new.parts),
                "grace": new.grace_days,
                "penalties": "stopped" if new.is_stopped else "counted",
                "on_break": "whole" if new.is_whole else "since",
                "covered": new.covered_until,
                "document": new.document,
                "user_id": user_id,
                "today": today,
            },
        )
        or 0
    )
    await _keep_parts(session, agreement_id, new.account_id, new.company_id, new.parts)
    return agreement_id


async def _known(session: Session, command_id: str) -> int | None:
    found: int | None = await session.scalar(
        text("SELECT id FROM agreements WHERE command_id = :id"), {"id": command_id}
    )
    return found


async def _keep_parts(
    session: Session, agreement_id: int, account_id: int, company_id: int, dues: Sequence[Due]
) -> None:
    await session.execute(
        text("""
        INSERT INTO agreement_parts (agreement_id, ordinal, account_id, company_id, period, due_on,
                                     amount_kopecks, interest_kopecks)
        SELECT :id, p.* FROM (
          SELECT n.ordinal, CAST(:account AS int), CAST(:company AS int), n.period, n.due, n.amount,
          n.interest FROM unnest(CAST(:ordinals AS smallint[]), CAST(:periods AS date[]), CAST(:dues AS
          date[]), CAST(:amounts AS bigint[]), CAST(:interests AS bigint[]))
              AS n(ordinal, period, due, amount, interest)) p"""),
        {
            "id": agreement_id,
            "account": account_id,
            "company": company_id,
            "ordinals": [one.ordinal for one in dues],
            "periods": [one.period.first_day for one in dues],
            "dues": [one.due_on for one in dues],
            "amounts": [one.amount_kopecks for one in dues],
            "interests": [one.interest_kopecks for one in dues],
        },
    )


async def ask(session: Session, new: NewRise, user_id: int) -> int:
    """A resident asks for twelve parts. Raises AgreementRefused when it was asked for already."""
    known = await _known(session, new.command_id)
    if known is not None:
        return known
    try:
        async with session.begin_nested():
            return int(
                await session.scalar(
                    text("""
                    INSERT INTO agreements (command_id, kind, state, account_id, company_id, amount_kopecks,
                    months, penalties, covered_until, service, of_period, before_kopecks, note, asked_by)
                    VALUES (:command, 'rise', 'asked', :account, :company, :amount, :months, 'counted',
                    :period,
                            :service, :period, :before, :note, :user_id) RETURNING id"""),
                    {
                        "command": new.command_id,
                        "account": new.account_id,
                        "company": new.company_id,
                        "amount": new.now_kopecks,
                        "months": MONTHS,
                        "period": new.of_period,
                        "service": new.service,
                        "before": new.before_kopecks,
                        "note": new.note,
                        "user_id": user_id,
                    },
                )
                or 0
            )
    except IntegrityError as error:
        raise AgreementRefused(
            "asked", "Рассрочку за эту услугу и месяц уже просили. Ответ появится здесь."
        ) from error


async def rate_max(session: Session, day: dt.date) -> int:
    """The highest interest of cl. 72 on a day, thousandths a year."""
    rates = (await penalty_law(session)).rates.key_rates
    known = [one for one in rates if one.since <= day]
    return rate_max_permille(known[-1].rate_bp) if known else 0


def rise_parts(
    amount_kopecks: int, rate_permille: int, of_period: dt.date, dues: Sequence[dt.date]
) -> tuple[Due, ...]:
    """The twelve parts of a charge with the days to pay of their months."""
    made = parts(amount_kopecks, rate_permille, Period.of(of_period))
    return tuple(
        Due(at, part.period, due, part.amount_kopecks, part.interest_kopecks)
        for at, (part, due) in enumerate(zip(made, dues, strict=True), 1)
    )


async def rise_schedule(session: Session, row: Any, rate_permille: int) -> tuple[Due, ...]:
    """The twelve parts of what was asked for, by the days to pay of its organisation."""
    terms = (await penalty_law(session)).of(row.company_id).terms
    first = Period.of(row.of_period)
    dues = [terms.due(first.shift(at)) for at in range(MONTHS)]
    return rise_parts(row.amount_kopecks, rate_permille, row.of_period, dues)


async def grant(
    session: Session, agreement_id: int, rate_permille: int, document: str, user_id: int, today: dt.date
) -> None:
    """Give what was asked for. Raises AgreementRefused when decided or the interest is above the law's."""
    row = await _locked(session, agreement_id, "asked")
    most = await rate_max(session, today)
    if rate_permille > most:
        words = f"Проценты не выше ключевой ставки и 3 пунктов: {most // 10},{most % 10} % годовых."
        raise AgreementRefused("rate", words)
    await session.execute(
        text("""
        UPDATE agreements SET state = 'active', rate_permille = :rate, document = :document,
               made_by = :user_id, made_on = :today WHERE id = :id"""),
        {"id": agreement_id, "rate": rate_permille, "document": document, "user_id": user_id, "today": today},
    )
    dues = await rise_schedule(session, row, rate_permille)
    await _keep_parts(session, agreement_id, row.account_id, row.company_id, dues)


async def decline(session: Session, agreement_id: int, reason: str, user_id: int, today: dt.date) -> None:
    """Refuse what was asked for, in words the person reads."""
    await _locked(session, agreement_id, "asked")
    await session.execute(
        text("""
        UPDATE agreements SET state = 'declined', document = :reason, made_by = :user_id, ended_on = :today
         WHERE id = :id"""),
        {"id": agreement_id, "reason": reason, "user_id": user_id, "today": today},
    )


async def ask_cancel(session: Session, agreement_id: int, reason: str, user_id: int) -> None:
    """Propose to end an agreement before its time; a second person agrees."""
    row = await _locked(session, agreement_id, "active")
    if row.cancel_asked_by is not None:
        raise AgreementRefused("asked", "Отмену уже предложили. Её подтверждает другой сотрудник.")
    await session.execute(
        text("UPDATE agreements SET cancel_asked_by = :user_id, cancel_reason = :reason WHERE id = :id"),
        {"id": agreement_id, "user_id": user_id, "reason": reason},
    )


async def cancel(session: Session, agreement_id: int, user_id: int, today: dt.date) -> None:
    """A second person ends it: penalties of the debt are counted again from this day."""
    row = await _locked(session, agreement_id, "active")
    if row.cancel_asked_by is None:
        raise AgreementRefused("not-asked", "Сначала отмену предлагают с причиной.")
    if row.cancel_asked_by == user_id:
        raise AgreementRefused("same-person", "Отмену предложили вы, подтвердить должен другой сотрудник.")
    await session.execute(
        text("""
        UPDATE agreements SET state = 'cancelled', cancelled_by = :user_id, ended_on = :today
         WHERE id = :id"""),
        {"id": agreement_id, "user_id": user_id, "today": today},
    )


async def keep_going(session: Session, agreement_id: int) -> None:
    """Drop a proposal to cancel."""
    await _locked(session, agreement_id, "active")
    await session.execute(
        text("UPDATE agreements SET cancel_asked_by = NULL, cancel_reason = NULL WHERE id = :id"),
        {"id": agreement_id},
    )


async def set_paper(session: Session, agreement_id: int, paper_id: int) -> None:
    """The paper that was handed out."""
    await session.execute(
        text("UPDATE agreements SET paper_id = :paper WHERE id = :id"),
        {"id": agreement_id, "paper": paper_id},
    )


async def _locked(session: Session, agreement_id: int, state: str) -> Any:
    row = (
        await session.execute(
            text("SELECT * FROM agreements WHERE id = :id FOR UPDATE"), {"id": agreement_id}
        )
    ).one_or_none()
    if row is None or row.state != state:
        raise AgreementRefused("state", "Состояние соглашения изменилось. Обновите страницу.")
    return row
