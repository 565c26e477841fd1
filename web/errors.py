"""Refusals in words, raised from any route or dependency; `web.error_pages` draws them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SEARCH_ADVICE = "Проверьте адрес или найдите нужное через поиск."


@dataclass(slots=True)
class PageError(Exception):
    """A refusal with its words; raise it from any route or dependency.

    title says what happened, words say why and what to do, link is an optional (href, label).
    """

    title: str
    words: str = ""
    status: int = 400
    link: tuple[str, str] | None = None
    reference: str | None = None

    def __str__(self) -> str:
        return f"{self.title} {self.words}".strip()


class NotFound(PageError):
    """The thing of the address does not exist or is not ours to see: the words are the same on purpose."""

    def __init__(self, title: str = "Страница не найдена.", words: str | None = None) -> None:
        said = words or SEARCH_ADVICE
        super().__init__(title, said, status=404)


class RightNeeded(PageError):
    """403: names the right and who gives it."""

    def __init__(self, rights: Sequence[str]) -> None:
        named = " или ".join(f"«{right}»" for right in rights)
        who = "Его даёт администратор РЦ."
        super().__init__(
            "Эта страница закрыта для вашей роли.", f"Здесь нужно право {named}. {who}", status=403
        )


class SessionOver(PageError):
    """401: sign in again; the page one wanted is kept in the address."""

    def __init__(self) -> None:
        super().__init__("Вы долго не работали.", "Войдите снова.", status=401, link=("/login", "Войти"))


class TooOften(PageError):
    """429: too many tries; says when to try again."""

    def __init__(self, words: str) -> None:
        super().__init__("Слишком много попыток.", words, status=429)


class FormExpired(PageError):
    """403: the form's token is not of this session: an old tab or another site."""

    def __init__(self) -> None:
        said = "Обновите страницу и отправьте форму ещё раз. Ничего не записано."
        super().__init__("Форма устарела: вы вошли заново или открыли её давно.", said, status=403)


class Conflict(PageError):
    """409: what was looked at has changed meanwhile."""

    def __init__(self, title: str, words: str = "Обновите страницу и посмотрите ещё раз.") -> None:
        super().__init__(title, words, status=409)
