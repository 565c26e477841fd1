"""Read models of the page of an account: who and where, money by month, lines, meters. One statement each.

Sums are kopecks with the surcharge inside; a debt is positive. What the caller's scope hides is not here.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from storage.jsonb import day, parsed
from storage.session import Session

MONTHS_SHOWN = 12
RESIDENTS_BOOK = 1


@dataclass(frozen=True, slots=True)
class PersonRow:
    """Somebody registered on the account. valid_to is the first day when no longer."""

    name: str
    born_on: dt.date | None
    kind: str
    relation: str | None
    valid_from: dt.date
    valid_to: dt.date | None
    registration_id: int
    person_id: int


@dataclass(frozen=True, slots=True)
class OwnerRow:
    """An owner, a person or an organisation, and the share."""

    name: str
    share_num: int
    share_den: int
    valid_from: dt.date
    ground: str | None
    person_id: int | None
    organisation_id: int | None


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another account of the same flat (a room, another payee)."""

    id: int
    number: str
    payer_name: str


@dataclass(frozen=True, slots=True)
class ParkedMark:
    """Why the newest run of the open month could not charge the account."""

    run_id: int
    reason: str
    message: str
    service: int


@dataclass(frozen=True, slots=True)
class AccountHead:
    """An account with its address, company, today's facts, and the balance as of now."""

    id: int
    number: str
    els: str | None
    kind: str
    house_id: int
    flat_id: int
    company_id: int
    company_name: str
    company_phone: str | None
    address: str
    entrance: int | None
    floor: int | None
    payer_name: str
    phone: str | None
    email: str | None
    receipt_by: str
    mail: str | None  # state and address, with a space between
    opened_on: dt.date
    closed_on: dt.date | None
    house_area_dm2: int
    common_area_dm2: int
    area_dm2: int | None
    living_area_dm2: int | None
    heated_area_dm2: int | None
    residents: int | None
    temporary: int | None
    owners_count: int | None
    opening_kopecks: int
    charged_kopecks: int
    posted_kopecks: int
    people: tuple[PersonRow, ...]
    owners: tuple[OwnerRow, ...]
    neighbours: tuple[Neighbour, ...]
    parked: ParkedMark | None

    @property
    def balance_kopecks(self) -> int:
        """Debt now: opening of the open month, its published charges and what was paid in it."""
        return self.opening_kopecks + self.charged_kopecks + self.posted_kopecks


ADDRESS = """st.kind || ' ' || st.name || ', ' || h.number || ', '
       || CASE f.kind WHEN 'nonresidential' THEN 'пом. ' ELSE 'кв. ' END || f.number
       || coalesce(', комн. ' || rm.number, '')"""
"""An address as people write it; needs joins st, h, f and rm (left)."""

