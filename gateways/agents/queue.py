"""Payments that come at once are kept by one transaction: while one commits, the next gathers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from storage.payment_gate import Asked, Taken

BATCH_MAX = 200
KEEPERS_MAX = 2  # one transaction commits while another is being filled

Keep = Callable[[Sequence[Asked]], Awaitable[list[Taken]]]


class Queue:
    """put() comes back after the commit of the transaction the payment went with."""

    def __init__(self, keep: Keep, batch_max: int = BATCH_MAX, keepers_max: int = KEEPERS_MAX) -> None:
        self._keep = keep
        self._batch_max = batch_max
        self._keepers_max = keepers_max
        self._waiting: list[tuple[Asked, asyncio.Future[Taken]]] = []
        self._keepers: set[asyncio.Task[None]] = set()

    async def put(self, asked: Asked) -> Taken:
        """Keep a payment; whatever keeping it raises is raised here."""
        future: asyncio.Future[Taken] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, future))
        if len(self._keepers) < self._keepers_max:
            task = asyncio.create_task(self._drain())
            self._keepers.add(task)
            task.add_done_callback(self._keepers.discard)
        return await future

    async def _drain(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self._batch_max], self._waiting[self._batch_max :]
            await self._together(batch)

    async def _together(self, batch: list[tuple[Asked, asyncio.Future[Taken]]]) -> None:
        """A batch that fails is tried one by one: a bad payment must not refuse its neighbours."""
        try:
            made = await self._keep([asked for asked, _ in batch])
        except Exception as error:
            if len(batch) == 1:
                _fail(batch[0][1], error)
                return
            for one in batch:
                await self._together([one])
            return
        for (_, future), taken in zip(batch, made, strict=True):
            if not future.done():  # the agent may have hung up
                future.set_result(taken)


def _fail(future: asyncio.Future[Taken], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
