"""ISO 20022: statements camt.053.001.08 in, payment orders pain.001.001.03 and .09 out."""

from gateways.iso20022.camt import is_camt, parse
from gateways.iso20022.pain import VERSIONS, write

__all__ = ["VERSIONS", "is_camt", "parse", "write"]
