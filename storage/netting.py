"""The rule of surpluses before penalties: tried on all accounts of an organisation, chosen by two persons.

A rule is a row of `settings` (penalty_netting) of the organisation from a day on; without one a surplus pays
any debt of the account. Nothing of it is posted: the books keep what was put on whom, penalties read it
another way.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from billing.period import Period
from storage import outbox, second_person
from storage import trials as trials_of
from storage.penalty_law import NETTING, REACHES
from storage.second_person import ValueRefused
from storage.session import Session
from storage.trials import LIVE, TRIALS_MAX

TRY = "commands.penalties.try"
DEFAULT = "account"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule in force or still to come."""

    company_id: int
    company_name: str
    reach: str
    valid_from: dt.date
    ground: str | None
    is_now: bool


@dataclass(frozen=True, slots=True)
class Trial:
    """A rule on trial with what it would change."""

    id: int
    company_id: int
    company_name: str
    reach: str
    reach_now: str
    valid_from: dt.date
    period: dt.date
    until: dt.date
    state: str
    created_by: int
    created_by_name: str | None
    created_at: dt.datetime
    ground: str | None
    proposed_by: int | None
    proposed_by_name: str | None
    decided_by_name: str | None
    decided_at: dt.datetime | None
    done_count: int
    total_count: int
    more_count: int
    less_count: int
    more_kopecks: int
    less_kopecks: int
    always_more_count: int
    always_less_count: int
    always_more_kopecks: int
    always_less_kopecks: int
    error: str | None

    @property
    def is_live(self) -> bool:
        """Whether a worker has it before it."""
        return self.state in LIVE


RULES = """
SELECT s.organisation_id AS company_id, o.short_name AS company_name, s.value AS reach, s.valid_from,
       s.ground,
       s.valid_from <= :day AND NOT EXISTS (
         SELECT 1 FROM settings n WHERE n.key = s.key AND n.organisation_id = s.organisation_id
            AND n.superseded_at IS NULL AND n.valid_from > s.valid_from AND n.valid_from <= :day) AS is_now
  FROM settings s JOIN organisations o ON o.id = s.organisation_id
 WHERE s.key = :key AND s.superseded_at IS NULL
 ORDER BY o.short_name, s.organisation_id, s.valid_from DESC"""

TRIALS = """
SELECT t.id, t.company_id, o.short_name AS company_name, t.reach,
       coalesce((SELECT s.value FROM settings s WHERE s.key = 'penalty_netting' AND s.superseded_at IS NULL
                    AND s.organisation_id = t.company_id AND s.valid_from < t.valid_from
                  ORDER BY s.valid_from DESC LIMIT 1), 'account') AS reach_now,
       t.valid_from, t.period, t.until, t.state, t.created_by, c.full_name AS created_by_name, t.created_at,
       t.ground, t.proposed_by, p.full_name AS proposed_by_name, d.full_name AS decided_by_name, t.decided_at,
       t.done_count, t.total_count, t.error, a.*
  FROM netting_trials t JOIN organisations o ON o.id = t.company_id
  LEFT JOIN users c ON c.id = t.created_by
  LEFT JOIN users p ON p.id = t.proposed_by
  LEFT JOIN users d ON d.id = t.decided_by
 CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE then_kopecks > now_kopecks)::int AS more_count,
           count(*) FILTER (WHERE then_kopecks < now_kopecks)::int AS less_count,
           coalesce(sum(then_kopecks - now_kopecks) FILTER (WHERE then_kopecks > now_kopecks), 0)::bigint
             AS more_kopecks,
           coalesce(sum(now_kopecks - then_kopecks) FILTER (WHERE then_kopecks < now_kopecks), 0)::bigint
             AS less_kopecks,
           count(*) FILTER (WHERE always_kopecks > now_kopecks)::int AS always_more_count,
           count(*) FILTER (WHERE always_kopecks < now_kopecks)::int AS always_less_count,
           coalesce(sum(always_kopecks - now_kopecks) FILTER (WHERE always_kopecks > now_kopecks), 0)::bigint
             AS always_more_kopecks,
           coalesce(sum(now_kopecks - always_kopecks) FILTER (WHERE always_kopecks < now_kopecks), 0)::bigint
             AS always_less_kopecks
      FROM netting_trial_accounts x WHERE x.trial_id = t.id) a"""


async def rules(session: Session, day: dt.date) -> list[Rule]:
    """Rules that were chosen, those of a later day too; organisations without one go by the default."""
    found = await session.execute(text(RULES), {"key": NETTING, "day": day})
    return [Rule(**row._mapping) for row in found]


