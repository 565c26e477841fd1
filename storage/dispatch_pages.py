"""Read models of the dispatch: the board, the journal, a request with its history, the place of a call.

What a dispatcher may see is the scope's business (companies with a contract): nothing widens it here.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from storage.natural import search_form
from storage.search import FLAT_WORDS, after
from storage.session import Session

BOARD_MAX = 300
LAST_REQUESTS = 3
INCIDENT_TAIL = dt.timedelta(days=7)
ACTIVE = ("open", "in_work", "postponed")


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A request as a row of the board or of the journal."""

    id: int
    number: int
    company_id: int
    company_name: str
    address: str
    text: str
    category: str
    is_emergency: bool
    is_paid: bool
    state: str
    source: str
    assignee: str | None
    applicant: str | None
    phone: str | None
    recorded_at: dt.datetime
    deadline_at: dt.datetime
    deadline_ground: str
    postponed_until: dt.datetime | None
    finished_at: dt.datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class RequestFilter:
    """What is looked for; empty values are not asked about. since and until are days, both included."""

    states: tuple[str, ...] = ()
    company_id: int | None = None
    is_emergency: bool = False
    without_assignee: bool = False
    assignee: str = ""
    query: str = ""
    account_id: int | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class RequestPage:
    """A page of rows, how many are found, and how many of them by state."""

    rows: list[RequestRow]
    total: int


PLACE = """st.kind || ' ' || st.name || ', ' || h.number
       || coalesce(', ' || CASE f.kind WHEN 'nonresidential' THEN 'пом. ' ELSE 'кв. ' END || f.number, '')"""

ROWS = f"""
SELECT r.id, r.number, r.company_id, o.short_name AS company_name, {PLACE} AS address, r.text, r.category,
       r.is_emergency, r.is_paid, r.state, r.source, r.assignee, r.applicant, r.phone, r.recorded_at,
       r.deadline_at, r.deadline_ground, r.postponed_until, r.finished_at, r.version,
       count(*) OVER ()::int AS total
  FROM service_requests r
  JOIN organisations o ON o.id = r.company_id
  JOIN houses h ON h.id = r.house_id
  JOIN streets st ON st.id = h.street_id
  LEFT JOIN flats f ON f.id = r.flat_id
 WHERE (cardinality(CAST(:states AS text[])) = 0 OR r.state = ANY (:states))
   AND (CAST(:company_id AS int) IS NULL OR r.company_id = :company_id)
   AND (NOT CAST(:is_emergency AS boolean) OR r.is_emergency)
   AND (NOT CAST(:without_assignee AS boolean) OR r.assignee IS NULL)
   AND (:assignee = '' OR r.assignee = :assignee)
   AND (CAST(:account_id AS int) IS NULL OR r.account_id = :account_id)
   AND (CAST(:since AS timestamptz) IS NULL OR r.recorded_at >= :since)
   AND (CAST(:until AS timestamptz) IS NULL OR r.recorded_at < :until)
   AND (CAST(:number AS int) IS NULL OR r.number = :number)
   AND (:prefix = '' OR (st.search_name ~>=~ :prefix AND st.search_name ~<~ :after)
        OR (r.phone ~>=~ :prefix AND r.phone ~<~ :after))
"""  # noqa: S608

SORTS = {
    "number": "r.number",
    "deadline": "r.deadline_at",
    "address": "st.search_name, h.sort_key, f.sort_key",
    "company": "o.short_name, r.number",
    "state": "r.state, r.deadline_at",
}


async def requests(
    session: Session,
    wanted: RequestFilter,
    *,
    sort: str = "number",
    is_descending: bool = True,
    limit: int,
    offset: int = 0,
) -> RequestPage:
    """Found requests sorted by a key of SORTS."""
    way = "DESC" if is_descending else "ASC"
    order = ", ".join(f"{part} {way}" for part in SORTS[sort].split(", "))
    result = await session.execute(
        text(f"{ROWS} ORDER BY {order}, r.id LIMIT :limit OFFSET :offset"),
        {**_values(wanted), "limit": limit, "offset": offset},
    )
    found = result.all()
    return RequestPage([_row(row) for row in found], found[0].total if found else 0)


