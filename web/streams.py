"""Server-sent events for htmx: fragments pushed while something moves, a named event when it has stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import StreamingResponse

TICK_S = 1.0
"""How often the state is looked at."""
STREAM_MAX_S = 300
"""A stream ends itself; the page opens another. So a forgotten tab holds nothing for long."""
DONE = "done"


@dataclass(frozen=True, slots=True)
class Tick:
    """One look: what to show (empty: nothing changed) and whether it still moves."""

    html: str
    is_live: bool


def message(html: str, event: str | None = None) -> str:
    """One SSE message; lines of a fragment each get their «data:»."""
    head = f"event: {event}\n" if event else ""
    lines = "".join(f"data: {line}\n" for line in html.splitlines() or [""])
    return f"{head}{lines}\n"


def stream(request: Request, look: Callable[[int], Awaitable[Tick]]) -> StreamingResponse:
    """Call `look(number)` every second and send what it gives until it stops moving, then «done»."""
    return StreamingResponse(
        _messages(request, look),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _messages(request: Request, look: Callable[[int], Awaitable[Tick]]) -> AsyncIterator[str]:
    for number in range(int(STREAM_MAX_S / TICK_S)):
        tick = await look(number)
        if tick.html:
            yield message(tick.html)
        if not tick.is_live:
            yield message("", DONE)
            return
        if await request.is_disconnected() or request.app.state.is_stopping:
            return
        await asyncio.sleep(TICK_S)
