"""Penalties of a city: two years of months, payments put on them by day, then every debt by service and day.

Lines are debts (account × payee × service × month) that cost something. Ceiling: numpy multiplies and sums as
many parts. The peer is the same law day by day in Python, on a sample; its kopecks are compared with ours.
"""

from __future__ import annotations

import datetime as dt
import time

import numpy as np
import numpy.typing as npt

from benchmarks._report import Beside, Report, Stopwatch, best_of, own_peak_mb, surroundings
from billing.penalty.federal import federal_calendar, federal_law
from billing.penalty.kernel import Accrued, Debts, Payments, RateMode, accrue, payer_of
from billing.penalty.rates import over_days
from billing.penalty.scale import Payer
from billing.penalty.split import Parts, split
from billing.penalty.terms import Terms
from billing.penalty.timeline import UNNAMED, Charged, Money, when_paid
from billing.penalty.trace import Part, kopecks_of, pieces
from billing.period import Period

I64 = npt.NDArray[np.int64]

MONTHS = 24
LAST = Period.parse("2026-09")
UNTIL = dt.date(2026, 10, 31)
BLOCK_ACCOUNTS = 20_000
SERVICES = 8  # of a month, one of them the capital repair contribution
REPAIR = 7
SAMPLE = 300
REPEATS = 3


def run(accounts: int = 100_000, peers: bool = True, months: int = MONTHS, seed: int = 1) -> Report:
    """`accounts` accounts: six of ten pay in time, two late, one in parts, one not at all."""
    before = surroundings()
    watch = Stopwatch()
    lines = parts = penalties = 0
    seconds, sample = 0.0, None
    random = np.random.default_rng(seed)
    for start in range(0, accounts, BLOCK_ACCOUNTS):
        city = _City(random, min(BLOCK_ACCOUNTS, accounts - start), months)
        began = time.process_time()
        made, debts, paid = city.compute(watch)
        seconds += time.process_time() - began
        lines += int(np.count_nonzero(made.total))
        parts += len(made.debt)
        penalties += int(made.total.sum())
        sample = sample or (made, debts, paid)
    assert sample is not None, "a city of no accounts"
    rate = lines / seconds
    report = Report(
        bench="penalties",
        accounts=accounts,
        lines=lines,
        seconds=seconds,
        rate=rate,
        unit="lines/s",
        cores=1,
        ceilings=[_multiply_sum(sample[0], rate)],
        stages=watch.stages,
        details={
            "months": months,
            "months_of_accounts": accounts * months,
            "parts": parts,
            "penalty_kopecks": penalties,
            "accounts_per_s": round(accounts / seconds, 1),
            **before,
        },
    )
    if peers:
        report.peers.append(_by_days(*sample, rate))
    report.peak_rss_mb = own_peak_mb()
    return report


class _City:
    """Accounts with charges, payments and habits, made outside of what is measured."""

    def __init__(self, random: np.random.Generator, accounts: int, months: int) -> None:
        self.periods = [LAST.shift(at - months + 1) for at in range(months)]
        terms = Terms(federal_calendar())
        self.due = np.array([terms.due(period).toordinal() for period in self.periods], np.int64)
        self.charged_on = np.array(
            [period.shift(1).first_day.toordinal() for period in self.periods], np.int64
        )
        self.services = random.integers(5_000, 150_000, (accounts, months, SERVICES))
        self.principal = self.services.sum(axis=2)
        self.money = self._money(random, accounts, months)

    def _money(self, random: np.random.Generator, accounts: int, months: int) -> Money:
        habit = random.integers(0, 10, accounts)[:, None]
        month = np.broadcast_to(np.arange(months), (accounts, months))
        late = np.where(
            habit < 6,
            random.integers(-5, 8, (accounts, months)),
            random.integers(40, 160, (accounts, months)),
        )
        share = np.where(habit == 8, random.integers(20, 100, (accounts, months)), 100)
        pays = habit < 9
        amount = np.where(pays, self.principal * share // 100, 0)
        account = np.broadcast_to(np.arange(accounts)[:, None], (accounts, months))
        some = amount > 0
        named = np.where(random.integers(0, 3, (accounts, months)) > 0, month, UNNAMED)
        day = self.due[month] + late
        return Money(account[some], day[some], amount[some], named[some])

    def compute(self, watch: Stopwatch) -> tuple[Accrued, Debts, Payments]:
        """What storage does between loading a block and writing it."""
        until = UNTIL.toordinal()
        with watch("months"):
            paid = when_paid(Charged(self.principal, self.charged_on), self.money, until)
            wanted = (paid.unpaid > 0) & (until > self.due + 30)
            late = paid.day > self.due[paid.month] + 30
            wanted[paid.account[late], paid.month[late]] = True
        with watch("services"):
            width = len(self.periods)
            cells = np.flatnonzero(wanted.ravel())
            cell = np.repeat(cells, SERVICES)
            amount = self.services.reshape(-1, SERVICES)[cells].ravel()
            of_cell = paid.account * width + paid.month
            mine = np.flatnonzero(wanted.ravel()[of_cell])
            nothing = np.zeros(0, np.int64)
            parts = split(
                cell,
                amount,
                Parts(of_cell[mine], paid.day[mine], paid.amount[mine]),
                Parts(nothing, nothing, nothing),
            )
        with watch("kernel"):
            is_repair = np.tile(np.arange(SERVICES) == REPAIR, len(cells))
            debts = Debts(amount, self.due[cell % width], payer_of(is_repair))
            payments = Payments(parts.of, parts.day, parts.amount)
            days = over_days(federal_law(), dt.date.fromordinal(int(self.due[0])), UNTIL)
            made = accrue(debts, payments, until, days, RateMode.ON_PAYMENT)
        return made, debts, payments


def _multiply_sum(made: Accrued, ours: float) -> Beside:
    """int64 multiply and sum over as many parts as one block has, in lines of it."""
    lines = int(np.count_nonzero(made.total))
    sums = np.zeros(len(made.total), np.int64)

    def work() -> None:
        np.add.at(sums, made.debt, made.amount * made.weight)

    return Beside.of("numpy_multiply_sum", lines / best_of(REPEATS, work), "lines/s", ours)


def _by_days(made: Accrued, debts: Debts, paid: Payments, ours: float) -> Beside:
    """The law day by day over a sample of debts; every sum is compared with the kernel's."""
    law = federal_law()
    chosen = np.flatnonzero(made.total)[:: max(1, int(np.count_nonzero(made.total)) // SAMPLE)][:SAMPLE]
    stories = []
    for debt in chosen.tolist():
        mine = np.flatnonzero(paid.debt == debt)
        own = [
            Part(dt.date.fromordinal(day), kopecks)
            for day, kopecks in zip(paid.day[mine].tolist(), paid.amount[mine].tolist(), strict=True)
            if day <= UNTIL.toordinal()
        ]
        left = int(debts.amount[debt]) - sum(part.amount_kopecks for part in own)
        parts = [*own, Part(UNTIL, left, is_paid=False)] if left else own
        stories.append((parts, dt.date.fromordinal(int(debts.due[debt])), Payer(int(debts.payer[debt]))))
    began = time.process_time()
    sums = [kopecks_of(pieces(parts, due, payer, law, RateMode.ON_PAYMENT)) for parts, due, payer in stories]
    seconds = time.process_time() - began
    differ = int((np.array(sums, np.int64) != made.total[chosen]).sum())
    assert differ == 0, f"{differ} of {len(sums)} debts differ from the law day by day"
    return Beside.of("day_by_day", len(sums) / seconds, "lines/s", ours, compared=len(sums), differ=differ)
