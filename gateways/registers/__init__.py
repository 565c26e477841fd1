"""Registers of payments: files of banks and agents, read by a profile of data.

profile   what a file looks like: container, encoding, columns, totals, name; presets/*.yaml are ready ones
records   text, csv, fixed widths, DBF, xlsx, XML, zip → records of named cells
values    sums, dates, months, readings of cells
parse     the whole: rows with their errors in words, totals compared; or RegisterRefused with the reason
"""

from gateways.registers.errors import RegisterRefused
from gateways.registers.parse import Parsed, Row, parse
from gateways.registers.profile import RegisterProfile, in_words, preset, presets

__all__ = ["Parsed", "RegisterProfile", "RegisterRefused", "Row", "in_words", "parse", "preset", "presets"]
