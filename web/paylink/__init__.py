"""A link to pay, opened without signing in: the sum, the way to pay, how it ended."""

from web.paylink import link

ROUTERS = (link.router,)
