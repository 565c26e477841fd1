"""Own services and methods of a centre or a company, written as formulas in the browser."""

from web.formulas import listing, new

ROUTERS = (new.router, listing.router)
