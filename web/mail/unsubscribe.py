"""/u/{token}: ends letters without signing in; by a press on the page, or by one click of a mail reader.

A mail reader posts «List-Unsubscribe=One-Click» (RFC 8058) and has neither cookie nor form of ours; the
secret in the address is what allows it. Opening the page changes nothing: scanners of mail open links.
"""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from storage import mail_boxes
from storage.scope import SYSTEM
from web.deps import database
from web.errors import NotFound
from web.render import page
from web.roles import allow_machines

router = APIRouter(prefix="/u", dependencies=[allow_machines()])


@dataclass(frozen=True, slots=True)
class UnsubscribeView:
    """What ends, or has ended. The address is shown by its ends alone."""

    token: str
    address: str
    is_ended: bool


@router.get("/{token}")
async def show(request: Request, token: str) -> Response:
    """The page with a button."""
    async with database(request).reading(SYSTEM) as session:
        box = await mail_boxes.by_token(session, token)
    return page(request, "mail/unsubscribe.html", _view(token, box))


@router.post("/{token}")
async def end(request: Request, token: str) -> Response:
    """No more letters, and paper again; a repeat changes nothing."""
    async with database(request).transaction(SYSTEM) as session:
        view = _view(token, await mail_boxes.by_token(session, token), is_ended=True)
        box = await mail_boxes.by_token(session, token)
        assert box is not None, "found a moment ago in this transaction"
        await mail_boxes.end(session, box.account_id)
    return page(request, "mail/unsubscribe.html", view)


def _view(token: str, box: mail_boxes.Box | None, *, is_ended: bool = False) -> UnsubscribeView:
    if box is None:
        raise NotFound("Эта ссылка больше не действует.", "Настройки почты есть в личном кабинете.")
    name, _, domain = box.address.partition("@")
    return UnsubscribeView(token, f"{name[:1]}***@{domain}", is_ended or box.state == "off")
