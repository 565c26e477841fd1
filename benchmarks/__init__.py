"""Measurements with their ceilings: each prints one readable table and one JSON line."""
