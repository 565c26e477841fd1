"""The cash desk of a company: the window, receipts, shifts, and desks as the centre sees them."""

from web.cash import desks, receipts, shifts, window

ROUTERS = (window.router, receipts.router, shifts.router, desks.router)
