"""What every benchmark prints: one object of one shape, so that figures of two days lie side by side."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psutil

LOAD_MAX = 0.15  # other work, a core; above it a figure is marked as taken under load
LOOK_S = 1.0


@dataclass(slots=True)
class Beside:
    """A ceiling or a peer measured in the same run. ratio = ours / this one, in the unit given here."""

    name: str
    rate: float
    unit: str
    ratio: float
    details: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, rate: float, unit: str, ours: float, **details: Any) -> Beside:
        return cls(name, round(rate, 1), unit, float(f"{ours / rate:.4g}"), details)

    def as_dict(self) -> dict[str, Any]:
        shown = {"name": self.name, "rate": self.rate, "unit": self.unit, "ratio": self.ratio}
        return {**shown, **self.details}


@dataclass(slots=True)
class Report:
    """One measurement. rate is in `unit`; stages are seconds; digest tells that the same work was done."""

    bench: str
    accounts: int
    lines: int
    seconds: float
    rate: float
    unit: str
    cores: int = field(default_factory=lambda: os.cpu_count() or 1)
    ceilings: list[Beside] = field(default_factory=list)
    peers: list[Beside] = field(default_factory=list)
    stages: dict[str, float] = field(default_factory=dict)
    peak_rss_mb: int = 0
    digest: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {
            "bench": self.bench,
            "accounts": self.accounts,
            "lines": self.lines,
            "cores": self.cores,
            "seconds": round(self.seconds, 3),
            "rate": round(self.rate, 1),
            "unit": self.unit,
            "ceilings": [one.as_dict() for one in self.ceilings],
            "peers": [one.as_dict() for one in self.peers],
            "stages": {name: round(seconds, 3) for name, seconds in self.stages.items()},
            "peak_rss_mb": self.peak_rss_mb,
            "digest": self.digest,
            **self.details,
        }


class Stopwatch:
    """Seconds by stage; a stage entered twice adds up."""

    def __init__(self) -> None:
        self.stages: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.stages[stage] = self.stages.get(stage, 0.0) + time.perf_counter() - began


def best_of(repeats: int, work: Callable[[], Any]) -> float:
    """Core seconds of the quickest of `repeats` goes of work on one thread.

    Seconds of the core, not of the wall: what others do on a shared machine does not count, and noise only
    ever adds.
    """
    quickest = float("inf")
    for _ in range(repeats):
        began = time.process_time()
        work()
        quickest = min(quickest, time.process_time() - began)
    return quickest


def own_peak_mb() -> int:
    """Largest memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def surroundings() -> dict[str, Any]:
    """What else the machine did when the measurement began: under_load marks a figure to be taken again.

    Counted from the processes themselves: guests of some hosts are told wrong times of the whole machine.
    """
    before = _spent()
    time.sleep(LOOK_S)
    after = _spent()
    used = sum(max(0.0, spent - before.get(pid, spent)) for pid, spent in after.items())
    busy = used / LOOK_S / (os.cpu_count() or 1)
    return {"busy_before": round(busy, 2), "under_load": busy > LOAD_MAX}


def _spent() -> dict[int, float]:
    """Core seconds of every process but this one."""
    out = {}
    for process in psutil.process_iter(["cpu_times"]):
        times = process.info["cpu_times"]
        if times is not None and process.pid != os.getpid():
            out[process.pid] = times.user + times.system
    return out
