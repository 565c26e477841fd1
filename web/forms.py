"""What was typed, kept as typed, with errors in words beside each field."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import Request
from starlette.datastructures import UploadFile

from billing.period import Period

TEXT_MAX = 2000
"""Longest text a field takes; longer is a mistake or an attack."""
FILE_NAME_MAX = 150
TABLES = (".xlsx", ".csv", ".zip")
"""Endings of what the importer reads."""


@dataclass(slots=True)
class Typed:
    """A form: raw values by field and errors by field ("" is an error of the whole form)."""

    values: dict[str, str] = field(default_factory=dict)
    files: dict[str, UploadFile] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """Nothing has been refused so far."""
        return not self.errors

    def value(self, name: str) -> str:
        """What was typed, stripped; an absent field is an empty one."""
        return self.values.get(name, "").strip()

    def refuse(self, name: str, words: str) -> None:
        """Keep the first error of a field."""
        self.errors.setdefault(name, words)

    def text(self, name: str, missing: str, longest: int = TEXT_MAX) -> str:
        """A required text; `missing` says what to do when it is empty."""
        value = self.value(name)
        if not value:
            self.refuse(name, missing)
        elif len(value) > longest:
            self.refuse(name, f"Слишком длинно: {len(value)} знаков, помещается {longest}. Сократите.")
        return value

    def integer(self, name: str, words: str) -> int | None:
        """A whole number, spaces between thousands allowed; `words` when it is not one."""
        value = self.value(name).replace(" ", "").replace("\u202f", "").replace("\u00a0", "")
        if not value.removeprefix("-").isascii() or not value.removeprefix("-").isdigit() or len(value) > 18:
            self.refuse(name, words)
            return None
        return int(value)

    def date(self, name: str, words: str) -> dt.date | None:
        """A date as a browser sends it (2026-10-01) or as people write it (01.10.2026)."""
        value = self.value(name)
        for form in ("%Y-%m-%d", "%d.%m.%Y"):
            try:
                return dt.datetime.strptime(value, form).date()  # noqa: DTZ007  a calendar date has no zone
            except ValueError:
                continue
        self.refuse(name, words)
        return None

    def period(self, name: str) -> Period | None:
        """A month «2026-10»."""
        try:
            return Period.parse(self.value(name))
        except ValueError as error:
            self.refuse(name, str(error))
            return None

    def scaled(self, name: str, digits: int, words: str) -> int | None:
        """A decimal number with comma or dot as an integer × 10^digits; more decimals are refused."""
        value = (
            self.value(name).replace(" ", "").replace("\u202f", "").replace("\u00a0", "").replace(",", ".")
        )
        whole, _, rest = value.partition(".")
        digits_only = (whole + rest).isascii() and (whole + rest).isdigit()
        if not digits_only or len(rest) > digits or len(whole) > 12:
            self.refuse(name, words)
            return None
        return int((whole or "0") + (rest + "0" * digits)[:digits])

    def choice(self, name: str, allowed: Mapping[str, object] | tuple[str, ...], words: str) -> str:
        """One of the allowed values."""
        value = self.value(name)
        if value not in allowed:
            self.refuse(name, words)
        return value

    async def sent(
        self, name: str, missing: str, largest: int, too_large: str, endings: tuple[str, ...] = ()
    ) -> tuple[str, bytes]:
        """A sent file: its name without folders and what is in it, at most `largest` bytes.

        missing, too_large: what to do then; endings: of names it may have, any when there are none.
        """
        upload = self.files.get(name)
        if upload is None or not upload.filename:
            self.refuse(name, missing)
            return "", b""
        title = upload.filename.replace("\\", "/").rpartition("/")[2].replace("\x00", "")[-FILE_NAME_MAX:]
        if endings and not title.lower().endswith(endings):
            self.refuse(
                name, f"Файл «{title}» другого вида. Нужна таблица xlsx, файл csv или архив zip с ними."
            )
            return title, b""
        content = await upload.read(largest + 1)
        if not content:
            self.refuse(name, f"Файл «{title}» пуст. Выберите другой.")
        elif len(content) > largest:
            self.refuse(name, too_large)
        return title, content


async def read_form(request: Request) -> Typed:
    """The posted form of a request; parsed once, however often it is asked for."""
    form = await request.form()
    typed = Typed()
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            typed.files[name] = value
        else:
            typed.values[name] = value.replace("\x00", "")  # pasted from broken files; no column keeps it
    return typed


def blank(**values: object) -> Typed:
    """A form before anything was typed, with what we know already."""
    return Typed({name: str(value) for name, value in values.items() if value is not None})
