"""Read models of distributions: transfers of a run, what each is made of, statements and their queue."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from billing.ledger import Book
from storage.book_sums import SINCE_EVER
from storage.session import Session

ROWS_MAX = 200


@dataclass(frozen=True, slots=True)
class TransferRow:
    """A transfer with its payee."""

    id: int
    run_id: int
    payee_id: int
    payee_name: str
    state: str
    problem: str
    gross_kopecks: int
    agent_fee_kopecks: int
    centre_fee_kopecks: int
    net_kopecks: int
    number: int | None
    day: dt.date | None
    purpose: str
    executed_on: dt.date | None
    returned_on: dt.date | None
    return_reason: str
    shares_count: int


TRANSFER = """
SELECT t.id, t.run_id, t.payee_id, o.short_name AS payee_name, t.state, t.problem, t.gross_kopecks,
       t.agent_fee_kopecks, t.centre_fee_kopecks, t.net_kopecks, t.number, t.day, t.purpose, t.executed_on,
       t.returned_on, t.return_reason,
       (SELECT count(*) FROM payout_shares s WHERE s.run_id = t.run_id AND s.payee_id = t.payee_id)::int
         AS shares_count
  FROM transfers t JOIN organisations o ON o.id = t.payee_id"""


async def transfers(session: Session, run_id: int) -> list[TransferRow]:
    """Transfers of a distribution, held ones last."""
    found = await session.execute(
        text(f"{TRANSFER} WHERE t.run_id = :run ORDER BY t.problem <> '', o.short_name, t.id"),
        {"run": run_id},
    )
    return [TransferRow(**row._mapping) for row in found]


async def transfer(session: Session, transfer_id: int) -> TransferRow | None:
    """One transfer, when the scope shows it."""
    row = (await session.execute(text(f"{TRANSFER} WHERE t.id = :id"), {"id": transfer_id})).one_or_none()
    return None if row is None else TransferRow(**row._mapping)


@dataclass(frozen=True, slots=True)
class TransferPage:
    """A page of transfers, how many there are and for how much."""

    rows: list[TransferRow]
    total: int
    net_kopecks: int


TRANSFER_SORTS = {"day": "f.day", "payee": "f.payee_name", "net": "f.net_kopecks", "number": "f.number"}

LIST = f"""
SELECT f.*, count(*) OVER ()::int AS total, sum(f.net_kopecks) OVER ()::bigint AS kopecks FROM ({TRANSFER}
 WHERE t.state NOT IN ('draft', 'undone') AND (CAST(:payee AS int) IS NULL OR t.payee_id = :payee)
   AND (:state = '' OR t.state = :state) AND (CAST(:since AS date) IS NULL OR t.day >= :since)
   AND (CAST(:until AS date) IS NULL OR t.day <= :until)) f
 ORDER BY {{order}} NULLS LAST, f.id DESC LIMIT :limit OFFSET :offset"""  # noqa: S608


async def transfer_list(
    session: Session,
    *,
    payee_id: int | None,
    state: str,
    since: dt.date | None,
    until: dt.date | None,
    sort: str,
    is_descending: bool,
    limit: int,
    offset: int = 0,
) -> TransferPage:
    """Transfers in scope, sorted by a key of TRANSFER_SORTS; drafts and undone ones are left out."""
    order = f"{TRANSFER_SORTS[sort]} {'DESC' if is_descending else 'ASC'}"
    values = {"payee": payee_id, "state": state, "since": since, "until": until, "limit": limit}
    found = (await session.execute(text(LIST.format(order=order)), {**values, "offset": offset})).all()
    if not found:
        return TransferPage([], 0, 0)
    return TransferPage([TransferRow(*row[:17]) for row in found], found[0].total, found[0].kopecks)


@dataclass(frozen=True, slots=True)
class ShareRow:
    """A posting of a payment in a transfer. payment_id, account: only for those who may see the payment."""

    entry_id: int
    ordinal: int
    paid_on: dt.date
    agent_name: str
    service_name: str
    of_period: dt.date | None
    amount_kopecks: int
    agent_fee_kopecks: int
    centre_fee_kopecks: int
    is_advance: bool
    payment_id: int | None
    account_number: str | None


@dataclass(frozen=True, slots=True)
class SharePage:
    """A page of shares, how many there are, their sum."""

    rows: list[ShareRow]
    total: int
    amount_kopecks: int


SHARE_SORTS = {"paid": "paid_on", "sum": "amount_kopecks", "service": "service_name", "agent": "agent_name"}

SHARES = """
SELECT f.*, count(*) OVER ()::int AS total, sum(f.amount_kopecks) OVER ()::bigint AS kopecks FROM (
SELECT s.entry_id, s.ordinal, s.paid_on, g.short_name AS agent_name,
       coalesce(v.label, 'без услуги') AS service_name,
       s.of_period, s.amount_kopecks, s.agent_fee_kopecks, s.centre_fee_kopecks, s.is_advance,
       coalesce(y.id, z.id) AS payment_id, y.account_number
  FROM payout_shares s JOIN organisations g ON g.id = s.agent_id LEFT JOIN services v ON v.code = s.service
  LEFT JOIN entries e ON e.id = s.entry_id
  LEFT JOIN payments y ON y.entry_id = coalesce(e.reverses_id, s.entry_id)
  LEFT JOIN payment_decisions d ON d.entry_id = coalesce(e.reverses_id, s.entry_id)
  LEFT JOIN payments z ON z.id = d.payment_id
 WHERE s.run_id = :run AND s.payee_id = :payee AND (CAST(:agent AS int) IS NULL OR s.agent_id = :agent)
   AND (CAST(:service AS int) IS NULL OR s.service = :service)) f
 ORDER BY {order}, f.entry_id, f.ordinal LIMIT :limit OFFSET :offset"""


async def shares(
    session: Session,
    one: TransferRow,
    *,
    agent_id: int | None,
    service: int | None,
    sort: str,
    is_descending: bool,
    limit: int,
    offset: int = 0,
) -> SharePage:
    """What a transfer is made of, sorted by a key of SHARE_SORTS."""
    order = f"f.{SHARE_SORTS[sort]} {'DESC' if is_descending else 'ASC'}"
    values = {"run": one.run_id, "payee": one.payee_id, "agent": agent_id, "service": service, "limit": limit}
    found = (await session.execute(text(SHARES.format(order=order)), {**values, "offset": offset})).all()
    if not found:
        return SharePage([], 0, 0)
    return SharePage([ShareRow(*row[:12]) for row in found], found[0].total, found[0].kopecks)


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a transfer by agent or service."""

    id: int
    name: str
    count: int
    amount_kopecks: int


