"""Symbols of the press against the library that is slower: module by module, for every version."""

from __future__ import annotations

import random

import numpy as np
import pytest
import zxingcpp

from receipts.qr_symbol import (
    BLOCKS,
    BYTES_MAX,
    _format_bits,
    _format_places,
    _mask,
    _reserved,
    _version,
    qr_modules,
)


def read_mask(modules: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> int:
    """The mask a symbol says it has."""
    side = modules.shape[0]
    bits = [int(modules[row, column]) for row, column in _format_places(side)[:15]]
    return next(mask for mask in range(8) if _format_bits(mask) == bits)


@pytest.mark.parametrize("number", range(1, len(BLOCKS) + 1))
def test_every_module_is_the_library_s_under_the_same_mask(number: int) -> None:
    version = _version(number)
    size = version.data_count - (3 if number >= 10 else 2)
    text = "".join(random.Random(number).choices("abcdefghijklmnop|=", k=size))  # letters: byte mode for both
    symbol = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    theirs, ours = (
        np.asarray(symbol.to_image(scale=1, add_quiet_zones=False)) < 128,
        qr_modules(text.encode()),
    )
    reserved = _reserved(number, version.side)

    # take each mask off with the mask of the other on: only data and format bits remain to compare
    swap = _mask(read_mask(ours), version.side, reserved, theirs) ^ _mask(
        read_mask(theirs), version.side, reserved, theirs
    )

    assert theirs.shape == ours.shape == (version.side, version.side)
    assert np.array_equal(ours, theirs ^ swap.astype(np.bool_))


@pytest.mark.parametrize("length", [1, 2, 13, 14, 15, 62, 180, 181, 213, 214, 399, 500, 665, BYTES_MAX])
def test_a_symbol_reads_back_byte_by_byte(length: int) -> None:
    payload = random.Random(length).randbytes(length)

    picture = np.pad(np.where(qr_modules(payload), 0, 255), 4, constant_values=255).astype(np.uint8)
    (found,) = zxingcpp.read_barcodes(np.kron(picture, np.ones((4, 4), np.uint8)))

    assert found.bytes == payload
    assert found.ec_level == "M"


def test_a_symbol_says_nothing_of_charsets() -> None:
    payload = "ST00012|Name=УК Заречная".encode("cp1251")

    picture = np.pad(np.where(qr_modules(payload), 0, 255), 4, constant_values=255).astype(np.uint8)
    (found,) = zxingcpp.read_barcodes(np.kron(picture, np.ones((4, 4), np.uint8)))

    assert found.content_type == zxingcpp.ContentType.Text  # an ECI block of bytes would make it Binary
    assert found.symbology_identifier == "]Q1"
