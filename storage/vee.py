"""What the rules of readings look at, read in sets: policy of an organisation, norms, neighbours, houses.

One reading and a month of a whole file go the same way: rows for `billing.vee`, three queries however many.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.history import Mark, Values, consumed
from billing.period import Period
from billing.reading import usual_month
from billing.vee.batch import NONE, Row, batch_of
from billing.vee.evaluate import Verdict, verdicts
from billing.vee.policy import Policy, policy_of
from storage import thresholds
from storage.meters import Known

PREFIX = "vee_"
ASKED_SOURCES = frozenset(("resident", "company"))
"""Senders who sit before a screen and can say «yes, it is right»."""
TWIN_MONTHS = 12  # how far back the other meter of water is looked at


@dataclass(frozen=True, slots=True)
class Taken:
    """A reading to be judged: of a known meter, for a month."""

    known: Known
    values: Values
    taken_on: dt.date
    month: Period
    was_late: bool = False
    total_micro: int = NONE


@dataclass(frozen=True, slots=True)
class Around:
    """What a meter's neighbourhood says (billing.vee.batch.Row)."""

    norm_micro: int = NONE
    twin_micro: int = NONE
    parts_micro: int = NONE


ALONE = Around()


async def policy(session: AsyncSession, company_id: int, day: dt.date) -> Policy:
    """The policy of a company on a day: its own settings over the city's over the product's."""
    return policy_of(thresholds.of_company(await thresholds.in_force(session, PREFIX, day), company_id))


async def judge(session: AsyncSession, given: Sequence[Taken], today: dt.date) -> list[Verdict]:
    """Verdicts on readings of one company, whatever their months."""
    if not given:
        return []
    rules = await policy(session, given[0].known.company_id, given[0].month.first_day)
    near = await around(session, given)
    rows = [row_of(one, near.get(one.known.id, ALONE), today) for one in given]
    return verdicts(batch_of(rows), rules)


def row_of(given: Taken, near: Around, today: dt.date) -> Row:
    """A reading with everything its rules look at."""
    known, month = given.known, given.month.ordinal
    previous = known.previous(month)
    points = known.points(month - 1)
    usual = usual_month(points, known.card.digits)
    zero_months, same_count, last_volume = _streaks(points, known.card.digits)
    current = known.at(month)
    return Row(
        meter=known.card,
        values=given.values,
        taken=given.taken_on.toordinal(),
        today=today.toordinal(),
        month=month,
        before=previous.values,
        before_month=previous.month,
        before_taken=previous.taken_on.toordinal(),
        usual_low=NONE if usual is None else usual[0],
        usual_high=NONE if usual is None else usual[1],
        zero_months=zero_months,
        same_count=same_count,
        last_volume=last_volume,
        current=None if current is None else current.values,
        current_taken=0 if current is None else current.taken_on.toordinal(),
        verified_until=0 if known.verified_until is None else known.verified_until.toordinal(),
        was_late=given.was_late,
        norm_micro=near.norm_micro,
        twin_micro=near.twin_micro,
        parts_micro=near.parts_micro,
        total_micro=given.total_micro,
    )


def _streaks(points: Sequence[Mark], digits: int) -> tuple[int, int, int]:
    """Months of nothing used at the end of the past, intervals of one volume there, and that volume."""
    past = [
        (after.month - before.month, sum(consumed(before.values, after.values, digits)))
        for before, after in pairwise(points)
    ]
    zero_months = same = 0
    for months, volume in reversed(past):
        if volume:
            break
        zero_months += months
    for months, volume in reversed(past):
        if months != 1 or volume != past[-1][1]:
            break
        same += 1
    return zero_months, same, past[-1][1] if past else NONE


AROUND = """
WITH given AS (
  SELECT * FROM unnest(CAST(:ids AS int[]), CAST(:months AS date[]), CAST(:befores AS date[]))
             AS g (id, month, before))
SELECT m.id,
       CASE WHEN m.account_id IS NULL THEN -1 ELSE coalesce(n.value, -2) END AS norm,
       coalesce(t.value, -1) AS twin,
       CASE WHEN m.account_id IS NULL THEN coalesce(p.value, -1) ELSE -1 END AS parts
  FROM given g JOIN meters m ON m.id = g.id JOIN houses h ON h.id = m.house_id
  LEFT JOIN LATERAL (
    SELECT greatest(f.residents, f.owners, 1) AS people, f.area_dm2 FROM account_facts f
     WHERE f.account_id = m.account_id AND f.superseded_at IS NULL AND f.valid_from <= g.month
       AND (f.valid_to IS NULL OR f.valid_to > g.month) ORDER BY f.valid_from DESC LIMIT 1) f ON true
  LEFT JOIN LATERAL (
    SELECT max(CASE n.kind WHEN 'area' THEN div(n.value_micro::numeric * coalesce(f.area_dm2, 0), 100)
                    ELSE n.value_micro * coalesce(f.people, 1) END)::bigint AS value
      FROM norms n
     WHERE n.service = m.service AND n.kind IN ('person', 'area') AND n.superseded_at IS NULL
       AND n.valid_from <= g.month AND (n.valid_to IS NULL OR n.valid_to > g.month)
       AND (n.organisation_id IS NULL OR n.organisation_id = m.company_id)
       AND (n.zone_id IS NULL OR n.zone_id = h.zone_id)
       AND (n.house_id IS NULL OR n.house_id = m.house_id)) n ON true
  LEFT JOIN LATERAL (
    SELECT coalesce(r.value1_micro, o.initial1_micro) AS value FROM meters o
      LEFT JOIN LATERAL (
        SELECT r.value1_micro FROM readings r
         WHERE r.meter_id = o.id AND r.period < g.month AND r.period >= :since AND r.superseded_at IS NULL
           AND r.status = 'accepted' ORDER BY r.period DESC LIMIT 1) r ON true
     WHERE m.service IN (1, 2) AND o.account_id = m.account_id AND o.service = 3 - m.service
       AND o.removed_on IS NULL ORDER BY o.id LIMIT 1) t ON true
  LEFT JOIN LATERAL (
    SELECT sum(greatest(r.value1_micro - r.prev1_micro, 0) + greatest(r.value2_micro - r.prev2_micro, 0)
               + greatest(r.value3_micro - r.prev3_micro, 0))::bigint AS value
      FROM readings r
     WHERE m.account_id IS NULL AND r.house_id = m.house_id AND r.account_id IS NOT NULL
       AND r.period > g.before AND r.period <= g.month AND r.prev_period >= g.before
       AND r.superseded_at IS NULL AND r.status = 'accepted'
       AND r.meter_id IN (SELECT i.id FROM meters i WHERE i.house_id = m.house_id AND i.service = m.service
                             AND i.account_id IS NOT NULL)) p ON true
"""


async def around(session: AsyncSession, given: Sequence[Taken]) -> dict[int, Around]:
    """Norm of the account, the other meter of water, the flats of a house: by meter, one query."""
    if not given:
        return {}
    first = min(one.month for one in given)
    found = await session.execute(
        text(AROUND),
        {
            "ids": [one.known.id for one in given],
            "months": [one.month.first_day for one in given],
            "befores": [Period(one.known.previous(one.month.ordinal).month).first_day for one in given],
            "since": first.shift(-TWIN_MONTHS).first_day,
        },
    )
    return {row.id: Around(row.norm, row.twin, row.parts) for row in found}
