"""The command line without a stack: help at once, refusals in words, JSON on the last line."""

import io
import socket
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from cluster.cli import COMMANDS, cli
from cluster.commands._common import Refusal, Steps
from cluster.commands.bench import readable
from cluster.commands.explain import one_of
from cluster.commands.run import parse_scope
from cluster.processes import free_ports
from cluster.settings import SettingsError, load
from tests.support.command import paylogic

HELP_S_MAX = 0.5


def test_help_comes_at_once(home: Path) -> None:
    paylogic(home, "--help")  # compiled files are there afterwards

    began = time.monotonic()
    told = paylogic(home, "--help")
    took_s = time.monotonic() - began

    assert told.code == 0
    assert took_s < HELP_S_MAX * 2  # the machine of the tests is busy with other tests
    assert all(name in told.out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    told = CliRunner().invoke(cli, [name, "--help"])

    assert told.exit_code == 0
    assert "Usage:" in told.output


@pytest.mark.parametrize("words", [("run",), ("ledger", "check"), ("seed",), ("explain", "1")], ids=str)
def test_command_without_a_stack_says_how_to_start_one(home: Path, words: tuple[str, ...]) -> None:
    told = paylogic(home, *words, "--json")

    assert told.code == 1
    assert "paylogic up" in told.err
    assert told.json["ok"] is False
    assert "Traceback" not in told.err


def test_template_is_never_written_over_a_file(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "образец.xlsx"

    assert paylogic(home, "import", "--template", str(path), "--json").json["ok"] is True
    path.write_text("заполнено", "utf-8")
    told = paylogic(home, "import", "--template", str(path), "--json")

    assert told.code == 1
    assert "уже есть" in told.json["error"]
    assert path.read_text("utf-8") == "заполнено"


def test_template_in_a_folder_that_is_not_there(home: Path, tmp_path: Path) -> None:
    told = paylogic(home, "import", "--template", str(tmp_path / "нет" / "образец.xlsx"), "--json")

    assert told.code == 1
    assert "Папки" in told.json["error"]
    assert "Traceback" not in told.err


def test_status_of_a_stack_that_never_ran(home: Path) -> None:
    told = paylogic(home, "status", "--json")

    assert told.code == 1
    assert told.json["healthy"] is False
    assert told.json["stage"] == "stopped"


def test_down_of_a_stack_that_does_not_run_is_no_error(home: Path) -> None:
    told = paylogic(home, "down", "--json")

    assert told.code == 0
    assert told.json["was_running"] is False


@pytest.mark.parametrize(
    ("value", "words"),
    [("70000", "PAYLOGIC_PORT: 70000 много, наибольшее 65535"), ("abc", "PAYLOGIC_PORT: «abc» — не целое")],
)
def test_unusable_setting_is_named_in_russian(home: Path, value: str, words: str) -> None:
    told = paylogic(home, "status", PAYLOGIC_PORT=value)

    assert told.code == 1
    assert words in told.err
    assert "Traceback" not in told.err


def test_a_home_that_cannot_be_made_is_told_without_a_trace(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("занято", "utf-8")

    told = paylogic(tmp_path / "file" / "home", "status", "--json")

    assert told.code == 1
    assert "Задайте другую папку: PAYLOGIC_HOME" in told.json["error"]
    assert "Traceback" not in told.err


def test_pages_and_workers_are_given_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYLOGIC_DATABASE_URL", "postgresql://a:b@db/paylogic")
    monkeypatch.delenv("PAYLOGIC_WEB_DATABASE_URL", raising=False)

    with pytest.raises(SettingsError, match="задают вместе"):
        load()


def test_taken_port_is_told_with_the_way_out(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        told = paylogic(home, "up", "--json", PAYLOGIC_PORT=str(port))
    paylogic(home, "down")

    assert told.code == 1
    assert f"Порт {port} занят" in told.json["error"]
    assert "PAYLOGIC_PORT" in told.json["error"]


def test_outer_database_that_does_not_answer_is_named(home: Path) -> None:
    (port,) = free_ports(1)
    url = f"postgresql://a:b@127.0.0.1:{port}/x"

    told = paylogic(
        home,
        "status",
        "--json",
        PAYLOGIC_DATABASE_URL=url,
        PAYLOGIC_WEB_DATABASE_URL=url,
        PAYLOGIC_LOG_LEVEL="INFO",
    )

    states = {part["name"]: part["state"] for part in told.json["parts"]}
    assert states["postgres"] == "outer-down"


@pytest.mark.parametrize(
    ("words", "scope"),
    [
        ("city", ("city", None)),
        ("house:12", ("house", "12")),
        ("house: Ленина 12", ("house", "Ленина 12")),
        ("account:0100000058", ("account", "0100000058")),
    ],
)
def test_scope_is_read(words: str, scope: tuple[str, str | None]) -> None:
    assert parse_scope(words) == scope


@pytest.mark.parametrize("words", ["town", "house", "house: ", "city:1", ""])
def test_bad_scope_is_refused_with_what_there_is(words: str) -> None:
    with pytest.raises(Refusal, match="organisation:НОМЕР"):
        parse_scope(words)


def test_benchmark_line_is_readable() -> None:
    result: dict[str, object] = {
        "bench": "city",
        "rate": 47600.4,
        "unit": "accounts/s",
        "ceilings": [{"name": "raw_copy", "ratio": 0.331}],
        "peers": [],
    }

    assert readable(result) == "city: 47 600 accounts/s  (raw_copy ×0.33)"


def test_month_and_service_may_be_said_by_place_or_by_option() -> None:
    assert one_of("Месяц", "2026-10", None) == "2026-10"
    assert one_of("Месяц", None, "2026-10") == "2026-10"
    with pytest.raises(Refusal, match="Оставьте одно"):
        one_of("Месяц", "2026-09", "2026-10")


def test_without_a_terminal_each_step_is_a_line_and_numbers_are_rare() -> None:
    log = io.StringIO()

    with Steps(Console(file=log), "Запускаем") as steps:
        for done in range(1, 100):
            steps.update(f"Создаём город: счета {done} из 99")
        steps.update("Начисляем")

    assert log.getvalue().splitlines() == ["Запускаем", "Создаём город: счета 1 из 99", "Начисляем"]


def test_quiet_steps_say_nothing_where_a_machine_reads() -> None:
    log = io.StringIO()

    with Steps(Console(file=log), "Запускаем", quiet=True) as steps:
        steps.update("Начисляем")

    assert log.getvalue() == ""
