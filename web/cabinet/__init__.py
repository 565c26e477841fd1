"""The resident's cabinet: sum and date, readings, why, receipts, requests. Phone first, no script needed."""

from web.cabinet import bills, home, papers, readings, requests, why

ROUTERS = (home.router, readings.router, why.router, bills.router, papers.router, requests.router)
