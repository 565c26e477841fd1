"""QR symbols of plain bytes: level M, byte mode and nothing before it, versions 1–20.

The library cannot make them: given bytes it writes an ECI block (899, binary) first, given text it packs
Cyrillic as
Kanji; phones undo both, scanners of banks need not. Tables of a version are made once and a symbol is a few
array
operations, four times quicker than the library, which is half the time of a receipt of the press. The mask
is chosen
by the second rule of the standard (squares of one colour); any mask is readable. A test compares every
module with
the library's symbol of the same text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import zxingcpp

Modules = np.ndarray[tuple[int, int], np.dtype[np.bool_]]
"""A symbol without its quiet zone; True is dark."""
BYTES_MAX = 666
"""What version 20 holds at level M: 97 modules, 0.38 mm each at 40 mm, still easy for an old phone."""
Bytes = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
Places = np.ndarray[tuple[int, ...], np.dtype[np.intp]]
Words = np.ndarray[tuple[int, ...], np.dtype[np.uint64]]
ROW_BITS = 128
"""A row of a symbol is two words of 64 modules, so a rule over all masks is a few operations on words."""
WORD_BYTES = 8

BLOCKS = (
    (10, ((1, 16),)), (16, ((1, 28),)), (26, ((1, 44),)), (18, ((2, 32),)), (24, ((2, 43),)), (16, ((4,
    27),)),
    (18, ((4, 31),)), (22, ((2, 38), (2, 39))), (22, ((3, 36), (2, 37))), (26, ((4, 43), (1, 44))),
    (30, ((1, 50), (4, 51))), (22, ((6, 36), (2, 37))), (22, ((8, 37), (1, 38))), (24, ((4, 40), (5, 41))),
    (24, ((5, 41), (5, 42))), (28, ((7, 45), (3, 46))), (28, ((10, 46), (1, 47))), (26, ((9, 43), (4, 44))),
    (26, ((3, 44), (11, 45))), (26, ((3, 41), (13, 42))),
)  # fmt: skip
"""Level M by version from 1: correction codewords of a block; how many blocks of how many data codewords."""
ALIGNED: tuple[tuple[int, ...], ...] = (
    (), (6, 18), (6, 22), (6, 26), (6, 30), (6, 34), (6, 22, 38), (6, 24, 42), (6, 26, 46), (6, 28, 50),
    (6, 30, 54), (6, 32, 58), (6, 34, 62), (6, 26, 46, 66), (6, 26, 48, 70), (6, 26, 50, 74), (6, 30, 54, 78),
    (6, 30, 56, 82), (6, 30, 58, 86), (6, 34, 62, 90),
)  # fmt: skip
"""Centres of the alignment patterns by version from 1."""
LONG_COUNT_VERSION = 10
"""From here on the count of bytes takes sixteen bits."""
VERSIONED = 7
"""From here on a symbol carries its version."""
MASKS = 8
TOGETHER = 16
"""Symbols made at once: more would not stay in the cache of a core."""
PRIMITIVE = 0x11D
FORMAT_GENERATOR, FORMAT_XOR = 0x537, 0x5412


@dataclass(frozen=True, slots=True)
class _Version:
    """Tables of a version: where bits go, parity of each kind of block, the eight masks with their format
    bits as rows of words, and the columns that have a right neighbour.
    """

    side: int
    data_count: int
    blocks: tuple[_Blocks, ...]
    interleaved: Places
    places: Places
    masks: Words
    paired: Words


@dataclass(frozen=True, slots=True)
class _Blocks:
    """`count` blocks of `size` data codewords: what each value at each place adds to the correction."""

    count: int
    size: int
    correction: int
    parity: Words


@dataclass(frozen=True, slots=True)
class Symbol:
    """A symbol as a mask of a page takes it: modules a side, rows from the top, each filled up to whole
    bytes, the highest bit is the leftmost module.
    """

    side: int
    cells: bytes


def qr_modules(payload: bytes) -> Modules:
    """The symbol of a payload of at most BYTES_MAX bytes."""
    rows, side = _chosen(_version(_version_of(len(payload))), [payload])
    chosen: Modules = np.unpackbits(_bytes(rows)[0], axis=-1)[:, :side].astype(np.bool_)
    return chosen


def qr_symbols(payloads: Sequence[bytes]) -> list[Symbol]:
    """Symbols of many payloads: an array operation costs as much for a handful as for one."""
    made: list[Symbol | None] = [None] * len(payloads)
    by_version: dict[int, list[int]] = {}
    for at, payload in enumerate(payloads):
        by_version.setdefault(_version_of(len(payload)), []).append(at)
    for number, places in by_version.items():
        for first in range(0, len(places), TOGETHER):
            some = places[first : first + TOGETHER]
            rows, side = _chosen(_version(number), [payloads[at] for at in some])
            cells = _bytes(rows)[:, :, : -(-side // 8)]
            for at, one in zip(some, cells, strict=True):
                made[at] = Symbol(side, one.tobytes())
    return [one for one in made if one is not None]


def _chosen(version: _Version, payloads: Sequence[bytes]) -> tuple[Words, int]:
    """Rows of the symbols of one version under the best of their masks, (n, side, words), and the side."""
    assert all(0 < len(one) <= BYTES_MAX for one in payloads), "receipts.qr refuses longer payloads"
    count = len(payloads)
    data = np.frombuffer(b"".join(_data(version, one) for one in payloads), np.uint8)
    bits = np.unpackbits(_codewords(version, data.reshape(count, -1)), axis=1)
    symbol = np.zeros((count, version.side * ROW_BITS), np.uint8)
    symbol[:, version.places[: bits.shape[1]]] = bits
    masked = _rows(symbol.reshape(count, 1, version.side, ROW_BITS)) ^ version.masks
    right = masked << 1
    right[..., 0] |= masked[..., 1] >> 63
    pairs = ~(masked ^ right) & version.paired
    squares = pairs[:, :, 1:] & pairs[:, :, :-1] & ~(masked[:, :, 1:] ^ masked[:, :, :-1])
    best = np.bitwise_count(squares).sum(axis=(2, 3), dtype=np.int64).argmin(axis=1)
    return masked[np.arange(count), best], version.side


def _rows(cells: Bytes) -> Words:
    """Cells of 0 and 1, ROW_BITS to a row, as words; the leftmost module is the highest bit."""
    return np.packbits(cells, axis=-1).view(">u8").astype(np.uint64)


def _bytes(rows: Words) -> Bytes:
    """The same rows a byte after a byte."""
    return np.ascontiguousarray(rows.astype(">u8")).view(np.uint8)


def _capacity(version: int) -> int:
    data = sum(count * size for count, size in BLOCKS[version - 1][1])
    return data - (3 if version >= LONG_COUNT_VERSION else 2)


@cache
def _version_of(length: int) -> int:
    return next(number for number in range(1, len(BLOCKS) + 1) if _capacity(number) >= length)


def _data(version: _Version, payload: bytes) -> bytes:
    """Mode, count, bytes, end and filling, as data codewords."""
    is_long = version.side >= 17 + 4 * LONG_COUNT_VERSION
    said = len(payload).to_bytes(2 if is_long else 1, "big") + payload
    shifted = (
        4 << 8 * len(said) | int.from_bytes(said, "big")
    ) << 4  # four bits of mode before, of end after
    packed = shifted.to_bytes(len(said) + 1, "big")
    filling = b"\xec\x11" * (version.data_count - len(packed))
    return (packed + filling)[: version.data_count]


def _codewords(version: _Version, data: Bytes) -> Bytes:
    """Data and correction of all blocks of each symbol, (n, codewords), taken in turn from each."""
    at, parities, symbols = 0, [], len(data)
    for kind in version.blocks:
        block = data[:, at : at + kind.count * kind.size].reshape(-1, kind.size)
        sums = np.bitwise_xor.reduce(kind.parity[np.arange(kind.size), block], axis=1)
        parities.append(sums.view(np.uint8)[:, : kind.correction].reshape(symbols, -1))
        at += kind.count * kind.size
    return np.concatenate([data, *parities], axis=1)[:, version.interleaved]


# ---- tables -----------------------------------------------------------------------------------------------


@cache
def _times() -> Bytes:
    """Products in the field of 256 elements."""
    powers, value = [], 1
    for _ in range(255):
        powers.append(value)
        value = (value << 1) ^ (PRIMITIVE if value & 0x80 else 0)
    logs = {power: at for at, power in enumerate(powers)}
    table = np.zeros((256, 256), np.uint8)
    for a in range(1, 256):
        for b in range(1, 256):
            table[a, b] = powers[(logs[a] + logs[b]) % 255]
    return table


@cache
def _parity(size: int, count: int) -> Words:
    """What each value of each of `size` data codewords adds to the `count` correction codewords of its
    block, padded to whole words: [place, value, word].
    """
    times = _times()
    generator, root = [1], 1
    for _ in range(count):
        shifted = [*generator, 0]
        for at, factor in enumerate(generator):
            shifted[at + 1] ^= int(times[factor, root])
        generator, root = shifted, int(times[root, 2])
    words = -(-count // WORD_BYTES)
    table = np.zeros((size, 256, words * WORD_BYTES), np.uint8)
    row = np.array(generator[1:], np.uint8)
    for at in range(size - 1, -1, -1):
        table[at, :, :count] = times[:, row]
        lead = int(row[0])
        row = np.append(row[1:], np.uint8(0)) ^ times[lead, np.array(generator[1:])]
    return table.view(np.uint64)


@cache
def _version(number: int) -> _Version:
    side = 17 + 4 * number
    correction, groups = BLOCKS[number - 1]
    reserved = _reserved(number, side)
    template = _library_symbol(number)
    blocks = tuple(_Blocks(count, size, correction, _parity(size, correction)) for count, size in groups)
    masks = np.zeros((MASKS, side, ROW_BITS), np.uint8)
    for mask in range(MASKS):
        masks[mask, :, :side] = _mask(mask, side, reserved, template)
    paired = np.zeros((1, 1, ROW_BITS), np.uint8)
    paired[:, :, : side - 1] = 1
    return _Version(
        side=side,
        data_count=sum(count * size for count, size in groups),
        blocks=blocks,
        interleaved=_interleaved(groups, correction),
        places=_places(side, reserved),
        masks=_rows(masks),
        paired=_rows(paired),
    )


def _library_symbol(number: int) -> Modules:
    """Any symbol of the version: its patterns are those of every other."""
    low = _capacity(number - 1) + 1 if number > 1 else 1
    symbol = zxingcpp.create_barcode("a" * low, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    modules = np.asarray(symbol.to_image(scale=1, add_quiet_zones=False)) < 128
    assert modules.shape[0] == 17 + 4 * number, "the library chose another version"
    return modules


def _reserved(number: int, side: int) -> Modules:
    """Modules that are not data: finders, timing, alignment, format and version."""
    taken = np.zeros((side, side), np.bool_)
    taken[:9, :9] = taken[:9, -8:] = taken[-8:, :9] = True
    taken[6, :] = taken[:, 6] = True
    centres = ALIGNED[number - 1]
    for row in centres:
        for column in centres:
            if not (row == 6 and column in (6, centres[-1])) and not (row == centres[-1] and column == 6):
                taken[row - 2 : row + 3, column - 2 : column + 3] = True
    if number >= VERSIONED:
        taken[:6, -11:-8] = taken[-11:-8, :6] = True
    return taken


def _places(side: int, reserved: Modules) -> Places:
    """Flat places of data bits in the order of the standard: pairs of columns, up and down."""
    order: list[int] = []
    columns = [column for column in range(side - 1, 0, -2) if column > 6] + list(range(5, 0, -2))
    for turn, right in enumerate(columns):
        rows = range(side) if turn % 2 else range(side - 1, -1, -1)
        for row in rows:
            order += [row * ROW_BITS + column for column in (right, right - 1) if not reserved[row, column]]
    return np.array(order, np.intp)


def _interleaved(groups: tuple[tuple[int, int], ...], correction: int) -> Places:
    """Places in «data of all blocks, parity of all blocks» in the order of the symbol."""
    sizes = [size for count, size in groups for _ in range(count)]
    starts = [sum(sizes[:at]) for at in range(len(sizes))]
    order = [
        start + at for at in range(max(sizes)) for start, size in zip(starts, sizes, strict=True) if at < size
    ]
    total = sum(sizes)
    order += [total + block * correction + at for at in range(correction) for block in range(len(sizes))]
    return np.array(order, np.intp)


def _mask(mask: int, side: int, reserved: Modules, template: Modules) -> Bytes:
    """What is laid over the data bits: the mask where there are data, the patterns and format bits
    elsewhere.
    """
    i, j = np.indices((side, side))
    condition = (
        (i + j) % 2, i % 2, j % 3, (i + j) % 3, (i // 2 + j // 3) % 2, (i * j) % 2 + (i * j) % 3,
        ((i * j) % 2 + (i * j) % 3) % 2, ((i + j) % 2 + (i * j) % 3) % 2,
    )[mask] == 0  # fmt: skip
    over = np.where(reserved, template, condition).astype(np.uint8)
    for (row, column), bit in zip(_format_places(side), _format_bits(mask) * 2, strict=True):
        over[row, column] = bit
    return over


def _format_bits(mask: int) -> list[int]:
    """Fifteen bits of level M (00) and the mask, the highest first."""
    rest = mask << 10
    for shift in range(4, -1, -1):
        if rest >> (shift + 10) & 1:
            rest ^= FORMAT_GENERATOR << shift
    word = (mask << 10 | rest) ^ FORMAT_XOR
    return [word >> at & 1 for at in range(14, -1, -1)]


def _format_places(side: int) -> list[tuple[int, int]]:
    """Both copies of the format, the highest bit first."""
    corner = [(8, column) for column in (0, 1, 2, 3, 4, 5, 7, 8)] + [
        (row, 8) for row in (7, 5, 4, 3, 2, 1, 0)
    ]
    split = [(side - 1 - at, 8) for at in range(7)] + [(8, side - 8 + at) for at in range(8)]
    return corner + split
