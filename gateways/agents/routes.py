"""The address agents call: /gate/{code}, GET or POST, answered in the dialect of the gate's profile.

Who may not ask gets 401 or 403 and no XML. Everything else is answered by 200 with a code of the dialect: an
agent takes another status for a lost connection. A payment is answered after its transaction has committed.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import datetime as dt
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from pydantic import ValidationError

from gateways.agents import desk
from gateways.agents.certificates import SCOPE_KEY
from gateways.agents.desk import Shown
from gateways.agents.profile import Profile
from gateways.agents.queue import Queue
from storage import agent_gates, ledger, payment_gate
from storage.agent_gates import Gate
from storage.engine import Database
from storage.payment_gate import Asked, Taken
from storage.scope import SYSTEM

log = logging.getLogger("paylogic.gate")

XML = "application/xml; charset=utf-8"
REMEMBERED_S = 2.0  # how late a change of a profile is noticed
BODY_MAX = 64 * 1024
ZONE = ZoneInfo("Europe/Moscow")  # of the day a payment is booked on


@dataclass(frozen=True, slots=True)
class Known:
    """A gate with its profile read."""

    gate: Gate
    profile: Profile


class Gates:
    """Gates over one database: profiles remembered for a moment, payments kept in batches."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, tuple[float, Known | None]] = {}
        self._reading: dict[str, asyncio.Task[Known | None]] = {}
        self._asking: dict[str, int] = {}
        self.queue = Queue(self._keep)

    async def find(self, code: str) -> Known | None:
        """A gate by its code, as it was at most REMEMBERED_S ago."""
        at, known = self._known.get(code, (float("-inf"), None))
        if time.monotonic() - at < REMEMBERED_S:
            return known
        if code not in self._reading:
            self._reading[code] = asyncio.create_task(self._read(code))
            self._reading[code].add_done_callback(lambda _: self._reading.pop(code, None))
        return await asyncio.shield(self._reading[code])

    async def _read(self, code: str) -> Known | None:
        """The gate as it is now: asked once for all who wait for it."""
        async with self._database.reading(SYSTEM) as session:
            gate = await agent_gates.gate(session, code)
        known = None if gate is None else Known(gate, Profile.model_validate(gate.profile))
        if known is not None:  # codes made up by callers are not kept
            self._known[code] = (time.monotonic(), known)
        return known

    async def answer(self, known: Known, values: dict[str, str]) -> bytes:
        """The XML; temporary trouble of ours is a temporary code, so that the agent asks again."""
        code = known.gate.code
        if self._asking.get(code, 0) >= known.profile.in_flight_max:
            return desk.temporary(known.profile, values)
        self._asking[code] = self._asking.get(code, 0) + 1
        try:
            now = dt.datetime.now(dt.UTC)
            return await desk.answer(
                known.profile, known.gate.agent_id, self, values, now, known.gate.is_active
            )
        except Exception:
            log.exception("gate %s could not answer", code)
            return desk.temporary(known.profile, values)
        finally:
            self._asking[code] -= 1

    # ---- the books of the desk -----------------------------------------------------------------------

    async def _keep(self, asked: Sequence[Asked]) -> list[Taken]:
        async with self._database.transaction(SYSTEM) as session:
            return await payment_gate.take(session, asked, ZONE)

    async def take(self, asked: Asked) -> Taken:
        return await self.queue.put(asked)

    async def shown(self, account: str, with_balance: bool) -> Shown | None:
        async with self._database.reading(SYSTEM) as session:
            payer = await payment_gate.payer(session, account)
            if payer is None:
                return None
            balance = 0
            if with_balance and not payer.is_closed:
                balance = (await ledger.balance(session, payer.account_id)).amount_kopecks
        return Shown(payer.name, payer.address, balance, payer.is_closed)

    async def find_payment(self, agent_id: int, payment_id: str) -> Taken | None:
        async with self._database.reading(SYSTEM) as session:
            return await payment_gate.find(session, agent_id, payment_id)

    async def payment_id_of(self, agent_id: int, our_id: int) -> str | None:
        async with self._database.reading(SYSTEM) as session:
            return await payment_gate.number_of(session, agent_id, our_id)

    async def cancel(self, agent_id: int, payment_id: str) -> None:
        async with self._database.transaction(SYSTEM) as session:
            await payment_gate.cancel(session, agent_id, payment_id)


class Bare(APIRoute):
    """A route whose function takes the request as it is: what is declared for it (who may call) needs
    nothing of the request, and looking through it for cookies and bodies took a seventh of a payment's time.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The function itself."""
        handler: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        return handler


router = APIRouter(prefix="/gate", route_class=Bare)


@router.get("/{code}")
@router.post("/{code}")
async def ask(request: Request) -> Response:
    """Answer one request of an agent."""
    gates, code = _gates(request), request.path_params["code"]
    try:
        known = await gates.find(code)
    except ValidationError:
        log.exception("the profile of gate %s cannot be read", code)
        known = None
    except Exception:
        log.exception("gate %s cannot be looked up", code)
        return Response("temporarily unavailable", status_code=503)
    if known is None:
        return Response("no such gate", status_code=404)
    refusal = _refusal(request, known)
    if refusal is not None:
        return refusal
    return Response(await gates.answer(known, await _values(request)), media_type=XML)


def _gates(request: Request) -> Gates:
    """The gates of this app, made at the first request."""
    state = request.app.state
    if not hasattr(state, "gates"):
        state.gates = Gates(state.database)
    found: Gates = state.gates
    return found


async def _values(request: Request) -> dict[str, str]:
    """Parameters of the address and of a posted form; the first of a name counts."""
    pairs = list(request.query_params.multi_items())
    if request.method == "POST":
        form = await request.form(max_files=0, max_part_size=BODY_MAX)
        pairs += [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    values: dict[str, str] = {}
    for name, value in pairs:
        values.setdefault(name, value)
    return values


def _refusal(request: Request, known: Known) -> Response | None:
    """401 or 403 for a caller who may not ask; None for one who may. Everything a gate names must hold."""
    address = request.client.host if request.client else ""
    if not known.profile.lets_in(address):
        log.warning("gate %s: a caller from %s is not among its networks", known.gate.code, address)
        return Response("forbidden", status_code=403)
    if not known.profile.knows_certificate(request.scope.get(SCOPE_KEY), dt.datetime.now(dt.UTC)):
        log.warning("gate %s: no certificate of the agent from %s", known.gate.code, address)
        return Response("a client certificate of the agent is required", status_code=403)
    if known.gate.secret_hash is None:
        if known.profile.networks or known.profile.certificates:
            return None
        return Response("the gate has neither a secret nor networks nor certificates", status_code=403)
    if known.gate.knows(*_basic(request.headers.get("Authorization", ""))):
        return None
    log.warning("gate %s: wrong name or secret from %s", known.gate.code, address)
    headers = {"WWW-Authenticate": f'Basic realm="{known.gate.code}", charset="UTF-8"'}
    return Response("unauthorized", status_code=401, headers=headers)


def _basic(header: str) -> tuple[str, str]:
    """Name and secret of a Basic header; two empty words when there is none."""
    kind, _, given = header.partition(" ")
    if kind.lower() != "basic":
        return "", ""
    try:
        login, _, secret = base64.b64decode(given, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return login, secret
