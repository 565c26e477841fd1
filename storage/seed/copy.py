"""Binary COPY of mixed columns, encoded by numpy: numbers, dates, texts and NULLs of many rows at once.

A chunk of rows is laid out as a matrix of bytes in which every field has its widest place; a mask then drops
the
bytes a row does not use (the tails of texts, the values of NULLs). No Python object is made for a row.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import asyncpg
import numpy as np
import numpy.typing as npt

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + b"\0" * 8  # header: no flags, no extension
TRAILER = b"\xff\xff"
EPOCH = dt.date(2000, 1, 1)  # PostgreSQL counts days and microseconds from here
NO_DATE = np.iinfo(np.int32).min  # a NULL in a column of dates
NO_INSTANT = np.iinfo(np.int64).min
CHUNK_ROWS = 60_000  # a chunk of 300-byte rows is about 20 MB
DAY_US = 86_400_000_000

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Array = npt.NDArray[Any]


class Column(Protocol):
    """A column that can write rows [start, stop) into its place of the matrix."""

    @property
    def width(self) -> int: ...

    @property
    def is_ragged(self) -> bool: ...

    def fill(self, start: int, stop: int, out: Bytes, keep: Mask) -> None: ...


class Fixed:
    """A column of numbers of one width; `null` marks NULLs. A scalar is the same value in every row."""

    def __init__(self, values: Any, dtype: str, null: Mask | None = None) -> None:
        self._values = np.asarray(values)
        self._dtype = np.dtype(dtype)
        self._null = null

    @property
    def width(self) -> int:
        return self._dtype.itemsize

    @property
    def is_ragged(self) -> bool:
        return self._null is not None

    def fill(self, start: int, stop: int, out: Bytes, keep: Mask) -> None:
        rows = stop - start
        values = self._values if self._values.ndim == 0 else self._values[start:stop]
        data = np.ascontiguousarray(np.broadcast_to(values, (rows,)).astype(self._dtype))
        out[:, 4:] = data.view(np.uint8).reshape(rows, self.width)
        lengths = np.full(rows, self.width, ">i4")
        if self._null is not None:
            null = self._null[start:stop]
            lengths[null] = -1
            keep[:, 4:] = ~null[:, None]
        out[:, :4] = lengths.view(np.uint8).reshape(rows, 4)


def small(values: Any, null: Mask | None = None) -> Fixed:
    """SMALLINT."""
    return Fixed(values, ">i2", null)


def integer(values: Any, null: Mask | None = None) -> Fixed:
    """INTEGER."""
    return Fixed(values, ">i4", null)


def big(values: Any, null: Mask | None = None) -> Fixed:
    """BIGINT."""
    return Fixed(values, ">i8", null)


def boolean(values: Any) -> Fixed:
    """BOOLEAN."""
    return Fixed(values, "u1")


def date(values: Any) -> Fixed:
    """DATE from days since 2000-01-01 (see `day`); NO_DATE is NULL."""
    days = np.asarray(values)
    return Fixed(days, ">i4", np.atleast_1d(days == NO_DATE) if days.ndim else None)


def instant(values: Any) -> Fixed:
    """TIMESTAMPTZ from microseconds since 2000-01-01 UTC."""
    return Fixed(values, ">i8")


class Nothing:
    """A column of NULLs."""

    width = 0
    is_ragged = False

    def fill(self, start: int, stop: int, out: Bytes, keep: Mask) -> None:
        out[:, :4] = 0xFF


class Uuids:
    """UUID from bytes of shape (rows, 16)."""

    width = 16
    is_ragged = False

    def __init__(self, values: Bytes) -> None:
        self._values = values

    def fill(self, start: int, stop: int, out: Bytes, keep: Mask) -> None:
        out[:, :4] = np.frombuffer(b"\0\0\0\x10", np.uint8)
        out[:, 4:] = self._values[start:stop]


class Texts:
    """TEXT from UTF-8 bytes of one dtype «S»; an empty text is NULL when `nullable`."""

    is_ragged = True

    def __init__(self, values: Array, nullable: bool = False) -> None:
        self._values = values
        self._nullable = nullable

    @property
    def width(self) -> int:
        return int(self._values.dtype.itemsize)

    def part(self, start: int, stop: int) -> Array:
        return np.ascontiguousarray(self._values[start:stop])

    def fill(self, start: int, stop: int, out: Bytes, keep: Mask) -> None:
        rows = stop - start
        part = self.part(start, stop)
        lengths = np.strings.str_len(part)
        out[:, 4:] = part.view(np.uint8).reshape(rows, self.width)
        keep[:, 4:] = np.arange(self.width) < lengths[:, None]
        written = lengths.astype(">i4")
        if self._nullable:
            written[lengths == 0] = -1
        out[:, :4] = written.view(np.uint8).reshape(rows, 4)


class Coded(Texts):
    """TEXT by code from a short table of words: codes (rows,) into `words`."""

    def __init__(self, codes: Array, words: Sequence[str], nullable: bool = False) -> None:
        super().__init__(utf8(words), nullable)
        self._codes = codes

    def part(self, start: int, stop: int) -> Array:
        return self._values[self._codes[start:stop]]


class Same(Texts):
    """The same TEXT in every row."""

    def __init__(self, word: str) -> None:
        super().__init__(utf8([word]))

    def part(self, start: int, stop: int) -> Array:
        return np.repeat(self._values, stop - start)


def utf8(words: Sequence[str]) -> Array:
    """Words as UTF-8 bytes of one width."""
    return np.array([word.encode() for word in words]) if words else np.empty(0, "S1")


def day(value: dt.date) -> int:
    """Days since 2000-01-01, as DATE stores them."""
    return (value - EPOCH).days


def encode(columns: Sequence[Column], start: int, stop: int) -> bytes:
    """Rows [start, stop) in the binary COPY format, without header and trailer."""
    rows = stop - start
    matrix = np.empty((rows, 2 + sum(4 + column.width for column in columns)), np.uint8)
    matrix[:, :2] = np.frombuffer(len(columns).to_bytes(2, "big"), np.uint8)
    is_ragged = any(column.is_ragged for column in columns)
    keep = np.ones(matrix.shape if is_ragged else (rows, 0), np.bool_)
    offset = 2
    for column in columns:
        end = offset + 4 + column.width
        column.fill(start, stop, matrix[:, offset:end], keep[:, offset:end])
        offset = end
    return (matrix[keep] if is_ragged else matrix).tobytes()


def chunks(columns: Sequence[Column], rows: int) -> Iterator[tuple[bytes, int]]:
    """(bytes, rows so far) of a whole COPY stream."""
    yield SIGNATURE, 0
    for start in range(0, rows, CHUNK_ROWS):
        stop = min(start + CHUNK_ROWS, rows)
        yield encode(columns, start, stop), stop
    yield TRAILER, rows


async def copy_in(
    connection: asyncpg.Connection[Any],
    table: str,
    columns: Mapping[str, Column],
    rows: int,
    progress: Callable[[int], None] = lambda done: None,
) -> None:
    """COPY `rows` rows into a table made or emptied in this transaction.

    The next chunk is encoded in a thread while the server takes the previous one.
    """
    if rows == 0:
        return
    stream = chunks(list(columns.values()), rows)

    async def source() -> AsyncIterator[bytes]:
        waiting = asyncio.create_task(asyncio.to_thread(next, stream, None))
        while (part := await waiting) is not None:
            waiting = asyncio.create_task(asyncio.to_thread(next, stream, None))
            yield part[0]
            progress(part[1])

    await connection.copy_to_table(
        table, source=source(), columns=list(columns), format="binary", freeze=True
    )
