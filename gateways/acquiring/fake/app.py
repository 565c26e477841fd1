"""The fake bank as ASGI: the memory, the dialects and the page; the demo adds the fiscal service to it."""

from __future__ import annotations

from fastapi import FastAPI

from gateways.acquiring.fake import dialects, page
from gateways.acquiring.fake.till import Till


def bank_app(till: Till) -> FastAPI:
    """An app over a till."""
    app = FastAPI(title="Учебный банк", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.till = till
    app.include_router(page.router)
    app.include_router(dialects.router)
    return app