async def trials(session: Session) -> list[Trial]:
    """The newest trials."""
    found = await session.execute(text(f"{TRIALS} ORDER BY t.id DESC LIMIT {TRIALS_MAX}"))
    return [Trial(**row._mapping) for row in found]


async def trial(session: Session, trial_id: int) -> Trial | None:
    """One trial."""
    row = (await session.execute(text(f"{TRIALS} WHERE t.id = :id"), {"id": trial_id})).one_or_none()
    return None if row is None else Trial(**row._mapping)


async def ask(
    session: Session, company_id: int, reach: str, valid_from: dt.date, user_id: int, command_id: str
) -> int:
    """Ask a worker to count penalties by both rules; the same command_id again gives the same trial.

    Raises ValueRefused when no month is open, the day lies before it, or the rule is already so.
    """
    known = await trials_of.known(session, "netting_trials", command_id)
    if known is not None:
        return known
    period = await session.scalar(text("SELECT period FROM months WHERE state = 'open'"))
    if period is None:
        raise ValueRefused("no-month", "Открытого месяца нет: сравнить не с чем. Откройте месяц.")
    if valid_from < period:
        raise ValueRefused(
            "valid_from",
            f"Правило начинает действовать в открытом месяце или позже: не раньше {period:%d.%m.%Y}. "
            "Пени закрытых месяцев посчитаны по прежнему.",
        )
    if await _before(session, company_id, valid_from) == reach:
        raise ValueRefused("reach", "На этот день правило уже такое. Выберите другое.")
    trial_id = await session.scalar(
        text("""
        INSERT INTO netting_trials (company_id, reach, valid_from, period, until, command_id, created_by)
        VALUES (:company, :reach, :day, :period, :until, :command, :user_id) RETURNING id"""),
        {
            "company": company_id,
            "reach": reach,
            "day": valid_from,
            "period": period,
            "until": Period.of(period).last_day,
            "command": command_id,
            "user_id": user_id,
        },
    )
    await outbox.add(session, TRY, {"netting_trial_id": int(trial_id)}, f"netting-try-{trial_id}")
    return int(trial_id)


async def _before(session: Session, company_id: int, day: dt.date) -> str:
    found = await session.scalar(
        text("""
        SELECT value FROM settings WHERE key = :key AND organisation_id = :company AND superseded_at IS NULL
           AND valid_from <= :day ORDER BY valid_from DESC LIMIT 1"""),
        {"key": NETTING, "company": company_id, "day": day},
    )
    return str(found or DEFAULT)


async def propose(session: Session, trial_id: int, ground: str, user_id: int) -> None:
    """Choose what was tried; it waits for a second person. Raises ValueRefused when it was not counted."""
    row = await trials_of.counted(session, "netting_trials", trial_id)
    await _still_true(session, row.period, row.valid_from)
    await trials_of.choose(session, "netting_trials", trial_id, ground, user_id)


async def _still_true(session: Session, period: dt.date, valid_from: dt.date) -> None:
    now = await session.scalar(text("SELECT period FROM months WHERE state = 'open'"))
    if now != period or valid_from < period:
        raise ValueRefused(
            "stale", "Пробу считали в другом месяце, с тех пор долги изменились. Посчитайте её заново."
        )


async def approve(session: Session, trial_id: int, user_id: int, now: dt.datetime) -> None:
    """Put the rule in force from its day. Raises ValueRefused when it is one's own, decided, or stale."""
    row = await second_person.take(session, "netting_trials", trial_id)
    second_person.refuse_own(row, user_id)
    await _still_true(session, row.period, row.valid_from)
    assert row.reach in REACHES
    known = {"key": NETTING, "company": row.company_id, "day": row.valid_from}
    await session.execute(
        text("""
        UPDATE settings SET superseded_at = now() WHERE key = :key AND organisation_id = :company
           AND superseded_at IS NULL AND valid_from >= :day"""),
        known,
    )
    await session.execute(
        text("""
        INSERT INTO settings (organisation_id, key, value, ground, valid_from)
        VALUES (:company, :key, :value, :ground, :day)"""),
        {**known, "value": row.reach, "ground": row.ground},
    )
    await second_person.decide(session, "netting_trials", trial_id, "approved", user_id, now)


async def decline(session: Session, trial_id: int, user_id: int, now: dt.datetime) -> None:
    """Leave the rule as it is; the trial stays with who declined it."""
    await second_person.take(session, "netting_trials", trial_id)
    await second_person.decide(session, "netting_trials", trial_id, "declined", user_id, now)
