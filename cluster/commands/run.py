"""paylogic run: bill a period over a scope, wait for the end, publish when asked."""

import click

from cluster.commands._common import (
    Progress,
    Refusal,
    call,
    json_option,
    parse_period,
    plain,
    print_json,
    running_stack,
)

WAIT_S_MAX = 3600


@click.command(help="Bill a period: start a run, wait until it is checked, publish it when asked.")
@click.option("--period", "month", help="Month as 2026-10; without it the open month.")
@click.option(
    "--scope",
    default="city",
    show_default=True,
    help="city, account:NUMBER as on the receipt, house:ID or house:'Street 12', organisation:ID or :NAME.",
)
@click.option("--publish", is_flag=True, help="Publish when the run is checked.")
@click.option(
    "--timeout",
    "limit_s",
    type=click.IntRange(min=1),
    default=WAIT_S_MAX,
    show_default=True,
    help="Seconds to wait.",
)
@json_option
def command(month: str | None, scope: str, publish: bool, limit_s: int, as_json: bool) -> None:
    kind, words = parse_scope(scope, as_json)
    period = parse_period(month, as_json)
    stack = running_stack(as_json)
    scope_id = None
    if words is not None:
        scope_id = call("storage.scope_words:scope_id", stack.database_url, kind, words, _as_json=as_json)
    with Progress("Начисляем", quiet=as_json) as progress:
        done = plain(
            call(
                "actors.command:run_and_wait",
                *(stack.database_url, period, kind, scope_id),
                publish=publish,
                timeout_s=limit_s,
                progress=progress,
                _as_json=as_json,
            )
        )
    for name, value in done.items():
        if not as_json and value is not None and not isinstance(value, (dict, list)):
            click.echo(f"{name}: {value}")
    if as_json:
        print_json({"ok": True, **done})


def parse_scope(scope: str, as_json: bool = False) -> tuple[str, str | None]:
    """«city» → ("city", None); «house:12» → ("house", "12"); what the words name is looked up in the base."""
    kind, _, words = scope.partition(":")
    if kind == "city" and not words:
        return kind, None
    if kind in ("organisation", "house", "account") and words.strip():
        return kind, words.strip()
    raise Refusal(
        f"«{scope}» — не область прогона. Задайте city, account:НОМЕР (с квитанции), house:НОМЕР или "
        "house:'Ленина 12', organisation:НОМЕР или organisation:НАЗВАНИЕ",
        as_json,
    )
