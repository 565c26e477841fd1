"""P3: a print run of a whole month: data from PostgreSQL, pages, imposed volumes back into PostgreSQL.

The rate is of the run as people start it. The peers render the same documents (every string of the page and
its QR
codes) without any of the reading and writing, one core each; `ours_render` is our press on the same
footing, and
their ratio is to it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

from actors.local import LocalCrew
from actors.press import press_until_idle
from benchmarks._report import Beside, Report, own_peak_mb, surroundings
from benchmarks._town import Memory, Town, checkpoint, connection, town, whole_stack
from benchmarks.peers import papers
from billing.period import Period
from billing.receipt import Receipt
from receipts.fill import Filler
from receipts.impose import Layout
from receipts.render import render_receipt
from receipts.volume import Volume
from storage.engine import Database
from storage.press_orders import START, PressChoice, obey, request_press
from storage.press_pages import PressProgress, press_progress
from storage.receipts import build_receipts

MONTHS = 2
WARM_SHEETS = 20
SAMPLES = {"ours_render": 300, "typst": 40, "reportlab": 60, "weasyprint": 6}
POLL_S = 0.2
WAIT_S_MAX = 3600.0


@dataclass(frozen=True, slots=True)
class Pressed:
    """A finished print run and the memory of the largest worker while it ran."""

    progress: PressProgress
    seconds: float
    digest: str
    worker_mb: int
    total_mb: int


def run(
    accounts: int = 10_000,
    peers: bool = True,
    months: int = MONTHS,
    local: bool = False,
    database_url: str | None = None,
    home: str | None = None,
) -> Report:
    """Seed and bill a city, print a tenth of its last closed month, then all of it.

    local: rendered in this very process, without Ray and NATS. database_url, home: as of `bench city`.
    """
    with town(accounts, months, database_url, home) as made:
        before = surroundings()
        period = asyncio.run(_last_billed(made.url))
        asyncio.run(_all_on_paper(made.url))
        tenth, whole = _pressed(made, period, local)
        report = _report(whole, tenth, before, local or made.stack is None)
        if peers:
            report.peers.extend(_peers(asyncio.run(_documents(made.url, period)), report))
        return report


def _pressed(made: Town, period: Period, local: bool) -> tuple[Pressed, Pressed]:
    """A part of the city first, so that workers are warm and memory of two sizes can be compared."""
    part = asyncio.run(_some_houses(made.url))
    if local or made.stack is None:
        asyncio.run(checkpoint(made.stack))
        return _here(made, period, part), _here(made, period, None)
    with whole_stack(made):
        return _there(made, period, part), _there(made, period, None)


def _here(made: Town, period: Period, houses: tuple[int, ...] | None) -> Pressed:
    async def work() -> tuple[PressProgress, float, str]:
        database, crew = Database(made.url, pool_max=2), LocalCrew(made.url)
        try:
            began = time.perf_counter()
            run_id = await _ask(database, period, houses)
            async with database.transaction() as session:
                await obey(session, START, {"press_run_id": run_id})
            await press_until_idle(made.url, crew)
            seconds = time.perf_counter() - began
            progress, digest = await _found(database, made.url, run_id)
            return progress, seconds, digest
        finally:
            await crew.close()
            await database.close()

    progress, seconds, digest = asyncio.run(work())
    return Pressed(progress, seconds, digest, own_peak_mb(), own_peak_mb())


def _there(made: Town, period: Period, houses: tuple[int, ...] | None) -> Pressed:
    async def work() -> tuple[PressProgress, float, str]:
        database = Database(made.url, pool_max=2)
        try:
            began = time.perf_counter()
            run_id = await _ask(database, period, houses)
            while True:
                progress, digest = await _found(database, made.url, run_id)
                if not progress.is_live:
                    return progress, time.perf_counter() - began, digest
                if time.perf_counter() - began > WAIT_S_MAX:
                    raise TimeoutError(f"the print run is not done after {WAIT_S_MAX:.0f} s")
                await asyncio.sleep(POLL_S)
        finally:
            await database.close()

    with Memory(made.home) as memory:
        progress, seconds, digest = asyncio.run(work())
    return Pressed(progress, seconds, digest, memory.worker_mb, memory.total_mb)


async def _ask(database: Database, period: Period, houses: tuple[int, ...] | None) -> int:
    choice = PressChoice(period.first_day, None, houses, "a4", True, False, 100, 500)
    async with database.transaction() as session:
        return await request_press(session, choice, None, uuid4().hex)


async def _found(database: Database, url: str, run_id: int) -> tuple[PressProgress, str]:
    async with database.reading() as session:
        progress = await press_progress(session, run_id)
    assert progress is not None, "the run was asked for a moment ago"
    async with connection(url) as raw:
        digest = await raw.fetchval("SELECT digest FROM press_runs WHERE id = $1", run_id)
    return progress, digest or ""


async def _last_billed(url: str) -> Period:
    async with connection(url) as raw:
        return Period.of(await raw.fetchval("SELECT max(posted_in) FROM runs WHERE state = 'published'"))


async def _all_on_paper(url: str) -> None:
    """Nobody is left out: the bench prints as many receipts as there are accounts."""
    async with connection(url) as raw:
        await raw.execute("UPDATE accounts SET receipt_by = 'paper' WHERE receipt_by <> 'paper'")


async def _some_houses(url: str) -> tuple[int, ...]:
    async with connection(url) as raw:
        rows = await raw.fetch("SELECT id FROM houses ORDER BY id")
    return tuple(row["id"] for row in rows[::10])


async def _documents(url: str, period: Period) -> list[Receipt]:
    database = Database(url, pool_max=1)
    try:
        async with connection(url) as raw:
            rows = await raw.fetch("SELECT id FROM accounts ORDER BY id LIMIT $1", 2 * max(SAMPLES.values()))
        async with database.reading() as session:
            built = await build_receipts(session, [row["id"] for row in rows], period)
    finally:
        await database.close()
    return [one.receipt for one in built.values() if one.receipt is not None]


def _report(whole: Pressed, tenth: Pressed, before: dict[str, Any], is_local: bool) -> Report:
    progress = whole.progress
    printed = progress.receipts_done - progress.problems_count
    return Report(
        bench="receipts",
        accounts=progress.receipts_total,
        lines=0,
        seconds=whole.seconds,
        rate=printed / whole.seconds,
        unit="receipts/s",
        peak_rss_mb=whole.total_mb,
        digest=whole.digest,
        details={
            "state": progress.state,
            "problems": progress.problems_count,
            "volumes": progress.volumes,
            "sheets": progress.sheets,
            "bytes_per_receipt": progress.bytes_count // max(printed, 1),
            "worker_rss_mb": whole.worker_mb,
            "tenth": {
                "receipts": tenth.progress.receipts_done,
                "seconds": round(tenth.seconds, 2),
                "worker_rss_mb": tenth.worker_mb,
            },
            "way": "local" if is_local else "ray",
            **before,
        },
    )


def _peers(documents: Sequence[Receipt], report: Report) -> list[Beside]:
    """Core seconds of rendering alone, so that what others do on the machine does not count."""
    ours, size = _rate(_ours, documents[: SAMPLES["ours_render"]])
    report.details["ours_render"] = {"rate": round(ours, 1), "unit": "receipts/s a core", "bytes": size}
    makers: dict[str, Callable[[Receipt], bytes]] = {
        "typst": render_receipt,
        "reportlab": papers.by_reportlab,
        "weasyprint": papers.by_weasyprint,
    }
    beside = []
    for name, make in makers.items():
        make(documents[0])  # fonts and forms are read once
        rate, size = _rate(partial(_each, make), documents[: SAMPLES[name]])
        beside.append(Beside.of(name, rate, "receipts/s a core", ours, bytes=size))
    return beside


def _ours(documents: Sequence[Receipt]) -> list[bytes]:
    filler, volume = _FILLER, Volume(Layout.A4, is_duplex=True)
    for document in documents:
        volume.add(filler.fill(document))
    return [volume.pdf("bench")]


def _each(make: Callable[[Receipt], bytes], documents: Sequence[Receipt]) -> list[bytes]:
    return [make(document) for document in documents]


_FILLER = Filler()


def _rate(
    work: Callable[[Sequence[Receipt]], list[bytes]], documents: Sequence[Receipt]
) -> tuple[float, int]:
    """Receipts a core second, bytes a receipt."""
    began = time.process_time()
    made = work(documents)
    seconds = time.process_time() - began
    return len(documents) / seconds, sum(map(len, made)) // len(documents)
