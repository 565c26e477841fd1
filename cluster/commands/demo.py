"""paylogic demo (make demo): the whole product in the foreground, with a city to look at, until Ctrl-C."""

import os
import signal
import threading
import time
from typing import TYPE_CHECKING

import click

from cluster.commands._common import Refusal, Steps, call, stack_here
from cluster.commands.seed import ACCOUNTS, MONTHS, SEED, make_city

if TYPE_CHECKING:
    from rich.console import Console

    from cluster.stack import Stack
    from cluster.start import Supervisor


@click.command(help="Start everything in the foreground, seed a demo city when empty, serve until Ctrl-C.")
@click.option("--accounts", default=ACCOUNTS, show_default=True, help="Size of the demo city.")
@click.option("--months", default=MONTHS, show_default=True, help="Months of its history.")
def command(accounts: int, months: int) -> None:
    from rich.console import Console

    from cluster.stack import locked
    from cluster.start import Supervisor, supervisor_pid

    stack = stack_here()
    console = Console()
    if supervisor_pid(stack).process() is not None:
        console.print(f"Стенд уже работает: [bold]{stack.url}[/]. Остановить: paylogic down")
        show_users(stack, console)
        return
    try:
        with locked(stack.run / "supervisor.lock", wait=False), Steps(console, "Запускаем") as line:
            settings = stack.settings.model_copy(update={"demo_bank": True})
            supervisor = Supervisor(settings, progress=line.update)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, supervisor.ask_to_stop)
            pid_file = supervisor_pid(stack)
            pid_file.write(os.getpid())
            try:
                _serve(supervisor, line, accounts, months)
            finally:
                line.update("Останавливаем")
                line.start()
                supervisor.stop()
                pid_file.clear()
    except BlockingIOError:
        raise Refusal(
            "Этот стенд прямо сейчас запускается или останавливается. Повторите через минуту"
        ) from None
    console.print("Остановлено. Данные остались в", str(stack.home))


def _serve(supervisor: "Supervisor", line: Steps, accounts: int, months: int) -> None:
    """Start, seed when empty, tell the address and the users, wait for the stop."""
    from cluster.logs import to_file
    from cluster.processes import PartFailed
    from cluster.start import Stopped

    stack, console = supervisor.stack, line.console
    to_file(stack.settings.log_level, stack.logs / "supervisor.log")
    began = time.monotonic()
    try:
        supervisor.start()
        watcher = threading.Thread(target=supervisor.watch, name="watch", daemon=True)
        watcher.start()
        if not call("storage.demo:has_city", stack.database_url):
            _seed(supervisor, line, accounts, months)
        _open_gates(stack)
    except Stopped:
        return
    except PartFailed as error:
        raise Refusal(str(error)) from error
    line.stop()
    seconds = time.monotonic() - began
    console.print(f"\n[bold green]Pay-logic работает:[/] [bold]{stack.url}[/]  ({seconds:.0f} с)\n")
    show_users(stack, console)
    console.print(f"Почта (пробная): http://localhost:{stack.kept.port_bank}/mail")
    console.print("[dim]Остановить: Ctrl-C[/]")
    supervisor.stopping.wait()
    watcher.join()


def _seed(supervisor: "Supervisor", line: Steps, accounts: int, months: int) -> None:
    """The demo city with its history. Ctrl-C ends it between two steps; what is done is kept."""
    from cluster.start import Stopped

    def progress(done: int, total: int, words: str = "") -> None:
        if supervisor.stopping.is_set():
            raise Stopped
        line.update(f"{words} {done} из {total}")

    make_city(supervisor.stack, accounts, SEED, months, True, progress)
    _open_gates(supervisor.stack)
    line.update("Долги и касса")
    call("storage.demo_debts:show", supervisor.stack.database_url)
    line.update("Котельная, распределители, проверки")
    call("storage.demo_heat:show", supervisor.stack.database_url)
    line.update("Маршруты доставки")
    call("storage.demo_delivery:show", supervisor.stack.database_url)
    line.update("Квартира, разделённая между собственниками")
    call("storage.demo_coowners:show", supervisor.stack.database_url)
    line.update("Почта жителей")
    call("storage.demo_mail:show", supervisor.stack.database_url)
    line.update("Сверка с агентом")
    call("cluster.demo_agents:show", supervisor.stack.database_url)


def _open_gates(stack: "Stack") -> None:
    """Gates of the demo city lead to the bundled bank, wherever it listens today."""
    from cluster.children import DemoBank
    from cluster.demo_counterparts import gates

    call("storage.demo_cards:ensure", stack.database_url, gates(DemoBank(stack).url))


def show_users(stack: "Stack", console: "Console") -> None:
    """Who may sign in, one of each role, with passwords of the demo."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("кто", "логин", "пароль", "организация"):
        table.add_column(heading)
    for user in call("storage.demo:users", stack.database_url):
        table.add_row(user.role_title, user.login, user.password, user.company_title)
    console.print(table)
