"""The queue «Задним числом»: a fact whose true date lies in a closed month waits here for a correction.

Whoever writes a fact the rules read tells of it here in the same transaction; facts of the open month are let
through. A correction takes in the facts its scope and months cover; an undone draft gives them back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.period import Period

KINDS = {
    "people": "Проживающие",
    "area": "Площадь",
    "owner": "Собственники",
    "absence": "Отсутствие",
    "reading": "Показание",
    "meter": "Счётчик",
    "quality": "Перерыв или качество",
    "tariff": "Тариф",
    "norm": "Норматив",
    "benefit": "Льгота",
    "service": "Услуга",
    "method": "Способ расчёта",
}
WORDS_MAX = 300


@dataclass(frozen=True, slots=True)
class LateFact:
    """A fact as it was entered; only one that touches a closed month is kept.

    after: the first day it no longer matters, None = it still does. An account, a house, or a value: its
    service with organisation and zone (None = all of them).
    """

    key: str
    kind: str
    happened_on: dt.date
    after: dt.date | None
    words: str
    ground: str = ""
    account_id: int | None = None
    house_id: int | None = None
    service: int | None = None
    organisation_id: int | None = None
    zone_id: int | None = None


NOTE = """
INSERT INTO late_facts (key, kind, account_id, house_id, company_id, organisation_id, zone_id, service,
                        happened_on, first_period, last_period, words, ground, recorded_by)
SELECT f.key, f.kind, f.account_id, coalesce(a.house_id, h.id), coalesce(a.company_id, h.company_id),
       f.organisation_id, f.zone_id, f.service, f.happened_on, s.first, s.last, f.words, f.ground,
       paylogic_user()
  FROM unnest(CAST(:key AS text[]), CAST(:kind AS text[]), CAST(:happened_on AS date[]),
              CAST(:after AS date[]), CAST(:words AS text[]), CAST(:ground AS text[]),
              CAST(:account_id AS int[]), CAST(:house_id AS int[]), CAST(:service AS smallint[]),
              CAST(:organisation_id AS int[]), CAST(:zone_id AS smallint[]))
    AS f(key, kind, happened_on, after, words, ground, account_id, house_id, service, organisation_id,
         zone_id)
  LEFT JOIN accounts a ON a.id = f.account_id
  LEFT JOIN houses h ON h.id = f.house_id
  CROSS JOIN (
    SELECT min(period) AS first,
           coalesce(max(period) FILTER (WHERE state = 'open'), (max(period) + interval '1 month')::date)
             AS opened
      FROM months) m
  CROSS JOIN LATERAL (
    SELECT greatest(date_trunc('month', f.happened_on)::date, m.first) AS first,
           (least(date_trunc('month', coalesce(f.after - 1, m.opened))::date,
                  m.opened - interval '1 month'))::date AS last) s
 WHERE s.first <= s.last
