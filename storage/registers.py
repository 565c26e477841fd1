"""Registers of payments: uploaded, staged row by row with a verdict, accepted by a person, posted whole.

The pages keep the file and the command; a worker stages and posts, each in one transaction. A row whose
account is not known is money all the same: it goes to the unidentified. Nothing of a refused file is kept but
the file and the reason.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from billing.agent_day import PENALTY_ENDING
from storage import audit, outbox, register_readings
from storage.payments import Incoming, accounts_of, post_payments
from storage.session import Session

STAGE, ACCEPT = "commands.registers.stage", "commands.registers.accept"
FILE_BYTES_MAX = 30 * 1024 * 1024
POST_ROWS = 2_000  # rows posted at a time, all in one transaction
GOOD, UNKNOWN, REPEAT, CONFLICT, BAD = "good", "unknown", "repeat", "conflict", "bad"
TAKEN = (GOOD, UNKNOWN)


class RegisterStopped(ValueError):
    """A step that cannot be made now; the message says why and what to do."""

    code = "register_stopped"
    permanent = True


@dataclass(frozen=True, slots=True)
class StagedRow:
    """A row as the reader understood it; errors are why it cannot be taken."""

    line: int
    raw: str
    account: str
    amount_kopecks: int
    penalty_kopecks: int
    fee_kopecks: int
    number: str
    paid_on: dt.date | None
    of_period: dt.date | None
    service: int | None
    payer: str
    readings: Sequence[tuple[str, str]]
    errors: Sequence[str]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A register that waits to be staged: its content and the profile to read it by."""

    id: int
    agent_id: int
    profile_id: int
    file_name: str
    digest: str
    content: bytes
    ticket: bytes | None
    profile: dict[str, Any]


async def upload(
    session: Session,
    *,
    profile_id: int,
    agent_id: int,
    file_name: str,
    content: bytes,
    ticket: tuple[str, bytes] | None,
    user_id: int,
) -> int:
    """Keep a file and ask a worker to stage it; the register's id. For pages."""
    file_id = await keep_file(session, file_name, content, user_id)
    ticket_id = await keep_file(session, *ticket, user_id) if ticket else None
    register_id = int(
        await session.scalar(
            text("""
            INSERT INTO registers (profile_id, agent_id, file_id, ticket_id, file_name, digest, user_id)
            VALUES (:profile, :agent, :file, :ticket, :name, :digest, :user) RETURNING id"""),
            {
                "profile": profile_id,
                "agent": agent_id,
                "file": file_id,
                "ticket": ticket_id,
                "name": file_name,
                "digest": hashlib.sha256(content).hexdigest(),
                "user": user_id,
            },
        )
        or 0
    )
    await outbox.add(session, STAGE, {"register_id": register_id}, f"register-stage-{register_id}")
    return register_id


async def keep_file(session: Session, name: str, content: bytes, user_id: int) -> int:
    found = await session.scalar(
        text("""
        INSERT INTO files (digest, name, media_type, content, user_id)
        VALUES (:digest, :name, 'application/octet-stream', :content, :user) RETURNING id"""),
        {"digest": hashlib.sha256(content).hexdigest(), "name": name, "content": content, "user": user_id},
    )
    return int(found or 0)


async def ask_to_accept(session: Session, register_id: int, user_id: int) -> None:
    """A person takes the rows that can be taken. For pages. Raises RegisterStopped."""
    changed = await session.scalar(
        text("""
        UPDATE registers SET state = 'accepting', accepted_by = :user
         WHERE id = :id AND state = 'staged' RETURNING id"""),
        {"id": register_id, "user": user_id},
    )
    if changed is None:
        raise RegisterStopped("Реестр уже зачислен, отозван или ещё читается. Обновите страницу.")
    await outbox.add(session, ACCEPT, {"register_id": register_id}, f"register-accept-{register_id}")


async def withdraw(session: Session, register_id: int) -> None:
    """Put a staged register aside: its file may be loaded again. For pages. Raises RegisterStopped."""
    changed = await session.scalar(
        text("UPDATE registers SET state = 'withdrawn' WHERE id = :id AND state = 'staged' RETURNING id"),
        {"id": register_id},
    )
    if changed is None:
        raise RegisterStopped("Отозвать можно только реестр, который ещё не зачисляли. Обновите страницу.")


# ---- staging ----------------------------------------------------------------------------------------


async def waiting(session: Session, register_id: int) -> Waiting | None:
    """A register to be staged, locked; None when it has been."""
    row = (
        await session.execute(
            text("""
            SELECT r.id, r.agent_id, r.profile_id, r.file_name, r.digest, f.content, t.content AS ticket,
                   p.profile
              FROM registers r JOIN files f ON f.id = r.file_id
              JOIN register_profiles p ON p.id = r.profile_id
              LEFT JOIN files t ON t.id = r.ticket_id
             WHERE r.id = :id AND r.state = 'uploaded' FOR UPDATE OF r"""),
            {"id": register_id},
        )
    ).one_or_none()
    return None if row is None else Waiting(**row._mapping)


