"""The bank client's text exchange, 1CClientBankExchange: payment orders out, statements in."""

from gateways.bank1c.parse import parse
from gateways.bank1c.write import write
from gateways.bank_order import Order, Side
from gateways.bank_statement import BankFileRefused, Document, Statement

__all__ = ["BankFileRefused", "Document", "Order", "Side", "Statement", "parse", "write"]
