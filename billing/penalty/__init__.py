"""Penalties for late payment (ЖК 155, ч. 14 and 14.1): due days, rates, a kernel over many debts, its proof.

A debt is one service of one payee of one account and month. Its penalty is a running sum from the due day on,
rounded once; what a month adds is the difference to what was posted before.
"""
