"""Keys of counterparts: a small YAML file each in a folder only workers may read, never in the database."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import yaml

from gateways.http import CounterpartAway

FOLDER_VARIABLE = "PAYLOGIC_SECRETS"
CODE = re.compile(r"[a-z0-9-]{1,40}")

Secrets = Mapping[str, str]


class NoSecret(CounterpartAway):
    """The file or a key in it is missing: everything waits until an operator puts it there."""


def folder() -> Path:
    """Where the files are: PAYLOGIC_SECRETS, else `secrets` in the home of the stack."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else Path(os.environ.get("PAYLOGIC_HOME", ".paylogic")) / "secrets"


def read(code: str, where: Path | None = None) -> Secrets:
    """The keys of a gate, read anew each time so that a changed key works at once. Raises NoSecret."""
    if not CODE.fullmatch(code):
        raise NoSecret("Код шлюза не годится для имени файла")
    path = (where or folder()) / f"{code}.yaml"
    try:
        found = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise NoSecret(f"Нет файла ключей {path.name}: положите его в папку секретов") from error
    except yaml.YAMLError as error:
        raise NoSecret(f"Файл ключей {path.name} не читается: проверьте отступы и двоеточия") from error
    if not isinstance(found, dict):
        raise NoSecret(f"В файле ключей {path.name} нет строк вида «имя: значение»")
    return {str(name): str(value) for name, value in found.items()}


def need(secrets: Secrets, name: str) -> str:
    """A key by its name. Raises NoSecret."""
    value = secrets.get(name, "")
    if not value:
        raise NoSecret(f"В файле ключей нет строки «{name}»")
    return value
