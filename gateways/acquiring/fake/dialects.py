"""What the fake bank answers in three dialects: /sber/ of Сбер, /yookassa/ of ЮKassa, /tbank/ of T-Bank."""

from __future__ import annotations

import base64
import uuid
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from gateways.acquiring.fake.till import BACK, EXPIRED, NEW, PAID, FakeOrder, Till, masked
from gateways.acquiring.profile import SBER, TBANK, YOOKASSA
from gateways.acquiring.shape import kopecks, roubles
from gateways.acquiring.sign import tbank_is_genuine

ACTION_CODES = {"poor": 116, "code": -2016, "card": 71015, "late": -2007, "gave-up": -2007}
REASONS = {
    "poor": "insufficient_funds",
    "code": "3d_secure_failed",
    "card": "invalid_card_number",
    "late": "expired_on_confirmation",
    "gave-up": "expired_on_confirmation",
}
ERRORS = {"poor": "1051", "code": "101", "card": "1014"}
FEE_PERMYRIAD = 100

router = APIRouter()


def till_of(request: Request) -> Till:
    """The memory of this app."""
    found: Till = request.app.state.till
    return found


def page_url(request: Request, order: FakeOrder) -> str:
    """Where a payer goes."""
    return f"{str(request.base_url).rstrip('/')}/{'sbp' if order.is_sbp else 'pay'}/{order.id}"


# ---- Сбер -------------------------------------------------------------------------------------------


@router.post("/sber/{method:path}")
async def sber(request: Request, method: str) -> JSONResponse:
    """Every method of the card engine."""
    till = till_of(request)
    values = {name: str(value) for name, value in (await request.form()).items()}
    if values.get("password") != till.passwords["sber"]:
        return JSONResponse({"errorCode": "5", "errorMessage": "Доступ запрещён"})
    if method == "register.do":
        return _sber_register(request, till, values)
    order = till.find(values.get("orderId") or values.get("mdOrder", ""))
    if order is None:
        return JSONResponse({"errorCode": "6", "errorMessage": "Неизвестный номер заказа"})
    if method == "getOrderStatusExtended.do":
        return JSONResponse(_sber_status(order))
    if method.startswith("sbp/"):
        order.is_sbp = True
        return JSONResponse({"qrId": order.id, "qrStatus": "STARTED", "payload": page_url(request, order)})
    amount = int(values.get("amount", order.amount_kopecks - order.refunded_kopecks))
    if not till.give_back(order, amount, ""):
        return JSONResponse({"errorCode": "7", "errorMessage": "Возврат невозможен: сумма больше остатка"})
    return JSONResponse({"errorCode": "0"})


def _sber_register(request: Request, till: Till, values: dict[str, str]) -> JSONResponse:
    number = values["orderNumber"]
    if till.by_number(SBER, number) is not None:
        return JSONResponse({"errorCode": "1", "errorMessage": "Заказ с таким номером уже обработан"})
    order = till.open(
        SBER,
        number,
        int(values["amount"]),
        return_url=values["returnUrl"],
        is_sbp=False,
        description=values.get("description", ""),
        lifetime_s=int(values.get("sessionTimeoutSecs", "1200")),
        asked=dict(values),
    )
    return JSONResponse({"orderId": order.id, "formUrl": page_url(request, order)})


def _sber_status(order: FakeOrder) -> dict[str, Any]:
    status = {NEW: 0, PAID: 2, BACK: 4}.get(order.state, 6)
    is_paid = order.state in (PAID, BACK)
    left = order.amount_kopecks - order.refunded_kopecks if is_paid else 0
    return {
        "errorCode": "0",
        "errorMessage": "Успешно",
        "orderNumber": order.number,
        "orderStatus": status,
        "actionCode": 0 if order.state in (NEW, PAID, BACK) else ACTION_CODES.get(order.reason, 5),
        "amount": order.amount_kopecks,
        "currency": "643",
        "paymentAmountInfo": {
            "approvedAmount": order.amount_kopecks if is_paid else 0,
            "depositedAmount": left,
            "refundedAmount": order.refunded_kopecks,
        },
        "cardAuthInfo": {"maskedPan": masked(order.card)},
    }


