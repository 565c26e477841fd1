"""A living city under faults: what was acknowledged is there once, the books agree, the run is the same.

city.py      a whole stack on a disk of its own, whose parts may be killed
workload.py  what the world does: agents pay with repeats, registers, readings
nemesis.py   what goes wrong: kill -9, freeze, twice, out of order, a store deleted, a full disk
checker.py   what must hold afterwards
"""
