"""Сбер: REST of the card engine that other banks use as well. Sums are kopecks, answers carry errorCode."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from gateways.acquiring import shape
from gateways.acquiring.profile import Profile
from gateways.acquiring.shape import Job, Opened, RefundJob
from gateways.http import Ask, CounterpartAway, Question
from gateways.secrets import Secrets, need
from storage.card_orders import SBP, Order, Seen

ROUBLE = "643"
OK, KNOWN_NUMBER, NO_ACCESS = "0", "1", "5"
PAID, REVERSED, REFUNDED, DECLINED = 2, 3, 4, 6
TIMED_OUT = -2007
WORDS = {
    116: shape.NO_MONEY,
    51: shape.NO_MONEY,
    -2016: shape.NO_3DS,
    -2013: shape.NO_3DS,
    71015: shape.BAD_CARD,
    111: shape.BAD_CARD,
    101: shape.BAD_CARD,
    TIMED_OUT: shape.GONE_BY,
}
"""Codes of refusals that a payer can do something about."""
VAT = {"none": 0, "vat0": 1, "vat10": 2, "vat110": 4, "vat20": 6, "vat120": 7}
TAX = {"osn": 0, "usn_income": 1, "usn_income_outcome": 2, "esn": 4, "patent": 5}


class Sber:
    """The bank by a profile and its secrets."""

    def __init__(self, profile: Profile, secrets: Secrets, ask: Ask) -> None:
        self._profile, self._secrets, self._ask = profile, secrets, ask

    async def open(self, job: Job) -> Opened:
        """register.do, and the QR for СБП. A number in use is a lost answer: the next try has another."""
        order = job.order
        values = {
            "orderNumber": job.try_number,
            "amount": str(order.amount_kopecks),
            "currency": ROUBLE,
            "returnUrl": order.return_url,
            "failUrl": order.return_url,
            "description": shape.purpose(job),
            "sessionTimeoutSecs": str(self._profile.lifetime_minutes * 60),
            "jsonParams": json.dumps({"account": order.account_number}, ensure_ascii=False),
        }
        if self._profile.checks == "bank":
            values["orderBundle"] = json.dumps(self._bundle(order), ensure_ascii=False)
            values["taxSystem"] = str(TAX[self._profile.tax_system])
        made = await self._post("register.do", values)
        code = str(made.get("errorCode", OK))
        if code == KNOWN_NUMBER:
            raise CounterpartAway("Заказ с этим номером у банка уже есть, откроем под другим")
        if code == NO_ACCESS:
            raise CounterpartAway(f"Банк не принял запрос: {made.get('errorMessage', '')}")
        if code != OK or not made.get("orderId"):
            raise shape.refused(made.get("errorMessage"))
        bank_id = str(made["orderId"])
        link = await self._qr(bank_id) if order.method == SBP else str(made.get("formUrl", ""))
        return Opened(bank_id, link)

    async def _qr(self, bank_id: str) -> str:
        made = await self._post(
            self._profile.qr_path,
            {"mdOrder": bank_id, "qrFormat": "matrix", "qrHeight": "10", "qrWidth": "10"},
        )
        if str(made.get("errorCode", OK)) != OK or not made.get("payload"):
            raise shape.refused(made.get("errorMessage"))
        return str(made["payload"])

    async def look(self, order: Order) -> Seen:
        """getOrderStatusExtended.do."""
        told = await self._post("getOrderStatusExtended.do", {"orderId": order.bank_id or ""})
        if str(told.get("errorCode", OK)) != OK:
            raise CounterpartAway(f"Банк не показал заказ: {told.get('errorMessage', '')}")
        status, code = int(told.get("orderStatus", 0)), int(told.get("actionCode") or 0)
        amounts: dict[str, Any] = told.get("paymentAmountInfo") or {}
        card = str((told.get("cardAuthInfo") or {}).get("pan", "")) or str(
            (told.get("cardAuthInfo") or {}).get("maskedPan", "")
        )
        if status == DECLINED:
            if code == TIMED_OUT:
                return Seen("expired", words=shape.GONE_BY)
            return Seen("refused", words=WORDS.get(code, shape.DECLINED), card=card)
        if status not in (PAID, REVERSED, REFUNDED):
            return Seen("open")
        paid = shape.whole(told.get("amount", told.get("Amount", 0)))
        back = shape.whole(amounts.get("refundedAmount", 0))
        if status == REVERSED:
            back = paid
        elif status == PAID:
            paid = shape.whole(amounts.get("depositedAmount", paid)) + back
        state = "refunded" if back >= paid else "paid"
        return Seen(state, paid, back, card=card, paid_at=_moment(told.get("depositedDate")))

    async def give_back(self, refund: RefundJob, today: dt.date) -> int | None:
        """reverse.do for a whole payment of today, refund.do for the rest."""
        order = refund.job.order
        bank_id = order.bank_id or ""
        is_today = order.paid_at is not None and order.paid_at.date() == today
        if refund.is_whole and is_today:
            told = await self._post("reverse.do", {"orderId": bank_id})
            if str(told.get("errorCode", OK)) == OK:
                return None
        told = await self._post("refund.do", {"orderId": bank_id, "amount": str(refund.amount_kopecks)})
        if str(told.get("errorCode", OK)) != OK:
            raise shape.refused(told.get("errorMessage"))
        return None

    async def _post(self, path: str, values: dict[str, str]) -> dict[str, Any]:
        known = {"userName": self._profile.merchant, "password": need(self._secrets, "password")}
        question = Question.form(self._profile.base_url + path, {**known, **values})
        return shape.json_of(await self._ask(question))

    def _bundle(self, order: Order) -> dict[str, Any]:
        key = "email" if shape.is_email(order.contact) else "phone"
        items = [
            {
                "positionId": str(at),
                "name": words[:100],
                "quantity": {"value": 1, "measure": "шт."},
                "itemAmount": amount,
                "itemPrice": amount,
                "itemCode": f"{order.number[:20]}-{at}",
                "tax": {"taxType": VAT.get(self._profile.vat, 0)},
                "itemAttributes": {
                    "attributes": [
                        {"name": "paymentMethod", "value": "1"},
                        {"name": "paymentObject", "value": "4"},
                    ]
                },
            }
            for at, (words, amount) in enumerate(shape.check_items(order), 1)
        ]
        return {"customerDetails": {key: order.contact}, "cartItems": {"items": items}}


def _moment(value: object) -> dt.datetime | None:
    """Milliseconds since 1970 as the engine writes them; None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**14:
        return dt.datetime.fromtimestamp(value // 1000, dt.UTC)
    return None
