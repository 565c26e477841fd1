"""The supervisor of a stack: starts the parts, migrates, watches, restarts what dies, stops in order.

Runs in the foreground of `paylogic demo` or apart from any terminal (`paylogic up`).
It keeps no state of its own: a new one after kill -9 takes over the servers that still run.
"""

import asyncio
import importlib
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

from cluster import embedded, nats, postgres, rayhead
from cluster.children import Web
from cluster.logs import configure
from cluster.processes import PartFailed, PidFile, port_is_free, tail, write_atomically
from cluster.settings import Settings, load
from cluster.stack import Stack, locked

log = logging.getLogger("paylogic.supervisor")

POLL_S = 0.1
WATCH_S = 0.5
BACKOFF_S_MIN = 0.5
BACKOFF_S_MAX = 30.0
CALM_S = 60.0  # a part that lived this long is forgiven its earlier deaths
CHILD_START_S_MAX = 120.0
START_S_MAX = {"postgres": postgres.START_S_MAX, "nats": nats.START_S_MAX, "ray": rayhead.START_S_MAX}
SICK_S_MAX = {"nats": 10.0}  # a stream that met a full disk refuses to write until its server begins anew
START_TRIES = {"ray": 3}  # a head gives up after its own 30 s, which a busy machine may not keep

Progress = Callable[[str], None]


class Stopped(Exception):
    """The stop was asked for before the start was over."""


class Supervisor:
    """Owns the life of one stack; at most one a home (a file lock)."""

    def __init__(self, settings: Settings, progress: Progress) -> None:
        self.stack = Stack(settings)
        self.parts = embedded.parts(self.stack)
        self.progress = progress
        self.stopping = threading.Event()
        self.deaths: dict[str, int] = {}
        self.retry_at: dict[str, float] = {}
        self.started_at: dict[str, float] = {}
        self.sick_since: dict[str, float] = {}
        self.stage = "starting"

    def start(self) -> None:
        """Bring every part to readiness; PartFailed with the end of a log when one cannot be."""
        self._say("starting", "Запускаем базу, очередь событий и вычислители")
        slow = {part.name: part for part in self.parts if part.name in START_S_MAX}
        for part in slow.values():
            self._spawn(part)
        self._await(slow["postgres"])
        database = slow["postgres"]
        if isinstance(database, postgres.EmbeddedPostgres):
            database.prepare()
        self._say("migrating", "Приводим базу к нужной версии")
        migrate(self.stack.database_url)
        self._say("starting", "Запускаем страницы и обработчики")
        children = {part.name: part for part in self.parts if part.name not in slow}
        self._check_port()
        self._spawn(children["web"])
        self._await(slow["nats"])
        self._await(slow["ray"])
        self._spawn(children["actors"])
        if "demobank" in children:
            self._spawn(children["demobank"])
        for part in children.values():
            self._await(part)
        self._say("serving", f"Готово: {self.stack.url}")

    def watch(self) -> None:
        """Restart what dies, with a growing pause, until the stop is asked for."""
        while not self.stopping.wait(WATCH_S):
            for part in self.parts:
                if not part.alive():
                    self._revive(part)
                    continue
                if part.name in SICK_S_MAX:
                    self._nurse(part)
                if time.monotonic() - self.started_at.get(part.name, 0.0) > CALM_S:
                    self.deaths.pop(part.name, None)

    def stop(self) -> None:
        """Stop every part, the last started first: pages finish answers before the database goes."""
        self._say("stopping", "Останавливаем: страницы, обработчики, вычислители, очередь, база")
        self.stopping.set()
        for part in reversed(self.parts):
            part.stop()
            log.info("%s stopped", part.name)
        self._say("stopped", "Остановлено")

    def ask_to_stop(self, number: int = 0, _frame: FrameType | None = None) -> None:
        """Handler of SIGTERM, SIGINT and SIGHUP."""
        if number:
            log.info("received %s", signal.Signals(number).name)
        self.stopping.set()

    # ---- steps -----------------------------------------------------------------------------------

    def _spawn(self, part: embedded.Part) -> None:
        if self.stopping.is_set():
            raise Stopped
        part.spawn()
        self.started_at[part.name] = time.monotonic()

    def _await(self, part: embedded.Part) -> None:
        limit_s = START_S_MAX.get(part.name, CHILD_START_S_MAX)
        deadline = time.monotonic() + limit_s
        tries = START_TRIES.get(part.name, 1)
        while not part.ready():
            if self.stopping.is_set():
                raise Stopped
            if isinstance(part, embedded.Outer) and time.monotonic() > deadline:
                raise PartFailed(f"Не отвечает {part.title} по адресу {part.host}:{part.port}")
            if not part.alive() and tries > 1:
                tries -= 1
                log.warning("%s did not start, trying again", part.name)
                self._spawn(part)
                continue
            if not part.alive() or time.monotonic() > deadline:
                raise PartFailed(self._why(part, limit_s))
            time.sleep(POLL_S)
        log.info("%s ready", part.name)

    def _why(self, part: embedded.Part, limit_s: float) -> str:
        what = "завершился сразу после запуска" if not part.alive() else f"не ответил за {limit_s:.0f} с"
        path = self.stack.logs / f"{part.name}.log"
        return f"Не запустилось: {part.title} ({part.name}) {what}. Конец журнала {path}:\n{tail(path)}"

    def _nurse(self, part: embedded.Part) -> None:
        """A part that lives and long says it is sick is stopped; the watch then starts it anew."""
        now = time.monotonic()
        if part.ready():
            self.sick_since.pop(part.name, None)
        elif now - self.sick_since.setdefault(part.name, now) > SICK_S_MAX[part.name]:
            log.error("%s is sick for %.0f s, stopped to be started anew", part.name, SICK_S_MAX[part.name])
            del self.sick_since[part.name]
            part.stop()

    def _revive(self, part: embedded.Part) -> None:
        now = time.monotonic()
        if part.name not in self.retry_at:
            deaths = self.deaths[part.name] = self.deaths.get(part.name, 0) + 1
            pause_s = 0.0 if deaths == 1 else min(BACKOFF_S_MAX, BACKOFF_S_MIN * 2 ** (deaths - 2))
            self.retry_at[part.name] = now + pause_s
            log.error("%s died (%s in a row), restart in %.1f s", part.name, deaths, pause_s)
        if now < self.retry_at[part.name]:
            return
        del self.retry_at[part.name]
        try:
            self._spawn(part)
            log.info("%s restarted", part.name)
        except (OSError, PartFailed) as error:
            log.error("%s did not restart: %s", part.name, error)

    def _check_port(self) -> None:
        Web(self.stack).stop()
        port, host = self.stack.web_port, self.stack.settings.host
        if not port_is_free(port, host):
            raise PartFailed(
                f"Порт {port} занят другой программой. Освободите его или задайте другой: PAYLOGIC_PORT=8010"
            )
        self.stack.keep_web_port()

    def _say(self, stage: str, words: str) -> None:
        self.stage = stage
        log.info("%s: %s", stage, words)
        note = {"pid": os.getpid(), "stage": stage, "words": words}
        write_atomically(self.stack.run / "supervisor.json", json.dumps(note, ensure_ascii=False))
        self.progress(words)


