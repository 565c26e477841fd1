"""Run as a process of its own: a run over a Ray cluster that gains a machine and loses one in the middle.

    python -m tests.actors.nodes DATABASE_URL RUN_ID

Prints which machines had workers. A process of its own, because a Ray cluster and a local Ray do not share
one.
"""

from __future__ import annotations

import asyncio
import sys

import ray
from ray.cluster_utils import Cluster

from actors.pool import RayCrew
from actors.supervisor import Supervisor
from storage.run_store import run_store
from storage.work import BlockStore
from tests.actors.runs import blocks_done
from tests.actors.slow import SlowAccruerOf

PAUSE_S = 0.25


async def main(url: str, run_id: int) -> None:
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    first = cluster.add_node(num_cpus=1)
    ray.init(address=cluster.address, log_to_driver=False)
    crew = RayCrew(url, SlowAccruerOf(url, PAUSE_S))
    blocks = BlockStore(url, 1)
    seen: list[int] = []
    async with run_store(url) as store:
        supervisor = Supervisor(store, blocks, crew)

        async def work() -> None:
            while await supervisor.step():
                seen.append(len(await crew.refresh()))
                await supervisor.rest()

        task = asyncio.create_task(work())
        await _until(url, run_id, 3)
        cluster.add_node(num_cpus=1)
        await _until(url, run_id, 8)
        await asyncio.to_thread(cluster.remove_node, first, False)
        await task
    print("workers", max(seen), "at last", seen[-1])
    await blocks.close()
    crew.close()
    ray.shutdown()
    cluster.shutdown()  # type: ignore[no-untyped-call]


async def _until(url: str, run_id: int, blocks: int) -> None:
    while await blocks_done(url, run_id) < blocks:  # noqa: ASYNC110 - rows have no event to wait for
        await asyncio.sleep(0.1)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
