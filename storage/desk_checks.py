"""Fiscal receipts (54-ФЗ) of cash taken at a desk: how a desk makes them, and what is wanted of the queue.

A desk either has a register of its own, whose number the cashier writes down, or hands checks to the fiscal
service by the same queue as cards (`card_checks`), where what fails waits for a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from storage import audit, card_orders
from storage.card_checks import SELL, SELL_REFUND
from storage.session import Session

NONE, OWN, SERVICE = "none", "own", "service"
NUMBER_MAX = 40


class DeskSettingRefused(ValueError):
    """A setting that cannot be; the message says why and what to do."""

    code = "desk_checks"
    permanent = True


ASK = """
INSERT INTO card_checks (receipt_id, gate_id, account_id, company_id, kind, external_id, amount_kopecks,
                         next_at)
SELECT r.id, d.fiscal_gate_id, r.account_id, r.company_id, :kind,
       'desk' || d.agent_id || '-' || r.payment_number || CAST(:tail AS text), r.amount_kopecks,
       clock_timestamp()
  FROM cash_receipts r JOIN cash_shifts s ON s.id = r.shift_id JOIN cash_desks d ON d.id = s.desk_id
 WHERE r.id = :receipt AND {which}
ON CONFLICT (external_id) DO NOTHING"""
OF_TAKEN = ASK.format(which="d.checks = 'service'")
OF_RETURNED = ASK.format(
    which="d.checks = 'service' AND EXISTS (SELECT 1 FROM card_checks c WHERE c.receipt_id = r.id)"
)


async def ask_taken(session: Session, receipt_id: int) -> None:
    """Want a check of money just taken, when the desk leaves checks to the service."""
    await session.execute(text(OF_TAKEN), {"receipt": receipt_id, "kind": SELL, "tail": ""})
    await card_orders.wake(session)


async def ask_returned(session: Session, receipt_id: int) -> None:
    """Want a check of return, when the money had one of the service."""
    await session.execute(text(OF_RETURNED), {"receipt": receipt_id, "kind": SELL_REFUND, "tail": "-v"})
    await card_orders.wake(session)


@dataclass(frozen=True, slots=True)
class DeskSetting:
    """How a desk makes checks. gate: title of the service's gate."""

    desk_id: int
    checks: str
    gate_id: int | None
    gate: str


async def settings(session: Session) -> dict[int, DeskSetting]:
    """By desk, those in scope."""
    found = await session.execute(
        text("""
        SELECT d.id AS desk_id, d.checks, d.fiscal_gate_id AS gate_id,
               coalesce(g.profile->>'title', g.code, '') AS gate
          FROM cash_desks d LEFT JOIN card_gates g ON g.id = d.fiscal_gate_id""")
    )
    return {row.desk_id: DeskSetting(**row._mapping) for row in found}


async def services(session: Session) -> list[tuple[int, str]]:
    """Fiscal services there are: id and title."""
    found = await session.execute(
        text(
            "SELECT id, coalesce(profile->>'title', code) AS title FROM card_gates "
            "WHERE kind = 'fiscal' AND is_active ORDER BY place, id"
        )
    )
    return [(row.id, row.title) for row in found]


async def change(session: Session, desk_id: int, checks: str, gate_id: int | None, user_id: int) -> None:
    """Another way from the next receipt on. Raises DeskSettingRefused."""
    before = (
        await session.execute(
            text("SELECT checks, fiscal_gate_id, company_id FROM cash_desks WHERE id = :id FOR UPDATE"),
            {"id": desk_id},
        )
    ).one_or_none()
    if before is None:
        raise DeskSettingRefused("Такой кассы нет. Обновите страницу.")
    if (checks == SERVICE) != (gate_id is not None) or checks not in (NONE, OWN, SERVICE):
        raise DeskSettingRefused("Выберите, кто делает чек.")
    if gate_id is not None and gate_id not in dict(await services(session)):
        raise DeskSettingRefused("Эта фискальная касса выключена. Включите её в «Эквайринге».")
    await session.execute(
        text("UPDATE cash_desks SET checks = :checks, fiscal_gate_id = :gate WHERE id = :id"),
        {"checks": checks, "gate": gate_id, "id": desk_id},
    )
    await audit.record(
        session, "cash_desk_checks_changed", "cash_desk", desk_id, user_id=user_id,
        company_id=before.company_id, before={"checks": before.checks, "gate": before.fiscal_gate_id},
        after={"checks": checks, "gate": gate_id},
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class DeskCheck:
    """A check of a receipt as its page shows it."""

    receipt_id: int
    kind: str
    state: str
    words: str
    url: str
    document: str


CHECKS = """
SELECT c.receipt_id, c.kind, c.state, c.words, c.url,
       coalesce(c.fiscal->>'fiscal_document_number', '') AS document
  FROM card_checks c"""


async def of_receipt(session: Session, receipt_id: int) -> list[DeskCheck]:
    """Checks of a receipt, the oldest first."""
    found = await session.execute(
        text(f"{CHECKS} WHERE c.receipt_id = :id AND c.state <> 'replaced' ORDER BY c.id"), {"id": receipt_id}
    )
    return [_check(row) for row in found]


def _check(row: Any) -> DeskCheck:
    return DeskCheck(**row._mapping)
