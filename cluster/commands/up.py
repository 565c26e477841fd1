"""paylogic up: start the stack in the background and return when it serves."""

import subprocess
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from cluster.commands._common import Refusal, Steps, json_option, print_json, stack_here

if TYPE_CHECKING:
    from cluster.stack import Stack

POLL_S = 0.1


@click.command(help="Start the stack in the background and return when everything answers.")
@click.option("--timeout", "limit_s", default=300, show_default=True, help="Seconds to wait until it serves.")
@json_option
def command(limit_s: int, as_json: bool) -> None:
    from rich.console import Console

    from cluster.health import report
    from cluster.processes import spawn
    from cluster.start import supervisor_pid

    stack = stack_here(as_json)
    began = time.monotonic()
    console = Console(stderr=True)
    if supervisor_pid(stack).process() is None:
        (stack.run / "supervisor.json").unlink(missing_ok=True)
        child = spawn([sys.executable, "-m", "cluster.start"], stack.logs / "supervisor.log", cwd=stack.home)
    else:
        child = None
    with Steps(console, "Запускаем", quiet=as_json) as line:
        _wait(stack, child, began + limit_s, line.update, as_json)
    seen = report(stack)
    console.print(f"[green]Работает:[/] {stack.url}  [dim](данные и журналы: {stack.home})[/]")
    if as_json:
        print_json({"ok": True, "seconds": round(time.monotonic() - began, 1), **seen.as_dict()})


def _wait(
    stack: "Stack",
    child: subprocess.Popen[bytes] | None,
    deadline: float,
    say: Callable[[str], None],
    as_json: bool,
) -> None:
    from cluster.health import report, stage_note
    from cluster.processes import tail

    while True:
        note = stage_note(stack)
        stage = note.get("stage")
        say(str(note.get("words", "Запускаем")))
        if stage == "serving" and report(stack).healthy:
            return
        if stage == "failed":
            raise Refusal(str(note["words"]), as_json)
        log_path = stack.logs / "supervisor.log"
        if child is not None and child.poll() is not None:
            raise Refusal(
                f"Стенд остановился при запуске. Конец журнала {log_path}:\n{tail(log_path)}", as_json
            )
        if time.monotonic() > deadline:
            raise Refusal(f"Стенд не успел запуститься. Части: paylogic status. Журнал: {log_path}", as_json)
        time.sleep(POLL_S)
