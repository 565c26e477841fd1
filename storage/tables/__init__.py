"""Every table of the product, a file a noun; importing this package fills Base.metadata."""

from storage.tables import (  # noqa: F401
    accounts,
    addresses,
    agents,
    checks,
    corrections,
    dispatch,
    events,
    formulas,
    ledger,
    meters,
    organisations,
    penalties,
    portal,
    press,
    proposals,
    registers,
    runs,
    services,
    users,
)
