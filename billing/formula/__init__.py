"""Formulas of services written by people who do not program: grammar, units, computation over columns."""