async def by_agent(session: Session, one: TransferRow) -> list[Slice]:
    """A transfer by agents."""
    return await _slices(session, one, "s.agent_id", "organisations o ON o.id = s.agent_id", "o.short_name")


async def by_service(session: Session, one: TransferRow) -> list[Slice]:
    """A transfer by services."""
    return await _slices(session, one, "s.service", "services v ON v.code = s.service", "v.label")


async def _slices(session: Session, one: TransferRow, key: str, joined: str, name: str) -> list[Slice]:
    found = await session.execute(
        text(f"""
        SELECT {key} AS id, coalesce({name}, 'без услуги') AS name, count(*)::int AS count,
               sum(s.amount_kopecks)::bigint AS amount_kopecks
          FROM payout_shares s LEFT JOIN {joined} WHERE s.run_id = :run AND s.payee_id = :payee
         GROUP BY 1, 2 ORDER BY 4 DESC"""),  # noqa: S608 - words of ours
        {"run": one.run_id, "payee": one.payee_id},
    )
    return [Slice(**row._mapping) for row in found]


# ---- where all money is -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Conservation:
    """Where everything taken is (first line of sums), and whose it is (second); both make the same sum."""

    taken_kopecks: int
    transit_kopecks: int
    cash_kopecks: int
    kept_by_agents_kopecks: int
    paid_kopecks: int
    distributed_kopecks: int
    unidentified_kopecks: int
    ready_kopecks: int
    ordered_kopecks: int
    fees_kopecks: int

    @property
    def place_difference_kopecks(self) -> int:
        """Nothing, when no money was lost on its way."""
        return self.taken_kopecks - (
            self.transit_kopecks + self.cash_kopecks + self.kept_by_agents_kopecks + self.paid_kopecks
        )

    @property
    def owner_difference_kopecks(self) -> int:
        """Nothing, when all money has an owner."""
        return self.taken_kopecks - (
            self.distributed_kopecks + self.ready_kopecks + self.unidentified_kopecks
        )


