"""Steps of a distribution as a page and the workers take them, and the bank that answers."""

import datetime as dt
import secrets
from typing import Any

from sqlalchemy import text

from actors.payouts import read_statement
from gateways.bank1c import Order, Side, write
from gateways.bank1c.fake import Income, statement
from storage import payout_work, payouts
from storage.engine import Database
from tests.storage import town

CENTRE = 100
ACCOUNT = "40702810900000000100"
DAY = dt.date(2026, 10, 12)

DETAILS = f"""
INSERT INTO organisations (id, kind, name, short_name, inn, bank_account, bank_bic)
VALUES ({CENTRE}, 'centre', 'Расчётный центр', 'РЦ', '7700000100', '{ACCOUNT}', '040000760');
UPDATE organisations SET inn = '77000000' || lpad(id::text, 2, '0'),
       bank_account = '407028109000000000' || lpad(id::text, 2, '0'), bank_bic = '040000760'
 WHERE id < {CENTRE};
INSERT INTO contracts (organisation_id, counterparty_id, kind, number, fee_permyriad, fee_bearer, valid_from)
VALUES ({CENTRE}, {town.AGENT}, 'agency', 'А-1', 100, 'payee', '2026-01-01'),
       ({town.WATER}, {CENTRE}, 'service', 'Р-1', 200, 'centre', '2026-01-01')"""


async def details(db: Database) -> None:
    """Bank details of everybody; the bank keeps 1 %, payees bear it; the centre keeps 2 % of the water."""
    async with db.transaction() as session:
        for one in DETAILS.split(";"):
            await session.execute(text(one))


async def arrive(db: Database, amount: int, day: dt.date = DAY, number: str = "1") -> int:
    """The bank's statement with a sum from the agent; its id."""
    income = Income(number, amount, "Банк", "7700000004", "40702810900000000004", "Платежи населения")
    return await load(db, statement(ACCOUNT, day, None, [income]))


async def load(db: Database, content: bytes) -> int:
    """Give a statement to the product and let the worker read it."""
    async with db.transaction() as session:
        made = await payouts.upload(session, file_name="kl_to_1c.txt", content=content, user_id=1)
    async with db.transaction() as session:
        await read_statement(session, made)
    return made


async def plan(db: Database, until: dt.date = DAY) -> int:
    """Ask for a distribution and work it out."""
    async with db.transaction() as session:
        run_id = await payouts.request_plan(session, until=until, user_id=1, command_id=secrets.token_hex(16))
    async with db.transaction() as session:
        await payout_work.plan(session, run_id)
    return run_id


async def post(db: Database, run_id: int) -> None:
    """A second person approves, the worker posts."""
    async with db.transaction() as session:
        await payouts.approve(session, run_id, 2)
    async with db.transaction() as session:
        await payout_work.post(session, run_id)


async def undo(db: Database, run_id: int) -> None:
    """Take it back."""
    async with db.transaction() as session:
        await payouts.ask_undo(session, run_id, 1, "Ошибка")
    async with db.transaction() as session:
        await payout_work.undo(session, run_id)


async def export(db: Database, run_id: int) -> bytes:
    """The file of orders, written once."""
    async with db.transaction() as session:
        rows = await payouts.orders(session, run_id)
        payer = Side("РЦ", "7700000100", "", ACCOUNT, "Банк", "040000760", "")
        content = write(
            payer,
            [
                Order(
                    one.number,
                    one.day,
                    one.net_kopecks,
                    Side(one.payee_name, one.payee_inn, "", one.payee_account, "", one.payee_bic, ""),
                    one.purpose,
                )
                for one in rows
            ],
            dt.datetime(2026, 10, 12, 18, 0),  # noqa: DTZ001 - local time of a file
        )
        await payouts.exported(session, run_id, content, 2)
    return content


async def transfers(db: Database, run_id: int) -> dict[int, tuple[Any, ...]]:
    """(state, gross, agents' fee, centre's fee, net) by payee."""
    async with db.reading() as session:
        found = await session.execute(
            text("""
            SELECT payee_id, state, gross_kopecks, agent_fee_kopecks, centre_fee_kopecks, net_kopecks
              FROM transfers WHERE run_id = :run ORDER BY payee_id"""),
            {"run": run_id},
        )
        return {row[0]: tuple(row[1:]) for row in found}


async def one(db: Database, query: str, **values: Any) -> Any:
    """A single value."""
    async with db.reading() as session:
        return await session.scalar(text(query), values)
