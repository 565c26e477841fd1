"""A formula tried on chosen accounts beside what bills them now: computed in this process, written
nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import text

from billing import trace
from billing.block import Block, HouseService
from billing.formula.check import Checked
from billing.formula.rows import FormulaFacts, Formulas, ServiceFormulas, Version
from billing.formula.trial import alone
from billing.law import change_days
from billing.lines import Lines
from billing.period import Period
from billing.services import Method
from billing.trace_line import Facts, Line
from billing.trace_shown import shown
from storage.block_values import read_values
from storage.blocks import read_block
from storage.engine import Database
from storage.parked import parked_message
from storage.scope import SYSTEM
from storage.session import Session, raw_connection

ACCOUNTS_MAX = 10
SAMPLE = 2  # of each kind of extreme
NEW_SERVICE = 32_001  # above every number of a real one
ANYBODY = 1  # who is paid does not matter to a trial

ADDRESS = "st.kind || ' ' || st.name || ', ' || h.number || ', ' || f.number"
CHOSEN = f"""
SELECT a.id, a.number, a.house_id, {ADDRESS} AS address FROM accounts a
  JOIN flats f ON f.id = a.flat_id JOIN houses h ON h.id = a.house_id JOIN streets st ON st.id = h.street_id
 WHERE a.closed_on IS NULL AND {{condition}}"""  # noqa: S608 - words of ours
EXTREMES = """a.id IN (
  SELECT x.account_id FROM (
    SELECT y.id AS account_id, row_number() OVER (ORDER BY k.area_dm2 NULLS LAST, y.id) AS small,
           row_number() OVER (ORDER BY k.area_dm2 DESC NULLS LAST, y.id) AS large,
           row_number() OVER (ORDER BY k.residents DESC NULLS LAST, y.id) AS crowded
      FROM accounts y JOIN houses w ON w.id = y.house_id
      LEFT JOIN account_facts k ON k.account_id = y.id AND k.superseded_at IS NULL AND k.valid_to IS NULL
     WHERE y.closed_on IS NULL AND (CAST(:owner AS int) IS NULL OR w.company_id = :owner)
       AND (CAST(:houses AS int[]) IS NULL OR w.id = ANY (:houses))) x
   WHERE x.small <= :sample OR x.large <= :sample OR x.crowded <= :sample)"""


@dataclass(frozen=True, slots=True)
class ChosenAccount:
    """An account a formula is tried on."""

    id: int
    number: str
    house_id: int
    address: str


@dataclass(frozen=True, slots=True)
class Side:
    """What an account pays for the service one way: kopecks, how in words, or why it cannot be counted."""

    kopecks: int
    how: str
    notes: tuple[str, ...] = ()
    parked: str = ""


@dataclass(frozen=True, slots=True)
class TrialRow:
    """An account both ways; now is None where the service is not billed."""

    account: ChosenAccount
    now: Side | None
    tried: Side


async def by_numbers(session: Session, numbers: Sequence[str]) -> list[ChosenAccount]:
    """Accounts with these numbers that the session may see."""
    found = await session.execute(
        text(CHOSEN.format(condition="a.number = ANY (:numbers) ORDER BY a.number")),
        {"numbers": list(numbers)[:ACCOUNTS_MAX]},
    )
    return [ChosenAccount(**row._mapping) for row in found]


async def extremes(
    session: Session, owner: int | None, house_ids: tuple[int, ...] | None
) -> list[ChosenAccount]:
    """The smallest, the largest and the most crowded flats of those a formula reaches."""
    found = await session.execute(
        text(CHOSEN.format(condition=f"{EXTREMES} ORDER BY a.number")),
        {"owner": owner, "houses": None if house_ids is None else list(house_ids), "sample": SAMPLE},
    )
    return [ChosenAccount(**row._mapping) for row in found]


async def tried(
    database: Database,
    accounts: Sequence[ChosenAccount],
    period: Period,
    service: int | None,
    checked: Checked,
    ceiling_kopecks: int,
) -> list[TrialRow]:
    """The accounts both ways. The caller has made sure that the person may see them."""
    houses = sorted({one.house_id for one in accounts})
    async with database.reading(SYSTEM) as session:
        connection = await raw_connection(session)
        values = await read_values(connection, period)
        block = await read_block(connection, values, houses, change_days(period))
    code = NEW_SERVICE if service is None else service
    other = _with(block, code, Version(0, checked, ceiling_kopecks))
    now, tried_ = _sides(block, code, period), _sides(other, code, period)
    nothing = Side(0, "0", parked="")
    return [TrialRow(one, now.get(one.id), tried_.get(one.id, nothing)) for one in accounts]


def _with(block: Block, service: int, version: Version) -> Block:
    """The block with the formula in every house, which all have the service."""
    size = len(block.houses)
    given = HouseService(np.full(size, ANYBODY, np.int32), np.full(size, int(Method.FIXED), np.int16))
    formulas = Formulas({} if block.formulas is None else dict(block.formulas.by_service))
    formulas.by_service[service] = ServiceFormulas([version], np.zeros(size, np.int16))
    services = dict(block.services)
    if service not in services or not (services[service].supplier > 0).all():
        services[service] = given
    return replace(block, services=services, formulas=formulas)


def _sides(block: Block, service: int, period: Period) -> dict[int, Side]:
    """By account, those that have the service or were parked by it."""
    lines, parked = alone(block, service)
    made: dict[int, Side] = {}
    kept = lines.take(lines.service == service)
    for row in range(len(kept)):
        account = int(kept.account_id[row])
        side = _side(kept, row, block, period)
        before = made.get(account)
        if before is not None:
            side = Side(
                before.kopecks + side.kopecks, f"{before.how} + {side.how}", before.notes + side.notes
            )
        made[account] = side
    for at, (reason, of_service, detail) in parked.reason.items():
        if of_service == service:
            words = parked_message(reason, service, detail)
            made[int(block.accounts.id[at])] = Side(0, "", parked=words)
    return made


def _side(lines: Lines, row: int, block: Block, period: Period) -> Side:
    line = Line.at(lines, row)
    told = trace.explain(line, period, Facts(label="", formula=_facts(block, line)))
    eye = shown(told)
    notes = tuple(note for note in eye.notes if not note.startswith("Формула №"))
    return Side(line.amount_kopecks, eye.formula, notes)


def _facts(block: Block, line: Line) -> FormulaFacts | None:
    formulas = block.formulas
    numbers = None if formulas is None else formulas.told.get((line.a, line.b))
    if formulas is None or numbers is None:
        return None
    versions = formulas.by_service[line.service].versions
    version = next((one for one in versions if one.id == line.a), None)
    return None if version is None else FormulaFacts(line.a, version.checked, numbers, "", "")
