"""A file a service.

Rules do not import each other: what they share is in billing.rule, use, metering, premises.
"""
