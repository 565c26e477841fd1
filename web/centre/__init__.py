"""Workplace of the settlement centre: the month, runs, parked accounts, values, import."""

from web.centre import (
    gate,
    imports,
    month,
    parked,
    penalties,
    penalty_values,
    press,
    press_files,
    run,
    run_holds,
    run_houses,
    runs,
    value_new,
    value_past,
    values,
    what_if,
)

ROUTERS = (
    month.router,
    runs.router,
    run_houses.router,
    run_holds.router,
    gate.router,
    run.router,
    parked.router,
    values.router,
    value_new.router,
    value_past.router,
    imports.router,
    press_files.router,
    press.router,
    penalty_values.router,
    penalties.router,
    what_if.router,
)