HEAD = f"""
SELECT a.id, a.number, a.els, a.kind, a.house_id, a.flat_id, a.company_id,
       o.short_name AS company_name, o.phone AS company_phone, mb.state || ' ' || mb.address AS mail,
       {ADDRESS} AS address, f.entrance, f.floor, a.payer_name, a.phone, a.email, a.receipt_by, a.opened_on,
       a.closed_on, h.area_total_dm2 AS house_area_dm2, h.area_common_dm2 AS common_area_dm2,
       t.area_dm2, t.living_area_dm2, t.heated_area_dm2, t.residents, t.temporary, t.owners AS owners_count,
       coalesce((SELECT b.amount_kopecks FROM opening_balances b
                  WHERE b.account_id = a.id AND b.period = :period), 0)::bigint AS opening_kopecks,
       coalesce((SELECT sum(c.amount_kopecks + c.surcharge_kopecks) FROM run_accounts c
                  WHERE c.account_id = a.id AND c.run_id = ANY (ARRAY(
                        SELECT id FROM runs WHERE state = 'published' AND posted_in = :period))), 0)::bigint
         AS charged_kopecks,
       coalesce((SELECT sum(p.amount_kopecks) FROM postings p
                  WHERE p.account_id = a.id AND p.period = :period AND p.book = {RESIDENTS_BOOK}), 0)::bigint
         AS posted_kopecks,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(
                 concat_ws(' ', p.surname, p.name, p.patronymic), p.born_on, g.kind, g.relation,
                 g.valid_from, g.valid_to, g.id, p.id) ORDER BY g.kind, g.valid_from, g.id), '[]')
          FROM registrations g JOIN persons p ON p.id = g.person_id
         WHERE g.account_id = a.id AND g.superseded_at IS NULL
           AND (g.valid_to IS NULL OR g.valid_to > :today)) AS people,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(
                 coalesce(nullif(concat_ws(' ', p.surname, p.name, p.patronymic), ''), og.short_name),
                 w.share_num, w.share_den, w.valid_from, w.ground, w.person_id, w.organisation_id)
                 ORDER BY w.id), '[]')
          FROM ownerships w LEFT JOIN persons p ON p.id = w.person_id
          LEFT JOIN organisations og ON og.id = w.organisation_id
         WHERE w.account_id = a.id AND w.superseded_at IS NULL
           AND (w.valid_to IS NULL OR w.valid_to > :today)) AS owners,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(n.id, n.number, n.payer_name) ORDER BY n.number), '[]')
          FROM accounts n WHERE n.flat_id = a.flat_id AND n.id <> a.id AND n.closed_on IS NULL) AS neighbours,
       (SELECT jsonb_build_array(k.run_id, k.reason, k.message, k.service) FROM parked_accounts k
         WHERE k.account_id = a.id AND k.run_id = (
               SELECT r.id FROM runs r
                WHERE r.period = :period AND r.state IN ('accruing', 'checked', 'published')
                  AND r.kind <> 'correction' AND (r.scope_kind = 'city'
                       OR (r.scope_kind = 'organisation' AND r.scope_id = a.company_id)
                       OR (r.scope_kind = 'house' AND r.scope_id = a.house_id)
                  OR (r.scope_kind = 'account' AND r.scope_id = a.id)) ORDER BY r.id DESC LIMIT 1)) AS parked
  FROM accounts a
  JOIN flats f ON f.id = a.flat_id
  LEFT JOIN rooms rm ON rm.id = a.room_id
  JOIN houses h ON h.id = a.house_id
  JOIN streets st ON st.id = h.street_id
  JOIN organisations o ON o.id = a.company_id LEFT JOIN mail_boxes mb ON mb.account_id = a.id
  LEFT JOIN LATERAL (
    SELECT * FROM account_facts t WHERE t.account_id = a.id AND t.superseded_at IS NULL
       AND t.valid_from <= :today AND (t.valid_to IS NULL OR t.valid_to > :today)
     ORDER BY t.id DESC LIMIT 1) t ON true
"""  # noqa: S608


async def head(session: Session, account_id: int, period: dt.date, today: dt.date) -> AccountHead | None:
    """One account, or None when there is none we may see. period: the open month."""
    found = await heads(session, (account_id,), period, today)
    return found[0] if found else None


async def heads(
    session: Session, account_ids: tuple[int, ...], period: dt.date, today: dt.date
) -> list[AccountHead]:
    """The same for a few accounts (of one resident), in the order of their numbers."""
    found = await session.execute(
        text(f"{HEAD} WHERE a.id = ANY (CAST(:ids AS int[])) ORDER BY a.number"),
        {"ids": list(account_ids), "period": period, "today": today},
    )
    return [_head(dict(row._mapping)) for row in found]


def _head(values: dict[str, Any]) -> AccountHead:
    people, owners = parsed(values.pop("people")), parsed(values.pop("owners"))
    neighbours, parked = parsed(values.pop("neighbours")), parsed(values.pop("parked"))
    return AccountHead(
        **values,
        people=tuple(
            PersonRow(name, day(born), kind, relation, dt.date.fromisoformat(first), day(after), *ids)
            for name, born, kind, relation, first, after, *ids in people
        ),
        owners=tuple(
            OwnerRow(name, num, den, dt.date.fromisoformat(first), ground, *ids)
            for name, num, den, first, ground, *ids in owners
        ),
        neighbours=tuple(Neighbour(*one) for one in neighbours),
        parked=None if parked is None else ParkedMark(*parked),
    )


