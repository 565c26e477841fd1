"""paylogic bank: the demo bank's statement for «Выписки банка», or its register for «Сверка с агентами»."""

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
@click.option(
    "--register",
    "is_register",
    is_flag=True,
    help="Instead of a statement, the register of its day as a payment agent, with one of each difference.",
)
@json_option
def command(day: dt.datetime | None, path: Path, is_register: bool, as_json: bool) -> None:
    stack = running_stack(as_json)
    if is_register:
        asked = day.date() if day else None
        written = plain(
            call("cluster.demo_agents:write_register", stack.database_url, asked, path, _as_json=as_json)
        )
        if as_json:
            print_json({"ok": True, "path": str(path), **written})
        else:
            click.echo(
                f"{path}: платежей дня {written['payments']}"
                if written["payments"]
                else "Платежей этого дня мало: файл не записан"
            )
        return
    on = day.date() if day else dt.datetime.now(dt.timezone(dt.timedelta(hours=3))).date()
    made = plain(call("cluster.demo_bank:write_statement", stack.database_url, on, path, _as_json=as_json))
    if as_json:
        print_json({"ok": True, "path": str(path), **made})
    else:
        click.echo(f"{path}: поступлений {made['incomes']}, оплаченных поручений {made['orders']}")
