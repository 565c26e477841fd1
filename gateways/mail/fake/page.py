"""«Почта (пробная)»: letters of the fake server on pages for a person. Plain HTML without scripts."""

from __future__ import annotations

from html import escape

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from gateways.mail.fake.box import FULL, LATER, LOST, NOBODY, Box, Kept

router = APIRouter(prefix="/mail")

STYLE = """
:root{color-scheme:light dark;--line:#c9d1da;--ink:#17202a;--dim:#5b6875;--paper:#fff;--ground:#eef2f5;--go:#0a6b4f}
@media (prefers-color-scheme:dark){:root{--line:#3a4652;--ink:#e8edf2;--dim:#9aa7b4;--paper:#1b242d;--ground:#10161c;--go:#6fd3ae}}
*{box-sizing:border-box}body{margin:0;font:17px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--ground)}
main{max-width:46rem;margin:0 auto;padding:1.25rem}section{background:var(--paper);border:1px solid var(--line);
border-radius:12px;padding:1.25rem;margin:0 0 1rem}h1{font-size:1.3rem;margin:0 0 .5rem}.dim{color:var(--dim);
font-size:.92rem;margin:.15rem 0}ul{list-style:none;margin:0;padding:0}li{border-top:1px solid var(--line);
padding:.7rem 0;overflow-wrap:anywhere}li:first-child{border-top:0}a{color:var(--go);font-weight:600}
pre{white-space:pre-wrap;font:inherit;margin:1rem 0;overflow-wrap:anywhere}form{display:flex;gap:.5rem;margin:.75rem 0 0}
input{flex:1;min-width:0;font:inherit;padding:.6rem;border:1px solid var(--line);border-radius:8px;
background:transparent;color:inherit}button{font:inherit;padding:.6rem 1rem;border:0;border-radius:8px;
background:#0a6b4f;color:#fff}code{overflow-wrap:anywhere}:focus-visible{outline:3px solid #2f7dd1;outline-offset:2px}
"""  # noqa: E501
SHOWN_MAX = 200
NOTE = "Пробный почтовый сервер демонстрационного города: письма никуда не уходят, они лежат здесь."
TRICKS = (
    (NOBODY, "такого ящика нет, отказ сразу"),
    (LATER, "занят, примет со второго раза"),
    (LOST, "примет, потом вернёт: ящика нет"),
    (FULL, "примет, потом вернёт: ящик переполнен"),
)


def box_of(request: Request) -> Box:
    """The memory of this server."""
    found: Box = request.app.state.box
    return found


def _page(title: str, body: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(
        f'<!doctype html><html lang="ru"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<style>{STYLE}</style></head><body><main>{body}<p class="dim">{NOTE}</p></main></body></html>',
        status,
    )


@router.get("")
async def show(request: Request, to: str = "") -> Response:
    """Newest letters; «to» finds by a part of the address."""
    found = [one for one in reversed(box_of(request).letters) if to.lower() in one.recipient.lower()]
    rows = "".join(_row(one) for one in found[:SHOWN_MAX]) or "<li>Писем нет.</li>"
    tricks = "".join(f"<li><code>{name}…@…</code> {words}</li>" for name, words in TRICKS)
    return _page(
        "Почта (пробная)",
        f"<section><h1>Почта (пробная)</h1><p class='dim'>Писем: {len(found)}</p>"
        f"<form><input name='to' aria-label='Кому' placeholder='Кому' value='{escape(to, True)}'>"
        f"<button>Найти</button></form></section><section><ul>{rows}</ul></section>"
        f"<section><h1>Адреса для проб</h1><ul>{tricks}</ul></section>",
    )


def _row(letter: Kept) -> str:
    return (
        f"<li><a href='/mail/{letter.number}'>{escape(str(letter.message['Subject']))}</a>"
        f"<p class='dim'>{escape(letter.recipient)} · {letter.came_at:%d.%m.%Y %H:%M:%S} UTC</p></li>"
    )


def _gone() -> HTMLResponse:
    return _page(
        "Письма нет",
        "<section><h1>Такого письма нет</h1><p><a href='/mail'>Все письма</a></p></section>",
        404,
    )


@router.get("/{number}")
async def one(request: Request, number: int) -> Response:
    """A letter: who, what, its files and its headers."""
    letter = box_of(request).find(number)
    if letter is None:
        return _gone()
    message = letter.message
    body = message.get_body(("plain",))
    words = body.get_content() if body is not None else ""
    files = "".join(
        f"<p><a href='/mail/{number}/{at}'>{escape(part.get_filename() or 'файл')}</a></p>"
        for at, part in enumerate(message.iter_attachments())
    )
    heads = "\n".join(f"{name}: {value}" for name, value in message.items())
    return _page(
        str(message["Subject"]),
        f"<p><a href='/mail'>Все письма</a></p><section><h1>{escape(str(message['Subject']))}</h1>"
        f"<p class='dim'>От: {escape(str(message['From']))}</p>"
        f"<p class='dim'>Кому: {escape(letter.recipient)}</p>"
        f"<pre>{_linked(words)}</pre>{files}</section>"
        f"<section><details><summary>Заголовки</summary><pre>{escape(heads)}</pre></details></section>",
    )


def _linked(words: str) -> str:
    """Words with addresses one may press."""
    made = []
    for piece in escape(words).split(" "):
        lines = [
            f"<a href='{line}'>{line}</a>" if line.startswith(("http://", "https://")) else line
            for line in piece.split("\n")
        ]
        made.append("\n".join(lines))
    return " ".join(made)


@router.get("/{number}/{at}")
async def file(request: Request, number: int, at: int) -> Response:
    """A file of a letter."""
    letter = box_of(request).find(number)
    parts = list(letter.message.iter_attachments()) if letter else []
    if not 0 <= at < len(parts):
        return _gone()
    content = parts[at].get_payload(decode=True)
    return Response(content if isinstance(content, bytes) else b"", media_type="application/pdf")
