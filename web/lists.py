"""The state of a list lives in its address: search, filters, sort, page; one canonical form."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from fastapi import Request

PAGE_ROWS = 100
"""Rows of one page of any list."""
PAGE_MAX = 100_000
EXPORT_ROWS_MAX = 200_000
"""Rows of one exported file; more is a report, not a list."""
QUERY_MAX = 200


@dataclass(frozen=True, slots=True)
class ListState:
    """What the address says; unknown keys are dropped, so a wrong link still opens.

    errors: by filter, in words, what is not applied because it cannot be (the 31st of February).
    """

    path: str
    filters: dict[str, str] = field(default_factory=dict)
    sort: str = ""
    is_descending: bool = False
    page: int = 1
    default_sort: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def offset(self) -> int:
        """Rows before this page."""
        return (self.page - 1) * PAGE_ROWS

    def get(self, key: str) -> str:
        """A filter's value, empty when not set."""
        return self.filters.get(key, "")

    def number(self, key: str) -> int | None:
        """A filter that is an id; something else is as if not set."""
        value = self.filters.get(key, "")
        return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None

    def day(self, key: str) -> dt.date | None:
        """A filter that is a day, as typed or as a browser sends it; an impossible one is told in errors."""
        value = self.get(key)
        if not value:
            return None
        found = day_of(value)
        if found is None:
            self.errors[key] = f"Дня «{value}» нет, отбор по нему не применён. Введите так: 24.10.2026."
        return found

    def value(self, key: str) -> str:
        """The same as get: a list's state can stand where a form does in ui.field and ui.select."""
        return self.get(key)

    def url(self) -> str:
        """The canonical address."""
        return self._url(self.filters, self.sort, self.is_descending, self.page)

    def with_filter(self, key: str, value: object) -> str:
        """The same list with a filter set, from the first page."""
        return self._url({**self.filters, key: str(value)}, self.sort, self.is_descending, 1)

    def without(self, key: str) -> str:
        """The same list without a filter: the × of a chip."""
        left = {name: value for name, value in self.filters.items() if name != key}
        return self._url(left, self.sort, self.is_descending, 1)

    def cleared(self) -> str:
        """Without any filter."""
        return self._url({}, self.sort, self.is_descending, 1)

    def sorted_by(self, key: str, first: str = "asc") -> str:
        """Sort by a column; by the same column again turns it round."""
        descending = not self.is_descending if key == self.sort else first == "desc"
        return self._url(self.filters, key, descending, 1)

    def at_page(self, page: int) -> str:
        """Another page of the same list."""
        return self._url(self.filters, self.sort, self.is_descending, page)

    def export(self, form: str) -> str:
        """The address of the whole found list as a file."""
        query = self._query(self.filters, self.sort, self.is_descending, 1)
        return f"{self.path}.{form}" + (f"?{query}" if query else "")

    def pages_of(self, total: int) -> int:
        """How many pages that many rows take."""
        return max(1, -(-total // PAGE_ROWS))

    def page_numbers(self, total: int) -> list[int | None]:
        """Numbers to show: first, last and those near; None where some are left out."""
        last = self.pages_of(total)
        near = sorted({1, last, *range(max(1, self.page - 2), min(last, self.page + 2) + 1)})
        shown: list[int | None] = []
        for number in near:
            if shown and shown[-1] is not None and number - shown[-1] > 1:
                shown.append(None)
            shown.append(number)
        return shown

    def _url(self, filters: dict[str, str], sort: str, descending: bool, page: int) -> str:
        query = self._query(filters, sort, descending, page)
        return self.path + (f"?{query}" if query else "")

    def _query(self, filters: dict[str, str], sort: str, descending: bool, page: int) -> str:
        pairs = [(key, value) for key, value in filters.items() if value]
        signed = ("-" if descending else "") + sort
        if sort and signed != self.default_sort:
            pairs.append(("sort", signed))
        if page > 1:
            pairs.append(("page", str(page)))
        return urlencode(pairs)


def day_of(value: str) -> dt.date | None:
    """«24.10.2026» or «2026-10-24»; None for anything else."""
    for form in ("%d.%m.%Y", "%Y-%m-%d"):
        try:
            return dt.datetime.strptime(value, form).date()  # noqa: DTZ007  a calendar date has no zone
        except ValueError:
            continue
    return None


def list_state(
    request: Request, filters: Iterable[str], sorts: Sequence[str], default: str, path: str = ""
) -> ListState:
    """Read the state from the address. `default` is «-amount» for descending."""
    query = request.query_params
    asked = query.get("sort", default)
    sort = asked.removeprefix("-")
    if sort not in sorts:
        asked, sort = default, default.removeprefix("-")
    page_text = query.get("page", "1")
    page = int(page_text) if page_text.isascii() and page_text.isdigit() and len(page_text) < 7 else 1
    found = {key: query[key].strip()[:QUERY_MAX] for key in filters if query.get(key, "").strip()}
    return ListState(
        path=path or request.url.path,
        filters=found,
        sort=sort,
        is_descending=asked.startswith("-"),
        page=min(max(page, 1), PAGE_MAX),
        default_sort=default,
    )
