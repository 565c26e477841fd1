"""paylogic facts: proofs that what the rules read follows from what people wrote."""

import click

from cluster.commands._common import call, json_option, plain, print_json, running_stack


@click.group(help="Facts of accounts.")
def command() -> None:
    pass


@command.command(
    "check",
    help="Prove that residents and owners of every account follow from registrations and ownerships; exit "
    "code 1 if not.",
)
@json_option
def check(as_json: bool) -> None:
    stack = running_stack(as_json)
    result = plain(call("storage.facts_check:check_facts", stack.database_url, _as_json=as_json))
    if as_json:
        print_json(result)
    else:
        for title in result["checks"]:
            click.echo(title)
        for one in result["found"]:
            click.echo(f"  {one['where']}: должно быть {one['expected']}, записано {one['found']}")
        click.echo("Сведения сходятся" if result["ok"] else "Сведения НЕ сходятся, см. выше", err=True)
    raise SystemExit(0 if result["ok"] else 1)
