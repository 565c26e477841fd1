"""Embedded Ray: a head of one machine that outlives the death of any driver and leaves nothing behind.

`ray start --block` is the parent of the head's processes: it ends when one of them dies, and takes the
others along when it is killed itself, so that one process is enough to watch.
"""

import os
import shutil
import signal
import sys
from pathlib import Path

import psutil

from cluster.processes import (
    PidFile,
    free_ports,
    kill_all,
    port_answers,
    processes_where,
    reap,
    set_aside,
    spawn,
    stop,
)
from cluster.stack import Stack

START_S_MAX = 240.0
STOP_S_MAX = 30.0
STARTED = "Ray runtime started"  # in the log of this start, which is begun anew each time
SESSIONS_KEPT = 2  # folders of logs of earlier starts


class EmbeddedRay:
    """One head of one home. Holds no state worth keeping: the supervisor of runs rebuilds from PostgreSQL."""

    name = "ray"
    title = "вычислители Ray"

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.log_path = stack.logs / "ray.log"
        self.pid_file = PidFile(stack.run / "ray.pid")

    def spawn(self) -> None:
        """Begin to start. A head left by a supervisor that died is ended first: its workers hold old code."""
        self.stop()
        temp = self.stack.ray_temp
        temp.mkdir(parents=True, exist_ok=True)
        _forget_old_sessions(temp)
        settings = self.stack.settings
        cores = settings.ray_cpus or os.cpu_count() or 1
        client, node, objects, agent, agent_grpc, runtime, metrics = free_ports(7)
        command = [
            *(sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block"),
            *("--node-ip-address=127.0.0.1", f"--port={self.stack.kept.port_ray}", f"--temp-dir={temp}"),
            *(f"--ray-client-server-port={client}", f"--node-manager-port={node}"),
            *(f"--object-manager-port={objects}", f"--dashboard-agent-listen-port={agent}"),
            *(f"--dashboard-agent-grpc-port={agent_grpc}", f"--runtime-env-agent-port={runtime}"),
            *(f"--metrics-export-port={metrics}", "--include-dashboard=false", "--include-log-monitor=false"),
            *(
                "--disable-usage-stats",
                f"--num-cpus={cores}",
                "--num-gpus=0",
            ),
            f"--object-store-memory={settings.ray_object_store_mb * 2**20}",
        ]
        env = self.stack.environment() | {
            "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S": "0",  # one node: nowhere to drain to
        }
        set_aside(self.log_path)
        process = spawn(command, self.log_path, env=env, cwd=self.stack.home)
        self.pid_file.write(process.pid)

    def ready(self) -> bool:
        """Whether the head takes drivers: it said that all of it started, and its GCS listens."""
        try:
            started = STARTED in self.log_path.read_text(errors="replace")
        except OSError:
            return False
        return started and self.alive() and port_answers("127.0.0.1", self.stack.kept.port_ray)

    def alive(self) -> bool:
        process = self.pid_file.process()
        if process is not None:
            reap(process.pid)
        return self.pid_file.process() is not None

    def stop(self) -> None:
        process = self.pid_file.process()
        if process is not None:
            stop(process, signal.SIGTERM, STOP_S_MAX)
        kill_all(list(processes_where(self._is_ours)))
        self.pid_file.clear()

    def _is_ours(self, process: psutil.Process) -> bool:
        temp = str(self.stack.ray_temp)
        return any(word.endswith(f"={temp}") or f"{temp}/session_" in word for word in process.cmdline())


def _forget_old_sessions(temp: Path) -> None:
    """Ray makes a folder of logs a start and removes none."""
    sessions = sorted(path for path in temp.glob("session_2*") if path.is_dir())
    for folder in sessions[:-SESSIONS_KEPT]:
        shutil.rmtree(folder, ignore_errors=True)
