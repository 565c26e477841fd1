"""Values of льготы and subsidies: those of the product and those an operator added, each with its paper.

A value of an operator counts from its day once a second person agreed; of one key and day the added one wins.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from billing import benefits, subsidy
from billing.benefits import keys as of_benefits
from storage import second_person
from storage.bulk import Connection
from storage.second_person import Decision, ValueRefused
from storage.session import Session

WAITING_MAX = 200


def catalogue() -> dict[str, benefits.Key]:
    """Every key that may be given a value."""
    return {**benefits.keys(), **subsidy.keys()}


@dataclass(frozen=True, slots=True)
class Reliefs:
    """Values in force on a day: those added over those of the product; version: a digest of the added."""

    day: dt.date
    added: Mapping[str, int] = field(default_factory=dict)
    version: str = ""

    def value(self, key: str) -> int | None:
        """The value of a key; None where nobody named one."""
        if key in self.added:
            return self.added[key]
        if key in of_benefits():
            return benefits.product_value(key, self.day)
        return subsidy.product_value(key, self.day)


ADDED = """
SELECT DISTINCT ON (key) key, first_day, value FROM relief_values
 WHERE state = 'approved' AND first_day <= {day} AND decided_at <= {at}
   AND (superseded_at IS NULL OR superseded_at > {at})
 ORDER BY key, first_day DESC, id DESC"""


async def read_reliefs(connection: Connection, day: dt.date, as_of: dt.datetime | None = None) -> Reliefs:
    """For a run: by the raw connection."""
    rows = await connection.fetch(
        ADDED.format(day="$1", at="coalesce($2::timestamptz, 'infinity')"), day, as_of
    )
    return _reliefs(day, rows)


async def reliefs_on(session: Session, day: dt.date) -> Reliefs:
    """For a page."""
    rows = await session.execute(
        text(ADDED.format(day=":day", at="CAST('infinity' AS timestamptz)")), {"day": day}
    )
    return _reliefs(day, [row._mapping for row in rows])


def _reliefs(day: dt.date, rows: Iterable[Any]) -> Reliefs:
    """A value of the product that is newer than the added one wins."""
    added: dict[str, int] = {}
    known = catalogue()
    for row in rows:
        newer = (
            [since for since, _, _ in known[row["key"]].values if row["first_day"] < since <= day]
            if row["key"] in known
            else []
        )
        if not newer:
            added[row["key"]] = row["value"]
    said = repr(sorted(added.items())).encode()
    return Reliefs(day, added, hashlib.sha256(said).hexdigest()[:16] if added else "")


# ---- the page ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReliefRow:
    """A value in force or waiting; id None: it comes with the product."""

    key: str
    first_day: dt.date
    value: int
    document: str
    id: int | None = None
    document_date: dt.date | None = None
    recorded_at: dt.datetime | None = None
    proposed_by: int | None = None
    proposed_by_name: str | None = None


ROWS = """
SELECT v.key, v.first_day, v.value, v.document, v.id, v.document_date, v.recorded_at, v.proposed_by,
       p.full_name AS proposed_by_name
  FROM relief_values v LEFT JOIN users p ON p.id = v.proposed_by
"""


async def in_force(session: Session) -> list[ReliefRow]:
    """Every value by key, newest first."""
    found = {
        (name, since): ReliefRow(name, since, value, source)
        for name, key in catalogue().items()
        for since, value, source in key.values
    }
    added = await session.execute(text(f"{ROWS} WHERE v.state = 'approved' AND v.superseded_at IS NULL"))
    found |= {(row.key, row.first_day): ReliefRow(**row._mapping) for row in added}
    order = {name: at for at, name in enumerate(catalogue())}
    return sorted(found.values(), key=lambda one: (order.get(one.key, 0), -one.first_day.toordinal()))


async def waiting(session: Session) -> list[ReliefRow]:
    """Proposals nobody has decided on, oldest first."""
    found = await session.execute(text(f"{ROWS} WHERE v.state = 'waiting' ORDER BY v.id LIMIT {WAITING_MAX}"))
    return [ReliefRow(**row._mapping) for row in found]


@dataclass(frozen=True, slots=True)
class NewRelief:
    """What is proposed."""

    key: str
    first_day: dt.date
    value: int
    document: str
    document_date: dt.date


async def propose(session: Session, new: NewRelief, user_id: int) -> int:
    """Keep a value until somebody else agrees. Raises ValueRefused when one for that day already waits."""
    known = await session.scalar(
        text(
            "SELECT id FROM relief_values WHERE key = :key AND first_day = :day AND state = 'waiting' LIMIT 1"
        ),
        {"key": new.key, "day": new.first_day},
    )
    if known is not None:
        raise ValueRefused(
            "value-waits",
            "Значение на этот день уже ждёт второго сотрудника. Пусть он его утвердит или отклонит.",
        )
    added = await session.scalar(
        text("""
        INSERT INTO relief_values (key, first_day, value, document, document_date, proposed_by)
        VALUES (:key, :first_day, :value, :document, :document_date, :user_id) RETURNING id"""),
        {
            "key": new.key,
            "first_day": new.first_day,
            "value": new.value,
            "document": new.document,
            "document_date": new.document_date,
            "user_id": user_id,
        },
    )
    return int(added or 0)


async def decide(session: Session, value_id: int, user_id: int, is_approved: bool, now: dt.datetime) -> None:
    """Put a value in force or take it away. Raises ValueRefused when it is one's own or already decided."""
    row = await second_person.take(session, "relief_values", value_id)
    if is_approved:
        second_person.refuse_own(row, user_id)
        await session.execute(
            text("""
            UPDATE relief_values SET superseded_at = :now WHERE key = :key AND first_day = :first_day
               AND state = 'approved' AND superseded_at IS NULL"""),
            {"now": now, "key": row.key, "first_day": row.first_day},
        )
    decision: Decision = "approved" if is_approved else "declined"
    await second_person.decide(session, "relief_values", value_id, decision, user_id, now)
