"""A fiscal service to try against: tokens, checks that take a moment, refusals, a page of each check."""

from __future__ import annotations

import itertools
import secrets
import uuid
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse

REFUSING = "otkaz@"
"""A payer's e-mail that begins so makes the check fail for good: how a refusal looks can be tried."""
TIMING_OUT = "pozdno@"
"""One that begins so makes the first try time out."""
LOOKS_BEFORE_DONE = 1

router = APIRouter(prefix="/atol")


class Cashbox:
    """The service's memory: checks by external_id."""

    def __init__(self, password: str) -> None:
        self.password = password
        self.tokens: set[str] = set()
        self.checks: dict[str, dict[str, Any]] = {}
        self.by_uuid: dict[str, dict[str, Any]] = {}
        self.numbers = itertools.count(101)


def cashbox_of(request: Request) -> Cashbox:
    """The memory of this app."""
    found: Cashbox = request.app.state.cashbox
    return found


def _error(code: int, text: str, status: str = "fail", **more: Any) -> JSONResponse:
    error = {"error_id": str(uuid.uuid4()), "code": code, "text": text, "type": "system"}
    return JSONResponse({"error": error, "status": status, **more}, status_code=401 if code == 11 else 400)


@router.post("/getToken")
async def token(request: Request) -> JSONResponse:
    """A token for the right password."""
    box = cashbox_of(request)
    body = await request.json()
    if body.get("pass") != box.password:
        return _error(12, "Неверный логин или пароль")
    made = secrets.token_hex(16)
    box.tokens.add(made)
    return JSONResponse({"error": None, "token": made, "timestamp": "01.11.2026 10:00:00"})


@router.post("/{group}/{kind}")
async def take(request: Request, group: str, kind: str) -> JSONResponse:
    """A check handed in; the same external_id gives the first one's uuid."""
    box = cashbox_of(request)
    if request.headers.get("Token") not in box.tokens:
        return _error(11, "Срок действия пропуска истёк")
    body = await request.json()
    external = str(body.get("external_id", ""))
    known = box.checks.get(external)
    if known is not None:
        return _error(33, "Документ с таким external_id уже есть", "wait", uuid=known["uuid"])
    why = _why_not(body, kind)
    if why:
        return _error(32, why)
    receipt = body.get("receipt") or body["correction"]
    made = {
        "uuid": str(uuid.uuid4()),
        "kind": kind,
        "looks": 0,
        "receipt": receipt,
        "total": receipt.get("total", receipt["payments"][0]["sum"]),
        "number": next(box.numbers),
        "at": body["timestamp"],
        "external_id": external,
    }
    box.checks[external] = box.by_uuid[made["uuid"]] = made
    return JSONResponse(
        {"uuid": made["uuid"], "status": "wait", "error": None, "timestamp": body["timestamp"]}
    )


def _why_not(body: dict[str, Any], kind: str) -> str:
    if not body.get("external_id"):
        return "Нет external_id"
    if kind == "sell_correction":
        return (
            ""
            if body.get("correction", {}).get("correction_info", {}).get("base_number")
            else "Нет основания"
        )
    receipt = body.get("receipt") or {}
    sums = round(sum(round(item["sum"] * 100) for item in receipt.get("items", [])))
    if sums != round(receipt.get("total", 0) * 100):
        return "Сумма строк не равна итогу"
    email = str(receipt.get("client", {}).get("email", ""))
    return "Адрес покупателя не принимает чеки" if email.startswith(REFUSING) else ""


@router.get("/{group}/report/{number}")
async def report(request: Request, group: str, number: str) -> JSONResponse:
    """Not ready at the first look, then done."""
    box = cashbox_of(request)
    if request.headers.get("Token") not in box.tokens:
        return _error(11, "Срок действия пропуска истёк")
    made = box.by_uuid.get(number)
    if made is None:
        return _error(30, "Документа с таким uuid нет")
    made["looks"] += 1
    email = str(made["receipt"].get("client", {}).get("email", ""))
    if email.startswith(TIMING_OUT) and "~" not in made["external_id"]:
        return _error(1, "Превышено время ожидания кассы")
    if made["looks"] <= LOOKS_BEFORE_DONE:
        return _error(34, "Документ ещё в очереди", "wait", uuid=number)
    url = f"{str(request.base_url).rstrip('/')}/atol/check/{number}"
    payload = {
        "total": made["total"],
        "fns_site": "www.nalog.gov.ru",
        "fn_number": "0000000000000001",
        "shift_number": 1,
        "receipt_datetime": made["at"],
        "fiscal_receipt_number": made["number"] - 100,
        "fiscal_document_number": made["number"],
        "ecr_registration_number": "0000000000000000",
        "fiscal_document_attribute": 1_000_000_000 + made["number"],
        "ofd_inn": "0000000000",
        "ofd_receipt_url": url,
    }
    return JSONResponse({"uuid": number, "error": None, "status": "done", "payload": payload})


@router.get("/check/{number}")
async def show(request: Request, number: str) -> HTMLResponse:
    """The check as the operator of fiscal data shows it."""
    made = cashbox_of(request).by_uuid.get(number)
    if made is None:
        return HTMLResponse("<!doctype html><meta charset='utf-8'><p>Чека нет.", 404)
    titles = {"sell": "Приход", "sell_refund": "Возврат прихода", "sell_correction": "Коррекция прихода"}
    rows = "".join(
        f"<li>{escape(item['name'])} — {item['sum']:.2f} ₽" for item in made["receipt"].get("items", [])
    )
    return HTMLResponse(
        "<!doctype html><html lang='ru'><meta charset='utf-8'><title>Кассовый чек</title>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        "<style>body{font:16px/1.5 ui-monospace,monospace;max-width:26rem;margin:2rem auto}</style>"
        f"<h1>Кассовый чек № {made['number']}</h1><p>{titles.get(made['kind'], made['kind'])}, "
        f"{escape(made['at'])}</p><ul>{rows}</ul><p><b>Итого {made['total']:.2f} ₽</b></p>"
        "<p>Безналичными. Учебная касса демонстрационного города, не настоящий чек.</p></html>"
    )
