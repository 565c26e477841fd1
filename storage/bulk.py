"""Columns in and out of PostgreSQL by binary COPY: numpy on one side, fixed-width rows on the other, no tuple
between.

A binary COPY row is a 16-bit count of fields, then for each field a 32-bit length and its bytes, all
big-endian. When no field is NULL and every type has a fixed width, a stretch of rows is exactly a numpy
structured array: the counts and lengths are written once into a buffer that is used again, and only the
values are copied and swapped.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias, cast

import asyncpg
import numpy as np
import numpy.typing as npt

Columns = dict[str, npt.NDArray[Any]]
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

SIGNATURE = b"PGCOPY\n\xff\r\n\0"
HEADER = SIGNATURE + b"\0" * 8  # no flags, no extension
TRAILER = b"\xff\xff"
CHUNK_BYTES = 256 * 1024  # stays in the cache of one core while a column after another is written into it

# PostgreSQL type → numpy type of the column. A date is days since 2000-01-01.
WIDTHS: dict[str, str] = {"int2": "i2", "int4": "i4", "int8": "i8", "bool": "?", "date": "i4"}


@dataclass(frozen=True)
class Row:
    """Names and PostgreSQL types of a row, in order: `Row.of(id="int4", area="int8")`."""

    names: tuple[str, ...]
    types: tuple[str, ...]

    @classmethod
    def of(cls, **types: str) -> Row:
        return cls(tuple(types), tuple(types.values()))

    @cached_property
    def wire(self) -> np.dtype[Any]:
        """One row as it travels: count, then (length, value) of each field."""
        fields: list[tuple[str, str]] = [("fields", ">i2")]
        for name, kind in zip(self.names, self.types, strict=True):
            width = WIDTHS[kind]
            fields += [(f"len_{name}", ">i4"), (name, width if width == "?" else f">{width}")]
        return np.dtype(fields)

    def buffer(self, rows: int) -> npt.NDArray[Any]:
        """Rows with counts and lengths filled in and values still to come."""
        made = np.zeros(rows, self.wire)
        made["fields"] = len(self.names)
        for name in self.names:
            made[f"len_{name}"] = self.wire.fields[name][0].itemsize  # type: ignore[index]
        return made


def encode(
    row: Row, columns: Mapping[str, Any], size: int, chunk_bytes: int = CHUNK_BYTES
) -> Iterator[memoryview]:
    """Rows of a COPY, without header and trailer, in chunks. A column is an array (size,) or one value for
    all.

    Every chunk is the same buffer filled anew: take what you need of it before you ask for the next.
    """
    per_chunk = max(1, chunk_bytes // row.wire.itemsize)
    buffer = row.buffer(min(per_chunk, max(size, 1)))
    varying: list[tuple[npt.NDArray[Any], npt.NDArray[Any]]] = []
    for name in row.names:
        column = np.asarray(columns[name])
        if column.ndim == 0:
            buffer[name] = column
        else:
            assert column.shape == (size,), f"column {name} has {column.shape} rows, not {size}"
            varying.append((buffer[name], column))
    for start in range(0, size, per_chunk):
        count = min(per_chunk, size - start)
        for target, column in varying:
            target[:count] = column[start : start + count]
        yield buffer[:count].view(np.uint8).data


def decode(row: Row, data: bytes) -> Columns:
    """Columns of a whole COPY … TO STDOUT (FORMAT binary); asserts that the rows are what `row` says."""
    if not data.startswith(SIGNATURE):
        raise ValueError("not a binary COPY")
    start = len(HEADER) + int.from_bytes(data[15:19], "big")
    body = len(data) - start - len(TRAILER)
    count, rest = divmod(body, row.wire.itemsize)
    assert rest == 0, (
        f"rows of {row.wire.itemsize} bytes do not fill {body}: a NULL or a wrong type in {row.names}"
    )
    rows = np.frombuffer(data, row.wire, count, start)
    if count:
        assert (rows["fields"] == len(row.names)).all(), "wrong number of fields"
    out: Columns = {}
    for name, kind in zip(row.names, row.types, strict=True):
        width = row.wire.fields[name][0].itemsize  # type: ignore[index]
        assert count == 0 or (rows[f"len_{name}"] == width).all(), f"{name} is not always {kind}"
        out[name] = rows[name].astype(WIDTHS[kind])
    return out


async def copy_in(connection: Connection, table: str, row: Row, columns: Mapping[str, Any], size: int) -> int:
    """Load columns into a table; returns the rows written. One COPY, inside the caller's transaction."""
    if size == 0:
        return 0
    chunks = encode(row, columns, size)  # the driver copies a chunk into its own buffer at once
    status = await connection.copy_to_table(
        table, source=_stream(chunks), columns=list(row.names), format="binary"
    )
    written = int(status.removeprefix("COPY "))
    assert written == size, f"{written} rows of {size} were written"
    return written


async def copy_out(connection: Connection, row: Row, query: str) -> Columns:
    """Columns of a query. The query holds only our own SQL and integers: COPY takes no parameters."""
    parts: list[bytes] = []

    async def keep(data: bytes) -> None:
        parts.append(data)

    await connection.copy_from_query(query, output=keep, format="binary")
    return decode(row, b"".join(parts))


async def _stream(chunks: Iterable[memoryview]) -> AsyncIterator[bytes]:
    yield HEADER
    for chunk in chunks:
        yield cast(bytes, chunk)  # any buffer is taken
    yield TRAILER


def int_array(values: Sequence[int] | npt.NDArray[Any]) -> str:
    """SQL of an integer array, safe to put into a query: every element is an integer."""
    integers = (
        values.tolist() if isinstance(values, np.ndarray) and values.dtype.kind in "iu" else map(int, values)
    )
    return "'{" + ",".join(map(str, integers)) + "}'::int[]"
