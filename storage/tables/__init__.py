"""Every table of the product, a file a noun; importing this package fills Base.metadata."""

from storage.tables import (  # noqa: F401
    accounts,
    addresses,
    agents,
    corrections,
    dispatch,
    events,
    ledger,
    meters,
    organisations,
    payouts,
    penalties,
    portal,
    press,
    proposals,
    registers,
    runs,
    services,
    users,
)
