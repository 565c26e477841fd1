"""The bar in the top rail: which run is being computed and how far it is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import run_pages
from storage.run_pages import Running
from web.deps import Reader
from web.render import page
from web.roles import CENTRE_STAFF, allow

router = APIRouter(prefix="/jobs", dependencies=[allow(*CENTRE_STAFF)])


@dataclass(frozen=True, slots=True)
class RunningView:
    """The newest run in work, if any."""

    run: Running | None


@router.get("/running")
async def running(request: Request, session: Reader) -> Response:
    """A fragment asked every five seconds; 304 while nothing has moved."""
    found = await run_pages.running(session)
    tag = f'"{hashlib.sha256(repr(found).encode()).hexdigest()[:16]}"'
    if request.headers.get("HX-PTag") == tag:
        return Response(status_code=304, headers={"HX-PTag": tag})
    return page(request, "jobs/running.html", RunningView(found), headers={"HX-PTag": tag})
