"""Tests of the product; tests/support holds their services and helpers."""
