"""The overdue process by rule: cases are opened, go on and close by themselves; steps are drafted for people.

For workers, daily and after every count of debtors; repeating it on a day changes nothing. What an agreement
or a person holds back is left where it is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from billing.overdue import OF_LAW, RESTRICTABLE, STAGES, Stage, Terms, following, restrictable
from storage.debt_agreements import under_agreement
from storage.overdue_norms import norms_of
from storage.overdue_terms import terms_by_company
from storage.session import Session

ADVANCE_LOCK = 7_120_391
LEGAL_DRAFTS_MAX = 5_000
"""Candidates of cl. 117–119 looked at in one go: each needs the rules of its house. The rest go next time."""
DEBT_COLUMNS = {service: f"{service.name.lower()}_kopecks" for service in RESTRICTABLE}

MARK = """
UPDATE debtors SET is_agreed = NOT is_agreed WHERE is_agreed <> (account_id = ANY (CAST(:agreed AS int[])))"""

CLOSE = """
UPDATE debt_cases c SET closed_on = :day, close_reason = 'paid', ready_on = NULL
 WHERE c.closed_on IS NULL
   AND NOT EXISTS (SELECT 1 FROM debtors d WHERE d.account_id = c.account_id AND d.overdue_kopecks > 0)"""

DROP = """
UPDATE debt_steps s SET state = 'dropped' FROM debt_cases c
 WHERE s.state = 'draft' AND c.id = s.case_id
   AND (c.closed_on IS NOT NULL OR c.held_until > :day OR c.account_id = ANY (CAST(:agreed AS int[])))"""

UNFIT = """
UPDATE debt_steps s SET state = 'dropped'
  FROM unnest(CAST(:companies AS int[]), CAST(:stages AS text[]), CAST(:months AS int[]),
              CAST(:kopecks AS bigint[])) AS t(company_id, stage, months, kopecks), debtors d
 WHERE s.state = 'draft' AND t.company_id = s.company_id AND t.stage = s.stage AND d.account_id = s.account_id
   AND (d.months < t.months OR d.overdue_kopecks < t.kopecks)"""

REFRESH = """
UPDATE debt_steps s SET amount_kopecks = d.overdue_kopecks + d.penalty_kopecks FROM debtors d
 WHERE s.state = 'draft' AND d.account_id = s.account_id
   AND s.amount_kopecks <> d.overdue_kopecks + d.penalty_kopecks"""

OPEN = """
INSERT INTO debt_cases (account_id, company_id, next_stage, ready_on, opened_on)
SELECT d.account_id, d.company_id, t.stage, CAST(:day AS date) + t.wait, :day
  FROM unnest(CAST(:companies AS int[]), CAST(:stages AS text[]), CAST(:waits AS int[]),
              CAST(:months AS int[]), CAST(:kopecks AS bigint[]))
    AS t(company_id, stage, wait, months, kopecks)
  JOIN debtors d ON d.company_id = t.company_id AND d.months >= t.months AND d.overdue_kopecks >= t.kopecks
   AND d.overdue_kopecks > 0
 WHERE NOT EXISTS (SELECT 1 FROM debt_cases c WHERE c.account_id = d.account_id AND c.closed_on IS NULL)
   AND d.account_id <> ALL (CAST(:agreed AS int[]))"""

READY = """
  FROM unnest(CAST(:companies AS int[]), CAST(:stages AS text[]), CAST(:months AS int[]),
              CAST(:kopecks AS bigint[])) AS t(company_id, stage, months, kopecks)
  JOIN debt_cases c ON c.company_id = t.company_id AND c.next_stage = t.stage AND c.closed_on IS NULL
   AND c.ready_on <= :day AND (c.held_until IS NULL OR c.held_until <= :day)
   AND c.account_id <> ALL (CAST(:agreed AS int[]))
  JOIN debtors d ON d.account_id = c.account_id AND d.months >= t.months AND d.overdue_kopecks >= t.kopecks
 WHERE NOT EXISTS (SELECT 1 FROM debt_steps s WHERE s.case_id = c.id AND s.state = 'draft')"""

DRAFT = f"""
INSERT INTO debt_steps (case_id, account_id, company_id, stage, drafted_on, amount_kopecks)
SELECT c.id, c.account_id, c.company_id, t.stage, :day, d.overdue_kopecks + d.penalty_kopecks {READY}"""

LEGAL = f"""
SELECT c.id, c.account_id, c.company_id, t.stage, c.ready_on,
       (d.overdue_kopecks + d.penalty_kopecks)::bigint AS amount,
       {", ".join(f"d.{name}" for name in DEBT_COLUMNS.values())},
       (SELECT s.services FROM debt_steps s WHERE s.case_id = c.id AND s.state = 'approved'
           AND s.stage IN ('notice', 'restriction') ORDER BY s.id DESC LIMIT 1) AS warned,
       (SELECT s.norms FROM debt_steps s WHERE s.case_id = c.id AND s.state = 'approved'
           AND s.stage IN ('notice', 'restriction') ORDER BY s.id DESC LIMIT 1) AS warned_norms {READY}
 ORDER BY c.ready_on, c.id LIMIT :limit"""  # noqa: S608 - names of columns

DRAFT_LEGAL = """
INSERT INTO debt_steps (case_id, account_id, company_id, stage, drafted_on, amount_kopecks, services, norms)
SELECT n.case_id, n.account_id, n.company_id, n.stage, :day, n.amount, n.services::smallint[],
       n.norms::bigint[]
  FROM unnest(CAST(:cases AS int[]), CAST(:accounts AS int[]), CAST(:companies AS int[]),
              CAST(:stages AS text[]), CAST(:amounts AS bigint[]), CAST(:services AS text[]),
              CAST(:norms AS text[]))
    AS n(case_id, account_id, company_id, stage, amount, services, norms)"""

SKIP = """
UPDATE debt_cases c SET next_stage = n.stage, ready_on = n.ready_on
  FROM unnest(CAST(:cases AS int[]), CAST(:stages AS text[]), CAST(:days AS date[])) AS n(id, stage, ready_on)
 WHERE c.id = n.id"""


async def advance(session: Session, day: dt.date) -> int:
    """Bring all cases to a day; how many steps were drafted. One transaction, set-based."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ADVANCE_LOCK})
    agreed = await under_agreement(session, day)
    await session.execute(text(MARK), {"agreed": agreed})
    known = await terms_by_company(session, day)
    await session.execute(text(CLOSE), {"day": day})
    await session.execute(text(DROP), {"day": day, "agreed": agreed})
    await session.execute(text(UNFIT), _asked(known, list(STAGES)))
    await session.execute(text(REFRESH))
    await session.execute(text(OPEN), {"day": day, "agreed": agreed, **_first(known)})
    plain = [stage for stage in STAGES if stage not in OF_LAW]
    made = await session.execute(
        text(f"{DRAFT} RETURNING id"), {"day": day, "agreed": agreed, **_asked(known, plain)}
    )
    drafted = len(made.all())
    return drafted + await _legal(session, day, agreed, known)


