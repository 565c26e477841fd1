"""paylogic bench NAME: measure a part of the product beside its ceiling and its peers."""

import importlib.util
import re
from pathlib import Path

import click

from cluster.commands._common import Refusal, call, json_option, plain, print_json

ACCOUNTS = 10_000
RUNS = re.compile(r"^(async )?def run\(", re.MULTILINE)


@click.command(help="Measure: NAME is a benchmark of benchmarks/, or all.")
@click.argument("name")
@click.option("--accounts", default=ACCOUNTS, show_default=True, help="Size of the city.")
@click.option("--peers/--no-peers", default=True, show_default=True, help="Measure the peers too.")
@json_option
def command(name: str, accounts: int, peers: bool, as_json: bool) -> None:
    known = names()
    if name != "all" and name not in known:
        raise Refusal(f"Замера «{name}» нет. Есть: {', '.join(known)}, all", as_json)
    results = []
    for each in known if name == "all" else [name]:
        module = f"benchmarks.{each.replace('-', '_')}"
        result = plain(call(f"{module}:run", accounts=accounts, peers=peers, _as_json=as_json))
        results.append(result)
        click.echo(readable(result), err=as_json)
        if as_json and name != "all":
            print_json(result)
    if as_json and name == "all":
        print_json({"results": results})


def names() -> list[str]:
    """Benchmarks there are, as one types them: the modules of benchmarks/ that can run."""
    spec = importlib.util.find_spec("benchmarks")
    folders = [] if spec is None else list(spec.submodule_search_locations or ())
    found = [path for folder in folders for path in Path(folder).glob("[a-z]*.py")]
    return sorted(path.stem.replace("_", "-") for path in found if RUNS.search(path.read_text()))


def readable(result: dict[str, object]) -> str:
    """One line for a person: rate and the ratio to each ceiling and peer."""
    beside = []
    for kind in ("ceilings", "peers"):
        rows = result.get(kind) or []
        assert isinstance(rows, list)
        beside += [f"{row['name']} ×{row['ratio']:.2f}" for row in rows]
    rate = result.get("rate")
    assert isinstance(rate, (int, float))
    head = f"{result['bench']}: {rate:,.0f} {result['unit']}".replace(",", " ")
    return head + (f"  ({', '.join(beside)})" if beside else "")
