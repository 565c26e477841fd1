"""A month of a utility by the norm, whatever meters show: what cl. 118 of Rules 354 measures a debt by.

Computed by the very rules of billing over whole houses with their meters left out: no query an account.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np
from sqlalchemy import text

from billing.accrue import accrue
from billing.block import Block, Meters
from billing.law import change_days
from billing.overdue import RESTRICTABLE
from billing.period import Period
from billing.services import Service
from storage.block_values import read_values
from storage.blocks import read_block
from storage.months import open_month
from storage.session import Session, raw_connection

HOUSES_MAX = 20
"""Houses of one block: some thousands of accounts."""
WATERS = (Service.COLD_WATER, *RESTRICTABLE)
"""Sewerage by the norm may be the sum of both waters."""

Norms = dict[int, dict[int, int]]


async def norms_of(session: Session, account_ids: Sequence[int]) -> Norms:
    """By account and service: kopecks of the open month by the norm, without the raising coefficient.

    An account or service that cannot be computed by the norm is not among them.
    """
    period = await open_month(session)
    if period is None or not account_ids:
        return {}
    found = await session.execute(
        text("SELECT DISTINCT house_id FROM accounts WHERE id = ANY (:ids) ORDER BY 1"),
        {"ids": list(account_ids)},
    )
    houses = list(found.scalars())
    connection = await raw_connection(session)
    values = await read_values(connection, Period.of(period))
    out: Norms = {}
    for at in range(0, len(houses), HOUSES_MAX):
        block = await read_block(
            connection, values, houses[at : at + HOUSES_MAX], change_days(Period.of(period))
        )
        _add(out, block, account_ids)
    return out


def _add(out: Norms, block: Block, account_ids: Iterable[int]) -> None:
    lines, _ = accrue(_by_norm(block))
    wanted = np.isin(lines.account_id, np.fromiter(account_ids, np.int64))
    wanted &= np.isin(lines.service, np.array(RESTRICTABLE, np.int64))
    rows = zip(
        lines.account_id[wanted].tolist(),
        lines.service[wanted].tolist(),
        lines.amount_kopecks[wanted].tolist(),
        strict=True,
    )
    for account, service, amount in rows:
        of_account = out.setdefault(account, {})
        of_account[service] = of_account.get(service, 0) + amount


def _by_norm(block: Block) -> Block:
    """The block with no meters and nothing that lessens a charge."""
    return dataclasses.replace(
        block,
        meters=_none_of(block.meters),
        house_meters={},
        services={code: one for code, one in block.services.items() if code in WATERS},
        heat_year=None,
        heat_fix=None,
        absent=None,
        troubles=None,
        unauthorised=None,
        benefits=None,
    )


def _none_of(meters: Meters) -> Meters:
    empty = {
        field.name: getattr(meters, field.name)[:0]
        for field in dataclasses.fields(meters)
        if isinstance(getattr(meters, field.name), np.ndarray)
    }
    return dataclasses.replace(meters, **empty, cut=None)
