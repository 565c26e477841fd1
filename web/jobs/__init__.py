"""Long work: what runs now, for the bar in the top of every page of the centre."""

from web.jobs import running

ROUTERS = (running.router,)
