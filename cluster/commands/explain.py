"""paylogic explain: why a line of an account is what it is, from what is stored with the line."""

import click

from cluster.commands._common import call, json_option, parse_period, plain, print_json, running_stack


@click.command(help="Explain the lines of an account in a month: inputs, formula, clause, rounding.")
@click.argument("account")
@click.option("--period", "month", help="Month as 2026-10; without it the last published one.")
@click.option("--service", help="Only this service, for example cold_water.")
@json_option
def command(account: str, month: str | None, service: str | None, as_json: bool) -> None:
    period = parse_period(month, as_json)
    stack = running_stack(as_json)
    told = call(
        "storage.explain:explain",
        stack.database_url,
        account,
        period=period,
        service=service,
        _as_json=as_json,
    )
    if as_json:
        print_json(plain(told))
    else:
        click.echo(str(told))
