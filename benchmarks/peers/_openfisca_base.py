"""Entities of the peer and how its variables are made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from openfisca_core.entities import build_entity
from openfisca_core.periods import DateUnit
from openfisca_core.variables import Variable

Formula = Callable[..., Any]

ACCOUNT = build_entity(key="account", plural="accounts", label="account", is_person=True)
HOUSE = build_entity(
    key="house", plural="houses", label="house", roles=[{"key": "member", "plural": "members"}]
)


def variable(name: str, entity: Any, kind: type, formula: Formula | None = None) -> type[Variable]:
    """A subclass of Variable, as one writes it by hand."""
    body: dict[str, Any] = {
        "value_type": kind, "entity": entity, "definition_period": DateUnit.MONTH, "label": name,
    }  # fmt: skip
    if formula is not None:
        body["formula"] = formula
    return type(name, (Variable,), body)


def kopecks(volume: Any, tariff: Any, over: Any = 1) -> Any:
    """Half up, once an amount."""
    return np.floor(volume * tariff * over * 100 + 0.5)
