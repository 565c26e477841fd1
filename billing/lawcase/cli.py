"""`paylogic law test PATH…`: reads cases, runs them, prints a table and, when asked, one JSON object."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from billing.lawcase.load import CASE_ACCOUNT, CaseErrors, load_paths
from billing.lawcase.model import Case
from billing.lawcase.run import HIDDEN, STRANGERS, Accrue, Check, run_cases

SEED = 20260101
HEADINGS = ("случай", "услуга", "ожидалось", "получено", "итог")
WIDTHS = (36, 24, 40, 40, 7)
PASSED, FAILED = "✓", "✗"

Say = Callable[[str], None]


def main(paths: Iterable[str], say: Say, **options: Any) -> int:
    """The command: law_test with the product's own rules."""
    from billing.accrue import accrue

    return law_test(paths, accrue, say, **options)


def law_test(
    paths: Iterable[str],
    accrue: Accrue,
    say: Say,
    *,
    seed: int = SEED,
    strangers: int = STRANGERS,
    as_json: bool = False,
    only_failures: bool = False,
) -> int:
    """Exit code: 0 all agree, 1 some differ, there are none or they cannot be read."""
    try:
        cases = load_paths(Path(path) for path in paths)
    except CaseErrors as error:
        for line in error.errors:
            say(line)
        say(f"Ошибок в случаях: {len(error.errors)}. Исправьте и запустите снова.")
        if as_json:
            say(json.dumps({"ok": False, "errors": error.errors}, ensure_ascii=False))
        return 1
    checks = run_cases(cases, accrue, np.random.default_rng(seed), strangers)
    for line in table(checks, only_failures):
        say(line)
    result = as_object(cases, checks, strangers, seed)
    say("")
    say(_summary(result))
    if as_json:
        say(json.dumps(result, ensure_ascii=False))
    return 0 if result["ok"] else 1


def _key(case: Case) -> tuple[str, int]:
    return case.file, case.line


def as_object(cases: Sequence[Case], checks: Sequence[Check], strangers: int, seed: int) -> dict[str, Any]:
    """What a machine reads: counts, and every difference."""
    failed = {_key(check.case) for check in checks if not check.ok}
    return {
        "ok": bool(cases) and not failed,
        "cases": len(cases),
        "passed": len(cases) - len(failed),
        "failed": len(failed),
        "checks": len(checks),
        "strangers": strangers,
        "seed": seed,
        "differences": [
            {
                "file": check.case.file,
                "line": check.case.line,
                "case": check.case.name,
                "account": check.account,
                "where": "block" if check.where == HIDDEN else "alone",
                "service": check.service,
                "expected": check.expected,
                "got": check.got,
            }
            for check in checks
            if not check.ok
        ],
    }


def _summary(result: dict[str, Any]) -> str:
    if not result["cases"]:
        return "Случаев нет."
    among = (
        f" и среди {result['strangers']} чужих счетов (зерно {result['seed']})" if result["strangers"] else ""
    )
    counts = f"Случаев: {result['cases']}, сошлись: {result['passed']}, разошлись: {result['failed']}."
    return f"{counts} Каждый посчитан один{among}."


# ---- table -----------------------------------------------------------------------------------------------


def table(checks: Sequence[Check], only_failures: bool = False) -> list[str]:
    """Lines of the table; a check that came out the same alone and in the block is one row."""
    out = [_row(HEADINGS), _row(tuple("─" * width for width in WIDTHS))]
    shown = ""
    for check, wheres in _joined(checks):
        if only_failures and check.ok:
            continue
        name = check.case.name
        if check.account not in ("", CASE_ACCOUNT):
            name += f": {check.account}"
        head = name if name != shown else ""
        shown = name
        verdict = PASSED if check.ok else FAILED
        if len(wheres) == 1:
            verdict += f" {wheres[0]}"
        out.extend(_wrapped((head, check.service, check.expected, check.got, verdict)))
        if not check.ok:
            out.append(f"  {check.case.file}:{check.case.line}")
    return out


def _joined(checks: Sequence[Check]) -> list[tuple[Check, list[str]]]:
    """Equal checks of one case together, in order of the first."""
    found: dict[tuple[object, ...], tuple[Check, list[str]]] = {}
    for at, check in enumerate(checks):
        words = (*_key(check.case), check.account, check.service, check.expected, check.got, check.ok)
        key = words if words not in found or check.where not in found[words][1] else (*words, at)
        found.setdefault(key, (check, []))[1].append(check.where)
    return list(found.values())


def _wrapped(cells: tuple[str, ...]) -> list[str]:
    parts = [textwrap.wrap(cell, width) or [""] for cell, width in zip(cells, WIDTHS, strict=True)]
    height = max(len(part) for part in parts)
    return [_row(tuple(part[at] if at < len(part) else "" for part in parts)) for at in range(height)]


def _row(cells: tuple[str, ...]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()
