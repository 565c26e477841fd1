"""The trail of a payment: taken, posted on debts, came to the account, left in transfers; with the proof."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from billing.ledger import Book
from storage.session import Session


@dataclass(frozen=True, slots=True)
class PaymentHead:
    """The payment as it was taken, and when its money came."""

    id: int
    agent_name: str
    number: str
    account_id: int | None
    account_number: str
    amount_kopecks: int
    paid_on: dt.date
    recorded_at: dt.datetime
    state: str
    source: str
    register_id: int | None
    arrived_on: dt.date | None
    row_id: int | None
    arrival_fee_kopecks: int | None


HEAD = """
SELECT y.id, o.short_name AS agent_name, y.number, y.account_id, y.account_number, y.amount_kopecks,
       y.paid_on, y.recorded_at, y.state, y.source, y.register_id, r.moved_on AS arrived_on, r.id AS row_id,
       a.fee_kopecks AS arrival_fee_kopecks
  FROM payments y JOIN organisations o ON o.id = y.agent_id
  LEFT JOIN arrival_entries x ON x.entry_id = y.entry_id LEFT JOIN arrivals a ON a.id = x.arrival_id
  LEFT JOIN statement_rows r ON r.id = a.row_id WHERE y.id = :id"""


@dataclass(frozen=True, slots=True)
class TrailPosting:
    """A posting that puts the payment (or takes it off) and the transfer a part of it left in."""

    entry_id: int
    kind: str
    booked_on: dt.date
    ordinal: int
    book: int
    payee_name: str | None
    service_name: str | None
    of_period: dt.date | None
    amount_kopecks: int
    transfer_id: int | None
    transfer_number: int | None
    transfer_state: str | None
    transfer_payee: str | None
    executed_on: dt.date | None
    share_kopecks: int
    fee_kopecks: int
    is_first: bool

    @property
    def paid_kopecks(self) -> int:
        """What the posting pays (minus: takes back)."""
        return -self.amount_kopecks


POSTINGS = f"""
WITH own AS (
  SELECT entry_id AS id FROM payments WHERE id = :id AND entry_id IS NOT NULL
  UNION SELECT entry_id FROM payment_decisions WHERE payment_id = :id AND entry_id IS NOT NULL),
