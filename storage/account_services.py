"""Services of one account: what it gets, and a service switched on or off from a month with its ground.

An exception of the account stands over the service of its house. A month is billed whole: the state of its
last row counts, so a change begins on the first of a month. Nothing is edited.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from storage import audit, late_facts
from storage.late_facts import LateFact
from storage.people import AccountHeld, Deed, PeopleRefused, check_days, hold


@dataclass(frozen=True, slots=True)
class AccountServiceRow:
    """A service on the day asked for; since, ground and entered_by: of the account's own row, if any."""

    code: int
    label: str
    is_on: bool
    of_house: bool
    is_own: bool
    since: dt.date | None
    ground: str | None
    supplier_name: str | None


LIST = """
WITH house AS (
  SELECT DISTINCT ON (s.service) s.service, s.supplier_id FROM house_services s
   WHERE s.house_id = (SELECT house_id FROM accounts WHERE id = :account) AND s.superseded_at IS NULL
     AND s.valid_from <= :day AND (s.valid_to IS NULL OR s.valid_to > :day)
   ORDER BY s.service, s.valid_from DESC, s.id DESC),
own AS (
  SELECT DISTINCT ON (e.service) e.service, e.is_on, e.supplier_id, e.valid_from, e.ground
    FROM account_services e
   WHERE e.account_id = :account AND e.superseded_at IS NULL
     AND e.valid_from <= :day AND (e.valid_to IS NULL OR e.valid_to > :day)
   ORDER BY e.service, e.valid_from DESC, e.id DESC)
SELECT v.code::int AS code, v.label, coalesce(own.is_on, house.service IS NOT NULL) AS is_on,
       house.service IS NOT NULL AS of_house, own.service IS NOT NULL AS is_own, own.valid_from AS since,
       own.ground, o.short_name AS supplier_name
  FROM services v LEFT JOIN house ON house.service = v.code LEFT JOIN own ON own.service = v.code
  LEFT JOIN organisations o ON o.id = coalesce(own.supplier_id, house.supplier_id)
 ORDER BY v.position, v.code"""


async def of_account(session: AsyncSession, account_id: int, day: dt.date) -> list[AccountServiceRow]:
    """Every service of the catalogue as the account has it on the day."""
    found = await session.execute(text(LIST), {"account": account_id, "day": day})
    return [AccountServiceRow(**row._mapping) for row in found]


async def switch(
    session: AsyncSession,
    account_id: int,
    service: int,
    is_on: bool,
    first: dt.date,
    supplier_id: int | None,
    deed: Deed,
) -> int:
    """Switch a service on or off from the first of a month. The id of the new row. Raises PeopleRefused."""
    deed.check()
    account = await hold(session, account_id)
    check_days(account, max(first, account.opened_on), None)
    if first.day != 1:
        raise PeopleRefused("day", "Услугу включают и отключают с первого числа месяца.")
    now = {row.code: row for row in await of_account(session, account_id, first)}
    known = now.get(service)
    if known is None:
        raise PeopleRefused("service", "Такой услуги нет. Выберите из списка.")
    if known.is_on == is_on:
        state = "подключена" if is_on else "отключена"
        raise PeopleRefused("service", f"С {first:%d.%m.%Y} эта услуга и так {state}.")
    if is_on and not known.of_house and supplier_id is None:
        raise PeopleRefused("supplier", "У дома этой услуги нет. Выберите, кому за неё платить.")
    later = await _cut(session, account, service, first)
    new_id = await _insert(session, account, service, is_on, first, supplier_id, deed.ground)
    words = f"{'Подключена' if is_on else 'Отключена'} услуга: {known.label} с {first:%d.%m.%Y}"
    await late_facts.note(
        session,
        [LateFact(f"service-{new_id}", "service", first, None, words, deed.ground, account_id)],
    )
    await audit.record(
        session,
        "service_switched",
        "account",
        account_id,
        user_id=deed.user_id,
        company_id=account.company_id,
        ip=deed.ip,
        before={"service": service, "is_on": known.is_on, "later_rows": later},
        after={"service": service, "is_on": is_on, "from": first},
        ground=deed.ground,
    )
    return new_id


COLUMNS = "account_id, house_id, company_id, service, is_on, supplier_id, method, ground"


async def _cut(session: AsyncSession, account: AccountHeld, service: int, first: dt.date) -> int:
    """Rows of the service that hold on or after the day end there; how many began later and went."""
    rows: list[Row[Any]] = list(
        (
            await session.execute(
                text(
                    "SELECT id, valid_from FROM account_services WHERE account_id = :account "
                    "AND service = :service AND superseded_at IS NULL "
                    "AND (valid_to IS NULL OR valid_to > :first)"
                ),
                {"account": account.id, "service": service, "first": first},
            )
        ).all()
    )
    for row in rows:
        await session.execute(
            text("UPDATE account_services SET superseded_at = clock_timestamp() WHERE id = :id"),
            {"id": row.id},
        )
        if row.valid_from < first:
            await session.execute(
                text(
                    f"INSERT INTO account_services ({COLUMNS}, valid_from, valid_to) "  # noqa: S608
                    f"SELECT {COLUMNS}, valid_from, :first FROM account_services WHERE id = :id"
                ),
                {"id": row.id, "first": first},
            )
    return sum(row.valid_from >= first for row in rows)


async def _insert(
    session: AsyncSession,
    account: AccountHeld,
    service: int,
    is_on: bool,
    first: dt.date,
    supplier_id: int | None,
    ground: str,
) -> int:
    new_id = await session.scalar(
        text("""
        INSERT INTO account_services (account_id, house_id, company_id, service, is_on, supplier_id, ground,
                                      valid_from)
        SELECT id, house_id, company_id, :service, :is_on, CAST(:supplier AS int), :ground, :first
          FROM accounts WHERE id = :account RETURNING id"""),
        {
            "account": account.id,
            "service": service,
            "is_on": is_on,
            "supplier": supplier_id if is_on else None,
            "ground": ground,
            "first": first,
        },
    )
    assert new_id is not None
    return int(new_id)
