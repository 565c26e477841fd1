"""Money out: distributions, transfers, bank statements, fees, acts with payees, the trail of a payment."""

from web.payouts import act, lines, runs, statements, terms, trail, transfers

ROUTERS = (
    runs.router,
    transfers.router,
    statements.router,
    lines.router,
    terms.router,
    act.router,
    trail.router,
)
