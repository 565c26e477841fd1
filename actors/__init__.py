"""Ray: plain testable classes, each in a shell of a few lines."""
