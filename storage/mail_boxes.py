"""The address of an account: asked, confirmed by a code, what is sent to it; one click ends it.

Whoever changes it here also decides about paper: an account is without paper only while a confirmed address
takes its receipts. Callers of `confirm`, `wish`, `end` and `break_` run under the product's own scope, for a
resident may not write accounts.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass

from sqlalchemy import text

from storage.session import Session

CODE_DIGITS = 6
CODE_LIFE = dt.timedelta(minutes=30)
CODE_TRIES = 5
CODE_PAUSE = dt.timedelta(minutes=1)
CODES_A_DAY = 5
TOKEN_BYTES = 24
CHANNEL = "paylogic_mail"


class MailRefused(ValueError):
    """A wish that cannot be carried out; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Box:
    """An address as pages show it."""

    account_id: int
    address: str
    state: str
    has_receipts: bool
    is_paperless: bool
    has_password: bool
    trouble: str
    code_until: dt.datetime | None
    confirmed_at: dt.datetime | None

    def waits_for_code(self, now: dt.datetime) -> bool:
        """Whether a code was sent and still counts."""
        return self.code_until is not None and now < self.code_until


BOX = """
SELECT account_id, address, state, has_receipts, is_paperless, password_sealed IS NOT NULL AS has_password,
       trouble, code_until, confirmed_at
  FROM mail_boxes"""


async def box(session: Session, account_id: int) -> Box | None:
    """The address of an account, or None."""
    row = (await session.execute(text(f"{BOX} WHERE account_id = :id"), {"id": account_id})).one_or_none()
    return None if row is None else Box(**row._mapping)


async def by_token(session: Session, token: str) -> Box | None:
    """The address a link of unsubscribing speaks of."""
    row = (await session.execute(text(f"{BOX} WHERE token = :token"), {"token": token})).one_or_none()
    return None if row is None else Box(**row._mapping)


def _hashed(code: str, token: str) -> str:
    return hashlib.sha256(f"{token}:{code}".encode()).hexdigest()


async def ask(session: Session, account_id: int, address: str, now: dt.datetime) -> None:
    """Send a code to the address. Raises MailRefused when codes are asked for too often."""
    times = (
        await session.execute(
            text("""
            SELECT count(*) FILTER (WHERE recorded_at > CAST(:now AS timestamptz) - interval '1 day')
                     AS today,
                   max(recorded_at) AS last
              FROM mail_letters WHERE account_id = :id AND kind = 'code'"""),
            {"id": account_id, "now": now},
        )
    ).one()
    if times.last is not None and now - times.last < CODE_PAUSE:
        raise MailRefused("Код уже отправлен. Новый можно попросить через минуту.")
    if times.today >= CODES_A_DAY:
        raise MailRefused("Сегодня кодов больше не отправим: их было пять. Попробуйте завтра.")
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    token = secrets.token_urlsafe(TOKEN_BYTES)
    values = {
        "id": account_id,
        "address": address,
        "token": token,
        "hash": _hashed(code, token),
        "until": now + CODE_LIFE,
    }
    await session.execute(
        text("""
        INSERT INTO mail_boxes AS b (account_id, company_id, address, state, token, code_hash, code_until)
        SELECT id, company_id, :address, 'asked', :token, :hash, :until FROM accounts WHERE id = :id
        ON CONFLICT (account_id) DO UPDATE SET address = excluded.address, state = 'asked', trouble = '',
               token = excluded.token, code_hash = excluded.code_hash, code_until = excluded.code_until,
               code_tries = 0, confirmed_at = NULL, changed_at = clock_timestamp()"""),
        values,
    )
    await session.execute(
        text("""
        INSERT INTO mail_letters (key, kind, account_id, company_id, address, token, details, next_at)
        SELECT :key, 'code', id, company_id, :address, :envelope, CAST(:details AS jsonb), :now
          FROM accounts WHERE id = :id"""),
        {
            "key": f"code:{account_id}:{token}",
            "id": account_id,
            "address": address,
            "envelope": secrets.token_hex(12),
            "details": json.dumps({"code": code}),
            "now": now,
        },
    )
    await _paper(session, account_id)
    await wake(session)


