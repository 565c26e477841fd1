"""Workplace of the settlement centre."""

ROUTERS = ()
