"""«Что изменилось»: why a month is dearer than the last, for the city, a company, a house, an account."""

from web.changes import account, house, month

ROUTERS = (month.router, house.router, account.router)
