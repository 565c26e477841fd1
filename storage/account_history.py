"""How an account's facts changed: stretches of area and people, and who entered what on what ground."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from storage import audit
from storage.audit import AuditLine
from storage.session import Session

ACTIONS = ("registered", "deregistered", "area_changed", "owners_changed")
STRETCHES_MAX = 100


@dataclass(frozen=True, slots=True)
class FactsRow:
    """What holds on [valid_from, valid_to), as known now."""

    valid_from: dt.date
    valid_to: dt.date | None
    area_dm2: int | None
    living_area_dm2: int | None
    heated_area_dm2: int | None
    residents: int
    temporary: int
    owners: int
    ground: str | None


@dataclass(frozen=True, slots=True)
class History:
    """Stretches newest first; deeds newest first; names by the id of a registration or of an ownership."""

    facts: list[FactsRow]
    deeds: list[AuditLine]
    registered: dict[int, str]
    owned: dict[int, str]


async def history(session: Session, account_id: int) -> History:
    """Three statements. The caller has made sure that the person may see the account."""
    facts = await session.execute(
        text(
            "SELECT valid_from, valid_to, area_dm2, living_area_dm2, heated_area_dm2, residents, temporary, "
            "owners, ground FROM account_facts WHERE account_id = :id AND superseded_at IS NULL "
            "ORDER BY valid_from DESC LIMIT :count"
        ),
        {"id": account_id, "count": STRETCHES_MAX},
    )
    names = await session.execute(
        text(
            "SELECT 'registered' AS kind, g.id, concat_ws(' ', p.surname, p.name, p.patronymic) AS name "
            "FROM registrations g JOIN persons p ON p.id = g.person_id WHERE g.account_id = :id "
            "UNION ALL SELECT 'owned', w.id, coalesce(o.short_name, "
            "concat_ws(' ', p.surname, p.name, p.patronymic)) FROM ownerships w "
            "LEFT JOIN persons p ON p.id = w.person_id LEFT JOIN organisations o ON o.id = w.organisation_id "
            "WHERE w.account_id = :id"
        ),
        {"id": account_id},
    )
    known: dict[str, dict[int, str]] = {"registered": {}, "owned": {}}
    for row in names:
        known[row.kind][row.id] = row.name
    lines = await audit.journal(session, subject_kind="account", subject_id=account_id)
    return History(
        facts=[FactsRow(**row._mapping) for row in facts],
        deeds=[line for line in lines if line.action in ACTIONS],
        registered=known["registered"],
        owned=known["owned"],
    )
