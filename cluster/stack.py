"""The addresses of one stack: ports picked once, passwords made once, both kept in its home."""

import fcntl
import hashlib
import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from cluster.processes import free_ports, port_is_free, write_atomically
from cluster.settings import PORT_PREFERRED, Settings

DATABASE = "paylogic"
OWNER_ROLE = "paylogic"
WEB_ROLE = "paylogic_web"
SOCKET_PATH_MAX = 90  # PostgreSQL adds 15 characters to it
RAY_PATH_MAX = 40  # a Ray socket adds 64 characters to it and Unix allows 107


@dataclass(frozen=True, slots=True)
class Remembered:
    """What stack.json holds; a port written here is this stack's for good."""

    port_postgres: int
    port_nats: int
    port_nats_monitor: int
    port_ray: int
    port_web: int
    password_postgres: str
    password_owner: str
    password_web: str
    password_nats: str
    token_ray: str
    secret_key: str
    port_bank: int = field(default=0, kw_only=True)  # of the demo's bank; 0 in a home made before it
    port_smtp: int = field(default=0, kw_only=True)  # of the demo's mail server
    port_bounces: int = field(default=0, kw_only=True)  # where workers take what comes back from it


class Stack:
    """Where everything of one home is: folders, ports, addresses, whichever part is ours or another's."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.home = settings.home
        self.kept = remember(settings)
        self.logs = self.home / "logs"
        self.run = self.home / "run"

    @property
    def database_url(self) -> str:
        """For workers and migrations: the owner of the tables."""
        return self.settings.database_url or self._embedded_url(OWNER_ROLE, self.kept.password_owner)

    @property
    def web_database_url(self) -> str:
        """For pages: a role under row-level security."""
        return self.settings.web_database_url or self._embedded_url(WEB_ROLE, self.kept.password_web)

    @property
    def admin_database_url(self) -> str:
        """The superuser of the embedded PostgreSQL (roles, test databases); none for a database elsewhere."""
        assert self.settings.database_url is None, "a database elsewhere is administered by its owner"
        return self._embedded_url("postgres", self.kept.password_postgres, "postgres")

    def _embedded_url(self, role: str, password: str, database: str = DATABASE) -> str:
        return f"postgresql://{role}:{password}@127.0.0.1:{self.kept.port_postgres}/{database}"

    @property
    def database_socket(self) -> Path | None:
        """Folder of the embedded PostgreSQL's Unix socket, by which rows travel a sixth cheaper than by TCP.

        None for a database elsewhere, or when the home's path is too long for a socket.
        """
        folder = self.home / "socket"
        if self.settings.database_url is not None or len(str(folder)) > SOCKET_PATH_MAX:
            return None
        return folder

    @property
    def nats_url(self) -> str:
        ours = f"nats://paylogic:{self.kept.password_nats}@127.0.0.1:{self.kept.port_nats}"
        return self.settings.nats_url or ours

    @property
    def nats_monitor_url(self) -> str | None:
        """HTTP monitoring of the NATS in use; None when it is another's and we were not told."""
        if self.settings.nats_url is not None:
            return self.settings.nats_monitor_url
        return f"http://127.0.0.1:{self.kept.port_nats_monitor}"

    @property
    def ray_address(self) -> str:
        return self.settings.ray_address or f"127.0.0.1:{self.kept.port_ray}"

    @property
    def ray_temp(self) -> Path:
        """Folder of the embedded Ray; outside the home when the home's path is too long for Unix sockets."""
        inside = self.home / "ray"
        if len(str(inside)) <= RAY_PATH_MAX:
            return inside
        name = hashlib.sha256(str(self.home).encode()).hexdigest()[:10]
        return Path(tempfile.gettempdir()) / f"paylogic-ray-{name}"

    @property
    def secrets(self) -> Path:
        """Folder of keys of counterparts, for workers alone."""
        return self.settings.secrets or self.home / "secrets"

    @property
    def web_port(self) -> int:
        return self.settings.port or self.kept.port_web

    def keep_web_port(self) -> None:
        """Write down the port PAYLOGIC_PORT chose: other commands of this home need not be told it again."""
        if self.web_port == self.kept.port_web:
            return
        self.kept = replace(self.kept, port_web=self.web_port)
        with locked(self.home / ".stack.lock"):
            _write(self.home, self.kept)

    @property
    def scheme(self) -> str:
        """https when the pages end TLS themselves."""
        return "http" if self.settings.tls_cert is None else "https"

    @property
    def url(self) -> str:
        """The address a person opens."""
        host = "localhost" if self.settings.host in ("127.0.0.1", "0.0.0.0", "::") else self.settings.host  # noqa: S104
        return f"{self.scheme}://{host}:{self.web_port}"

    def environment(self, web: bool = False) -> dict[str, str]:
        """Environment of a process of this stack; pages do not learn the owner's way into the database."""
        foreign = ("RAY_ADDRESS", "PAYLOGIC_DATABASE_SOCKET")
        env = {name: value for name, value in os.environ.items() if name not in foreign}
        env |= {
            "PAYLOGIC_HOME": str(self.home),
            "PAYLOGIC_WEB_DATABASE_URL": self.web_database_url,
            "PAYLOGIC_DATABASE_URL": self.database_url,
            "PAYLOGIC_NATS_URL": self.nats_url,
            "PAYLOGIC_RAY_ADDRESS": self.ray_address,
            "PAYLOGIC_PORT": str(self.web_port),
            "PAYLOGIC_SECRET_KEY": os.environ.get("PAYLOGIC_SECRET_KEY") or self.kept.secret_key,
            "PAYLOGIC_LOG_LEVEL": self.settings.log_level,
            "RAY_USAGE_STATS_ENABLED": "0",
            "PYTHONUNBUFFERED": "1",
            "PAYLOGIC_SECRETS": str(self.secrets),
        }
        if self.database_socket is not None and not web:
            env["PAYLOGIC_DATABASE_SOCKET"] = str(self.database_socket)
        if self.settings.ray_address is None:
            env |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": self.kept.token_ray}
        if self.nats_monitor_url is not None:
            env["PAYLOGIC_NATS_MONITOR_URL"] = self.nats_monitor_url
        if self.settings.nats_sync_confirmed:
            env["PAYLOGIC_NATS_SYNC_CONFIRMED"] = "1"
        env |= self._mail()
        if web:
            for name in ("PAYLOGIC_DATABASE_URL", "PAYLOGIC_SECRETS", "PAYLOGIC_SMTP_URL"):
                env.pop(name, None)
        return env

    def _mail(self) -> dict[str, str]:
        """Where letters go: the operator's server; in the demo, where none is named, the bundled one."""
        told = self.settings
        if told.smtp_url is None and told.demo_bank:
            return {
                "PAYLOGIC_SMTP_URL": f"smtp://127.0.0.1:{self.kept.port_smtp}?tls=off",
                "PAYLOGIC_MAIL_FROM": "Расчётный центр <kvitanciya@rc.example>",
                "PAYLOGIC_PUBLIC_URL": self.url,
                "PAYLOGIC_BOUNCE_LISTEN": f"127.0.0.1:{self.kept.port_bounces}",
            }
        return {"PAYLOGIC_PUBLIC_URL": told.public_url or self.url}


