"""Which rules made a line: a digest of the code that decides it, so that a run sees another version of them.

The code is what `billing.accrue` imports, directly or not, inside billing. It is digested as syntax trees
without
docstrings: words about the code may change, what it does may not.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib import resources

ROOT = "billing.accrue"
PACKAGE = "billing"
LENGTH = 12


@cache
def rules_version() -> str:
    """Digest of the rules of this process; equal for equal rules."""
    digest = hashlib.sha256()
    for name, tree in sorted(modules().items()):
        digest.update(f"{name}\n{essence(tree)}\n".encode())
    return digest.hexdigest()[:LENGTH]


def modules(root: str = ROOT) -> dict[str, ast.Module]:
    """Modules of billing that `root` needs, by name, itself among them."""
    found: dict[str, ast.Module] = {}
    waiting = [root]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        source = _source(name)
        if source is None:
            continue  # a name inside a module
        found[name] = ast.parse(source)
        waiting += _imported(found[name])
    return found


def essence(tree: ast.Module) -> str:
    """The tree without docstrings and places in the file."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:]
    return ast.dump(tree)


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == PACKAGE:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == PACKAGE)


def _source(name: str) -> str | None:
    path = resources.files(PACKAGE)
    *folders, last = name.split(".")[1:] or ["__init__"]
    for file in (path.joinpath(*folders, f"{last}.py"), path.joinpath(*folders, last, "__init__.py")):
        if file.is_file():
            return file.read_text(encoding="utf-8")
    return None
