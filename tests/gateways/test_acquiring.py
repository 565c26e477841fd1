"""Three banks, one shape: each passes one contract over its fake; signatures against published vectors."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from gateways.acquiring import notices, shape, sign
from gateways.acquiring.banks import bank_of
from gateways.acquiring.fake.app import bank_app
from gateways.acquiring.fake.till import GOOD, POOR, SECURE, Till
from gateways.acquiring.profile import Profile, preset
from gateways.acquiring.shape import Bank
from gateways.acquiring.yookassa import Yookassa
from gateways.http import Answer, CounterpartAway, CounterpartRefused, Question
from gateways.secrets import NoSecret
from storage.card_gates import CardGate
from storage.card_orders import Order, Part, Seen, after
from storage.card_refunds import RefundJob
from storage.card_work import Job, Recipient
from tests.support.asks import AskApp

SHARED = Path(__file__).parents[3] / "shared" / "artefacts" / "sber-acquiring"
NOW = dt.datetime(2026, 11, 12, 9, 0, tzinfo=dt.UTC)
PASSWORDS = {"sber": "pass-s", "sber-callback": "call-s", "yookassa": "pass-y", "tbank": "pass-t"}
KEYS = {
    "sber": {"password": "pass-s", "callback": "call-s"},
    "yookassa": {"password": "pass-y"},
    "tbank": {"password": "pass-t"},
}
BANKS = ("sber", "yookassa", "tbank")
MERCHANTS = {"sber": "demo-api", "yookassa": "demo-shop", "tbank": "demo-terminal"}
TO = Recipient("АО «РЦ»", "7700000001", "770001001", "Банк", "044525225", "4" * 20, "3" * 20)


def profile_of(bank: str, **changes: Any) -> Profile:
    return preset(bank, base_url=f"http://test/{bank}/", merchant=MERCHANTS[bank], **changes)


def order_of(method: str = "card", **changes: Any) -> Order:
    made = Order(
        id=1, number="a1b2c3d4e5f60718293a4b5c6d7e", gate_id=1, gate_code="g", gate_title="Банк", agent_id=4,
        account_id=1, company_id=1, account_number="0012345", method=method, source="cabinet",
        amount_kopecks=127_510, paid_kopecks=None, fee_kopecks=None, refunded_kopecks=0,
        contact="i@example.ru", state="created", words="", bank_id=None, link="",
        return_url="https://city.example/my/pay/a1", card="", created_by=None, attempts=0,
        expires_at=NOW + dt.timedelta(minutes=20), paid_at=None, recorded_at=NOW,
        parts=(Part(100_000, 2, "Водоканал", 1), Part(27_510, None, "", 2)),
    )  # fmt: skip
    return replace(made, **changes)


def job_of(order: Order) -> Job:
    gate = CardGate(1, "bank", "g", 4, "Банк", {}, 1, True, "", None, NOW)
    return Job(order, gate, TO, dt.date(2026, 10, 1))


@dataclass
class Desk:
    """A bank's client with its fake behind it."""

    kind: str
    till: Till
    ask: AskApp
    bank: Bank

    def pay(self, bank_id: str, card: str) -> None:
        order = self.till.find(bank_id)
        assert order is not None
        if self.till.pay(order, card) == "code":
            self.till.pay(order, card, is_confirmed=True)


