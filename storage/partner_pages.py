"""Read models of partners: a supplier, the social protection body, a payment agent. Sums, never names.

Sums by house and by benefit come from functions of the database that look at accounts on the partner's behalf
and let out only totals of published runs (functions/partners.sql).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from storage.run_totals import month_before
from storage.session import Session

MONTHS_MAX = 36


async def published_months(session: Session) -> list[dt.date]:
    """Months with published runs, newest first."""
    found = await session.execute(
        text(f"""SELECT DISTINCT period FROM runs WHERE state = 'published'
                  ORDER BY period DESC LIMIT {MONTHS_MAX}""")  # noqa: S608
    )
    return [row.period for row in found]


# ---- supplier ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SupplyRow:
    """What is charged for a supplier's service over a company, against the month before."""

    company_id: int
    company_name: str
    service: int
    service_name: str
    unit: str
    lines_count: int
    now_kopecks: int
    before_kopecks: int

    @property
    def delta_kopecks(self) -> int:
        """Change against the month before."""
        return self.now_kopecks - self.before_kopecks


async def supply(session: Session, period: dt.date) -> list[SupplyRow]:
    """By company and service; the scope leaves only the supplier's own totals of published runs."""
    found = await session.execute(
        text("""
        WITH known AS (SELECT id, period FROM runs WHERE state = 'published' AND period IN (:period, :before))
        SELECT t.company_id, o.short_name AS company_name, t.service::int AS service,
               v.label AS service_name, v.unit,
               coalesce(sum(t.lines_count) FILTER (WHERE k.period = :period), 0)::bigint AS lines_count,
               coalesce(sum(t.amount_kopecks + t.surcharge_kopecks)
                        FILTER (WHERE k.period = :period), 0)::bigint AS now_kopecks,
               coalesce(sum(t.amount_kopecks + t.surcharge_kopecks)
                        FILTER (WHERE k.period = :before), 0)::bigint AS before_kopecks
          FROM run_totals t JOIN known k ON k.id = t.run_id
          JOIN organisations o ON o.id = t.company_id
          JOIN services v ON v.code = t.service
         GROUP BY t.company_id, o.short_name, t.service, v.label, v.unit, v.position
         ORDER BY o.short_name, v.position"""),
        {"period": period, "before": month_before(period)},
    )
    return [SupplyRow(**row._mapping) for row in found]


@dataclass(frozen=True, slots=True)
class SupplyHouse:
    """A house of a company: how many accounts, how much was supplied and charged. volume_micro is rounded."""

    house_id: int
    address: str
    service: int
    component: int
    accounts_count: int
    volume_micro: int
    total_kopecks: int
    surcharge_kopecks: int
    service_label: str | None
    service_unit: str | None


async def supply_houses(session: Session, period: dt.date, company_id: int) -> list[SupplyHouse]:
    """Houses of one company with the supplier's services."""
    found = await session.execute(
        text("""
        SELECT s.house_id, st.kind || ' ' || st.name || ', ' || h.number AS address,
               s.service::int AS service, s.component::int AS component, s.accounts::int AS accounts_count,
               round(s.volume_micro)::bigint AS volume_micro,
               (s.amount_kopecks + s.surcharge_kopecks)::bigint AS total_kopecks, s.surcharge_kopecks,
               v.label AS service_label, v.unit AS service_unit
          FROM paylogic_supplier_houses(:period, :company_id) s
          JOIN houses h ON h.id = s.house_id
          JOIN streets st ON st.id = h.street_id
          LEFT JOIN services v ON v.code = s.service
         ORDER BY st.search_name, h.sort_key, v.position, s.component"""),
        {"period": period, "company_id": company_id},
    )
    return [SupplyHouse(**row._mapping) for row in found]


# ---- social protection ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BenefitRow:
    """Charges of accounts with a benefit of a category, by service; the raising coefficient apart."""

    category: str
    service: int
    service_name: str
    accounts_count: int
    amount_kopecks: int
    surcharge_kopecks: int


async def benefits(session: Session, period: dt.date) -> list[BenefitRow]:
    """By category and service over the whole city."""
    found = await session.execute(
        text("""
        SELECT b.category, b.service::int AS service, v.label AS service_name,
               b.accounts::int AS accounts_count,
               b.amount_kopecks, b.surcharge_kopecks
          FROM paylogic_benefit_charges(:period) b JOIN services v ON v.code = b.service
         ORDER BY b.category, v.position"""),
        {"period": period},
    )
    return [BenefitRow(**row._mapping) for row in found]


# ---- agent ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AgentPayment:
    """A payment the agent took."""

    number: str
    account_number: str
    amount_kopecks: int
    paid_on: dt.date
    of_period: dt.date | None
    state: str
    recorded_at: dt.datetime


@dataclass(frozen=True, slots=True)
class AgentDay:
    """A page of payments of a day with the day's count and sum over all found."""

    rows: list[AgentPayment]
    total: int
    amount_kopecks: int


async def last_paid_on(session: Session, agent_id: int) -> dt.date | None:
    """The newest day with payments of the agent."""
    found: dt.date | None = await session.scalar(
        text("SELECT max(paid_on) FROM payments WHERE agent_id = :agent_id"), {"agent_id": agent_id}
    )
    return found


async def agent_day(
    session: Session, agent_id: int, day: dt.date, account: str, *, limit: int, offset: int = 0
) -> AgentDay:
    """Payments of a day, newest first; account: the beginning of an account number."""
    result = await session.execute(
        text("""
        SELECT number, account_number, amount_kopecks, paid_on, of_period, state, recorded_at,
               count(*) OVER ()::int AS total, sum(amount_kopecks) OVER ()::bigint AS kopecks
          FROM payments
         WHERE agent_id = :agent_id AND paid_on = :day AND account_number LIKE CAST(:account AS text) || '%'
         ORDER BY id DESC LIMIT :limit OFFSET :offset"""),
        {
            "agent_id": agent_id,
            "day": day,
            "account": account if account.isdigit() else "",
            "limit": limit,
            "offset": offset,
        },
    )
    found = result.all()
    if not found:
        return AgentDay([], 0, 0)
    return AgentDay([AgentPayment(*row[:7]) for row in found], found[0].total, found[0].kopecks)
