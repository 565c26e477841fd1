"""An order of payments tried on real payments of closed months, then chosen by one, approved by another.

A trial writes nothing on the books: workers share the payments anew (storage.policy_trial_work), pages show
what would have gone elsewhere. What is approved is put in force by storage.payment_policy.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text

from billing.allocation import Policy
from storage import outbox, payment_policy, second_person, trials
from storage.jsonb import parsed
from storage.second_person import ValueRefused
from storage.session import Session

TRY = "commands.whatif.policy"
TABLE: trials.TrialTable = "policy_trials"
MONTHS = (1, 3, 12)
"""How many closed months a trial may take."""


@dataclass(frozen=True, slots=True)
class PolicyTrial:
    """An order on trial with how far it came."""

    id: int
    organisation_id: int | None
    name: str | None
    said: dict[str, str]
    said_before: dict[str, str]
    valid_from: dt.date
    first_month: dt.date
    last_month: dt.date
    state: str
    created_by_name: str | None
    created_at: dt.datetime
    ground: str | None
    proposed_by: int | None
    proposed_by_name: str | None
    decided_by_name: str | None
    decided_at: dt.datetime | None
    done_count: int
    total_count: int
    payments_count: int
    changed_count: int
    proved_count: int
    accounts_count: int
    moved_kopecks: int
    penalty_kopecks: int
    error: str | None

    @property
    def is_live(self) -> bool:
        """Whether a worker has it before it."""
        return self.state in trials.LIVE

    @property
    def policy(self) -> Policy:
        """The order on trial."""
        return payment_policy.parse(self.said)

    @property
    def before(self) -> Policy:
        """The order in force without it."""
        return payment_policy.parse(self.said_before)


TRIALS = """
SELECT t.id, t.organisation_id, o.short_name AS name, t.said, t.said_before, t.valid_from, t.first_month,
       t.last_month, t.state, c.full_name AS created_by_name, t.created_at, t.ground, t.proposed_by,
       p.full_name AS proposed_by_name, d.full_name AS decided_by_name, t.decided_at, t.done_count,
       t.total_count, t.payments_count, t.changed_count, t.proved_count, a.*, t.error
  FROM policy_trials t LEFT JOIN organisations o ON o.id = t.organisation_id
  LEFT JOIN users c ON c.id = t.created_by
  LEFT JOIN users p ON p.id = t.proposed_by
  LEFT JOIN users d ON d.id = t.decided_by
 CROSS JOIN LATERAL (
    SELECT count(*)::int AS accounts_count, coalesce(sum(moved_kopecks), 0)::bigint AS moved_kopecks,
           coalesce(sum(penalty_kopecks), 0)::bigint AS penalty_kopecks
      FROM policy_trial_accounts x WHERE x.trial_id = t.id) a"""


async def newest(session: Session) -> list[PolicyTrial]:
    """The newest trials."""
    found = await session.execute(text(f"{TRIALS} ORDER BY t.id DESC LIMIT {trials.TRIALS_MAX}"))
    return [_trial(row) for row in found]


async def trial(session: Session, trial_id: int) -> PolicyTrial | None:
    """One trial."""
    row = (await session.execute(text(f"{TRIALS} WHERE t.id = :id"), {"id": trial_id})).one_or_none()
    return None if row is None else _trial(row)


def _trial(row: Row[Any]) -> PolicyTrial:
    words = {name: parsed(getattr(row, name)) for name in ("said", "said_before")}
    return PolicyTrial(**{**row._mapping, **words})


async def ask(
    session: Session,
    organisation_id: int | None,
    policy: Policy,
    valid_from: dt.date,
    months: int,
    user_id: int,
    command_id: str,
) -> int:
    """Ask a worker to share real payments by the order; the same command_id again gives the same trial.

    organisation_id: None is the city. Raises ValueRefused when the order is so already or there is no month.
    """
    known = await trials.known(session, TABLE, command_id)
    if known is not None:
        return known
    said = payment_policy.in_words(policy)
    before = await _in_force(session, organisation_id, valid_from)
    if said == before:
        raise ValueRefused("inside", "На этот день порядок уже такой. Выберите другой.")
    first, last = await _span(session, months)
    trial_id = await session.scalar(
        text("""
        INSERT INTO policy_trials (organisation_id, said, said_before, valid_from, first_month, last_month,
                                   command_id, created_by)
        VALUES (:organisation, CAST(:said AS jsonb), CAST(:before AS jsonb), :day, :first, :last, :command,
                :user_id) RETURNING id"""),
        {
            "organisation": organisation_id,
            "said": json.dumps(said),
            "before": json.dumps(before),
            "day": valid_from,
            "first": first,
            "last": last,
            "command": command_id,
            "user_id": user_id,
        },
    )
    await outbox.add(session, TRY, {"policy_trial_id": int(trial_id)}, f"policy-try-{trial_id}")
    return int(trial_id)


async def _in_force(session: Session, organisation_id: int | None, day: dt.date) -> dict[str, str]:
    said = await payment_policy.said_on(session, [] if organisation_id is None else [organisation_id], day)
    return payment_policy.in_words(payment_policy.parse(payment_policy.merged(said, organisation_id)))


async def _span(session: Session, months: int) -> tuple[dt.date, dt.date]:
    """The newest closed months; the open one where none is closed yet."""
    found = await session.execute(
        text("""
        SELECT period FROM months m
         WHERE state = 'closed' OR NOT EXISTS (SELECT 1 FROM months c WHERE c.state = 'closed')
         ORDER BY period DESC LIMIT :months"""),
        {"months": months},
    )
    periods = list(found.scalars())
    if not periods:
        raise ValueRefused("months", "Ни одного месяца нет: проверить не на чем. Откройте первый месяц.")
    return min(periods), max(periods)


async def propose(session: Session, trial_id: int, ground: str, user_id: int) -> None:
    """Choose what was tried; it waits for a second person. Raises ValueRefused when it was not counted."""
    row = await trials.counted(session, TABLE, trial_id)
    await _still_true(session, row.organisation_id, row.valid_from, parsed(row.said_before))
    await trials.choose(session, TABLE, trial_id, ground, user_id)


async def _still_true(
    session: Session, organisation_id: int | None, day: dt.date, before: Mapping[str, str]
) -> None:
    if await _in_force(session, organisation_id, day) != before:
        raise ValueRefused(
            "stale",
            "С тех пор порядок погашения уже изменили, проба сравнивала с прежним. Посчитайте её заново.",
        )


async def approve(session: Session, trial_id: int, user_id: int, now: dt.datetime) -> None:
    """Put the order in force from its day. Raises ValueRefused when it is one's own, decided, or stale."""
    row = await second_person.take(session, TABLE, trial_id)
    second_person.refuse_own(row, user_id)
    await _still_true(session, row.organisation_id, row.valid_from, parsed(row.said_before))
    policy = payment_policy.parse(parsed(row.said))
    await payment_policy.set_policy(session, row.organisation_id, policy, row.valid_from, row.ground)
    await second_person.decide(session, TABLE, trial_id, "approved", user_id, now)


async def decline(session: Session, trial_id: int, user_id: int, now: dt.datetime) -> None:
    """Leave the order as it is; the trial stays with who declined it."""
    await second_person.take(session, TABLE, trial_id)
    await second_person.decide(session, TABLE, trial_id, "declined", user_id, now)
