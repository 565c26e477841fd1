"""A bank to try against: three dialects, a payment page with test cards, СБП, notices signed and sent twice.

till     orders of the fake bank and what happens to them
dialects what Сбер, ЮKassa and T-Bank answer about them
page     the page a payer sees: card, 3-D Secure, СБП
app      all of it as one ASGI app, started by `paylogic demo` on a port of its own

For the demo city and tests. A real centre never starts it: only the demo makes gates that point to it.
"""
