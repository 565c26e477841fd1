"""Days of payment agents: their register kept, laid against our payments, each difference carried out.

A page keeps the file and people's decisions; a worker compares, posts and cancels, each in one transaction.
Nothing is settled by itself but what is proved: an operation only we had that a later register names, one
only they had that came, a payment that was cancelled.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from billing.agent_day import BAD, DIFFERS, REPEAT, SAME, THEIRS, Compared, OurPayment, TheirRow, compare
from billing.agent_day import PENALTY_ENDING as ENDING
from storage import audit, outbox, payment_moves
from storage.payments import Incoming, post_payments
from storage.registers import StagedRow, keep_file
from storage.session import Session

COMPARE, POST, CANCEL = "commands.registers.compare", "commands.registers.post", "commands.registers.cancel"
DAYS_MAX = 31
COMPARE_LOCK = 7_120_370
DEAD = (payment_moves.REVERSED, payment_moves.RETURNED)


class DayRefused(ValueError):
    """What cannot be done with a day or its difference; the message says why and what to do."""

    code = "agent_day_refused"
    permanent = True


class AlreadyCompared(DayRefused):
    """The same file was reconciled before: twin_id says where."""

    def __init__(self, twin_id: int) -> None:
        super().__init__(f"Этот файл уже сверен: сверка № {twin_id}. Второй раз он не принимается.")
        self.twin_id = twin_id


@dataclass(frozen=True, slots=True)
class Waiting:
    """A day to be compared: the file and how to read it."""

    id: int
    agent_id: int
    file_name: str
    content: bytes
    profile: dict[str, Any]


async def upload(
    session: Session, *, agent_id: int, profile_id: int, file_name: str, content: bytes, user_id: int
) -> int:
    """Keep a register of a day and ask a worker to compare it; its id. For pages. Raises AlreadyCompared."""
    digest = hashlib.sha256(content).hexdigest()
    await session.execute(
        text("SELECT pg_advisory_xact_lock(:lock, :agent)"), {"lock": 71203, "agent": agent_id}
    )
    twin = await session.scalar(
        text("""
        SELECT id FROM agent_days
         WHERE agent_id = :agent AND digest = :digest AND state IN ('uploaded', 'compared')"""),
        {"agent": agent_id, "digest": digest},
    )
    if twin is not None:
        raise AlreadyCompared(int(twin))
    file_id = await keep_file(session, file_name, content, user_id)
    day_id = int(
        await session.scalar(
            text("""
            INSERT INTO agent_days (agent_id, profile_id, file_id, file_name, digest, user_id)
            VALUES (:agent, :profile, :file, :name, :digest, :user) RETURNING id"""),
            {"agent": agent_id, "profile": profile_id, "file": file_id, "name": file_name, "digest": digest,
             "user": user_id},
        )
        or 0
    )  # fmt: skip
    await outbox.add(session, COMPARE, {"day_id": day_id}, f"agent-day-{day_id}")
    return day_id


async def withdraw(session: Session, day_id: int, user_id: int) -> None:
    """Put a day aside, so that a better file may come. For pages. Raises DayRefused once money has moved."""
    moved = await session.scalar(
        text("""
        SELECT EXISTS (SELECT 1 FROM agent_day_rows WHERE day_id = :id
                        AND (state IN ('posting', 'cancelling') OR state = 'done' AND deed = 'post'))"""),
        {"id": day_id},
    )
    if moved:
        raise DayRefused("По этой сверке уже зачислены платежи: она остаётся в истории.")
    changed = await session.scalar(
        text("UPDATE agent_days SET state = 'withdrawn' WHERE id = :id AND state = 'compared' RETURNING id"),
        {"id": day_id},
    )
    if changed is None:
        raise DayRefused("Отозвать можно только готовую сверку. Обновите страницу.")
    await audit.record(session, "agent_day_withdrawn", "agent_day", day_id, user_id=user_id)


# ---- comparing --------------------------------------------------------------------------------------


async def waiting(session: Session, day_id: int) -> Waiting | None:
    """A day to be compared, locked; None when it has been."""
    row = (
        await session.execute(
            text("""
            SELECT d.id, d.agent_id, d.file_name, f.content, p.profile
              FROM agent_days d JOIN files f ON f.id = d.file_id
              JOIN register_profiles p ON p.id = d.profile_id
             WHERE d.id = :id AND d.state = 'uploaded' FOR UPDATE OF d"""),
            {"id": day_id},
        )
    ).one_or_none()
    return None if row is None else Waiting(**row._mapping)


async def refuse(session: Session, day_id: int, message: str) -> None:
    """A file that cannot be compared, and why."""
    await session.execute(
        text("""
        UPDATE agent_days SET state = 'refused', message = :message, compared_at = clock_timestamp()
         WHERE id = :id AND state = 'uploaded'"""),
        {"message": message, "id": day_id},
    )


async def lay(session: Session, day: Waiting, rows: Sequence[StagedRow]) -> None:
    """Compare and write every operation with its verdict. Raises DayRefused when the days cannot be told."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": COMPARE_LOCK})
    days = sorted(row.paid_on for row in rows if row.paid_on and not row.errors)
    if not days:
        raise DayRefused("Ни одной строки с датой прочесть не удалось. Проверьте файл и вид реестра.")
    if (days[-1] - days[0]).days >= DAYS_MAX:
        raise DayRefused(f"В файле операции больше чем за {DAYS_MAX} день. Сверяйте по дням или месяцам.")
    theirs = [
        TheirRow(
            row.line,
            row.number,
            row.account,
            row.amount_kopecks + row.penalty_kopecks,
            row.paid_on,
            " ".join(row.errors),
        )
        for row in rows
    ]
    numbers = [row.number for row in theirs if not row.error]
    made = compare(
        theirs,
        await _known(session, day.agent_id, numbers),
        await _expected(session, day.agent_id, days[0], days[-1]),
        await _earlier(session, day.agent_id, numbers),
    )
    payers = {row.line: row.payer for row in rows}
    await _write(session, day, made, payers)
    await _close(session, day.id, days[0], days[-1], made)
    await settle(session, day.agent_id, day.id)


