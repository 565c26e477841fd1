"""The command line: `paylogic COMMAND`. Commands live in cluster/commands and are read when called."""

import importlib
import sys

import click

COMMANDS = {
    "up": "start the stack in the background and wait until it serves",
    "down": "stop the stack in good order",
    "status": "tell what runs and where",
    "logs": "show the end of the logs",
    "demo": "start in the foreground, seed a demo city when empty, serve until Ctrl-C",
    "seed": "make a plausible city",
    "import": "load a workbook of houses, accounts, meters and balances",
    "run": "bill a period: start a run, wait for it, publish it when asked",
    "explain": "tell why a line of an account is what it is",
    "law": "law cases: law test PATH…",
    "ledger": "the ledger: ledger check",
    "bank": "the demo bank: a statement for «Выписки банка»",
    "facts": "what the rules read of accounts: facts check",
    "bench": "measure: bench NAME --accounts N",
}


class Lazy(click.Group):
    """Knows the names of the commands without importing them, so that help comes at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        name = "import_" if cmd_name == "import" else cmd_name
        module = importlib.import_module(f"cluster.commands.{name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="paylogic", prog_name="paylogic")
def cli() -> None:
    """Pay-logic: accruals, payments and receipts of a settlement centre, exact to the kopeck.

    PAYLOGIC_HOME (./.paylogic) holds everything of one stack; several stand side by side.
    With --json the last line of the output is one JSON object.
    """


def main() -> None:
    """Entry of the console script. A refusal is one clear sentence and exit code 1, never a traceback."""
    from cluster.commands._common import Refusal

    try:
        code = cli(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.Abort:
        sys.exit(130)
    except Refusal as refusal:
        refusal.show()
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
