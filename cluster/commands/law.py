"""paylogic law: cases of the law, run against the rules without any service."""

import click

from cluster.commands._common import call, json_option


@click.group(help="Cases of the law.")
def command() -> None:
    pass


@command.command(
    "test", help="Run law cases, each alone and hidden among strangers; exit code 1 on a difference."
)
@click.argument("paths", nargs=-1, required=True)
@click.option("--only-failures", is_flag=True, help="Leave out what agrees.")
@click.option("--strangers", type=click.IntRange(0, 100_000), help="Other accounts in the block; 1,000.")
@click.option("--seed", "number", type=int, help="Another crowd of strangers.")
@json_option
def test(
    paths: tuple[str, ...], only_failures: bool, strangers: int | None, number: int | None, as_json: bool
) -> None:
    chosen = {"strangers": strangers, "seed": number}
    given = {name: value for name, value in chosen.items() if value is not None}
    code = call(
        "billing.lawcase.cli:main", paths, click.echo, only_failures=only_failures, as_json=as_json, **given
    )
    raise SystemExit(int(code))
