"""The resident's cabinet: sum and date, readings, why, receipts, requests. Phone first, no script needed."""

from web.cabinet import (
    agreements,
    benefits,
    bills,
    delivery,
    home,
    mail,
    papers,
    pay,
    penalties,
    readings,
    requests,
    why,
)

ROUTERS = (
    home.router,
    readings.router,
    why.router,
    bills.router,
    mail.router,
    delivery.router,
    papers.router,
    penalties.router,
    pay.router,
    requests.router,
    benefits.router,
    agreements.router,
)
