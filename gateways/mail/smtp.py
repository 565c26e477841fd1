"""Handing a letter to an SMTP server, with the one question that matters told apart: did it take the letter?

Refused before or after the letter was said: it has not. Away before the letter was said: it has not. A line
that breaks after the letter was said and before the answer: nobody knows (Unclear).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aiosmtplib
from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from gateways.mail.settings import Server

ANSWER_S_MAX = 60.0
WORDS_MAX = 300
STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
DEAD = re.compile(r"5\.1\.(0|1|2|3|6|10)|5\.2\.1|5\.4\.4")
"""Codes of RFC 3463 that speak of the address: there is no such box or domain."""


class NotTaken(Exception):
    """The letter was surely not taken; the message is the server's own words.

    is_final: trying again is of no use. is_dead: because there is no such address.
    """

    def __init__(self, words: str, *, is_final: bool = False, is_dead: bool = False) -> None:
        super().__init__(words)
        self.is_final, self.is_dead = is_final, is_dead


class ServerAway(NotTaken):
    """The server itself does not answer or does not let us in: no letter is to blame."""


class Unclear(Exception):
    """The line broke while the server was taking the letter: it may have, it may have not."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The server has taken the letter; its words."""

    words: str


class Line:
    """A connection to the server for some letters, one after another."""

    def __init__(self, server: Server, limit_s: float = ANSWER_S_MAX) -> None:
        self._client = SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user or None,
            password=server.password or None,
            use_tls=server.tls == "on",
            start_tls={"on": False, "start": None, "off": False}[server.tls],
            timeout=limit_s,
        )

    async def __aenter__(self) -> Self:
        """Raises ServerAway."""
        try:
            await self._client.connect()
        except (SMTPException, OSError) as error:
            self._client.close()
            raise ServerAway(words_of(error)) from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client.is_connected:
            try:
                await self._client.quit(timeout=2)
            except (SMTPException, OSError):
                self._client.close()

    async def deliver(self, sender: str, recipient: str, raw: bytes) -> Taken:
        """One letter. Raises NotTaken, ServerAway or Unclear."""
        can_report = self._client.supports_extension("dsn")
        try:
            await self._client.mail(sender, options=["RET=HDRS"] if can_report else [])
            await self._client.rcpt(recipient, options=["NOTIFY=SUCCESS,FAILURE"] if can_report else [])
        except SMTPResponseException as error:
            await self._forget()
            raise refusal(error.code, error.message, at_recipient=_names_recipient(error)) from error
        except (SMTPException, OSError) as error:
            raise ServerAway(words_of(error)) from error
        except ValueError as error:
            raise NotTaken("Адрес не годится для отправки", is_final=True, is_dead=True) from error
        try:
            answer = await self._client.data(raw)
        except SMTPResponseException as error:
            await self._forget()
            raise refusal(error.code, error.message, at_recipient=False) from error
        except (SMTPException, OSError) as error:
            raise Unclear(words_of(error)) from error
        return Taken(_short(f"{answer.code} {answer.message}"))

    async def _forget(self) -> None:
        """The next letter begins anew."""
        try:
            await self._client.rset()
        except (SMTPException, OSError):
            self._client.close()


def _names_recipient(error: SMTPResponseException) -> bool:
    return isinstance(error, aiosmtplib.SMTPRecipientRefused)


def refusal(code: int, message: str, *, at_recipient: bool) -> NotTaken:
    """What a code means: 5xx is for good, 4xx for a while; 421 speaks of the server itself."""
    words = _short(f"{code} {message}")
    if code == 421:
        return ServerAway(words)
    status = STATUS.search(message)
    is_final = code >= 500
    is_dead = is_final and (
        bool(DEAD.fullmatch(status[1])) if status else at_recipient and code in (550, 551, 553)
    )
    return NotTaken(words, is_final=is_final, is_dead=is_dead)


def words_of(error: BaseException) -> str:
    """An error of the line for the journal."""
    return _short(str(error) or type(error).__name__)


def _short(words: str) -> str:
    return " ".join(words.split())[:WORDS_MAX]
