"""Logs: one line an event, UTC, the same form in every process; tails of the files of a stack."""

import logging
import time
from pathlib import Path

FORM = "%(asctime)s.%(msecs)03dZ %(levelname)-7s %(name)s: %(message)s"


def configure(level: str) -> None:
    """Send the logs of this process to stderr, which the supervisor points to a file."""
    formatter = logging.Formatter(FORM, "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.basicConfig(level=level, handlers=[handler], force=True)


def log_files(logs: Path) -> dict[str, Path]:
    """Name of a part → its log."""
    return {path.stem: path for path in sorted(logs.glob("*.log"))}
