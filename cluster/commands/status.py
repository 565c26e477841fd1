"""paylogic status: what runs, where, and whether it answers. Exit code 1 when something does not."""

import click

from cluster.commands._common import json_option, print_json, stack_here

WORDS = {
    "ready": "[green]работает[/]",
    "starting": "[yellow]не отвечает[/]",
    "down": "[red]не запущено[/]",
    "outer-ready": "[green]отвечает (внешняя)[/]",
    "outer-down": "[red]не отвечает (внешняя)[/]",
}


@click.command(help="Tell what runs and where; exit code 1 unless everything answers.")
@json_option
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    from cluster.health import report

    seen = report(stack_here(as_json))
    if as_json:
        print_json(seen.as_dict())
    else:
        from rich.console import Console
        from rich.table import Table

        table = Table(title=f"Стенд {seen.home}", title_justify="left", box=None, pad_edge=False)
        for heading in ("часть", "состояние", "pid", "адрес"):
            table.add_column(heading)
        for part in seen.parts:
            table.add_row(f"{part.title} ({part.name})", WORDS[part.state], str(part.pid or ""), part.address)
        Console().print(table)
        click.echo(f"Адрес: {seen.url}" if seen.healthy else "Запустить: paylogic up")
    ctx.exit(0 if seen.healthy else 1)
