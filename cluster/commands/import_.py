"""paylogic import: a workbook of houses, accounts, people, meters, readings and opening balances."""

from pathlib import Path

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

SHOWN_MAX = 50
SUMMARY = {
    "checked": "Проверено: строк {rows}, с замечаниями {bad}. В базу ничего не записано",
    "imported": "Загружено: строк {rows}",
    "unchanged": "Этот файл уже загружен, ничего не изменилось",
    "refused": "Не загружено: строк {rows}, с ошибками {bad}. Исправьте их и загрузите файл снова",
}


@click.command(
    help="Load a workbook (xlsx, or a folder of csv); nothing is half-imported, a repeat changes nothing. "
    "An empty base first needs organisations, tariffs and norms: paylogic seed --reference."
)
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--template", type=click.Path(path_type=Path), help="Write an empty workbook there instead.")
@click.option("--check", is_flag=True, help="Only say what is wrong; load nothing.")
@click.option(
    "--organisation", type=int, help="Number of the company the file is of, when there are several."
)
@click.option(
    "--period", "month", help="Month to open in a base without any, as 2026-10; the last of readings."
)
@json_option
def command(
    file: Path | None,
    template: Path | None,
    check: bool,
    organisation: int | None,
    month: str | None,
    as_json: bool,
) -> None:
    if template is not None:
        write_template(template, as_json)
        click.echo(f"Образец записан: {template}", err=True)
        if as_json:
            print_json({"ok": True, "template": str(template)})
        return
    if file is None:
        raise Refusal(
            "Не указан файл. Пример: paylogic import город.xlsx. Образец: paylogic import --template", as_json
        )
    if not file.exists():
        raise Refusal(f"Файла {file} нет. Проверьте путь", as_json)
    period = parse_period(month, as_json)
    stack = running_stack(as_json)
    result = plain(
        call(
            "storage.importer:run_import",
            *(stack.database_url, file),
            check=check,
            organisation_id=organisation,
            open_month=period,
            _as_json=as_json,
        )
    )
    verdicts = result.get("verdicts", [])
    for verdict in verdicts[:SHOWN_MAX]:
        click.echo(verdict if isinstance(verdict, str) else describe(plain(verdict)), err=True)
    if len(verdicts) > SHOWN_MAX:
        click.echo(f"… и ещё {len(verdicts) - SHOWN_MAX}", err=True)
    if as_json:
        print_json(result)
    else:
        click.echo(
            SUMMARY[str(result["state"])].format(rows=result["rows"], bad=result["rows_bad"]), err=True
        )
    raise SystemExit(0 if result["ok"] else 1)


def write_template(path: Path, as_json: bool) -> None:
    """An empty workbook at path; never over a file, which may be one that somebody has filled."""
    if path.exists():
        raise Refusal(f"{path} уже есть. Назовите другой файл или уберите этот", as_json)
    try:
        call("storage.importer:write_template", path, _as_json=as_json)
    except FileNotFoundError as error:
        raise Refusal(f"Папки {path.parent} нет. Создайте её или назовите другую", as_json) from error
    except OSError as error:
        raise Refusal(f"Не записать {path}: {error.strerror}. Назовите другой файл", as_json) from error


def describe(verdict: dict[str, object]) -> str:
    """One line a bad cell: sheet, row, column, what and why."""
    place = f"{verdict.get('sheet')}, строка {verdict.get('row')}"
    column = verdict.get("column")
    return f"{place}{f', {column}' if column else ''}: {verdict.get('message')}"