def _values(wanted: RequestFilter) -> dict[str, Any]:
    number, prefix = _query(wanted.query)
    return {
        "states": list(wanted.states),
        "company_id": wanted.company_id,
        "is_emergency": wanted.is_emergency,
        "without_assignee": wanted.without_assignee,
        "assignee": wanted.assignee,
        "account_id": wanted.account_id,
        "since": wanted.since,
        "until": wanted.until,
        "number": number,
        "prefix": prefix,
        "after": after(prefix) if prefix else "",
    }


def _query(typed: str) -> tuple[int | None, str]:
    """A number of a request, or the beginning of a street or of a phone."""
    plain = search_form(typed).removeprefix("№").strip()
    if plain.isdigit() and plain.isascii() and len(plain) < 10:
        return int(plain), ""
    return None, plain


def _row(row: Any) -> RequestRow:
    values = dict(row._mapping)
    values.pop("total")
    return RequestRow(**values)


async def board(session: Session, wanted: RequestFilter) -> list[RequestRow]:
    """Requests somebody works on, the soonest deadline first."""
    asked = RequestFilter(
        states=ACTIVE,
        company_id=wanted.company_id,
        is_emergency=wanted.is_emergency,
        without_assignee=wanted.without_assignee,
        assignee=wanted.assignee,
        query=wanted.query,
    )
    found = await requests(session, asked, sort="deadline", is_descending=False, limit=BOARD_MAX)
    return found.rows


@dataclass(frozen=True, slots=True)
class EventRow:
    """A step in the life of a request."""

    recorded_at: dt.datetime
    state: str | None
    message: str
    to_resident: bool
    user_name: str | None


@dataclass(frozen=True, slots=True)
class RequestCard:
    """A request with everything of its page."""

    row: RequestRow
    house_id: int
    flat_id: int | None
    account_id: int | None
    account_number: str | None
    entrance: int | None
    floor: int | None
    result: str | None
    mark: int | None
    started_at: dt.datetime | None
    created_by_name: str | None
    company_phone: str | None
    events: tuple[EventRow, ...]


CARD = f"""
SELECT r.id, r.number, r.company_id, o.short_name AS company_name, {PLACE} AS address, r.text, r.category,
       r.is_emergency, r.is_paid, r.state, r.source, r.assignee, r.applicant, r.phone, r.recorded_at,
       r.deadline_at, r.deadline_ground, r.postponed_until, r.finished_at, r.version, 1 AS total,
       r.house_id, r.flat_id, r.account_id, a.number AS account_number, f.entrance, f.floor, r.result, r.mark,
       r.started_at, paylogic_staff_name(r.created_by) AS created_by_name, o.emergency_phone AS company_phone
  FROM service_requests r
  JOIN organisations o ON o.id = r.company_id
  JOIN houses h ON h.id = r.house_id
  JOIN streets st ON st.id = h.street_id
  LEFT JOIN flats f ON f.id = r.flat_id
  LEFT JOIN accounts a ON a.id = r.account_id
 WHERE r.id = :id
"""  # noqa: S608
CARD_ONLY = (
    "house_id",
    "flat_id",
    "account_id",
    "account_number",
    "entrance",
    "floor",
    "result",
    "mark",
    "started_at",
    "created_by_name",
    "company_phone",
)


async def card(session: Session, request_id: int) -> RequestCard | None:
    """One request with its history, or None when there is none we may see. Two statements."""
    row = (await session.execute(text(CARD), {"id": request_id})).one_or_none()
    if row is None:
        return None
    values = dict(row._mapping)
    only = {name: values.pop(name) for name in CARD_ONLY}
    values.pop("total")
    found = await session.execute(
        text("""
        SELECT e.recorded_at, e.state, e.message, e.to_resident, paylogic_staff_name(e.user_id) AS user_name
          FROM request_events e
         WHERE e.request_id = :id ORDER BY e.id DESC"""),
        {"id": request_id},
    )
    return RequestCard(RequestRow(**values), **only, events=tuple(EventRow(*event) for event in found))


