"""Our own SMTP server for what comes back: takes only «…+TOKEN@…», says 250 when it is kept."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from aiosmtpd.smtp import SMTP, Envelope, Session

from gateways.mail.dsn import RAW_MAX, TOKEN

log = logging.getLogger("paylogic.mail")

Keep = Callable[[str, bytes], Awaitable[bool]]
"""(recipient, raw) → whether the letter is known; kept when it returns."""
NO_SUCH = "550 5.1.1 No such address here"
LATER = "451 4.3.0 Try again later"


class Returned:
    """What aiosmtpd calls."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep

    async def handle_RCPT(  # noqa: N802 - the name is aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Refuse what is not addressed to a letter of ours: this is no open relay."""
        if not TOKEN.search(address.lower()):
            return NO_SUCH
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Answer only when it is kept, so that a database away makes the sender try again."""
        raw = envelope.content if isinstance(envelope.content, bytes) else b""
        try:
            for address in envelope.rcpt_tos:
                await self._keep(address, raw)
        except Exception:
            log.exception("a returned letter was not kept")
            return LATER
        return "250 OK"


async def serve(host: str, port: int, keep: Keep) -> asyncio.Server:
    """Listen; the caller closes it."""
    loop = asyncio.get_running_loop()
    handler = Returned(keep)

    def session() -> SMTP:
        return SMTP(handler, data_size_limit=RAW_MAX, hostname="paylogic", loop=loop)

    return await loop.create_server(session, host, port)
