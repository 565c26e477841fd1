"""What the pages need to know of their surroundings: from the environment (PAYLOGIC_…) or from a caller."""

from __future__ import annotations

import os
from dataclasses import dataclass

from web.proxy import Network, networks


@dataclass(frozen=True, slots=True)
class WebConfig:
    """Addresses and switches of the pages.

    database_url is the role paylogic_web, under row-level security. is_https: Secure cookie and HSTS.
    nats_url and ray_address are only looked at by /health: a page never talks to either.
    trusted_proxies: whose word about a caller's address and scheme counts; about its certificate too when
    certificate_header is named, which says that the proxy overwrites that header in every request.
    """

    database_url: str
    is_https: bool = False
    nats_url: str | None = None
    ray_address: str | None = None
    log_level: str = "INFO"
    trusted_proxies: tuple[Network, ...] = ()
    certificate_header: str = ""

    @property
    def cookie_name(self) -> str:
        """The session cookie; over https its name forbids other hosts and paths to set it."""
        return "__Host-paylogic" if self.is_https else "paylogic"


def from_environment() -> WebConfig:
    """Read the environment. Raises RuntimeError naming the variable that is missing."""
    url = os.environ.get("PAYLOGIC_WEB_DATABASE_URL")
    if not url:
        raise RuntimeError(
            "PAYLOGIC_WEB_DATABASE_URL не задан: страницам нужен адрес базы под ролью paylogic_web. "
            "Обычно их запускает команда paylogic up, она задаёт его сама."
        )
    try:
        trusted = networks(os.environ.get("PAYLOGIC_TRUSTED_PROXIES", ""))
    except ValueError as error:
        raise RuntimeError(
            "PAYLOGIC_TRUSTED_PROXIES не понять: перечислите сети прокси через запятую, например 10.0.0.0/8."
        ) from error
    return WebConfig(
        database_url=url,
        is_https=os.environ.get("PAYLOGIC_HTTPS", "").lower() in ("1", "true", "yes", "on"),
        nats_url=os.environ.get("PAYLOGIC_NATS_URL") or None,
        ray_address=os.environ.get("PAYLOGIC_RAY_ADDRESS") or None,
        log_level=os.environ.get("PAYLOGIC_LOG_LEVEL", "INFO"),
        trusted_proxies=trusted,
        certificate_header=os.environ.get("PAYLOGIC_CERTIFICATE_HEADER", "").lower(),
    )
