"""Agents that take payments over the network: one engine, a profile of data for each dialect.

profile   names, codes, patterns, limits, what is shown and who may ask; presets/*.yaml are where one begins
parse     what was asked and what is answered, as the agent writes it
desk      check, pay, status, cancel: decided here, the same for the real books and the fake ones
queue     payments that come at once are kept by one transaction
routes    the address agents call; books the desk over PostgreSQL
client    the agent's side, for tests and for trying a profile
fake      books in memory
"""
