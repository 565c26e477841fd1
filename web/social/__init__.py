"""Workplace of the social protection body: charges of accounts with benefits, by service."""

from web.social import home

ROUTERS = (home.router,)
