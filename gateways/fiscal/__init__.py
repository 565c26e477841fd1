"""The fiscal service (54-ФЗ): a check is sent, its report is asked for until done, refusals are told apart.

profile  address, group, seller, taxes as data
atol     protocol v4 of ATOL Online, which clones speak as well
fake     a service to try against, with a page of the check; never part of a real centre
"""
