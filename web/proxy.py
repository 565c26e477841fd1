"""Who really calls: what a proxy says of the caller is believed only when the proxy itself is trusted.

Trusted networks are named in PAYLOGIC_TRUSTED_PROXIES; without them every header of the kind is ignored.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from gateways.agents import certificates

log = logging.getLogger("paylogic.proxy")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks(words: str) -> tuple[Network, ...]:
    """Networks separated by commas or spaces. Raises ValueError for anything else."""
    return tuple(ipaddress.ip_network(one, strict=False) for one in words.replace(",", " ").split())


class TrustedProxies:
    """ASGI around the whole app: the caller's address, scheme and certificate by headers of a trusted proxy.

    certificate_header: «» when no proxy passes certificates; a name says that the proxy overwrites that
    header in every request, or else a caller could pass another's certificate, which is no secret.
    """

    def __init__(self, app: ASGIApp, trusted: Sequence[Network], certificate_header: str) -> None:
        self._app, self._trusted, self._header = app, trusted, certificate_header

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            self._look(scope)
        await self._app(scope, receive, send)

    def _look(self, scope: Scope) -> None:
        client = scope.get("client")
        headers = Headers(scope=scope)
        if client is None or not self._trusts(client[0]):
            if self._header and self._header in headers:
                log.warning(
                    "a certificate in a header from %s, who is no trusted proxy", client and client[0]
                )
            return
        scope.pop(certificates.SCOPE_KEY, None)  # the proxy's own certificate is not the caller's
        given = headers.getlist(self._header) if self._header else []
        der = certificates.of_header(given[0]) if len(given) == 1 else None
        if der is not None:
            scope[certificates.SCOPE_KEY] = der
        hops = [hop.strip() for value in headers.getlist("x-forwarded-for") for hop in value.split(",")]
        for hop in reversed(hops):  # written by the nearest proxy last; the first foreign one is the caller
            if not _is_address(hop):
                break
            scope["client"] = (hop, 0)
            if not self._trusts(hop):
                break
        proto = headers.get("x-forwarded-proto", "").rpartition(",")[2].strip()
        if proto in ("http", "https"):
            scope["scheme"] = proto

    def _trusts(self, address: str) -> bool:
        return _is_address(address) and any(ipaddress.ip_address(address) in one for one in self._trusted)


def _is_address(words: str) -> bool:
    try:
        ipaddress.ip_address(words)
    except ValueError:
        return False
    return True