def _first(known: Mapping[int, Terms]) -> dict[str, list[Any]]:
    """What a debt must be to open a case: the terms of the first step that is on."""
    rows = [
        (company, stage, terms[stage])
        for company, terms in known.items()
        if (stage := following(None, terms)) is not None
    ]
    return {
        "companies": [company for company, _, _ in rows],
        "stages": [str(stage) for _, stage, _ in rows],
        "waits": [term.wait_days for _, _, term in rows],
        "months": [term.months for _, _, term in rows],
        "kopecks": [term.kopecks for _, _, term in rows],
    }


def _asked(known: Mapping[int, Terms], stages: list[Stage]) -> dict[str, list[Any]]:
    rows = [(company, stage, terms[stage]) for company, terms in known.items() for stage in stages]
    rows = [row for row in rows if row[2].is_on]
    return {
        "companies": [company for company, _, _ in rows],
        "stages": [str(stage) for _, stage, _ in rows],
        "months": [term.months for _, _, term in rows],
        "kopecks": [term.kopecks for _, _, term in rows],
    }


async def _legal(session: Session, day: dt.date, agreed: list[int], known: Mapping[int, Terms]) -> int:
    """Draft steps of cl. 117–119; where no service may be restricted, go past them."""
    found = (
        await session.execute(
            text(LEGAL),
            {"day": day, "agreed": agreed, "limit": LEGAL_DRAFTS_MAX, **_asked(known, list(OF_LAW))},
        )
    ).all()
    warned = [row.account_id for row in found if row.stage == Stage.NOTICE]
    norms = await norms_of(session, warned)
    drafts: list[tuple[Any, list[int], list[int]]] = []
    skips: list[tuple[int, str | None, dt.date | None]] = []
    for row in found:
        services, by_norm = _services(row, norms)
        if services:
            drafts.append((row, services, by_norm))
        else:
            skips.append(_skipped(row, known[row.company_id], day))
    if drafts:
        await session.execute(
            text(DRAFT_LEGAL),
            {
                "day": day,
                "cases": [row.id for row, _, _ in drafts],
                "accounts": [row.account_id for row, _, _ in drafts],
                "companies": [row.company_id for row, _, _ in drafts],
                "stages": [row.stage for row, _, _ in drafts],
                "amounts": [row.amount for row, _, _ in drafts],
                "services": [_array(services) for _, services, _ in drafts],
                "norms": [_array(by_norm) for _, _, by_norm in drafts],
            },
        )
    if skips:
        cases, stages, days = zip(*skips, strict=True)
        await session.execute(text(SKIP), {"cases": list(cases), "stages": list(stages), "days": list(days)})
    return len(drafts)


def _array(numbers: list[int]) -> str:
    return "{" + ",".join(str(number) for number in numbers) + "}"


def _services(row: Any, norms: Mapping[int, Mapping[int, int]]) -> tuple[list[int], list[int]]:
    """Services of a step with their months by the norm: that may be restricted, then those warned of."""
    debts = {int(service): getattr(row, name) for service, name in DEBT_COLUMNS.items()}
    if row.stage == Stage.NOTICE:
        by_norm = norms.get(row.account_id, {})
        services = list(restrictable(debts, by_norm))
        return services, [by_norm[service] for service in services]
    kept = [
        (service, norm)
        for service, norm in zip(row.warned or (), row.warned_norms or (), strict=True)
        if debts.get(service, 0) > 0
    ]
    return [service for service, _ in kept], [norm for _, norm in kept]


def _skipped(row: Any, terms: Terms, day: dt.date) -> tuple[int, str | None, dt.date | None]:
    """Where a case goes past the steps of cl. 117–119: their wait is not waited twice."""
    after = following(Stage(row.stage), terms, may_restrict=False)
    if after is None:
        return row.id, None, None
    begun = row.ready_on - dt.timedelta(days=terms[Stage(row.stage)].wait_days)
    return row.id, str(after), max(begun + dt.timedelta(days=terms[after].wait_days), day)