# ---- the place of a call ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """An accident or a planned outage that touches the house, going on or ended within a week."""

    id: int
    service_name: str | None
    is_planned: bool
    started_at: dt.datetime
    planned_until: dt.datetime | None
    ended_at: dt.datetime | None
    words: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call is about: the house (always), the flat and the account when known.

    is_ours: whether this dispatcher serves the house; otherwise whom to call instead.
    """

    house_id: int
    house: str
    company_id: int
    company_name: str
    company_phone: str | None
    is_ours: bool
    flat_id: int | None
    flat_words: str | None
    entrance: int | None
    floor: int | None
    account_id: int | None
    account_number: str | None
    payer_name: str | None
    phone: str | None
    incidents: tuple[IncidentRow, ...]
    last: tuple[RequestRow, ...]

    @property
    def address(self) -> str:
        """«ул. Ленина, 12, кв. 45»."""
        return f"{self.house}, {self.flat_words}" if self.flat_words else self.house


HOUSE = f"""
SELECT h.id AS house_id, st.kind || ' ' || st.name || ', ' || h.number AS house, h.company_id,
       o.short_name AS company_name, coalesce(o.emergency_phone, o.phone) AS company_phone,
       f.id AS flat_id, {FLAT_WORDS} AS flat_words, f.entrance, f.floor,
       a.id AS account_id, a.number AS account_number, a.payer_name, a.phone
  FROM houses h
  JOIN streets st ON st.id = h.street_id
  JOIN organisations o ON o.id = h.company_id
  LEFT JOIN accounts a ON a.id = CAST(:account_id AS int) AND a.house_id = h.id
  LEFT JOIN flats f ON f.id = coalesce(a.flat_id, (
         SELECT x.id FROM flats x WHERE x.house_id = h.id AND x.number = :flat LIMIT 1))
 WHERE h.id = CAST(:house_id AS int) OR h.id = (SELECT y.house_id FROM accounts y WHERE y.id = :account_id)
"""  # noqa: S608 - words of ours

INCIDENTS = """
SELECT i.id, v.label AS service_name, i.is_planned, i.started_at, i.planned_until, i.ended_at,
       i.words_for_residents AS words
  FROM incidents i LEFT JOIN services v ON v.code = i.service
 WHERE i.house_ids @> ARRAY[CAST(:house_id AS int)] AND (i.ended_at IS NULL OR i.ended_at > :since)
 ORDER BY i.ended_at IS NOT NULL, i.started_at DESC LIMIT 5
"""


async def place(
    session: Session,
    *,
    house_id: int | None,
    account_id: int | None,
    flat: str,
    companies: tuple[int, ...] | None,
    now: dt.datetime,
) -> Place | None:
    """The place with what is happening there. companies: those served, None = every one. Three statements."""
    row = (
        await session.execute(
            text(HOUSE), {"house_id": house_id, "account_id": account_id, "flat": flat.strip()}
        )
    ).one_or_none()
    if row is None:
        return None
    is_ours = companies is None or row.company_id in companies
    if not is_ours:
        return Place(**row._mapping, is_ours=False, incidents=(), last=())
    incidents = await session.execute(
        text(INCIDENTS), {"house_id": row.house_id, "since": now - INCIDENT_TAIL}
    )
    last = await session.execute(
        text(f"{ROWS} AND r.house_id = :house_id ORDER BY r.id DESC LIMIT {LAST_REQUESTS}"),
        {**_values(RequestFilter()), "house_id": row.house_id},
    )
    return Place(
        **row._mapping,
        is_ours=True,
        incidents=tuple(IncidentRow(**one._mapping) for one in incidents),
        last=tuple(_row(one) for one in last),
    )


async def served_companies(session: Session, company_ids: tuple[int, ...] | None) -> list[tuple[int, str]]:
    """Companies of the filter: those served, None = every company."""
    found = await session.execute(
        text("""SELECT id, short_name FROM organisations
                 WHERE kind = 'company' AND (CAST(:all AS boolean) OR id = ANY (CAST(:ids AS int[])))
                 ORDER BY short_name"""),
        {"all": company_ids is None, "ids": list(company_ids or ())},
    )
    return [(row.id, row.short_name) for row in found]
