"""One value changed in a month's tariffs, norms, coefficients, methods or K, and a warm block by the changed
values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from billing.block import Block, Norm
from billing.noted import Key, named_values
from billing.use import regional_raising
from storage.block_values import Places, Segments, Spots, Table, Values

Name = TypeVar("Name")


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


def _with(tables: Mapping[Name, Table], asked: Asked) -> dict[Name, Table]:
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


def revalued(
    block: Block, values: Values, other: Values, asked: Asked
) -> tuple[Block, frozenset[Key] | None]:
    """The same houses and people by the changed values `other`, and which of the block's values are not what
    they were; None = not told by values. Nothing is read, the block itself stays as it is.
    """
    if asked.family == "method":
        return _by_method(block, asked), None
    if asked.family == "raising":
        return _by_raising(block, asked)
    houses = block.houses
    at = Places(houses.id, houses.zone, houses.company_id)
    days = Segments(block.first_day, block.days).dates(block.period)

    def spots(service: int) -> Spots:
        made = block.services.get(service)
        return Spots.of(at, np.zeros(len(houses), np.int32) if made is None else made.supplier)

    if asked.family == "tariff":
        keys = _differing(values.tariffs, other.tariffs)
        rates = {key: other.rate(key, at, spots(key[0]), days) for key in keys}
        named = [key for key in keys if not np.array_equal(rates[key].values, block.rates[key].values)]
        return replace(block, rates={**block.rates, **rates}), named_values("rate", named)
    if asked.family == "norm":
        keys_of_norms = _differing(values.norms, other.norms)
        norms = {key: other.norm(key, at, spots(key[0]), days) for key in keys_of_norms}
        named_norms = [key for key in keys_of_norms if not _is_same(norms[key], block.norms[key])]
        return replace(block, norms={**block.norms, **norms}), named_values("norm", named_norms)
    names = _differing(values.coefficients, other.coefficients)
    found = {name: other.coefficient(name, at, spots(0), days) for name in names}
    told = [name for name in names if not np.array_equal(found[name], block.coefficients[name])]
    return replace(block, coefficients={**block.coefficients, **found}), named_values("coefficient", told)


def _differing(values: Mapping[Name, Table], other: Mapping[Name, Table]) -> list[Name]:
    """Names of the tables that are not the same."""
    return [name for name, table in other.items() if table is not values.get(name)]


def _is_same(one: Norm, other: Norm) -> bool:
    return np.array_equal(one.values, other.values) and np.array_equal(one.group, other.group)


def _by_method(block: Block, asked: Asked) -> Block:
    """Every house that has the service is billed for it by the new method."""
    made = block.services.get(asked.value_id)
    if made is None:
        return block
    method = np.full_like(made.method, asked.after)
    return replace(block, services={**block.services, asked.value_id: replace(made, method=method)})


def _by_raising(block: Block, asked: Asked) -> tuple[Block, frozenset[Key]]:
    """Every house takes this K of the service all month, whatever the federal table or the region say."""
    key = regional_raising(asked.value_id)
    given = np.full((len(block.days), len(block.houses)), asked.after, np.int64)
    return replace(block, coefficients={**block.coefficients, key: given}), named_values("coefficient", [key])