@pytest.fixture(params=BANKS)
async def desk(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    till = Till({}, PASSWORDS, again_s=0.0)
    ask = AskApp(bank_app(till))
    yield Desk(request.param, till, ask, bank_of(profile_of(request.param), KEYS[request.param], ask))
    await ask.client.aclose()


# ---- the contract every bank passes -----------------------------------------------------------------


async def test_order_is_opened_looked_at_and_paid(desk: Desk) -> None:
    opened = await desk.bank.open(job_of(order_of()))
    order = order_of(bank_id=opened.bank_id)

    assert opened.link.startswith("http://test/pay/")
    assert (await desk.bank.look(order)).state == "open"
    desk.pay(opened.bank_id, GOOD)
    seen = await desk.bank.look(order)
    assert (seen.state, seen.paid_kopecks, seen.refunded_kopecks) == ("paid", 127_510, 0)


async def test_sbp_gives_a_payload_and_is_paid_the_same_way(desk: Desk) -> None:
    opened = await desk.bank.open(job_of(order_of("sbp")))

    assert opened.link.startswith("http://test/sbp/")
    page = await desk.ask.client.post(opened.link, content=b"deed=yes")
    assert "Оплачено" in page.text
    assert (await desk.bank.look(order_of(bank_id=opened.bank_id))).state == "paid"


async def test_refusal_of_a_card_is_told_in_words(desk: Desk) -> None:
    opened = await desk.bank.open(job_of(order_of()))
    desk.pay(opened.bank_id, POOR)

    seen = await desk.bank.look(order_of(bank_id=opened.bank_id))

    assert (seen.state, seen.words) == ("refused", shape.NO_MONEY)


async def test_time_that_ran_out_is_expired(desk: Desk) -> None:
    opened = await desk.bank.open(job_of(order_of()))
    desk.till.orders[opened.bank_id].expires_at = 0.0

    assert (await desk.bank.look(order_of(bank_id=opened.bank_id))).state == "expired"


async def test_refund_of_a_part_then_of_the_rest(desk: Desk) -> None:
    opened = await desk.bank.open(job_of(order_of()))
    desk.pay(opened.bank_id, SECURE)
    paid = order_of(bank_id=opened.bank_id, state="paid", paid_kopecks=127_510, paid_at=NOW)

    first = await desk.bank.give_back(refund_of(paid, 1, 27_510, 0), NOW.date())
    assert first in (None, 27_510)
    fake = desk.till.orders[opened.bank_id]
    assert fake.refunded_kopecks == 27_510
    seen = await desk.bank.look(paid)
    assert (seen.state, seen.paid_kopecks) == ("paid", 127_510)
    await desk.bank.give_back(refund_of(paid, 2, 100_000, 27_510), NOW.date())
    assert fake.is_whole_back
    assert (await desk.bank.look(paid)).refunded_kopecks == 127_510


async def test_refund_of_more_than_is_left_is_refused(desk: Desk) -> None:
    opened = await desk.bank.open(job_of(order_of()))
    desk.pay(opened.bank_id, GOOD)
    paid = order_of(bank_id=opened.bank_id, paid_kopecks=127_510)

    with pytest.raises(CounterpartRefused):
        await desk.bank.give_back(refund_of(paid, 1, 200_000, 0), NOW.date())


async def test_whole_refund_of_today(desk: Desk) -> None:
    opened = await desk.bank.open(job_of(order_of()))
    desk.pay(opened.bank_id, GOOD)
    paid = order_of(bank_id=opened.bank_id, paid_kopecks=127_510, paid_at=NOW)

    await desk.bank.give_back(refund_of(paid, 1, 127_510, 0), NOW.date())

    assert (await desk.bank.look(paid)).refunded_kopecks == 127_510


async def test_lost_answer_of_an_opening_makes_no_second_charge(desk: Desk) -> None:
    desk.ask.lose = lambda question: len(desk.ask.questions) == 1
    with pytest.raises(CounterpartAway):
        await desk.bank.open(job_of(order_of()))

    opened = await desk.bank.open(job_of(order_of(attempts=1)))

    desk.pay(opened.bank_id, GOOD)
    assert sum(one.state == "paid" for one in desk.till.orders.values()) == 1


@pytest.mark.parametrize("status", [500, 502, 429, 401])
async def test_answers_that_say_nothing_are_asked_again(desk: Desk, status: int) -> None:
    async def broken(question: Question) -> Answer:
        return Answer(status, b"<html>")

    bank = bank_of(profile_of(desk.kind), KEYS[desk.kind], broken)

    with pytest.raises(CounterpartAway):
        await bank.open(job_of(order_of()))


async def test_wrong_key_waits_for_the_right_one(desk: Desk) -> None:
    bank = bank_of(profile_of(desk.kind), {"password": "wrong"}, desk.ask)

    with pytest.raises(CounterpartAway):
        await bank.open(job_of(order_of()))


async def test_notice_of_the_bank_is_genuine_and_about_the_order(desk: Desk) -> None:
    opened = await desk.bank.open(job_of(order_of()))
    desk.pay(opened.bank_id, GOOD)
    values = desk.till.notice(desk.till.orders[opened.bank_id])
    profile = profile_of(desk.kind, networks=["127.0.0.1/32"])
    told = notices.about(desk.kind, values)

    assert order_of().number == told.number or told.bank_id == opened.bank_id
    assert notices.is_genuine(profile, KEYS[desk.kind], values, "127.0.0.1")
    assert not notices.is_genuine(profile, KEYS[desk.kind], values, "8.8.8.8")
    if desk.kind != "yookassa":
        key = "amount" if desk.kind == "sber" else "Amount"
        assert not notices.is_genuine(profile, KEYS[desk.kind], values | {key: "1"}, "127.0.0.1")


@pytest.mark.skipif("PAYLOGIC_TEST_SBER" not in os.environ, reason="no test merchant of a real bank")
async def test_real_bank_opens_and_shows_an_order_as_the_fake_does() -> None:
    from gateways.http import Http

    told = json.loads(os.environ["PAYLOGIC_TEST_SBER"])
    ask = Http()
    profile = preset("sber", base_url=told["base_url"], merchant=told["merchant"])
    bank = bank_of(profile, {"password": told["password"]}, ask)
    opened = await bank.open(job_of(order_of(number=os.urandom(14).hex())))
    assert (await bank.look(order_of(bank_id=opened.bank_id))).state == "open"
    await ask.close()


def refund_of(order: Order, refund_id: int, amount: int, before: int) -> RefundJob:
    return RefundJob(refund_id, amount, before, False, 0, job_of(order))


# ---- bodies ------------------------------------------------------------------------------------------


async def test_yookassa_gets_the_payment_order_of_utilities() -> None:
    ask = AskApp(bank_app(Till({}, PASSWORDS)))
    bank = Yookassa(profile_of("yookassa", kbk="1" * 20, checks="bank"), KEYS["yookassa"], ask)

    body = bank.payment(job_of(order_of()))

    told = body["payment_order"]
    assert told["type"] == "utilities"
    assert told["amount"] == {"value": "1275.10", "currency": "RUB"}
    assert told["payment_period"] == {"month": 10, "year": 2026}
    assert told["account_number"] == "0012345"
    assert told["recipient"]["bank"]["bic"] == "044525225"
    assert len(told["payment_purpose"]) <= 210
    assert told["kbk"] == "1" * 20
    assert [item["amount"]["value"] for item in body["receipt"]["items"]] == ["1000.00", "275.10"]


async def test_yookassa_repeat_under_one_key_is_one_payment() -> None:
    till = Till({}, PASSWORDS)
    ask = AskApp(bank_app(till))
    bank = bank_of(profile_of("yookassa"), KEYS["yookassa"], ask)

    first = await bank.open(job_of(order_of()))
    again = await bank.open(job_of(order_of(attempts=3)))

    assert first == again
    assert {q.headers["Idempotence-Key"] for q in ask.questions} == {order_of().number}


async def test_bank_makes_the_check_when_the_profile_says_so() -> None:
    for kind, field in (("sber", "orderBundle"), ("tbank", "Receipt")):
        till = Till({}, PASSWORDS)
        bank = bank_of(profile_of(kind, checks="bank"), KEYS[kind], AskApp(bank_app(till)))
        opened = await bank.open(job_of(order_of()))
        assert field in till.orders[opened.bank_id].asked


# ---- vectors ------------------------------------------------------------------------------------------


def test_token_of_tbank_is_that_of_the_published_example() -> None:
    common = {
        "TerminalKey": "MerchantTerminalKey",
        "Amount": 19200,
        "Description": "Подарочная карта на 1000 рублей",
        "Receipt": {"Email": "a@test.ru"},
        "DATA": {"Phone": "+71234567890"},
    }

    assert sign.tbank_token(common | {"OrderId": "00000"}, "11111111111111") == (
        "72dd466f8ace0a37a1f740ce5fb78101712bc0665d91a8108c7c8a0ccd426db2"
    )
    assert sign.tbank_token(common | {"OrderId": "21090"}, "usaf8fw8fsw21g") == (
        "0024a00af7c350a3a67ca168ce06502aa72772456662e38696d48b56ee9c97d9"
    )


def test_token_writes_truth_in_small_letters_and_leaves_itself_out() -> None:
    values = {"Success": True, "OrderId": "1", "Token": "x"}

    assert sign.tbank_token(values, "p") == sign.tbank_token({"Success": "true", "OrderId": "1"}, "p")


def test_checksum_of_sber_joins_names_and_values_in_order() -> None:
    values = {"foo": "bar", "bar": "baz", "checksum": "Z", "sign_alias": "a"}

    assert sign.sber_string(values) == "bar;baz;foo;bar;"
    assert sign.sber_checksum(values, "key") == sign.sber_checksum(values, "key").upper()
    assert not sign.sber_is_genuine(values, "key")
    assert sign.sber_is_genuine(values | {"checksum": sign.sber_checksum(values, "key")}, "key")


NOTICE = {"mdOrder": "7", "orderNumber": "ab", "operation": "deposited", "status": "1", "amount": "100"}


def pem_of(size: int = 2048) -> tuple[rsa.RSAPrivateKey, str, str]:
    """A key, its certificate and its bare public half, both PEM."""
    private = rsa.generate_private_key(65537, size)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bank")])
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=private.public_key())
        .serial_number(1)
        .not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2120, 1, 1, tzinfo=dt.UTC))
        .sign(private, SHA256())
    )
    bare = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private, made.public_bytes(Encoding.PEM).decode(), bare.decode()


