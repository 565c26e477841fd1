"""Common needs of houses (СОИ, ОДН): what each month came to, ways of paying, the yearly correction."""

from web.commons import house, listing, modes

ROUTERS = (listing.router, modes.router, house.router)
