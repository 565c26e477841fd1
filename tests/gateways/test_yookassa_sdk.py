"""The bank's own library as an independent witness: it pays at our fake and understands our bodies."""

from __future__ import annotations

import socket
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from yookassa import Configuration, Payment, Refund
from yookassa.domain.notification import WebhookNotification
from yookassa.domain.request.payment_request import PaymentRequest

from gateways.acquiring.fake.app import bank_app
from gateways.acquiring.fake.till import GOOD, Till
from gateways.acquiring.yookassa import Yookassa
from gateways.http import Answer, Question
from tests.gateways.test_acquiring import KEYS, PASSWORDS, job_of, order_of, profile_of


@pytest.fixture(scope="module")
def till() -> Iterator[Till]:
    """A fake bank on a port of its own, with the library pointed at it."""
    made = Till({}, PASSWORDS)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(bank_app(made), log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        time.sleep(0.02)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/yookassa"
    Configuration.configure("demo-shop", PASSWORDS["yookassa"], api_url=url, timeout=5)
    yield made
    server.should_exit = True
    thread.join()
    listening.close()


def body() -> dict[str, Any]:
    async def nobody(question: Question) -> Answer:
        raise AssertionError

    bank = Yookassa(profile_of("yookassa", checks="bank"), KEYS["yookassa"], nobody)
    return bank.payment(job_of(order_of()))


def test_library_pays_looks_and_gives_back_at_the_fake(till: Till) -> None:
    key = uuid.uuid4().hex

    made = Payment.create(body(), key)
    assert Payment.create(body(), key).id == made.id
    assert made.status == "pending"
    till.pay(till.orders[made.id], GOOD)
    paid = Payment.find_one(made.id)
    assert (paid.status, str(paid.amount.value)) == ("succeeded", "1275.10")
    back = Refund.create({"payment_id": made.id, "amount": {"value": "275.10", "currency": "RUB"}}, "r1")

    assert back.status == "succeeded"
    assert str(Payment.find_one(made.id).refunded_amount.value) == "275.10"


def test_library_understands_a_notice_of_the_fake(till: Till) -> None:
    made = Payment.create(body(), uuid.uuid4().hex)
    till.pay(till.orders[made.id], GOOD)

    told = WebhookNotification(till.notice(till.orders[made.id]))

    assert (told.event, told.object.id) == ("payment.succeeded", made.id)


def test_library_finds_our_payment_whole() -> None:
    request = PaymentRequest(body())

    request.validate()
    assert request.receipt.items[0].amount.value == pytest.approx(1000)
