"""The body of a check against the published schema, and its errors told apart."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gateways.fiscal.atol import Atol, CheckTimedOut, number
from gateways.fiscal.profile import PRESET, FiscalProfile
from gateways.http import Answer, CounterpartAway, CounterpartRefused, Question
from storage.card_checks import CheckJob, Item

SCHEMA = Path(__file__).parents[3] / "shared" / "artefacts" / "atol-online" / "v4-sell.request.schema.json"
REPORT = SCHEMA.with_name("v4-report.response.sample.json")
PROFILE = FiscalProfile.model_validate(PRESET)


def job(**changes: Any) -> CheckJob:
    values: dict[str, Any] = {
        "id": 1,
        "order_id": 1,
        "kind": "sell",
        "external_id": "abc",
        "amount_kopecks": 127_510,
        "state": "waiting",
        "uuid": None,
        "attempts": 0,
        "contact": "i@example.ru",
        "account_number": "0012345",
        "ground": "",
        "ground_on": None,
        "items": (Item("ЖКУ", 100_000, "Водоканал", "7700000002", "+79001234567"), Item("ЖКУ", 27_510)),
        "recorded_at": dt.datetime(2026, 11, 12, tzinfo=dt.UTC),
    }
    return CheckJob(**(values | changes))


def box(*answers: dict[str, Any]) -> Atol:
    """A service that says these one after the other, the token first."""
    left = [{"token": "t"}, *answers]

    async def ask(question: Question) -> Answer:
        return Answer(200, json.dumps(left.pop(0)).encode())

    return Atol(PROFILE, {"password": "p"}, ask)


@pytest.mark.skipif(not SCHEMA.exists(), reason="no schema here")
def test_body_of_a_check_keeps_to_the_schema_of_the_service() -> None:
    body = box().body(job())

    schema = json.loads(SCHEMA.read_text("utf-8"), parse_float=Decimal)
    jsonschema.Draft4Validator(schema).validate(json.loads(json.dumps(body), parse_float=Decimal))
    assert body["receipt"]["total"] == 1275.1
    assert body["receipt"]["items"][0]["agent_info"] == {"type": "paying_agent"}
    assert "supplier_info" not in body["receipt"]["items"][1]


def test_correction_names_its_ground() -> None:
    body = box().body(job(kind="sell_correction", ground="17", ground_on=dt.date(2026, 11, 13)))

    info = body["correction"]["correction_info"]
    assert (info["base_number"], info["base_date"]) == ("17", "13.11.2026")
    assert body["correction"]["payments"] == [{"type": 1, "sum": 1275.1}]


@pytest.mark.parametrize("kopecks", [1, 10, 29, 57, 115, 127_510, 99_999_999_99])
def test_kopecks_are_printed_exactly(kopecks: int) -> None:
    assert Decimal(json.dumps(number(kopecks))) * 100 == kopecks


@pytest.mark.parametrize(
    ("code", "error"),
    [(32, CounterpartRefused), (40, CounterpartRefused), (1, CheckTimedOut), (999, CounterpartAway)],
)
async def test_errors_are_told_apart_by_their_codes(code: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        await box({"error": {"code": code, "text": "слова"}}).send(job())


async def test_known_check_gives_the_number_of_the_first() -> None:
    assert (
        await box({"uuid": "u1", "status": "wait", "error": {"code": 33, "text": "есть"}}).send(job()) == "u1"
    )


async def test_report_that_is_not_ready_is_waited_for() -> None:
    assert await box({"error": {"code": 34, "text": "рано"}, "status": "wait"}).look("u1") is None


@pytest.mark.skipif(not REPORT.exists(), reason="no sample here")
async def test_sample_of_a_report_is_read() -> None:
    made = await box(json.loads(REPORT.read_text("utf-8"))).look("u1")

    assert made is not None
    assert made.numbers["fiscal_document_number"] == 133
    assert made.url.startswith("https://consumer.1-ofd.ru/")
