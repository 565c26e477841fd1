"""Round every request: headers of safety, the access log, and a page instead of a stack trace."""

from __future__ import annotations

import logging
import time

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.error_pages import on_failure

access = logging.getLogger("paylogic.access")

POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "frame-src 'self'; img-src 'self' data:"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
HSTS = "max-age=31536000; includeSubDomains"


class Surround:
    """ASGI: adds the headers, logs method, path, status, milliseconds and user; a failure becomes a page."""

    def __init__(self, app: ASGIApp, is_https: bool) -> None:
        self.app = app
        self.headers = HEADERS | ({"Strict-Transport-Security": HSTS} if is_https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope.setdefault("state", {})
        started = time.perf_counter()
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(MutableHeaders(scope=message))
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except Exception as error:
            request = Request(scope, receive)
            response = await on_failure(request, error)
            if status:
                raise  # half of an answer is gone already: only the connection can be closed
            await response(scope, receive, sending)
        finally:
            form = scope["state"].get("form")
            if form is not None:
                await form.close()
            self._log(scope, status, started)

    def _add_headers(self, headers: MutableHeaders) -> None:
        for name, value in self.headers.items():
            headers.setdefault(name, value)
        headers.setdefault("Cache-Control", "no-store")

    def _log(self, scope: Scope, status: int, started: float) -> None:
        me = scope["state"].get("me")
        client = scope.get("client")
        access.info(
            "%s %s %s %.0f ms user=%s ip=%s",
            scope["method"],
            scope["path"],
            status,
            (time.perf_counter() - started) * 1000,
            me.user_id if me else "-",
            client[0] if client else "-",
        )