# ---- ЮKassa -----------------------------------------------------------------------------------------


def _yookassa_refusal(request: Request, till: Till) -> JSONResponse | None:
    expected = base64.b64encode(f"demo-shop:{till.passwords['yookassa']}".encode()).decode()
    if request.headers.get("Authorization") != f"Basic {expected}":
        told = {"type": "error", "code": "invalid_credentials", "description": "Authentication failed"}
        return JSONResponse(told, status_code=401)
    if request.method == "POST" and not 0 < len(request.headers.get("Idempotence-Key", "")) <= 64:
        told = {"type": "error", "code": "invalid_request", "description": "Idempotence-Key is wrong"}
        return JSONResponse(told, status_code=400)
    return None


@router.post("/yookassa/payments")
async def yookassa_payment(request: Request) -> JSONResponse:
    """A new payment, or the one that was made under the same key."""
    till = till_of(request)
    refusal = _yookassa_refusal(request, till)
    if refusal is not None:
        return refusal
    key = request.headers["Idempotence-Key"]
    order = till.by_number(YOOKASSA, key)
    if order is None:
        body = await request.json()
        if "payment_order" in body and not body["payment_order"].get("account_number"):
            told = {"type": "error", "code": "invalid_request", "description": "payment_order is not whole"}
            return JSONResponse(told, status_code=400)
        order = till.open(
            YOOKASSA,
            key,
            kopecks(body["amount"]["value"]),
            return_url=body["confirmation"].get("return_url", ""),
            is_sbp=(body.get("payment_method_data") or {}).get("type") == "sbp",
            description=body.get("description", ""),
            asked=body,
        )
    return JSONResponse(_yookassa_status(request, order))


@router.get("/yookassa/payments/{order_id}")
async def yookassa_look(request: Request, order_id: str) -> JSONResponse:
    """A payment as it stands."""
    till = till_of(request)
    refusal = _yookassa_refusal(request, till)
    if refusal is not None:
        return refusal
    order = till.find(order_id)
    if order is None:
        told = {"type": "error", "code": "not_found", "description": "Payment doesn't exist"}
        return JSONResponse(told, status_code=404)
    return JSONResponse(_yookassa_status(request, order))


def _yookassa_status(request: Request, order: FakeOrder) -> dict[str, Any]:
    is_paid = order.state in (PAID, BACK)
    told: dict[str, Any] = {
        "id": order.id,
        "status": "succeeded" if is_paid else "pending" if order.state == NEW else "canceled",
        "paid": is_paid,
        "amount": _money(order.amount_kopecks),
        "created_at": "2026-11-01T10:00:00.000Z",
        "description": order.description,
        "recipient": {"account_id": "100500", "gateway_id": "100700"},
        "refundable": is_paid and not order.is_whole_back,
        "refunded_amount": _money(order.refunded_kopecks),
        "metadata": order.asked.get("metadata", {}),
        "test": True,
    }
    if order.state == NEW:
        url = page_url(request, order)
        told["confirmation"] = (
            {"type": "qr", "confirmation_data": url}
            if order.is_sbp
            else {"type": "redirect", "confirmation_url": url, "return_url": order.return_url}
        )
    if is_paid:
        fee = order.amount_kopecks * FEE_PERMYRIAD // 10_000
        told["income_amount"] = _money(order.amount_kopecks - fee)
        told["payment_method"] = {
            "type": "sbp" if order.is_sbp else "bank_card",
            "id": order.id,
            "saved": False,
            **(
                {"card": {"first6": order.card[:6], "last4": order.card[-4:], "card_type": "Mir"}}
                if order.card
                else {}
            ),
        }
    elif order.state != NEW:
        told["cancellation_details"] = {
            "party": "payment_network",
            "reason": REASONS.get(order.reason, "general_decline"),
        }
    return told


