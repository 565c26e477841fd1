"""Debts: debtors by age, houses by debt, how much is collected, the overdue process."""

from web.debts import agreement_new, agreements, batches, cases, debtors, houses, rates, steps, terms

ROUTERS = (
    debtors.router,
    houses.router,
    rates.router,
    steps.router,
    batches.router,
    cases.router,
    terms.router,
    agreements.router,
    agreement_new.router,
)
