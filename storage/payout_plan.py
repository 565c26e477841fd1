"""Works out a distribution: which postings of payments leave now, to whom, with what fees. Set-based.

A posting leaves when the money of its payment has come to our account, or where the payee or the agent is
paid before that. A reversal takes back exactly the shares of what it reverses; what was reversed before it
left never leaves.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import text

from billing.ledger import Book
from billing.payout import fee_shares
from storage.payout_advances import parts
from storage.payout_terms import BEFORE_ARRIVAL, NO_FEE, Fee, agent_fees, centre_fees
from storage.session import Session

I64 = npt.NDArray[np.int64]
WRITE_ROWS = 10_000
PAID = f"({int(Book.RESIDENTS)}, {int(Book.PENALTIES)})"

# An entry that puts a payment on debts: the payment itself, or its later assignment by a person.
ORIGIN = """
  SELECT y.entry_id, y.entry_id AS payment_entry, y.agent_id, y.paid_on, y.amount_kopecks AS whole
    FROM payments y
   WHERE y.entry_id IS NOT NULL AND y.paid_on <= :until
  UNION ALL
  SELECT d.entry_id, y.entry_id, y.agent_id, y.paid_on, y.amount_kopecks FROM payment_decisions d
    JOIN payments y ON y.id = d.payment_id
   WHERE d.deed = 'assign' AND d.state = 'done' AND d.entry_id IS NOT NULL AND y.paid_on <= :until"""

SAID = """
  SELECT DISTINCT ON (organisation_id) organisation_id, value = 'yes' AS is_so FROM settings
   WHERE key = :key AND superseded_at IS NULL AND valid_from <= :until
     AND (valid_to IS NULL OR valid_to > :until)
   ORDER BY organisation_id, valid_from DESC"""

WHOLE = f"""
WITH origin AS ({ORIGIN}), said AS ({SAID})
SELECT p.entry_id, p.ordinal, p.organisation_id AS payee_id, coalesce(p.service, 0) AS service, p.of_period,
       -p.amount_kopecks AS amount_kopecks, o.agent_id, o.paid_on, o.whole, false AS is_advance
  FROM origin o JOIN postings p ON p.entry_id = o.entry_id AND p.book IN {PAID} AND p.amount_kopecks < 0
   AND p.organisation_id IS NOT NULL
  LEFT JOIN arrival_entries a ON a.entry_id = o.payment_entry
  LEFT JOIN payout_shares s ON s.entry_id = p.entry_id AND s.ordinal = p.ordinal AND s.is_live
   AND NOT s.is_advance
  LEFT JOIN said of_payee ON of_payee.organisation_id = p.organisation_id
  LEFT JOIN said of_agent ON of_agent.organisation_id = o.agent_id
  LEFT JOIN said of_city ON of_city.organisation_id IS NULL
 WHERE s.entry_id IS NULL
   AND (a.entry_id IS NOT NULL OR coalesce(of_payee.is_so, of_agent.is_so, of_city.is_so, false))
   AND NOT EXISTS (SELECT 1 FROM entries r WHERE r.reverses_id = o.entry_id)"""  # noqa: S608 - numbers of books

ADVANCES = f"""
WITH origin AS ({ORIGIN}), said AS ({SAID})
SELECT p.entry_id, p.ordinal, p.account_id, p.company_id, o.agent_id, o.paid_on, o.whole,
       (-p.amount_kopecks - coalesce(g.gone, 0))::bigint AS left
  FROM origin o JOIN postings p ON p.entry_id = o.entry_id AND p.book = {int(Book.RESIDENTS)}
   AND p.amount_kopecks < 0 AND p.organisation_id IS NULL AND p.account_id IS NOT NULL
  LEFT JOIN arrival_entries a ON a.entry_id = o.payment_entry
  LEFT JOIN (SELECT entry_id, ordinal, sum(amount_kopecks) AS gone FROM payout_shares
              WHERE is_live AND is_advance GROUP BY 1, 2) g
    ON g.entry_id = p.entry_id AND g.ordinal = p.ordinal
  LEFT JOIN said of_agent ON of_agent.organisation_id = o.agent_id
  LEFT JOIN said of_city ON of_city.organisation_id IS NULL
 WHERE -p.amount_kopecks > coalesce(g.gone, 0)
   AND (a.entry_id IS NOT NULL OR coalesce(of_agent.is_so, of_city.is_so, false))
   AND NOT EXISTS (SELECT 1 FROM entries r WHERE r.reverses_id = o.entry_id)
 ORDER BY p.account_id, o.paid_on, p.entry_id, p.ordinal"""  # noqa: S608 - numbers of books

TAKEN_BACK = """
SELECT r.id AS entry_id, s.ordinal, s.payee_id, s.service, min(s.of_period) AS of_period,
       -sum(s.amount_kopecks)::bigint AS amount_kopecks, s.agent_id, r.booked_on AS paid_on,
       -sum(s.agent_fee_kopecks)::bigint AS agent_fee, s.is_advance
  FROM entries r JOIN payout_shares s ON s.entry_id = r.reverses_id AND s.is_live
 WHERE r.reverses_id IS NOT NULL AND r.booked_on <= :until
   AND NOT EXISTS (SELECT 1 FROM payout_shares x WHERE x.entry_id = r.id AND x.is_live)
 GROUP BY r.id, s.ordinal, s.payee_id, s.service, s.agent_id, s.is_advance"""

GONE = """
SELECT s.entry_id, sum(s.amount_kopecks)::bigint AS gone FROM payout_shares s
 WHERE s.is_live AND s.entry_id = ANY (CAST(:entries AS bigint[])) GROUP BY 1"""


@dataclass(frozen=True, slots=True)
class Share:
    """A posting, or a part of an advance, on its way to a payee."""

    entry_id: int
    ordinal: int
    payee_id: int
    service: int
    of_period: dt.date | None
    agent_id: int
    paid_on: dt.date
    amount_kopecks: int
    whole_kopecks: int
    is_advance: bool


async def plan_shares(session: Session, run_id: int, until: dt.date) -> int:
    """Write the shares of a distribution through a day; how many. The caller holds the lock of payouts."""
    values = {"until": until, "key": BEFORE_ARRIVAL}
    found = (await session.execute(text(WHOLE), values)).all()
    shares = [_share(row) for row in found] + await _advances(session, values, until)
    shares.sort(key=lambda one: (one.entry_id, one.ordinal, one.payee_id, one.service))
    agents, centre = await agent_fees(session, until), await centre_fees(session, until)
    kept = await _agent_fees(session, shares, agents)
    back = (await session.execute(text(TAKEN_BACK), {"until": until})).all()
    columns = _columns(shares, kept, back)
    columns["centre_fee"] = _centre_fees(columns["payee"], columns["amount"], centre)
    await _write(session, run_id, columns)
    return len(columns["entry"])


def _share(row: Any) -> Share:
    return Share(
        row.entry_id,
        row.ordinal,
        row.payee_id,
        row.service,
        row.of_period,
        row.agent_id,
        row.paid_on,
        row.amount_kopecks,
        row.whole,
        row.is_advance,
    )


async def _advances(session: Session, values: dict[str, Any], until: dt.date) -> list[Share]:
    found = (await session.execute(text(ADVANCES), values)).all()
    of = {(row.entry_id, row.ordinal): row for row in found}
    merged: dict[tuple[int, int, int, int], Share] = {}
    for part in await parts(session, found, until):
        row = of[(part.entry_id, part.ordinal)]
        key = (part.entry_id, part.ordinal, part.payee_id, part.service)
        known = merged.get(key)
        merged[key] = Share(
            part.entry_id,
            part.ordinal,
            part.payee_id,
            part.service,
            known.of_period if known else part.of_period,
            row.agent_id,
            row.paid_on,
            part.amount_kopecks + (known.amount_kopecks if known else 0),
            row.whole,
            True,
        )
    return list(merged.values())


async def _agent_fees(session: Session, shares: Sequence[Share], terms: dict[int, Fee]) -> I64:
    """What the shares bear of their agents' fees, where the payee bears them: of each payment once."""
    entries = sorted({one.entry_id for one in shares})
    found = await session.execute(text(GONE), {"entries": entries})
    gone = {row.entry_id: row.gone for row in found}
    fees = [terms.get(one.agent_id, NO_FEE) for one in shares]
    return fee_shares(
        np.array([one.entry_id for one in shares], np.int64),
        np.array([one.amount_kopecks for one in shares], np.int64),
        np.array([fee.permyriad if fee.bearer == "payee" else 0 for fee in fees], np.int64),
        np.array([fee.minimum_kopecks if fee.bearer == "payee" else 0 for fee in fees], np.int64),
        np.array([one.whole_kopecks for one in shares], np.int64),
        np.array([gone.get(one.entry_id, 0) for one in shares], np.int64),
    )


