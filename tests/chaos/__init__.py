"""A living city under faults: what was acknowledged is there once, the books agree, the run is the same.

city.py      a whole stack on a disk of its own, whose parts may be killed
workload.py  what the world does: agents pay with repeats, registers, readings
payers.py    people who pay by card and СБП, staff who give money back
bank.py      the world's banks and cashbox: answers lost, notices once, twice, late, changed or never
nemesis.py   what goes wrong: kill -9, freeze, twice, out of order, a store deleted, a full disk
checker.py   what must hold afterwards; card_checker.py: the same of cards
"""
