"""paylogic ledger: proofs that the books agree."""

import click

from cluster.commands._common import call, json_option, plain, print_json, running_stack


@click.group(help="The ledger.")
def command() -> None:
    pass


@command.command(
    "check", help="Prove that books sum to zero and balances equal their postings; exit code 1 if not."
)
@json_option
def check(as_json: bool) -> None:
    stack = running_stack(as_json)
    result = plain(call("storage.ledger:check", stack.database_url, _as_json=as_json))
    if as_json:
        print_json(result)
    else:
        for finding in result.get("checks", []):
            click.echo(finding if isinstance(finding, str) else str(finding))
        click.echo("Книги сходятся" if result["ok"] else "Книги НЕ сходятся, см. выше", err=True)
    raise SystemExit(0 if result["ok"] else 1)
