"""Workplace of the settlement centre: the month, runs, parked accounts, values, import."""

from web.centre import run, runs

ROUTERS = (runs.router, run.router)
