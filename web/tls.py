"""TLS ended by our own server: the certificate a caller proved in the handshake goes into the scope.

uvicorn is told of this class by `--http web.tls:ClientCertificates`; a caller without a certificate is served
as ever, for pages are opened by people.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateways.agents.certificates import SCOPE_KEY


class ClientCertificates(HttpToolsProtocol):
    """HTTP/1.1 by httptools with the peer's certificate, DER."""

    _der: bytes | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        secured = transport.get_extra_info("ssl_object")
        if isinstance(secured, ssl.SSLObject | ssl.SSLSocket):
            self._der = secured.getpeercert(binary_form=True) or None

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._der is not None:
            cast(dict[str, Any], self.scope)[SCOPE_KEY] = self._der
