"""Bank statements on the books: a verdict a row; orders are closed, money of agents arrives, the rest waits.

An outgoing row closes the order with its number, sum and account. An incoming row of an agent is matched to
days of its payments: taken less what the agent keeps by its contract. What is not matched waits for a person.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from billing.ledger import Book, Entry, Posting
from billing.period import Period
from storage import arrivals, audit, ledger, statement_returns
from storage.arrivals import Match
from storage.months import open_month
from storage.payments import NoOpenMonth
from storage.session import Session

LOCK = 7_120_363  # one statement is read at a time
TRANSFER, ARRIVAL, WAITING, REPEAT, ASIDE = "transfer", "arrival", "waiting", "repeat", "aside"
RETURNED = "returned"


class RowRefused(ValueError):
    """A decision that cannot be carried out; the message says why."""

    code = "statement_row"
    permanent = True


@dataclass(frozen=True, slots=True)
class BankRow:
    """A document of a statement; other: the side that is not ours."""

    line: int
    is_in: bool
    number: str
    day: dt.date
    moved_on: dt.date
    amount_kopecks: int
    other_account: str
    other_inn: str
    other_name: str
    purpose: str

    def key(self, account: str) -> str:
        """What makes it this document and no other: numbers repeat within a year."""
        way = "in" if self.is_in else "out"
        parts = (account, way, self.number, self.day, self.amount_kopecks, self.other_account, self.moved_on)
        return "|".join(map(str, parts))


@dataclass(frozen=True, slots=True)
class Head:
    """The statement as a whole."""

    account: str
    first_day: dt.date
    last_day: dt.date
    opening_kopecks: int | None
    closing_kopecks: int | None


async def waiting(session: Session, statement_id: int) -> bytes | None:
    """The file of a statement to be read, locked; None when it has been."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    found = await session.scalar(
        text("SELECT content FROM statements WHERE id = :id AND state = 'uploaded' FOR UPDATE"),
        {"id": statement_id},
    )
    return None if found is None else bytes(found)


async def refuse(session: Session, statement_id: int, message: str) -> None:
    """A file that is not loaded, and why."""
    await session.execute(
        text("""
        UPDATE statements SET state = 'refused', message = :message
         WHERE id = :id AND state = 'uploaded'"""),
        {"message": message, "id": statement_id},
    )


async def not_ours(session: Session, account: str) -> str | None:
    """Why a statement of this account is not loaded; None when the account is the centre's."""
    own = list(
        (
            await session.execute(
                text("SELECT coalesce(bank_account, '') FROM organisations WHERE kind = 'centre'")
            )
        ).scalars()
    )
    if account in own:
        return None
    return (
        f"Выписка по счёту {account}, а счёт расчётного центра — {', '.join(own) or 'не заполнен'}. "
        "Выгрузите выписку по своему счёту или исправьте реквизиты центра."
    )


ADD_ROWS = """
INSERT INTO statement_rows (statement_id, line, key, is_in, number, day, moved_on, amount_kopecks,
                            other_account, other_inn, other_name, purpose, verdict, message)
SELECT :statement, n.*
  FROM unnest(CAST(:lines AS int[]), CAST(:keys AS text[]), CAST(:ins AS boolean[]), CAST(:numbers AS text[]),
              CAST(:days AS date[]), CAST(:moved AS date[]), CAST(:amounts AS bigint[]),
              CAST(:accounts AS text[]), CAST(:inns AS text[]), CAST(:names AS text[]),
              CAST(:purposes AS text[]), CAST(:verdicts AS text[]), CAST(:messages AS text[])) AS n
RETURNING id, line"""


