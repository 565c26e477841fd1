"""The pages as one ASGI app: `create_app()` for a server, `create_app(config)` for tests and the cluster."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from gateways.acquiring.routes import router as card_notices
from gateways.agents.routes import router as agents_gate
from storage.engine import Database
from web import (
    accounts,
    agent,
    auth,
    cabinet,
    cash,
    centre,
    changes,
    checks,
    commons,
    company,
    corrections,
    debts,
    delivery,
    dispatch,
    error_pages,
    formulas,
    health,
    jobs,
    mail,
    money,
    paylink,
    payouts,
    receipt_forms,
    search,
    social,
    static_route,
    supplier,
)
from web.cache import Remembered
from web.config import WebConfig, from_environment
from web.middleware import Surround
from web.proxy import TrustedProxies
from web.roles import allow_machines, refuse_undeclared
from web.static import STATIC

log = logging.getLogger("paylogic.web")

FEATURES = (
    accounts,
    agent,
    auth,
    cabinet,
    cash,
    centre,
    changes,
    company,
    checks,
    commons,
    corrections,
    debts,
    delivery,
    dispatch,
    formulas,
    jobs,
    mail,
    money,
    paylink,
    payouts,
    receipt_forms,
    search,
    social,
    supplier,
)
"""Each is a package with ROUTERS; features do not import each other."""
LOG_LINE = "%(asctime)s.%(msecs)03dZ %(levelname)-7s %(name)s: %(message)s"
BODY_MAX = 32 * 1024 * 1024
"""Largest body of a request: a workbook of a city fits."""
NEEDED = ("vendor/htmx.min.js", "vendor/hx-sse.min.js", "vendor/hx-ptag.min.js", "vendor/hx-preload.min.js")


def create_app(config: WebConfig | None = None) -> FastAPI:
    """Build the app.

    Raises RuntimeError when a route names nobody who may use it or the settings are missing.
    """
    known = config or from_environment()
    if config is None:  # a process of its own: nobody else has said where its lines go
        logging.basicConfig(level=known.log_level, format=LOG_LINE, datefmt="%Y-%m-%dT%H:%M:%S")
    missing = [name for name in NEEDED if name not in STATIC.files]
    if missing:
        log.warning("front-end files are missing, pages work by refresh; run make install: %s", missing)
    app = FastAPI(
        title="Pay-logic",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=_lifespan,
        redirect_slashes=False,
        max_body_size=BODY_MAX,
    )
    app.state.config = known
    app.state.database = Database(known.database_url, "web")
    app.state.is_stopping = False
    app.state.remembered = Remembered()
    app.include_router(static_route.router)
    app.include_router(health.router)
    app.include_router(agents_gate, dependencies=[allow_machines()])
    app.include_router(card_notices, dependencies=[allow_machines()])
    for feature in FEATURES:
        for router in feature.ROUTERS:
            app.include_router(router)
    error_pages.install(app)
    app.add_middleware(Surround, is_https=known.is_https)
    app.add_middleware(
        TrustedProxies, trusted=known.trusted_proxies, certificate_header=known.certificate_header
    )
    refuse_undeclared(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.is_stopping = True
    await app.state.database.close()
