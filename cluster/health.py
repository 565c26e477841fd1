"""The health of a stack as one report: what runs, where, whether it answers; for people and for machines."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from cluster import embedded
from cluster.processes import PidFile
from cluster.stack import Stack
from cluster.start import supervisor_pid


@dataclass(frozen=True, slots=True)
class PartHealth:
    """State of one part: ready, starting (runs, does not answer yet), down, or outer-* of another's part."""

    name: str
    title: str
    state: str
    pid: int | None
    address: str


@dataclass(frozen=True, slots=True)
class Report:
    """What `paylogic status` tells."""

    home: str
    running: bool
    healthy: bool
    stage: str
    words: str
    url: str
    parts: list[PartHealth]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def report(stack: Stack) -> Report:
    """Look at every part now; takes a second at most when all is well."""
    supervisor = supervisor_pid(stack).process()
    note = stage_note(stack)
    seen = [_look(stack, part) for part in embedded.parts(stack)]
    return Report(
        home=str(stack.home),
        running=supervisor is not None,
        healthy=supervisor is not None and all(part.state in ("ready", "outer-ready") for part in seen),
        stage=str(note.get("stage", "stopped")) if supervisor is not None else "stopped",
        words=str(note.get("words", "")) if supervisor is not None else "",
        url=stack.url,
        parts=seen,
    )


def stage_note(stack: Stack) -> dict[str, Any]:
    """What the supervisor last said of itself; empty when it never did."""
    try:
        note: dict[str, Any] = json.loads((stack.run / "supervisor.json").read_text())
        return note
    except (OSError, ValueError):
        return {}


def _look(stack: Stack, part: embedded.Part) -> PartHealth:
    addresses = {
        "postgres": stack.database_url.rpartition("@")[2],
        "nats": stack.nats_url.rpartition("@")[2],
        "ray": stack.ray_address,
        "web": stack.url,
        "actors": "",
    }
    if isinstance(part, embedded.Outer):
        state = "outer-ready" if part.ready() else "outer-down"
        return PartHealth(part.name, part.title, state, None, f"{part.host}:{part.port}")
    process = PidFile(stack.run / f"{part.name}.pid").process()
    if process is None:
        return PartHealth(part.name, part.title, "down", None, addresses[part.name])
    state = "ready" if part.ready() else "starting"
    return PartHealth(part.name, part.title, state, process.pid, addresses[part.name])
