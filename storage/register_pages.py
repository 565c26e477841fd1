"""Read models of registers: the list, one register with its verdicts counted, its rows, profiles of files."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from storage import audit
from storage.jsonb import parsed
from storage.run_totals import escaped
from storage.session import Session


@dataclass(frozen=True, slots=True)
class RegisterLine:
    """A register in the list."""

    id: int
    file_name: str
    agent_name: str
    profile_title: str
    state: str
    message: str
    rows_count: int
    amount_kopecks: int
    user_name: str | None
    recorded_at: dt.datetime


@dataclass(frozen=True, slots=True)
class RegisterList:
    """A page of the list, how many in all and for how much."""

    rows: list[RegisterLine]
    total: int
    amount_kopecks: int


@dataclass(frozen=True, slots=True)
class RegisterFilter:
    """What is looked for; empty values are not asked about. name: a part of the file's name."""

    state: str = ""
    agent_id: int | None = None
    name: str = ""
    since: dt.date | None = None


SORTS = {"recorded": "r.id", "file": "r.file_name", "agent": "o.short_name", "sum": "r.amount_kopecks"}

LIST = """
SELECT r.id, r.file_name, o.short_name AS agent_name, p.title AS profile_title, r.state, r.message,
       r.rows_count, r.amount_kopecks, u.full_name AS user_name, r.recorded_at,
       count(*) OVER ()::int AS total, sum(r.amount_kopecks) OVER ()::bigint AS kopecks
  FROM registers r JOIN organisations o ON o.id = r.agent_id JOIN register_profiles p ON p.id = r.profile_id
  LEFT JOIN users u ON u.id = r.user_id
 WHERE (:state = '' OR r.state = :state)
   AND (CAST(:agent_id AS int) IS NULL OR r.agent_id = :agent_id)
   AND lower(r.file_name) LIKE '%' || lower(CAST(:name AS text)) || '%'
   AND (CAST(:since AS date) IS NULL OR r.recorded_at >= :since)
"""


async def register_list(
    session: Session,
    wanted: RegisterFilter,
    *,
    sort: str = "recorded",
    is_descending: bool = True,
    limit: int,
    offset: int = 0,
) -> RegisterList:
    """Found registers sorted by a key of SORTS."""
    way = "DESC" if is_descending else "ASC"
    result = await session.execute(
        text(f"{LIST} ORDER BY {SORTS[sort]} {way}, r.id DESC LIMIT :limit OFFSET :offset"),
        {
            "state": wanted.state,
            "agent_id": wanted.agent_id,
            "name": escaped(wanted.name),
            "since": wanted.since,
            "limit": limit,
            "offset": offset,
        },
    )
    found = result.all()
    if not found:
        return RegisterList([], 0, 0)
    return RegisterList([RegisterLine(*row[:10]) for row in found], found[0].total, found[0].kopecks)


@dataclass(frozen=True, slots=True)
class VerdictCount:
    """Rows of a register with one verdict."""

    verdict: str
    count: int
    amount_kopecks: int


@dataclass(frozen=True, slots=True)
class RegisterHead:
    """A register with its rows counted by verdict."""

    id: int
    file_name: str
    agent_id: int
    agent_name: str
    profile_title: str
    state: str
    message: str
    encoding: str
    is_totalled: bool
    rows_count: int
    amount_kopecks: int
    fee_kopecks: int
    user_name: str | None
    accepted_name: str | None
    recorded_at: dt.datetime
    accepted_at: dt.datetime | None
    counts: tuple[VerdictCount, ...] = ()

    @property
    def is_live(self) -> bool:
        """Whether a worker still has it before it."""
        return self.state in ("uploaded", "accepting")

    def count(self, *verdicts: str) -> int:
        """Rows with these verdicts."""
        return sum(one.count for one in self.counts if one.verdict in verdicts)

    def kopecks(self, *verdicts: str) -> int:
        """Money of rows with these verdicts."""
        return sum(one.amount_kopecks for one in self.counts if one.verdict in verdicts)


async def register_head(session: Session, register_id: int) -> RegisterHead | None:
    """One register; None when there is none in scope."""
    row = (
        await session.execute(
            text("""
            SELECT r.id, r.file_name, r.agent_id, o.short_name AS agent_name, p.title AS profile_title,
                   r.state, r.message, r.encoding, r.is_totalled, r.rows_count, r.amount_kopecks,
                   r.fee_kopecks, u.full_name AS user_name, a.full_name AS accepted_name,
                   r.recorded_at, r.accepted_at
              FROM registers r JOIN organisations o ON o.id = r.agent_id
              JOIN register_profiles p ON p.id = r.profile_id
              LEFT JOIN users u ON u.id = r.user_id LEFT JOIN users a ON a.id = r.accepted_by
             WHERE r.id = :id"""),
            {"id": register_id},
        )
    ).one_or_none()
    if row is None:
        return None
    counts = await session.execute(
        text("""
        SELECT verdict, count(*)::int AS count,
               sum(amount_kopecks + penalty_kopecks)::bigint AS amount_kopecks
          FROM register_rows WHERE register_id = :id GROUP BY 1 ORDER BY 1"""),
        {"id": register_id},
    )
    return RegisterHead(**row._mapping, counts=tuple(VerdictCount(**one._mapping) for one in counts))