CONSERVATION = f"""
WITH sums AS (SELECT book, kind, of_kind, sum(amount) AS amount FROM ({SINCE_EVER}) m GROUP BY 1, 2, 3),
gone AS (
  SELECT coalesce(sum(net_kopecks) FILTER (WHERE state = 'executed'), 0)::bigint AS paid_kopecks,
         coalesce(sum(gross_kopecks), 0)::bigint AS distributed_kopecks
    FROM transfers WHERE state IN ('ordered', 'exported', 'executed'))
SELECT coalesce(sum(amount) FILTER (WHERE book = {int(Book.IN_TRANSIT)} AND kind <> 'arrival'), 0)::bigint
         AS taken_kopecks,
       coalesce(sum(amount) FILTER (WHERE book = {int(Book.IN_TRANSIT)}), 0)::bigint AS transit_kopecks,
       coalesce(sum(amount) FILTER (WHERE book = {int(Book.CASH)}), 0)::bigint AS cash_kopecks,
       coalesce(sum(amount) FILTER (WHERE book = {int(Book.FEES)} AND kind = 'arrival'), 0)::bigint
         AS kept_by_agents_kopecks,
       (SELECT paid_kopecks FROM gone) AS paid_kopecks,
       (SELECT distributed_kopecks FROM gone) AS distributed_kopecks,
       coalesce(-sum(amount) FILTER (WHERE book = {int(Book.UNIDENTIFIED)}), 0)::bigint
         AS unidentified_kopecks,
       (coalesce(-sum(amount) FILTER (WHERE book IN ({int(Book.RESIDENTS)}, {int(Book.PENALTIES)})
                   AND coalesce(nullif(of_kind, ''), kind) IN ('payment', 'transfer', 'return')), 0)
         - (SELECT distributed_kopecks FROM gone))::bigint AS ready_kopecks,
       coalesce(-sum(amount) FILTER (WHERE book = {int(Book.TRANSFERS)}), 0)::bigint AS ordered_kopecks,
       coalesce(-sum(amount) FILTER (WHERE book = {int(Book.FEES)} AND kind <> 'arrival'), 0)::bigint
         AS fees_kopecks
  FROM sums"""  # noqa: S608 - numbers of books


async def conservation(session: Session) -> Conservation:
    """All money by place and by owner: kept sums of closed months, postings of the open one, transfers.

    That each transfer is its shares is proved by `paylogic ledger check`.
    """
    row = (await session.execute(text(CONSERVATION))).one()
    return Conservation(**row._mapping)


async def cash(session: Session) -> int:
    """What stands on our account: what came less what the bank paid."""
    found = await session.scalar(
        text("""
        SELECT coalesce((SELECT sum(received_kopecks) FROM arrivals), 0)::bigint
               - coalesce((SELECT sum(net_kopecks) FROM transfers WHERE state = 'executed'), 0)::bigint""")
    )
    return int(found or 0)


# ---- statements -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A statement of the bank as a list shows it."""

    id: int
    file_name: str
    state: str
    message: str
    account: str | None
    first_day: dt.date | None
    last_day: dt.date | None
    opening_kopecks: int | None
    received_kopecks: int
    sent_kopecks: int
    closing_kopecks: int | None
    rows_count: int
    waiting_count: int
    user_name: str | None
    recorded_at: dt.datetime


STATEMENT = """
SELECT s.id, s.file_name, s.state, s.message, s.account, s.first_day, s.last_day, s.opening_kopecks,
       s.received_kopecks, s.sent_kopecks, s.closing_kopecks, s.rows_count,
       (SELECT count(*) FROM statement_rows r WHERE r.statement_id = s.id AND r.verdict = 'waiting')::int
         AS waiting_count, u.full_name AS user_name, s.recorded_at
  FROM statements s LEFT JOIN users u ON u.id = s.uploaded_by"""


async def statements(session: Session) -> list[StatementRow]:
    """The newest statements."""
    found = await session.execute(text(f"{STATEMENT} ORDER BY s.id DESC LIMIT {ROWS_MAX}"))
    return [StatementRow(**row._mapping) for row in found]


