"""Answers questions «что если» one after another, with blocks of the city kept warm between them.

Orders of payments are tried on real ones here as well.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from actors.orders import bury
from gateways.bus import Buried, Event
from storage import policy_trial_work, policy_trials
from storage.engine import Database
from storage.warm_blocks import WarmBlocks
from storage.what_if_work import give_up, obey

log = logging.getLogger("paylogic.what_if")

CONSUMER = "what-if"


class WhatIfs:
    """Handler of the consumer `what-if`.

    Sums of a block and how far a question is are one transaction: a repeat goes on where it was.
    """

    def __init__(self, database: Database, warm: WarmBlocks) -> None:
        self._database = database
        self._warm = warm

    async def handle(self, events: Sequence[Event]) -> None:
        for event in events:
            if event.subject == policy_trials.TRY:
                await policy_trial_work.count(self._database, int(event.payload["policy_trial_id"]))
            else:
                await obey(self._database.url, self._warm, event.subject, event.payload)
            log.info("%s %s", event.subject, event.payload)

    async def bury(self, buried: Buried) -> None:
        """Keep the command for a person to look at and tell the one who waits."""
        await bury(self._database, buried)
        if "policy_trial_id" in buried.payload:
            await policy_trial_work.give_up(self._database, buried.payload)
        else:
            await give_up(self._database, buried.payload)
