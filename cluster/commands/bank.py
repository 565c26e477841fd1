"""paylogic bank: the statement of the demo city's bank, to be loaded on «Выписки банка»."""

import datetime as dt
from pathlib import Path

import click

from cluster.commands._common import call, json_option, plain, print_json, running_stack


@click.command(help="Write a day's statement of the demo bank: agents' money came, exported orders are paid.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), default=None, help="The day; today by default.")
@click.option(
    "--out",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("kl_to_1c.txt"),
    show_default=True,
    help="Where to write the file.",
)
@json_option
def command(day: dt.datetime | None, path: Path, as_json: bool) -> None:
    stack = running_stack(as_json)
    on = day.date() if day else dt.datetime.now(dt.timezone(dt.timedelta(hours=3))).date()
    made = plain(call("cluster.demo_bank:write_statement", stack.database_url, on, path, _as_json=as_json))
    if as_json:
        print_json({"ok": True, "path": str(path), **made})
    else:
        click.echo(f"{path}: поступлений {made['incomes']}, оплаченных поручений {made['orders']}")
