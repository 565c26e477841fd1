"""Head of the page of an account: who and where, today's facts, the balance as of now. One statement.

Money by month, lines and meters of an account: account_months, account_lines, account_meters. Sums are
kopecks with the surcharge inside; a debt is positive. What the caller's scope hides is not here.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from billing.ledger import Book
from storage.jsonb import day, parsed
from storage.session import Session


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
                  WHERE p.account_id = a.id AND p.period = :period
                    AND p.book = {int(Book.RESIDENTS)}), 0)::bigint AS posted_kopecks,
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
