"""The search box of every staff page."""

ROUTERS = ()
