"""pain.001: the same orders are the same bytes, sums are in kopecks exact, the schema takes both versions."""

from __future__ import annotations

import datetime as dt
from xml.etree import ElementTree as ET

import pytest

from gateways.bank_order import Order, Side
from gateways.iso20022 import VERSIONS, write
from tests.support.schemas import schema_of

DAY = dt.date(2026, 10, 12)
MADE = dt.datetime(2026, 10, 12, 18, 30)  # noqa: DTZ001 - the local time of a file
PAYER = Side("МУП «Расчётный центр» & К°", "7700000100", "", "40702810900000000100", "Банк", "040000760", "")
PAYEE = Side("ООО «Водоканал»", "7700000002", "", "40702810900000000002", "", "040000760", "")
ORDERS = [
    Order(1, DAY, 1_05, PAYEE, "я" * 300),
    Order(2, DAY, 100_00, PAYEE, "за 12.10 − ₽"),
    Order(3, DAY + dt.timedelta(days=1), 7, PAYEE, "за 13.10"),
]


def texts(content: bytes, tag: str) -> list[str | None]:
    return [one.text for one in ET.fromstring(content).iter() if one.tag.endswith("}" + tag)]


@pytest.mark.parametrize("version", VERSIONS)
def test_orders_are_written_exactly_and_twice_the_same(version: str) -> None:
    made = write(PAYER, ORDERS, MADE, version)

    assert made == write(PAYER, ORDERS, MADE, version)
    assert texts(made, "InstdAmt") == ["1.05", "100.00", "0.07"]
    assert texts(made, "CtrlSum") == ["101.12", "101.05", "0.07"]
    assert texts(made, "NbOfTxs") == ["3", "2", "1"]
    assert texts(made, "EndToEndId") == ["1", "2", "3"]
    assert texts(made, "Ustrd") == ["я" * 140, "я" * 70, "за 12.10 - руб.", "за 13.10"]
    assert (f"pain.001.001.{version}".encode() in made) is True


@pytest.mark.parametrize("version", VERSIONS)
def test_the_schema_takes_it(version: str) -> None:
    """The schemas are those of ISO as the package sepaxml carries them."""
    schema = schema_of("sepaxml", f"pain.001.001.{version}.xsd")

    assert [str(one) for one in schema.iter_errors(write(PAYER, ORDERS, MADE, version).decode())] == []
