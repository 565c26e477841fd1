"""Money in: registers of agents, their gates and profiles, payments whose account is not known."""

from web.money import (
    agent_day,
    agent_days,
    card_gates,
    cards,
    checks,
    gates,
    netting,
    policy,
    policy_trial,
    register,
    register_profiles,
    registers,
    unidentified,
)

ROUTERS = (
    agent_days.router,
    agent_day.router,
    register_profiles.router,
    registers.router,
    register.router,
    gates.router,
    unidentified.router,
    netting.router,
    policy_trial.router,
    policy.router,
    cards.router,
    checks.router,
    card_gates.router,
)
