"""Volumes and the table of meters packed for keeping: about a fifth of what they take at work.

Nearly every account goes by a meter of one zone: daily volumes, zones beside the first and averages are
mostly zero and are kept where they are not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from billing.block import I8, I32, I64, Bool
from billing.work import AVERAGE_DEN, Cuts, Meterings, Used

U8 = npt.NDArray[np.uint8]
BY_NORM, MEASURED, UNKNOWN, SIXTIETHS = (1 << bit for bit in range(4))


@dataclass(frozen=True, slots=True)
class Few:
    """A table (n, k) most rows of which are zero: the others and where they are."""

    size: int
    rows: I32
    values: I64

    @classmethod
    def of(cls, table: I64) -> Few:
        rows = np.flatnonzero(table.any(1))
        return cls(len(table), rows.astype(np.int32), np.ascontiguousarray(table[rows]))

    def whole(self) -> I64:
        out = np.zeros((self.size, self.values.shape[1]), np.int64)
        out[self.rows] = self.values
        return out


@dataclass(frozen=True, slots=True)
class PackedUsed:
    """billing.work.Used: even, days by account, marks in one byte."""

    even: I64
    daily: Few
    marks: U8

    @classmethod
    def of(cls, used: Used) -> PackedUsed:
        assert np.isin(used.even_den, (1, AVERAGE_DEN)).all(), "a volume over something else than 1 or 60"
        marks = np.zeros(len(used.even), np.uint8)
        for bit, mask in (
            (BY_NORM, used.by_norm),
            (MEASURED, used.measured),
            (UNKNOWN, used.unknown),
            (SIXTIETHS, used.even_den == AVERAGE_DEN),
        ):
            marks[mask] |= bit
        return cls(used.even, Few.of(used.daily.T), marks)

    def whole(self) -> Used:
        def marked(bit: int) -> Bool:
            return np.asarray(self.marks & bit > 0, np.bool_)

        den = np.where(marked(SIXTIETHS), AVERAGE_DEN, 1).astype(np.int64)
        daily = np.ascontiguousarray(self.daily.whole().T)
        return Used(self.even, den, daily, marked(BY_NORM), marked(MEASURED), marked(UNKNOWN))


@dataclass(frozen=True, slots=True)
class PackedMeterings:
    """billing.work.Meterings: the first zone of what was measured apart from the others."""

    rank: I8
    first: I64
    zones: Few
    average60: Few
    split: I64 | None
    before: I64 | None

    @classmethod
    def of(cls, found: Meterings) -> PackedMeterings:
        first, zones = np.ascontiguousarray(found.measured[:, 0]), Few.of(found.measured[:, 1:])
        split = found.split if found.split.any() else None
        return cls(found.rank.astype(np.int8), first, zones, Few.of(found.average60), split, found.before)

    def whole(self) -> Meterings:
        measured = np.column_stack([self.first, self.zones.whole()])
        split = np.zeros(len(self.rank), np.int64) if self.split is None else self.split
        return Meterings(self.rank.astype(np.int64), measured, self.average60.whole(), split, self.before)


@dataclass(frozen=True, slots=True)
class Volumes:
    """Volumes of a service, and the stage that found them."""

    stage: int
    used: Used
    cuts: Cuts | None


@dataclass(frozen=True, slots=True)
class PackedVolumes:
    """Volumes packed."""

    stage: int
    used: PackedUsed
    cuts: Cuts | None

    @classmethod
    def of(cls, volumes: Volumes) -> PackedVolumes:
        return cls(volumes.stage, PackedUsed.of(volumes.used), volumes.cuts)

    def whole(self) -> Volumes:
        return Volumes(self.stage, self.used.whole(), self.cuts)
