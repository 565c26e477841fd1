"""paylogic bench NAME: measure a part of the product beside its ceiling and its peers."""

import importlib
import inspect
import pkgutil
from typing import Any

import click

from cluster.commands._common import Refusal, call, json_option, plain, print_json

ACCOUNTS = 10_000
HIDDEN = ("peers", "support", "blocks")


@click.command(help="Measure: NAME is a benchmark of benchmarks/, or all.")
@click.argument("name")
@click.option(
    "--accounts", type=click.IntRange(min=100), default=ACCOUNTS, show_default=True, help="Size of the city."
)
@click.option("--peers/--no-peers", default=True, show_default=True, help="Measure the peers too.")
@click.option(
    "--months", type=click.IntRange(1, 24), help="city, scale: months of history, the last is billed."
)
@click.option("--local", is_flag=True, default=None, help="city: in this process, without Ray and NATS.")
@click.option("--database-url", help="city: an empty database to use instead of a private stack.")
@click.option("--home", help="city: keep the stack in this folder and use it again next time.")
@click.option("--sizes", help="scale: sizes of the cities, as 10000,100000,1000000.")
@json_option
def command(name: str, accounts: int, peers: bool, as_json: bool, **rest: Any) -> None:
    known = names()
    if name != "all" and name not in known:
        raise Refusal(f"Замера «{name}» нет. Есть: {', '.join(known)}, all", as_json)
    given = {key: value for key, value in rest.items() if value is not None}
    results = []
    for each in known if name == "all" else [name]:
        result = plain(
            measure(each, {"accounts": accounts, "peers": peers}, given, as_json, strict=name != "all")
        )
        results.append(result)
        click.echo(readable(result), err=as_json)
        if as_json and name != "all":
            print_json(result)
    if as_json and name == "all":
        print_json({"results": results})


def measure(name: str, usual: dict[str, Any], given: dict[str, Any], as_json: bool, strict: bool) -> Any:
    """Run a benchmark with the options it knows; an option of another one is refused when strict."""
    target = f"benchmarks.{name.replace('-', '_')}"
    taken = inspect.signature(importlib.import_module(target).run).parameters
    foreign = sorted(set(given) - set(taken))
    if foreign and strict:
        words = ", ".join(f"--{option.replace('_', '-')}" for option in foreign)
        raise Refusal(
            f"Замер «{name}» не знает {words}. Что к чему относится: paylogic bench --help", as_json
        )
    options = {key: value for key, value in {**usual, **given}.items() if key in taken}
    return call(f"{target}:run", **options, _as_json=as_json)


def names() -> list[str]:
    """Benchmarks there are, as one types them."""
    try:
        package = importlib.import_module("benchmarks")
    except ModuleNotFoundError:
        return []
    found = [info.name for info in pkgutil.iter_modules(package.__path__) if not info.name.startswith("_")]
    return [name.replace("_", "-") for name in found if name not in HIDDEN]


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