PAYMENT = "SELECT p.id, p.number, p.account_number, p.amount_kopecks, p.paid_on, p.state FROM payments p"


async def _known(session: Session, agent_id: int, numbers: Sequence[str]) -> list[OurPayment]:
    found = await session.execute(
        text(f"{PAYMENT} WHERE p.agent_id = :agent AND p.number = ANY (:numbers) ORDER BY p.id"),
        {"agent": agent_id, "numbers": [*numbers, *(f"{one}{ENDING}" for one in numbers)]},
    )
    return [_ours(row) for row in found]


async def _expected(session: Session, agent_id: int, first: dt.date, last: dt.date) -> list[OurPayment]:
    found = await session.execute(
        text(f"""
        {PAYMENT} WHERE p.agent_id = :agent AND p.paid_on BETWEEN :first AND :last AND p.state <> ALL (:dead)
           AND NOT EXISTS (
             SELECT 1 FROM agent_day_rows r JOIN agent_days d ON d.id = r.day_id AND d.state = 'compared'
              WHERE r.agent_id = p.agent_id AND r.number = replace(p.number, :ending, ''))
         ORDER BY p.id"""),  # noqa: S608 - words of ours
        {"agent": agent_id, "first": first, "last": last, "dead": list(DEAD), "ending": ENDING},
    )
    return [_ours(row) for row in found]


def _ours(row: Any) -> OurPayment:
    is_alive = row.state not in DEAD
    return OurPayment(row.id, row.number, row.account_number, row.amount_kopecks, row.paid_on, is_alive)


async def _earlier(session: Session, agent_id: int, numbers: Sequence[str]) -> dict[str, int]:
    found = await session.execute(
        text("""
        SELECT r.number, min(r.day_id) AS day_id FROM agent_day_rows r
          JOIN agent_days d ON d.id = r.day_id AND d.state = 'compared'
         WHERE r.agent_id = :agent AND r.number = ANY (:numbers)
           AND r.verdict IN ('same', 'theirs', 'differs')
         GROUP BY 1"""),
        {"agent": agent_id, "numbers": list(numbers)},
    )
    return {row.number: row.day_id for row in found}