def migrate(database_url: str) -> None:
    """Bring the schema to the newest version; storage knows how."""
    module = importlib.import_module("storage.migrate")
    asyncio.run(module.upgrade(database_url))


def supervisor_pid(stack: Stack) -> PidFile:
    """Where the supervisor of a home writes itself down."""
    return PidFile(stack.run / "supervisor.pid")


def fail(stack: Stack, error: Exception) -> None:
    """Leave the reason of a failed start for whoever waits for it."""
    note = {"pid": os.getpid(), "stage": "failed", "words": str(error)}
    write_atomically(stack.run / "supervisor.json", json.dumps(note, ensure_ascii=False))


def main() -> int:
    """The background supervisor: serves until SIGTERM."""
    settings = load()
    configure(settings.log_level)
    supervisor = Supervisor(settings, progress=lambda words: None)
    stack = supervisor.stack
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, supervisor.ask_to_stop)
    try:
        with locked(stack.run / "supervisor.lock", wait=False):
            pid_file = supervisor_pid(stack)
            pid_file.write(os.getpid())
            try:
                return _serve(supervisor)
            finally:
                pid_file.clear()
    except BlockingIOError:
        log.error("another supervisor already serves %s", stack.home)
        return 1


def _serve(supervisor: Supervisor) -> int:
    try:
        supervisor.start()
        supervisor.watch()
    except Stopped:
        log.info("stop was asked for during the start")
    except Exception as error:
        log.exception("the stack did not start")
        supervisor.stop()
        fail(supervisor.stack, error)
        return 1
    supervisor.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
