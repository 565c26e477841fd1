"""What is written about the code names things that are there: paths, modules, names in them, links."""

import ast
import fnmatch
import posixpath
import re
from collections.abc import Iterator
from functools import cache
from pathlib import PurePosixPath

from cluster.settings import Settings
from tests.arch.sources import PACKAGES, ROOT, tree
from tests.arch.test_shape import tracked

QUOTED = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
PATH = re.compile(r"[\w.\-/*]+")
ENDINGS = (".py", ".sql", ".html", ".css", ".js", ".md", ".yaml", ".typ", ".toml", ".in", ".mako")
IN_CODE = re.compile(rf"(?<![\w./-])((?:{'|'.join((*PACKAGES, 'tests', 'docs', 'k8s'))})/[\w/.-]+\.\w+)")
DOTTED = re.compile(rf"(?:{'|'.join(PACKAGES)})(?:\.\w+)+")
MADE = {"web/static/vendor", "CODE.yaml", "код.yaml"}
"""Not in the repository: copied by `make install`, or a file of the reader's."""
GONE = {"storage/gone.py"}  # of the test of this check
INSIDE = {"__init__.py", "serve.py", "pressed.py", "register_rows.py"}  # of actors: parts of the others


@cache
def known() -> frozenset[str]:
    """Every file, folder and module of the repository, written from any folder down."""
    found: set[str] = set()
    for path in tracked("*"):
        found.update(_from_any_folder(path))
        found.update(_from_any_folder(path.removesuffix(".py")))
        for parent in PurePosixPath(path).parents:
            found.update(_from_any_folder(str(parent)))
    return frozenset(found)


def _from_any_folder(path: str) -> Iterator[str]:
    parts = path.split("/")
    return ("/".join(parts[start:]) for start in range(len(parts)))


def is_there(word: str) -> bool:
    """A file, a folder, a module, or a pattern that fits one."""
    word = word.rstrip("/.")
    return bool(fnmatch.filter(known(), word)) if "*" in word else word in known()


def paths_of(text: str, tops: set[str]) -> Iterator[str]:
    """Paths in backticks: those that begin at a top folder, and names of files."""
    for quoted in QUOTED.findall(text):
        for word in quoted.split():
            word = word.strip(",;:()").partition("::")[0]
            if PATH.fullmatch(word) and (word.partition("/")[0] in tops or word.endswith(ENDINGS)):
                yield word


def test_every_path_of_the_docs_is_there() -> None:
    tops = {path.partition("/")[0] for path in tracked("*") if "/" in path}
    lost = [
        f"{doc}: {word}"
        for doc in tracked("*.md")
        for word in paths_of((ROOT / doc).read_text("utf-8"), tops)
        if word not in MADE and not is_there(word)
    ]

    assert lost == []


def test_every_link_of_the_docs_leads_somewhere() -> None:
    broken = []
    for doc in tracked("*.md"):
        for target in LINK.findall((ROOT / doc).read_text("utf-8")):
            place = posixpath.normpath(posixpath.join(posixpath.dirname(doc), target))
            if "://" not in target and not (ROOT / place).exists():
                broken.append(f"{doc}: {target}")

    assert broken == []


def test_every_path_of_the_code_is_there() -> None:
    lost = [
        f"{path}: {word}"
        for path in tracked("*.py", "*.sql", "*.html", "*.yaml", "*.toml", "Makefile")
        for word in IN_CODE.findall((ROOT / path).read_text("utf-8"))
        if word not in GONE and not is_there(word)
    ]

    assert lost == []


def test_every_name_of_the_docs_is_in_its_module() -> None:
    lost = [
        f"{doc}: {name}"
        for doc in tracked("*.md")
        for quoted in QUOTED.findall((ROOT / doc).read_text("utf-8"))
        for name in DOTTED.findall(quoted)
        if not _is_defined(name)
    ]

    assert lost == []


def _is_defined(name: str) -> bool:
    """A package, a module, or something a module defines at its top."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        place = ROOT.joinpath(*parts[:cut])
        if place.is_dir():
            return cut == len(parts)
        if place.with_suffix(".py").is_file():
            return cut == len(parts) or parts[cut] in _names(str(place.with_suffix(".py")))
    return False


def _names(path: str) -> set[str]:
    names = set()
    for node in tree(ROOT / path).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            names.update(part.id for part in ast.walk(node) if isinstance(part, ast.Name))
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names.update(alias.asname or alias.name for alias in node.names)
    return names


def test_every_dependency_has_its_reason() -> None:
    told = set(re.findall(r"[\w.-]+", (ROOT / "docs/dependencies.md").read_text("utf-8")))
    wanted = {
        line.partition("[")[0]
        for file in ("base.in", "dev.in")
        for line in (ROOT / "requirements" / file).read_text("utf-8").splitlines()
        if line and not line.startswith(("#", "-"))
    }

    assert wanted - told == set()


def test_every_setting_is_told_of() -> None:
    told = (ROOT / "docs/operations.md").read_text("utf-8")
    settings = {f"PAYLOGIC_{name.upper()}" for name in Settings.model_fields}

    assert {name for name in settings if name not in told} == set()


def test_every_actor_is_in_the_architecture() -> None:
    told = (ROOT / "docs/architecture.md").read_text("utf-8")
    parts = {path.name for path in (ROOT / "actors").glob("*.py")} - INSIDE

    assert [name for name in sorted(parts) if f"`{name}`" not in told and f"actors/{name}" not in told] == []


def test_the_check_itself_sees_what_it_looks_for() -> None:
    text = "`storage/gone.py` and `make x`, `docs/adr/` by `run_plan.py`"
    words = list(paths_of(text, {"storage", "docs"}))

    assert words == ["storage/gone.py", "docs/adr/", "run_plan.py"]
    assert [is_there(word) for word in words] == [False, True, True]
    assert is_there("requirements/*.txt")
    assert not is_there("un_plan.py")
    assert _is_defined("storage.run_plan.plan_run")
    assert not _is_defined("storage.run_plan.gone")