ADD_ROWS = """
INSERT INTO agent_day_rows (day_id, agent_id, verdict, state, message, line, number, their_account,
                            their_kopecks, their_day, payer, payment_id, our_account, our_kopecks, our_day)
SELECT :day, :agent, n.*
  FROM unnest(CAST(:verdicts AS text[]), CAST(:states AS text[]), CAST(:messages AS text[]),
              CAST(:lines AS int[]), CAST(:numbers AS text[]), CAST(:their_accounts AS text[]),
              CAST(:their_sums AS bigint[]), CAST(:their_days AS date[]), CAST(:payers AS text[]),
              CAST(:payments AS bigint[]), CAST(:our_accounts AS text[]), CAST(:our_sums AS bigint[]),
              CAST(:our_days AS date[])) AS n"""


async def _write(session: Session, day: Waiting, made: Sequence[Compared], payers: Mapping[int, str]) -> None:
    theirs = [one.theirs for one in made]
    ours = [one.ours for one in made]
    alive = [one if one and one.is_alive else None for one in ours]
    await session.execute(
        text(ADD_ROWS),
        {
            "day": day.id,
            "agent": day.agent_id,
            "verdicts": [one.verdict for one in made],
            "states": ["same" if one.verdict == SAME else "open" for one in made],
            "messages": [words(one) for one in made],
            "lines": [row.line if row else None for row in theirs],
            "numbers": [row.number if row else _base(mine) for row, mine in zip(theirs, ours, strict=True)],
            "their_accounts": [row.account if row else None for row in theirs],
            "their_sums": [row.amount_kopecks if row else None for row in theirs],
            "their_days": [row.paid_on if row else None for row in theirs],
            "payers": [payers.get(row.line, "") if row else "" for row in theirs],
            "payments": [one.id if one else None for one in ours],
            "our_accounts": [one.account if one else None for one in alive],
            "our_sums": [one.amount_kopecks if one else None for one in alive],
            "our_days": [one.paid_on if one else None for one in alive],
        },
    )


def _base(ours: OurPayment | None) -> str:
    assert ours is not None, "an operation has at least one side"
    return ours.base


def words(one: Compared) -> str:
    """What is to be known of a difference beside its sums."""
    if one.verdict == BAD and one.theirs:
        return one.theirs.error
    if one.verdict == REPEAT:
        return (
            f"Номер повторяет строку {one.first_line} этого же файла."
            if one.first_line
            else f"Эта операция уже была в сверке № {one.earlier_day}."
        )
    if one.verdict == THEIRS and one.ours:
        return "У нас этот платёж отменён. Если агент его провёл, пусть пришлёт с новым номером."
    if one.verdict == THEIRS and one.like:
        return f"Похож на наш платёж № {one.like.number}: те же счёт и сумма, другой номер операции."
    if one.verdict == DIFFERS and one.theirs and one.ours and not one.difference_kopecks:
        return f"Сумма та же, а счёт другой: у агента {one.theirs.account}, у нас {one.ours.account}."
    return ""


async def _close(
    session: Session, day_id: int, first: dt.date, last: dt.date, made: Sequence[Compared]
) -> None:
    theirs = [one.theirs for one in made if one.theirs]
    ours = [one.ours for one in made if one.ours and one.ours.is_alive]
    await session.execute(
        text("""
        UPDATE agent_days SET state = 'compared', first_day = :first, last_day = :last,
               their_count = :their_count, their_kopecks = :theirs, our_count = :our_count,
               our_kopecks = :ours, compared_at = clock_timestamp() WHERE id = :id"""),
        {
            "first": first,
            "last": last,
            "their_count": len(theirs),
            "theirs": sum(one.amount_kopecks for one in theirs),
            "our_count": len(ours),
            "ours": sum(one.amount_kopecks for one in ours),
            "id": day_id,
        },
    )


CAME_LATER = """
UPDATE agent_day_rows o SET state = 'done', deed = 'later', message = 'Есть в сверке № ' || :day || '.'
  FROM agent_day_rows n
 WHERE n.day_id = :day AND n.verdict = 'same' AND o.agent_id = n.agent_id AND o.number = n.number
   AND o.verdict = 'ours' AND o.state IN ('open', 'asked') AND o.day_id <> n.day_id"""
