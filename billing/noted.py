"""Who reads what: values and volumes of a block under wraps that note each reading.

A stage of an accrual gives the same lines as long as everything it read is the same; what it read is known
from one accrual, not declared. Reading a name that is not there is a reading too.
"""

from __future__ import annotations

from collections.abc import Hashable, ItemsView, Iterable, Iterator, Mapping, ValuesView
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from billing.block import Block

Key = tuple[str, Hashable]
"""What can be read: the family («rate», «norm», «coefficient», «volume») and the name in it; ANY is all."""
ANY = "*"
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(slots=True)
class Notes:
    """Readings of the stage that runs now."""

    read: set[Key] = field(default_factory=set)

    def taken(self) -> frozenset[Key]:
        """What was read since the last time."""
        found, self.read = frozenset(self.read), set()
        return found


class Noted(dict[K, V]):
    """A mapping that notes the names read from it.

    Names alone tell a rule nothing where every question has the same ones: looking through the names of
    values is no reading, looking through names of volumes is.
    """

    def __init__(self, given: Mapping[K, V], notes: Notes, family: str, *, names_tell: bool = False) -> None:
        super().__init__(given)
        self._notes, self._family, self._names_tell = notes, family, names_tell

    def _all(self) -> None:
        self._notes.read.add((self._family, ANY))

    def get(self, key: K, default: Any = None) -> Any:
        self._notes.read.add((self._family, key))
        return super().get(key, default)

    def __getitem__(self, key: K) -> V:
        self._notes.read.add((self._family, key))
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self._notes.read.add((self._family, key))
        return super().__contains__(key)

    def __iter__(self) -> Iterator[K]:
        if self._names_tell:
            self._all()
        return super().__iter__()

    def __len__(self) -> int:
        if self._names_tell:
            self._all()
        return super().__len__()

    def items(self) -> ItemsView[K, V]:  # type: ignore[override]
        self._all()
        return super().items()

    def values(self) -> ValuesView[V]:  # type: ignore[override]
        self._all()
        return super().values()


def under_notes(block: Block, notes: Notes) -> Block:
    """The block with its values under notes."""
    return replace(
        block,
        rates=Noted(block.rates, notes, "rate"),
        norms=Noted(block.norms, notes, "norm"),
        coefficients=Noted(block.coefficients, notes, "coefficient"),
    )


def named_values(family: str, names: Iterable[Hashable]) -> frozenset[Key]:
    """Keys of some names of a family."""
    return frozenset((family, name) for name in names)


def touches(read: frozenset[Key], changed: frozenset[Key]) -> bool:
    """Whether any of what changed was read."""
    return not read.isdisjoint(changed) or any((family, ANY) in read for family, _ in changed)
