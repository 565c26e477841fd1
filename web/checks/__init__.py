"""Readings that wait for a decision, and the rules that hold them."""

from web.checks import held, rules

ROUTERS = (rules.router, held.router)