TWIN = """
SELECT id, digest = :digest AS is_same FROM registers
 WHERE id <> :id AND state IN ('staged', 'accepting', 'accepted')
   AND (digest = :digest
        OR (profile_id = :profile AND file_name = :name
            AND extract(year FROM recorded_at) = extract(year FROM clock_timestamp())))
 ORDER BY digest = :digest DESC LIMIT 1"""


async def twin(session: Session, register: Waiting) -> str | None:
    """Why a file must not be loaded a second time; None when it may be loaded."""
    await session.execute(text("SELECT pg_advisory_xact_lock(7120359, :id)"), {"id": register.profile_id})
    row = (
        await session.execute(
            text(TWIN),
            {
                "id": register.id,
                "digest": register.digest,
                "profile": register.profile_id,
                "name": register.file_name,
            },
        )
    ).one_or_none()
    if row is None:
        return None
    if row.is_same:
        return f"Этот файл уже загружен: реестр № {row.id}. Второй раз он не загружается."
    return (
        f"Файл с именем «{register.file_name}» в этом году уже загружен: реестр № {row.id}, содержание "
        "другое. Отзовите прежний, если он ошибочный, или переименуйте файл."
    )


async def refuse(session: Session, register_id: int, message: str) -> None:
    """A file that is not loaded, and why."""
    await session.execute(
        text("""
        UPDATE registers SET state = 'refused', message = :message, staged_at = clock_timestamp()
         WHERE id = :id AND state = 'uploaded'"""),
        {"id": register_id, "message": message},
    )


async def stage(
    session: Session, register: Waiting, rows: Sequence[StagedRow], encoding: str, is_totalled: bool
) -> None:
    """Write the rows with their verdicts: nothing is posted yet."""
    accounts = await accounts_of(session, [row.account for row in rows])
    known = await _known(session, register.agent_id, rows)
    verdicts = _verdicts(rows, set(accounts), known, register.agent_id)
    await session.execute(
        text(ADD_ROWS),
        {
            "register": register.id,
            "agent": register.agent_id,
            "lines": [row.line for row in rows],
            "raws": [row.raw for row in rows],
            "numbers_of_accounts": [row.account for row in rows],
            "accounts": [accounts[row.account].id if row.account in accounts else None for row in rows],
            "amounts": [row.amount_kopecks for row in rows],
            "penalties": [row.penalty_kopecks for row in rows],
            "fees": [row.fee_kopecks for row in rows],
            "numbers": [row.number for row in rows],
            "days": [row.paid_on for row in rows],
            "periods": [row.of_period for row in rows],
            "services": [row.service for row in rows],
            "payers": [row.payer for row in rows],
            "readings": [
                json.dumps([list(pair) for pair in row.readings]) if row.readings else None for row in rows
            ],
            "verdicts": [verdict for verdict, _ in verdicts],
            "messages": [message for _, message in verdicts],
        },
    )
    await session.execute(
        text("""
        UPDATE registers SET state = 'staged', encoding = :encoding, is_totalled = :is_totalled,
               rows_count = :rows, amount_kopecks = :amount, fee_kopecks = :fee, staged_at = clock_timestamp()
         WHERE id = :id"""),
        {
            "id": register.id,
            "encoding": encoding,
            "is_totalled": is_totalled,
            "rows": len(rows),
            "amount": sum(row.amount_kopecks + row.penalty_kopecks for row in rows),
            "fee": sum(row.fee_kopecks for row in rows),
        },
    )


ADD_ROWS = """
INSERT INTO register_rows (register_id, agent_id, position, line, raw, account_number, account_id,
                           amount_kopecks, penalty_kopecks, fee_kopecks, number, paid_on, of_period, service,
                           payer, readings, verdict, message)
SELECT :register, :agent, ordinal, line, raw, account_number, account_id, amount, penalty, fee, number,
       paid_on, of_period, service, payer, readings::jsonb, verdict, message
  FROM unnest(CAST(:lines AS int[]), CAST(:raws AS text[]), CAST(:numbers_of_accounts AS text[]),
              CAST(:accounts AS int[]), CAST(:amounts AS bigint[]), CAST(:penalties AS bigint[]),
              CAST(:fees AS bigint[]), CAST(:numbers AS text[]), CAST(:days AS date[]),
              CAST(:periods AS date[]), CAST(:services AS smallint[]), CAST(:payers AS text[]),
              CAST(:readings AS text[]), CAST(:verdicts AS text[]), CAST(:messages AS text[]))
       WITH ORDINALITY
    AS n(line, raw, account_number, account_id, amount, penalty, fee, number, paid_on, of_period, service,
         payer, readings, verdict, message, ordinal)"""


