"""Workplace of a supplier: what is charged for its services, by company, house and service."""

from web.supplier import home

ROUTERS = (home.router,)
