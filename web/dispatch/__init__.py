"""Workplace of the dispatcher: the board by clock, the journal, a call logged in seconds, a request."""

from web.dispatch import board, call, incidents, journal, request

ROUTERS = (board.router, call.router, journal.router, incidents.router, request.router)
