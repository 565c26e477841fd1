"""Runs cases about penalties: alone and among strangers, the trace beside the kernel."""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt

from billing.lawcase.load_penalty import PenaltySpec
from billing.penalty.kernel import Debts, Payments, accrue
from billing.penalty.rates import over_days
from billing.penalty.scale import Payer
from billing.penalty.trace import Part, kopecks_of, pieces
from billing.quantity import format_scaled

I64 = npt.NDArray[np.int64]
Words = tuple[str, str, str, bool]  # what, expected, got, ok

STRANGER_DEBT_MAX = 2_000_000  # kopecks
STRANGER_DELAY_MAX = 900  # days
PENALTY, DAYS = "пени", "дни и доли"


def _roubles(kopecks: int) -> str:
    return f"{format_scaled(kopecks, 100, 2)} ₽"


def penalty_checks(spec: PenaltySpec, rng: np.random.Generator, strangers: int) -> list[Words]:
    """What came out beside what is expected; strangers = 0 computes the case alone."""
    got = _by_kernel(spec, rng, strangers)
    rows = pieces(_parts(spec), spec.due, spec.payer, spec.law, spec.mode)
    proved = kopecks_of(rows)
    said = _roubles(got) if got == proved else f"{_roubles(got)}, по расшифровке {_roubles(proved)}"
    ok = got == spec.amount_kopecks == proved
    out = [(PENALTY, _roubles(spec.amount_kopecks), said, ok)]
    if spec.days is not None:
        wanted = Counter({(one.base_kopecks, one.denominator): one.days for one in spec.days})
        found: Counter[tuple[int, int]] = Counter()
        for row in rows:
            found[row.base_kopecks, row.denominator] += row.days
        out.append((DAYS, _days_words(wanted), _days_words(found), wanted == found))
    return out


def _days_words(days: Counter[tuple[int, int]]) -> str:
    rows = [f"{count} дн. × 1/{share} с {_roubles(base)}" for (base, share), count in sorted(days.items())]
    return "; ".join(rows) or "нет"


def _parts(spec: PenaltySpec) -> list[Part]:
    """Payments through the day of computation, and what is left of the debt."""
    paid = [Part(day, amount) for day, amount in spec.payments if day <= spec.until]
    left = spec.debt_kopecks - sum(part.amount_kopecks for part in paid)
    return [*paid, Part(spec.until, left, is_paid=False)] if left else paid


def _by_kernel(spec: PenaltySpec, rng: np.random.Generator, strangers: int) -> int:
    """The penalty of the case's debt, at a random place among others."""
    at = int(rng.integers(0, strangers + 1))
    count = strangers + 1
    amount = rng.integers(0, STRANGER_DEBT_MAX, count)
    until = spec.until.toordinal()
    due = until - rng.integers(-40, STRANGER_DELAY_MAX, count)
    payer = rng.integers(0, len(Payer), count)
    amount[at], due[at], payer[at] = spec.debt_kopecks, spec.due.toordinal(), int(spec.payer)
    others = np.flatnonzero(np.arange(count) != at)
    days_of = [day.toordinal() for day, _ in spec.payments]
    paid = Payments(
        np.concatenate([others, np.full(len(days_of), at)]).astype(np.int64),
        np.concatenate([due[others] + rng.integers(0, 400, len(others)), days_of]).astype(np.int64),
        np.concatenate(
            [rng.integers(0, amount[others] + 1), [kopecks for _, kopecks in spec.payments]]
        ).astype(np.int64),
    )
    first = min(spec.law.key_rates, key=lambda one: one.since).since
    due = np.maximum(due, first.toordinal())
    days = over_days(spec.law, first, spec.until)
    return int(accrue(Debts(amount, due, payer), paid, until, days, spec.mode).total[at])
