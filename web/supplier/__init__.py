"""Workplace of a supplier: what is charged for its services, by company, house and service."""

from web.supplier import account, home, house

ROUTERS = (home.router, house.router, account.router)