ON CONFLICT (key) DO NOTHING"""


async def note(session: AsyncSession, facts: Sequence[LateFact]) -> None:
    """Keep those that touch a closed month; the same key again changes nothing."""
    if not facts:
        return
    names = LateFact.__slots__
    columns: dict[str, list[object]] = {name: [getattr(fact, name) for fact in facts] for name in names}
    columns["words"] = [fact.words[:WORDS_MAX] for fact in facts]
    await session.execute(text(NOTE), columns)


WAITING = """f.dismissed_at IS NULL AND (f.run_id IS NULL OR EXISTS (
  SELECT 1 FROM runs r WHERE r.id = f.run_id AND r.state IN ('undone', 'failed')))"""
"""Of a row f of late_facts: no living correction has it."""

TAKE_IN = """
UPDATE late_facts f SET run_id = :run_id
 WHERE {waiting} AND greatest(f.first_period, :oldest) >= :first AND f.last_period <= :last AND {scope}"""
COVERED = {
    "account": "f.account_id = :scope_id",
    "house": "f.house_id = :scope_id",
    "organisation": "f.company_id = :scope_id",
    "city": "CAST(:scope_id AS int) IS NULL",
}


async def take_in(
    session: AsyncSession,
    run_id: int,
    scope_kind: str,
    scope_id: int | None,
    months: tuple[Period, Period],
    oldest: Period,
) -> None:
    """A correction of these months over the scope takes in the waiting facts it covers.

    oldest: before this month nothing can be corrected, so a fact from before it is covered all the same.
    """
    await session.execute(
        text(TAKE_IN.format(waiting=WAITING, scope=COVERED[scope_kind])),
        {
            "run_id": run_id,
            "scope_id": scope_id,
            "first": months[0].first_day,
            "last": months[1].first_day,
            "oldest": oldest.first_day,
        },
    )


@dataclass(frozen=True, slots=True)
class Filter:
    """Which facts: empty means any. house_id, account_id: exactly there; street: its beginning."""

    ids: tuple[int, ...] = ()
    kind: str | None = None
    street: str = ""
    number: str = ""
    house_id: int | None = None
    run_id: int | None = None

    def values(self) -> Mapping[str, object]:
        """Parameters of FILTER."""
        return {
            "ids": list(self.ids) or None,
            "kind": self.kind,
            "street": self.street,
            "number": self.number,
            "house_id": self.house_id,
            "of_run": self.run_id,
        }


FILTER = """
 (CAST(:ids AS int[]) IS NULL OR f.id = ANY (CAST(:ids AS int[])))
 AND (CAST(:kind AS text) IS NULL OR f.kind = :kind)
 AND (CAST(:house_id AS int) IS NULL OR f.house_id = :house_id)
 AND (CAST(:of_run AS int) IS NULL OR f.run_id = :of_run)
 AND (CAST(:street AS text) = '' OR f.house_id IN (
        SELECT h.id FROM houses h JOIN streets s ON s.id = h.street_id
         WHERE s.search_name LIKE CAST(:street AS text) || '%'))
 AND (CAST(:number AS text) = '' OR f.account_id IN (
        SELECT a.id FROM accounts a WHERE a.number = CAST(:number AS text)))"""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the chosen waiting facts come to."""

    facts_count: int
    houses_count: int
    values_count: int
    first: dt.date | None
    last: dt.date | None
    house_id: int | None
    company_id: int | None
    kind: str | None
    ground: str | None


CHOSEN = f"""
SELECT count(*)::int AS facts_count, count(DISTINCT f.house_id)::int AS houses_count,
       (count(*) FILTER (WHERE f.house_id IS NULL))::int AS values_count,
       min(f.first_period) AS first, max(f.last_period) AS last,
       CASE WHEN count(DISTINCT f.house_id) = 1 THEN min(f.house_id) END AS house_id,
       CASE WHEN count(DISTINCT f.company_id) = 1 THEN min(f.company_id) END AS company_id,
       CASE WHEN count(DISTINCT f.kind) = 1 THEN min(f.kind) END AS kind,
       CASE WHEN count(DISTINCT f.ground) = 1 THEN min(f.ground) END AS ground
  FROM late_facts f WHERE {WAITING} AND {FILTER}"""  # noqa: S608 - words of ours


async def chosen(session: AsyncSession, wanted: Filter) -> Chosen:
    """Sums over the waiting facts of a filter."""
    row = (await session.execute(text(CHOSEN), wanted.values())).one()
    return Chosen(**row._mapping)


TAKE = f"""
UPDATE late_facts f SET run_id = :run_id
 WHERE {WAITING} AND {FILTER} AND f.last_period < :opened"""  # noqa: S608 - words of ours


async def take(session: AsyncSession, run_id: int, wanted: Filter, opened: Period) -> int:
    """Give the waiting facts of a filter to a correction; how many."""
    values = {**wanted.values(), "run_id": run_id, "opened": opened.first_day}
    taken = await session.execute(text(f"{TAKE} RETURNING f.id"), values)
    return len(taken.all())


DISMISS = """
UPDATE late_facts f SET dismissed_at = clock_timestamp(), dismissed_by = :user_id, dismissal = :why
 WHERE f.id = ANY (CAST(:ids AS int[])) AND {waiting} RETURNING f.id"""
DISMISS_OF_RUN = """
UPDATE late_facts f SET dismissed_at = clock_timestamp(), dismissed_by = :user_id, dismissal = :why
 WHERE f.run_id = :run_id AND f.dismissed_at IS NULL RETURNING f.id"""


async def dismiss(session: AsyncSession, ids: Sequence[int], why: str, user_id: int) -> int:
    """Take waiting facts out of the queue without a correction, saying why; how many."""
    values = {"ids": list(ids), "why": why, "user_id": user_id}
    gone = await session.execute(text(DISMISS.format(waiting=WAITING)), values)
    return len(gone.all())


async def dismiss_of_run(session: AsyncSession, run_id: int, why: str, user_id: int) -> int:
    """Take the facts of a draft that found no difference out of the queue; how many."""
    values = {"run_id": run_id, "why": why, "user_id": user_id}
    return len((await session.execute(text(DISMISS_OF_RUN), values)).all())
