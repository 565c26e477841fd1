"""«Посчитано N из M счетов»: the card of a computation a worker has before it, asked for every second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from fastapi import Request, Response

from web.render import page

TEMPLATE = "_counting.html"
LABEL = "Ход расчёта"


class Counted(Protocol):
    """A computation over accounts, as storage tells it."""

    @property
    def state(self) -> str: ...
    @property
    def is_live(self) -> bool: ...
    @property
    def done_count(self) -> int: ...
    @property
    def total_count(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Counting:
    """The card: where the computation has its page, how far it is."""

    path: str
    of: Counted
    label: str = LABEL


def ticked(request: Request, path: str, of: Counted, label: str = LABEL) -> Response:
    """The card alone; when the computation has ended the page opens itself anew."""
    if not of.is_live:
        return Response(headers={"HX-Refresh": "true"})
    return page(request, TEMPLATE, Counting(path, of, label), block="progress")
