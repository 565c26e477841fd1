"""Accounts whose penalty a rule on trial would change: found, sorted, the most extreme first."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from storage.run_totals import escaped
from storage.search import ADDRESS, ADDRESS_JOINS
from storage.session import Session


@dataclass(frozen=True, slots=True)
class TrialAccount:
    """An account: its penalty now, by the rule on trial from its day, and as if it had always been so."""

    account_id: int
    number: str
    address: str
    now_kopecks: int
    then_kopecks: int
    always_kopecks: int
    debts_count: int
    difference_kopecks: int


@dataclass(frozen=True, slots=True)
class TrialAccounts:
    """Accounts of a page, how many there are in all, by how much they differ together."""

    rows: list[TrialAccount]
    total: int
    difference_kopecks: int


SORTS = {
    "difference": "difference_kopecks",
    "size": "abs(difference_kopecks)",
    "now": "now_kopecks",
    "then": "then_kopecks",
    "always": "always_kopecks",
    "number": "number",
    "address": "address",
}
WAYS = ("more", "less")
FOUND = f"""
WITH named AS (
  SELECT x.account_id, a.number, {ADDRESS} AS address, x.now_kopecks, x.then_kopecks, x.always_kopecks,
         x.debts_count,
         (CASE WHEN :always THEN x.always_kopecks ELSE x.then_kopecks END) - x.now_kopecks
           AS difference_kopecks
    FROM netting_trial_accounts x JOIN accounts a ON a.id = x.account_id {ADDRESS_JOINS}
   WHERE x.trial_id = :trial
     AND (:account = '' OR a.number LIKE :account || '%')
     AND (:street = '' OR st.search_name LIKE :street || '%')
     AND (:house = '' OR lower(h.number) = lower(:house)))
SELECT *, count(*) OVER ()::int AS found, sum(difference_kopecks) OVER ()::bigint AS found_kopecks FROM named
 WHERE difference_kopecks <> 0 AND (:way = '' OR (:way = 'more') = (difference_kopecks > 0))"""  # noqa: S608


async def accounts(
    session: Session,
    trial_id: int,
    *,
    is_always: bool,
    way: str = "",
    account: str = "",
    street: str = "",
    house: str = "",
    sort: str = "size",
    is_descending: bool = True,
    limit: int,
    offset: int = 0,
) -> TrialAccounts:
    """Accounts that are looked for; is_always: by the rule as if it had always been in force."""
    order = f"{SORTS[sort]} {'DESC' if is_descending else 'ASC'}, account_id"
    found = (
        await session.execute(
            text(f"SELECT * FROM ({FOUND}) f ORDER BY {order} LIMIT :limit OFFSET :offset"),  # noqa: S608
            {
                "trial": trial_id,
                "always": is_always,
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
