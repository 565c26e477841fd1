"""The search box of every staff page, and a house as the list of its accounts."""

from web.search import box

ROUTERS = (box.router,)
