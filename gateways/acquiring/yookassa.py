"""ЮKassa API v3: JSON, Basic, Idempotence-Key on every POST, payment_order for ЖКУ. Sums are «1275.00»."""

from __future__ import annotations

import base64
import datetime as dt
import json
from typing import Any

from gateways.acquiring import shape
from gateways.acquiring.profile import Profile
from gateways.acquiring.shape import Job, Opened, RefundJob
from gateways.http import Answer, Ask, CounterpartAway, Question
from gateways.secrets import Secrets, need
from storage.card_orders import SBP, Order, Seen

PURPOSE_MAX = 210
BANK_NAME_MAX = 45
WORDS = {
    "insufficient_funds": shape.NO_MONEY,
    "3d_secure_failed": shape.NO_3DS,
    "expired_on_confirmation": shape.GONE_BY,
    "invalid_card_number": shape.BAD_CARD,
    "card_expired": shape.BAD_CARD,
    "invalid_csc": shape.BAD_CARD,
}
LATE = "expired_on_confirmation"
VAT = {
    "none": 1,
    "vat0": 2,
    "vat10": 3,
    "vat20": 4,
    "vat110": 5,
    "vat120": 6,
    "vat5": 7,
    "vat7": 8,
    "vat22": 11,
}


class Yookassa:
    """The service by a profile and its secrets."""

    def __init__(self, profile: Profile, secrets: Secrets, ask: Ask) -> None:
        self._profile, self._secrets, self._ask = profile, secrets, ask

    async def open(self, job: Job) -> Opened:
        """POST /payments: the number of our order is the key, so a lost answer is simply asked again."""
        made = await self._send("POST", "payments", self.payment(job), job.order.number)
        confirmation = made.get("confirmation") or {}
        link = confirmation.get("confirmation_data") or confirmation.get("confirmation_url")
        if made.get("status") == "canceled":
            raise shape.refused((made.get("cancellation_details") or {}).get("reason"))
        if not made.get("id") or not link:
            raise CounterpartAway(shape.UNCLEAR)
        return Opened(str(made["id"]), str(link))

    def payment(self, job: Job) -> dict[str, Any]:
        """The body of a new payment."""
        order = job.order
        is_sbp = order.method == SBP
        body: dict[str, Any] = {
            "amount": _amount(order.amount_kopecks),
            "capture": True,
            "description": shape.purpose(job)[:128],
            "metadata": {"order": order.number, "account": order.account_number},
            "payment_method_data": {"type": "sbp" if is_sbp else "bank_card"},
            "confirmation": {"type": "qr"}
            if is_sbp
            else {"type": "redirect", "return_url": order.return_url},
        }
        if self._profile.utilities_order:
            body["payment_order"] = self._payment_order(job)
        if self._profile.checks == "bank":
            body["receipt"] = self._receipt(order)
        return body

    def _payment_order(self, job: Job) -> dict[str, Any]:
        """The payment order of ЖКУ: ЮKassa itself tells ГИС ЖКХ of the payment by it."""
        to = job.recipient
        told: dict[str, Any] = {
            "type": "utilities",
            "amount": _amount(job.order.amount_kopecks),
            "payment_purpose": shape.purpose(job)[:PURPOSE_MAX],
            "recipient": {
                "name": to.name,
                "inn": to.inn,
                "kpp": to.kpp,
                "bank": {
                    "name": to.bank_name[:BANK_NAME_MAX],
                    "bic": to.bank_bic,
                    "account": to.bank_account,
                    "correspondent_account": to.bank_corr_account,
                },
            },
            "payment_period": {"month": job.period.month, "year": job.period.year},
            "account_number": job.order.account_number,
        }
        return told | {
            name: value
            for name, value in (("kbk", self._profile.kbk), ("oktmo", self._profile.oktmo))
            if value
        }

    def _receipt(self, order: Order) -> dict[str, Any]:
        key = "email" if shape.is_email(order.contact) else "phone"
        items = [
            {
                "description": words[:128],
                "quantity": "1.00",
                "amount": _amount(amount),
                "vat_code": VAT.get(self._profile.vat, 1),
                "payment_mode": "full_payment",
                "payment_subject": "service",
            }
            for words, amount in shape.check_items(order)
        ]
        return {"customer": {key: order.contact}, "items": items}

    async def look(self, order: Order) -> Seen:
        """GET /payments/{id}."""
        told = await self._send("GET", f"payments/{order.bank_id}")
        status = str(told.get("status"))
        card = (told.get("payment_method") or {}).get("card") or {}
        masked = f"{card.get('first6', '')}******{card['last4']}" if card.get("last4") else ""
        if status == "canceled":
            reason = str((told.get("cancellation_details") or {}).get("reason", ""))
            state = "expired" if reason == LATE else "refused"
            return Seen(state, words=WORDS.get(reason, shape.DECLINED), card=masked)
        if status != "succeeded":
            return Seen("open")
        paid = shape.kopecks((told.get("amount") or {}).get("value"))
        back = shape.kopecks((told.get("refunded_amount") or {}).get("value", "0"))
        income = (told.get("income_amount") or {}).get("value")
        fee = None if income is None else paid - shape.kopecks(income)
        state = "refunded" if back >= paid else "paid"
        return Seen(state, paid, back, fee, masked, paid_at=_moment(told.get("captured_at")))

    async def give_back(self, refund: RefundJob, today: dt.date) -> int | None:
        """POST /refunds under the number of the refund."""
        body: dict[str, Any] = {
            "payment_id": refund.job.order.bank_id,
            "amount": _amount(refund.amount_kopecks),
        }
        told = await self._send("POST", "refunds", body, refund.number)
        if told.get("status") == "canceled":
            raise shape.refused((told.get("cancellation_details") or {}).get("reason"))
        return None

    async def _send(
        self, method: str, path: str, body: dict[str, Any] | None = None, key: str = ""
    ) -> dict[str, Any]:
        pair = f"{self._profile.merchant}:{need(self._secrets, 'password')}"
        headers = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
        if body is not None:
            headers |= {"Content-Type": "application/json", "Idempotence-Key": key}
        sent = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        answer = await self._ask(Question(method, self._profile.base_url + path, headers, sent))
        return _told(answer)


def _told(answer: Answer) -> dict[str, Any]:
    """The object; a 4xx that is about the request itself is a refusal."""
    told = shape.json_of(answer)
    if answer.status >= 400 or told.get("type") == "error":
        raise shape.refused(told.get("description"))
    return told


def _amount(kopecks: int) -> dict[str, str]:
    return {"value": shape.roubles(kopecks), "currency": "RUB"}


def _moment(value: object) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(str(value).replace("Z", "+00:00")) if value else None
    except ValueError:
        return None