def signed(private: rsa.RSAPrivateKey, values: dict[str, str]) -> dict[str, str]:
    """As Сбер signs: SHA-512 with RSA over `name;value;` by name, hex."""
    checksum = private.sign(sign.sber_string(values).encode(), PKCS1v15(), SHA512()).hex().upper()
    return values | {"checksum": checksum, "sign_alias": "SHA-512 with RSA"}


def test_notice_of_sber_signed_by_a_certificate() -> None:
    private, certificate, bare = pem_of()
    stranger, _, _ = pem_of()
    profile = preset("sber", signature="rsa")
    values = signed(private, NOTICE)
    genuine = [
        notices.is_genuine(profile, {"certificate": pem}, told, "8.8.8.8")
        for pem in (certificate, bare)
        for told in (values, values | {"sign_alias": "another"}, values | {"amount": "1"},
                     signed(stranger, NOTICE), values | {"checksum": "zz"}, NOTICE)
    ]  # fmt: skip

    assert genuine == [True, True, False, False, False, False] * 2


def test_how_a_notice_is_signed_is_never_its_own_word() -> None:
    """The certificate is no secret: a checksum with its text as the shared key must not pass."""
    private, certificate, _ = pem_of()
    forged = NOTICE | {"checksum": sign.sber_checksum(NOTICE, certificate)}
    by_rsa, by_secret = preset("sber", signature="rsa"), preset("sber")
    both = {"certificate": certificate, "callback": "secret"}

    assert not notices.is_genuine(by_rsa, both, forged, "8.8.8.8")
    assert not notices.is_genuine(by_secret, both, signed(private, NOTICE), "8.8.8.8")
    assert not notices.is_genuine(
        by_rsa, both, NOTICE | {"checksum": sign.sber_checksum(NOTICE, "secret")}, "8.8.8.8"
    )


