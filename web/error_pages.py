"""Refusals and failures as pages in words: what happened, why, what to do; never a code alone, never a stack.

An htmx request gets the same words as a fragment for #notice. Pages of 500 and 503 need no database.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import quote, urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from storage.engine import is_disconnect, is_unstorable
from web.errors import SEARCH_ADVICE, PageError
from web.render import page

log = logging.getLogger("paylogic.web")

REFERENCE_LETTERS = "АВЕКМНРСТУХ"
"""Letters that look the same in both alphabets: the number is read aloud over the phone."""

WITHOUT_SEARCH = {SEARCH_ADVICE: "Проверьте адрес или начните с главной страницы."}
"""The search box is on pages of staff: a resident, or somebody not signed in, is not sent to it."""


def reference() -> str:
    """A number for support, short enough to be read aloud: «А7К-193»."""
    letters = [secrets.choice(REFERENCE_LETTERS) for _ in range(2)]
    return f"{letters[0]}{secrets.randbelow(10)}{letters[1]}-{secrets.randbelow(900) + 100}"


WORDS_BY_STATUS = {
    404: ("Страница не найдена.", SEARCH_ADVICE),
    405: ("Так эту страницу открыть нельзя.", "Вернитесь назад и нажмите кнопку на странице ещё раз."),
    413: ("Файл слишком большой.", "Разделите его на части и загрузите по очереди."),
    422: ("Адрес страницы записан с ошибкой.", SEARCH_ADVICE),
    503: ("Система сейчас недоступна.", "Мы уже знаем об этом. Попробуйте через несколько минут."),
}
UNSTORABLE = (
    "Не получилось сохранить.",
    "В форме слишком большое число или непечатный знак. Исправьте и отправьте снова.",
)


async def on_page_error(request: Request, error: Exception) -> Response:
    """Draw a refusal; a lost session leads to the sign-in page."""
    assert isinstance(error, PageError)
    if error.status == 401:
        return _sign_in(request)
    return _draw(request, error)


async def on_http_error(request: Request, error: Exception) -> Response:
    """404 and 405 of the router itself."""
    assert isinstance(error, HTTPException)
    title, words = WORDS_BY_STATUS.get(error.status_code, ("Не получилось открыть страницу.", ""))
    return _draw(request, PageError(title, words, status=error.status_code))


async def on_bad_address(request: Request, error: Exception) -> Response:
    """A path or query that is not what the route takes: /centre/runs/abc."""
    assert isinstance(error, RequestValidationError)
    title, words = WORDS_BY_STATUS[422]
    return _draw(request, PageError(title, words, status=422))


async def on_failure(request: Request, error: Exception) -> Response:
    """Our own mistake: logged with the number the person sees; a made-up address is told so instead."""
    if isinstance(error, ClientDisconnect):  # a double click or a closed tab: nobody waits for an answer
        return Response(status_code=400)
    if is_unstorable(error):
        log.warning("%s %s holds what no column can", request.method, request.url.path)
        title, words = UNSTORABLE if request.method == "POST" else WORDS_BY_STATUS[422]
        return _draw(request, PageError(title, words, status=422))

    number = reference()
    log.error("%s %s failed, reference %s", request.method, request.url.path, number, exc_info=error)
    if is_disconnect(error):
        title, words = WORDS_BY_STATUS[503]
        return _draw(request, PageError(title, words, status=503, reference=number))
    saved = "Введённое осталось на странице, попробуйте ещё раз." if request.method == "POST" else ""
    title = "Не получилось сохранить." if request.method == "POST" else "Не получилось показать страницу."
    words = saved or "Попробуйте обновить её через минуту."
    return _draw(request, PageError(title, words, status=500, reference=number))


def _sign_in(request: Request) -> Response:
    """To the sign-in page and back: HX-Redirect for htmx, 303 for a plain request."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if request.method != "GET":
        here = request.headers.get("HX-Current-URL", "") and _path_of(request.headers["HX-Current-URL"])
    target = f"/login?next={quote(here)}" if here and here != "/" else "/login"
    if request.headers.get("HX-Request") == "true":
        return Response(status_code=401, headers={"HX-Redirect": target})
    return Response(status_code=303, headers={"Location": target})


def _path_of(url: str) -> str:
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _draw(request: Request, error: PageError) -> Response:
    me = getattr(request.state, "me", None)
    if me is None or me.is_resident:
        error.words = WITHOUT_SEARCH.get(error.words, error.words)
    answer = page(request, "_error.html", error, block="notice", status=error.status)
    if request.headers.get("HX-Request-Type") == "partial":
        answer.headers["HX-Retarget"] = "#notice"
        answer.headers["HX-Reswap"] = "innerHTML"
    return answer


Handler = Callable[[Request, Exception], Awaitable[Response]]


def install(app: FastAPI) -> None:
    """Put the handlers on the app; domain errors of billing.errors are drawn with their own words."""
    handlers: dict[type[Exception], Handler] = {
        PageError: on_page_error,
        HTTPException: on_http_error,
        RequestValidationError: on_bad_address,
        Exception: on_failure,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
