"""The page of an account for staff: money, charges with their grounds, meters, people, receipts."""

from web.accounts import (
    benefits,
    card,
    delivery,
    division,
    edit,
    papers,
    penalties,
    readings,
    receipts,
    services,
)

ROUTERS = (
    card.supplied,
    card.router,
    edit.router,
    papers.router,
    benefits.router,
    services.router,
    division.router,
    delivery.router,
    penalties.router,
    readings.router,
    receipts.router,
)
