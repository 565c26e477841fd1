"""The address banks call: /cards/notice/{code}. A notice is kept as it came; a worker judges it."""

from __future__ import annotations

import json
import logging
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response
from starlette.requests import ClientDisconnect

from gateways.acquiring import notices
from storage import card_gates, card_work
from storage.engine import Database
from storage.scope import SYSTEM

log = logging.getLogger("paylogic.cards")

BODY_MAX = 64 * 1024

router = APIRouter(prefix="/cards/notice")


@router.get("/{code}")
@router.post("/{code}")
async def hear(request: Request, code: str) -> Response:
    """Keep a notice. 200 when it is kept or is about nothing of ours; 503 when it could not be kept."""
    try:
        values = await _values(request)
    except (ValueError, ClientDisconnect):
        return Response("not understood", status_code=400)
    address = request.client.host if request.client else ""
    database: Database = request.app.state.database
    try:
        async with database.transaction(SYSTEM) as session:
            gate = await card_gates.gate(session, code)
            if gate is None or gate.kind != card_gates.BANK:
                return Response("no such gate", status_code=404)
            bank = str(gate.profile.get("bank", ""))
            told = notices.about(bank, values)
            digest = notices.digest(values)
            is_ours = await card_work.hear(
                session, gate.id, told.number, told.bank_id, values, digest, address
            )
    except Exception:
        log.exception("a notice of %s could not be kept", code)
        return Response("temporarily unavailable", status_code=503)
    if not is_ours:
        log.warning("a notice of %s from %s is about no order of ours", code, address)
    return Response(notices.ANSWERS.get(bank, b""), media_type="text/plain")


async def _values(request: Request) -> dict[str, Any]:
    """Parameters of the address, of a form or of a JSON body. Raises ValueError."""
    values: dict[str, Any] = dict(request.query_params)
    if request.method == "POST":
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_MAX:
                raise ValueError("too long")
        if request.headers.get("Content-Type", "").startswith("application/json"):
            told = json.loads(body)
            if not isinstance(told, dict):
                raise ValueError("not an object")
            values |= told
        else:
            values |= dict(parse_qsl(body.decode("utf-8"), max_num_fields=notices.VALUES_MAX))
    return values
