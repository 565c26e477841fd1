"""Papers of approved steps: what each is told from, and keeping what was drawn. For workers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from billing.overdue import Stage, following
from billing.paper import Claim, Dossier, ServiceDebt
from billing.receipt_parts import Payee
from billing.services import CATALOGUE
from storage import papers
from storage.months import open_month
from storage.overdue_terms import terms_by_company
from storage.papers import NewPaper
from storage.search import ADDRESS, ADDRESS_JOINS
from storage.session import Session

DRAWN_AT_ONCE = 50
COURT_YEARS = 3
"""A pack for a court tells the years of the limitation period."""


@dataclass(frozen=True, slots=True)
class Undrawn:
    """An approved step without its paper; claim is None for a court: that takes a dossier."""

    step_id: int
    stage: Stage
    account_id: int
    user_id: int
    claim: Claim | None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A paper ready to be kept, or in words why there is none."""

    step_id: int
    account_id: int
    user_id: int
    kind: str
    number: str
    content: bytes | None
    problem: str = ""


WAITING = f"""
SELECT s.id, s.stage, s.account_id, s.company_id, b.approved_by, s.amount_kopecks, s.services, s.norms,
       a.number, a.payer_name, {ADDRESS} AS address, coalesce(d.overdue_kopecks, 0) AS overdue,
       coalesce(d.penalty_kopecks, 0) AS penalty, coalesce(d.months, 0) AS months, d.oldest,
       coalesce(d.hot_water_kopecks, 0) AS hot_water, coalesce(d.sewerage_kopecks, 0) AS sewerage,
       coalesce(d.electricity_kopecks, 0) AS electricity, coalesce(d.gas_kopecks, 0) AS gas,
       o.name, o.inn, coalesce(o.kpp, '') AS kpp, coalesce(o.ogrn, '') AS ogrn,
       coalesce(o.address, '') AS issuer_address, coalesce(o.phone, '') AS phone,
       coalesce(o.email, '') AS email, coalesce(o.bank_account, '') AS bank_account,
       coalesce(o.bank_name, '') AS bank_name, coalesce(o.bank_bic, '') AS bic,
       coalesce(o.bank_corr_account, '') AS corr
  FROM debt_steps s JOIN debt_batches b ON b.id = s.batch_id
  JOIN accounts a ON a.id = s.account_id {ADDRESS_JOINS}
  JOIN organisations o ON o.id = s.company_id
  LEFT JOIN debtors d ON d.account_id = s.account_id
 WHERE s.state = 'approved' AND s.paper_id IS NULL AND s.problem IS NULL
 ORDER BY s.id LIMIT :limit FOR UPDATE OF s SKIP LOCKED"""  # noqa: S608
SERVICE_NAMES = {2: "hot_water", 3: "sewerage", 5: "electricity", 6: "gas"}


async def undrawn(session: Session, day: dt.date) -> list[Undrawn]:
    """The next steps to draw, locked for this transaction."""
    rows = (await session.execute(text(WAITING), {"limit": DRAWN_AT_ONCE})).all()
    if not rows:
        return []
    known = await terms_by_company(session, day)
    out = []
    for row in rows:
        stage = Stage(row.stage)
        after = following(stage, known[row.company_id])
        wait = known[row.company_id][after].wait_days if after is not None else 0
        claim = Claim(
            on=day,
            account_number=row.number,
            address=row.address,
            payer=row.payer_name,
            issuer=Payee(
                name=row.name, inn=row.inn, kpp=row.kpp, ogrn=row.ogrn, address=row.issuer_address,
                phone=row.phone, email=row.email, bank_account=row.bank_account, bank_name=row.bank_name,
                bic=row.bic, correspondent_account=row.corr,
            ),
            overdue_kopecks=row.overdue,
            penalties_kopecks=row.penalty,
            months=row.months,
            oldest=row.oldest,
            services=tuple(
                ServiceDebt(CATALOGUE[service].label, getattr(row, SERVICE_NAMES[service]), norm)
                for service, norm in zip(row.services, row.norms, strict=True)
            ),
            wait_days=wait,
        )  # fmt: skip
        out.append(
            Undrawn(row.id, stage, row.account_id, row.approved_by, None if stage is Stage.COURT else claim)
        )
    return out


async def court_dossier(session: Session, account_id: int, day: dt.date) -> Dossier | None:
    """Everything of an account over the years of the limitation period; packs are few."""
    opened = await open_month(session)
    if opened is None:
        return None
    return await papers.dossier(
        session, account_id, opened, day, opened.replace(year=opened.year - COURT_YEARS), opened
    )


async def keep_drawn(session: Session, drawn: Sequence[Drawn]) -> None:
    """Keep papers and tie them to their steps; a step that could not be drawn says why."""
    good = [one for one in drawn if one.content is not None]
    ids = await papers.keep_many(
        session,
        [
            NewPaper(
                f"debt-step-{one.step_id}", one.kind, one.number, one.account_id, None, None, "",
                one.content or b"", one.user_id,
            )
            for one in good
        ],
    )  # fmt: skip
    await session.execute(
        text("""
        UPDATE debt_steps s SET paper_id = n.paper, problem = nullif(n.problem, '')
          FROM unnest(CAST(:ids AS int[]), CAST(:papers AS int[]), CAST(:problems AS text[]))
            AS n(id, paper, problem) WHERE s.id = n.id"""),
        {
            "ids": [one.step_id for one in good] + [one.step_id for one in drawn if one.content is None],
            "papers": [*ids, *([None] * (len(drawn) - len(good)))],
            "problems": [""] * len(good) + [one.problem for one in drawn if one.content is None],
        },
    )