def _money(amount: int) -> dict[str, str]:
    return {"value": roubles(amount), "currency": "RUB"}


@router.post("/yookassa/refunds")
async def yookassa_refund(request: Request) -> JSONResponse:
    """Give money back once under a key."""
    till = till_of(request)
    refusal = _yookassa_refusal(request, till)
    if refusal is not None:
        return refusal
    body = await request.json()
    order = till.find(str(body.get("payment_id", "")))
    amount = kopecks(body["amount"]["value"])
    if order is None or not till.give_back(order, amount, request.headers["Idempotence-Key"]):
        told = {"type": "error", "code": "invalid_request", "description": "Сумма возврата больше остатка"}
        return JSONResponse(told, status_code=400)
    return JSONResponse(
        {
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, request.headers["Idempotence-Key"])),
            "payment_id": order.id,
            "status": "succeeded",
            "created_at": "2026-11-01T10:05:00.000Z",
            "amount": _money(amount),
        }
    )


# ---- T-Bank -----------------------------------------------------------------------------------------


@router.post("/tbank/{method}")
async def tbank(request: Request, method: str) -> JSONResponse:
    """Every method of the terminal."""
    till = till_of(request)
    body: dict[str, Any] = await request.json()
    if not tbank_is_genuine(body, till.passwords["tbank"]):
        told = {"Success": False, "ErrorCode": "204", "Message": "Неверный токен"}
        return JSONResponse(told)
    if method == "Init":
        order = till.open(
            TBANK,
            str(body["OrderId"]),
            int(body["Amount"]),
            return_url=str(body.get("SuccessURL", "")),
            is_sbp=False,
            description=str(body.get("Description", "")),
            asked=body,
        )
        return _tbank(order, "NEW", PaymentURL=page_url(request, order))
    found = till.find(str(body.get("PaymentId", "")))
    if found is None:
        return JSONResponse({"Success": False, "ErrorCode": "255", "Message": "Неверный статус транзакции"})
    if method == "GetQr":
        found.is_sbp = True
        return _tbank(found, "NEW", Data=page_url(request, found))
    if method == "Cancel":
        return _tbank_cancel(till, found, body)
    return _tbank(found, _tbank_status(found), code=ERRORS.get(found.reason, "0"))


def _tbank_status(order: FakeOrder) -> str:
    if order.state == BACK:
        return "REFUNDED" if order.is_whole_back else "PARTIAL_REFUNDED"
    return {NEW: "FORM_SHOWED", PAID: "CONFIRMED", EXPIRED: "DEADLINE_EXPIRED"}.get(order.state, "REJECTED")


def _tbank_cancel(till: Till, order: FakeOrder, body: dict[str, Any]) -> JSONResponse:
    number = str(body.get("ExternalRequestId", ""))
    before = order.amount_kopecks - order.refunded_kopecks
    known = order.seen_refunds.get(number)
    amount = int(body.get("Amount", before))
    if known is None and not till.give_back(order, amount, number):
        return JSONResponse({"Success": False, "ErrorCode": "4", "Message": "Сумма возврата больше остатка"})
    left = order.amount_kopecks - order.refunded_kopecks
    return _tbank(
        order,
        _tbank_status(order),
        OriginalAmount=left + (known if known is not None else amount),
        NewAmount=left,
    )


def _tbank(order: FakeOrder, status: str, code: str = "0", **more: Any) -> JSONResponse:
    return JSONResponse(
        {
            "Success": True,
            "ErrorCode": code,
            "TerminalKey": "demo-terminal",
            "Status": status,
            "PaymentId": order.id,
            "OrderId": order.number,
            "Amount": order.amount_kopecks,
            **more,
        }
    )