async def load(session: Session, statement_id: int, head: Head, rows: Sequence[BankRow]) -> None:
    """Write the rows and do what each says. All or nothing."""
    period = await open_month(session)
    if period is None:
        raise NoOpenMonth
    ids = await _add(session, statement_id, head.account, rows)
    for row in rows:
        row_id = ids.get(row.line)
        if row_id is not None:
            await (_came if row.is_in else _left)(session, row_id, row, period)
    received = sum(row.amount_kopecks for row in rows if row.is_in)
    sent = sum(row.amount_kopecks for row in rows if not row.is_in)
    await session.execute(
        text("""
        UPDATE statements SET state = 'loaded', account = :account, first_day = :first, last_day = :last,
               opening_kopecks = :opening, closing_kopecks = :closing, received_kopecks = :received,
               sent_kopecks = :sent, rows_count = :rows WHERE id = :id"""),
        {
            "account": head.account,
            "first": head.first_day,
            "last": head.last_day,
            "opening": head.opening_kopecks,
            "closing": head.closing_kopecks,
            "received": received,
            "sent": sent,
            "rows": len(rows),
            "id": statement_id,
        },
    )


async def _add(session: Session, statement_id: int, account: str, rows: Sequence[BankRow]) -> dict[int, int]:
    """Ids of the new rows by line; those met in an earlier statement (or earlier in this one) are repeats."""
    keys = [row.key(account) for row in rows]
    found = await session.execute(
        text("SELECT key FROM statement_rows WHERE key = ANY (:keys) AND verdict <> 'repeat'"), {"keys": keys}
    )
    known = set(found.scalars())
    repeats: list[bool] = []
    for key in keys:
        repeats.append(key in known)
        known.add(key)
    made = await session.execute(
        text(ADD_ROWS),
        {
            "statement": statement_id,
            "lines": [row.line for row in rows],
            "keys": keys,
            "ins": [row.is_in for row in rows],
            "numbers": [row.number for row in rows],
            "days": [row.day for row in rows],
            "moved": [row.moved_on for row in rows],
            "amounts": [row.amount_kopecks for row in rows],
            "accounts": [row.other_account for row in rows],
            "inns": [row.other_inn for row in rows],
            "names": [row.other_name for row in rows],
            "purposes": [row.purpose for row in rows],
            "verdicts": [REPEAT if one else WAITING for one in repeats],
            "messages": ["Этот документ уже был в другой выписке." if one else "" for one in repeats],
        },
    )
    fresh = {row.line for row, one in zip(rows, repeats, strict=True) if not one}
    return {one.line: one.id for one in made if one.line in fresh}


# ---- money that left --------------------------------------------------------------------------------

ORDER = """
SELECT id, run_id, payee_id, net_kopecks, payee_account, state FROM transfers
 WHERE number::text = CAST(:number AS text) AND number IS NOT NULL FOR UPDATE"""


async def _left(session: Session, row_id: int, row: BankRow, period: dt.date) -> None:
    number = row.number.lstrip("0")
    found = (await session.execute(text(ORDER), {"number": number})).one_or_none()
    problem = _why_not(found, row)
    if problem:
        await _wait(session, row_id, problem)
        return
    await execute(session, row_id, row.moved_on, found, period)


def _why_not(order: Any, row: BankRow) -> str:
    if order is None:
        return f"Поручения № {row.number} мы не выгружали. Если платёж свой, отложите его с основанием."
    if order.state == "executed":
        return f"Поручение № {row.number} уже закрыто другой строкой. Спросите банк, не списал ли он дважды."
    if order.state != "exported":
        return f"Поручение № {row.number} не выгружалось в банк. Проверьте, кто его отправил."
    if (order.net_kopecks, order.payee_account) != (row.amount_kopecks, row.other_account):
        return f"Номер {row.number} наш, но сумма или счёт получателя другие. Сверьте с поручением."
    return ""


