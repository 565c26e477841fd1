"""What an order on trial would move: sums by service, payee, month and kind; accounts, some side by side."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from billing.period import Period
from storage.jsonb import parsed
from storage.run_totals import escaped
from storage.search import ADDRESS, ADDRESS_JOINS
from storage.session import Session

CUTS = ("service", "payee", "month", "kind")
WAYS = ("more", "less", "shown")


@dataclass(frozen=True, slots=True)
class Sum:
    """What payments pay of one service, payee, month or kind.

    key: a code, an id, an ordinal, 1 for penalties; 0 where money has none. name: of a payee or a service.
    """

    key: int
    name: str | None
    now_kopecks: int
    then_kopecks: int

    @property
    def difference_kopecks(self) -> int:
        """How much more would have come here."""
        return self.then_kopecks - self.now_kopecks


SUMS = """
WITH sums AS (
  SELECT CASE grouping(service, payee_id, of_month, is_penalty) WHEN 7 THEN 'service' WHEN 11 THEN 'payee'
              WHEN 13 THEN 'month' ELSE 'kind' END AS cut,
         coalesce(service::int, payee_id, of_month, is_penalty::int) AS key,
         sum(now_kopecks)::bigint AS now_kopecks, sum(then_kopecks)::bigint AS then_kopecks
    FROM policy_trial_sums WHERE trial_id = :trial
   GROUP BY GROUPING SETS ((service), (payee_id), (of_month), (is_penalty)))
SELECT s.*, coalesce(o.short_name, c.short_label) AS name
  FROM sums s
  LEFT JOIN organisations o ON s.cut = 'payee' AND o.id = s.key
  LEFT JOIN services c ON s.cut = 'service' AND c.code = s.key
 ORDER BY cut, abs(then_kopecks - now_kopecks) DESC, key"""


async def sums(session: Session, trial_id: int) -> dict[str, list[Sum]]:
    """Sums by each of CUTS, what moves most first; one query."""
    found: dict[str, list[Sum]] = {cut: [] for cut in CUTS}
    for row in await session.execute(text(SUMS), {"trial": trial_id}):
        found[row.cut].append(Sum(row.key, row.name, row.now_kopecks, row.then_kopecks))
    return found


@dataclass(frozen=True, slots=True)
class TrialAccount:
    """An account of which payments would have been shared otherwise; is_shown: side by side as well."""

    account_id: int
    number: str
    address: str
    payments_count: int
    changed_count: int
    moved_kopecks: int
    penalty_kopecks: int
    is_shown: bool


@dataclass(frozen=True, slots=True)
class TrialAccounts:
    """Accounts of a page, how many there are in all, how much moves on them together."""

    rows: list[TrialAccount]
    total: int
    moved_kopecks: int


SORTS = {
    "moved": "moved_kopecks",
    "penalty": "penalty_kopecks",
    "changed": "changed_count",
    "payments": "payments_count",
    "number": "number",
    "address": "address",
}
FOUND = f"""
WITH named AS (
  SELECT x.account_id, a.number, {ADDRESS} AS address, x.payments_count, x.changed_count, x.moved_kopecks,
         x.penalty_kopecks, x.parts IS NOT NULL AS is_shown
    FROM policy_trial_accounts x JOIN accounts a ON a.id = x.account_id {ADDRESS_JOINS}
   WHERE x.trial_id = :trial
     AND (:account = '' OR a.number LIKE :account || '%')
     AND (:street = '' OR st.search_name LIKE :street || '%')
     AND (:house = '' OR lower(h.number) = lower(:house)))
SELECT *, count(*) OVER ()::int AS found, sum(moved_kopecks) OVER ()::bigint AS found_kopecks FROM named
 WHERE :way = '' OR (:way = 'more' AND penalty_kopecks > 0) OR (:way = 'less' AND penalty_kopecks < 0)
    OR (:way = 'shown' AND is_shown)"""  # noqa: S608


async def accounts(
    session: Session,
    trial_id: int,
    *,
    way: str = "",
    account: str = "",
    street: str = "",
    house: str = "",
    sort: str = "moved",
    is_descending: bool = True,
    limit: int,
    offset: int = 0,
) -> TrialAccounts:
    """Accounts that are looked for. way: more or less to penalties, or only those shown side by side."""
    order = f"{SORTS[sort]} {'DESC' if is_descending else 'ASC'}, account_id"
    found = (
        await session.execute(
            text(f"SELECT * FROM ({FOUND}) f ORDER BY {order} LIMIT :limit OFFSET :offset"),  # noqa: S608
            {
                "trial": trial_id,
                "way": way if way in WAYS else "",
                "account": escaped(account),
                "street": escaped(street),
                "house": house,
                "limit": limit,
                "offset": offset,
            },
        )
    ).all()
    names = TrialAccount.__slots__
    rows = [TrialAccount(**{name: getattr(row, name) for name in names}) for row in found]
    return TrialAccounts(rows, found[0].found if found else 0, found[0].found_kopecks if found else 0)


@dataclass(frozen=True, slots=True)
class Part:
    """What a payment pays of a month, payee and service (None: money without them) by both orders."""

    month: dt.date | None
    payee: str | None
    service: str | None
    is_penalty: bool
    now_kopecks: int
    then_kopecks: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A payment side by side."""

    payment_id: int
    number: str
    paid_on: dt.date
    amount_kopecks: int
    parts: list[Part]


@dataclass(frozen=True, slots=True)
class ShownAccount:
    """An account with its payments that would have been shared otherwise."""

    account_id: int
    number: str
    address: str
    payments_count: int
    payments: list[Shown]


ONE = f"""
SELECT x.account_id, a.number, {ADDRESS} AS address, x.payments_count, x.parts,
       (SELECT coalesce(jsonb_object_agg(o.id, o.short_name), '{{}}') FROM organisations o
         WHERE o.id IN (SELECT CAST(r ->> 1 AS int) FROM jsonb_array_elements(x.parts) p,
                               jsonb_array_elements(p -> 'rows') r)) AS payees,
       (SELECT coalesce(jsonb_object_agg(w.code, w.short_label), '{{}}') FROM services w
         WHERE w.code IN (SELECT CAST(r ->> 2 AS int) FROM jsonb_array_elements(x.parts) p,
                                 jsonb_array_elements(p -> 'rows') r)) AS services
  FROM policy_trial_accounts x JOIN accounts a ON a.id = x.account_id {ADDRESS_JOINS}
 WHERE x.trial_id = :trial AND x.account_id = :account AND x.parts IS NOT NULL"""  # noqa: S608


async def shown(session: Session, trial_id: int, account_id: int) -> ShownAccount | None:
    """Payments of an account side by side; None when they are not kept."""
    row = (await session.execute(text(ONE), {"trial": trial_id, "account": account_id})).one_or_none()
    if row is None:
        return None
    payees, services = parsed(row.payees), parsed(row.services)
    payments = [
        Shown(
            one["payment_id"],
            one["number"],
            dt.date.fromisoformat(one["paid_on"]),
            one["amount_kopecks"],
            [_part(part, payees, services) for part in one["rows"]],
        )
        for one in parsed(row.parts)
    ]
    return ShownAccount(row.account_id, row.number, row.address, row.payments_count, payments)


def _part(part: list[Any], payees: dict[str, str], services: dict[str, str]) -> Part:
    month, payee, service, is_penalty, now, then = part
    return Part(
        Period(month).first_day if month else None,
        payees.get(str(payee)),
        services.get(str(service)),
        is_penalty,
        now,
        then,
    )