def _columns(shares: Sequence[Share], kept: I64, back: Sequence[Any]) -> dict[str, Any]:
    rows = [
        (one.entry_id, one.ordinal, one.payee_id, one.service, one.of_period, one.agent_id, one.paid_on,
         one.amount_kopecks, fee, one.is_advance)
        for one, fee in zip(shares, kept.tolist(), strict=True)
    ]  # fmt: skip
    rows += [
        (row.entry_id, row.ordinal, row.payee_id, row.service, row.of_period, row.agent_id, row.paid_on,
         row.amount_kopecks, row.agent_fee, row.is_advance)
        for row in back
    ]  # fmt: skip
    rows.sort(key=lambda row: (row[2], row[0], row[1], row[3]))
    names = (
        "entry",
        "ordinal",
        "payee",
        "service",
        "period",
        "agent",
        "paid_on",
        "amount",
        "agent_fee",
        "advance",
    )
    return {name: [row[at] for row in rows] for at, name in enumerate(names)}


def _centre_fees(payees: Sequence[int], amounts: Sequence[int], terms: dict[int, Fee]) -> list[int]:
    """The centre's fee on what each payee gets in all, shared over the rows (sorted by payee)."""
    fees = [terms.get(payee, NO_FEE) for payee in payees]
    made: list[int] = fee_shares(
        np.array(payees, np.int64),
        np.array(amounts, np.int64),
        np.array([fee.permyriad for fee in fees], np.int64),
        np.array([fee.minimum_kopecks for fee in fees], np.int64),
    ).tolist()
    return made


ADD = """
INSERT INTO payout_shares (run_id, entry_id, ordinal, payee_id, service, of_period, agent_id, paid_on,
                           amount_kopecks, agent_fee_kopecks, centre_fee_kopecks, is_advance, is_live)
SELECT :run, n.* , false
  FROM unnest(CAST(:entry AS bigint[]), CAST(:ordinal AS smallint[]), CAST(:payee AS int[]),
              CAST(:service AS smallint[]), CAST(:period AS date[]), CAST(:agent AS int[]),
              CAST(:paid_on AS date[]), CAST(:amount AS bigint[]), CAST(:agent_fee AS bigint[]),
              CAST(:centre_fee AS bigint[]), CAST(:advance AS boolean[])) AS n"""


async def _write(session: Session, run_id: int, columns: dict[str, Any]) -> None:
    for start in range(0, len(columns["entry"]), WRITE_ROWS):
        block = {name: values[start : start + WRITE_ROWS] for name, values in columns.items()}
        await session.execute(text(ADD), {"run": run_id, **block})
