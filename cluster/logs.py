"""Logs: one line an event, UTC, the same form in every process; tails of the files of a stack."""

import logging
import time
from pathlib import Path

FORM = "%(asctime)s.%(msecs)03dZ %(levelname)-7s %(name)s: %(message)s"


def configure(level: str) -> None:
    """Send the logs of this process to stderr, which the supervisor points to a file."""
    _send_to(logging.StreamHandler(), level)


def to_file(level: str, path: Path) -> None:
    """Send the logs of this process to a file: its terminal shows progress instead."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _send_to(logging.FileHandler(path), level)


def _send_to(handler: logging.Handler, level: str) -> None:
    formatter = logging.Formatter(FORM, "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logging.basicConfig(level=level, handlers=[handler], force=True)


def log_files(logs: Path) -> dict[str, Path]:
    """Name of a part → its log."""
    return {path.stem: path for path in sorted(logs.glob("*.log"))}
