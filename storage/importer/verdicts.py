"""What an import says: verdicts on bad rows in words, counts of what was added, changed and left alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

VERDICTS_MAX = 1_000  # more than this nobody reads; the rest is counted


class ImportRefused(Exception):
    """The file as a whole cannot be read; the message says what, why and what to do."""

    permanent = True

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Verdict:
    """A bad cell or row: where, what stands there, why it cannot be taken and what to do."""

    sheet: str
    row: int
    column: str | None
    value: str | None
    message: str


@dataclass(slots=True)
class Counts:
    """Rows of a sheet: read, new, changed, the same as what is known."""

    rows: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0


@dataclass(slots=True)
class Report:
    """Outcome of a check or an import. state: checked, imported, unchanged, refused."""

    file_name: str
    digest: str
    state: str = "checked"
    import_id: int | None = None
    sheets: dict[str, Counts] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)
    bad_rows: set[tuple[str, int]] = field(default_factory=set)
    verdicts_left_off: int = 0
    held: list[int] = field(default_factory=list)
    """Ids of readings kept aside for a person to look at."""

    @property
    def ok(self) -> bool:
        return not self.bad_rows

    @property
    def rows(self) -> int:
        return sum(counts.rows for counts in self.sheets.values())

    def add(self, verdict: Verdict) -> None:
        self.bad_rows.add((verdict.sheet, verdict.row))
        if len(self.verdicts) < VERDICTS_MAX:
            self.verdicts.append(verdict)
        else:
            self.verdicts_left_off += 1

    def as_dict(self) -> dict[str, Any]:
        """For JSON and for pages."""
        return {
            "ok": self.ok,
            "state": self.state,
            "import_id": self.import_id,
            "file_name": self.file_name,
            "digest": self.digest,
            "rows": self.rows,
            "rows_bad": len(self.bad_rows),
            "sheets": {name: asdict(counts) for name, counts in self.sheets.items()},
            "verdicts": [asdict(verdict) for verdict in self.verdicts],
            "verdicts_left_off": self.verdicts_left_off,
            "held": self.held,
        }