mine AS (SELECT id FROM own UNION SELECT r.id FROM entries r JOIN own ON r.reverses_id = own.id)
SELECT e.id AS entry_id, e.kind, e.booked_on, p.ordinal, p.book, o.short_name AS payee_name,
       v.label AS service_name, coalesce(p.of_period, s.of_period) AS of_period, p.amount_kopecks,
       t.id AS transfer_id, t.number AS transfer_number, t.state AS transfer_state,
       q.short_name AS transfer_payee, t.executed_on, coalesce(s.amount_kopecks, 0)::bigint AS share_kopecks,
       coalesce(s.agent_fee_kopecks + s.centre_fee_kopecks, 0)::bigint AS fee_kopecks,
       row_number() OVER (PARTITION BY p.entry_id, p.ordinal ORDER BY s.run_id, s.payee_id, s.service) = 1
         AS is_first
  FROM mine m JOIN entries e ON e.id = m.id
  JOIN postings p ON p.entry_id = m.id AND p.book <> {int(Book.IN_TRANSIT)}
  LEFT JOIN payout_shares s ON s.entry_id = p.entry_id AND s.ordinal = p.ordinal AND s.is_live
  LEFT JOIN transfers t ON t.run_id = s.run_id AND t.payee_id = s.payee_id
  LEFT JOIN organisations o ON o.id = p.organisation_id LEFT JOIN organisations q ON q.id = s.payee_id
  LEFT JOIN services v ON v.code = coalesce(p.service, nullif(s.service, 0))
 ORDER BY e.id, p.ordinal, s.run_id, s.payee_id, s.service"""  # noqa: S608 - a number of ours


@dataclass(frozen=True, slots=True)
class MoneyTrail:
    """A payment with its postings and the sums that prove it."""

    head: PaymentHead
    postings: list[TrailPosting]

    @property
    def standing_kopecks(self) -> int:
        """What the postings leave of the payment: its sum, or nothing when it was taken back."""
        return sum(one.paid_kopecks for one in self.postings if one.is_first)

    @property
    def unidentified_kopecks(self) -> int:
        """Still on nobody's account."""
        return self._of(lambda one: one.book == Book.UNIDENTIFIED)

    @property
    def on_debts_kopecks(self) -> int:
        """On debts and advances of residents."""
        return self._of(lambda one: one.book != Book.UNIDENTIFIED)

    def _of(self, wanted: object) -> int:
        assert callable(wanted)
        return sum(one.paid_kopecks for one in self.postings if one.is_first and wanted(one))

    @property
    def executed_kopecks(self) -> int:
        """Paid to payees by the bank."""
        return sum(
            one.share_kopecks - one.fee_kopecks for one in self.postings if one.transfer_state == "executed"
        )

    @property
    def ordered_kopecks(self) -> int:
        """In orders the bank has not paid yet."""
        return sum(
            one.share_kopecks - one.fee_kopecks
            for one in self.postings
            if one.transfer_state in ("ordered", "exported")
        )

    @property
    def fees_kopecks(self) -> int:
        """Kept by agents and the centre of what was distributed."""
        return sum(one.fee_kopecks for one in self.postings)

    @property
    def waiting_kopecks(self) -> int:
        """On debts, counted posting by posting: what no transfer holds yet."""
        shared: dict[tuple[int, int], int] = {}
        for one in self.postings:
            key = (one.entry_id, one.ordinal)
            shared[key] = shared.get(key, 0) + one.share_kopecks
        return sum(
            one.paid_kopecks - shared[one.entry_id, one.ordinal]
            for one in self.postings
            if one.is_first and one.book != Book.UNIDENTIFIED
        )

    @property
    def difference_kopecks(self) -> int:
        """Nothing, when the payment is whole: in = out + ordered + fees + waiting + unidentified."""
        taken = 0 if self.head.state in ("reversed", "returned") else self.head.amount_kopecks
        return taken - (
            self.executed_kopecks
            + self.ordered_kopecks
            + self.fees_kopecks
            + self.waiting_kopecks
            + self.unidentified_kopecks
        )


async def trail(session: Session, payment_id: int) -> MoneyTrail | None:
    """Everything that became of a payment; None when there is none."""
    head = (await session.execute(text(HEAD), {"id": payment_id})).one_or_none()
    if head is None:
        return None
    found = await session.execute(text(POSTINGS), {"id": payment_id})
    return MoneyTrail(PaymentHead(**head._mapping), [TrailPosting(**row._mapping) for row in found])


@dataclass(frozen=True, slots=True)
class PaymentLine:
    """A payment of an account, how much of it is in transfers, and whether its money came."""

    id: int
    paid_on: dt.date
    agent_name: str
    number: str
    amount_kopecks: int
    state: str
    arrived_on: dt.date | None
    shared_kopecks: int


PAYMENTS_MAX = 100

PAYMENTS = """
SELECT y.id, y.paid_on, o.short_name AS agent_name, y.number, y.amount_kopecks, y.state,
       r.moved_on AS arrived_on,
       coalesce((SELECT sum(s.amount_kopecks) FROM payout_shares s
                  WHERE s.is_live AND s.entry_id IN (
                    SELECT y.entry_id UNION ALL SELECT d.entry_id FROM payment_decisions d
                     WHERE d.payment_id = y.id AND d.entry_id IS NOT NULL)), 0)::bigint AS shared_kopecks
  FROM accounts a JOIN payments y ON y.account_id = a.id JOIN organisations o ON o.id = y.agent_id
  LEFT JOIN arrival_entries x ON x.entry_id = y.entry_id LEFT JOIN arrivals v ON v.id = x.arrival_id
  LEFT JOIN statement_rows r ON r.id = v.row_id
 WHERE a.number = :number ORDER BY y.paid_on DESC, y.id DESC LIMIT :limit"""


async def payments_of(session: Session, account_number: str) -> list[PaymentLine]:
    """Payments of an account by its number, the newest first."""
    found = await session.execute(text(PAYMENTS), {"number": account_number, "limit": PAYMENTS_MAX})
    return [PaymentLine(**row._mapping) for row in found]
