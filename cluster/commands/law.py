"""paylogic law: cases of the law. `law test` runs them and exits with 1 on any difference."""

import click

from cluster.commands._common import json_option


@click.group(help="Cases of the law, written in YAML (docs/law-cases.md).")
def command() -> None:
    pass


@command.command(help="Run the cases of files or folders: each alone and again hidden in a shuffled block.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH…")
@click.option("--seed", default=None, type=int, help="Seed of the block the cases are hidden in.")
@click.option("--strangers", default=None, type=click.IntRange(0, 20_000), help="Other accounts (1000).")
@click.option("--failures", "only_failures", is_flag=True, help="Show only what differs.")
@json_option
@click.pass_context
def test(
    ctx: click.Context,
    paths: tuple[str, ...],
    seed: int | None,
    strangers: int | None,
    only_failures: bool,
    as_json: bool,
) -> None:
    from billing.accrue import accrue
    from billing.lawcase.cli import SEED, law_test
    from billing.lawcase.run import STRANGERS

    ctx.exit(
        law_test(
            paths,
            accrue,
            click.echo,
            seed=SEED if seed is None else seed,
            strangers=STRANGERS if strangers is None else strangers,
            as_json=as_json,
            only_failures=only_failures,
        )
    )
