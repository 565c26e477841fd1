"""Sends static files; an address with today's digest may be cached for ever."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from web.errors import NotFound
from web.roles import allow_anyone
from web.static import STATIC

FOREVER = "public, max-age=31536000, immutable"
router = APIRouter(prefix="/static", dependencies=[allow_anyone()])


@router.get("/{digest}/{name:path}")
async def static_file(request: Request, digest: str, name: str) -> Response:
    """A file; an old digest gets today's file, but is not to be kept."""
    file = STATIC.files.get(name)
    if file is None:
        raise NotFound
    headers = {
        "Cache-Control": FOREVER if digest == STATIC.digest else "no-cache",
        "Vary": "Accept-Encoding",
    }
    if file.packed is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
        return Response(
            file.packed, media_type=file.media_type, headers=headers | {"Content-Encoding": "gzip"}
        )
    return Response(file.plain, media_type=file.media_type, headers=headers)
