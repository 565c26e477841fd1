"""Workplace of the social protection body: recipients of льготы, charges by category, values, the subsidy."""

from web.social import home, recipients, subsidy, values

ROUTERS = (home.router, recipients.router, subsidy.router, values.router)