# ---- money by month ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MoneyMark:
    """A payment or another fact of money of a month."""

    booked_on: dt.date
    kind: str
    amount_kopecks: int
    agent_name: str | None
    number: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class MonthMoney:
    """A month of an account: owed at its start, charged, paid, other facts, owed at its end."""

    period: dt.date
    is_open: bool
    opening_kopecks: int
    charged_kopecks: int
    is_charged: bool
    paid_kopecks: int
    other_kopecks: int
    marks: tuple[MoneyMark, ...]

    @property
    def closing_kopecks(self) -> int:
        """Owed at the end of the month (now, while it is open)."""
        return self.opening_kopecks + self.charged_kopecks - self.paid_kopecks + self.other_kopecks


YEAR = f"""
WITH wanted AS (
  SELECT period, state FROM months WHERE period <= :last ORDER BY period DESC LIMIT :count),
published AS (
  SELECT id, posted_in AS period FROM runs
   WHERE state = 'published' AND posted_in IN (SELECT period FROM wanted)),
charged AS (
  SELECT p.period, sum(a.amount_kopecks + a.surcharge_kopecks) AS kopecks
    FROM run_accounts a JOIN published p ON p.id = a.run_id
   WHERE a.account_id = :account_id AND a.run_id = ANY (ARRAY(SELECT id FROM published)) GROUP BY 1),
facts AS (
  SELECT s.period, e.kind, sum(s.amount_kopecks) AS kopecks, e.booked_on, e.id, e.reason,
         o.short_name AS agent_name, y.number
    FROM postings s JOIN entries e ON e.id = s.entry_id
    LEFT JOIN payments y ON y.entry_id = e.id AND y.account_id = :account_id
    LEFT JOIN organisations o ON o.id = y.agent_id
   WHERE s.account_id = :account_id AND s.book = {RESIDENTS_BOOK}
     AND s.period IN (SELECT period FROM wanted)
   GROUP BY s.period, e.id, o.short_name, y.number),
sums AS (
  SELECT period, sum(-kopecks) FILTER (WHERE kind = 'payment') AS paid,
         sum(kopecks) FILTER (WHERE kind <> 'payment') AS other,
         jsonb_agg(jsonb_build_array(booked_on, kind, kopecks, agent_name, number, reason)
                   ORDER BY booked_on, id) AS marks
    FROM facts GROUP BY 1)
SELECT w.period, w.state = 'open' AS is_open, coalesce(b.amount_kopecks, 0)::bigint AS opening_kopecks,
       coalesce(c.kopecks, 0)::bigint AS charged_kopecks, c.period IS NOT NULL AS is_charged,
       coalesce(s.paid, 0)::bigint AS paid_kopecks, coalesce(s.other, 0)::bigint AS other_kopecks, s.marks
  FROM wanted w
  LEFT JOIN opening_balances b ON b.account_id = :account_id AND b.period = w.period
  LEFT JOIN charged c ON c.period = w.period
  LEFT JOIN sums s ON s.period = w.period
 ORDER BY w.period DESC
"""  # noqa: S608


async def year(
    session: Session, account_id: int, last: dt.date, count: int = MONTHS_SHOWN
) -> list[MonthMoney]:
    """Months of the books that end with `last`, newest first."""
    found = await session.execute(
        text(YEAR), {"account_id": account_id, "last": last, "count": min(count, 10 * MONTHS_SHOWN)}
    )
    rows = []
    for row in found:
        values = dict(row._mapping)
        marks = parsed(values.pop("marks")) or []
        rows.append(
            MonthMoney(
                **values, marks=tuple(MoneyMark(dt.date.fromisoformat(on), *rest) for on, *rest in marks)
            )
        )
    return rows


