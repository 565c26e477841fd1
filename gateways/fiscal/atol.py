"""ATOL Online v4: getToken, sell, sell_refund, sell_correction, report; errors told apart by their codes."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from gateways.fiscal.profile import FiscalProfile
from gateways.http import Answer, Ask, CounterpartAway, CounterpartRefused, Question
from gateways.secrets import Secrets, need
from storage.card_checks import CORRECTION, CheckJob

EXPIRED_TOKEN, EXISTS, NOT_READY, TIMED_OUT = 11, 33, 34, 1
PERMANENT = frozenset({2, 3, 20, 21, 22, 30, 31, 32, 35, 40, 41, 42, 43, 44, 45, 50})
CASH, ELECTRONIC = 0, 1  # how the money was paid
TOKEN_S = 20 * 3600.0  # a token lives 24 hours
MOSCOW = ZoneInfo("Europe/Moscow")
NAME_MAX = 128
EXTERNAL_MAX = 128
NUMBERS = (
    "fn_number", "fiscal_document_number", "fiscal_document_attribute", "fiscal_receipt_number",
    "shift_number", "receipt_datetime", "ecr_registration_number", "ofd_inn", "fns_site", "total",
)  # fmt: skip


class CheckTimedOut(CounterpartRefused):
    """The service did not make the check in its time: it is sent anew under another external_id."""


@dataclass(frozen=True, slots=True)
class Made:
    """A check that is made: numbers of the document and its page at the operator of fiscal data."""

    numbers: dict[str, Any]
    url: str


class Atol:
    """The service by a profile and its secrets; keep one for a while: it remembers the token."""

    def __init__(self, profile: FiscalProfile, secrets: Secrets, ask: Ask) -> None:
        self._profile, self._secrets, self._ask = profile, secrets, ask
        self._token, self._token_at = "", float("-inf")

    async def send(self, job: CheckJob) -> str:
        """Hand a check in; the service's number of it, the same for a repeat."""
        path = f"{self._profile.group_code}/{job.kind}"
        told = await self._with_token("POST", path, self.body(job))
        if not told.get("uuid"):
            raise CounterpartAway("Касса не дала номера чека, спросим ещё раз")
        return str(told["uuid"])

    async def look(self, uuid: str) -> Made | None:
        """The check when it is made; None while it is being made. Raises CheckTimedOut."""
        told = await self._with_token("GET", f"{self._profile.group_code}/report/{uuid}", None)
        if told.get("status") != "done":
            return None
        payload: dict[str, Any] = told.get("payload") or {}
        numbers = {name: payload[name] for name in NUMBERS if name in payload}
        return Made(numbers, str(payload.get("ofd_receipt_url") or ""))

    # ---- bodies ------------------------------------------------------------------------------------------

    def body(self, job: CheckJob) -> dict[str, Any]:
        """The document of a check."""
        made: dict[str, Any] = {
            "external_id": job.external_id[:EXTERNAL_MAX],
            "timestamp": job.recorded_at.astimezone(MOSCOW).strftime("%d.%m.%Y %H:%M:%S"),
            "service": {"callback_url": ""},
        }
        if job.kind == CORRECTION:
            made["correction"] = self._correction(job)
        else:
            made["receipt"] = self._receipt(job)
        return made

    def _receipt(self, job: CheckJob) -> dict[str, Any]:
        contact = "email" if "@" in job.contact else "phone"
        return {
            "client": {contact: job.contact} if job.contact else {"email": self._profile.company_email},
            "company": {"email": self._profile.company_email, "sno": self._profile.sno, **self._seller()},
            "items": [self._item(item.name, item.amount_kopecks, item) for item in job.items],
            "payments": [{"type": CASH if job.is_cash else ELECTRONIC, "sum": number(job.amount_kopecks)}],
            "total": number(job.amount_kopecks),
        }

    def _seller(self) -> dict[str, Any]:
        return {"inn": self._profile.inn, "payment_address": self._profile.payment_address}

    def _item(self, name: str, kopecks: int, item: Any) -> dict[str, Any]:
        made: dict[str, Any] = {
            "name": name[:NAME_MAX],
            "price": number(kopecks),
            "quantity": 1,
            "sum": number(kopecks),
            "payment_method": self._profile.payment_method,
            "payment_object": self._profile.payment_object,
            "vat": {"type": self._profile.vat},
        }
        if self._profile.agent and item.supplier_inn:
            made["agent_info"] = {"type": self._profile.agent}
            made["supplier_info"] = {
                "name": item.supplier_name[:256],
                "inn": item.supplier_inn,
                "phones": [item.supplier_phone] if item.supplier_phone else [],
            }
        return made

    def _correction(self, job: CheckJob) -> dict[str, Any]:
        day = job.ground_on or job.recorded_at.astimezone(MOSCOW).date()
        return {
            "company": {"sno": self._profile.sno, **self._seller()},
            "correction_info": {
                "type": "self",
                "base_date": day.strftime("%d.%m.%Y"),
                "base_number": job.ground[:32],
                "base_name": "Акт об ошибке кассы",
            },
            "payments": [{"type": CASH if job.is_cash else ELECTRONIC, "sum": number(job.amount_kopecks)}],
            "vats": [{"type": self._profile.vat, "sum": number(0)}],
        }

    # ---- the wire ----------------------------------------------------------------------------------------

    async def _with_token(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        """Ask with a token; one that has run out is renewed once."""
        for is_last in (False, True):
            token = await self._fresh_token()
            headers = {"Token": token, "Content-Type": "application/json; charset=utf-8"}
            sent = None if body is None else json.dumps(body, ensure_ascii=False).encode()
            url = self._profile.base_url + path
            told = _object(await self._ask(Question(method, url, headers, sent)))
            code = _code(told)
            if code == EXPIRED_TOKEN and not is_last:
                self._token_at = float("-inf")
                continue
            return _judged(told, code)
        raise CounterpartAway("Касса не принимает пропуск")

    async def _fresh_token(self) -> str:
        if time.monotonic() - self._token_at < TOKEN_S:
            return self._token
        pair = {"login": self._profile.login, "pass": need(self._secrets, "password")}
        headers = {"Content-Type": "application/json; charset=utf-8"}
        question = Question("POST", self._profile.base_url + "getToken", headers, json.dumps(pair).encode())
        told = _object(await self._ask(question))
        if not told.get("token"):
            words = (told.get("error") or {}).get("text", "")
            raise CounterpartAway(f"Касса нас не узнала: проверьте логин и пароль. {words}".strip())
        self._token, self._token_at = str(told["token"]), time.monotonic()
        return self._token


def _object(answer: Answer) -> dict[str, Any]:
    """The JSON object; its errors come with 4xx as well. Raises CounterpartAway."""
    if answer.status >= 500 or answer.status == 429:
        raise CounterpartAway(f"Касса отвечает кодом {answer.status}")
    try:
        told = json.loads(answer.body)
    except ValueError as error:
        raise CounterpartAway("Касса ответила непонятно, спросим ещё раз") from error
    if not isinstance(told, dict):
        raise CounterpartAway("Касса ответила непонятно, спросим ещё раз")
    return told


def _code(told: dict[str, Any]) -> int:
    error = told.get("error")
    code = str(error.get("code")) if isinstance(error, dict) else ""
    return int(code) if code.isdecimal() else 0


def _judged(told: dict[str, Any], code: int) -> dict[str, Any]:
    """The answer, or what its error means."""
    if code == 0 or (code == EXISTS and told.get("uuid")):
        return told
    words = str((told.get("error") or {}).get("text", ""))[:300]
    if code == NOT_READY:
        return {**told, "status": "wait"}
    if code == TIMED_OUT:
        raise CheckTimedOut(f"Касса не успела сделать чек: {words}")
    if code in PERMANENT or told.get("status") == "fail":
        raise CounterpartRefused(f"Касса отказала (ошибка {code}): {words}")
    raise CounterpartAway(f"Касса отвечает ошибкой {code}: {words}")


def number(kopecks: int) -> int | float:
    """127510 → 1275.1: the protocol has JSON numbers; the nearest double prints as exactly these kopecks."""
    whole, rest = divmod(kopecks, 100)
    return whole if rest == 0 else float(f"{whole}.{rest:02d}")
