"""Readings are validated before they bill: named rules over columns, for one reading as for a register.

`rules` is the catalogue, `batch` what a reading is judged by, `policy` severities and thresholds of an
organisation, `evaluate` the verdicts, `words` what a person is told.
"""