# ---- lines ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LineRow:
    """A charge as it stands after corrections; run_id is the newest run that wrote it.

    service_label and service_unit are of the catalogue in the books. The trace columns (volume, rate, a,
    b …) are those of table lines.
    """

    period: dt.date
    run_id: int
    is_draft: bool
    supplier_id: int
    supplier_name: str | None
    service: int
    component: int
    basis: int
    first_day: int
    days: int
    volume_num: int
    volume_den: int
    rate: int
    amount_kopecks: int
    surcharge_kopecks: int
    raised_num: int
    a: int
    b: int
    service_label: str | None = None
    service_unit: str | None = None

    @property
    def total_kopecks(self) -> int:
        """With the surcharge of the raising coefficient."""
        return self.amount_kopecks + self.surcharge_kopecks

    @property
    def key(self) -> str:
        """How an address names the line."""
        return f"{self.run_id}-{self.service}-{self.component}-{self.first_day}-{self.basis}"


LINES = """
WITH shown AS (
  SELECT r.id, r.period, r.state FROM runs r
   WHERE r.period = ANY (CAST(:periods AS date[])) AND r.kind <> 'correction' AND (
         r.state = 'published'
         OR (r.state = 'checked' AND r.id = (
               SELECT max(d.id) FROM runs d
                WHERE d.period = r.period AND d.state = 'checked' AND d.kind = 'full'
                  AND (d.scope_kind = 'city' OR (d.scope_kind = 'organisation' AND d.scope_id = :company_id)
                       OR (d.scope_kind = 'house' AND d.scope_id = :house_id)
                       OR (d.scope_kind = 'account' AND d.scope_id = :account_id)))
             AND NOT EXISTS (
               SELECT 1 FROM run_accounts x WHERE x.account_id = :account_id AND x.run_id = ANY (ARRAY(
                 SELECT p.id FROM runs p
                  WHERE p.state = 'published' AND p.kind <> 'correction' AND p.period = r.period)))))
),
mine AS (
  SELECT w.period, w.state, l.* FROM lines l JOIN shown w ON w.id = l.run_id
   WHERE l.account_id = :account_id AND l.run_id = ANY (ARRAY(SELECT id FROM shown)))
SELECT m.period, coalesce(max(m.run_id) FILTER (WHERE m.kind = 0), max(m.run_id)) AS run_id,
       bool_or(m.state = 'checked') AS is_draft, m.supplier_id, o.short_name AS supplier_name,
       m.service, m.component, m.basis, m.first_day, m.days, m.volume_den, m.rate,
       sum(m.volume_num)::bigint AS volume_num, sum(m.raised_num)::bigint AS raised_num,
       sum(m.amount_kopecks)::bigint AS amount_kopecks, sum(m.surcharge_kopecks)::bigint AS surcharge_kopecks,
       (array_agg(m.a ORDER BY m.kind, m.run_id DESC))[1] AS a,
       (array_agg(m.b ORDER BY m.kind, m.run_id DESC))[1] AS b,
       v.label AS service_label, CASE WHEN m.basis = 77 AND m.rate = 10000 THEN '₽' ELSE v.unit END
         AS service_unit
  FROM mine m
  LEFT JOIN organisations o ON o.id = m.supplier_id
  LEFT JOIN services v ON v.code = m.service
 GROUP BY m.period, m.supplier_id, o.short_name, m.service, m.component, m.basis, m.first_day, m.days,
          m.volume_den, m.rate, v.label, v.unit
HAVING sum(m.amount_kopecks) <> 0 OR sum(m.surcharge_kopecks) <> 0 OR sum(m.volume_num) <> 0
       OR bool_and(m.kind = 0)
 ORDER BY m.period, m.service, m.component, m.first_day
"""


