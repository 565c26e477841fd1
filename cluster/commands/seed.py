"""paylogic seed: a plausible city, and its history billed month by month by the same runs as in life."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from cluster.commands._common import Progress, call, json_option, plain, print_json, running_stack

if TYPE_CHECKING:
    from cluster.stack import Stack

ACCOUNTS = 3_000
SEED = 7
MONTHS = 12


@click.command(help="Make a plausible city in an empty database and bill its past months.")
@click.option("--accounts", default=ACCOUNTS, show_default=True, help="How many accounts.")
@click.option(
    "--seed", "number", default=SEED, show_default=True, help="The same number makes the same city."
)
@click.option("--months", default=MONTHS, show_default=True, help="Months of history; the last is open.")
@click.option("--no-bill", is_flag=True, help="Only the facts: past months are closed without charges.")
@click.option("--reference", is_flag=True, help="Only organisations, tariffs and norms: houses are imported.")
@json_option
def command(accounts: int, number: int, months: int, no_bill: bool, reference: bool, as_json: bool) -> None:
    stack = running_stack(as_json)
    if reference:
        call("storage.seed.city:seed_reference", stack.database_url, number, _as_json=as_json)
        click.echo("Готово: организации, тарифы и нормативы. Дома загрузите: paylogic import", err=True)
        if as_json:
            print_json({"ok": True, "reference": True})
        return
    with Progress("Создаём город", quiet=as_json) as progress:
        made = make_city(stack, accounts, number, months, not no_bill, progress, as_json)
    click.echo(f"Готово: лицевых счетов {accounts}, месяцев {months}. Адрес: {stack.url}", err=True)
    if as_json:
        print_json({"ok": True, **made})


def make_city(
    stack: "Stack",
    accounts: int,
    number: int,
    months: int,
    billed: bool,
    progress: Callable[[int, int, str], None],
    as_json: bool = False,
) -> dict[str, Any]:
    """Seed, then bill and close every month before the open one; needs the actors when billed."""
    began = time.monotonic()

    def stage(name: str, done: int, total: int) -> None:
        progress(done, total, f"Создаём город: {name}")

    report = plain(
        call(
            "storage.seed.city:seed_city",
            *(stack.database_url, accounts, number, months, stage),
            billed=billed,
            _as_json=as_json,
        )
    )
    runs = bill_history(stack, progress, as_json) if billed else []
    users = [plain(user) for user in call("storage.demo:users", stack.database_url, _as_json=as_json)]
    if billed:
        call("storage.demo_agreements:make_agreements", stack.database_url, _as_json=as_json)
    seconds = round(time.monotonic() - began, 1)
    return {**report, "history": runs, "users": users, "seconds_total": seconds}


def bill_history(
    stack: "Stack", progress: Callable[[int, int, str], None], as_json: bool = False
) -> list[dict[str, Any]]:
    """Bill and close month after month until the open month is the last with readings."""
    return [
        plain(run)
        for run in call("cluster.history:bill_history", stack.database_url, progress, _as_json=as_json)
    ]