async def execute(session: Session, row_id: int, day: dt.date, order: Any, period: dt.date) -> None:
    """Close an order: the bank paid it on a day. The distribution is closed with its last order."""
    entry = Entry("execution", period, within(day, period), f"execution:{order.id}")
    posted = await ledger.post(
        session,
        entry,
        [
            Posting(Book.TRANSFERS, order.net_kopecks, organisation_id=order.payee_id),
            Posting(Book.CASH, -order.net_kopecks),
        ],
    )
    await session.execute(
        text("""
        UPDATE transfers SET state = 'executed', row_id = :row, executed_on = :day,
               execution_entry_id = :entry WHERE id = :id"""),
        {"row": row_id, "day": day, "entry": posted.entry_id, "id": order.id},
    )
    await session.execute(
        text("UPDATE statement_rows SET verdict = 'transfer', message = '' WHERE id = :id"), {"id": row_id}
    )
    await session.execute(
        text("""
        UPDATE payout_runs SET state = 'closed' WHERE id = :run AND state = 'exported' AND NOT EXISTS (
          SELECT 1 FROM transfers WHERE run_id = :run AND state = 'exported')"""),
        {"run": order.run_id},
    )


# ---- money that came --------------------------------------------------------------------------------


async def _came(session: Session, row_id: int, row: BankRow, period: dt.date) -> None:
    order = await statement_returns.order_of(session, row.purpose, row.amount_kopecks)
    if order is not None:
        await _give_back(session, row_id, row, order, period, None)
        return
    agent = await arrivals.agent_by_inn(session, row.other_inn)
    if agent is None:
        await _wait(
            session, row_id, "Плательщик — не платёжный агент. Скажите, чьи это деньги, или отложите."
        )
        return
    days = await arrivals.open_days(session, agent, row.moved_on)
    match = arrivals.match(days, row.amount_kopecks)
    if match is None:
        await _wait(
            session,
            row_id,
            "Сумма не равна платежам агента за вычетом вознаграждения ни за один срок. Подсказки — в строке."
            if days
            else "Все платежи этого агента уже пришли. Спросите его, за что эти деньги.",
            agent,
        )
        return
    await arrive(session, row_id, agent, match, row.amount_kopecks, row.moved_on, period)


async def _give_back(
    session: Session, row_id: int, row: Any, order: Any, period: dt.date, user_id: int | None
) -> None:
    await statement_returns.give_back(
        session,
        row_id,
        order,
        purpose=row.purpose,
        day=row.moved_on,
        booked_on=within(row.moved_on, period),
        period=period,
        user_id=user_id,
    )


async def _wait(session: Session, row_id: int, message: str, agent_id: int | None = None) -> None:
    await session.execute(
        text("UPDATE statement_rows SET message = :message, agent_id = :agent WHERE id = :id"),
        {"message": message, "agent": agent_id, "id": row_id},
    )


async def arrive(
    session: Session, row_id: int, agent_id: int, match: Match, received: int, day: dt.date, period: dt.date
) -> None:
    """Money of an agent's days came: off the way, onto the account, the difference kept by the agent."""
    postings = [
        Posting(Book.CASH, received),
        Posting(Book.IN_TRANSIT, -match.gross_kopecks, organisation_id=agent_id),
    ]
    fee = match.gross_kopecks - received
    if fee:
        postings.append(Posting(Book.FEES, fee, organisation_id=agent_id))
    posted = await ledger.post(
        session, Entry("arrival", period, within(day, period), f"arrival:{row_id}"), postings
    )
    arrival_id = await session.scalar(
        text("""
        INSERT INTO arrivals (agent_id, first_day, last_day, gross_kopecks, fee_kopecks, received_kopecks,
                              row_id, entry_id)
        VALUES (:agent, :first, :last, :gross, :fee, :received, :row, :entry) RETURNING id"""),
        {
            "agent": agent_id,
            "first": match.first_day,
            "last": match.last_day,
            "gross": match.gross_kopecks,
            "fee": fee,
            "received": received,
            "row": row_id,
            "entry": posted.entry_id,
        },
    )
    await session.execute(
        text("""
        INSERT INTO arrival_entries (entry_id, arrival_id)
        SELECT unnest(CAST(:entries AS bigint[])), :arrival"""),
        {"entries": list(match.entry_ids), "arrival": arrival_id},
    )
    await session.execute(
        text("""
        UPDATE statement_rows SET verdict = 'arrival', message = '', agent_id = :agent WHERE id = :id"""),
        {"agent": agent_id, "id": row_id},
    )


