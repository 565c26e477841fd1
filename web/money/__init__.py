"""Money in: registers of agents, their gates and profiles, payments whose account is not known."""

from web.money import (
    card_gates,
    cards,
    checks,
    gates,
    netting,
    policy,
    register,
    register_profiles,
    registers,
    unidentified,
)

ROUTERS = (
    register_profiles.router,
    registers.router,
    register.router,
    gates.router,
    unidentified.router,
    netting.router,
    policy.router,
    cards.router,
    checks.router,
    card_gates.router,
)
