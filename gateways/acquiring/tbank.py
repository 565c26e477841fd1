"""T-Bank: JSON by POST, every request signed by a token of SHA-256. Sums are kopecks."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from gateways.acquiring import shape
from gateways.acquiring.profile import Profile
from gateways.acquiring.shape import Job, Opened, RefundJob
from gateways.acquiring.sign import tbank_token
from gateways.http import Ask, CounterpartAway, Question
from gateways.secrets import Secrets, need
from storage.card_orders import SBP, Order, Seen

PAID = ("CONFIRMED", "PARTIAL_REFUNDED", "ASYNC_REFUNDING", "REFUNDING")
BACK = ("REFUNDED", "REVERSED", "PARTIAL_REVERSED")
NO = ("REJECTED", "AUTH_FAIL", "CANCELED", "ATTEMPTS_EXPIRED")
LATE = ("DEADLINE_EXPIRED",)
UNKNOWN_TERMINAL = ("202", "204", "205", "501")
INTERNAL = ("9999", "99")
WORDS = {"1051": shape.NO_MONEY, "116": shape.NO_MONEY, "101": shape.NO_3DS, "1014": shape.BAD_CARD}


class Tbank:
    """The bank by a profile and its secrets."""

    def __init__(self, profile: Profile, secrets: Secrets, ask: Ask) -> None:
        self._profile, self._secrets, self._ask = profile, secrets, ask

    async def open(self, job: Job) -> Opened:
        """Init, and GetQr for СБП. An answer that was lost is asked again under another number."""
        order = job.order
        due = order.expires_at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
        values: dict[str, Any] = {
            "Amount": order.amount_kopecks,
            "OrderId": job.try_number,
            "Description": shape.purpose(job)[:140],
            "PayType": "O",
            "SuccessURL": order.return_url,
            "FailURL": order.return_url,
            "RedirectDueDate": due,
            "DATA": {"account": order.account_number},
        }
        if self._profile.notify_url:
            values["NotificationURL"] = self._profile.notify_url
        if self._profile.checks == "bank":
            values["Receipt"] = self._receipt(order)
        made = await self._post("Init", values)
        if not made.get("PaymentId"):
            raise CounterpartAway(shape.UNCLEAR)
        bank_id = str(made["PaymentId"])
        if order.method != SBP:
            return Opened(bank_id, str(made.get("PaymentURL", "")))
        qr = await self._post("GetQr", {"PaymentId": bank_id, "DataType": "PAYLOAD"})
        return Opened(bank_id, str(qr.get("Data", "")))

    async def look(self, order: Order) -> Seen:
        """GetState."""
        told = await self._post("GetState", {"PaymentId": order.bank_id or ""})
        status = str(told.get("Status"))
        if status in NO:
            return Seen("refused", words=WORDS.get(str(told.get("ErrorCode")), shape.DECLINED))
        if status in LATE:
            return Seen("expired", words=shape.GONE_BY)
        if status not in PAID + BACK:
            return Seen("open")
        paid = shape.whole(told.get("Amount", 0))
        if status in BACK:
            return Seen("refunded", paid, order.paid_kopecks or paid)
        return Seen("paid", paid)

    async def give_back(self, refund: RefundJob, today: dt.date) -> int | None:
        """Cancel under the number of the refund: releases today's money, returns older, whole or a part."""
        order = refund.job.order
        values: dict[str, Any] = {"PaymentId": order.bank_id or "", "ExternalRequestId": refund.number}
        if not refund.is_whole:
            values["Amount"] = refund.amount_kopecks
        told = await self._post("Cancel", values)
        if "OriginalAmount" not in told or "NewAmount" not in told:
            return None
        done = shape.whole(told["OriginalAmount"]) - shape.whole(told["NewAmount"])
        return refund.before_kopecks + done

    async def _post(self, method: str, values: dict[str, Any]) -> dict[str, Any]:
        signed = {"TerminalKey": self._profile.merchant, **values}
        signed["Token"] = tbank_token(signed, need(self._secrets, "password"))
        headers = {"Content-Type": "application/json"}
        body = json.dumps(signed, ensure_ascii=False).encode()
        told = shape.json_of(
            await self._ask(Question("POST", self._profile.base_url + method, headers, body))
        )
        code = str(told.get("ErrorCode", "0"))
        if told.get("Success") or (method == "GetState" and told.get("Status")):
            return told
        if code in UNKNOWN_TERMINAL:
            raise CounterpartAway(shape.NOT_KNOWN_TO_BANK)
        if code in INTERNAL:
            raise CounterpartAway(f"Банк отвечает: {told.get('Message', '')}")
        raise shape.refused(f"{told.get('Message', '')} {told.get('Details', '')}".strip())

    def _receipt(self, order: Order) -> dict[str, Any]:
        key = "Email" if shape.is_email(order.contact) else "Phone"
        items = [
            {
                "Name": words[:128],
                "Price": amount,
                "Quantity": 1,
                "Amount": amount,
                "Tax": self._profile.vat,
                "PaymentMethod": "full_payment",
                "PaymentObject": "service",
            }
            for words, amount in shape.check_items(order)
        ]
        return {key: order.contact, "Taxation": self._profile.tax_system, "Items": items}
