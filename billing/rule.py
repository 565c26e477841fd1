"""What every rule of a service shares: the clause it follows, the work sheet of a block, and how lines are
made.

A rule says which accounts, what volume, which rate; `emit` cuts lines where the rate changes inside the
month and parks whom a rate is missing for. Everything is a column; no loop runs over accounts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from billing.block import MISSING
from billing.parked import Reason
from billing.quantity import PERMILLE
from billing.work import I64, Bool, Part, Rows, Scalar, Volume, Work

F = TypeVar("F", bound=Callable[..., Any])

CLAUSES: dict[str, list[str]] = {}


def clause(text: str) -> Callable[[F], F]:
    """Ties a leaf of the law to its clause.

    Kept in CLAUSES (clause → functions) for the register and its test.
    """

    def tie(function: F) -> F:
        CLAUSES.setdefault(text, []).append(f"{function.__module__}.{function.__qualname__}")
        function.clause = text  # type: ignore[attr-defined]
        return function

    return tie


RULES: dict[int, Callable[[Work], None]] = {}


def service_rule(*services: int) -> Callable[[Callable[[Work], None]], Callable[[Work], None]]:
    """Registers the function that charges these services."""

    def register(function: Callable[[Work], None]) -> Callable[[Work], None]:
        for service in services:
            assert service not in RULES, f"two rules for service {service}"
            RULES[service] = function
        return function

    return register


def emit(
    work: Work,
    service: int,
    component: int,
    rows: Rows,
    volume: Volume,
    *,
    basis: Any,
    a: Any,
    b: Any,
    rate: I64 | None = None,
    raising: I64 | None = None,
    skip_missing: bool = False,
    cut_at: Bool | None = None,
) -> None:
    """Lines of `rows` (n,), each account at most once.

    basis is one number or (n,); a is (n,), or (S, n) to be summed over the segments of a line; b is one
    number, (n,), or (S, n) of which a line takes that of its first day. rate (S, n) is the service's own
    when not given; raising (S, n) or (S, 1) is K in permille and acts on daily volumes. A missing rate
    parks the account, or with `skip_missing` only leaves out that stretch of days (another component covers
    it). cut_at (S, n): segments that begin a new line though the rate is the same.
    """
    if rows.size == 0:
        return
    rates = work.rate(service, component, rows) if rate is None else rate
    if not skip_missing:
        gone = work.missing(rates, rows)
        if gone.any():
            work.park(rows[gone], Reason.NO_TARIFF, service)
            kept = ~gone
            rows, volume, rates = rows[kept], volume.take(kept), rates[:, kept]
            basis, a, b, raising, cut_at = (_some_rows(v, kept) for v in (basis, a, b, raising, cut_at))
    if service in work.windows:
        rates = np.where(work.windows[service][:, rows], rates, MISSING)
    spread = _Spread(work, service, component, rows, volume, rates, basis, a, b, raising, cut_at)
    if work.segments == 1:
        spread.uncut(None)
        return
    same = np.asarray((rates == rates[0]).all(0), np.bool_)
    if cut_at is not None:
        same &= ~cut_at.any(0)
    if same.all():
        spread.uncut(None)
        return
    if same.any():
        spread.uncut(same)
    spread.take(~same).cut()


def _some_rows(value: Any, kept: Bool) -> Any:
    """Rows of an operand: (S, 1) and single numbers are for all."""
    if isinstance(value, np.ndarray) and value.ndim and value.shape[-1] == len(kept):
        return value[..., kept]
    return value


@dataclass(slots=True)
class _Spread:
    """Operands of one `emit`."""

    work: Work
    service: int
    component: int
    rows: Rows
    volume: Volume
    rates: I64
    basis: Any
    a: Any
    b: Any
    raising: I64 | None
    cut_at: Bool | None = None

    def take(self, kept: Bool) -> _Spread:
        operands = (_some_rows(v, kept) for v in (self.basis, self.a, self.b, self.raising, self.cut_at))
        volume, rates = self.volume.take(kept), self.rates[:, kept]
        return _Spread(self.work, self.service, self.component, self.rows[kept], volume, rates, *operands)

    def uncut(self, kept: Bool | None) -> None:
        """Rows with one rate over the month."""
        if kept is not None:
            self.take(kept).uncut(None)
            return
        rate = self.rates[0]
        given = rate != MISSING
        if not given.all():  # only with skip_missing
            self.take(given).uncut(None)
            return
        num, den = self.volume.whole()
        raised: I64 | int = 0
        if self.raising is not None and self.volume.daily is not None:
            raised = (self.volume.daily * (self.raising - PERMILLE)).sum(0)
        a = self.a.sum(0) if getattr(self.a, "ndim", 1) == 2 else self.a
        b = self.b[0] if getattr(self.b, "ndim", 1) == 2 else self.b
        self._put((1, self.work.days), num, den, rate, raised, a, b)

    def cut(self) -> None:
        """A line for each run of days with one rate, or as cut_at says, on which the account is open."""
        block = self.work.block
        opened = block.accounts.open_days[:, self.rows]
        run = np.zeros(self.rates.shape, np.int64)
        changed = self.rates[1:] != self.rates[:-1]
        run[1:] = np.cumsum(changed if self.cut_at is None else changed | self.cut_at[1:], axis=0)
        for number in range(int(run[-1].max()) + 1):
            of_run = run == number
            share = (opened * of_run).sum(0)
            first = of_run.argmax(0)
            rate = self.rates[first, np.arange(len(self.rows))]
            kept = (share > 0) & (rate != MISSING)
            if kept.any():
                self.take(kept)._run(of_run[:, kept], share[kept], first[kept], rate[kept])

    def _run(self, of_run: Bool, share: I64, first: Rows, rate: I64) -> None:
        block = self.work.block
        num, den = self.volume.part(of_run, share, self.work.open_total[self.rows])
        raised: I64 | int = 0
        if self.raising is not None and self.volume.daily is not None:
            raised = (self.volume.daily * of_run * (self.raising - PERMILLE)).sum(0)
        a = (self.a * of_run).sum(0) if getattr(self.a, "ndim", 1) == 2 else self.a
        b = self.b[first, np.arange(len(first))] if getattr(self.b, "ndim", 1) == 2 else self.b
        days = (block.days[:, None] * of_run).sum(0)
        self._put((block.first_day[first], days), num, den, rate, raised, a, b)

    def _put(
        self, when: tuple[Any, Any], num: I64, den: Scalar, rate: I64, raised: I64 | int, a: Any, b: Any
    ) -> None:
        """`when` is first day and days. The kopecks of all lines of the block are counted at its end."""
        if self.rows.size == 0:
            return
        self.work.parts.append(
            Part(
                service=self.service,
                component=self.component,
                rows=self.rows,
                supplier_id=self.work.supplier(self.service).take(self.rows),
                basis=self.basis,
                first_day=when[0],
                days=when[1],
                volume_num=num,
                volume_den=den,
                rate=rate,
                raised_num=raised,
                a=a,
                b=b,
            )
        )
