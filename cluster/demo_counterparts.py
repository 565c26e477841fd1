"""The demo's bank, cashbox and mail server as one ASGI app: started by `paylogic demo` alone."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml
from fastapi import FastAPI

CODES = {"sber": "demo-sber", "yookassa": "demo-yookassa", "tbank": "demo-tbank"}
"""Gate of each dialect."""
CASHBOX = "demo-kassa"
MERCHANTS = {"sber": "demo-api", "yookassa": "demo-shop", "tbank": "demo-terminal"}
SETTINGS = "PAYLOGIC_DEMO_BANK"


def create() -> FastAPI:
    """The app; its settings are in the environment, put there by cluster.children.DemoBank."""
    from gateways.acquiring.fake.app import bank_app
    from gateways.acquiring.fake.till import Till
    from gateways.fiscal.fake import Cashbox, router
    from gateways.http import Http
    from gateways.mail.fake.box import Box
    from gateways.mail.fake.page import router as mail_router

    told = json.loads(os.environ[SETTINGS])
    ask = Http()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        smtp = await app.state.box.serve("127.0.0.1", told["port_smtp"])
        yield
        smtp.close()
        await ask.close()

    web_url = str(told["web_url"])
    callbacks = {bank: f"{web_url}/cards/notice/{code}" for bank, code in CODES.items()}
    app = bank_app(Till(callbacks, told["passwords"], ask))
    app.router.lifespan_context = lifespan
    app.state.cashbox = Cashbox(told["passwords"]["kassa"])
    app.include_router(router)
    app.state.box = Box(("127.0.0.1", told["port_bounces"]))
    app.include_router(mail_router)

    @app.get("/health")
    async def health() -> dict[str, bool]:
        return {"ok": True}

    return app


def passwords(secret: str) -> dict[str, str]:
    """Keys of the demo's gates, made of the stack's own secret: the same at each start."""
    names = ("sber", "sber-callback", "yookassa", "tbank", "kassa")
    return {name: hashlib.sha256(f"{secret}:demo-bank:{name}".encode()).hexdigest()[:32] for name in names}


def write_keys(folder: Path, keys: dict[str, str]) -> None:
    """The files of keys that workers read; only the owner may."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = {
        CODES["sber"]: {"password": keys["sber"], "callback": keys["sber-callback"]},
        CODES["yookassa"]: {"password": keys["yookassa"]},
        CODES["tbank"]: {"password": keys["tbank"]},
        CASHBOX: {"password": keys["kassa"]},
    }
    for code, values in files.items():
        path = folder / f"{code}.yaml"
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(values), "utf-8")


def gates(base_url: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """Gates of the demo city: Сбер first; all take cards and СБП and leave checks to the cashbox."""
    from gateways.acquiring.profile import preset
    from gateways.fiscal.profile import PRESET, FiscalProfile

    made: dict[str, tuple[str, dict[str, Any]]] = {}
    for bank, code in CODES.items():
        profile = preset(
            bank,
            base_url=f"{base_url}/{bank}/",
            merchant=MERCHANTS[bank],
            networks=["127.0.0.0/8", "::1/128"],
        )
        title = f"{profile.title} (учебный)"
        made[code] = ("bank", profile.model_copy(update={"title": title}).model_dump(mode="json"))
    fiscal = FiscalProfile.model_validate(
        PRESET | {"title": "АТОЛ Онлайн (учебный)", "base_url": f"{base_url}/atol/"}
    )
    made[CASHBOX] = ("fiscal", fiscal.model_dump(mode="json"))
    return made
