"""Corrections of past months: the list, a package from draft to posting, the desk of an account, breaks."""

from web.corrections import (
    check,
    desk,
    distributor_file,
    distributor_houses,
    distributors,
    events,
    lines,
    listing,
    manual,
    package,
    queue,
    reading,
    start,
    unauthorised,
)

ROUTERS = (
    listing.router,
    queue.router,
    start.router,
    events.router,
    desk.router,
    lines.router,
    reading.router,
    check.router,
    unauthorised.router,
    manual.router,
    distributors.router,
    distributor_houses.router,
    distributor_file.router,
    package.router,
)
