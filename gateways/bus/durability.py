"""Does the server sync every event to its disk before it answers? By default JetStream does not."""

import asyncio
import json
import urllib.request

from gateways.bus.errors import BusNotDurable

LIMIT_S = 5.0


async def require_durable(monitor_url: str | None, confirmed: bool) -> None:
    """Pass quietly when every write is synced, or when the operator vouches for a server we cannot look into.

    monitor_url is the HTTP monitoring of the server. Raises BusNotDurable otherwise.
    """
    if monitor_url is not None:
        synced = await asyncio.to_thread(_sync_always, monitor_url)
        if synced:
            return
        if synced is False:
            raise BusNotDurable("сервер записывает события на диск не сразу")
    if not confirmed:
        raise BusNotDurable("нельзя узнать, сразу ли сервер записывает события на диск")


def _sync_always(monitor_url: str) -> bool | None:
    """What the server says of itself; None when it does not say (too old) or monitoring does not answer."""
    try:
        with urllib.request.urlopen(f"{monitor_url}/jsz", timeout=LIMIT_S) as answer:  # noqa: S310
            config = json.load(answer).get("config", {})
    except (OSError, ValueError):
        return None
    if not config:
        return False  # JetStream is not even on
    # a server that syncs at intervals leaves the flag out; sync_interval tells that it is new enough to say
    return bool(config.get("sync_always", False)) if "sync_interval" in config else None
