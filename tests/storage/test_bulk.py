"""Binary COPY by numpy: what PostgreSQL reads from us and what we read from it is the same, bit by bit."""

from __future__ import annotations

import datetime as dt
import struct

import asyncpg
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.bulk import HEADER, TRAILER, Row, copy_in, copy_out, decode, encode, int_array
from tests.support.services import TestDatabase

ROW = Row.of(a="int4", b="int8", c="int2", d="bool", e="date")


def columns(size: int, seed: int = 1) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "a": rng.integers(-(2**31), 2**31, size, np.int64).astype(np.int32),
        "b": rng.integers(-(2**63), 2**63 - 1, size, np.int64),
        "c": rng.integers(-(2**15), 2**15, size).astype(np.int16),
        "d": rng.random(size) < 0.5,
        "e": rng.integers(-10_000, 10_000, size).astype(np.int32),
    }


@given(size=st.integers(0, 300), chunk=st.integers(1, 2_000), seed=st.integers(0, 9))
def test_what_was_encoded_is_decoded_whatever_the_chunk(size: int, chunk: int, seed: int) -> None:
    given_columns = columns(size, seed)

    data = HEADER + b"".join(bytes(one) for one in encode(ROW, given_columns, size, chunk)) + TRAILER
    back = decode(ROW, data)

    assert all(np.array_equal(back[name], given_columns[name]) for name in ROW.names)


def test_a_single_row_is_what_the_protocol_says() -> None:
    row = Row.of(id="int4", ok="bool")

    (chunk,) = encode(row, {"id": 7, "ok": True}, 1)

    assert chunk == struct.pack(">hiiib", 2, 4, 7, 1, 1)


def test_a_column_of_another_length_is_refused() -> None:
    with pytest.raises(AssertionError, match="column a has"):
        list(encode(ROW, {**columns(3), "a": np.zeros(2, np.int32)}, 3))


def test_a_null_among_rows_is_noticed() -> None:
    row = Row.of(id="int4")
    data = HEADER + struct.pack(">hii", 1, 4, 7) + struct.pack(">hi", 1, -1) + TRAILER

    with pytest.raises(AssertionError, match="NULL"):
        decode(row, data)


def test_integers_of_a_query_are_integers() -> None:
    assert int_array(np.array([1, 2])) == "'{1,2}'::int[]"
    with pytest.raises(ValueError, match="invalid literal"):
        int_array(["1}'; DROP TABLE runs; --"])  # type: ignore[list-item]


async def test_a_table_takes_and_gives_back_the_same_rows(fresh_database: TestDatabase) -> None:
    given_columns = columns(20_000)
    connection = await asyncpg.connect(fresh_database.url)
    await connection.execute("CREATE TABLE t (a int4, b int8, c int2, d bool, e date)")

    written = await copy_in(connection, "t", ROW, given_columns, 20_000)
    back = await copy_out(connection, ROW, "SELECT a, b, c, d, e FROM t ORDER BY ctid")
    first = await connection.fetchrow("SELECT * FROM t LIMIT 1")

    assert written == 20_000
    assert all(np.array_equal(back[name], given_columns[name]) for name in ROW.names)
    assert first is not None
    assert (first["a"], first["b"]) == (given_columns["a"][0], given_columns["b"][0])
    assert first["e"] == dt.date(2000, 1, 1) + dt.timedelta(days=int(given_columns["e"][0]))
    await connection.close()
