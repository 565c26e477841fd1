"""Distributions to payees as pages see them: ask, approve, undo, export; workers plan and post (payout_work).

planned → checked → posting → posted → exported → closed by the bank's statement; undone before export.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from storage import audit, outbox
from storage.session import Session

PLAN = "commands.payouts.plan"
POST = "commands.payouts.post"
UNDO = "commands.payouts.undo"
LOAD = "commands.payouts.load"
TAKE = "commands.payouts.take"
LIVE = ("planned", "posting")
TODAY = "SELECT (clock_timestamp() AT TIME ZONE 'Europe/Moscow')::date"


class PayoutRefused(Exception):
    """What cannot be done with a distribution now; the message says why and what to do."""

    permanent = True

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class PayoutRunRow:
    """A distribution with names."""

    id: int
    until: dt.date
    state: str
    created_by: int
    created_by_name: str | None
    created_at: dt.datetime
    approved_by_name: str | None
    posted_at: dt.datetime | None
    undone_at: dt.datetime | None
    undo_reason: str | None
    gross_kopecks: int
    agent_fee_kopecks: int
    centre_fee_kopecks: int
    net_kopecks: int
    transfers_count: int
    shares_count: int
    error: str | None
    exported_at: dt.datetime | None
    exported_by_name: str | None
    is_undoing: bool

    @property
    def is_live(self) -> bool:
        """Whether a worker has it before it."""
        return self.state in LIVE or self.is_undoing


ROWS = """
SELECT r.id, r.until, r.state, r.created_by, u.full_name AS created_by_name, r.created_at,
       a.full_name AS approved_by_name, r.posted_at, r.undone_at, r.undo_reason, r.gross_kopecks,
       r.agent_fee_kopecks, r.centre_fee_kopecks, r.net_kopecks, r.transfers_count, r.shares_count, r.error,
       r.exported_at, e.full_name AS exported_by_name,
       r.undone_by IS NOT NULL AND r.state IN ('checked', 'posted') AS is_undoing
  FROM payout_runs r LEFT JOIN users u ON u.id = r.created_by LEFT JOIN users a ON a.id = r.approved_by
  LEFT JOIN users e ON e.id = r.exported_by"""


@dataclass(frozen=True, slots=True)
class PayoutRunPage:
    """A page of distributions, how many there are, what those not undone transfer together."""

    rows: list[PayoutRunRow]
    total: int
    net_kopecks: int


RUN_SORTS = {"id": "f.id", "until": "f.until", "net": "f.net_kopecks"}

RUN_LIST = f"""
SELECT f.*, count(*) OVER ()::int AS total,
       coalesce(sum(f.net_kopecks) FILTER (WHERE f.state NOT IN ('undone', 'failed')) OVER (), 0)::bigint
         AS kopecks
  FROM ({ROWS}
         WHERE (:state = '' OR r.state = :state) AND (CAST(:since AS date) IS NULL OR r.until >= :since)
           AND (CAST(:through AS date) IS NULL OR r.until <= :through)) f
 ORDER BY {{order}}, f.id DESC LIMIT :limit OFFSET :offset"""  # noqa: S608 - words of ours


async def run_list(
    session: Session,
    *,
    state: str,
    since: dt.date | None,
    through: dt.date | None,
    sort: str,
    is_descending: bool,
    limit: int,
    offset: int = 0,
) -> PayoutRunPage:
    """Distributions of days since to through, sorted by a key of RUN_SORTS."""
    order = f"{RUN_SORTS[sort]} {'DESC' if is_descending else 'ASC'}"
    values = {"state": state, "since": since, "through": through, "limit": limit, "offset": offset}
    found = (await session.execute(text(RUN_LIST.format(order=order)), values)).all()
    if not found:
        return PayoutRunPage([], 0, 0)
    names = PayoutRunRow.__slots__
    rows = [PayoutRunRow(**{name: getattr(row, name) for name in names}) for row in found]
    return PayoutRunPage(rows, found[0].total, found[0].kopecks)


async def run_row(session: Session, run_id: int) -> PayoutRunRow | None:
    """One distribution."""
    row = (await session.execute(text(f"{ROWS} WHERE r.id = :id"), {"id": run_id})).one_or_none()
    return None if row is None else PayoutRunRow(**row._mapping)


async def request_plan(session: Session, *, until: dt.date, user_id: int, command_id: str) -> int:
    """Ask a worker to work out what each payee is to get; the same command_id again gives the same run.

    Raises PayoutRefused when the day has not come, no month is open or another distribution is not finished.
    """
    known = await session.scalar(
        text("SELECT id FROM payout_runs WHERE command_id = :command"), {"command": command_id}
    )
    if known is not None:
        return int(known)
    today = await session.scalar(text(TODAY))
    assert today is not None
    if until > today:
        raise PayoutRefused("until", f"День ещё не настал. Распределить можно собранное по {today:%d.%m.%Y}.")
    if await session.scalar(text("SELECT period FROM months WHERE state = 'open'")) is None:
        raise PayoutRefused("no_month", "Открытого месяца нет: провести перечисление некуда. Откройте месяц.")
    await session.execute(text("SELECT pg_advisory_xact_lock(7120361)"))  # two presses make one
    busy = await session.scalar(
        text("SELECT id FROM payout_runs WHERE state IN ('planned', 'checked', 'posting') LIMIT 1")
    )
    if busy is not None:
        raise PayoutRefused(
            "busy",
            f"Распределение № {busy} ещё не проведено. Проведите или отмените его, потом начните новое.",
        )
    run_id = await session.scalar(
        text("""
        INSERT INTO payout_runs (until, state, command_id, created_by)
        VALUES (:until, 'planned', :command, :user_id) RETURNING id"""),
        {"until": until, "command": command_id, "user_id": user_id},
    )
    await outbox.add(session, PLAN, {"payout_run_id": int(run_id)}, f"payout-plan-{run_id}")
    return int(run_id)


async def locked(session: Session, run_id: int) -> Any:
    """The row held until commit; None when there is no such."""
    return (
        await session.execute(
            text("""
            SELECT id, until, state, created_by, approved_by, undone_by, undo_reason
              FROM payout_runs WHERE id = :id FOR UPDATE"""),
            {"id": run_id},
        )
    ).one_or_none()


async def _asked(session: Session, run_id: int) -> Any:
    row = await locked(session, run_id)
    if row is None:
        raise PayoutRefused("none", "Такого распределения нет.")
    return row


async def approve(session: Session, run_id: int, user_id: int) -> None:
    """A second person lets a worked-out distribution be posted."""
    row = await _asked(session, run_id)
    if row.state != "checked" or row.undone_by is not None:
        raise PayoutRefused(
            "state", "Проводят посчитанное распределение. Обновите страницу: его состояние изменилось."
        )
    if row.created_by == user_id:
        raise PayoutRefused("same-person", "Составили вы, поэтому провести должен другой сотрудник.")
    await session.execute(
        text("UPDATE payout_runs SET state = 'posting', approved_by = :user_id WHERE id = :id"),
        {"id": run_id, "user_id": user_id},
    )
    await outbox.add(session, POST, {"payout_run_id": run_id}, f"payout-post-{run_id}")


async def ask_undo(session: Session, run_id: int, user_id: int, reason: str) -> None:
    """Take a distribution back before its orders left for the bank."""
    row = await _asked(session, run_id)
    if row.state in ("exported", "closed"):
        raise PayoutRefused(
            "exported",
            "Файл уже выгружен в банк, отменить нельзя: деньги могли уйти. Отзовите поручения в банке, "
            "вернувшееся придёт выпиской.",
        )
    if row.state not in ("checked", "posted", "failed") or row.undone_by is not None:
        raise PayoutRefused(
            "state", "Отменить можно посчитанное или проведённое распределение. Обновите страницу."
        )
    await session.execute(
        text("UPDATE payout_runs SET undone_by = :user_id, undo_reason = :reason WHERE id = :id"),
        {"id": run_id, "user_id": user_id, "reason": reason},
    )
    await outbox.add(session, UNDO, {"payout_run_id": run_id}, f"payout-undo-{run_id}")


# ---- the file of orders -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OrderRow:
    """A transfer to be written into the file."""

    number: int
    day: dt.date
    net_kopecks: int
    purpose: str
    payee_name: str
    payee_inn: str
    payee_kpp: str
    payee_account: str
    payee_bank: str
    payee_bic: str
    payee_corr_account: str


@dataclass(frozen=True, slots=True)
class Payer:
    """The centre's own details."""

    name: str
    inn: str
    kpp: str
    account: str
    bank: str
    bic: str
    corr_account: str