def within(day: dt.date, period: dt.date) -> dt.date:
    """The day if it is in the month, else the month's nearest day."""
    return min(max(day, period), Period.of(period).last_day)


# ---- what a person decided --------------------------------------------------------------------------


async def take(session: Session, payload: dict[str, Any]) -> None:
    """Carry out a decision about a waiting row; a refusal is its answer."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    row = (
        await session.execute(
            text("SELECT * FROM statement_rows WHERE id = :id AND verdict = 'waiting' FOR UPDATE"),
            {"id": payload["row_id"]},
        )
    ).one_or_none()
    if row is None or row.decided_by is None:
        return
    period = await open_month(session)
    if period is None:
        raise NoOpenMonth
    try:
        await _take(session, row, payload, period)
    except RowRefused as refusal:
        await session.execute(
            text(
                "UPDATE statement_rows SET message = :words, decided_by = NULL, ground = NULL WHERE id = :id"
            ),
            {"words": str(refusal), "id": row.id},
        )
        return
    await audit.record(
        session,
        f"statement_row_{payload['deed']}",
        "statement_row",
        row.id,
        user_id=row.decided_by,
        after={"amount_kopecks": row.amount_kopecks},
        ground=row.ground,
    )


async def _take(session: Session, row: Any, payload: dict[str, Any], period: dt.date) -> None:
    if payload["deed"] == ASIDE:
        await session.execute(
            text("UPDATE statement_rows SET verdict = 'aside', message = '' WHERE id = :id"), {"id": row.id}
        )
        return
    if payload["deed"] == TRANSFER:
        order = (
            await session.execute(
                text("""
                SELECT id, run_id, payee_id, net_kopecks FROM transfers
                 WHERE id = :id AND state = 'exported' AND net_kopecks = :amount FOR UPDATE"""),
                {"id": payload["transfer_id"], "amount": row.amount_kopecks},
            )
        ).one_or_none()
        if order is None or row.is_in:
            raise RowRefused("Поручение уже закрыто или на другую сумму. Выберите другое.")
        await execute(session, row.id, row.moved_on, order, period)
        return
    if payload["deed"] == RETURNED:
        order = await statement_returns.order_by_id(session, payload["transfer_id"], row.amount_kopecks)
        if order is None or not row.is_in:
            raise RowRefused("Поручение ещё не исполнено, уже возвращено или на другую сумму.")
        await _give_back(session, row.id, row, order, period, row.decided_by)
        return
    if not row.is_in:
        raise RowRefused("Это списание, а не поступление от агента.")
    first, last = (dt.date.fromisoformat(day) for day in payload["days"])
    days = await arrivals.open_days(session, payload["agent_id"], max(last, row.moved_on))
    match = arrivals.of_days(days, first, last)
    if match is None:
        raise RowRefused("За эти дни у агента нет платежей, деньги которых ещё в пути. Выберите другие дни.")
    if match.gross_kopecks < row.amount_kopecks:
        raise RowRefused(
            "Пришло больше, чем агент принял за эти дни. Возьмите больше дней или спросите агента."
        )
    await arrive(session, row.id, payload["agent_id"], match, row.amount_kopecks, row.moved_on, period)


async def give_up(session: Session, payload: dict[str, Any]) -> None:
    """A statement or a decision nobody could process: say so to whoever waits."""
    words = "Не удалось обработать, ничего не загружено. Мы записали причину, администратор её видит."
    if "statement_id" in payload:
        await refuse(session, int(payload["statement_id"]), words)
    elif "row_id" in payload:
        await session.execute(
            text("""
            UPDATE statement_rows SET message = :words, decided_by = NULL, ground = NULL
             WHERE id = :id AND verdict = 'waiting'"""),
            {"words": words, "id": payload["row_id"]},
        )
