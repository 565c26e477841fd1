"""Composition: settings, the embedded parts, the supervisor and the command line."""