async def payer(session: Session) -> Payer | None:
    """The centre as the payer of its orders; None while its account is not filled in."""
    row = (
        await session.execute(
            text("""
            SELECT name, inn, coalesce(kpp, '') AS kpp, bank_account AS account,
                   coalesce(bank_name, '') AS bank, bank_bic AS bic,
                   coalesce(bank_corr_account, '') AS corr_account
              FROM organisations
             WHERE kind = 'centre' AND bank_account ~ '^[0-9]{20}$' AND bank_bic ~ '^[0-9]{9}$'
             ORDER BY id LIMIT 1""")
        )
    ).one_or_none()
    return None if row is None else Payer(**row._mapping)


async def orders(session: Session, run_id: int) -> list[OrderRow]:
    """Orders of a posted distribution, by number; the run stays locked until commit. Raises PayoutRefused."""
    row = await _asked(session, run_id)
    if row.state != "posted" or row.undone_by is not None:
        raise PayoutRefused(
            "state", "Выгрузить можно проведённое распределение, один раз. Обновите страницу."
        )
    found = await session.execute(
        text("""
        SELECT number, day, net_kopecks, purpose, payee_name, payee_inn, payee_kpp, payee_account, payee_bank,
               payee_bic, payee_corr_account
          FROM transfers WHERE run_id = :id AND state = 'ordered' ORDER BY number"""),
        {"id": run_id},
    )
    made = [OrderRow(**one._mapping) for one in found]
    if not made:
        raise PayoutRefused("empty", "Поручений нет: все переводы удержаны. Причина стоит в строке каждого.")
    return made


