"""The law knows no fraction that is not exact and no clock of its own."""

import ast
from collections.abc import Iterator

from tests.arch.sources import ROOT, name, python_files, tree

DIVISION = "division by /"
CLOCKS = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
}
FLOATING = {"float", "float16", "float32", "float64", "double", "true_divide", "divide"}
FLOATING_OF_NUMPY = FLOATING | {"mean", "average"}
ON_FRACTIONS = {
    "billing/arithmetic.py",
    "billing/formula/grammar.py",
    "billing/formula/told.py",
    "billing/trace.py",
    "billing/trace_volume.py",
}
"""They read numbers or put a line into words by Fraction, where / is exact; none divides money."""


def findings(node: ast.AST) -> Iterator[str]:
    """Ways in which a node of the syntax tree is not exact or looks at a clock."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (float, complex)):
        yield f"number {node.value}"
    divides = isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.Div)
    if divides and not _is_path(node):
        yield DIVISION
    if isinstance(node, ast.Name) and node.id in FLOATING:
        yield node.id
    if isinstance(node, ast.Attribute):
        owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
        if (owner, node.attr) in CLOCKS:
            yield f"{owner}.{node.attr}"
        if node.attr in FLOATING_OF_NUMPY and owner in ("np", "numpy"):
            yield f"{owner}.{node.attr}"


def _is_path(node: ast.AST) -> bool:
    """«folder / "name.yaml"» joins a path: one side of it is a text."""
    sides: list[ast.AST] = []
    if isinstance(node, ast.BinOp):
        sides = [node.left, node.right]
    elif isinstance(node, ast.AugAssign):
        sides = [node.target, node.value]
    for side in sides:
        if isinstance(side, ast.JoinedStr) or (
            isinstance(side, ast.Constant) and isinstance(side.value, str)
        ):
            return True
        if _is_path(side):
            return True
    return False


def test_billing_has_no_float_no_division_and_no_clock() -> None:
    found = [
        f"{name(path)}:{getattr(node, 'lineno', 0)}: {finding}"
        for path in python_files("billing")
        for node in ast.walk(tree(path))
        for finding in findings(node)
        if not (finding == DIVISION and name(path) in ON_FRACTIONS)
    ]

    assert found == []


def test_files_that_divide_exactly_know_fractions() -> None:
    for file in ON_FRACTIONS:
        assert "from fractions import Fraction" in (ROOT / file).read_text()


def test_the_check_itself_sees_what_it_looks_for() -> None:
    code = """
a = 0.5
b = x / y
c /= 2
d = float(x)
e = np.float64(3)
f = dt.datetime.now()
g = date.today()
h = np.mean(x)
folder = root / "file.yaml"
i = x // y
"""
    lines = {
        getattr(node, "lineno", 0)
        for node in ast.walk(ast.parse(code))
        for finding in findings(node)
        if finding
    }

    assert lines == set(range(2, 10))
