"""Agents known by a certificate: at a trusted proxy, at our own TLS; a stranger is not believed."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from cluster.processes import free_ports
from gateways.agents import certificates
from gateways.agents.certificates import BadCertificate, Certificate
from gateways.agents.profile import preset
from storage import agent_gates
from storage.engine import Database
from tests.storage import town
from tests.support.certificates import Made, certificate
from tests.support.services import TestDatabase
from web.app import create_app
from web.config import WebConfig
from web.proxy import networks
from web.tls import ClientCertificates

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)
HEADER = "ssl-client-cert"
PROXY, STRANGER = "10.1.0.7", "203.0.113.9"
CHECK = {"command": "check", "txn_id": "1", "account": "0012345", "sum": "10.00"}


def pinned(made: Made) -> dict[str, Any]:
    return certificates.read(made.pem, NOW).model_dump(mode="json")


@asynccontextmanager
async def app_of(database: TestDatabase, header: str = HEADER, **gates: Any) -> AsyncIterator[FastAPI]:
    """The app behind a proxy of 10.0.0.0/8, with gates by name."""
    owner = Database(database.url)
    await town.build(owner)
    async with owner.transaction() as session:
        for code, changes in gates.items():
            profile = preset("osmp", **changes).model_dump(mode="json")
            await agent_gates.add_gate(session, town.AGENT, code, profile, None)
            gate = await agent_gates.gate(session, code)
            assert gate is not None
            await agent_gates.change_gate(session, gate, profile, True, 1)
    config = WebConfig(database.web_url, trusted_proxies=networks("10.0.0.0/8"), certificate_header=header)
    app = create_app(config)
    yield app
    await app.state.database.close()
    await owner.close()


async def status(
    app: FastAPI, peer: str, code: str, headers: dict[str, str] | list[tuple[str, str]] | None = None
) -> int:
    transport = ASGITransport(app, client=(peer, 5000))
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        return (await client.get(f"/gate/{code}", params=CHECK, headers=headers)).status_code


async def test_certificate_of_a_trusted_proxy_lets_its_agent_in_and_nobody_else(
    fresh_database: TestDatabase,
) -> None:
    mine, other = certificate("mine"), certificate("other")
    async with app_of(fresh_database, bank={"certificates": [pinned(mine)]}) as app:
        nginx, foreign = {HEADER: quote(mine.pem)}, {HEADER: quote(other.pem)}
        traefik = {HEADER: b64encode(mine.der).decode()}
        twice = [(HEADER, quote(other.pem)), (HEADER, quote(mine.pem))]

        assert await status(app, PROXY, "bank", nginx) == 200
        assert await status(app, PROXY, "bank", traefik) == 200
        assert await status(app, PROXY, "bank", foreign) == 403
        assert await status(app, PROXY, "bank", twice) == 403
        assert await status(app, PROXY, "bank", {HEADER: "%%%"}) == 403
        assert await status(app, PROXY, "bank") == 403


async def test_certificate_in_a_header_of_a_stranger_is_not_believed(
    fresh_database: TestDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    """The certificate is no secret: whoever saw it may write it into a header."""
    mine = certificate()
    async with app_of(fresh_database, bank={"certificates": [pinned(mine)]}) as app:
        spoofed = {HEADER: quote(mine.pem), "X-Forwarded-For": PROXY}

        assert await status(app, STRANGER, "bank", spoofed) == 403
        assert "no trusted proxy" in caplog.text


async def test_header_nobody_vouched_for_is_not_believed_even_from_a_proxy(
    fresh_database: TestDatabase,
) -> None:
    """A proxy that asks for no certificates passes what a caller wrote: its operator has named no header."""
    mine = certificate()
    async with app_of(fresh_database, header="", bank={"certificates": [pinned(mine)]}) as app:
        assert await status(app, PROXY, "bank", {HEADER: quote(mine.pem)}) == 403


async def test_networks_of_an_agent_are_of_the_caller_not_of_the_proxy(fresh_database: TestDatabase) -> None:
    async with app_of(
        fresh_database, bank={"networks": ["198.51.100.0/24"]}, inner={"networks": ["10.0.0.0/8"]}
    ) as app:
        agent = {"X-Forwarded-For": "192.0.2.1, 198.51.100.5, 10.1.0.9"}

        assert await status(app, PROXY, "bank", agent) == 200
        assert await status(app, STRANGER, "bank", agent) == 403
        assert await status(app, PROXY, "bank", {"X-Forwarded-For": "198.51.100.5, 192.0.2.1"}) == 403
        assert await status(app, PROXY, "inner", agent) == 403


async def test_everything_a_gate_names_must_hold(fresh_database: TestDatabase) -> None:
    mine = certificate()
    both = {"certificates": [pinned(mine)], "networks": ["198.51.100.0/24"]}
    async with app_of(fresh_database, bank=both) as app:
        proved = {HEADER: quote(mine.pem), "X-Forwarded-For": "198.51.100.5"}
        owner = Database(fresh_database.url)

        assert await status(app, PROXY, "bank", proved) == 200
        assert await status(app, PROXY, "bank", proved | {"X-Forwarded-For": "192.0.2.1"}) == 403
        async with owner.transaction() as session:
            gate = await agent_gates.gate(session, "bank")
            assert gate is not None
            login, secret = await agent_gates.new_secret(session, gate, None)
        await owner.close()
        app.state.gates._known.clear()
        basic = {"Authorization": "Basic " + b64encode(f"{login}:{secret}".encode()).decode()}
        assert await status(app, PROXY, "bank", proved) == 401
        assert await status(app, PROXY, "bank", proved | basic) == 200


async def test_certificate_out_of_its_time_lets_nobody_in(fresh_database: TestDatabase) -> None:
    old, young = certificate(since=NOW - 30 * DAY, until=NOW - DAY), certificate(since=NOW + DAY)
    told = [
        Certificate(
            fingerprint=certificates.fingerprint(one.der),
            subject="CN=agent",
            valid_from=one.certificate.not_valid_before_utc,
            valid_until=one.certificate.not_valid_after_utc,
        ).model_dump(mode="json")
        for one in (old, young)
    ]
    async with app_of(fresh_database, bank={"certificates": told}) as app:
        assert await status(app, PROXY, "bank", {HEADER: quote(old.pem)}) == 403
        assert await status(app, PROXY, "bank", {HEADER: quote(young.pem)}) == 403


async def test_our_own_tls_knows_the_agent_by_the_handshake(
    fresh_database: TestDatabase, tmp_path: Path
) -> None:
    server, mine, other = certificate("server"), certificate("mine"), certificate("other")
    keys = server.write(tmp_path, "server")
    trusted = tmp_path / "agents.pem"
    trusted.write_text(mine.pem + other.pem)
    port = free_ports(1)[0]
    async with app_of(fresh_database, bank={"certificates": [pinned(mine)]}) as app:
        config = uvicorn.Config(
            app, host="127.0.0.1", port=port, http=ClientCertificates, log_level="warning", lifespan="off",
            ssl_certfile=keys[0], ssl_keyfile=keys[1], ssl_ca_certs=str(trusted),
            ssl_cert_reqs=ssl.CERT_OPTIONAL, proxy_headers=False,
        )  # fmt: skip
        serving = uvicorn.Server(config)
        task = asyncio.create_task(serving.serve())
        while not serving.started:  # noqa: ASYNC110 - uvicorn has no event of it
            await asyncio.sleep(0.02)
        try:
            answers = [await over_tls(port, server, who, tmp_path, {}) for who in (mine, other, None)]
            spoofed = await over_tls(port, server, None, tmp_path, {HEADER: quote(mine.pem)})
        finally:
            serving.should_exit = True
            await task

    assert answers == [200, 403, 403]
    assert spoofed == 403


async def over_tls(port: int, server: Made, who: Made | None, folder: Path, headers: dict[str, str]) -> int:
    context = ssl.create_default_context(cadata=server.pem)
    if who is not None:
        context.load_cert_chain(*who.write(folder, "who"))
    async with httpx.AsyncClient(verify=context) as client:
        url = f"https://127.0.0.1:{port}/gate/bank"
        return (await client.get(url, params=CHECK, headers=headers)).status_code


def test_certificate_is_read_whole_or_refused_in_words() -> None:
    made = certificate("ООО Агент")
    read = certificates.read(f"\n{made.pem}\n", NOW)

    assert read.fingerprint == certificates.fingerprint(made.der)
    assert "Агент" in read.subject
    for bad, words in (
        ("нет", "не читается"),
        (made.key_pem, "закрытый ключ"),
        (made.pem + made.key_pem, "закрытый ключ"),
        (certificate(since=NOW - 9 * DAY, until=NOW - DAY).pem, "истёк"),
        (certificate(size=1024).pem, "короче"),
    ):
        with pytest.raises(BadCertificate, match=words):
            certificates.read(bad, NOW)


@pytest.mark.parametrize(
    ("left", "state"), [(-1, "expired"), (0, "soon"), (14, "soon"), (15, "good"), (400, "good")]
)
def test_end_of_a_certificate_is_seen_two_weeks_before(left: int, state: str) -> None:
    made = Certificate(
        fingerprint="0" * 64, subject="", valid_from=NOW - 500 * DAY, valid_until=NOW + left * DAY
    )

    assert made.state(NOW) == state
    assert made.state(NOW - 501 * DAY) == "early"
