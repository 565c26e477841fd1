"""Asking a counterpart over HTTPS: one request, one answer; what did not come is a temporary trouble."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

import aiohttp

TIMEOUT_S = 20.0
BODY_MAX = 1024 * 1024
LOST = 500  # from this status on nobody knows whether the request was carried out


class CounterpartAway(Exception):
    """No answer, or one that says nothing: whether it was done is not known, it is asked again."""

    permanent = False


class CounterpartRefused(Exception):
    """The counterpart said no for good; the message is for a person."""

    permanent = True


@dataclass(frozen=True, slots=True)
class Question:
    """A request ready to be sent."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None

    @classmethod
    def form(cls, url: str, values: Mapping[str, str]) -> Question:
        """A posted form."""
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        return cls("POST", url, headers, urlencode(values).encode())


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes


Ask = Callable[[Question], Awaitable[Answer]]


class Http:
    """Asks over the network by one pool of connections; close() at the end."""

    def __init__(self, timeout_s: float = TIMEOUT_S) -> None:
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, question: Question) -> Answer:
        """Raises CounterpartAway. A redirect is an answer, never followed."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        try:
            async with self._session.request(
                question.method,
                question.url,
                headers=dict(question.headers),
                data=question.body,
                allow_redirects=False,
            ) as answer:
                body = await answer.content.read(BODY_MAX)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise CounterpartAway(f"Нет связи: {type(error).__name__}") from error
        return Answer(answer.status, body)

    async def close(self) -> None:
        """Let the connections go."""
        if self._session is not None:
            await self._session.close()