PAID_LATER = """
UPDATE agent_day_rows o SET state = 'done', deed = 'later', payment_id = p.id,
       message = 'Платёж пришёл позже: № ' || p.id || '.'
  FROM payments p
 WHERE o.agent_id = :agent AND o.verdict = 'theirs' AND o.state IN ('open', 'asked', 'proposed')
   AND p.agent_id = o.agent_id AND p.number = o.number AND p.amount_kopecks = o.their_kopecks
   AND p.state <> ALL (:dead)"""
CANCELLED = """
UPDATE agent_day_rows o SET state = 'done', message = 'Агент отменил платёж.'
  FROM payments p
 WHERE o.agent_id = :agent AND o.verdict IN ('ours', 'differs') AND o.state IN ('open', 'asked', 'cancelling')
   AND p.id = o.payment_id AND p.state = ANY (:dead)"""


async def settle(session: Session, agent_id: int, day_id: int | None = None) -> None:
    """Close what has settled itself and is proved: named later, came later, cancelled."""
    if day_id is not None:
        await session.execute(text(CAME_LATER), {"day": day_id})
    await session.execute(text(PAID_LATER), {"agent": agent_id, "dead": list(DEAD)})
    await session.execute(text(CANCELLED), {"agent": agent_id, "dead": list(DEAD)})


# ---- carrying out -----------------------------------------------------------------------------------

ROW = "SELECT * FROM agent_day_rows WHERE id = :id AND state = :state FOR UPDATE"


async def post(session: Session, row_id: int) -> None:
    """Post a lost payment that two people agreed on. One posted meanwhile is not posted again."""
    row = (await session.execute(text(ROW), {"id": row_id, "state": "posting"})).one_or_none()
    if row is None:
        return
    one = Incoming(
        agent_id=row.agent_id,
        number=row.number,
        account_number=row.their_account or "",
        amount_kopecks=row.their_kopecks,
        paid_on=row.their_day,
        source="register",
        payer=row.payer or None,
    )
    outcome = (await post_payments(session, [one]))[0]
    told = {
        "posted": f"Зачислен платежом № {outcome.payment_id}.",
        "unmatched": f"Принят платежом № {outcome.payment_id}: счёта нет, деньги в невыясненных.",
        "repeat": f"Платёж уже был у нас: № {outcome.payment_id}, второй раз не зачислен.",
        "conflict": "Под этим номером у нас другой платёж. Ничего не зачислено: спросите агента.",
    }[outcome.kind]
    done = outcome.kind != "conflict"
    await session.execute(
        text("""
        UPDATE agent_day_rows SET state = :state, message = :message, payment_id = :payment
         WHERE id = :id"""),
        {
            "state": "done" if done else "open",
            "message": told,
            "payment": outcome.payment_id,
            "id": row_id,
        },
    )
    await audit.record(
        session,
        "agent_day_posted",
        "agent_day_row",
        row_id,
        user_id=row.decided_by,
        after={
            "payment_id": outcome.payment_id,
            "outcome": outcome.kind,
            "amount_kopecks": row.their_kopecks,
        },
        ground=row.ground,
    )


async def cancel(session: Session, row_id: int) -> None:
    """Reverse our payment that its agent agreed to cancel, both its parts."""
    row = (await session.execute(text(ROW), {"id": row_id, "state": "cancelling"})).one_or_none()
    if row is None:
        return
    await payment_moves.cancel(session, row.agent_id, row.number)
    await payment_moves.cancel(session, row.agent_id, row.number + ENDING)
    await settle(session, row.agent_id)
    await audit.record(
        session,
        "agent_day_cancelled",
        "agent_day_row",
        row_id,
        user_id=row.decided_by,
        after={"payment_id": row.payment_id, "amount_kopecks": row.our_kopecks},
        ground=row.ground,
    )


async def give_up(session: Session, payload: Mapping[str, Any]) -> None:
    """What nobody could process: say so to whoever waits."""
    told = "Не удалось обработать, ничего не зачислено. Администратор видит причину."
    if "day_id" in payload:
        await refuse(session, int(payload["day_id"]), told)
    elif "row_id" in payload:
        await session.execute(
            text("""
            UPDATE agent_day_rows SET message = :told,
                   state = CASE WHEN state = 'posting' THEN 'proposed' ELSE 'asked' END, decided_by = NULL
             WHERE id = :id AND state IN ('posting', 'cancelling')"""),
            {"told": told, "id": int(payload["row_id"])},
        )
