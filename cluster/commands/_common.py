"""What commands share: the stack of this home, calls into other layers, words and JSON."""

import asyncio
import importlib
import inspect
import json
import re
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

    from billing.period import Period
    from cluster.stack import Stack

LINE_PAUSE_S = 5.0  # between two lines of one step where there is no terminal

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object on the last line.")


class Refusal(Exception):
    """A command cannot do it; says what, why and what to do. With --json the words are in the object too."""

    def __init__(self, words: str, as_json: bool = False, **details: object) -> None:
        super().__init__(words)
        self.words = words
        self.as_json = as_json
        self.details = details

    def show(self) -> None:
        click.echo(self.words, err=True)
        if self.as_json:
            print_json({"ok": False, "error": self.words, **self.details})


def print_json(content: dict[str, Any]) -> None:
    """The last line of the output: one object."""
    sys.stdout.flush()
    click.echo(json.dumps(content, ensure_ascii=False, default=str))


def stack_here(as_json: bool = False) -> "Stack":
    """The stack of PAYLOGIC_HOME, whether it runs or not."""
    from cluster.settings import SettingsError, load
    from cluster.stack import Stack

    try:
        return Stack(load())
    except SettingsError as error:
        raise Refusal(str(error), as_json) from error
    except OSError as error:
        why = "Нет права писать в" if isinstance(error, PermissionError) else "Не создать папку стенда"
        raise Refusal(f"{why} {error.filename}. Задайте другую папку: PAYLOGIC_HOME=...", as_json) from error


def running_stack(as_json: bool = False) -> "Stack":
    """The same, refused when its database does not answer."""
    from cluster import embedded

    stack = stack_here(as_json)
    if not embedded.postgres(stack).ready():
        raise Refusal(
            f"База этого стенда ({stack.home}) не отвечает. Запустите стенд: paylogic up. "
            "Состояние частей: paylogic status",
            as_json,
        )
    return stack


def parse_period(words: str | None, as_json: bool = False) -> "Period | None":
    """«2026-10» → October 2026; nothing → None; anything else is refused."""
    from billing.period import Period

    try:
        return Period.parse(words) if words else None
    except ValueError as error:
        raise Refusal(str(error), as_json) from error


def call(target: str, *args: Any, **kwargs: Any) -> Any:
    """Call "package.module:function" of another layer, synchronous or not; coded errors become refusals."""
    as_json = bool(kwargs.pop("_as_json", False))
    module, _, name = target.partition(":")
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    try:
        result = function(*args, **kwargs)
        return asyncio.run(_awaited(result)) if inspect.isawaitable(result) else result
    except Exception as error:
        code = getattr(error, "code", None)  # the one tree of errors: code, Russian message, permanent
        if isinstance(code, str) and getattr(error, "permanent", None) is not None:
            raise Refusal(str(error), as_json, code=code) from error
        from storage.engine import is_disconnect

        about_a_file = isinstance(error, OSError) and error.filename is not None
        if is_disconnect(error) and not about_a_file:
            words = "Связь с базой прервалась. Повторите команду; состояние стенда: paylogic status"
            raise Refusal(words, as_json, code="database-away") from error
        raise


async def _awaited(result: Any) -> Any:
    return await result


def plain(result: Any) -> dict[str, Any]:
    """A result of another layer as a dictionary for JSON: mapping, dataclass or object with as_dict()."""
    if isinstance(result, dict):
        return result
    if hasattr(result, "as_dict"):
        content: dict[str, Any] = result.as_dict()
        return content
    from dataclasses import asdict, is_dataclass

    assert is_dataclass(result), f"a command cannot print {type(result)}"
    assert not isinstance(result, type)
    return asdict(result)


class Steps:
    """What a long command is doing: one changing line on a terminal; in a log a line for each step, and for
    the numbers of one step at most a line in LINE_PAUSE_S.
    """

    def __init__(self, console: "Console", first: str = "", quiet: bool = False) -> None:
        self.console = console
        self._status = console.status(first) if console.is_terminal else None
        self._quiet, self._said, self._at = quiet, "", 0.0
        self._first = first

    def __enter__(self) -> "Steps":
        if self._status is not None:
            self._status.start()
        self.update(self._first)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        if self._status is not None:
            self._status.start()

    def stop(self) -> None:
        if self._status is not None:
            self._status.stop()

    def update(self, words: str) -> None:
        if self._status is not None:
            self._status.update(words)
        elif words and not self._quiet and self._is_worth_a_line(words):
            self._said, self._at = words, time.monotonic()
            self.console.print(words, markup=False, highlight=False, soft_wrap=True)

    def _is_worth_a_line(self, words: str) -> bool:
        if _without_numbers(words) != _without_numbers(self._said):
            return True
        return words != self._said and time.monotonic() - self._at >= LINE_PAUSE_S


def _without_numbers(words: str) -> str:
    return re.sub(r"\d+", "", words)


class Progress:
    """Progress of a long command: progress(done, total, words). A bar on a terminal, lines in a log."""

    def __init__(self, title: str, quiet: bool = False) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Bar(*columns, console=console, transient=True, disable=quiet or not console.is_terminal)
        self._task = self._bar.add_task(title, total=None)
        self._title = title
        self._lines = None if console.is_terminal else Steps(console, quiet=quiet)

    def __enter__(self) -> "Progress":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def __call__(self, done: int, total: int, words: str = "") -> None:
        self._title = words or self._title
        if self._lines is not None:
            self._lines.update(f"{self._title}: {done} из {total}")
        self._bar.update(self._task, description=self._title, completed=done, total=total)
