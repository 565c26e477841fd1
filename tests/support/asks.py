"""Asking an app in this process as if it were a counterpart over the network."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from gateways.http import Answer, CounterpartAway, Question


class AskApp:
    """gateways.http.Ask over an ASGI app. lose: answers that get lost after the app has done its work."""

    def __init__(self, app: FastAPI, base_url: str = "http://test") -> None:
        self.client = AsyncClient(transport=ASGITransport(app), base_url=base_url)
        self.questions: list[Question] = []
        self.lose: Callable[[Question], bool] = lambda question: False

    async def __call__(self, question: Question) -> Answer:
        self.questions.append(question)
        answer = await self.client.request(
            question.method, question.url, headers=dict(question.headers), content=question.body
        )
        if self.lose(question):
            raise CounterpartAway("ответ потерян")
        return Answer(answer.status_code, answer.content)
