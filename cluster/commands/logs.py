"""paylogic logs: the end of the logs of the parts."""

import click

from cluster.commands._common import Refusal, stack_here


@click.command(help="Show the end of the log of each part, or of those named.")
@click.argument("names", nargs=-1)
@click.option("-n", "lines", default=15, show_default=True, help="Lines of each.")
def command(names: tuple[str, ...], lines: int) -> None:
    from cluster.logs import log_files
    from cluster.processes import tail

    files = log_files(stack_here().logs)
    for name in names or tuple(files):
        if name not in files:
            raise Refusal(
                f"Журнала «{name}» нет. Есть: {', '.join(files) or 'ни одного, стенд не запускался'}"
            )
        click.secho(f"== {name} ({files[name]})", bold=True)
        click.echo(tail(files[name], lines))