def _payments(row: Any, agent_id: int, register_id: int | None) -> list[Incoming]:
    """One payment for the principal and one for the penalties, when the register tells them apart."""
    out = []
    for amount, ending, for_penalties in (
        (row.amount_kopecks, "", False),
        (row.penalty_kopecks, PENALTY_ENDING, True),
    ):
        if amount > 0:
            out.append(
                Incoming(
                    agent_id=agent_id,
                    number=row.number + ending,
                    account_number=row.account,
                    amount_kopecks=amount,
                    paid_on=row.paid_on,
                    of_period=row.of_period,
                    service=row.service,
                    for_penalties=for_penalties,
                    source="register",
                    register_id=register_id,
                    payer=row.payer or None,
                )
            )
    return out


async def _known(session: Session, agent_id: int, rows: Sequence[StagedRow]) -> dict[str, Any]:
    """Payments of the agent posted before under the numbers of this file."""
    numbers = [one.number for row in rows if not row.errors for one in _payments(row, agent_id, None)]
    found = await session.execute(
        text("""
        SELECT number, input_hash, account_number, amount_kopecks, id FROM payments
         WHERE agent_id = :agent AND number = ANY (:numbers)"""),
        {"agent": agent_id, "numbers": numbers},
    )
    return {row.number: row for row in found}


def _verdicts(
    rows: Sequence[StagedRow], accounts: set[str], known: dict[str, Any], agent_id: int
) -> list[tuple[str, str]]:
    lines: dict[str, int] = {}
    out = []
    for row in rows:
        verdict = _verdict(row, accounts, known, agent_id)
        if verdict[0] in TAKEN and row.number in lines:
            verdict = BAD, f"Номер операции повторяет строку {lines[row.number]} этого же файла."
        lines.setdefault(row.number, row.line)
        out.append(verdict)
    return out


def _verdict(row: StagedRow, accounts: set[str], known: dict[str, Any], agent_id: int) -> tuple[str, str]:
    if row.errors:
        return BAD, " ".join(row.errors)
    for one in _payments(row, agent_id, None):
        earlier = known.get(one.number)
        if earlier is None:
            continue
        same = (earlier.account_number, earlier.amount_kopecks) == (one.account_number, one.amount_kopecks)
        if same and earlier.input_hash in (None, one.input_hash):
            return REPEAT, "Этот платёж уже зачислен, второй раз не пойдёт."
        return CONFLICT, (
            f"Номер операции уже занят платежом № {earlier.id} с другим счётом, суммой или услугой. "
            "Спросите агента, какой из них верный."
        )
    if not row.account:
        return UNKNOWN, "Счёт не указан: деньги пойдут в невыясненные."
    if row.account not in accounts:
        return UNKNOWN, f"Счёта {row.account} нет: деньги пойдут в невыясненные."
    return GOOD, ""


# ---- accepting --------------------------------------------------------------------------------------

ROWS = """
SELECT position, line, account_number AS account, account_id, amount_kopecks, penalty_kopecks, number,
       paid_on, of_period, service, payer, readings
  FROM register_rows WHERE register_id = :id AND verdict IN ('good', 'unknown') ORDER BY position"""


async def accept(session: Session, register_id: int) -> int:
    """Post every row that may be taken, in one transaction; how many payments. Repeats change nothing."""
    register = (
        await session.execute(
            text(
                "SELECT id, agent_id, accepted_by FROM registers "
                "WHERE id = :id AND state = 'accepting' FOR UPDATE"
            ),
            {"id": register_id},
        )
    ).one_or_none()
    if register is None:
        return 0
    rows = (await session.execute(text(ROWS), {"id": register_id})).all()
    incoming = [one for row in rows for one in _payments(row, register.agent_id, register_id)]
    for start in range(0, len(incoming), POST_ROWS):
        await post_payments(session, incoming[start : start + POST_ROWS])
    await register_readings.send(session, register_id, rows)
    await session.execute(
        text("UPDATE registers SET state = 'accepted', accepted_at = clock_timestamp() WHERE id = :id"),
        {"id": register_id},
    )
    await audit.record(
        session,
        "register_accepted",
        "register",
        register_id,
        user_id=register.accepted_by,
        after={"payments": len(incoming), "amount_kopecks": sum(one.amount_kopecks for one in incoming)},
    )
    return len(incoming)


async def give_up(session: Session, register_id: int) -> None:
    """A register nobody could process: say so to whoever waits."""
    await session.execute(
        text("""
        UPDATE registers SET state = CASE WHEN state = 'accepting' THEN 'staged' ELSE 'refused' END,
               message = :words
         WHERE id = :id AND state IN ('uploaded', 'accepting')"""),
        {
            "id": register_id,
            "words": "Файл не удалось обработать, ничего не зачислено. Администратор видит причину.",
        },
    )