async def statement(session: Session, statement_id: int) -> StatementRow | None:
    """One statement."""
    row = (await session.execute(text(f"{STATEMENT} WHERE s.id = :id"), {"id": statement_id})).one_or_none()
    return None if row is None else StatementRow(**row._mapping)


@dataclass(frozen=True, slots=True)
class BankLine:
    """A row of a statement with its verdict and what it became."""

    id: int
    statement_id: int
    line: int
    is_in: bool
    number: str
    day: dt.date
    moved_on: dt.date
    amount_kopecks: int
    other_account: str
    other_inn: str
    other_name: str
    purpose: str
    verdict: str
    message: str
    agent_id: int | None
    agent_name: str | None
    ground: str | None
    decided_name: str | None
    transfer_id: int | None
    transfer_number: int | None
    first_day: dt.date | None
    last_day: dt.date | None
    fee_kopecks: int | None

    @property
    def is_in_work(self) -> bool:
        """Whether a worker carries a decision out."""
        return self.verdict == "waiting" and self.ground is not None


@dataclass(frozen=True, slots=True)
class LinePage:
    """A page of rows, how many there are and for how much."""

    rows: list[BankLine]
    total: int
    amount_kopecks: int


LINE_SORTS = {"line": "f.id", "sum": "f.amount_kopecks", "day": "f.moved_on", "name": "f.other_name"}

LINE = """
SELECT r.id, r.statement_id, r.line, r.is_in, r.number, r.day, r.moved_on, r.amount_kopecks, r.other_account,
       r.other_inn, r.other_name, r.purpose, r.verdict, r.message, r.agent_id, o.short_name AS agent_name,
       r.ground, u.full_name AS decided_name, t.id AS transfer_id, t.number AS transfer_number, a.first_day,
       a.last_day, a.fee_kopecks
  FROM statement_rows r LEFT JOIN organisations o ON o.id = r.agent_id
  LEFT JOIN users u ON u.id = r.decided_by
  LEFT JOIN transfers t ON t.row_id = r.id OR t.returned_row_id = r.id
  LEFT JOIN arrivals a ON a.row_id = r.id"""

LINES = f"""
SELECT f.*, count(*) OVER ()::int AS total, sum(f.amount_kopecks) OVER ()::bigint AS kopecks FROM ({LINE}
 WHERE (CAST(:statement AS int) IS NULL OR r.statement_id = :statement)
   AND (:verdict = '' OR r.verdict = :verdict)
   AND (:words = ''
        OR lower(r.other_name || ' ' || r.purpose || ' ' || r.number) LIKE '%' || :words || '%')) f
 ORDER BY {{order}}, f.id LIMIT :limit OFFSET :offset"""  # noqa: S608


async def lines(
    session: Session,
    *,
    statement_id: int | None,
    verdict: str,
    words: str,
    sort: str,
    is_descending: bool,
    limit: int,
    offset: int = 0,
) -> LinePage:
    """Rows of a statement, or of all (the queue), sorted by a key of LINE_SORTS."""
    order = f"{LINE_SORTS[sort]} {'DESC' if is_descending else 'ASC'}"
    values: dict[str, Any] = {"statement": statement_id, "verdict": verdict, "words": words, "limit": limit}
    found = (await session.execute(text(LINES.format(order=order)), {**values, "offset": offset})).all()
    if not found:
        return LinePage([], 0, 0)
    return LinePage([BankLine(*row[:23]) for row in found], found[0].total, found[0].kopecks)


async def line(session: Session, row_id: int) -> BankLine | None:
    """One row."""
    row = (await session.execute(text(f"{LINE} WHERE r.id = :id"), {"id": row_id})).one_or_none()
    return None if row is None else BankLine(**row._mapping)


async def orders_of_sum(session: Session, amount_kopecks: int, state: str) -> list[TransferRow]:
    """Orders of exactly this sum: «exported», the bank has not paid yet; «executed», it may give back."""
    found = await session.execute(
        text(
            f"{TRANSFER} WHERE t.state = :state AND t.net_kopecks = :amount ORDER BY t.number DESC LIMIT 10"
        ),
        {"amount": amount_kopecks, "state": state},
    )
    return [TransferRow(**row._mapping) for row in found]