def test_each_merchant_has_a_key_of_its_own() -> None:
    private, certificate, _ = pem_of()
    _, other, _ = pem_of()
    profile = preset("sber", signature="rsa")

    assert notices.is_genuine(profile, {"certificate": certificate}, signed(private, NOTICE), "8.8.8.8")
    assert not notices.is_genuine(profile, {"certificate": other}, signed(private, NOTICE), "8.8.8.8")


@pytest.mark.parametrize(
    "bad", ["", "not a certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END", "short"]
)
def test_unusable_certificate_leaves_notices_waiting(bad: str) -> None:
    private, _, _ = pem_of()
    keys = {"certificate": pem_of(1024)[1] if bad == "short" else bad}

    with pytest.raises(NoSecret):
        notices.is_genuine(preset("sber", signature="rsa"), keys, signed(private, NOTICE), "8.8.8.8")


def test_sums_are_read_exactly_or_not_at_all() -> None:
    assert shape.kopecks("1275.10") == 127_510
    assert shape.kopecks("1275.1") == 127_510
    assert shape.roubles(127_505) == "1275.05"
    for bad in ("1275,10", "12.345", "", None, "-1"):
        with pytest.raises(CounterpartAway):
            shape.kopecks(bad)


@pytest.mark.skipif(not SHARED.exists(), reason="no samples here")
async def test_samples_of_sber_are_read() -> None:
    async def recorded(question: Question) -> Answer:
        name = {"register.do": "AuthorizeRequestSuccess"}.get(
            question.url.rpartition("/")[2], "ExtendedOrderStatusRequestSuccess"
        )
        body = (SHARED / f"{name}.http.txt").read_bytes().replace(b"\r\n", b"\n")
        return Answer(200, body.partition(b"\n\n")[2])

    bank = bank_of(profile_of("sber"), KEYS["sber"], recorded)

    opened = await bank.open(job_of(order_of()))
    seen = await bank.look(order_of(bank_id=opened.bank_id))

    assert opened.bank_id == "61351fbd-ac25-484f-b930-4d0ce4101ab7"
    assert (seen.state, seen.paid_kopecks, seen.card) == ("paid", 150_000, "555555**5599")


# ---- the machine of states ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "seen", "is_over", "expected", "posts"),
    [
        ("open", Seen("open"), False, None, False),
        ("open", Seen("open"), True, "expired", False),
        ("open", Seen("paid", 100), False, "paid", True),
        ("expired", Seen("paid", 100), True, "paid", True),
        ("refused", Seen("paid", 100), True, "paid", True),
        ("open", Seen("paid", 99), False, "mismatch", False),
        ("open", Seen("refused"), False, "refused", False),
        ("expired", Seen("refused"), True, None, False),
        ("paid", Seen("paid", 100), False, None, False),
        ("paid", Seen("refused"), False, None, False),
        ("refunded", Seen("paid", 100), False, None, False),
        ("open", Seen("refunded", 100, 100), False, "refused", False),
        ("mismatch", Seen("paid", 100), False, None, False),
    ],
)
def test_state_of_an_order_follows_the_bank(
    state: str, seen: Seen, is_over: bool, expected: str | None, posts: bool
) -> None:
    step = after(state, 100, seen, is_over)

    assert (step.state if step else None) == expected
    assert (step.posts if step else False) is posts
