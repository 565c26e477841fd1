"""Workplace of a payment agent: its payments of a day."""

from web.agent import home

ROUTERS = (home.router,)
