"""Every table of the product, a file a noun; importing this package fills Base.metadata."""

from storage.tables import (  # noqa: F401
    accounts,
    addresses,
    dispatch,
    events,
    ledger,
    meters,
    organisations,
    portal,
    proposals,
    runs,
    services,
    users,
)