async def lines(
    session: Session, account_id: int, house_id: int, company_id: int, periods: tuple[dt.date, ...]
) -> list[LineRow]:
    """Lines of the months: the published ones, or of the newest draft while nothing is published."""
    found = await session.execute(
        text(LINES),
        {
            "account_id": account_id,
            "house_id": house_id,
            "company_id": company_id,
            "periods": list(periods),
        },
    )
    return [LineRow(**row._mapping) for row in found]


# ---- meters -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReadingMark:
    """A reading of a month: values by zone, what was before, who gave it, whether it counts."""

    period: dt.date
    taken_on: dt.date
    values: tuple[int, int, int]
    previous: tuple[int, int, int]
    prev_period: dt.date | None
    source: str
    status: str
    verdict: str | None


@dataclass(frozen=True, slots=True)
class MeterRow:
    """A meter of the account with its readings, newest first."""

    id: int
    service: int
    serial: str
    model: str | None
    place: str | None
    zones: int
    digits: int
    kind: str
    installed_on: dt.date
    removed_on: dt.date | None
    verified_until: dt.date | None
    initial: tuple[int, int, int]
    readings: tuple[ReadingMark, ...]

    @property
    def last(self) -> ReadingMark | None:
        """The newest reading that counts."""
        return next((one for one in self.readings if one.status == "accepted"), None)

    @property
    def last_values(self) -> tuple[int, int, int]:
        """What stood on the meter last: the newest reading, or the one at installation."""
        return self.last.values if self.last else self.initial


METERS = """
SELECT m.id, m.service, m.serial, m.model, m.place, m.zones, m.digits, m.kind, m.installed_on, m.removed_on,
       m.verified_until, m.initial1_micro, m.initial2_micro, m.initial3_micro,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(
                 r.period, r.taken_on, r.value1_micro, r.value2_micro, r.value3_micro,
                 r.prev1_micro, r.prev2_micro, r.prev3_micro, r.prev_period, r.source, r.status,
                 (SELECT string_agg(v.message, ' ') FROM reading_verdicts v
                   WHERE v.reading_id = r.id AND v.period = r.period AND v.superseded_at IS NULL))
               ORDER BY r.period DESC, r.id DESC), '[]')
          FROM readings r
         WHERE r.meter_id = m.id AND r.period > :since AND r.period <= :last
           AND r.superseded_at IS NULL) AS readings
  FROM meters m
 WHERE m.account_id = ANY (CAST(:ids AS int[])) AND (m.removed_on IS NULL OR m.removed_on > :since)
 ORDER BY m.account_id, m.service, m.place, m.id
"""


async def meters(session: Session, account_id: int, last: dt.date) -> list[MeterRow]:
    """Meters in use or taken off within the year; readings of the twelve months that end with `last`."""
    since = _months_before(last, MONTHS_SHOWN)
    found = await session.execute(text(METERS), {"ids": [account_id], "since": since, "last": last})
    rows = []
    for row in found:
        values = dict(row._mapping)
        initial = tuple(values.pop(f"initial{zone}_micro") for zone in (1, 2, 3))
        marks = tuple(_mark(one) for one in parsed(values.pop("readings")))
        rows.append(MeterRow(**values, initial=initial, readings=marks))
    return rows


async def meter_ids(session: Session, account_id: int) -> set[int]:
    """Meters that stand on the account."""
    found = await session.execute(
        text("SELECT id FROM meters WHERE account_id = :account_id"), {"account_id": account_id}
    )
    return {row.id for row in found}


def _mark(one: list[Any]) -> ReadingMark:
    return ReadingMark(
        period=dt.date.fromisoformat(one[0]),
        taken_on=dt.date.fromisoformat(one[1]),
        values=(one[2], one[3], one[4]),
        previous=(one[5], one[6], one[7]),
        prev_period=day(one[8]),
        source=one[9],
        status=one[10],
        verdict=one[11],
    )


def _months_before(period: dt.date, count: int) -> dt.date:
    ordinal = period.year * 12 + period.month - 1 - count
    return dt.date(ordinal // 12, ordinal % 12 + 1, 1)
