"""Where letters go and whom they are from: read from the environment of workers (PAYLOGIC_…)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

PORTS = {"smtp": 587, "smtps": 465}
PER_MINUTE_USUAL = 120
PER_MINUTE_MAX = 6_000
SELECTOR_USUAL = "paylogic"


class MailNotSet(ValueError):
    """The mail of this stack is not set up, or not rightly; the message is for an operator."""


@dataclass(frozen=True, slots=True)
class Server:
    """An SMTP server. tls: «on» from the first byte, «start» by STARTTLS, «off» never."""

    host: str
    port: int
    tls: str
    user: str = ""
    password: str = ""


@dataclass(frozen=True, slots=True)
class Dkim:
    """The key that signs, by RSA or Ed25519, and the name its public half has in DNS."""

    key: bytes
    selector: str
    domain: str


@dataclass(frozen=True, slots=True)
class Mail:
    """All a postman needs. public_url: where pages are for people, no slash at its end.

    bounces: «local@domain»; a letter's envelope sender is «local+TOKEN@domain» (VERP).
    """

    server: Server
    from_name: str
    from_address: str
    bounces: str
    public_url: str
    dkim: Dkim | None = None
    per_minute: int = PER_MINUTE_USUAL

    @property
    def domain(self) -> str:
        """The domain letters are from."""
        return self.from_address.rpartition("@")[2]

    def envelope_from(self, token: str) -> str:
        """The address a bounce of the letter comes to."""
        local, _, domain = self.bounces.rpartition("@")
        return f"{local}+{token}@{domain}"


def server_of(url: str) -> Server:
    """«smtp://user:password@host:587» (STARTTLS when offered, demanded by ?tls=start, ?tls=off without) or
    «smtps://host». Raises MailNotSet.
    """
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError as error:
        raise MailNotSet("PAYLOGIC_SMTP_URL: порт не число от 1 до 65535") from error
    if parts.scheme not in PORTS or not parts.hostname:
        raise MailNotSet("PAYLOGIC_SMTP_URL должен быть вида smtp://сервер:587 или smtps://сервер")
    tls = "on" if parts.scheme == "smtps" else parse_qs(parts.query).get("tls", ["start"])[0]
    if tls not in ("on", "start", "off"):
        raise MailNotSet("PAYLOGIC_SMTP_URL: tls бывает start или off")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Server(parts.hostname, port or PORTS[parts.scheme], tls, user, password)


def from_environment(env: Mapping[str, str] = os.environ) -> Mail:
    """The mail of this stack. Raises MailNotSet when something is missing or unusable."""
    url = env.get("PAYLOGIC_SMTP_URL", "")
    if not url:
        raise MailNotSet("Почтовый сервер не задан: задайте PAYLOGIC_SMTP_URL")
    name, address = parseaddr(env.get("PAYLOGIC_MAIL_FROM", ""))
    if "@" not in address:
        raise MailNotSet("Задайте PAYLOGIC_MAIL_FROM вида «Расчётный центр <kvitanciya@rc.example>»")
    public = env.get("PAYLOGIC_PUBLIC_URL", "").rstrip("/")
    if not public.startswith(("https://", "http://")):
        raise MailNotSet("Задайте PAYLOGIC_PUBLIC_URL, адрес страниц для жителей: https://rc.example")
    bounces = env.get("PAYLOGIC_MAIL_BOUNCES", "") or f"bounce@{address.rpartition('@')[2]}"
    return Mail(
        server=server_of(url),
        from_name=name,
        from_address=address,
        bounces=bounces,
        public_url=public,
        dkim=_dkim(env, address.rpartition("@")[2]),
        per_minute=_per_minute(env.get("PAYLOGIC_MAIL_PER_MINUTE", "")),
    )


def _per_minute(told: str) -> int:
    if not told:
        return PER_MINUTE_USUAL
    if not told.isdecimal() or not 1 <= int(told) <= PER_MINUTE_MAX:
        raise MailNotSet(f"PAYLOGIC_MAIL_PER_MINUTE: число от 1 до {PER_MINUTE_MAX}")
    return int(told)


def _dkim(env: Mapping[str, str], domain: str) -> Dkim | None:
    path = env.get("PAYLOGIC_DKIM_KEY", "")
    if not path:
        return None
    try:
        key = Path(path).read_bytes()
    except OSError as error:
        raise MailNotSet(f"Ключ DKIM {path} не читается: {error.strerror}") from error
    return Dkim(key, env.get("PAYLOGIC_DKIM_SELECTOR", "") or SELECTOR_USUAL, domain)


def listen_at(told: str) -> tuple[str, int]:
    """«host:port» of the server that takes bounces. Raises MailNotSet."""
    host, _, port = told.rpartition(":")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise MailNotSet("PAYLOGIC_BOUNCE_LISTEN должен быть вида 0.0.0.0:2525")
    return host or "127.0.0.1", int(port)
