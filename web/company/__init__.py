"""Workplace of a company's accountant: the month, houses, accounts, parked accounts."""

from web.company import accounts, home

ROUTERS = (home.router, accounts.router)
