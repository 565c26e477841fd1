"""Size and words of the code: what a reader may rely on without looking."""

import ast
import re
import subprocess

from tests.arch.sources import PACKAGES, ROOT, functions, name, python_files, tree

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
MIGRATIONS = ROOT / "storage" / "migrations" / "versions"
TEXTS = (".py", ".html", ".css", ".js", ".sql", ".typ")
LOCKS = ("*.txt", "*.in", "*.toml", "*.json", "*.yaml", "*.yml", "*.cfg", "Makefile", "*Dockerfile", ".npmrc")
REGISTRY = re.compile(
    r"pypi\.org|pythonhosted\.org|npmjs\.(org|com)|deb\.debian\.org|\"resolved\":|index-url\s*="
)
REGISTRY_OPTION = re.compile(r"^\s*(#.*)?$|--no-emit-index-url")


def tracked(*patterns: str) -> list[str]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for path in done.stdout.splitlines() if (ROOT / path).is_file()]


def test_no_file_is_too_long() -> None:
    long = {}
    for path in tracked(*(f"*{ending}" for ending in TEXTS)):
        lines = len((ROOT / path).read_text().splitlines())
        if lines > FILE_LINES_MAX:
            long[path] = lines

    assert long == {}


def test_no_function_is_too_long() -> None:
    long = {}
    for path in python_files():
        if MIGRATIONS in path.parents:  # one step of history each, made of table after table
            continue
        for node in functions(path):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                long[f"{name(path)}:{node.name}"] = lines

    assert long == {}


def test_every_module_says_what_it_is_for() -> None:
    silent = []
    for path in python_files(*PACKAGES):
        text = path.read_text().strip()
        if text and ast.get_docstring(tree(path)) is None:
            silent.append(name(path))

    assert silent == []


def test_no_lock_or_setting_names_a_registry() -> None:
    named = []
    for path in tracked(*LOCKS):
        for number, line in enumerate((ROOT / path).read_text(errors="replace").splitlines(), 1):
            if REGISTRY.search(line) and not REGISTRY_OPTION.search(line):
                named.append(f"{path}:{number}: {line.strip()[:100]}")

    assert named == []


def test_no_unfinished_business() -> None:
    marks = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    found = []
    for path in python_files():
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if marks.search(line):
                found.append(f"{name(path)}:{number}: {line.strip()[:100]}")

    assert found == []
