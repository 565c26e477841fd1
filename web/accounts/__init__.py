"""The page of an account for staff: money, charges with their grounds, meters, people, receipts."""

from web.accounts import card, edit, papers, penalties, readings, receipts

ROUTERS = (
    card.supplied,
    card.router,
    edit.router,
    papers.router,
    penalties.router,
    readings.router,
    receipts.router,
)
