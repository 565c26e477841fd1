"""The page of an account for staff: money, charges with their grounds, meters, people, receipts."""

from web.accounts import card, penalties, readings, receipts

ROUTERS = (card.router, penalties.router, readings.router, receipts.router)
