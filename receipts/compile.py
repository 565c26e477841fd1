"""Typst runs over a form for the press: ours in this process, an organisation's own in a fenced one.

An own form is untrusted input. Its process has an empty folder for files, no fonts but PT Sans, no packages,
a limit of time and of memory; what it says is the compiled bands or the line that is wrong, in Russian.
"""

import base64
import json
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typst

from receipts.form_errors import NO_PACKAGES, broken_form, own_form_warning
from receipts.render import ReceiptRenderError, in_words, pt_sans

QUERIES = ("sheet", "styles", "band", "slot")
TIMEOUT_S = 30
CPU_S = 20
MEMORY_BYTES = 3 << 30
"""Address space: Typst maps much more than it touches."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """The file with backgrounds, and what the form says of its sheet, styles, bands and slots."""

    background: bytes
    found: dict[str, Any]


def compiled_here(source: Path, inputs: dict[str, str]) -> Compiled:
    """A form of ours. Raises ReceiptRenderError with the place when it is broken."""
    compiler = typst.Compiler(input=source, root=source.parent, font_paths=pt_sans(), sys_inputs=inputs)
    try:
        return _compiled(compiler)
    except typst.TypstError as error:
        raise ReceiptRenderError(in_words(error)) from error


def _compiled(compiler: typst.Compiler) -> Compiled:
    background = compiler.compile(format="pdf", pdf_tags=False, timestamp=0)
    assert isinstance(background, bytes), "one PDF is one string of bytes"
    found = {name: json.loads(compiler.query(f"<{name}>", field="value")) for name in QUERIES}
    return Compiled(background, found)


def compiled_apart(source: str, inputs: dict[str, str]) -> Compiled:
    """An own form, in a process of its own. Raises ReceiptRenderError with the line, in Russian."""
    if "@" in source and any(mark in source for mark in ('"@preview/', '"@local/')):
        raise ReceiptRenderError(NO_PACKAGES)
    asked = json.dumps({"source": source, "inputs": inputs})
    try:
        done = subprocess.run(
            [sys.executable, "-m", "receipts.compile"],
            input=asked.encode(),
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ReceiptRenderError(
            f"Форма собиралась дольше {TIMEOUT_S} секунд и остановлена. Уберите циклы, которые долго считают."
        ) from error
    if done.returncode:
        raise ReceiptRenderError(
            "Форма не собралась: ей не хватило памяти или времени. Уберите большие циклы и рисунки."
        )
    answer = json.loads(done.stdout)
    if "error" in answer:
        raise ReceiptRenderError(answer["error"])
    return Compiled(base64.b64decode(answer["background"]), answer["found"])


def _answer(asked: dict[str, Any], form: Path) -> dict[str, Any]:
    """What the fenced process says. form: the source, alone in its folder: the only one it may read."""
    source, empty = asked["source"], form.parent
    compiler = typst.Compiler(
        input=form,
        root=empty,
        font_paths=pt_sans(),
        sys_inputs=asked["inputs"],
        package_path=empty,
        package_cache_path=empty,
    )
    try:
        _, warnings = compiler.compile_with_warnings(format="pdf", pdf_tags=False, timestamp=0)
        for warning in warnings:
            words = own_form_warning(warning.message, warning.diagnostic or "")
            if words:
                return {"error": words}
        made = _compiled(compiler)
    except typst.TypstError as error:
        return {"error": broken_form(error.message, error.diagnostic or "", source)}
    except (RuntimeError, ValueError) as error:
        return {"error": f"Форма не собралась: {error}."}
    if not all(made.found[name] for name in QUERIES):
        return {"error": "В форме не описаны лист, начертания или полосы. Начните со стандартной формы."}
    return {"background": base64.b64encode(made.background).decode(), "found": made.found}


def _fence() -> None:
    """Limits of this process: time, memory, and not a byte written to any file."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        wanted, main = json.load(sys.stdin), Path(folder) / "form.typ"
        main.write_text(wanted["source"], "utf-8")
        _fence()
        json.dump(_answer(wanted, main), sys.stdout)