async def exported(session: Session, run_id: int, content: bytes, user_id: int) -> None:
    """Keep the file that was written, once; from now on it is only handed out again."""
    await session.execute(
        text("""
        UPDATE payout_runs SET state = 'exported', file = :file, file_digest = :digest,
               exported_by = :user_id, exported_at = clock_timestamp()
         WHERE id = :id AND state = 'posted'"""),
        {
            "file": content,
            "digest": hashlib.sha256(content).hexdigest(),
            "user_id": user_id,
            "id": run_id,
        },
    )
    await session.execute(
        text("UPDATE transfers SET state = 'exported' WHERE run_id = :id AND state = 'ordered'"),
        {"id": run_id},
    )
    await audit.record(session, "payout_exported", "payout_run", run_id, user_id=user_id)


async def file_of(session: Session, run_id: int) -> bytes | None:
    """The file as it was written; None before export."""
    found = await session.scalar(text("SELECT file FROM payout_runs WHERE id = :id"), {"id": run_id})
    return None if found is None else bytes(found)


async def last_file_head(session: Session) -> bytes | None:
    """How the newest exported file begins: which exchange the bank takes; None before the first."""
    found = await session.scalar(
        text("""
        SELECT substring(file FOR 300) FROM payout_runs WHERE exported_at IS NOT NULL
         ORDER BY exported_at DESC LIMIT 1""")
    )
    return None if found is None else bytes(found)


# ---- statements -------------------------------------------------------------------------------------


async def upload(session: Session, *, file_name: str, content: bytes, user_id: int) -> int:
    """Keep a statement and have it read. Raises PayoutRefused when this very file was loaded before."""
    digest = hashlib.sha256(content).hexdigest()
    made = await session.scalar(
        text("""
        INSERT INTO statements (file_name, digest, content, uploaded_by)
        VALUES (:name, :digest, :content, :user_id)
        ON CONFLICT (digest) WHERE state <> 'refused' DO NOTHING RETURNING id"""),
        {"name": file_name, "digest": digest, "content": content, "user_id": user_id},
    )
    if made is None:
        known = await session.scalar(
            text("SELECT id FROM statements WHERE digest = :digest AND state <> 'refused'"),
            {"digest": digest},
        )
        raise PayoutRefused(
            "repeat", f"Этот файл уже загружен: выписка № {known}. Второй раз он не загружается."
        )
    await outbox.add(session, LOAD, {"statement_id": int(made)}, f"statement-load-{made}")
    return int(made)


DEEDS = ("arrival", "transfer", "returned", "aside")


async def decide(
    session: Session,
    row_id: int,
    deed: str,
    *,
    ground: str,
    user_id: int,
    agent_id: int | None = None,
    days: Sequence[dt.date] = (),
    transfer_id: int | None = None,
) -> None:
    """A person says what a row of a statement is; a worker does it. Raises PayoutRefused."""
    assert deed in DEEDS, deed
    changed = await session.scalar(
        text("""
        UPDATE statement_rows SET decided_by = :user_id, ground = :ground, message = ''
         WHERE id = :id AND verdict = 'waiting' AND decided_by IS NULL RETURNING id"""),
        {"user_id": user_id, "ground": ground, "id": row_id},
    )
    if changed is None:
        raise PayoutRefused(
            "state", "Строку уже разобрали. Обновите страницу и посмотрите, что с ней сделали."
        )
    payload = {
        "row_id": row_id,
        "deed": deed,
        "agent_id": agent_id,
        "days": [day.isoformat() for day in days],
        "transfer_id": transfer_id,
    }
    await outbox.add(session, TAKE, payload, f"statement-take-{row_id}-{secrets.token_hex(8)}")
