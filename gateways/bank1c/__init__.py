"""The bank client's text exchange, 1CClientBankExchange: payment orders out, statements in."""

from gateways.bank1c.parse import BankFileRefused, Document, Statement, parse
from gateways.bank1c.write import Order, Side, write

__all__ = ["BankFileRefused", "Document", "Order", "Side", "Statement", "parse", "write"]
