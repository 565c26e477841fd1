"""Who did what, when, from where: appended by whatever changes data or shows personal data; never edited."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

PAGE_MAX = 200


@dataclass(frozen=True, slots=True)
class AuditLine:
    """A line of the journal as a page shows it."""

    id: int
    recorded_at: dt.datetime
    user_id: int | None
    user_name: str
    ip: str | None
    action: str
    subject_kind: str
    subject_id: int | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    ground: str | None


async def record(
    session: AsyncSession,
    action: str,
    subject_kind: str,
    subject_id: int | None,
    *,
    user_id: int | None,
    company_id: int | None = None,
    ip: str | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    ground: str | None = None,
) -> None:
    """Append a line in the transaction of the deed itself, so that neither is without the other.

    action: a word in the past tense («registered», «shown»); subject: table's noun and id. Under the web's
    role user_id must be the person of the scope. company_id lets the company read the line.
    """
    await session.execute(
        text(
            "INSERT INTO audit (user_id, company_id, ip, action, subject_kind, subject_id, before, after, "
            "ground) "
            "VALUES (:user_id, :company_id, :ip, :action, :kind, :subject_id, CAST(:before AS jsonb), "
            "CAST(:after AS jsonb), :ground)"
        ),
        {
            "user_id": user_id,
            "company_id": company_id,
            "ip": ip,
            "action": action,
            "kind": subject_kind,
            "subject_id": subject_id,
            "before": _json(before),
            "after": _json(after),
            "ground": ground,
        },
    )


def _json(value: dict[str, Any] | None) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, default=str)


async def journal(
    session: AsyncSession,
    *,
    subject_kind: str | None = None,
    subject_id: int | None = None,
    user_id: int | None = None,
    before_id: int | None = None,
    limit: int = PAGE_MAX,
) -> list[AuditLine]:
    """Lines in scope, newest first; before_id is the id of the last line of the page before."""
    rows = await session.execute(
        text(
            "SELECT a.id, a.recorded_at, a.user_id, coalesce(u.full_name, '') AS user_name, a.ip, a.action, "
            "a.subject_kind, a.subject_id, a.before, a.after, a.ground FROM audit a "
            "LEFT JOIN users u ON u.id = a.user_id "
            "WHERE (CAST(:kind AS text) IS NULL OR a.subject_kind = :kind) "
            "AND (CAST(:subject_id AS bigint) IS NULL OR a.subject_id = :subject_id) "
            "AND (CAST(:user_id AS int) IS NULL OR a.user_id = :user_id) "
            "AND (CAST(:before_id AS bigint) IS NULL OR a.id < :before_id) ORDER BY a.id DESC LIMIT :limit"
        ),
        {
            "kind": subject_kind,
            "subject_id": subject_id,
            "user_id": user_id,
            "before_id": before_id,
            "limit": min(limit, PAGE_MAX),
        },
    )
    return [AuditLine(**row._mapping) for row in rows]
