"""The processes of our own code: pages and actors. They hold nothing, so each start begins them anew."""

import json
import signal
import ssl
import sys
import urllib.error
import urllib.request

from cluster import demo_counterparts
from cluster.processes import PidFile, kill_all, reap, spawn, stop
from cluster.stack import Stack

STOP_S_MAX = 30.0
DRAIN_S = 10  # open streams of pages get this long at a stop


class Child:
    """A Python process of ours under the supervisor."""

    name: str
    title: str

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.log_path = stack.logs / f"{self.name}.log"
        self.pid_file = PidFile(stack.run / f"{self.name}.pid")

    def command(self) -> list[str]:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return self.stack.environment()

    def spawn(self) -> None:
        """Begin to start; one left by a supervisor that died is ended first, for it holds old code."""
        self.stop()
        process = spawn(self.command(), self.log_path, env=self.environment(), cwd=self.stack.home)
        self.pid_file.write(process.pid)

    def ready(self) -> bool:
        raise NotImplementedError

    def alive(self) -> bool:
        process = self.pid_file.process()
        if process is not None:
            reap(process.pid)
        return self.pid_file.process() is not None

    def stop(self) -> None:
        process = self.pid_file.process()
        if process is not None:
            stop(process, signal.SIGTERM, STOP_S_MAX)
        kill_all(self.pid_file.session())
        self.pid_file.clear()


class Web(Child):
    """Pages: uvicorn with the factory web.app:create_app."""

    name = "web"
    title = "страницы"

    def command(self) -> list[str]:
        settings = self.stack.settings
        return [
            *(sys.executable, "-m", "uvicorn", "web.app:create_app", "--factory", "--host", settings.host),
            *("--port", str(self.stack.web_port), "--workers", str(settings.web_workers)),
            *("--timeout-graceful-shutdown", str(DRAIN_S), "--no-server-header", "--no-access-log"),
            *("--log-level", settings.log_level.lower(), "--no-proxy-headers"),
            *self._tls(),
        ]

    def _tls(self) -> list[str]:
        """TLS of our own, and the certificates of agents asked for in it."""
        settings = self.stack.settings
        if settings.tls_cert is None:
            return []
        made = ["--ssl-certfile", str(settings.tls_cert), "--ssl-keyfile", str(settings.tls_key)]
        if settings.tls_client_ca is not None:
            made += [
                "--ssl-ca-certs",
                str(settings.tls_client_ca),
                "--ssl-cert-reqs",
                str(int(ssl.CERT_OPTIONAL)),
            ]
            made += ["--http", "web.tls:ClientCertificates"]
        return made

    def environment(self) -> dict[str, str]:
        told = self.stack.environment(web=True)
        return told | {"PAYLOGIC_HTTPS": "1"} if self.stack.scheme == "https" else told

    def ready(self) -> bool:
        """Whether it answers; 5xx is not an answer."""
        return answers(f"{self.stack.scheme}://127.0.0.1:{self.stack.web_port}/health")


class Actors(Child):
    """Relay, intake and the supervisor of runs: python -m actors.serve, which writes its own ready file."""

    name = "actors"
    title = "обработчики"

    def __init__(self, stack: Stack) -> None:
        super().__init__(stack)
        self.ready_file = stack.run / "actors.ready"

    def command(self) -> list[str]:
        return [sys.executable, "-m", "actors.serve"]

    def environment(self) -> dict[str, str]:
        return self.stack.environment() | {"PAYLOGIC_READY_FILE": str(self.ready_file)}

    def spawn(self) -> None:
        self.ready_file.unlink(missing_ok=True)
        super().spawn()

    def ready(self) -> bool:
        return self.alive() and self.ready_file.exists()


class DemoBank(Child):
    """The bundled bank, cashbox and mail server of the demo city; only `paylogic demo` has them."""

    name = "demobank"
    title = "учебные банк и почта"

    def command(self) -> list[str]:
        return [
            *(sys.executable, "-m", "uvicorn", "cluster.demo_counterparts:create", "--factory"),
            *("--host", self.stack.settings.host, "--port", str(self.stack.kept.port_bank)),
            *("--no-server-header", "--no-access-log", "--log-level", "warning"),
        ]

    def environment(self) -> dict[str, str]:
        told = {
            "web_url": f"http://127.0.0.1:{self.stack.web_port}",
            "passwords": demo_counterparts.passwords(self.stack.kept.secret_key),
            "port_smtp": self.stack.kept.port_smtp,
            "port_bounces": self.stack.kept.port_bounces,
        }
        return self.stack.environment(web=True) | {demo_counterparts.SETTINGS: json.dumps(told)}

    @property
    def url(self) -> str:
        """Where payers and workers find it."""
        return f"http://localhost:{self.stack.kept.port_bank}"

    def spawn(self) -> None:
        keys = demo_counterparts.passwords(self.stack.kept.secret_key)
        demo_counterparts.write_keys(self.stack.secrets, keys)
        super().spawn()

    def ready(self) -> bool:
        return answers(f"http://127.0.0.1:{self.stack.kept.port_bank}/health")


def answers(url: str, limit_s: float = 2.0) -> bool:
    """Whether a server answers there with something better than its own failure."""
    own = ssl._create_unverified_context() if url.startswith("https") else None  # noqa: S323 - to ourselves
    try:
        with urllib.request.urlopen(url, timeout=limit_s, context=own) as answer:  # noqa: S310 - our own address
            return bool(answer.status < 500)
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False
