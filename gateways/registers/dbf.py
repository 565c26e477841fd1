"""dBASE III tables as banks write them: header, fields, records; a truncated or foreign file is refused."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from gateways.registers.encodings import detect
from gateways.registers.errors import RegisterRefused

VERSIONS = (0x02, 0x03, 0x04, 0x30, 0x31, 0x43, 0x83, 0x8B, 0xF5)
DRIVERS = {0x26: "cp866", 0x65: "cp866", 0xC9: "cp1251", 0x57: "cp1251"}
HEADER_BYTES, FIELD_BYTES = 32, 32
DELETED = b"*"
ROWS_MAX = 2_000_000


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    kind: str
    start: int
    length: int


def rows(content: bytes, encoding: str) -> Iterator[tuple[int, dict[str, str]]]:
    """(number from 1, values by upper-case name) of records that are not deleted. Raises RegisterRefused."""
    if len(content) < HEADER_BYTES or content[0] not in VERSIONS:
        raise RegisterRefused("Файл не DBF. Проверьте, тот ли это файл и профиль.")
    count, header_bytes, record_bytes = struct.unpack_from("<IHH", content, 4)
    fields = _fields(content, header_bytes, record_bytes)
    if count > ROWS_MAX or header_bytes + count * record_bytes > len(content):
        raise RegisterRefused(
            f"DBF обрезан: в заголовке {count} записей, а байтов меньше, чем нужно. Возьмите файл заново."
        )
    known = _encoding(content, header_bytes, encoding)
    for number in range(count):
        at = header_bytes + number * record_bytes
        record = content[at : at + record_bytes]
        if record[:1] != DELETED:
            yield number + 1, {one.name: _value(record, one, known) for one in fields}


def _fields(content: bytes, header_bytes: int, record_bytes: int) -> list[_Field]:
    fields, start = [], 1
    for at in range(HEADER_BYTES, min(header_bytes, len(content)) - 1, FIELD_BYTES):
        if content[at : at + 1] == b"\r":
            break
        raw = content[at : at + FIELD_BYTES]
        if len(raw) < FIELD_BYTES:
            break
        name = raw[:11].split(b"\0", 1)[0].decode("cp866", "replace").strip().upper()
        fields.append(_Field(name, chr(raw[11]), start, raw[16]))
        start += raw[16]
    if not fields or start > record_bytes:
        raise RegisterRefused("Заголовок DBF испорчен: поля не помещаются в запись. Возьмите файл заново.")
    return fields


def _encoding(content: bytes, header_bytes: int, encoding: str) -> str:
    if encoding != "detect":
        return encoding
    known = DRIVERS.get(content[29])
    if known is not None:
        return known
    found = detect(content[header_bytes:])
    return "cp866" if found == "utf-8" else found


def _value(record: bytes, field: _Field, encoding: str) -> str:
    text = record[field.start : field.start + field.length].decode(encoding, "replace")
    text = text.strip(" \0")
    if field.kind == "D" and len(text) == 8:
        return f"{text[:4]}-{text[4:6]}-{text[6:]}"
    return text