async def confirm(session: Session, account_id: int, code: str, now: dt.datetime) -> bool:
    """Whether the code was right; a wrong one is counted, the sixth is not looked at."""
    row = (
        await session.execute(
            text("""
            SELECT token, code_hash, code_until, code_tries FROM mail_boxes
             WHERE account_id = :id AND state = 'asked' FOR UPDATE"""),
            {"id": account_id},
        )
    ).one_or_none()
    if row is None or row.code_until is None or now >= row.code_until or row.code_tries >= CODE_TRIES:
        raise MailRefused("Код больше не действует. Попросите новый.")
    if not hmac.compare_digest(_hashed(code, row.token), row.code_hash):
        await session.execute(
            text("UPDATE mail_boxes SET code_tries = code_tries + 1 WHERE account_id = :id"),
            {"id": account_id},
        )
        return False
    await session.execute(
        text("""
        UPDATE mail_boxes SET state = 'confirmed', confirmed_at = :now, code_hash = '', code_until = NULL,
               code_tries = 0, has_receipts = true, changed_at = clock_timestamp() WHERE account_id = :id"""),
        {"id": account_id, "now": now},
    )
    await session.execute(
        text(
            "UPDATE accounts a SET email = b.address FROM mail_boxes b "
            "WHERE b.account_id = a.id AND a.id = :id"
        ),
        {"id": account_id},
    )
    await _paper(session, account_id)
    return True


async def wish(session: Session, account_id: int, *, has_receipts: bool, is_paperless: bool) -> None:
    """What a confirmed address is for. Raises MailRefused when it is not confirmed."""
    changed = await session.scalar(
        text("""
        UPDATE mail_boxes SET has_receipts = :receipts, is_paperless = :paperless AND :receipts,
               changed_at = clock_timestamp()
         WHERE account_id = :id AND state = 'confirmed' RETURNING account_id"""),
        {"id": account_id, "receipts": has_receipts, "paperless": is_paperless},
    )
    if changed is None:
        raise MailRefused("Сначала подтвердите адрес почты.")
    await _paper(session, account_id)


async def set_password(session: Session, account_id: int, sealed: bytes | None) -> None:
    """The password of the PDF from the next letter on; None takes it off."""
    await session.execute(
        text(
            "UPDATE mail_boxes SET password_sealed = :sealed, changed_at = clock_timestamp() "
            "WHERE account_id = :id"
        ),
        {"id": account_id, "sealed": sealed},
    )


async def end(session: Session, account_id: int) -> None:
    """Nothing is sent any more, and paper comes again; a repeat changes nothing."""
    await session.execute(
        text("""
        UPDATE mail_boxes SET state = 'off', is_paperless = false, code_hash = '', code_until = NULL,
               changed_at = clock_timestamp() WHERE account_id = :id AND state <> 'off'"""),
        {"id": account_id},
    )
    await _paper(session, account_id)


async def break_(session: Session, account_id: int, address: str, words: str) -> None:
    """There is no such address: say so and print on paper again."""
    broken = await session.scalar(
        text("""
        UPDATE mail_boxes SET state = 'broken', trouble = :words, is_paperless = false,
               changed_at = clock_timestamp()
         WHERE account_id = :id AND address = :address AND state IN ('asked', 'confirmed')
        RETURNING account_id"""),
        {"id": account_id, "address": address, "words": words},
    )
    if broken is not None:
        await _paper(session, account_id)


async def _paper(session: Session, account_id: int) -> None:
    """What the press reads follows from the address, and without it from the payer's last wish."""
    await session.execute(
        text("""
        UPDATE accounts SET receipt_by =
               CASE WHEN b.state = 'confirmed' AND b.has_receipts AND b.is_paperless
                    THEN 'electronic'
                    ELSE coalesce((SELECT w.receipt_by FROM delivery_wishes w WHERE w.account_id = :id
                                    ORDER BY w.id DESC LIMIT 1), 'paper') END
          FROM mail_boxes b WHERE b.account_id = accounts.id AND accounts.id = :id"""),
        {"id": account_id},
    )


async def wake(session: Session) -> None:
    """The postman looks at once after this transaction."""
    await session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})
