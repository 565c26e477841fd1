"""Льготы of accounts at the desk: who has which ground by which document, from when; entering and ending one.

Nothing is edited: the row that was known is superseded. What a льгота is worth comes out of the next run.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.basis import BENEFICIARIES_MAX
from billing.benefits import grounds
from storage import audit, late_facts
from storage.facts import FOREVER
from storage.late_facts import LateFact
from storage.people import AccountHeld, Deed, PeopleRefused, check_days, hold


@dataclass(frozen=True, slots=True)
class BenefitRow:
    """A льгота as known; valid_to is the first day when no longer. share_permille None: of the ground."""

    id: int
    person_id: int | None
    person_name: str | None
    category: str
    document: str | None
    valid_from: dt.date
    valid_to: dt.date | None
    in_document: bool
    share_permille: int | None
    entered_by: str | None


@dataclass(frozen=True, slots=True)
class NewBenefit:
    """What is entered. after: the first day when no longer, None = without an end."""

    person_id: int
    category: str
    document: str
    first: dt.date
    after: dt.date | None
    in_document: bool
    share_permille: int | None = None


LIST = """
SELECT b.id, b.person_id, concat_ws(' ', p.surname, p.name, p.patronymic) AS person_name, b.category,
       b.document, b.valid_from, b.valid_to, b.in_document, b.share_permille,
       paylogic_staff_name(b.created_by) AS entered_by
  FROM account_benefits b LEFT JOIN persons p ON p.id = b.person_id
 WHERE b.account_id = :account AND b.superseded_at IS NULL
 ORDER BY b.valid_to NULLS FIRST, p.surname, p.name, b.id"""


async def of_account(session: AsyncSession, account_id: int) -> list[BenefitRow]:
    """Льготы of an account, those in force first; names only where the scope lets people be seen."""
    found = await session.execute(text(LIST), {"account": account_id})
    return [BenefitRow(**{**row._mapping, "person_name": row.person_name or None}) for row in found]


async def add(session: AsyncSession, account_id: int, new: NewBenefit, deed: Deed) -> int:
    """Enter a льгота of somebody registered on the account. Raises PeopleRefused."""
    if new.category not in grounds():
        raise PeopleRefused("ground", "Такого основания нет. Выберите из списка.")
    account = await hold(session, account_id)
    check_days(account, new.first, new.after)
    await _refuse_stranger(session, account, new)
    await _refuse_twice(session, account, new)
    benefit_id = await _insert(session, account, new, deed.user_id)
    await _note(session, account_id, benefit_id, new, (new.first, new.after))
    await audit.record(
        session,
        "benefit_entered",
        "account",
        account_id,
        user_id=deed.user_id,
        company_id=account.company_id,
        ip=deed.ip,
        after={"benefit": benefit_id, "category": new.category, "from": new.first, "to": new.after},
        ground=new.document,
    )
    return benefit_id


async def _refuse_stranger(session: AsyncSession, account: AccountHeld, new: NewBenefit) -> None:
    lives = await session.scalar(
        text("""
        SELECT 1 FROM registrations WHERE account_id = :account AND person_id = :person AND kind = 'permanent'
           AND superseded_at IS NULL AND valid_from <= :first AND (valid_to IS NULL OR valid_to > :first)
         LIMIT 1"""),
        {"account": account.id, "person": new.person_id, "first": new.first},
    )
    if lives is None:
        raise PeopleRefused(
            "person",
            f"{new.first:%d.%m.%Y} этот человек здесь постоянно не зарегистрирован. "
            "Проверьте день и человека.",
        )


async def _refuse_twice(session: AsyncSession, account: AccountHeld, new: NewBenefit) -> None:
    """One льгота of a ground at a time, and no more beneficiaries than lines can tell apart."""
    rows = await session.execute(
        text("""
        SELECT person_id, category, valid_from FROM account_benefits
         WHERE account_id = :account AND superseded_at IS NULL AND valid_from < :after
           AND (valid_to IS NULL OR valid_to > :first)"""),
        {"account": account.id, "first": new.first, "after": new.after or FOREVER},
    )
    people = {new.person_id}
    for row in rows:
        people.add(row.person_id)
        if row.person_id == new.person_id and row.category == new.category:
            raise PeopleRefused(
                "category", f"Эта льгота уже внесена с {row.valid_from:%d.%m.%Y}. Сначала закончите её."
            )
    if len(people) > BENEFICIARIES_MAX:
        raise PeopleRefused(
            "person",
            f"На одном счёте помещается {BENEFICIARIES_MAX} льготников. Проверьте, все ли живут здесь.",
        )


async def _insert(session: AsyncSession, account: AccountHeld, new: NewBenefit, user_id: int | None) -> int:
    benefit_id = await session.scalar(
        text("""
        INSERT INTO account_benefits (account_id, person_id, company_id, category, document, in_document,
                                      share_permille, valid_from, valid_to, created_by)
        VALUES (:account, :person, :company, :category, :document, :in_document, :share, :first, :after,
                :user)
        RETURNING id"""),
        {
            "account": account.id,
            "person": new.person_id,
            "company": account.company_id,
            "category": new.category,
            "document": new.document,
            "in_document": new.in_document,
            "share": new.share_permille,
            "first": new.first,
            "after": new.after,
            "user": user_id,
        },
    )
    assert benefit_id is not None
    return int(benefit_id)


async def _note(
    session: AsyncSession,
    account_id: int,
    benefit_id: int,
    new: NewBenefit,
    days: tuple[dt.date, dt.date | None],
    *,
    ends: bool = False,
) -> None:
    """Days on which the льгота begins or ceases to count, for the queue of late facts."""
    title = grounds()[new.category].title if new.category in grounds() else new.category
    said = "окончание льготы" if ends else "льгота"
    words = f"{said.capitalize()}: {title} с {days[0]:%d.%m.%Y}"
    fact = LateFact(f"benefit-{benefit_id}", "benefit", days[0], days[1], words, new.document, account_id)
    await late_facts.note(session, [fact])


async def end(session: AsyncSession, account_id: int, benefit_id: int, last: dt.date, deed: Deed) -> int:
    """The льгота is in force through `last`. The id of the row known from now on. Raises PeopleRefused."""
    account = await hold(session, account_id)
    row = (
        await session.execute(
            text(
                "SELECT * FROM account_benefits WHERE id = :id AND account_id = :account "
                "AND superseded_at IS NULL"
            ),
            {"id": benefit_id, "account": account_id},
        )
    ).one_or_none()
    if row is None:
        raise PeopleRefused("stale", "Эту льготу уже изменили. Обновите страницу и посмотрите, что записано.")
    after = last + dt.timedelta(days=1)
    if last < row.valid_from:
        raise PeopleRefused("day", f"Льгота действует с {row.valid_from:%d.%m.%Y}. Укажите день не раньше.")
    if row.valid_to is not None and row.valid_to <= after:
        raise PeopleRefused("day", "Льгота и так заканчивается не позже этого дня.")
    await session.execute(
        text("UPDATE account_benefits SET superseded_at = clock_timestamp() WHERE id = :id"),
        {"id": benefit_id},
    )
    document = f"{row.document}; закончена: {deed.ground}" if row.document else deed.ground
    new = NewBenefit(
        row.person_id, row.category, document, row.valid_from, after, row.in_document, row.share_permille
    )
    new_id = await _insert(session, account, new, deed.user_id)
    await _note(session, account_id, new_id, new, (after, row.valid_to), ends=True)
    await audit.record(
        session,
        "benefit_ended",
        "account",
        account_id,
        user_id=deed.user_id,
        company_id=account.company_id,
        ip=deed.ip,
        before={"benefit": benefit_id, "to": row.valid_to},
        after={"benefit": new_id, "to": after},
        ground=deed.ground,
    )
    return new_id
