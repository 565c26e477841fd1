"""paylogic explain: why a line of an account is what it is, from what is stored with the line."""

import click

from cluster.commands._common import (
    Refusal,
    call,
    json_option,
    parse_period,
    plain,
    print_json,
    running_stack,
)


@click.command(help="Explain the lines of an account in a month: inputs, formula, clause, rounding.")
@click.argument("account")
@click.argument("month_word", metavar="[PERIOD]", required=False)
@click.argument("service_word", metavar="[SERVICE]", required=False)
@click.option("--period", "month", help="Month as 2026-10; without it the last published one.")
@click.option("--service", help="Only this service, for example cold_water.")
@json_option
def command(
    account: str,
    month_word: str | None,
    service_word: str | None,
    month: str | None,
    service: str | None,
    as_json: bool,
) -> None:
    period = parse_period(one_of("Месяц", month_word, month, as_json), as_json)
    service = one_of("Услуга", service_word, service, as_json)
    stack = running_stack(as_json)
    told = call(
        "storage.explain:explain",
        stack.database_url,
        account,
        period=period,
        service=service,
        _as_json=as_json,
    )
    if as_json:
        print_json(plain(told))
    else:
        click.echo(str(told))


def one_of(what: str, word: str | None, option: str | None, as_json: bool = False) -> str | None:
    """The same thing may be said by place or by option, but not twice in different words."""
    if word is not None and option is not None and word != option:
        raise Refusal(f"{what}: задано и «{word}», и «{option}». Оставьте одно", as_json)
    return word if option is None else option