def remember(settings: Settings) -> Remembered:
    """Ports and passwords of this home: read, or picked and written when it is new."""
    settings.home.mkdir(parents=True, exist_ok=True)
    path = settings.home / "stack.json"
    with locked(settings.home / ".stack.lock"):
        if path.exists():
            return _with_ports(settings.home, Remembered(**json.loads(path.read_text())))
        postgres, nats, monitor, ray, web, bank, smtp, bounces = free_ports(8)
        if port_is_free(PORT_PREFERRED):
            web = PORT_PREFERRED
        made = [secrets.token_urlsafe(18) for _ in range(6)]
        kept = Remembered(
            postgres, nats, monitor, ray, web, *made, port_bank=bank, port_smtp=smtp, port_bounces=bounces
        )
        _write(settings.home, kept)
        return kept


def _with_ports(home: Path, kept: Remembered) -> Remembered:
    """A home made before the demo had a bank or a mail server gets ports for them."""
    names = ("port_bank", "port_smtp", "port_bounces")
    missing = [name for name in names if not getattr(kept, name)]
    if not missing:
        return kept
    found = dict(zip(missing, free_ports(len(missing)), strict=True))
    made = Remembered(**(asdict(kept) | found))
    _write(home, made)
    return made


def _write(home: Path, kept: Remembered) -> None:
    write_atomically(home / "stack.json", json.dumps(asdict(kept), indent=1))


@contextmanager
def locked(path: Path, wait: bool = True) -> Iterator[None]:
    """Hold a file lock; BlockingIOError at once when another holds it and wait is false."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)
