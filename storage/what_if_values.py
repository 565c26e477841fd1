"""One value changed in a month's tariffs, norms, coefficients, methods or K, and a warm block by the changed
values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from billing.block import Block
from billing.use import regional_raising
from storage.block_values import Places, Segments, Spots, Table, Values

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is changed: a row of a table of values, the method of a service in every house that has it, or its
    raising coefficient.
    """

    family: str
    value_id: int
    after: int


class NoSuchValue(ValueError):
    """The value is not in force in this month any more."""

    permanent = True


def changed(values: Values, asked: Asked) -> Values:
    """The month's values with one of them changed. Raises NoSuchValue."""
    if asked.family in ("method", "raising"):
        return values
    if asked.family == "tariff":
        return replace(values, tariffs=_with(values.tariffs, asked))
    if asked.family == "norm":
        return replace(values, norms=_with(values.norms, asked))
    return replace(values, coefficients=_with(values.coefficients, asked))


def _with(tables: Mapping[Key, Table], asked: Asked) -> dict[Key, Table]:
    out, found = dict(tables), False
    for key, table in tables.items():
        rows = list(table)
        if any(row.id == asked.value_id for row in rows):
            found = True
            changed_rows = [
                replace(row, value=asked.after) if row.id == asked.value_id else row for row in rows
            ]
            out[key] = Table.of(changed_rows)
    if not found:
        raise NoSuchValue("Это значение в выбранном месяце больше не действует. Выберите другое.")
    return out


def revalued(block: Block, values: Values, asked: Asked) -> Block:
    """The same houses and people by the changed values; nothing is read, the block itself stays as it is."""
    if asked.family == "method":
        return _by_method(block, asked)
    if asked.family == "raising":
        return _by_raising(block, asked)
    houses = block.houses
    at = Places(houses.id, houses.zone, houses.company_id)
    days = Segments(block.first_day, block.days).dates(block.period)
    nobody = Spots.of(at, np.zeros(len(houses), np.int32))
    spots = {service: Spots.of(at, made.supplier) for service, made in block.services.items()}
    if asked.family == "tariff":
        rates = {key: values.rate(key, at, spots.get(key[0], nobody), days) for key in values.tariffs}
        return replace(block, rates=rates)
    if asked.family == "norm":
        norms = {key: values.norm(key, at, spots.get(key[0], nobody), days) for key in values.norms}
        return replace(block, norms=norms)
    coefficients = {key: values.coefficient(key, at, nobody, days) for key in values.coefficients}
    return replace(block, coefficients=coefficients)


def _by_method(block: Block, asked: Asked) -> Block:
    """Every house that has the service is billed for it by the new method."""
    made = block.services.get(asked.value_id)
    if made is None:
        return block
    method = np.full_like(made.method, asked.after)
    return replace(block, services={**block.services, asked.value_id: replace(made, method=method)})


def _by_raising(block: Block, asked: Asked) -> Block:
    """Every house takes this K of the service all month, whatever the federal table or the region say."""
    key = regional_raising(asked.value_id)
    given = np.full((len(block.days), len(block.houses)), asked.after, np.int64)
    return replace(block, coefficients={**block.coefficients, key: given})
