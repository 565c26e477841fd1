"""The file of orders for the bank: which exchange it is of, written once, handed out as what it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fastapi import Response

from gateways import bank1c, iso20022
from gateways.bank_order import Order, Side

TEXT = "1c"
PAIN = {version: f"pain.001.001.{version}" for version in iso20022.VERSIONS}
FORMATS = {TEXT: "1CClientBankExchange (kl_to_1c)", **{name: f"{name} (XML)" for name in PAIN.values()}}
"""What a bank client takes, in words; the choice is the bank's, so the last one is offered first."""


def write(kind: str, payer: Side, orders: Sequence[Order], made_at: datetime) -> bytes:
    """The file of a kind of FORMATS."""
    for version, name in PAIN.items():
        if kind == name:
            return iso20022.write(payer, orders, made_at, version)
    assert kind == TEXT, f"no such file: {kind}"
    return bank1c.write(payer, orders, made_at)


def kind_of(head: bytes | None) -> str:
    """The kind of a file by how it begins; the text exchange when there is none yet."""
    return next((name for name in PAIN.values() if head and f'{name}"'.encode() in head), TEXT)


def download(content: bytes) -> Response:
    """The file with the type and the name of its kind."""
    kind = kind_of(content[:300])
    is_text = kind == TEXT
    return Response(
        content,
        media_type="text/plain; charset=windows-1251" if is_text else "application/xml",
        headers={
            "Content-Disposition": f'attachment; filename="{"1c_to_kl.txt" if is_text else kind + ".xml"}"'
        },
    )
