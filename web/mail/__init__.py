"""Receipts by e-mail: mailings of the centre, the journal of letters, one click that ends them."""

from web.mail import journal, runs, unsubscribe

ROUTERS = (runs.router, journal.router, unsubscribe.router)
