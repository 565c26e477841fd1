"""Stretches of account_facts: split at the days of a change, superseded and never edited.

A stretch is [valid_from, valid_to). The facts known now are the rows not superseded; they do not overlap.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.quantity import format_scaled
from storage import late_facts
from storage.late_facts import LateFact

FOREVER = dt.date.max
AREA_SCALE = 100  # dm2 in a m2
OF_DEED = ""  # the ground of the deed that is made now


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules need of an account over a stretch; areas in dm2, None = nobody wrote it down."""

    area_dm2: int | None
    living_area_dm2: int | None
    heated_area_dm2: int | None
    residents: int
    temporary: int
    owners: int
    meter_impossible: int


UNKNOWN = Facts(None, None, None, 0, 0, 1, 0)
"""Of an account nobody has told anything about yet; an owner there always is (Rules 354, п. 56(2))."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Facts with the days they hold on; id 0 = a new row. ground: what they were known by, kept when only
    the days change (None = nobody wrote it down); OF_DEED for facts that change now.
    """

    id: int
    first: dt.date
    after: dt.date
    facts: Facts
    ground: str | None = OF_DEED


def split(
    stretches: list[Stretch], first: dt.date, after: dt.date, change: Callable[[Facts], Facts]
) -> list[Stretch]:
    """The stretches with `change` made on the days [first, after); rows that did not change keep their id."""
    assert first < after, "a stretch has at least a day"
    out: list[Stretch] = []
    for stretch in stretches:
        start, end = max(stretch.first, first), min(stretch.after, after)
        changed = change(stretch.facts) if start < end else stretch.facts
        if changed == stretch.facts:
            out.append(stretch)
            continue
        if stretch.first < start:
            out.append(replace(stretch, id=0, after=start))
        out.append(Stretch(0, start, end, changed))
        if end < stretch.after:
            out.append(replace(stretch, id=0, first=end))
    return out


async def change_facts(
    session: AsyncSession,
    account_id: int,
    first: dt.date,
    after: dt.date | None,
    change: Callable[[Facts], Facts],
    ground: str,
) -> bool:
    """Make a change on [first, after), None = for good; whether anything changed. The caller holds the
    account.
    """
    known = await _known(session, account_id)
    start = known or [Stretch(0, first, FOREVER, UNKNOWN)]
    wanted = split(start, first, FOREVER if after is None else after, change)
    if wanted == start:
        return False
    kept = {stretch.id for stretch in wanted}
    await session.execute(
        text("UPDATE account_facts SET superseded_at = clock_timestamp() WHERE id = ANY(:ids)"),
        {"ids": [stretch.id for stretch in known if stretch.id not in kept]},
    )
    newest = 0
    for stretch in wanted:
        if stretch.id == 0:
            newest = await _insert(
                session, account_id, stretch, ground if stretch.ground == OF_DEED else stretch.ground
            )
    await late_facts.note(session, [late_fact(account_id, start, wanted, ground, newest)])
    return True


def late_fact(
    account_id: int, before: Sequence[Stretch], after: Sequence[Stretch], ground: str, number: int
) -> LateFact:
    """The change for the queue of late facts: from its first day until the facts are as they were again."""
    made = [one for one in after if one.id == 0 and one.ground == OF_DEED]
    first, last = min(one.first for one in made), max(one.after for one in made)
    was = next((one.facts for one in before if one.first <= first < one.after), UNKNOWN)
    kind, words = told(was, made[0].facts)
    return LateFact(
        key=f"facts-{number}",
        kind=kind,
        happened_on=first,
        after=None if last == FOREVER else last,
        words=words,
        ground=ground,
        account_id=account_id,
    )


def told(was: Facts, now: Facts) -> tuple[str, str]:
    """What changed, as the kind of a late fact and in words."""
    for kind, name, words in (
        ("people", "residents", "Проживающих: {} → {}"),
        ("people", "temporary", "Временно проживающих: {} → {}"),
        ("owner", "owners", "Собственников: {} → {}"),
        ("area", "area_dm2", "Площадь, м²: {} → {}"),
        ("area", "living_area_dm2", "Жилая площадь, м²: {} → {}"),
        ("area", "heated_area_dm2", "Отапливаемая площадь, м²: {} → {}"),
    ):
        old, new = getattr(was, name), getattr(now, name)
        if old != new:
            pair = [_area(one) if kind == "area" else str(one) for one in (old, new)]
            return kind, words.format(*pair)
    return "meter", "Возможность установить счётчик: изменилась"


def _area(dm2: int | None) -> str:
    return "нет" if dm2 is None else format_scaled(dm2, AREA_SCALE, 2)


async def facts_on(session: AsyncSession, account_id: int, day: dt.date) -> Facts:
    """What is known now of a day."""
    known = await _known(session, account_id)
    return next((one.facts for one in known if one.first <= day < one.after), UNKNOWN)


async def _known(session: AsyncSession, account_id: int) -> list[Stretch]:
    rows = await session.execute(
        text(
            "SELECT id, valid_from, valid_to, area_dm2, living_area_dm2, heated_area_dm2, residents, "
            "temporary, "
            "owners, meter_impossible, ground FROM account_facts WHERE account_id = :id AND superseded_at "
            "IS NULL ORDER BY valid_from"
        ),
        {"id": account_id},
    )
    return [
        Stretch(
            row.id,
            row.valid_from,
            FOREVER if row.valid_to is None else row.valid_to,
            Facts(
                row.area_dm2,
                row.living_area_dm2,
                row.heated_area_dm2,
                row.residents,
                row.temporary,
                row.owners,
                row.meter_impossible,
            ),
            row.ground,
        )
        for row in rows
    ]


async def _insert(session: AsyncSession, account_id: int, stretch: Stretch, ground: str | None) -> int:
    facts = stretch.facts
    new_id = await session.scalar(
        text(
            "INSERT INTO account_facts (account_id, house_id, company_id, area_dm2, living_area_dm2, "
            "heated_area_dm2, "
            "residents, temporary, owners, meter_impossible, ground, valid_from, valid_to) "
            "SELECT id, house_id, company_id, :area, :living, :heated, :residents, :temporary, :owners, "
            ":impossible, "
            ":ground, :first, :after FROM accounts WHERE id = :account_id RETURNING id"
        ),
        {
            "account_id": account_id,
            "area": facts.area_dm2,
            "living": facts.living_area_dm2,
            "heated": facts.heated_area_dm2,
            "residents": facts.residents,
            "temporary": facts.temporary,
            "owners": facts.owners,
            "impossible": facts.meter_impossible,
            "ground": ground,
            "first": stretch.first,
            "after": None if stretch.after == FOREVER else stretch.after,
        },
    )
    return int(new_id or 0)
