"""paylogic down: stop the stack in good order, whoever started it."""

import time

import click

from cluster.commands._common import Refusal, json_option, print_json, stack_here

STOP_S_MAX = 240.0


@click.command(help="Stop the stack: pages, actors, Ray, NATS, PostgreSQL. Data stays.")
@json_option
def command(as_json: bool) -> None:
    import signal

    from cluster import embedded
    from cluster.processes import stop
    from cluster.start import supervisor_pid

    stack = stack_here(as_json)
    began = time.monotonic()
    supervisor = supervisor_pid(stack).process()
    if supervisor is not None and not stop(supervisor, signal.SIGTERM, STOP_S_MAX):
        raise Refusal("Стенд не остановился вовремя и завершён принудительно; данные целы", as_json)
    for part in reversed(embedded.parts(stack)):  # what a killed supervisor left behind
        part.stop()
    click.echo("Остановлено" if supervisor is not None else "Стенд не работал", err=True)
    if as_json:
        was = supervisor is not None
        print_json({"ok": True, "was_running": was, "seconds": round(time.monotonic() - began, 1)})
