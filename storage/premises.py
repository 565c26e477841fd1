"""Areas and owners of an account: from a day on, on a ground, nothing edited; the rules of storage.people."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from storage import audit
from storage.facts import Facts, change_facts, facts_on
from storage.people import AccountHeld, Deed, NewPerson, PeopleRefused, check_days, hold, person_of

AREA_DM2_MAX = 10_000_000  # a thousand hectares is a slip of the pen


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation as an owner."""

    id: int


Owner = NewPerson | Organisation | int
"""Somebody new, an organisation, or the id of a person who is known."""


async def change_area(
    session: AsyncSession,
    account_id: int,
    day: dt.date,
    deed: Deed,
    *,
    area_dm2: int | None = None,
    living_area_dm2: int | None = None,
    heated_area_dm2: int | None = None,
) -> bool:
    """New areas from a day on (None = as it was); whether anything changed."""
    deed.check()
    account = await hold(session, account_id)
    check_days(account, day, None)
    given: dict[str, int] = {
        name: value
        for name, value in (
            ("area_dm2", area_dm2),
            ("living_area_dm2", living_area_dm2),
            ("heated_area_dm2", heated_area_dm2),
        )
        if value is not None
    }
    for value in given.values():
        if not 0 < value < AREA_DM2_MAX:
            raise PeopleRefused("area", "Площадь должна быть больше нуля. Введите квадратные метры: 54,3.")
    was = await facts_on(session, account_id, day)
    whole, part = replace(was, **given).area_dm2, replace(was, **given).living_area_dm2
    if whole is not None and part is not None and part > whole:
        raise PeopleRefused("area", "Жилая площадь больше общей. Поменяйте одну из них.")

    def change(facts: Facts) -> Facts:
        return replace(facts, **given)

    changed = await change_facts(session, account_id, day, None, change, deed.ground)
    if changed:
        before: dict[str, Any] = {name: getattr(was, name) for name in given}
        after: dict[str, Any] = {**given, "from": day}
        await audit.record(
            session,
            "area_changed",
            "account",
            account_id,
            user_id=deed.user_id,
            company_id=account.company_id,
            ip=deed.ip,
            before=before,
            after=after,
            ground=deed.ground,
        )
    return changed


async def change_owners(
    session: AsyncSession,
    account_id: int,
    day: dt.date,
    owners: list[tuple[Owner, int, int]],
    deed: Deed,
) -> list[int]:
    """From a day on these own the premises: (owner, numerator, denominator of the share); ids of the new
    rows.

    Those who owned before own until that day. Raises PeopleRefused when the shares are more than the whole.
    """
    deed.check()
    account = await hold(session, account_id)
    check_days(account, day, None)
    _check_shares(owners)
    await _end_ownerships(session, account, day, deed)
    ids = []
    for owner, numerator, denominator in owners:
        new_id = await session.scalar(
            text(
                "INSERT INTO ownerships (account_id, person_id, organisation_id, company_id, share_num, "
                "share_den, ground, valid_from) VALUES (:account_id, :person_id, :organisation_id, "
                ":company_id, :num, :den, :ground, :day) RETURNING id"
            ),
            {
                "account_id": account_id,
                "person_id": await _owner(session, account, owner, day),
                "organisation_id": owner.id if isinstance(owner, Organisation) else None,
                "company_id": account.company_id,
                "num": numerator,
                "den": denominator,
                "ground": deed.ground,
                "day": day,
            },
        )
        ids.append(int(new_id or 0))
    count = max(1, len(owners))
    await change_facts(
        session, account_id, day, None, lambda facts: replace(facts, owners=count), deed.ground
    )
    await audit.record(
        session,
        "owners_changed",
        "account",
        account_id,
        user_id=deed.user_id,
        company_id=account.company_id,
        ip=deed.ip,
        after={"ownerships": ids, "from": day},
        ground=deed.ground,
    )
    return ids


async def _owner(session: AsyncSession, account: AccountHeld, owner: Owner, day: dt.date) -> int | None:
    """The person who owns; None for an organisation."""
    if isinstance(owner, Organisation):
        return None
    return owner if isinstance(owner, int) else await person_of(session, account, owner, day)


def _check_shares(owners: list[tuple[Owner, int, int]]) -> None:
    if not owners:
        raise PeopleRefused("no_owner", "Назовите хотя бы одного собственника.")
    whole = 1
    for _, numerator, denominator in owners:
        if numerator < 1 or denominator < 1:
            raise PeopleRefused("share", "Доля — две части: 1/2, 1/3. Исправьте долю.")
        whole *= denominator
    if sum(numerator * whole // denominator for _, numerator, denominator in owners) > whole:
        raise PeopleRefused("share", "Доли вместе больше целого. Проверьте их по документам.")


async def _end_ownerships(session: AsyncSession, account: AccountHeld, day: dt.date, deed: Deed) -> None:
    """What was owned on `day` and later is known from now on to end that day."""
    rows = (
        await session.execute(
            text(
                "UPDATE ownerships SET superseded_at = clock_timestamp() WHERE account_id = :id "
                "AND superseded_at IS NULL AND (valid_to IS NULL OR valid_to > :day) "
                "RETURNING person_id, organisation_id, share_num, share_den, valid_from"
            ),
            {"id": account.id, "day": day},
        )
    ).all()
    for row in rows:
        if row.valid_from >= day:
            continue  # it never came to be
        await session.execute(
            text(
                "INSERT INTO ownerships (account_id, person_id, organisation_id, company_id, share_num, "
                "share_den, "
                "ground, valid_from, valid_to) VALUES (:account_id, :person_id, :organisation_id, "
                ":company_id, :num, "
                ":den, :ground, :first, :day)"
            ),
            {
                "account_id": account.id,
                "person_id": row.person_id,
                "organisation_id": row.organisation_id,
                "company_id": account.company_id,
                "num": row.share_num,
                "den": row.share_den,
                "ground": deed.ground,
                "first": row.valid_from,
                "day": day,
            },
        )
