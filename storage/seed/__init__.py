"""A plausible Russian city made from a number: reference data, houses, people, meters, readings, payments."""
