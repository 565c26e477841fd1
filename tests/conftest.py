"""Shared by all tests; the fixtures themselves are in tests/support."""

pytest_plugins = ["tests.support.fixtures", "tests.support.browser"]
