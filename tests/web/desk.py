"""What tests of these pages share: events taken by the intake, forms sent, parts of a page."""

from __future__ import annotations

import html
import re

from httpx import AsyncClient, Response
from sqlalchemy import text

from actors.intake import Intake
from gateways.bus import Event
from storage import outbox
from storage.engine import Database
from tests.support.services import TestDatabase
from tests.web.conftest import HTMX, csrf_of


async def send(client: AsyncClient, page: str, action: str, /, **fields: str) -> Response:
    """Open a page, then send a form to `action` with its token."""
    token = csrf_of(await client.get(page))
    return await client.post(action, data={"csrf": token, **fields})


async def send_live(client: AsyncClient, page: str, action: str, /, **fields: str) -> Response:
    """The same as htmx sends it."""
    token = csrf_of(await client.get(page))
    return await client.post(action, data={"csrf": token, **fields}, headers=HTMX)


async def take_readings(place: TestDatabase) -> int:
    """Let the intake take every event that waits in the outbox; how many there were."""
    owner = Database(place.url, "worker")
    async with owner.transaction() as session:
        waiting = [one for one in await outbox.unsent(session) if one.subject == "readings.given"]
        await outbox.mark_sent(session, [one.id for one in waiting])
    await Intake(owner).handle([Event(one.event_id, one.subject, one.payload, 1) for one in waiting])
    await owner.close()
    return len(waiting)


async def count(place: TestDatabase, table: str, where: str = "true") -> int:
    """Rows of a table as its owner sees them."""
    owner = Database(place.url, "worker")
    async with owner.reading() as session:
        found = int(await session.scalar(text(f"SELECT count(*) FROM {table} WHERE {where}")) or 0)
    await owner.close()
    return found


def plain(answer: Response) -> str:
    """The words of a page: no tags, one space between words, narrow and unbreakable spaces as usual ones."""
    bare = html.unescape(re.sub(r"<[^>]+>", " ", answer.text))
    return re.sub(r"[\s\u202f\u00a0]+", " ", bare)


def section(answer: Response, identity: str) -> str:
    """The element with this id, down to the end of its section."""
    found = re.search(rf'<section[^>]* id="{identity}">.*?</section>', answer.text, re.S)
    assert found, f"no section {identity}"
    return found[0]