@dataclass(frozen=True, slots=True)
class RegisterRowLine:
    """A row of a register with its verdict."""

    line: int
    account_number: str
    account_id: int | None
    payer: str
    total_kopecks: int
    number: str
    paid_on: dt.date | None
    of_period: dt.date | None
    readings_count: int
    verdict: str
    message: str
    raw: str


@dataclass(frozen=True, slots=True)
class RegisterRows:
    """A page of rows and how many there are in all."""

    rows: list[RegisterRowLine]
    total: int


ROW_SORTS = {"line": "position", "account": "account_number", "sum": "amount_kopecks + penalty_kopecks"}


async def register_rows(
    session: Session,
    register_id: int,
    *,
    verdict: str = "",
    words: str = "",
    sort: str = "line",
    is_descending: bool = False,
    limit: int,
    offset: int = 0,
) -> RegisterRows:
    """Rows by verdict and by a part of the account, the operation's number or the payer."""
    way = "DESC" if is_descending else "ASC"
    result = await session.execute(
        text(f"""
        SELECT line, account_number, account_id, payer,
               (amount_kopecks + penalty_kopecks)::bigint AS total_kopecks, number, paid_on, of_period,
               coalesce(jsonb_array_length(readings), 0) AS readings_count, verdict, message, raw,
               count(*) OVER ()::int AS total
          FROM register_rows
         WHERE register_id = :id AND (:verdict = '' OR verdict = :verdict)
           AND (account_number LIKE CAST(:words AS text) || '%' OR number LIKE CAST(:words AS text) || '%'
                OR lower(payer) LIKE '%' || lower(CAST(:words AS text)) || '%')
         ORDER BY {ROW_SORTS[sort]} {way}, position LIMIT :limit OFFSET :offset"""),  # noqa: S608
        {"id": register_id, "verdict": verdict, "words": escaped(words), "limit": limit, "offset": offset},
    )
    found = result.all()
    return RegisterRows([RegisterRowLine(*row[:12]) for row in found], found[0].total if found else 0)


# ---- profiles ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProfileLine:
    """A profile of files."""

    id: int
    code: str
    title: str
    agent_id: int | None
    agent_name: str | None
    profile: dict[str, Any]
    changed_at: dt.datetime
    registers_count: int


PROFILES = """
SELECT p.id, p.code, p.title, p.agent_id, o.short_name AS agent_name, p.profile, p.changed_at,
       (SELECT count(*) FROM registers r WHERE r.profile_id = p.id)::int AS registers_count
  FROM register_profiles p LEFT JOIN organisations o ON o.id = p.agent_id"""


async def profiles(session: Session) -> list[ProfileLine]:
    """Profiles in scope: an agent's own and those of anybody."""
    found = await session.execute(text(f"{PROFILES} ORDER BY p.title, p.id"))
    return [_profile(row) for row in found]


async def profile(session: Session, profile_id: int) -> ProfileLine | None:
    """One profile."""
    row = (await session.execute(text(f"{PROFILES} WHERE p.id = :id"), {"id": profile_id})).one_or_none()
    return None if row is None else _profile(row)


def _profile(row: Any) -> ProfileLine:
    values = dict(row._mapping)
    values["profile"] = parsed(values["profile"])
    return ProfileLine(**values)


async def save_profile(
    session: Session,
    profile_id: int | None,
    code: str,
    title: str,
    agent_id: int | None,
    profile: dict[str, Any],
    user_id: int | None,
) -> int | None:
    """Add or change a profile; its id, None when the code is another profile's. Registers keep their rows."""
    values = {
        "id": profile_id,
        "code": code,
        "title": title,
        "agent": agent_id,
        "profile": json.dumps(profile, ensure_ascii=False),
    }
    statement = (
        """
        INSERT INTO register_profiles (code, title, agent_id, profile)
        VALUES (:code, :title, :agent, CAST(:profile AS jsonb)) ON CONFLICT (code) DO NOTHING RETURNING id"""
        if profile_id is None
        else """
        UPDATE register_profiles SET title = :title, agent_id = :agent, profile = CAST(:profile AS jsonb),
               changed_at = clock_timestamp() WHERE id = :id RETURNING id"""
    )
    found = await session.scalar(text(statement), values)
    if found is None:
        return None
    await audit.record(
        session,
        "register_profile_saved",
        "register_profile",
        int(found),
        user_id=user_id,
        after={"code": code, "agent_id": agent_id, **profile},
    )
    return int(found)
