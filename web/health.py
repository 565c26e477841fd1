"""/health: whether the database, the event bus and the workers answer, as JSON; no sign-in needed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from web.deps import config, database
from web.roles import allow_anyone

PROBE_S = 2.0
"""Longest wait for a part; a probe that hangs says «does not answer»."""

router = APIRouter(dependencies=[allow_anyone()])


async def _answers(probe: Callable[[], Awaitable[bool]]) -> str:
    try:
        async with asyncio.timeout(PROBE_S):
            return "ok" if await probe() else "down"
    except (TimeoutError, OSError):
        return "down"


async def _port_answers(address: str | None, greeting: bytes = b"") -> str:
    """A TCP connection; NATS also greets with INFO. «unknown» when we were not told where it is."""
    if not address:
        return "unknown"
    parts = urlsplit(address if "//" in address else f"//{address}")

    async def probe() -> bool:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            return not greeting or (await reader.read(len(greeting))) == greeting
        finally:
            writer.close()

    return await _answers(probe)


@router.get("/health")
async def health(request: Request) -> JSONResponse:
    """503 only when the database is away: without the others pages live."""
    known = config(request)
    states = await asyncio.gather(
        _answers(database(request).is_alive),
        _port_answers(known.nats_url, b"INFO"),
        _port_answers(known.ray_address),
    )
    parts = dict(zip(("db", "nats", "ray"), states, strict=True))
    is_ready = parts["db"] == "ok"
    return JSONResponse({"status": "ok" if is_ready else "down", **parts}, 200 if is_ready else 503)
