"""Processes of a stack: start apart from the terminal, remember, recognise again, stop in good order."""

import json
import logging
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

log = logging.getLogger("paylogic.processes")

LOG_BYTES_MAX = 20_000_000  # a log past this is set aside once (.1) when its part starts
POLL_S = 0.05
CREATED_TOLERANCE_S = 1.0  # create_time is rebuilt from boot time and may move a little

_children: dict[int, subprocess.Popen[bytes]] = {}  # started by this process and not yet collected


class PartFailed(RuntimeError):
    """A part did not start or died at once; the message is for a person and ends with the end of its log."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The unprivileged system user that PostgreSQL runs as when we are root."""

    uid: int
    gid: int


class PidFile:
    """A process written down so that a later start recognises it and never mistakes another for it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, pid: int) -> None:
        process = psutil.Process(pid)
        write_atomically(self.path, json.dumps({"pid": pid, "created": process.create_time()}))

    def process(self) -> psutil.Process | None:
        """The live process this file is about, or None when it is gone or its pid went to another."""
        try:
            note = json.loads(self.path.read_text())
            process = psutil.Process(int(note["pid"]))
            same = abs(process.create_time() - float(note["created"])) < CREATED_TOLERANCE_S
            return process if same and is_alive(process) else None
        except (OSError, ValueError, KeyError, psutil.Error):
            return None

    def session(self) -> list[psutil.Process]:
        """Processes still in the session this one led; they may outlive it (workers of a killed server)."""
        try:
            leader = int(json.loads(self.path.read_text())["pid"])
        except (OSError, ValueError, KeyError):
            return []
        return list(processes_where(lambda process: os.getsid(process.pid) == leader))

    def clear(self) -> None:
        self.path.unlink(missing_ok=True)


def is_alive(process: psutil.Process) -> bool:
    """Whether the process runs; a zombie that waits for its parent does not count."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def write_atomically(path: Path, text: str, mode: int = 0o600) -> None:
    """Replace a small file as a whole, so that a reader or a crash never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def spawn(
    command: Sequence[str],
    log_path: Path,
    env: Mapping[str, str] | None = None,
    owner: Owner | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own: Ctrl-C in our terminal does not reach it."""
    log_path.parent.mkdir(parents=True, exist_ok=True)
    if log_path.exists() and log_path.stat().st_size > LOG_BYTES_MAX:
        set_aside(log_path)
    uid = None if owner is None else owner.uid
    gid = None if owner is None else owner.gid
    groups: list[int] | None = None if owner is None else []
    with log_path.open("ab") as output:
        child = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if env is None else dict(env),
            cwd=cwd,
            start_new_session=True,
            user=uid,
            group=gid,
            extra_groups=groups,
        )
    _children[child.pid] = child
    return child


def set_aside(log_path: Path) -> None:
    """Keep a log as NAME.1 and let a new one begin."""
    if log_path.exists():
        log_path.replace(log_path.with_name(log_path.name + ".1"))


def stop(process: psutil.Process, by: signal.Signals, limit_s: float) -> bool:
    """Ask a process to stop and wait; past the limit kill it and its children. True when it obeyed."""
    try:
        children = process.children(recursive=True)
        process.send_signal(by)
    except psutil.Error:
        return True
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        reap(process.pid)
        if not is_alive(process):
            return True
        time.sleep(POLL_S)
    log.warning("process %s ignored %s for %.0f s and is killed", process.pid, by.name, limit_s)
    kill_all([process, *children])
    return False


def kill_all(processes: Sequence[psutil.Process], limit_s: float = 10.0) -> None:
    """SIGKILL to each and wait until they are gone."""
    for process in processes:
        try:
            process.kill()
        except psutil.Error:
            continue
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline and any(is_alive(process) for process in processes):
        for process in processes:
            reap(process.pid)
        time.sleep(POLL_S)


def reap(pid: int) -> None:
    """Collect our dead child so that it does not stay a zombie; not ours is fine."""
    child = _children.get(pid)
    if child is not None and child.poll() is not None:
        del _children[pid]


def processes_where(matches: Callable[[psutil.Process], bool]) -> Iterator[psutil.Process]:
    """Live processes of this machine that satisfy a test; those we may not look at do not."""
    me = os.getpid()
    for process in psutil.process_iter():
        try:
            if process.pid != me and matches(process) and is_alive(process):
                yield process
        except (psutil.Error, OSError):
            continue


def tail(path: Path, lines: int = 12) -> str:
    """The last lines of a log, for a message to a person."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 16_384))
            return "\n".join(file.read().decode("utf-8", "replace").splitlines()[-lines:])
    except OSError:
        return ""


def free_ports(count: int) -> list[int]:
    """Distinct ports free on 127.0.0.1 now; all are held open together so that none comes twice."""
    sockets = []
    try:
        for _ in range(count):
            listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            sockets.append(listener)
            listener.bind(("127.0.0.1", 0))
        return [listener.getsockname()[1] for listener in sockets]
    finally:
        for listener in sockets:
            listener.close()


def port_is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether we could listen there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def port_answers(host: str, port: int, limit_s: float = 1.0) -> bool:
    """Whether somebody listens there."""
    try:
        with socket.create_connection((host, port), limit_s):
            return True
    except OSError:
        return False
